"""The platform's own id of a record: from every way of reading it, and back to the record."""

from __future__ import annotations

import asyncio
import json

import pytest

from pullpush_sdk import WebhookRequest
from pullpush_sdk.connector import Page
from pullpush_sdk.flows import End, settle_clashes
from pullpush_sdk.testing.connections import connected
from pullpush_sdk.testing.engine_laws.bench import Bench, flow_of
from tests.declarative.test_reading import PAGE, Shop, load, pages_of
from tests.engine.sqlite_engine import SqliteUnderTest

ROWS = [{"id": 5, "more": {"no": "x"}, "sku": "A"}, {"id": None, "sku": "B"}, {"sku": "C"}, {"id": "7", "sku": "D"}]


def resource(**more):
    return {
        "things": {
            "canonical_type": "product",
            "list": {"path": "/things"},
            "canonical_map": {"sku": "sku"},
            **PAGE,
            **more,
        }
    }


def ids(pages):
    return {event.record.sku: event.native_id for page in pages for event in page.events}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"A": "5", "B": None, "C": None, "D": "7"}),
        ({"native_id": []}, dict.fromkeys("ABCD")),
        ({"native_id": ["more.no"]}, {"A": "x", "B": None, "C": None, "D": None}),
        ({"native_id": ["id", "more.no"]}, {"A": "5_x", "B": None, "C": None, "D": "7"}),
        ({"where": {"sku": ["A", "D"]}}, {"A": "5", "D": "7"}),
        ({"details": {"path": "/things/{{record.sku}}"}, "native_id": ["own"]}, dict.fromkeys("ABCD", "9")),
    ],
)
def test_an_id_is_read_however_much_of_a_page_is_decoded(more, expected):
    """In part, whole, filtered, with details; a record without one has none, and its neighbours keep theirs."""
    details = {f"things/{row['sku']}": {"own": 9} for row in ROWS}
    assert ids(pages_of(load(resource(**more)), Shop(things=ROWS, **details))) == expected


def test_a_bad_record_moves_no_id_to_its_neighbour():
    rows = [{"id": 1, "sku": "A"}, {"id": 2, "sku": None}, {"id": 3, "sku": "C"}]
    assert ids(pages_of(load(resource()), Shop(things=rows))) == {"A": "1", "C": "3"}


def test_stock_of_several_places_has_no_id_unless_the_manifest_names_the_items():
    """A row's own id may be that of the place."""
    rows = [
        {"id": 1, "item": 4, "sku": "A", "left": 3, "at": "here"},
        {"id": 2, "item": 4, "sku": "A", "left": 3, "at": "there"},
    ]
    kind = {"canonical_type": "stocklevel", "canonical_map": {"sku": "sku", "quantity": "left", "locationId": "at"}}
    plain, named = resource(**kind), resource(**kind, native_id=["item"])
    assert ids(pages_of(load(plain), Shop(things=rows), "stocklevel")) == {"A": None}
    assert ids(pages_of(load(named), Shop(things=rows), "stocklevel")) == {"A": "4"}
    one = resource(canonical_type="stocklevel", canonical_map={"sku": "sku", "quantity": "left"})
    assert ids(pages_of(load(one), Shop(things=rows[:1]), "stocklevel")) == {"A": "1"}


def test_a_webhook_names_the_same_record_as_a_sweep():
    handlers = {
        "changed": {"resource": "things", "data_path": "data"},
        "priced": {
            "canonical_type": "product",
            "data_path": "data",
            "partial": True,
            "map": {"sku": "sku", "price": "price"},
        },
        "flat": {
            "canonical_type": "product",
            "data_path": "$",
            "partial": True,
            "map": {"sku": "sku", "price": "price"},
        },
    }
    webhook = {"verification": {"kind": "none"}, "event_name": {"parts": [{"path": "event"}]}, "handlers": handlers}
    loaded, shop = load(resource(native_id=["id"]), webhook=webhook), Shop(things=[])

    async def run():
        found = {}
        async with connected(loaded, shop) as connection:
            for event in handlers:
                body = {"event": event, "id": "evt_1", "sku": "A", "data": {"id": 5, "sku": "A", "price": "1"}}
                request = WebhookRequest(
                    headers={}, query={}, body=json.dumps(body).encode(), received_at=connection.clock.now()
                )
                (found[event],) = await loaded.hook.pullpush_receive(connection=connection, request=request)
        return {event: each.native_id for event, each in found.items()}

    assert asyncio.run(run()) == {"changed": "5", "priced": "5", "flat": None}


@pytest.mark.parametrize("details", [True, False])
def test_a_manifest_asks_for_details_or_reads_a_snapshot_where_two_records_clash(tmp_path, details):
    """Made again under its SKU: no clash. Still there: one."""
    more = {"details": {"path": "/things/{{record.id}}"}, "list_is_whole": True} if details else {}
    loaded, flow = load(resource(**more)), flow_of("product")
    red, blue, green = ({"id": number, "sku": "A"} for number in (1, 2, 3))

    async def run():
        async with Bench(SqliteUnderTest(tmp_path)) as bench:
            for shown in ([red], [blue], [blue, green], [green]):
                shop = Shop(things=shown, **{f"things/{each['id']}": each for each in shown})
                async with connected(loaded, shop) as connection:
                    end = End(loaded=loaded, connection=connection)
                    pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="product", cursor=None)
                    async for page in pages:
                        counts = await bench.engine.append(flow, "product", Page(events=page.events, cursor=None))
                        if counts.clashed:
                            await settle_clashes(bench.engine, flow, connection.types["product"], end, which="new")
                    assert any(path.startswith("things/") for path in shop.asked) == (details and counts.clashed > 0)
                    reasons = [each.reason for each in await bench.engine.dead_letters()]
                    if len(shown) == 2:
                        assert len(reasons) == 1
                        assert "2, 3" in reasons[0]
                    elif shown == [green]:
                        await settle_clashes(bench.engine, flow, connection.types["product"], end, which="all")
                        assert not await bench.engine.dead_letters()
                    else:
                        assert not reasons

    asyncio.run(run())
