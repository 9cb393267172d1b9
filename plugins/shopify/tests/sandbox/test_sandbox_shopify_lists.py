"""Paging, search, index lag, numbers, and what the seeded records look like."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pullpush_shopify.sandbox._fields import LISTS
from pullpush_shopify.sandbox._money import Bag, decimal_text, to_minor
from pullpush_shopify.sandbox._paging import Rows, cut_page
from pullpush_shopify.sandbox._search import parse_search

PAGE = """query ($first: Int, $after: String, $query: String, $reverse: Boolean) {
  products(first: $first, after: $after, query: $query, reverse: $reverse, sortKey: UPDATED_AT) {
    nodes { id updatedAt variants(first: 2) { nodes { sku } pageInfo { hasNextPage } } }
    pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
ITEMS = "query ($query: String) { inventoryItems(first: 250, query: $query) { nodes { id sku updatedAt } } }"


class _Call:
    is_bulk = False

    def count_violation(self, _: str) -> None: ...


class _Record:
    def __init__(self, number: int) -> None:
        self.id = number


@given(
    keys=st.lists(st.integers(0, 5), max_size=30),
    size=st.integers(1, 7),
    reverse=st.booleans(),
    backwards=st.booleans(),
)
def test_pages_put_together_are_the_list(keys: list[int], size: int, *, reverse: bool, backwards: bool) -> None:
    """Forwards by `after` or backwards by `before`: every record once, in the list's order."""
    records = [_Record(number) for number in range(len(keys))]
    rows = Rows.sort(records, lambda record: keys[record.id])
    whole = rows.records[::-1] if reverse else rows.records
    found: list[Any] = []
    arguments: dict[str, Any] = {"reverse": reverse, "last" if backwards else "first": size}
    while True:
        page = cut_page(rows, arguments, _Call())
        found = [*page.nodes, *found] if backwards else [*found, *page.nodes]
        if not (page.has_previous if backwards else page.has_next):
            break
        cursor = page.page_info.start_cursor if backwards else page.page_info.end_cursor
        arguments["before" if backwards else "after"] = cursor
    assert found == whole


def test_paging_over_http_drains_the_list_in_order(make_shop: Any) -> None:
    shop = make_shop(records=60)
    found, after = [], None
    while True:
        page = shop.data(PAGE, first=7, after=after)["products"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len({node["id"] for node in found}) == 60
    assert [node["updatedAt"] for node in found] == sorted(node["updatedAt"] for node in found)


def test_nested_lists_are_cut_off_in_silence(make_shop: Any) -> None:
    shop = make_shop(records=50)
    cut = [
        node["variants"]
        for node in shop.data(PAGE, first=50)["products"]["nodes"]
        if node["variants"]["pageInfo"]["hasNextPage"]
    ]
    assert {len(variants["nodes"]) for variants in cut} == {2}
    assert len(cut) == 3


def test_cursors_belong_to_their_filter_and_sort(make_shop: Any) -> None:
    shop = make_shop(records=10)
    after = shop.data(PAGE, first=2)["products"]["pageInfo"]["endCursor"]
    for other in ({"query": "vendor:x"}, {"reverse": True}):
        (error,) = shop.answer(PAGE, first=2, after=after, **other)["errors"]
        assert error["message"] == "Invalid cursor for current pagination sort."
    assert shop.answer(PAGE, first=2, after="junk")["errors"]


def test_page_sizes_are_bounded_and_needed(make_shop: Any) -> None:
    shop = make_shop(records=1)
    assert "250" in shop.answer(PAGE, first=251)["errors"][0]["message"]
    assert shop.answer(PAGE)["errors"][0]["message"] == "you must provide one of first or last"
    assert shop.violations()["page_too_large"] == 1


def test_a_quoted_time_is_exact_and_the_border_comes_again(make_shop: Any) -> None:
    """`>` behaves as `>=`: the record of that very second is in the answer."""
    shop = make_shop(records=30)
    every = shop.data(ITEMS)["inventoryItems"]["nodes"]
    border = sorted(node["updatedAt"] for node in every)[20]
    wanted = {node["id"] for node in every if node["updatedAt"] >= border}
    for sign in (">=", ">"):
        found = shop.data(ITEMS, query=f"updated_at:{sign}'{border}'")["inventoryItems"]["nodes"]
        assert {node["id"] for node in found} == wanted


def test_an_unquoted_time_is_cut_at_its_colon(make_shop: Any) -> None:
    """As recorded: midnight in the shop's zone, the rest a stray field, and a warning in the extensions."""
    shop = make_shop(records=5)
    query = "updated_at:<2000-01-01T00:00:00Z sku:'SKU-00001'"
    answer = shop.answer(ITEMS, query=query)
    assert answer["data"]["inventoryItems"]["nodes"] == []
    (entry,) = answer["extensions"]["search"]
    assert entry == {
        "path": ["inventoryItems"],
        "query": query,
        "parsed": {
            "and": [
                {"field": "updated_at", "range_lte": "2000-01-01T00:00:00+03:00"},
                {"field": "00", "match_all": "00Z"},
                {"field": "sku", "match_phrase": "SKU-00001"},
            ]
        },
        "warnings": [{"field": "00", "message": "Invalid search field for this query.", "code": "invalid_field"}],
    }
    assert shop.violations()["search_warning"] == 1


def test_an_unknown_field_matches_everything_and_warns(make_shop: Any) -> None:
    shop = make_shop(records=5)
    answer = shop.answer(ITEMS, query="tracked:false sku:'SKU-00004'")
    assert [node["sku"] for node in answer["data"]["inventoryItems"]["nodes"]] == ["SKU-00004"]
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "tracked"


def test_words_groups_and_lists(make_shop: Any) -> None:
    shop = make_shop(records=60)

    def found(query: str) -> set[str]:
        return {node["sku"] for node in shop.data(ITEMS, query=query)["inventoryItems"]["nodes"]}

    assert found("sku:SKU-00001 OR sku:'SKU-00002'") == {"SKU-00001", "SKU-00002"}
    assert found("sku:SKU-00001,SKU-00002 -sku:SKU-00001") == {"SKU-00002"}
    assert found("(sku:SKU-0000* AND NOT sku:SKU-00003*) OR sku:'SKU-00010'") == {
        *(f"SKU-0000{n}" for n in (1, 2, 4, 5, 6, 7, 8, 9)),
        "SKU-00010",
    }
    count = shop.data('{ a: productsCount(query: "status:draft,archived") { count precision } }')
    assert count["a"] == {"count": 3, "precision": "EXACT"}


@settings(max_examples=300)
@given(st.text(alphabet="ab:'\"()-<>= ORANDNT*,\\", max_size=40))
def test_the_parser_takes_any_text(text: str) -> None:
    spec = LISTS["inventoryItems"]
    from zoneinfo import ZoneInfo

    search = parse_search(text, spec.fields, ZoneInfo("UTC"), spec.text)
    search.warnings()
    search.parsed()
    search.matches()


def test_searches_lag_behind_writes_and_reads_by_id_do_not(make_shop: Any) -> None:
    shop = make_shop(records=3, extra={"index_lag": "10"})
    created = shop.change("product", create={"title": "New", "handle": "new"})["product"]
    query = "query ($q: String!, $id: ID!) { product(id: $id) { id } products(first: 5, query: $q) { nodes { id } } }"
    data = shop.data(query, q="handle:new", id=created)
    assert (data["product"]["id"], data["products"]["nodes"]) == (created, [])
    shop.clock.advance(11)
    assert len(shop.data(query, q="handle:new", id=created)["products"]["nodes"]) == 1
    shop.change("product", sku="SKU-00001", new_sku="OTHER")
    assert shop.data(ITEMS, query="sku:'OTHER'")["inventoryItems"]["nodes"] == []
    assert len(shop.data(ITEMS, query="sku:'SKU-00001'")["inventoryItems"]["nodes"]) == 1
    shop.clock.advance(11)
    assert shop.data(ITEMS, query="sku:'SKU-00001'")["inventoryItems"]["nodes"] == []


def test_orders_end_after_sixty_days_without_the_scope(make_shop: Any) -> None:
    query = "{ orders(first: 250) { nodes { id createdAt } } }"
    every = make_shop(records=60).data(query)["orders"]["nodes"]
    recent = make_shop(records=60, extra={"scopes": "read_orders"}).data(query)["orders"]["nodes"]
    assert len(every) == 30
    assert len(recent) == 29


def test_customers_are_filtered_by_whole_days(make_shop: Any) -> None:
    shop = make_shop(records=80)
    query = "query ($q: String) { customers(first: 250, query: $q, sortKey: UPDATED_AT) { nodes { updatedAt } } }"
    times = [node["updatedAt"] for node in shop.data(query)["customers"]["nodes"]]
    found = shop.data(query, q=f"updated_at:>='{times[10]}'")["customers"]["nodes"]
    assert len(found) >= len(times) - 10
    assert min(node["updatedAt"] for node in found) <= times[10]


BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ORDERS = f"""{{ orders(first: 250) {{ nodes {{
  customer {{ id }} email currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus cancelledAt
  subtotalPriceSet {BAG} totalTaxSet {BAG} totalShippingPriceSet {BAG} totalPriceSet {BAG} currentTotalPriceSet {BAG}
  totalReceivedSet {BAG} totalRefundedSet {BAG} totalOutstandingSet {BAG} totalDiscountsSet {BAG}
  lineItems(first: 50) {{ nodes {{ quantity currentQuantity variant {{ id }} originalUnitPriceSet {BAG}
    taxLines {{ priceSet {BAG} }} }} }} }} }} }}"""


def test_order_totals_are_the_sums_of_their_parts(make_shop: Any) -> None:
    """To the minor unit, in the shop's currency and in the buyer's."""
    for order in make_shop(records=200).data(ORDERS)["orders"]["nodes"]:
        for money in ("shopMoney", "presentmentMoney"):

            def amount(bag: Any, money: str = money) -> Decimal:
                return Decimal(bag[money]["amount"])

            lines = order["lineItems"]["nodes"]
            gross = sum(amount(line["originalUnitPriceSet"]) * line["quantity"] for line in lines)
            taxes = sum(amount(tax["priceSet"]) for line in lines for tax in line["taxLines"])
            assert amount(order["subtotalPriceSet"]) == gross - amount(order["totalDiscountsSet"])
            assert amount(order["totalTaxSet"]) == taxes
            total = amount(order["subtotalPriceSet"]) + amount(order["totalShippingPriceSet"])
            total += 0 if order["taxesIncluded"] else taxes
            assert amount(order["totalPriceSet"]) == total
            kept = amount(order["totalReceivedSet"]) - amount(order["totalRefundedSet"])
            assert kept >= 0


def test_the_seed_has_one_of_each_surprise(make_shop: Any) -> None:
    shop = make_shop(records=100)
    orders = shop.data(ORDERS)["orders"]["nodes"]
    assert any(order["customer"] is None for order in orders)
    assert any(order["email"] is None for order in orders)
    assert any(order["presentmentCurrencyCode"] != order["currencyCode"] for order in orders)
    assert any(line["variant"] is None for order in orders for line in order["lineItems"]["nodes"])
    assert any(line["currentQuantity"] < line["quantity"] for order in orders for line in order["lineItems"]["nodes"])
    levels = shop.control.dump()["levels"]
    assert any(not level["tracked"] for level in levels)
    assert any(not level["active"] and level["available"] for level in levels)
    assert any(level["tracked"] and level["available"] == 0 for level in levels)
    assert any(level["available"] < 0 for level in levels)
    assert any(level["sku"] is None for level in levels)


def test_an_empty_store_has_a_shop_and_a_location(make_shop: Any) -> None:
    shop = make_shop(records=0, extra={"locations": "3"})
    data = shop.data(
        "{ locations(first: 9) { nodes { id } } products(first: 1) { nodes { id } } orders(first: 1) { nodes { id } } }"
    )
    assert [len(data[name]["nodes"]) for name in ("locations", "products", "orders")] == [3, 0, 0]


def test_the_same_seed_gives_the_same_shop(make_shop: Any) -> None:
    first, second = (make_shop(records=40, seed=5).control.dump() for _ in range(2))
    other = make_shop(records=40, seed=6).control.dump()

    def figures(state: Any) -> list[Any]:
        return [(level["sku"], level["available"]) for level in state["levels"]]

    assert figures(first) == figures(second) != figures(other)


def test_numbers_are_printed_as_the_platform_does(make_shop: Any) -> None:
    """Decimal with at least one digit, Money with two, 64-bit numbers as text, times in whole seconds."""
    shop = make_shop(records=1)
    node = shop.data(
        "{ products(first: 1) { nodes { legacyResourceId updatedAt priceRangeV2 { minVariantPrice { amount } }"
        " variants(first: 1) { nodes { price } } } } }"
    )["products"]["nodes"][0]
    price = node["variants"]["nodes"][0]["price"]
    assert len(price.partition(".")[2]) == 2
    assert Decimal(node["priceRangeV2"]["minVariantPrice"]["amount"]) == Decimal(price)
    assert isinstance(node["legacyResourceId"], str)
    assert len(node["updatedAt"]) == len("2026-11-01T00:00:00Z")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_printed_decimals_read_back_exactly(amount: Decimal) -> None:
    text = decimal_text(amount)
    assert Decimal(text) == amount
    assert "." in text


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_bags_add_both_currencies(first: int, second: int) -> None:
    one, two = Decimal(first).scaleb(-2), Decimal(second).scaleb(-2)
    bag = Bag(one, "SAR", to_minor(one, "JPY"), "JPY") + Bag(two, "SAR", to_minor(two, "JPY"), "JPY")
    assert bag.shop == one + two
    assert bag.buyer == to_minor(one, "JPY") + to_minor(two, "JPY")
