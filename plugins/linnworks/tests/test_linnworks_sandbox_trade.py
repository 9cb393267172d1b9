"""The sandbox's orders, and the merchant's edits, as any HTTP client sees them."""

from __future__ import annotations

import uuid

import pytest

DEFAULT = "00000000-0000-0000-0000-000000000000"


def _new(reference, **more):
    line = {"ItemNumber": "1", "ChannelSKU": "LW-0000", "Qty": 2, "PricePerUnit": 10, "TaxCostInclusive": True}
    order = {"Source": "S", "SubSource": "s", "ReferenceNumber": reference, "Currency": "GBP", "OrderItems": [line]}
    return {"orders": [{**order, "PaymentStatus": "Paid", **more}], "location": "Default"}


def test_an_order_that_comes_again_is_edited_while_unpaid_and_passed_over_once_paid(account):
    def steps(http):
        (key,) = http.post("Orders/CreateOrders", _new("1", PaymentStatus="Unpaid")).json
        assert http.post("Orders/CreateOrders", _new("1", PostalServiceCost=3)).json == [key]
        assert http.post("Orders/CreateOrders", _new("1", PostalServiceCost=9)).json == []
        (order,) = http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json
        assert order["TotalsInfo"]["TotalCharge"] == 23
        assert [row["OrderId"] for row in http.get("Orders/GetOrderDetailsByReferenceId", ReferenceId="1").json] == [
            key
        ]
        assert http.post("Orders/CreateOrders", _new("1", SubSource="other")).json != []

    account(steps)


def test_orders_are_refused_beyond_twenty_or_with_half_pieces_or_without_a_place(account):
    def steps(http):
        many = {"orders": [_new(str(n))["orders"][0] for n in range(21)], "location": "Default"}
        assert http.post("Orders/CreateOrders", many).status == 400
        assert http.post("Orders/CreateOrders", {**_new("1"), "location": "Moon"}).status == 400
        assert http.post("Orders/CreateOrders", _new("1", OrderItems=[{"Qty": 0.5, "PricePerUnit": 1}])).status == 400
        (key,) = http.post("Orders/CreateOrders", _new("1", Currency="")).json
        (order,) = http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json
        assert order["TotalsInfo"]["Currency"] == "UNK"

    account(steps)


def test_lines_are_linked_only_where_the_order_says_so_and_linked_ones_take_stock(account):
    def steps(http):
        def available():
            key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
            return http.get("Stock/GetStockLevel", stockItemId=key["StockItemId"]).json[0]["Available"]

        before = available()
        (loose,) = http.post("Orders/CreateOrders", _new("1")).json
        assert available() == before
        (linked,) = http.post("Orders/CreateOrders", _new("2", AutomaticallyLinkBySKU=True)).json
        assert available() == before - 2
        lines = [
            http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json[0]["Items"][0] for key in (loose, linked)
        ]
        assert [(line["SKU"], line["IsUnlinked"]) for line in lines] == [(None, True), ("LW-0000", False)]
        body = {"orderId": linked, "fulfilmentCenter": DEFAULT, "refund": 0, "note": ""}
        assert http.post("Orders/CancelOrder", body).status == 200
        assert available() == before
        assert http.post("Orders/CancelOrder", body).status == 400

    account(steps)


def test_processing_moves_stock_and_sends_the_despatch_mail(account):
    def steps(http):
        (key,) = http.post("Orders/CreateOrders", _new("1", PaymentStatus="Unpaid", AutomaticallyLinkBySKU=True)).json
        body = {"orderId": key, "scanPerformed": True, "locationId": DEFAULT}
        assert http.post("Orders/ProcessOrder", body).json["Processed"] is False  # unpaid orders are parked
        assert http.post("Orders/ChangeStatus", {"orderIds": [key], "status": 1}).status == 200
        assert http.post("Orders/ProcessOrder", body).json["Processed"] is True
        state = http.send("GET", "/_sandbox/state").json
        assert [mail["order"] for mail in state["mails"]] == [key]
        row = next(item for item in state["items"] if item["ItemNumber"] == "LW-0000")["_levels"][0]
        assert (row["StockLevel"], row["InOrders"]) == (-2, 0)

    account(steps)


def test_look_ups_lag_where_the_switch_says_so(account):
    def steps(http):
        item = {"StockItemId": str(uuid.uuid4()), "ItemNumber": "N-1"}
        http.post("Inventory/AddInventoryItem", {"inventoryItem": item})
        http.post("Orders/CreateOrders", _new("1"))

        def shown():
            items = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["N-1"]}}).json["Items"]
            return len(items), len(http.get("Orders/GetOrderDetailsByReferenceId", ReferenceId="1").json)

        assert shown() == (0, 0)
        assert http.get("Inventory/GetInventoryItemById", id=item["StockItemId"]).status == 200
        http.sandbox.control.clock.advance(30)
        assert shown() == (1, 1)

    account(steps, index_lag="30")


