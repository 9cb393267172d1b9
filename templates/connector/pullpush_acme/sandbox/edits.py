"""What a merchant does in the shop, by the names that the laws of conformance know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# <type:product|type:stocklevel|type:order|type:contact>
from pullpush_sdk.sandbox import ChangeError

# </type:product|type:stocklevel|type:order|type:contact>
from .store import Row, Store

__all__ = ["edits"]

Values = Mapping[str, Any]


def edits(store: Store) -> Mapping[str, Callable[[Values], Values]]:
    """Edits by kind; each returns the canonical key of the record that it changed."""

    # <type:product|type:stocklevel|type:order|type:contact>
    def one(table: str, field: str, value: Any) -> Row:
        found = next(store.rows(table, field, value), None)
        if found is None:
            raise ChangeError(f"there is no {field} {value!r} in {table}")
        return found

    # </type:product|type:stocklevel|type:order|type:contact>
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
        row = store.add("products", {"sku": values["sku"], "name": values["title"], "price": price, "status": "draft"})
        # <type:product,type:stocklevel>
        store.add("stock", {"sku": row["sku"], "tracked": False, "on_hand": 0})
        # </type:product,type:stocklevel>
        return {"key": row["sku"]}

    def product_delete(values: Values) -> Values:
        row = one("products", "sku", values["sku"])
        return {"key": store.patch("products", row["id"], {"status": "archived"})["sku"]}

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

    # </type:order>
    # <type:contact>
    def customer(values: Values) -> Values:
        row = one("customers", "email", values["email"])
        return {"key": store.patch("customers", row["id"], {"name": values["name"]})["email"]}

    def customer_create(values: Values) -> Values:
        return {"key": store.add("customers", {"email": values["email"], "name": values["name"]})["email"]}

    def customer_delete(values: Values) -> Values:
        row = one("customers", "email", values["email"])
        blank = {"email": None, "name": None, "company": None, "phone": None}  # the law: a person may be forgotten
        return {"key": str(store.patch("customers", row["id"], blank)["id"])}

    # </type:contact>
    # <type:cart>
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
        # </type:order>
        # <type:contact>
        "customer": customer,
        "customer_create": customer_create,
        "customer_delete": customer_delete,
        # </type:contact>
        # <type:cart>
        "cart_create": cart_create,
        # </type:cart>
    }
