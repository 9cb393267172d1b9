"""What a plain HTTP client sees of stock, products, carts, orders, invoices and customers in the sandbox."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

RAW = runpy.run_path(str(Path(__file__).with_name("raw_shop.py")))
raw = RAW["raw"]
C = "searchCriteria"
ADDRESS = {
    "firstname": "A",
    "lastname": "B",
    "street": ["1"],
    "city": "Austin",
    "telephone": "5",
    "postcode": "78701",
    "country_id": "US",
    "region_id": 57,
    "email": "a@example.com",
}


def _buy(shop, *, sku="MG-0000", quantity=1):
    cart = shop("POST", "guest-carts")[1]
    status, body = shop(
        "POST", f"guest-carts/{cart}/items", {"cartItem": {"sku": sku, "qty": quantity, "quote_id": cart}}
    )
    if status != 200:
        return status, body
    ship = {"shipping_address": ADDRESS, "shipping_carrier_code": "flatrate", "shipping_method_code": "flatrate"}
    status, body = shop("POST", f"guest-carts/{cart}/shipping-information", {"addressInformation": ship})
    assert (status, body["totals"]["shipping_amount"]) == (200, 5)
    assert shop("GET", f"guest-carts/{cart}/totals")[1]["grand_total"] == body["totals"]["grand_total"]
    return shop("PUT", f"guest-carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}})


def test_no_list_shows_whether_stock_is_managed():
    """The product by itself and its stock item do."""
    with raw(records=8) as shop:
        listed = shop("GET", f"products?{C}=")[1]["items"]
        assert not any("stock_item" in row["extension_attributes"] for row in listed)
        assert shop("GET", "products/MG-0002")[1]["extension_attributes"]["stock_item"]["manage_stock"] is False
        assert shop("GET", "stockItems/MG-0002")[1]["qty"] == 0
        assert shop("GET", "stockItems/NOPE")[0] == 404
        assert shop("GET", "stockItems/MG-0007")[1]["qty"] is None
        rows = shop("GET", f"inventory/source-items?{C}=")[1]["items"]
        assert {tuple(sorted(row)) for row in rows} == {("quantity", "sku", "source_code", "status")}
        assert "MG-0004" not in {row["sku"] for row in rows}
        assert shop("GET", "stockItems/lowStock/?scopeId=0&qty=0")[1]["total_count"] >= 3


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({}, 200),
        ({"status": None}, 400),
        ({"quantity": None}, 400),
        ({"status": 7}, 400),
        ({"source_code": "moon"}, 400),
        ({"sku": " "}, 400),
        ({"sku": "MG-0004"}, 400),
        ({"sku": "UNKNOWN"}, 200),
    ],
)
def test_source_items_need_four_fields_and_no_product(row, status):
    """An unknown SKU is stored without a word."""
    with raw(records=5) as shop:
        whole = {"sku": "MG-0000", "source_code": "default", "quantity": 4, "status": 1, **row}
        assert shop("POST", "inventory/source-items", {"sourceItems": [whole]})[0] == status
        assert shop("GET", "stockItems/MG-0000")[1]["qty"] == (4 if row == {} else 10)
    with raw(records=5, unknown_sku="refused") as shop:
        whole = {"sku": "UNKNOWN", "source_code": "default", "quantity": 4, "status": 1}
        assert shop("POST", "inventory/source-items", {"sourceItems": [whole]})[0] == 400


def test_both_kinds_of_stock_are_kept_equal_at_the_default_source():
    """In both directions; a row may be deleted."""
    with raw(records=1) as shop:
        item = shop("GET", "stockItems/MG-0000")[1]
        assert shop("PUT", f"products/MG-0000/stockItems/{item['item_id']}", {"stockItem": {"qty": 8}})[1] == 1
        rows = shop(
            "GET",
            f"inventory/source-items?{C}[filter_groups][0][filters][0][field]=sku&{C}[filter_groups][0][filters][0][value]=MG-0000",
        )
        assert {row["source_code"]: row["quantity"] for row in rows[1]["items"]}["default"] == 8
        gone = {"sourceItems": [{"sku": "MG-0000", "source_code": "default"}]}
        assert shop("POST", "inventory/source-items-delete", gone) == (200, [])
        assert shop("GET", f"inventory/source-items?{C}=")[1]["total_count"] == 2


def test_what_is_salable_reads_nought_for_three_reasons():
    """Nothing left, not managed, composite: only the flags tell."""
    with raw(records=8) as shop:
        rows = {
            row["sku"]: row for row in shop("GET", f"inventory/export-stock-salable-qty/website/base?{C}=")[1]["items"]
        }
        shop.change("stock", sku="MG-0001", quantity=0, location="east")
        dumped = {row["sku"]: row for row in shop("GET", "inventory/dump-stock-index-data/website/base")[1]}
        assert [(dumped[sku]["qty"], dumped[sku]["is_salable"]) for sku in ("MG-0001", "MG-0002", "MG-0004")] == [
            (0, False),
            (0, True),
            (0, True),
        ]
        assert set(rows) == set(dumped)
        assert shop("GET", "inventory/get-product-salable-quantity/MG-0000/1")[1] == 10
        assert shop("GET", "inventory/get-product-salable-quantity/MG-0004/1")[0] == 400
        assert shop("GET", "inventory/get-product-salable-quantity/NOPE/1")[0] == 404
        assert shop("GET", "inventory/are-products-salable?skus[0]=MG-0000&stockId=1")[1][0]["salable"] is True


def test_an_order_of_a_cart_reserves_and_mails_a_raw_one_does_neither():
    """And the product's own time stands still."""
    with raw(records=2) as shop:
        before = shop("GET", "products/MG-0000")[1]["updated_at"]
        status, key = _buy(shop, quantity=2)
        order = shop("GET", f"orders/{key}")[1]
        assert (status, order["grand_total"], order["email_sent"]) == (200, 6.98, 1)
        state = shop.control.dump()
        assert (state["reservations"], len(state["mails"])) == ({"MG-0000": -2}, 1)
        assert shop("GET", "products/MG-0000")[1]["updated_at"] == before
        entity = {"customer_email": "x@example.com", "grand_total": 3, "base_grand_total": 3, "items": []}
        assert shop("POST", "orders", {"entity": entity})[0] == 200
        assert shop("PUT", "orders/create", {"entity": entity})[0] == 200
        assert (shop.control.dump()["reservations"], len(shop.control.dump()["mails"])) == ({"MG-0000": -2}, 1)
        assert shop("POST", f"orders/{key}/cancel") == (200, True)
        assert shop.control.dump()["reservations"] == {"MG-0000": 0}
    with raw(records=2, order_mail="off", inventory="legacy") as shop:
        _buy(shop, quantity=2)
        assert (shop.control.dump()["mails"], shop("GET", "stockItems/MG-0000")[1]["qty"]) == ([], 8)