def test_the_new_api_pages_by_token_with_two_lists_and_errors_of_its_own(account):
    def steps(http):
        first = http.orders(includeProcessed="true", entriesPerPage=5).json
        assert first["TotalOrders"] > 5
        token, seen = first["NextSearchToken"], [first]
        while token:
            assert str(uuid.UUID(token)) == token
            seen.append(http.orders(includeProcessed="true", entriesPerPage=5, searchToken=token).json)
            token = seen[-1]["NextSearchToken"]
        ids = [
            each["OrderId"] for page in seen for name in ("OpenOrders", "ProcessedOrders") for each in page[name] or []
        ]
        assert len(ids) == len(set(ids)) == first["TotalOrders"]
        assert len(http.orders(entriesPerPage=50).json["OpenOrders"]) < first["TotalOrders"]
        assert http.orders().json["ProcessedOrders"] is None
        two = http.orders(id=ids[:2]).json
        assert two["TotalOrders"] == 2
        for answer, status in ((http.orders(searchToken="x"), 400), (http.orders(searchToken=str(uuid.uuid4())), 404)):
            assert answer.status == status
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert {"type", "title", "status", "detail", "instance"} <= set(answer.json)
        since = {"includeProcessed": "true", "fromDate": "2026-03-02T12:00:00Z"}
        assert http.orders(**since).json["TotalOrders"] == 0
        http.sandbox.control.change("order", number=100_000)
        assert http.orders(**since).json["TotalOrders"] == 1

    account(steps, records=80)


def test_a_live_search_moves_with_the_orders(account):
    def steps(http):
        first = http.orders(includeProcessed="true", entriesPerPage=5).json
        orders = [*(first["OpenOrders"] or ()), *(first["ProcessedOrders"] or ())]
        http.sandbox.control.clock.advance(1)
        number = next(each["NumOrderId"] for each in orders if not each["Processed"])
        http.sandbox.control.change("order", number=number)
        seen = {each["OrderId"] for each in orders}
        token = first["NextSearchToken"]
        while token:
            page = http.orders(entriesPerPage=5, searchToken=token).json
            seen |= {each["OrderId"] for name in ("OpenOrders", "ProcessedOrders") for each in page[name] or []}
            token = page["NextSearchToken"]
        assert len(seen) == first["TotalOrders"] - 1

    account(steps, records=80, search="live")


def test_parts_of_a_bundle_stand_inside_its_line_without_a_price(account):
    def steps(http):
        answer = http.orders(includeProcessed="true").json
        lines = [line for name in ("OpenOrders", "ProcessedOrders") for o in answer[name] or () for line in o["Items"]]
        parts = [part for line in lines for part in line["CompositeSubItems"]]
        assert parts
        assert {part["CostIncTax"] for part in parts} == {0}

    account(steps, records=24)


@pytest.mark.parametrize(
    ("kind", "values", "key"),
    [
        ("stock", {"sku": "LW-0000", "quantity": 3}, "LW-0000"),
        ("stock", {"sku": "LW-0000", "quantity": None}, "LW-0000"),
        ("product", {"sku": "LW-0000", "title": "T", "price": 2}, "LW-0000"),
        ("product_create", {"sku": "N-1", "title": "T", "price": 2}, "N-1"),
        ("product_delete", {"sku": "LW-0000"}, "LW-0000"),
        ("customer", {"email": "buyer0@example.com", "name": "N"}, "buyer0@example.com"),
        ("customer_create", {"email": "New@example.com", "name": "N"}, "new@example.com"),
        ("customer_delete", {"email": "buyer0@example.com"}, "buyer0@example.com"),
    ],
)
def test_the_merchants_edits_name_what_they_changed(account, kind, values, key):
    def steps(http):
        answer = http.send("POST", "/_sandbox/change", {"kind": kind, **values})
        assert (answer.status, answer.json["key"]) == (200, key)

    account(steps)


def test_the_merchants_edits_of_orders(account):
    def steps(http):
        def change(kind, **values):
            return http.send("POST", "/_sandbox/change", {"kind": kind, **values})

        for status in ("processing", "completed", "cancelled"):
            made = change("order_create", items=[{"sku": "LW-0000", "quantity": 1}], email="b@example.com").json
            assert change("order_status", order=made["key"], status=status).json["key"] == made["key"]
        assert change("order_status", order="nobody", status="completed").status == 400
        assert change("order_create", items=[{"sku": "NOPE", "quantity": 1}]).status == 400

    account(steps)
