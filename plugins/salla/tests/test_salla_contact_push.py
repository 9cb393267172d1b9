"""Writing customers: one for each mail address and number, whatever is lost on the way."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

ADA = {
    "email": "ada@example.com",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "phone": "+44 7700 900123",
    "contactId": "9",
}


def added(w, before):
    known = {row["id"] for row in before["customers"]}
    return [row for row in w.state()["customers"] if row["id"] not in known]


def test_a_new_contact_becomes_a_customer_and_a_known_one_is_changed_where_it_differs(world):
    """Created with code and number apart; the same again writes nothing; a partial event writes its field only."""

    async def run():
        async with world() as w:
            before = w.state()
            (first,) = await w.push("contact", ADA)
            (same,) = await w.push("contact", {**ADA, "phone": "0044 7700-900123"})
            (renamed,) = await w.push("contact", {**ADA, "lastName": "King"}, native_id=first.native_id)
            part = {"email": "ada@example.com", "phone": "+447700900999"}
            (partial,) = await w.push("contact", part, fields=frozenset({"phone"}))
            writes = [e["body"] for e in await w.asked("P", "/customers")]
            return [first, same, renamed, partial], added(w, before), writes

    outcomes, (row,), writes = asyncio.run(run())
    assert [str(o.result) for o in outcomes] == ["delivered", "unchanged", "delivered", "delivered"]
    assert {o.native_id for o in outcomes} == {str(row["id"])}
    assert (row["first_name"], row["last_name"], row["email"]) == ("Ada", "King", "ada@example.com")
    assert (row["mobile_code"], row["mobile"]) == ("+44", "7700900999")
    assert writes[1:] == [{"last_name": "King"}, {"mobile_code_country": "+44", "mobile": "7700900999"}]


def test_what_a_contact_is_silent_about_or_knows_not_stays(world):
    """Null and absent clear nothing that the platform needs."""

    async def run():
        async with world() as w:
            (first,) = await w.push("contact", ADA)
            (second,) = await w.push("contact", {"email": "ADA@example.com", "phone": None, "lastName": None})
            return first, second, next(r for r in w.state()["customers"] if str(r["id"]) == first.native_id)

    _, second, row = asyncio.run(run())
    assert second.result == "unchanged"
    assert (row["last_name"], row["mobile"]) == ("Lovelace", "7700900123")


@pytest.mark.parametrize(
    ("payload", "options", "result", "words"),
    [
        ({**ADA, "phone": None}, {}, "dead", ["mobile number"]),
        ({**ADA, "phone": "0151 1234"}, {}, "dead", ["mobile number", "0151 1234"]),
        ({"email": "x@example.com", "phone": "+447700900123"}, {}, "dead", ["a name"]),
        (ADA, {"fields": frozenset({"email"})}, "dead", ["partial"]),
        (ADA, {"verb": "deleted"}, "skipped", ["delete it there"]),
    ],
)
def test_contacts_that_are_not_written(world, payload, options, result, words):
    """Each with its reason, and nothing is written."""

    async def run():
        async with world() as w:
            (outcome,) = await w.push("contact", payload, **options)
            return outcome, await w.asked("P", "/customers")

    outcome, writes = asyncio.run(run())
    assert outcome.result == result
    assert all(word in outcome.reason for word in words), outcome.reason
    assert writes == []


def test_mail_address_and_number_of_two_customers_are_for_a_person(world):
    """The letter names both; neither is changed."""

    async def run():
        async with world() as w:
            (one,) = await w.push("contact", ADA)
            (two,) = await w.push("contact", {**ADA, "email": "b@example.com", "phone": "+447700900124"})
            (mixed,) = await w.push("contact", {**ADA, "email": "b@example.com"})
            return one, two, mixed

    one, two, mixed = asyncio.run(run())
    assert mixed.result == "dead"
    assert one.native_id in mixed.reason
    assert two.native_id in mixed.reason


def test_a_name_in_one_piece_is_taken_apart(world):
    """The platform wants both names; a single one stands for both."""

    async def run():
        async with world() as w:
            base = {"email": "c@example.com", "phone": "+447700900125"}
            before = w.state()
            await w.push("contact", {**base, "name": "Grace Brewster Hopper"})
            await w.push("contact", {"email": "d@example.com", "phone": "+447700900126", "name": "Cher"})
            return [(r["first_name"], r["last_name"]) for r in added(w, before)]

    assert asyncio.run(run()) == [("Grace", "Brewster Hopper"), ("Cher", "Cher")]


@given(
    faults=st.lists(st.sampled_from(["lost_answer", "reset", "truncate"]), min_size=1, max_size=3),
    lag=st.sampled_from([0, 20]),
)
@settings(max_examples=10, deadline=None, phases=[Phase.generate])
def test_whatever_is_lost_one_customer_is_made(world_now, faults, lag):
    """The search may miss the new customer for a while: the platform's own uniqueness holds, and time heals it."""

    async def run():
        async with world_now(extra={"index_lag": str(lag)}) as w:
            before, lost = w.state(), False
            w.faults(*({"match": {"method": "POST", "path": "*/customers"}, "fault": f, "times": 1} for f in faults))
            for attempt in range(1, 8):
                (outcome,) = await w.push("contact", ADA, attempt=attempt, maybe_applied=lost)
                lost = lost or outcome.maybe_applied
                if outcome.result != "retry":
                    break
                w.sandbox.control.clock.advance(outcome.after or 0)
            return outcome, added(w, before)

    outcome, rows = asyncio.run(run())
    assert outcome.result == "delivered"
    assert [str(row["id"]) for row in rows] == [outcome.native_id]


def test_the_customers_budget_of_its_own_is_kept(world):
    """Five hundred in ten minutes, whatever the plan allows beside: no request is refused."""

    async def run():
        async with world(rate_limits=True, scale=2000.0, extra={"plan": "special"}) as w:
            payloads = [{**ADA, "email": f"p{n}@example.com", "phone": f"+4477009{n:05}"} for n in range(220)]
            outcomes = await w.push("contact", *payloads)
            return outcomes, w.sandbox.control.violations.counts(), await w.asked(path="/customers")

    outcomes, violations, asked = asyncio.run(run())
    assert {str(o.result) for o in outcomes} == {"delivered"}
    assert len(asked) > 500
    assert violations == {"rate_limited": 0}
