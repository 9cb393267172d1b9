"""Lines of orders and the merchant's common words, as a raw client sees them."""

from __future__ import annotations

import pytest


def entered(shop, **more):
    branch = shop.data("/branches")[0]["id"]
    body = {
        "payment": {"status": "paid", "method": "bank"},
        "delivery_method": "pickup",
        "branch_id": branch,
        "products": [{"identifier_type": "sku", "identifier": "SKU-00001", "quantity": 2}],
        **more,
    }
    return shop.post("/orders", body).json()["data"]


def total(shop, order):
    return shop.data(f"/orders/{order['id']}")["amounts"]["total"]["amount"]


def lines(shop, order):
    return shop.data("/orders/items", order_id=order["id"])


@pytest.mark.parametrize(("taxed", "costs"), [("true", 11.5), ("false", 10)])
def test_a_line_that_is_no_product_costs_what_it_says_and_has_no_stock(open_shop, taxed, costs):
    shop = open_shop(extra={"custom_item_taxed": taxed})
    order = entered(shop)
    before, stock = total(shop, order), shop.quantities()
    answer = shop.post("/orders/items", {"order_id": order["id"], "name": "Gift wrap", "price": 10, "quantity": 1})
    assert answer.status_code == 200
    assert [row["sku"] for row in lines(shop, order)] == ["SKU-00001", ""]
    assert round(total(shop, order) - before, 2) == costs
    assert shop.quantities() == stock


def test_a_line_gets_a_price_and_a_quantity_and_goes(shop):
    """The total follows; pieces follow the quantity; the list by update time shows the order first."""
    order, stock = entered(shop), shop.quantities()["SKU-00001"]["quantity"]
    (line,) = lines(shop, order)
    shop.clock.advance(5)
    assert shop.put(f"/orders/items/{line['id']}", {"price": 7.5}).status_code == 200
    assert total(shop, order) == 17.25
    assert shop.put(f"/orders/items/{line['id']}", {"quantity": 1}).status_code == 200
    assert shop.quantities()["SKU-00001"]["quantity"] == stock + 1
    assert shop.data("/orders", sort_by="updated_at-desc")[0]["id"] == order["id"]
    assert shop.raw("DELETE", f"/admin/v2/orders/items/{line['id']}").status_code == 200
    assert lines(shop, order) == []
    assert shop.quantities()["SKU-00001"]["quantity"] == stock + 2
    assert shop.put(f"/orders/items/{line['id']}", {"price": 1}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "price": 1}, "order_id"),
        ({"order_id": 1, "name": "x", "price": 1}, "order_id"),
        ({"name": "x"}, "price"),
        ({"identifier_type": "sku", "identifier": "GHOST"}, "identifier"),
    ],
)
def test_bad_lines_are_refused_by_field(shop, body, field):
    given = body if "order_id" in body or field == "order_id" else {**body, "order_id": entered(shop)["id"]}
    answer = shop.post("/orders/items", given)
    assert answer.status_code == 422
    assert field in answer.json()["error"]["fields"]


def test_a_store_of_whole_prices_refuses_a_fraction(open_shop):
    shop = open_shop(extra={"item_prices": "whole"})
    (line,) = lines(shop, entered(shop))
    assert shop.put(f"/orders/items/{line['id']}", {"price": 7.5}).status_code == 422
    assert shop.put(f"/orders/items/{line['id']}", {"price": 7}).status_code == 200


def test_a_closed_order_keeps_its_lines(shop):
    order = entered(shop)
    (line,) = lines(shop, order)
    shop.post(f"/orders/{order['id']}/status", {"slug": "completed"})
    assert shop.put(f"/orders/items/{line['id']}", {"price": 7}).status_code == 422


def test_new_records_are_listed_only_after_the_lag(open_shop):
    """By id they are there at once; lists and searches follow."""
    shop = open_shop(extra={"index_lag": "30"})
    order = entered(shop)
    body = {
        "first_name": "A",
        "last_name": "B",
        "mobile": "599123456",
        "mobile_code_country": "+966",
        "email": "q@example.com",
    }
    customer = shop.post("/customers", body).json()["data"]
    assert shop.data(f"/orders/{order['id']}")["id"] == order["id"]
    assert order["id"] not in [row["id"] for row in shop.data("/orders", sort_by="updated_at-desc")]
    assert shop.data("/customers", keyword="q@example.com") == []
    shop.clock.advance(31)
    assert shop.data("/orders", sort_by="updated_at-desc")[0]["id"] == order["id"]
    assert [row["id"] for row in shop.data("/customers", keyword="q@example.com")] == [customer["id"]]


def test_a_deleted_customer_is_gone(shop):
    customer = shop.all("/customers")[0]
    assert shop.raw("DELETE", f"/admin/v2/customers/{customer['id']}").status_code == 200
    assert shop.get(f"/customers/{customer['id']}").status_code == 404


def changed(shop, kind, **values):
    answer = shop.raw("POST", "/_sandbox/change", json={"kind": kind, **values})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_words_that_every_platform_knows(shop):
    """Each edit shows through the API and answers with the canonical key."""
    branch = shop.data("/branches")[0]["id"]
    assert changed(shop, "stock", sku="SKU-00001", quantity=None)["key"] == "SKU-00001"
    assert shop.quantities()["SKU-00001"]["unlimited_quantity"] is True
    changed(shop, "stock", sku="SKU-00001", quantity=0, location=str(branch))
    row = shop.quantities(branch=branch)["SKU-00001"]
    assert (row["quantity"], row["unlimited_quantity"]) == (0, False)
    assert changed(shop, "product_create", sku="ZZ-77", title="Zed", price="12.50")["key"] == "ZZ-77"
    assert changed(shop, "product", sku="ZZ-77", title="Zeta", price="13")["key"] == "ZZ-77"
    (zed,) = shop.data("/products", keyword="ZZ-77")
    assert (zed["name"], zed["price"]["amount"]) == ("Zeta", 13)
    changed(shop, "stock", sku="ZZ-77", quantity=5)
    order = changed(shop, "order_create", items=[{"sku": "ZZ-77", "quantity": 2}], email="ada@example.com")["key"]
    assert shop.data(f"/orders/{order}")["customer"]["email"] == "ada@example.com"
    assert changed(shop, "order_status", order=order, status="cancelled")["key"] == order
    assert shop.data(f"/orders/{order}")["status"]["slug"] == "canceled"
    assert changed(shop, "customer", email="ADA@example.com", name="Ada Lovelace")["key"] == "ada@example.com"
    assert changed(shop, "customer_create", email="b@example.com", name="B")["key"] == "b@example.com"
    (ada,) = shop.data("/customers", keyword="ada@example.com")
    assert (ada["first_name"], ada["last_name"]) == ("Ada", "Lovelace")
    changed(shop, "customer_delete", email="ada@example.com")
    assert shop.data("/customers", keyword="ada@example.com") == []
    assert changed(shop, "order_delete", order=order)["key"] == order
    assert shop.get(f"/orders/{order}").status_code == 404
    changed(shop, "product_delete", sku="ZZ-77")
    assert shop.data("/products", keyword="ZZ-77") == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("order_status", {"order": "1", "status": "completed"}),
        ("order_status", {"order": "1", "status": "lost"}),
        ("customer", {"email": "nobody@example.com", "name": "x"}),
        ("order_delete", {"order": "1"}),
        ("stock", {"sku": "NOPE", "quantity": 1}),
    ],
)
def test_edits_of_what_is_not_there_are_refused(shop, kind, values):
    assert shop.raw("POST", "/_sandbox/change", json={"kind": kind, **values}).status_code == 400
