"""Stock: reading levels, writing quantities with compare-and-set and idempotency keys, untracked and inactive."""

from __future__ import annotations

from typing import Any

import pytest

SET = """mutation ($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id reason changes { name delta quantityAfterChange item { id } } }
    userErrors { code field message } } }"""
ONE = """query ($item: ID!, $location: ID!) { inventoryItem(id: $item) { id sku tracked
  active: inventoryLevel(locationId: $location) { id }
  any: inventoryLevel(locationId: $location, includeInactive: true) {
    id isActive updatedAt quantities(names: ["available", "on_hand", "committed"]) { name quantity updatedAt } } } }"""
ACTIVATE = """mutation ($item: ID!, $location: ID!, $key: String!, $available: Int, $onHand: Int) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available, onHand: $onHand)
    @idempotent(key: $key) {
    inventoryLevel { id isActive quantities(names: ["available"]) { quantity } } userErrors { field message } } }"""


def _entry(level: dict[str, Any], quantity: int, expected: int | None = None) -> dict[str, Any]:
    return {
        "inventoryItemId": level["item"],
        "locationId": level["location"],
        "quantity": quantity,
        "changeFromQuantity": expected,
    }


def _input(*entries: dict[str, Any], name: str = "available", reason: str = "correction") -> dict[str, Any]:
    return {"name": name, "reason": reason, "quantities": list(entries)}


def _set(shop: Any, given: dict[str, Any], key: str = "k") -> Any:
    return shop.data(SET, input=given, key=key)["inventorySetQuantities"]


def _codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer["userErrors"]]


def test_a_write_changes_available_and_on_hand_alike_and_is_logged(make_shop: Any) -> None:
    shop = make_shop(records=3)
    before = shop.level("SKU-00001")
    shop.clock.advance(60)
    answer = _set(shop, _input(_entry(before, before["available"] + 5, before["available"])))
    changes = answer["inventoryAdjustmentGroup"]["changes"]
    assert [(change["name"], change["delta"], change["quantityAfterChange"]) for change in changes] == [
        ("available", 5, None),
        ("on_hand", 5, None),
    ]
    after = shop.level("SKU-00001")
    assert after["available"] == before["available"] + 5
    assert after["on_hand"] == before["on_hand"] + 5
    assert after["updated_at"] > before["updated_at"]
    (write,) = shop.writes()
    assert (write["sku"], write["quantity"], write["expected"], write["delta"]) == (
        "SKU-00001",
        before["available"] + 5,
        before["available"],
        5,
    )
    shown = shop.data(ONE, item=before["item"], location=before["location"])["inventoryItem"]["any"]
    quantities = {each["name"]: each for each in shown["quantities"]}
    assert quantities["on_hand"]["quantity"] == after["on_hand"]
    assert quantities["available"]["updatedAt"] is not None
    assert quantities["on_hand"]["updatedAt"] is None


def test_on_hand_can_be_set_and_leaves_what_is_sold(make_shop: Any) -> None:
    shop = make_shop(records=60)
    level = next(each for each in shop.control.dump()["levels"] if each["on_hand"] > each["available"])
    _set(shop, _input(_entry(level, 50), name="on_hand"))
    after = shop.level(level["sku"])
    assert (after["on_hand"], after["available"]) == (50, 50 - (level["on_hand"] - level["available"]))


def test_the_directive_and_the_comparison_key_are_needed(make_shop: Any) -> None:
    shop = make_shop(records=1)
    level = shop.level("SKU-00001")
    bare = SET.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    (error,) = shop.answer(bare, input=_input(_entry(level, 1)))["errors"]
    assert error["message"] == "The @idempotent directive is required for this mutation but was not provided."
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    without = _entry(level, 1)
    del without["changeFromQuantity"]
    answer = shop.answer(SET, input=_input(without), key="k")
    assert answer["data"] == {"inventorySetQuantities": None}
    assert answer["errors"][0]["message"] == (
        "InventoryQuantityInput must include the following argument: changeFromQuantity."
    )
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert shop.answer(SET, input=_input(_entry(level, 1)), key=" ")["errors"]
    assert shop.writes() == []


def test_a_stale_comparison_stops_the_whole_batch(make_shop: Any) -> None:
    shop = make_shop(records=2)
    first, second = shop.level("SKU-00001"), shop.level("SKU-00002")
    answer = _set(shop, _input(_entry(first, 9, first["available"]), _entry(second, 9, 77)))
    assert answer["inventoryAdjustmentGroup"] is None
    assert answer["userErrors"] == [
        {
            "code": "CHANGE_FROM_QUANTITY_STALE",
            "field": ["input", "quantities", "1", "changeFromQuantity"],
            "message": "The changeFromQuantity argument no longer matches the persisted quantity.",
        }
    ]
    assert shop.level("SKU-00001") == first
    assert shop.violations()["change_from_quantity_stale"] == 1


