"""A connector's account at its sandbox, as its tests use it."""

from __future__ import annotations

import pytest
from pullpush_linnworks import hooks

from pullpush_sdk.connector import Verb
from pullpush_sdk.testing.accounts import TYPES, Account, delivery, load_hooks, opened, player
from pullpush_sdk.testing.vendor_proof import Recorder


class Linnworks(Account):
    """Its base address is that of a session: the log stands elsewhere."""

    LOG = "https://api.linnworks.net/_sandbox/log"


play = player(lambda **options: opened(load_hooks(hooks, "linnworks"), account=Linnworks, **options))


def test_hooks_edits_faults_and_requests_of_one_account():
    """What is pushed is there, what is asked is counted, and waiting takes no time."""
    recorder = Recorder(app=None)

    async def scenario(account):
        (before, rejects, cursor) = await account.pull("stocklevel")
        level = {"sku": before[0].record.sku, "locationId": before[0].record.location_id}
        first = await account.push_one("stocklevel", {**level, "quantity": 3})
        again = await account.push_one("stocklevel", {**level, "quantity": 3})
        account.faults({"match": {"path": "*SetStockLevel"}, "fault": "status", "status": 503, "times": 99})
        down = await account.push_one("stocklevel", {**level, "quantity": 4})
        account.faults()
        account.change("stock", sku=level["sku"], location=level["locationId"], quantity=9)
        after = {
            (each.record.sku, each.record.location_id): each.record.quantity
            for each in await account.snapshot("stocklevel")
        }
        writes = await account.calls("SetStockLevel")
        return before, rejects, cursor, (first, again, down), after, writes

    before, rejects, cursor, outcomes, after, writes = play(scenario, records=4, recorder=recorder)
    assert (len(before) >= 4, rejects, cursor is not None) == (True, [], True)
    assert [each.result for each in outcomes] == ["delivered", "unchanged", "retry"]
    assert after[before[0].record.sku, before[0].record.location_id] == 9
    assert len(writes) > 1
    assert [each.path for each in recorder.exchanges if each.path.endswith("SetStockLevel")] == [
        each["path"] for each in writes
    ]


@pytest.mark.parametrize(
    ("payload", "more", "key"),
    [
        ({"sku": "A", "locationId": "x", "quantity": 1}, {}, "A"),
        ({"sku": "A", "quantity": 1}, {"key": "B", "verb": "deleted", "position": 7}, "B"),
        ({"quantity": 1}, {}, "{'quantity': 1}"),
    ],
)
def test_a_delivery_is_known_by_its_record_unless_said_otherwise(payload, more, key):
    """One that is no record by its text."""
    made = delivery("stocklevel", payload, **more)
    assert (made.key, made.kind, made.payload) == (key, TYPES["stocklevel"], payload)
    assert made.verb is Verb(more.get("verb", "updated"))
    assert made.id == f"d{more.get('position', 1)}"
