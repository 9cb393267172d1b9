"""What a merchant does in the shop, by the names that the laws of conformance know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_sdk.sandbox import ChangeError

from .store import Row, Store

__all__ = ["DELETIONS", "edits"]

Values = Mapping[str, Any]
DELETIONS = ("product_delete", "order_delete", "customer_delete")
"""Edits after which a row is gone."""


def edits(store: Store) -> Mapping[str, Callable[[Values], Values]]:
    """Edits by kind; each returns the canonical key of the record that it changed."""

    def one(table: str, field: str, value: Any) -> Row:
        found = next(store.rows(table, field, value), None)
        if found is None:
            raise ChangeError(f"there is no {field} {value!r} in {table}")
        return found

    # <type:product|type:order|type:contact>
    def remove(table: str, field: str, value: Any) -> Values:
        return {"key": str(store.remove(table, one(table, field, value)["id"])[field])}

    # </type:product|type:order|type:contact>
    # <type:stocklevel>
    def stock(values: Values) -> Values:
        row, quantity = one("stock", "sku", values["sku"]), values["quantity"]
        counted = {"tracked": False} if quantity is None else {"tracked": True, "on_hand": quantity}
        return {"key": store.patch("stock", row["id"], counted)["sku"]}

    # </type:stocklevel>
    # <type:product>
    def product(values: Values) -> Values:
        row = one("products", "sku", values["sku"])
        changed = {"name": values["title"]} if "title" in values else {}
        if "price" in values:
            changed["price"] = {**row["price"], "amount": str(values["price"])}
        return {"key": store.patch("products", row["id"], changed)["sku"]}

    def product_create(values: Values) -> Values:
        price = {"amount": str(values["price"]), "currency": "EUR"}
        made = {"sku": values["sku"], "name": values["title"], "price": price, "status": "draft"}
        # A person may give one SKU to two products, which no request may.
        row = store.add("products", made, anyhow=True)
        # <type:product,type:stocklevel>
        store.add("stock", {"sku": row["sku"], "tracked": False, "on_hand": 0}, anyhow=True)
        # </type:product,type:stocklevel>
        return {"key": row["sku"]}

    def product_delete(values: Values) -> Values:
        # <type:product,type:stocklevel>
        for row in list(store.rows("stock", "sku", values["sku"])):
            store.remove("stock", row["id"])
        # </type:product,type:stocklevel>
        return remove("products", "sku", values["sku"])

    # </type:product>
    # <type:order>
    def order_create(values: Values) -> Values:
        number = len(store.tables["orders"]) + 1
        lines = [{**item, "name": item["sku"], "price": "5.00"} for item in values["items"]]
        buyer = {"email": values.get("email", "someone@example.com"), "name": "Someone"}
        row = {"status": "new", "currency": "EUR", "total": "5.00", "tax": "0.00", "customer": buyer, "lines": lines}
        named = {"reference": f"WEB-{5000 + number}", "number": str(5000 + number)}
        return {"key": str(store.add("orders", {**row, **named})["id"])}

    def order_status(values: Values) -> Values:
        words = {"processing": "processing", "completed": "done", "cancelled": "cancelled"}
        row = one("orders", "id", values["order"])
        return {"key": str(store.patch("orders", row["id"], {"status": words[values["status"]]})["id"])}

    def order_delete(values: Values) -> Values:
        return remove("orders", "id", values["order"])

    # </type:order>
    # <type:contact>
    def customer(values: Values) -> Values:
        row = one("customers", "email", values["email"])
        return {"key": store.patch("customers", row["id"], {"name": values["name"]})["email"]}

    def customer_create(values: Values) -> Values:
        return {"key": store.add("customers", {"email": values["email"], "name": values["name"]})["email"]}

    def customer_delete(values: Values) -> Values:
        return remove("customers", "email", values["email"])

    # </type:contact>
    # <type:call>
    def call(values: Values) -> Values:
        row = one("calls", "id", values["call"])
        return {"key": str(store.patch("calls", row["id"], {"seconds": values["duration"]})["id"])}

    def call_create(values: Values) -> Values:
        named = {"reference": f"CALL-{5000 + len(store.tables['calls'])}", "direction": "in", "outcome": "answered"}
        said = {"from": values["number"], "to": "+493099", "seconds": values["duration"]}
        return {"key": str(store.add("calls", {**named, **said, "started_at": store.now()})["id"])}

    # </type:call>
    # <type:invoice>
    def invoice_create(values: Values) -> Values:
        number = 5000 + len(store.tables["invoices"])
        lines = [{**item, "name": item["sku"], "price": "5.00"} for item in values["items"]]
        row = {"reference": f"INV-{number}", "number": f"2026-{number:05}", "status": "open", "currency": "EUR"}
        return {"key": str(store.add("invoices", {**row, "total": "5.00", "tax": "0.00", "lines": lines})["id"])}

    def invoice(values: Values) -> Values:
        row = one("invoices", "id", values["invoice"])
        return {"key": str(store.patch("invoices", row["id"], {"status": values["status"]})["id"])}

    # </type:invoice>
    # <type:cart>
    def cart(values: Values) -> Values:
        row = one("carts", "id", values["cart"])
        lines = [{**line, "quantity": values["quantity"]} for line in row["lines"]]
        return {"key": str(store.patch("carts", row["id"], {"lines": lines})["id"])}

    def cart_create(values: Values) -> Values:
        number = len(store.tables["carts"]) + 1
        lines = [{**item, "name": item["sku"], "price": "5.00"} for item in values.get("items", ())]
        row: Row = {"reference": f"CART-{5000 + number}", "status": "open", "currency": "EUR", "total": "5.00"}
        return {"key": str(store.add("carts", {**row, "lines": lines})["id"])}

    # </type:cart>
    return {
        # <type:stocklevel>
        "stock": stock,
        # </type:stocklevel>
        # <type:product>
        "product": product,
        "product_create": product_create,
        "product_delete": product_delete,
        # </type:product>
        # <type:order>
        "order_create": order_create,
        "order_status": order_status,
        "order_delete": order_delete,
        # </type:order>
        # <type:contact>
        "customer": customer,
        "customer_create": customer_create,
        "customer_delete": customer_delete,
        # </type:contact>
        # <type:call>
        "call": call,
        "call_create": call_create,
        # </type:call>
        # <type:invoice>
        "invoice": invoice,
        "invoice_create": invoice_create,
        # </type:invoice>
        # <type:cart>
        "cart": cart,
        "cart_create": cart_create,
        # </type:cart>
    }
