"""Customers as contacts: read with their addresses, written by what identifies them, never twice, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Result, Verb

DANA = {
    "email": "dana@example.com",
    "name": "Dana Al-Harbi",
    "company": "Harbi Trading",
    "phone": "+966500000042",
    "note": "Rings twice",
    "tags": ["vip"],
    "addresses": [{"address1": "7 King Road", "city": "Riyadh", "countryCode": "SA", "postalCode": "11564"}],
}


async def customer(shop: Any, email: str = "dana@example.com") -> Any:
    found = [each for each in (await shop.state())["customers"] if (each["email"] or "").casefold() == email]
    assert len(found) <= 1
    return found[0] if found else None


def test_customers_are_read_with_names_companies_and_addresses(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, rejects, _ = await shop.pull("contact")
        state = {each["id"].rpartition("/")[2]: each for each in (await shop.state())["customers"]}
        assert not rejects
        assert {event.record.contact_id for event in events} == set(state)
        wire = [to_sparse(event.record) for event in events]
        for each in wire:
            native = state[each["contactId"]]
            assert each.get("email") == native["email"]
            assert each.get("name") == native["name"]  # the seed gives everybody a name
            assert len(each["addresses"]) == native["addresses"]
        assert any(each.get("email") is None and each["phone"] for each in wire)
        assert any(each["company"] for each in wire)
        assert {each.get("acceptsMarketing") for each in wire} == {True, False, None}

    play(scenario, records=60)


def test_a_contact_is_created_once_and_left_alone_while_nothing_differs(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("contact", shop.delivery("contact", DANA))
        assert outcome.result is Result.DELIVERED, outcome
        assert (await customer(shop))["id"] == outcome.native_id
        back = outcome.returned
        for name in ("email", "name", "company", "phone", "note", "tags"):
            assert back[name] == DANA[name]
        assert back["addresses"][0]["city"] == "Riyadh"
        assert outcome.version is not None
        again = await shop.push("contact", shop.delivery("contact", DANA, id="d2"), shop.delivery("contact", back))
        assert [each.result for each in again] == [Result.UNCHANGED] * 2

    play(scenario, records=0)


@pytest.mark.parametrize("fault", ["lost_answer", "truncate", "reset"])
@pytest.mark.parametrize("contact", [DANA, {"contactId": "77", "phone": "+966500000042", "name": "Dana"}])
def test_a_lost_answer_never_makes_a_second_customer(play: Any, fault: str, contact: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({"match": {"body": "*customerSet*"}, "fault": fault, "times": 9})
        (outcome,) = await shop.push("contact", shop.delivery("contact", contact))
        assert outcome.result is Result.RETRY
        await shop.faults()
        (outcome,) = await shop.push("contact", shop.delivery("contact", contact, attempt=2, maybe_applied=True))
        assert outcome.result in (Result.DELIVERED, Result.UNCHANGED)
        phones = [each["phone"] for each in (await shop.state())["customers"]]
        assert phones.count("+966500000042") == 1

    play(scenario, records=0, extra={"index_lag": "600"})


def test_a_part_of_a_contact_changes_that_part_alone(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("contact", shop.delivery("contact", DANA))
        part = {"email": "DANA@example.com", "note": "Rings once"}
        delivery = shop.delivery("contact", part, fields=frozenset({"email", "note"}))
        (outcome,) = await shop.push("contact", delivery)
        assert outcome.result is Result.DELIVERED
        after = await customer(shop)
        assert (after["note"], after["name"], after["tags"], after["addresses"]) == (
            "Rings once",
            "Dana Al-Harbi",
            ["vip"],
            1,
        )
        stranger = {"email": "no@example.com", "note": "x"}
        (outcome,) = await shop.push("contact", shop.delivery("contact", stranger, fields=frozenset({"note"})))
        assert outcome.result is Result.DEAD

    play(scenario, records=0)


def test_addresses_that_only_the_shop_has_are_kept(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("contact", shop.delivery("contact", DANA))
        other = {"address1": "9 Sea Street", "city": "Jeddah", "countryCode": "SA"}
        (outcome,) = await shop.push("contact", shop.delivery("contact", {**DANA, "addresses": [other]}))
        assert [each["city"] for each in outcome.returned["addresses"]] == ["Jeddah", "Riyadh"]
        # More of the same address takes its place.
        longer = {**DANA["addresses"][0], "address2": "Second floor", "company": "Harbi Trading"}
        (outcome,) = await shop.push("contact", shop.delivery("contact", {**DANA, "addresses": [longer]}))
        assert [each.get("address2") for each in outcome.returned["addresses"]] == ["Second floor", None]

    play(scenario, records=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": None, "contactId": "5"}, "neither e-mail"),
        ({"email": "no address"}, "invalid"),
        ({"email": "other@example.com", "phone": "+966500000042"}, "taken"),
    ],
)
def test_what_shopify_cannot_tell_apart_is_a_dead_letter(play: Any, change: dict[str, Any], said: str) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("contact", shop.delivery("contact", DANA))
        (outcome,) = await shop.push("contact", shop.delivery("contact", {"name": "Omar", **change}))
        assert outcome.result is Result.DEAD
        assert said in (outcome.reason + outcome.answer).casefold()

    play(scenario, records=0)


def test_a_deleted_contact_is_not_deleted_here(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("contact", shop.delivery("contact", DANA))
        (outcome,) = await shop.push("contact", shop.delivery("contact", DANA, verb=Verb.DELETED))
        assert outcome.result is Result.SKIPPED
        assert await customer(shop)

    play(scenario, records=0)


def test_consent_to_marketing_is_never_written(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("contact", shop.delivery("contact", {**DANA, "acceptsMarketing": True}))
        assert outcome.returned["acceptsMarketing"] is False

    play(scenario, records=0)