def test_a_key_answers_again_without_writing_again(make_shop: Any) -> None:
    """For 24 hours; other parameters under it, and a first try that failed, are refused."""
    shop = make_shop(records=2)
    level = shop.level("SKU-00001")
    given = _input(_entry(level, 9, level["available"]))
    first = _set(shop, given)
    assert _set(shop, given) == first
    assert len(shop.writes()) == 1
    assert _codes(_set(shop, _input(_entry(level, 8)))) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    shop.clock.advance(86_401)
    assert _codes(_set(shop, given)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert _codes(_set(shop, given)) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]


@pytest.mark.parametrize(
    ("edit", "code", "field", "message"),
    [
        (
            {"inventoryItemId": "gid://shopify/InventoryItem/42"},
            "INVALID_INVENTORY_ITEM",
            ["input", "quantities", "0", "inventoryItemId"],
            "The specified inventory item could not be found.",
        ),
        (
            {"locationId": "gid://shopify/Location/42"},
            "INVALID_LOCATION",
            ["input", "quantities", "0", "locationId"],
            "The specified location could not be found.",
        ),
        (
            {"quantity": 1_000_000_001},
            "INVALID_QUANTITY_TOO_HIGH",
            ["input", "quantities", "0", "quantity"],
            "The quantity can't be higher than 1,000,000,000.",
        ),
        (
            {"quantity": -2_000_000_000},
            "INVALID_QUANTITY_TOO_LOW",
            ["input", "quantities", "0", "quantity"],
            "The quantity can't be lower than -1,000,000,000.",
        ),
    ],
)
def test_bad_entries_are_refused_as_recorded(
    make_shop: Any, edit: dict[str, Any], code: str, field: list[str], message: str
) -> None:
    shop = make_shop(records=1)
    answer = _set(shop, _input({**_entry(shop.level("SKU-00001"), 1), **edit}))
    assert answer["userErrors"] == [{"code": code, "field": field, "message": message}]


def test_bad_names_reasons_and_pairs_are_refused_as_recorded(make_shop: Any) -> None:
    shop = make_shop(records=1)
    entry = _entry(shop.level("SKU-00001"), 1)
    assert _codes(_set(shop, _input(entry, name="damaged"), "a")) == ["INVALID_NAME"]
    refused = _set(shop, _input(entry, reason="not_a_reason"), "b")
    assert refused["userErrors"][0]["message"].startswith("The specified reason is invalid. Valid values are: corr")
    negative = _input({**entry, "quantity": -1}, name="on_hand")
    assert _codes(_set(shop, negative, "c")) == ["INVALID_QUANTITY_NEGATIVE"]
    twice = _set(shop, _input(entry, {**entry, "quantity": 2}), "d")
    assert _codes(twice) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"] * 2
    assert _set(shop, _input({**entry, "quantity": -5}), "e")["userErrors"] == []


