"""Writing products to a Linnworks account, against what the account then holds."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result

ADD, REPLACE = "AddInventoryItem", "UpdateInventoryItem"


def _item(account, sku):
    found = [item for item in account.state()["items"] if item["ItemNumber"] == sku]
    assert len(found) <= 1, f"{sku} is there more than once"
    return found[0] if found else None


def _lamp(sku="NEW-1", **more):
    return {"sku": sku, "title": "Lamp", "price": "19.90", "currency": "GBP", **more}


def test_a_new_product_is_an_item_with_everything_that_was_said(play):
    """Then it is read as it was written; a repeat changes nothing."""

    async def scenario(account):
        product = _lamp(description="<b>bright</b>", barcode="62800", costPrice="7.25")
        (outcome,) = await account.push("product", product)
        assert outcome.result is Result.DELIVERED
        item = _item(account, "NEW-1")
        assert outcome.native_id == item["StockItemId"]
        assert (item["ItemTitle"], item["MetaData"], item["BarcodeNumber"]) == ("Lamp", "<b>bright</b>", "62800")
        assert (item["RetailPrice"], item["PurchasePrice"]) == (19.9, 7.25)
        (event,), _, _ = await account.pull("product")
        assert event.record.price == Decimal("19.90")
        for name, value in outcome.returned.items():
            if name not in ("createdAt", "extensions"):
                assert value == product.get(name, value)
        (again,) = await account.push("product", product)
        assert again.result is Result.UNCHANGED
        assert len(await account.calls(REPLACE)) == 0

    play(scenario, records=0)


def test_a_change_keeps_what_was_not_said(play):
    """The platform replaces the whole item: what a partial event is silent of is sent as it was."""

    async def scenario(account):
        before = dict(_item(account, "LW-0003"))
        (outcome,) = await account.push("product", {"sku": "LW-0003", "title": "Renamed"}, fields=frozenset({"title"}))
        assert outcome.result is Result.DELIVERED
        assert _item(account, "LW-0003") == {**before, "ItemTitle": "Renamed"}

    play(scenario, records=8)


def test_null_texts_are_cleared_and_null_amounts_left_alone(play):
    """Nothing that is unknown becomes a zero."""

    async def scenario(account):
        before = _item(account, "LW-0003")["RetailPrice"]
        await account.push("product", {"sku": "LW-0003", "description": None, "price": None, "currency": "GBP"})
        item = _item(account, "LW-0003")
        assert (item["MetaData"], item["RetailPrice"]) == ("", before)

    play(scenario, records=8)


@pytest.mark.parametrize("account_currency", ["EUR", None])
@pytest.mark.parametrize("stated", ["GBP", None])
def test_a_price_in_another_currency_is_never_written(play, account_currency, stated):
    """Dead, with both currencies named; the same product without a price goes."""

    async def scenario(account):
        dead, good = await account.push(
            "product", _lamp(currency=stated), {"sku": "NEW-2", "title": "No price", "currency": stated}
        )
        assert dead.result is Result.DEAD
        assert (account_currency or "no currency of the account") in dead.reason
        assert good.result is Result.DELIVERED
        assert _item(account, "NEW-1") is None

    play(scenario, records=0, settings={"currency": account_currency})


def test_a_lost_answer_never_makes_a_second_item(play):
    """Whether or not the look-up by SKU shows the new item yet."""

    async def scenario(account):
        fault = {"fault": "lost_answer", "match": {"path": f"*/{ADD}"}, "times": 1}
        account.sandbox.control.faults.replace([fault])
        (outcome,) = await account.push("product", _lamp())
        assert outcome.result is Result.DELIVERED
        assert _item(account, "NEW-1")["RetailPrice"] == 19.9

    play(scenario, records=0)
    play(scenario, records=0, extra={"index_lag": "600"})


def test_an_item_that_is_archived_keeps_its_sku_and_the_letter_says_so(play):
    """The platform refuses the new one."""

    async def scenario(account):
        account.change("product_delete", sku="LW-0000")
        (outcome,) = await account.push("product", _lamp("LW-0000"))
        assert outcome.result is Result.DEAD
        assert "unarchive" in outcome.reason
        assert "already exists" in outcome.answer

    play(scenario, records=8)


def test_variants_are_items_of_their_own(play):
    """Each with its SKU, price and barcode; the product's title stands before the variant's."""

    async def scenario(account):
        variants = [
            {"sku": "T-S", "title": "Small", "price": "5.00", "barcode": "1"},
            {"sku": "T-L", "options": {"Size": "Large"}},
        ]
        (outcome,) = await account.push("product", _lamp("T-S", variants=variants, barcode="9"))
        assert outcome.result is Result.DELIVERED
        small, large = _item(account, "T-S"), _item(account, "T-L")
        assert (small["ItemTitle"], small["RetailPrice"], small["BarcodeNumber"]) == ("Lamp - Small", 5.0, "1")
        assert (large["ItemTitle"], large["RetailPrice"], large["BarcodeNumber"]) == ("Lamp - Large", 19.9, "")

    play(scenario, records=0)


def test_a_single_variant_of_the_same_sku_is_the_product_itself(play):
    """What only the variant says is the product's; its title is not."""

    async def scenario(account):
        variants = [{"sku": "NEW-1", "title": "Default", "price": "7.00", "costPrice": "2.00", "barcode": "55"}]
        (outcome,) = await account.push("product", _lamp(variants=variants))
        assert outcome.result is Result.DELIVERED
        item = _item(account, "NEW-1")
        assert (item["ItemTitle"], item["RetailPrice"]) == ("Lamp", 19.9)
        assert (item["PurchasePrice"], item["BarcodeNumber"]) == (2.0, "55")

    play(scenario, records=0)


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ([{"sku": "A"}, {"sku": "A"}], "several variants with SKU A"),
        ([{"sku": "A"}, {"title": "B"}], "a variant without SKU"),
    ],
)
def test_variants_that_cannot_be_told_apart_are_a_dead_letter(play, variants, words):
    """Nothing of the product is written."""

    async def scenario(account):
        (outcome,) = await account.push("product", _lamp(variants=variants))
        assert outcome.result is Result.DEAD
        assert words in outcome.reason
        assert account.state()["items"] == []

    play(scenario, records=0)


