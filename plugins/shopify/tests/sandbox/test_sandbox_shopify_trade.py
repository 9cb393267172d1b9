"""Products, orders, customers and checkouts: reading and writing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

PRODUCT_SET = """mutation ($identifier: ProductSetIdentifiers, $input: ProductSetInput!, $sync: Boolean = true) {
  productSet(identifier: $identifier, input: $input, synchronous: $sync) {
    product { id handle title status variants(first: 9) { nodes { id sku price title inventoryQuantity
      inventoryItem { id tracked } } } } productSetOperation { id status } userErrors { code field message } } }"""
VARIANTS = """mutation ($id: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) {
  productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $partial) {
    productVariants { sku price } userErrors { code field } } }"""
ORDER_CREATE = """mutation ($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) { order { id name email sourceIdentifier displayFinancialStatus
    totalPriceSet { shopMoney { amount } } subtotalPriceSet { shopMoney { amount } }
    totalDiscountsSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } }
    totalOutstandingSet { shopMoney { amount } } customer { id }
    lineItems(first: 5) { nodes { sku title quantity originalUnitPriceSet { shopMoney { amount } } } } }
    userErrors { code field message } } }"""
CUSTOMER_SET = """mutation ($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $identifier, input: $input) { customer { id displayName
    defaultEmailAddress { emailAddress } defaultAddress { company countryCodeV2 } }
    userErrors { code field message } } }"""


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "SAR"}}


def _shirt(*sizes: str, **more: Any) -> dict[str, Any]:
    variants = [
        {"optionValues": [{"optionName": "Size", "name": size}], "sku": f"SHIRT-{size}", "price": "19.99"}
        for size in sizes
    ]
    options = [{"name": "Size", "position": 1, "values": [{"name": size} for size in sizes]}]
    return {"handle": "shirt", "title": "Shirt", "productOptions": options, "variants": variants, **more}


def _put(shop: Any, given: dict[str, Any], **more: Any) -> Any:
    more.setdefault("identifier", {"handle": "shirt"})
    return shop.data(PRODUCT_SET, input=given, **more)["productSet"]


def test_product_set_creates_then_replaces_the_variants_as_a_whole(make_shop: Any) -> None:
    """Variants that are not listed again are deleted; those that are keep their ids."""
    shop = make_shop(records=0)
    made = _put(shop, _shirt("S", "M"))
    first = made["product"]
    assert [node["sku"] for node in first["variants"]["nodes"]] == ["SHIRT-S", "SHIRT-M"]
    again = _put(shop, _shirt("M", "L"))["product"]
    assert again["id"] == first["id"]
    assert [node["sku"] for node in again["variants"]["nodes"]] == ["SHIRT-M", "SHIRT-L"]
    assert again["variants"]["nodes"][0]["id"] == first["variants"]["nodes"][1]["id"]
    title = _put(shop, {"handle": "shirt", "title": "Better shirt"})["product"]
    assert (title["title"], len(title["variants"]["nodes"])) == ("Better shirt", 2)


def test_product_set_writes_quantities_and_tracking(make_shop: Any) -> None:
    shop = make_shop(records=0)
    location = shop.control.dump()["locations"][0]["id"]
    given = _shirt("S")
    given["variants"][0]["inventoryItem"] = {"tracked": True}
    given["variants"][0]["inventoryQuantities"] = [{"locationId": location, "name": "available", "quantity": 3}]
    (variant,) = _put(shop, given)["product"]["variants"]["nodes"]
    assert variant["inventoryQuantity"] == 3
    assert shop.writes()[0]["quantity"] == 3


def test_product_set_refuses_what_does_not_fit(make_shop: Any) -> None:
    shop = make_shop(records=1)

    def code(given: dict[str, Any], **more: Any) -> str:
        return _put(shop, given, **more)["userErrors"][0]["code"]

    assert code({"title": "x"}) == "MISSING_FIELD_REQUIRED"
    assert code({"title": "x", "handle": "other"}) == "INPUT_MISMATCH"
    assert code({"title": "x"}, identifier={"id": "gid://shopify/Product/1"}) == "NOT_FOUND"
    assert code({"title": "x", "id": "gid://shopify/Product/1"}) == "ID_NOT_ALLOWED"
    assert code({"title": "", "handle": "shirt"}) == "INVALID_PRODUCT"
    assert code({"title": "x", "handle": "product-00001"}, identifier=None) == "HANDLE_NOT_UNIQUE"
    assert code({**_shirt("S"), "productOptions": None}) == "PRODUCT_OPTIONS_INPUT_MISSING"
    assert code(_shirt("S", "S")) == "INVALID_VARIANT"


def test_product_set_in_the_background_answers_with_an_operation(make_shop: Any) -> None:
    shop = make_shop(records=0)
    answer = _put(shop, _shirt("S"), sync=False)
    assert answer["product"] is None
    assert answer["productSetOperation"]["status"] == "CREATED"
    assert shop.data('{ productByIdentifier(identifier: {handle: "shirt"}) { title } }')["productByIdentifier"]


def test_variants_are_updated_all_or_none_unless_asked(make_shop: Any) -> None:
    shop = make_shop(records=0)
    made = _put(shop, _shirt("S"))["product"]
    (variant,) = made["variants"]["nodes"]
    good, bad = {"id": variant["id"], "price": "21.5"}, {"id": "gid://shopify/ProductVariant/1"}
    refused = shop.data(VARIANTS, id=made["id"], variants=[good, bad])["productVariantsBulkUpdate"]
    assert refused["productVariants"] is None
    assert refused["userErrors"] == [{"code": "PRODUCT_VARIANT_DOES_NOT_EXIST", "field": ["variants", "1", "id"]}]
    partial = shop.data(VARIANTS, id=made["id"], variants=[good, bad], partial=True)["productVariantsBulkUpdate"]
    assert partial["productVariants"] == [{"sku": "SHIRT-S", "price": "21.50"}]
    stocked = {"id": variant["id"], "inventoryQuantities": [{"availableQuantity": 1, "locationId": "x"}]}
    refused = shop.data(VARIANTS, id=made["id"], variants=[stocked])["productVariantsBulkUpdate"]
    assert refused["userErrors"][0]["code"] == "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"


def test_order_create_is_not_idempotent_and_is_found_by_its_source(make_shop: Any) -> None:
    shop = make_shop(records=1)
    level = shop.level("SKU-00001")
    variant = shop.control.dump()["products"][0]["variants"][0]
    order = {
        "sourceIdentifier": "ext-1",
        "email": "buyer@example.com",
        "financialStatus": "PAID",
        "lineItems": [{"variantId": variant["id"], "quantity": 2}],
    }
    first, second = (shop.data(ORDER_CREATE, order=order)["orderCreate"]["order"] for _ in range(2))
    assert first["id"] != second["id"]
    assert Decimal(first["totalPriceSet"]["shopMoney"]["amount"]) == 2 * Decimal(variant["price"])
    assert first["lineItems"]["nodes"][0]["sku"] == "SKU-00001"
    query = "{ orders(first: 9, query: \"source_identifier:'ext-1'\") { nodes { id } } }"
    assert len(shop.data(query)["orders"]["nodes"]) == 2
    assert shop.level("SKU-00001")["available"] == level["available"]


def test_order_totals_follow_discounts_taxes_and_shipping(make_shop: Any) -> None:
    shop = make_shop(records=0)
    order = {
        "lineItems": [
            {
                "title": "Thing",
                "quantity": 3,
                "priceSet": _money("33.33"),
                "taxLines": [{"title": "VAT", "rate": "0.15", "priceSet": _money("13.50")}],
            },
            {"title": "Other", "quantity": 1, "priceSet": _money("0.01")},
        ],
        "shippingLines": [{"title": "Post", "priceSet": _money("10")}],
        "discountCode": {"itemPercentageDiscountCode": {"code": "TEN", "percentage": 10}},
        "transactions": [{"amountSet": _money("50"), "kind": "SALE", "status": "SUCCESS"}],
    }
    made = shop.data(ORDER_CREATE, order=order)["orderCreate"]["order"]

    def amount(name: str) -> str:
        return made[name]["shopMoney"]["amount"]

    assert amount("totalDiscountsSet") == "10.0"
    assert amount("subtotalPriceSet") == "90.0"
    assert amount("totalPriceSet") == "113.5"
    assert amount("totalOutstandingSet") == "63.5"
    assert made["displayFinancialStatus"] == "PARTIALLY_PAID"


def test_stock_is_claimed_only_when_asked(make_shop: Any) -> None:
    shop = make_shop(records=1)
    level = shop.level("SKU-00001")
    variant = shop.control.dump()["products"][0]["variants"][0]["id"]

    def make(quantity: int, behaviour: str) -> Any:
        order = {"lineItems": [{"variantId": variant, "quantity": quantity}]}
        return shop.data(ORDER_CREATE, order=order, options={"inventoryBehaviour": behaviour})["orderCreate"]

    make(1, "DECREMENT_IGNORING_POLICY")
    assert shop.level("SKU-00001")["available"] == level["available"] - 1
    assert shop.level("SKU-00001")["on_hand"] == level["on_hand"]
    refused = make(10_000, "DECREMENT_OBEYING_POLICY")
    assert refused["userErrors"][0]["code"] == "INVENTORY_CLAIM_FAILED"
    assert refused["order"] is None


def test_a_development_shop_takes_five_orders_a_minute(make_shop: Any) -> None:
    shop = make_shop(records=0, extra={"orders_per_minute": "5"})
    order = {"lineItems": [{"title": "Thing", "quantity": 1, "priceSet": _money("1")}]}
    for _ in range(5):
        shop.data(ORDER_CREATE, order=order)
    assert shop.answer(ORDER_CREATE, order=order)["errors"]
    shop.clock.advance(61)
    shop.data(ORDER_CREATE, order=order)


def test_orders_are_updated_paid_and_cancelled(make_shop: Any) -> None:
    shop = make_shop(records=0)
    order = {"lineItems": [{"title": "Thing", "quantity": 1, "priceSet": _money("20")}]}
    gid = shop.data(ORDER_CREATE, order=order)["orderCreate"]["order"]["id"]
    shop.clock.advance(10)
    update = (
        "mutation ($i: OrderInput!) { orderUpdate(input: $i) { order { note tags updatedAt } userErrors { message } } }"
    )
    done = shop.data(update, i={"id": gid, "note": "synced", "tags": ["b", "a"]})["orderUpdate"]["order"]
    assert (done["note"], done["tags"]) == ("synced", ["a", "b"])
    paid = (
        "mutation ($i: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $i) { order { displayFinancialStatus"
        " totalReceivedSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } } }"
        " userErrors { message } } }"
    )
    once = shop.data(paid, i={"id": gid})["orderMarkAsPaid"]
    assert once["order"]["displayFinancialStatus"] == "PAID"
    assert once["order"]["totalOutstandingSet"]["shopMoney"]["amount"] == "0.0"
    assert shop.data(paid, i={"id": gid})["orderMarkAsPaid"]["userErrors"]
    cancel = (
        "mutation ($id: ID!) { orderCancel(orderId: $id, restock: false, reason: OTHER) { job { done }"
        " orderCancelUserErrors { code } } }"
    )
    assert shop.data(cancel, id=gid)["orderCancel"] == {"job": {"done": False}, "orderCancelUserErrors": []}
    assert shop.data(cancel, id=gid)["orderCancel"]["orderCancelUserErrors"] == [{"code": "INVALID"}]
    after = shop.data(
        "query ($id: ID!) { order(id: $id) { cancelReason cancelledAt displayFinancialStatus"
        " totalRefundedSet { shopMoney { amount } } } }",
        id=gid,
    )["order"]
    assert after["displayFinancialStatus"] == "REFUNDED"
    assert after["totalRefundedSet"]["shopMoney"]["amount"] == "20.0"


def test_customer_set_upserts_by_email_with_the_recorded_refusals(make_shop: Any) -> None:
    shop = make_shop(records=0)

    def put(given: dict[str, Any], **identifier: Any) -> Any:
        return shop.data(CUSTOMER_SET, input=given, identifier=identifier or None)["customerSet"]

    def refusal(given: dict[str, Any], **identifier: Any) -> tuple[str, str]:
        (error,) = put(given, **identifier)["userErrors"]
        return error["code"], error["message"]

    address = {"company": "Example Ltd", "countryCode": "DE"}
    first = put({"email": "a@b.example", "firstName": "Ada", "addresses": [address]}, email="a@b.example")
    second = put({"email": "a@b.example", "lastName": "Example"}, email="a@b.example")
    assert first["customer"]["id"] == second["customer"]["id"]
    assert second["customer"]["displayName"] == "Ada Example"
    assert second["customer"]["defaultAddress"] == {"company": "Example Ltd", "countryCodeV2": "DE"}
    assert put({"addresses": []}, id=first["customer"]["id"])["customer"]["defaultAddress"] is None
    assert refusal({"email": "a@b.example"}) == ("TAKEN", "Email has already been taken")
    assert refusal({"firstName": "x"}, email="a@b.example")[0] == "MISSING_FIELD_REQUIRED"
    assert refusal({"email": "c@d.example"}, email="a@b.example")[0] == "INPUT_MISMATCH"
    assert refusal({"id": "x", "email": "a@b.example"}, email="a@b.example")[0] == "ID_NOT_ALLOWED"
    assert refusal({"firstName": "x"}, id="gid://shopify/Customer/1")[0] == "NOT_FOUND"
    assert refusal({"email": ""}) == ("INVALID", "A name, phone number, or email address must be present")
    assert refusal({"firstName": "x", "taxExempt": None})[1] == "Tax exempt is of unexpected type NilClass"


def test_merchants_make_and_delete_records(make_shop: Any) -> None:
    shop = make_shop(records=6)
    shop.change("product", sku="SKU-00001", title="Renamed", price="5.5", status="DRAFT")
    product = shop.control.dump()["products"][0]
    assert (product["title"], product["status"], product["variants"][0]["price"]) == ("Renamed", "DRAFT", "5.50")
    shop.change("product", sku="SKU-00001", delete=True)
    assert all(level["sku"] != "SKU-00001" for level in shop.control.dump()["levels"])
    order = shop.control.dump()["orders"][0]
    shop.change("order", id=order["name"], fulfillment_status="FULFILLED", financial_status="PAID")
    assert shop.control.dump()["orders"][0]["fulfillment_status"] == "FULFILLED"
    made = shop.change("order", create={"lineItems": [{"title": "x", "quantity": 1, "priceSet": _money("1")}]})
    assert made["order"] in {each["id"] for each in shop.control.dump()["orders"]}
    assert shop.change("checkout", sku="SKU-00002", quantity=2)["checkout"]
    query = "{ abandonedCheckouts(first: 9, reverse: true) { nodes { totalPriceSet { shopMoney { amount } } } } }"
    assert shop.data(query)["abandonedCheckouts"]["nodes"]
    for kind, values in (
        ("stock", {"sku": "nope", "quantity": 1}),
        ("stock", {"sku": "SKU-00002", "quantity": "1"}),
        ("order", {"id": "#1"}),
        ("stock", {"create": {}}),
    ):
        assert shop.http.post("/_sandbox/change", json={"kind": kind, **values}).status_code == 400