def test_a_batch_holds_250_entries(make_shop: Any) -> None:
    shop = make_shop(records=300)
    entries = [_entry(level, 7) for level in shop.control.dump()["levels"]]
    assert _set(shop, _input(*entries[:250]), "a")["userErrors"] == []
    (error,) = shop.answer(SET, input=_input(*entries[:251]), key="b")["errors"]
    assert error["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert len(shop.writes()) == 250


def test_what_is_not_tracked_shows_a_false_zero(make_shop: Any) -> None:
    shop = make_shop(records=4)
    level = shop.level("SKU-00001")
    shop.change("track", sku="SKU-00001", tracked=False)
    item = shop.data(ONE, item=level["item"], location=level["location"])["inventoryItem"]
    assert item["tracked"] is False
    assert {each["quantity"] for each in item["any"]["quantities"]} == {0}
    shop.data(
        "mutation ($id: ID!) { inventoryItemUpdate(id: $id, input: {tracked: true}) { userErrors { field } } }",
        id=level["item"],
    )
    shown = shop.data(ONE, item=level["item"], location=level["location"])["inventoryItem"]["any"]
    assert shown["quantities"][0]["quantity"] == level["available"]


def test_inactive_levels_are_hidden_keep_their_figure_and_can_be_activated(make_shop: Any) -> None:
    shop = make_shop(records=17)
    level = shop.level("SKU-00017")
    item = shop.data(ONE, item=level["item"], location=level["location"])["inventoryItem"]
    assert item["active"] is None
    assert item["any"]["isActive"] is False
    assert item["any"]["quantities"][0]["quantity"] == level["available"]
    assert level["location"].rsplit("/", 1)[-1] not in item["any"]["id"]
    assert item["any"]["id"].endswith(f"?inventory_item_id={level['item'].rsplit('/', 1)[-1]}")
    given = {"item": level["item"], "location": level["location"]}
    done = shop.data(ACTIVATE, **given, key="a")["inventoryActivate"]
    assert done["inventoryLevel"]["isActive"] is True
    assert done["inventoryLevel"]["quantities"] == [{"quantity": level["available"]}]
    (error,) = shop.data(ACTIVATE, **given, key="b", available=3)["inventoryActivate"]["userErrors"]
    assert error["message"] == "Not allowed to set available quantity when the item is already active at the location."
    both = shop.data(ACTIVATE, **given, key="c", available=3, onHand=3)["inventoryActivate"]
    assert len(both["userErrors"]) == 2


def test_a_set_at_an_unstocked_location_makes_an_inactive_level(make_shop: Any) -> None:
    shop = make_shop(records=60, extra={"locations": "3"})
    state = shop.control.dump()
    places = [place["id"] for place in state["locations"]]
    held = {(level["item"], level["location"]) for level in state["levels"]}
    level = next(each for each in state["levels"] if (each["item"], places[2]) not in held and each["tracked"])
    _set(shop, _input({**_entry(level, 4, 0), "locationId": places[2]}))
    item = shop.data(ONE, item=level["item"], location=places[2])["inventoryItem"]
    assert (item["active"], item["any"]["isActive"]) == (None, False)
    assert item["any"]["quantities"][0]["quantity"] == 4


def test_stock_is_read_by_location_and_since_a_moment(make_shop: Any) -> None:
    """Only the levels that changed come, wherever the item's own time stands."""
    shop = make_shop(records=40)
    query = (
        "query ($id: ID!, $q: String) { location(id: $id) { inventoryLevels(first: 250, query: $q,"
        " includeInactive: true) { nodes { updatedAt item { sku updatedAt } } } } }"
    )
    location = shop.level("SKU-00001")["location"]
    shop.clock.advance(3600)
    since = shop.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = f"updated_at:>='{since}'"
    assert shop.data(query, id=location, q=changed)["location"]["inventoryLevels"]["nodes"] == []
    shop.change("stock", sku="SKU-00009", quantity=3)
    (node,) = shop.data(query, id=location, q=changed)["location"]["inventoryLevels"]["nodes"]
    assert node["item"]["sku"] == "SKU-00009"
    assert node["updatedAt"] >= since > node["item"]["updatedAt"]


def test_the_last_active_level_of_an_item_stays(make_shop: Any) -> None:
    shop = make_shop(records=1)
    level = shop.level("SKU-00001")
    gid = shop.data(ONE, item=level["item"], location=level["location"])["inventoryItem"]["any"]["id"]
    query = "mutation ($id: ID!) { inventoryDeactivate(inventoryLevelId: $id) { userErrors { message } } }"
    assert shop.data(query, id=gid)["inventoryDeactivate"]["userErrors"]


def test_skus_are_not_unique(make_shop: Any) -> None:
    shop = make_shop(records=2)
    shop.change("product", sku="SKU-00002", new_sku="SKU-00001")
    query = "{ inventoryItems(first: 9, query: \"sku:'sku-00001'\") { nodes { sku duplicateSkuCount } } }"
    nodes = shop.data(query)["inventoryItems"]["nodes"]
    assert nodes == [{"sku": "SKU-00001", "duplicateSkuCount": 1}] * 2


def test_faults_lose_an_answer_after_the_write_and_the_key_saves_it(make_shop: Any) -> None:
    import httpx

    shop = make_shop(records=1)
    level = shop.level("SKU-00001")
    given = _input(_entry(level, 9, level["available"]))
    plan = [{"match": {"body": "*inventorySetQuantities*"}, "fault": "lost_answer", "times": 1}]
    shop.http.post("/_sandbox/faults", json=plan)
    with pytest.raises(httpx.RemoteProtocolError):
        shop.post(SET, {"input": given, "key": "k"})
    assert _set(shop, given)["userErrors"] == []
    assert len(shop.writes()) == 1


def test_reset_puts_the_shop_back(make_shop: Any) -> None:
    shop = make_shop(records=3)
    before = shop.level("SKU-00001")
    _set(shop, _input(_entry(before, 9)))
    shop.http.post("/_sandbox/reset")
    assert shop.level("SKU-00001") == before
    assert shop.writes() == []
    assert _set(shop, _input(_entry(before, 9)))["inventoryAdjustmentGroup"]["changes"]