def test_carts_refuse_what_cannot_be_sold():
    """Configurable products want options, products that are off and too many pieces are not there."""
    with raw(records=10) as shop:
        assert _buy(shop, sku="MG-0004")[0] == 400
        assert _buy(shop, sku="MG-0009")[0] == 400
        assert _buy(shop, quantity=999)[0] == 400
        assert _buy(shop, sku="MG-0003", quantity=9)[0] == 200  # backorders
        cart = shop("POST", "guest-carts")[1]
        assert shop("PUT", f"guest-carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}})[0] == 400


def test_the_cart_of_somebody_with_an_account_is_the_one_that_is_open():
    """With what they put into it."""
    with raw(records=4) as shop:
        assert shop("POST", "customers/2/carts")[1] == 2
        assert len(shop("GET", "carts/2/items")[1]) == 1
        assert shop("POST", "customers/1/carts")[1] == shop("POST", "customers/1/carts")[1]


def test_orders_may_be_counted_by_the_minute():
    """With the status that is asked for."""
    with raw(records=2, order_throttle="1", order_throttle_status="429") as shop:
        assert _buy(shop)[0] == 200
        assert _buy(shop)[0] == 429
        shop.advance(61)
        assert _buy(shop)[0] == 200


def test_a_configurable_product_has_two_lines_with_one_sku():
    """The child's is worth nothing; a bundle priced by its parts has a line without a row total."""
    with raw(records=16) as shop:
        lines = shop("GET", "orders/2")[1]["items"]
        assert [(row["sku"], row["row_total"], "parent_item_id" in row) for row in lines[1:]] == [
            ("MG-0004-R", 9.98, False),
            ("MG-0004-R", 0, True),
        ]
        bundle = shop("GET", "orders/3")[1]["items"][1:]
        assert ["row_total" in row for row in bundle] == [False, True, True]
        assert shop("GET", f"orders/items?{C}=")[1]["total_count"] > 8
        invoice = shop("GET", f"invoices?{C}=")[1]["items"][0]
        assert not any("parent_item_id" in row for row in invoice["items"])


def test_an_invoice_is_made_of_an_order_and_of_parts():
    """Not of more than is left; captures and mails are asked for."""
    with raw(records=2, order_mail="off") as shop:
        key = _buy(shop, quantity=3)[1]
        item = shop("GET", f"orders/{key}")[1]["items"][0]["item_id"]
        part = {"items": [{"order_item_id": item, "qty": 1}], "capture": True, "notify": True}
        first = shop("POST", f"order/{key}/invoice", part)[1]
        assert shop("GET", f"invoices/{first}")[1]["grand_total"] == 5.99
        more = {"items": [{"order_item_id": item, "qty": 3}]}
        assert shop("POST", f"order/{key}/invoice", more)[0] == 400
        rest = shop("POST", f"order/{key}/invoice", {})[1]
        assert shop("GET", f"invoices/{rest}")[1]["grand_total"] == 1.98
        assert shop("POST", f"order/{key}/invoice", {})[0] == 400
        state = shop.control.dump()
        assert (len(state["captures"]), [mail["kind"] for mail in state["mails"]]) == (1, ["invoice"])
        assert shop("POST", f"orders/{key}/cancel") == (200, False)


def test_an_address_book_is_replaced_as_a_whole():
    """Addresses that are not listed are deleted; their edit does not move the customer's time by itself."""
    with raw(records=4) as shop:
        held = shop("GET", "customers/2")[1]
        assert len(held["addresses"]) == 2
        names = {"email": held["email"], "firstname": "X", "lastname": "Y"}
        assert shop("PUT", "customers/2", {"customer": {**names, "addresses": held["addresses"][:1]}})[0] == 200
        assert len(shop("GET", "customers/2")[1]["addresses"]) == 1
        assert shop("POST", "customers", {"customer": {**names, "email": "ada0@example.com"}})[0] == 400
        new = shop("POST", "customers", {"customer": {**names, "email": "new@example.com"}, "password": "P"})[1]
        assert [mail["kind"] for mail in shop.control.dump()["mails"]] == ["welcome"]
        assert shop("DELETE", f"customers/{new['id']}") == (200, True)
        assert shop("GET", f"customers/{new['id']}")[0] == 404


def test_a_configurable_product_is_put_together():
    """Attributes, a new value, options, children; the same values twice are refused; names make addresses once."""
    with raw(records=1) as shop:
        value = shop("POST", "products/attributes/size/options", {"option": {"label": "XL", "value": ""}})[1]
        assert value in [each["value"] for each in shop("GET", "products/attribute-sets/4/attributes")[1][1]["options"]]
        parent = {"sku": "P", "name": "P", "attribute_set_id": 4, "type_id": "configurable"}
        assert shop("POST", "products", {"product": parent})[0] == 200
        for sku in ("P-1", "P-2"):
            custom = [{"attribute_code": "size", "value": value}]
            child = {"sku": sku, "name": sku, "attribute_set_id": 4, "price": 1, "custom_attributes": custom}
            assert shop("POST", "products", {"product": child})[0] == 200
        assert shop("POST", "configurable-products/P/child", {"childSku": "P-1"})[0] == 400
        option = {"attribute_id": "141", "label": "Size", "values": [{"value_index": int(value)}]}
        assert shop("POST", "configurable-products/P/options", {"option": option})[0] == 200
        assert shop("POST", "configurable-products/P/child", {"childSku": "P-1"}) == (200, True)
        assert shop("POST", "configurable-products/P/child", {"childSku": "P-2"})[0] == 400
        assert [row["sku"] for row in shop("GET", "configurable-products/P/children")[1]] == ["P-1"]
        twin = {"sku": "Q", "name": "P", "attribute_set_id": 4, "price": 1}
        assert "URL key" in shop("POST", "products", {"product": twin})[1]["message"]
        assert shop("DELETE", "products/P-1") == (200, True)
        assert shop("GET", "configurable-products/P/children")[1] == []


def test_lists_may_be_late():
    """A new order is there by its id, and shown in lists after the lag."""
    with raw(records=2, index_lag="30") as shop:
        key = _buy(shop)[1]
        assert shop("GET", f"orders/{key}")[0] == 200
        assert shop("GET", f"orders?{C}=")[1]["total_count"] == 1
        shop.advance(30)
        assert shop("GET", f"orders?{C}=")[1]["total_count"] == 2


def test_merchants_edit_in_the_words_that_all_sandboxes_know():
    """Each edit answers with the canonical key of what changed."""
    with raw(records=8) as shop:
        edits = [
            ("stock", {"sku": "MG-0000", "quantity": 4, "location": "east"}, "MG-0000"),
            ("product", {"sku": "MG-0000", "title": "T", "price": 3}, "MG-0000"),
            ("product_create", {"sku": "N", "title": "T", "price": 3}, "N"),
            ("product_delete", {"sku": "N"}, "N"),
            ("order_create", {"items": [{"sku": "MG-0000", "quantity": 1}]}, "5"),
            ("order_status", {"order": "5", "status": "completed"}, "5"),
            ("customer_create", {"email": "n@example.com", "name": "Ann Lee"}, "n@example.com"),
            ("customer", {"email": "n@example.com", "name": "Bo Lee"}, "n@example.com"),
            ("customer_delete", {"email": "n@example.com"}, "n@example.com"),
        ]
        for kind, values, key in edits:
            assert shop.send("POST", "/_sandbox/change", {"kind": kind, **values})[1]["key"] == key, kind
        assert shop.send("POST", "/_sandbox/change", {"kind": "stock", "sku": "NOPE", "quantity": 1})[0] == 400
