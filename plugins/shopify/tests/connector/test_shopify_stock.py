"""Stock is set against the figure that was read, and never where Shopify does not count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from pullpush_sdk.connector import Result, version_of

SET = {"match": {"body": "*inventorySetQuantities*"}}


async def stock(shop: Any, sku: str, quantity: Any, **more: Any) -> Any:
    payload = {"sku": sku, "quantity": quantity, "locationId": more.pop("location", None) or await shop.location()}
    return shop.delivery("stocklevel", payload, **more)


async def writes(shop: Any) -> list[Mapping[str, Any]]:
    return [each["write"] for each in await shop.log() if each["method"] == "WRITE" and each["path"] == "inventory"]


def test_a_quantity_is_set_and_read_back(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 7))
        assert outcome.result is Result.DELIVERED
        level = await shop.level("SKU-00001")
        assert level["available"] == 7
        assert outcome.native_id == level["item"]
        events, _, _ = await shop.pull("stocklevel")
        assert outcome.returned["quantity"] == 7
        assert outcome.version == version_of(events[0].record.updated_at)
        (again,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 7, id="d2"))
        assert again.result is Result.UNCHANGED
        assert len(await writes(shop)) == 1

    play(scenario, records=1)


def test_zero_is_written_and_unknown_is_not(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("stock", sku="SKU-00001", quantity=5)
        unknown, zero = await shop.push(
            "stocklevel", await stock(shop, "SKU-00006", None), await stock(shop, "SKU-00001", 0)
        )
        assert unknown.result is Result.SKIPPED
        assert zero.result is Result.DELIVERED
        assert (await shop.level("SKU-00001"))["available"] == 0
        assert [each["sku"] for each in await writes(shop)] == ["SKU-00001"]

    play(scenario, records=6)


@pytest.mark.parametrize(
    ("quantity", "said"), [(Decimal("1.5"), "whole pieces"), (1_000_000_001, "more than"), ("7", "whole pieces")]
)
def test_what_shopify_cannot_count_is_a_dead_letter(play: Any, quantity: Any, said: str) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 3))
        delivery = await stock(shop, "SKU-00001", 3)
        delivery.payload = {**delivery.payload, "quantity": quantity}
        (outcome,) = await shop.push("stocklevel", delivery)
        assert outcome.result is Result.DEAD
        assert said in outcome.reason

    play(scenario, records=1)


def test_an_untracked_item_is_skipped_unless_the_connection_says_otherwise(play: Any) -> None:
    async def scenario(shop: Any) -> Result:
        await shop.change("track", sku="SKU-00001", tracked=False)
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 9))
        level = await shop.level("SKU-00001")
        assert level["tracked"] is (outcome.result is Result.DELIVERED)
        assert level["tracked"] is False or level["available"] == 9
        return outcome.result

    assert play(scenario, records=1) is Result.SKIPPED
    assert play(scenario, records=1, settings={"track_untracked": True}) is Result.DELIVERED


def test_an_inactive_level_is_skipped_unless_the_connection_says_otherwise(play: Any) -> None:
    async def scenario(shop: Any) -> Result:
        await shop.change("stock", sku="SKU-00001", quantity=4, active=False)
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 9))
        level = await shop.level("SKU-00001")
        assert level["active"] is (outcome.result is Result.DELIVERED)
        assert level["available"] == (9 if level["active"] else 4)
        return outcome.result

    assert play(scenario, records=1) is Result.SKIPPED
    assert play(scenario, records=1, settings={"activate_levels": True}) is Result.DELIVERED


def test_a_sku_must_be_there_once(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product", sku="SKU-00002", new_sku="SKU-00001")
        shop.clock.advance(3600)
        twice, missing, case, good = await shop.push(
            "stocklevel",
            await stock(shop, "SKU-00001", 1),
            await stock(shop, "NOBODY", 1),
            await stock(shop, "sku-00006", 1),
            await stock(shop, "SKU-00006", 333),
        )
        assert twice.result is missing.result is case.result is Result.DEAD
        ids = [each["item"] for each in (await shop.state())["levels"] if each["sku"] == "SKU-00001"]
        assert all(each in twice.reason for each in ids)
        assert good.result is Result.DELIVERED
        assert {each["sku"] for each in await writes(shop)} == {"SKU-00006"}

    play(scenario, records=6)


def test_a_sku_that_the_search_does_not_know_yet_is_found_among_the_newest(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product_create", sku="NEW-1", title="New", price="5")
        (outcome,) = await shop.push("stocklevel", await stock(shop, "NEW-1", 5))
        assert outcome.result is Result.DELIVERED
        # Nothing is in doubt where the newest items go back far enough.
        (outcome,) = await shop.push("stocklevel", await stock(shop, "NEVER", 5))
        assert outcome.result is Result.DEAD

    play(scenario, records=1, extra={"index_lag": "30"})


def test_a_sku_that_is_behind_many_new_ones_is_tried_again(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for at in range(255):
            shop.sandbox.control.change("product_create", sku=f"NEW-{at}", title="New", price="5")
        (outcome,) = await shop.push("stocklevel", await stock(shop, "NEW-0", 5))
        assert outcome.result is Result.RETRY
        assert outcome.after is not None
        shop.clock.advance(outcome.after)
        (outcome,) = await shop.push("stocklevel", await stock(shop, "NEW-0", 5, attempt=2))
        assert outcome.result is Result.DELIVERED

    play(scenario, records=1, extra={"index_lag": "30"})


def test_unknown_locations_are_dead_letters(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        outcomes = await shop.push(
            "stocklevel",
            await stock(shop, "SKU-00001", 5, location="77"),
            await stock(shop, "SKU-00001", 5, location="main"),
        )
        assert [each.result for each in outcomes] == [Result.DEAD, Result.DEAD]

    play(scenario, records=1)


def test_one_batch_holds_several_locations_of_one_sku(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        places = [each["id"].rsplit("/", 1)[1] for each in (await shop.state())["locations"]]
        batch = [await stock(shop, "SKU-00001", 60 + at, location=place) for at, place in enumerate(places)]
        outcomes = await shop.push("stocklevel", *batch)
        assert {each.result for each in outcomes} == {Result.DELIVERED}
        levels = {each["location"].rsplit("/", 1)[1]: each["available"] for each in (await shop.state())["levels"]}
        assert levels == {place: 60 + at for at, place in enumerate(places)}

    play(scenario, records=1, extra={"locations": "2"}, settings={"activate_levels": True})


def test_a_sale_between_reading_and_setting_is_not_overwritten_blindly(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("stock", sku="SKU-00001", quantity=10)
        await shop.change("stock", sku="SKU-00006", quantity=10)
        batch = [await stock(shop, "SKU-00001", 20), await stock(shop, "SKU-00006", 30, id="d2")]
        seen = []
        send = shop.connection.client.send

        async def meddling(call: Any) -> Any:
            if call.operation == "SetStock" and len(seen) < 2:
                seen.append(call)
                await shop.change("stock", sku="SKU-00001", quantity=9 - len(seen))
            return await send(call)

        shop.connection.client.send = meddling
        outcomes = await shop.push("stocklevel", *batch)
        assert {each.result for each in outcomes} == {Result.DELIVERED}
        assert (await shop.level("SKU-00001"))["available"] == 20
        done = [(each["sku"], each["expected"], each["quantity"]) for each in await writes(shop)]
        assert sorted(done) == [("SKU-00001", 7, 20), ("SKU-00006", 10, 30)]

    play(scenario, records=6)


def test_a_figure_that_never_rests_is_tried_again_later(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        sets = []
        send = shop.connection.client.send

        async def meddling(call: Any) -> Any:
            if call.operation == "SetStock":
                sets.append(call.body)
                await shop.change("stock", sku="SKU-00001", quantity=1000 + len(sets))
            return await send(call)

        shop.connection.client.send = meddling
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 20))
        assert outcome.result is Result.RETRY
        assert len(sets) == len(set(sets)) == 3
        assert await writes(shop) == []

    play(scenario, records=1)


@pytest.mark.parametrize("fault", ["lost_answer", "truncate", "reset"])
def test_a_lost_answer_is_asked_for_again_with_the_same_key(play: Any, fault: str) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({**SET, "fault": fault, "times": 1})
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 44))
        assert outcome.result is Result.DELIVERED
        assert (await shop.level("SKU-00001"))["available"] == 44
        assert len(await writes(shop)) == 1

    play(scenario, records=1)


def test_when_no_answer_ever_comes_the_delivery_may_have_been_applied(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({**SET, "fault": "lost_answer"})
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 44))
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied
        await shop.faults()
        again = await stock(shop, "SKU-00001", 44, attempt=2, maybe_applied=True)
        (outcome,) = await shop.push("stocklevel", again)
        assert outcome.result is Result.DELIVERED
        assert len(await writes(shop)) == 1

    play(scenario, records=1)


def test_the_same_attempt_has_the_same_key_and_a_new_comparison_another(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        keys = []
        send = shop.connection.client.send

        async def noting(call: Any) -> Any:
            if call.operation == "SetStock":
                keys.append(json.loads(call.body)["variables"]["key"])
            return await send(call)

        shop.connection.client.send = noting
        for quantity, attempt in ((5, 1), (5, 1), (6, 1), (5, 2)):
            await shop.change("stock", sku="SKU-00001", quantity=quantity)
            await shop.push("stocklevel", await stock(shop, "SKU-00001", 7, attempt=attempt))
        assert keys[0] == keys[1]
        assert len(set(keys)) == 3

    play(scenario, records=1)


@pytest.mark.parametrize("code", ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_CONCURRENT_REQUEST"])
def test_an_earlier_try_under_the_same_key_is_respected(play: Any, code: str) -> None:
    error = {"code": code, "field": None, "message": "The key was used before."}
    body = {"data": {"inventorySetQuantities": {"userErrors": [error]}}}

    async def scenario(shop: Any) -> None:
        await shop.faults({**SET, "fault": "status", "status": 200, "body": body, "times": 1})
        (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 44))
        if code == "IDEMPOTENCY_CONCURRENT_REQUEST":
            assert outcome.result is Result.RETRY
            assert outcome.maybe_applied
        else:
            assert outcome.result is Result.DELIVERED
            assert (await shop.level("SKU-00001"))["available"] == 44

    play(scenario, records=1)


def test_an_entry_that_the_platform_refuses_does_not_hold_up_the_others(play: Any) -> None:
    error = {
        "code": "NON_MUTABLE_INVENTORY_ITEM",
        "field": ["input", "quantities", "1", "inventoryItemId"],
        "message": "The specified inventory item is not allowed to be adjusted via API.",
    }
    body = {"data": {"inventorySetQuantities": {"userErrors": [error]}}}

    async def scenario(shop: Any) -> None:
        await shop.faults({**SET, "fault": "status", "status": 200, "body": body, "times": 1})
        good, bad = await shop.push(
            "stocklevel", await stock(shop, "SKU-00001", 44), await stock(shop, "SKU-00006", 55, id="d2")
        )
        assert good.result is Result.DELIVERED
        assert bad.result is Result.DEAD
        assert "NON_MUTABLE_INVENTORY_ITEM" in bad.answer

    play(scenario, records=6)


def test_more_records_than_one_search_holds_go_together(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        levels = [each for each in (await shop.state())["levels"] if each["sku"] and each["tracked"] and each["active"]]
        place = await shop.location()
        batch = [
            await stock(shop, each["sku"], 5000 + at, id=f"d{at}", location=place)
            for at, each in enumerate(levels[:70])
        ]
        outcomes = await shop.push("stocklevel", *batch)
        assert {each.result for each in outcomes} == {Result.DELIVERED}
        state = {each["sku"]: each["available"] for each in (await shop.state())["levels"]}
        assert all(state[each.payload["sku"]] == each.payload["quantity"] for each in batch)
        assert sum("inventorySetQuantities" in str(each) and each["method"] == "POST" for each in await shop.log()) <= 1

    play(scenario, records=90)


def test_a_small_bucket_is_waited_for(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for at in range(6):
            (outcome,) = await shop.push("stocklevel", await stock(shop, "SKU-00001", 900 + at, id=f"d{at}"))
            assert outcome.result is Result.DELIVERED
        assert (await shop.level("SKU-00001"))["available"] == 905

    play(scenario, records=1, rate_limits=True, extra={"bucket": "90", "restore_rate": "10"})