def test_a_deleted_product_is_archived(play):
    """It is in no list any more; a second time there is nothing to do."""

    async def scenario(account):
        (outcome,) = await account.push("product", {"sku": "LW-0000"}, verb=Verb.DELETED)
        assert outcome.result is Result.DELIVERED
        events, _, _ = await account.pull("product")
        assert "LW-0000" not in {event.record.sku for event in events}
        (again,) = await account.push("product", {"sku": "LW-0000"}, verb=Verb.DELETED)
        assert again.result is Result.UNCHANGED

    play(scenario, records=8)


def test_a_partial_event_creates_nothing(play):
    """It does not say what the product is."""

    async def scenario(account):
        (outcome,) = await account.push("product", {"sku": "NOPE", "title": "x"}, fields=frozenset({"title"}))
        assert outcome.result is Result.DEAD
        assert "partial event" in outcome.reason

    play(scenario, records=0)


def test_levels_are_not_touched_by_products(play):
    """Neither by a change nor by its whole-item request."""

    async def scenario(account):
        before = [dict(row) for row in _item(account, "LW-0005")["_levels"]]
        await account.push("product", _lamp("LW-0005"))
        assert _item(account, "LW-0005")["_levels"] == before

    play(scenario, records=8)


@pytest.mark.parametrize("method", ["GetStockItemIdsBySKU", "GetStockItemsFullByIds", "GetInventoryItemById", REPLACE])
@pytest.mark.parametrize("status", [429, 400])
def test_a_throttled_look_up_is_never_a_missing_sku(play, method, status):
    """The quota's words on any status: waited for, and no second item."""

    async def scenario(account):
        body = {"Message": "API calls quota exceeded! maximum admitted 250 per 1m."}
        rule = {"fault": "status", "match": {"path": f"*/{method}"}, "status": status, "body": body, "times": 1}
        account.sandbox.control.faults.replace([rule])
        (outcome,) = await account.push("product", _lamp("LW-0000"))
        assert outcome.result is Result.DELIVERED
        assert not await account.calls(ADD)
        assert account.connection.clock.monotonic() >= 60

    play(scenario, records=8)


@settings(max_examples=12, deadline=None)
@given(
    faults=st.lists(st.sampled_from(["lost_answer", "reset", "truncate"]), max_size=6),
    paths=st.lists(st.sampled_from([ADD, REPLACE, "GetInventoryItemById", "GetStockItemIdsBySKU"]), max_size=6),
    lag=st.sampled_from(["0", "600"]),
)
def test_whatever_is_lost_the_item_is_there_once_as_it_was_written_last(play_plain, faults, paths, lag):
    """Every request may fail in its own way; deliveries come again as the engine sends them."""

    async def scenario(account):
        rules = [
            {"fault": fault, "match": {"path": f"*/{path}"}, "times": 1}
            for fault, path in zip(faults, paths, strict=False)
        ]
        account.sandbox.control.faults.replace(rules)
        for title in ("First", "Second"):
            maybe = False
            for attempt in range(1, 5):
                (outcome,) = await account.push("product", _lamp(title=title), maybe_applied=maybe, attempt=attempt)
                if outcome.result is not Result.RETRY:
                    break
                maybe = outcome.maybe_applied
            assert outcome.result in (Result.DELIVERED, Result.UNCHANGED), outcome
            assert _item(account, "NEW-1")["ItemTitle"] == title

    play_plain(scenario, records=0, extra={"index_lag": lag})
