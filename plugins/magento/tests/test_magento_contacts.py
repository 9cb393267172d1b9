"""Writing customers: one account per mail address, and an address book that is not torn."""

from __future__ import annotations

import pytest

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result

ADA = {
    "email": "new@example.com",
    "name": "Ada King Lovelace",
    "company": "Engines",
    "phone": "555-1",
    "addresses": [
        {
            "address1": "1 Main St",
            "city": "Austin",
            "province": "Texas",
            "provinceCode": "TX",
            "postalCode": "78701",
            "countryCode": "US",
            "company": "Engines",
            "phone": "555-1",
        }
    ],
}


def _customer(shop, email):
    return next((row for row in shop.state()["customers"] if row["email"] == email), None)


def test_a_new_customer_with_an_address(play):
    """Names are parted, the region gets its id, company and phone stand in the billing address; it reads back so."""

    async def scenario(shop):
        outcome = await shop.push_one("contact", ADA)
        assert outcome.result is Result.DELIVERED, outcome
        row = _customer(shop, "new@example.com")
        assert (row["firstname"], row["lastname"]) == ("Ada King", "Lovelace")
        (address,) = row["addresses"]
        assert (address["region"]["region_id"], address["default_billing"]) == (57, True)
        assert (outcome.returned["name"], outcome.returned["company"]) == ("Ada King Lovelace", "Engines")
        assert (await shop.push_one("contact", ADA)).result is Result.UNCHANGED
        assert [mail["kind"] for mail in shop.state()["mails"]] == ["welcome"]

    play(scenario, records=1)


def test_an_update_keeps_what_it_does_not_speak_of(play):
    """Above all the addresses, which the platform deletes where a request does not list them."""

    async def scenario(shop):
        before = dict(_customer(shop, "ada1@example.com"))
        payload = {"email": "ada1@example.com", "name": "Ada Byron", "phone": "555-9"}
        assert (await shop.push_one("contact", payload)).result is Result.DELIVERED
        after = _customer(shop, "ada1@example.com")
        assert (after["firstname"], after["lastname"]) == ("Ada", "Byron")
        assert [each["id"] for each in after["addresses"]] == [each["id"] for each in before["addresses"]]
        assert [each["telephone"] for each in after["addresses"]] == ["555-0100", "555-9"]
        assert after["default_billing"] == before["default_billing"]
        assert not shop.state()["mails"]

    play(scenario, records=4)


@pytest.mark.parametrize(
    ("payload", "more", "words"),
    [
        ({"contactId": "7", "name": "X Y"}, {}, "no mail address"),
        ({"email": "nobody@example.com"}, {}, "no name"),
        ({"email": "nobody@example.com", "name": "X"}, {"fields": frozenset({"name"})}, "partial event"),
        ({"email": "no-at-sign", "name": "X Y"}, {}, "not a valid email"),
    ],
)
def test_what_cannot_be_an_account_is_dead(play, payload, more, words):
    """And says why."""

    async def scenario(shop):
        outcome = await shop.push_one("contact", payload, **more)
        assert outcome.result is Result.DEAD
        assert words in outcome.reason

    play(scenario, records=2)


def test_an_incomplete_address_does_not_hold_the_person_back(play):
    """The address book stays, and the outcome says what was missing."""

    async def scenario(shop):
        outcome = await shop.push_one("contact", {**ADA, "addresses": [{"city": "Austin"}], "phone": None})
        assert outcome.result is Result.DELIVERED
        assert "address 1 lacks street" in outcome.reason
        assert not _customer(shop, "new@example.com")["addresses"]

    play(scenario, records=1)


def test_a_lost_answer_makes_no_second_account(play):
    """Also where lists show the new account a little later."""

    async def scenario(shop):
        shop.faults({"fault": "lost_answer", "match": {"method": "POST", "path": "*/customers"}, "times": 1})
        outcome = await shop.push_one("contact", ADA)
        assert (outcome.result, outcome.maybe_applied) == (Result.RETRY, True)
        shop.connection.clock.advance(shop.loaded.connector.index_lag["contact"])
        outcome = await shop.push_one("contact", ADA, maybe_applied=True, attempt=2)
        assert outcome.result is Result.DELIVERED
        assert len([row for row in shop.state()["customers"] if row["email"] == ADA["email"]]) == 1

    play(scenario, records=1, extra={"index_lag": "9"})


def test_a_deleted_contact_stays(play):
    """Orders would lose their customer."""

    async def scenario(shop):
        outcome = await shop.push_one("contact", {"email": "ada0@example.com"}, verb=Verb.DELETED)
        assert outcome.result is Result.UNCHANGED
        assert _customer(shop, "ada0@example.com")

    play(scenario, records=1)


def test_a_single_word_is_a_name(play):
    """The platform needs a last one: a dash stands there, and is read as none."""

    async def scenario(shop):
        outcome = await shop.push_one("contact", {"email": "mono@example.com", "name": "Madonna"})
        assert outcome.result is Result.DELIVERED
        row = _customer(shop, "mono@example.com")
        assert (row["firstname"], row["lastname"]) == ("Madonna", "-")
        record = (await shop.snapshot("contact"))[-1].record
        assert (record.name, record.first_name, record.last_name) == ("Madonna", "Madonna", None)
        assert (
            await shop.push_one("contact", {"email": "mono@example.com", "name": "Madonna"})
        ).result is Result.UNCHANGED

    play(scenario, records=1)
