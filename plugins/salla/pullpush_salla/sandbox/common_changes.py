"""The merchant's edits in the words that every platform's sandbox understands; each answers with the canonical `key`.

| kind | values |
| --- | --- |
| `stock` | `sku`, `quantity` (null: unlimited, the platform's usual form of no data), `location` |
| `product` | `sku`, `title`, `price` (what a buyer pays), `compare_at` (before the sale; absent or null: no sale) |
| `product_create` | `sku`, `title`, `price` |
| `product_delete` | `sku` |
| `order_create` | `items` [{`sku`, `quantity`}], `email` |
| `order_status` | `order` (id), `status`: `completed`, `cancelled` or `processing` |
| `order_delete` | `order` (id) |
| `invoice_create` | as of `order_create`: the order is completed, and so gets its invoice |
| `cart_create` | `items` [{`sku`, `quantity`}], `email` |
| `customer` | `email`, `name` |
| `customer_create` | `email`, `name` |
| `customer_delete` | `email` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_salla.sandbox.money import parse_minor
from pullpush_salla.sandbox.records import Customer
from pullpush_salla.sandbox.store import Store
from pullpush_sdk.sandbox import ChangeError

__all__ = ["with_common_words"]

Values = Mapping[str, Any]
Change = Callable[[Values], Values]

_SLUGS = {"completed": "completed", "cancelled": "canceled", "processing": "in_progress"}


def with_common_words(store: Store, own: Mapping[str, Change]) -> dict[str, Change]:
    """The platform's own kinds, which also take the words above."""

    def stock(values: Values) -> Values:
        if "sku" not in values or {"branch", "unlimited"} & set(values) or "quantity" not in values:
            return own["stock"](values)
        edit: dict[str, Any] = {"sku": values["sku"], "unlimited": values["quantity"] is None}
        if values.get("location") is not None:
            edit["branch"] = int(values["location"])
        if values["quantity"] is not None:
            edit["quantity"] = values["quantity"]
        return {**own["stock"](edit), "key": values["sku"]}

    def product(values: Values) -> Values:
        row = store.by_sku.get(str(values.get("sku")))
        if row is not None and row[1] is not None and "price" in values:
            # The price of a product in several forms stands on the form that the SKU names.
            priced = _priced(values)
            row[1].price, row[1].updated_at = parse_minor(priced["price"]), store.clock.now()
            row[1].sale_price = parse_minor(priced["sale_price"]) or None
            store.touch_product(row[0], "product.updated", "product.price.updated")
            values = {name: each for name, each in values.items() if name not in priced and name != "compare_at"}
            if set(values) == {"sku"}:
                return {"id": row[0].id, "key": values["sku"]}
        elif "price" in values:
            values = {**values, **_priced(values)}
        values = {name: each for name, each in values.items() if name != "compare_at"}
        return {**own["product"](_renamed(values, title="name")), "key": values.get("sku")}

    def product_create(values: Values) -> Values:
        if "title" not in values:
            return own["product_create"](values)
        made = {"product_type": "product", "quantity": 0, "images": [{"original": "https://cdn.example.com/p.png"}]}
        return {**own["product_create"](made | _renamed(values, title="name")), "key": values.get("sku")}

    def product_delete(values: Values) -> Values:
        return {**own["product_delete"](values), "key": values.get("sku")}

    def buyer(values: Values) -> int | None:
        known = _by_email(store, values["email"])
        return known.id if known else customer_create(values)["id"]

    def cart_create(values: Values) -> Values:
        if "customer_id" in values:
            return own["cart_create"](values)
        # A cart is told of only where its owner is known.
        owner = buyer({"email": "shopper@example.com", **values})
        made = own["cart_create"]({"items": values.get("items"), "customer_id": owner})
        return {**made, "key": str(made["id"])}

    def order_create(values: Values) -> Values:
        edit = {"items": values.get("items")}
        if values.get("email"):
            edit["customer_id"] = buyer(values)
        made = own["order_create"](values if "customer_id" in values else edit)
        return {**made, "key": str(made["id"])}

    def order_status(values: Values) -> Values:
        if "order" not in values:
            return own["order_status"](values)
        slug = _SLUGS.get(values.get("status", ""))
        if slug is None:
            raise ChangeError(f"status is one of {', '.join(_SLUGS)}")
        edit = {"order_id": _order_id(values), "slug": slug}
        return {**own["order_status"](edit), "key": str(values["order"])}

    def order_delete(values: Values) -> Values:
        order = store.orders.get(_order_id(values))
        if order is None:
            raise ChangeError(f"no order has the id {values.get('order')!r}")
        store.remove_order(order)
        return {"id": order.id, "key": str(order.id)}

    def invoice_create(values: Values) -> Values:
        order = store.orders[order_create(values)["id"]]
        own["order_status"]({"order_id": order.id, "slug": "completed"})
        return {"key": str(store.invoices_of(order)[0].id)}

    def customer(values: Values) -> Values:
        if "customer_id" in values:
            return own["customer"](values)
        return _keyed(own["customer"]({"customer_id": _named(store, values).id, **_names(values)}), values)

    def customer_create(values: Values) -> Values:
        if "first_name" in values:
            return own["customer_create"](values)
        taken = max((int(each.mobile) for each in store.customers.values()), default=500_000_000)
        mobile = {"mobile": str(taken + 1), "mobile_code_country": "+966", "email": values.get("email")}
        return _keyed(own["customer_create"]({**mobile, **_names(values)}), values)

    def customer_delete(values: Values) -> Values:
        found = _named(store, values)
        store.remove_customer(found)
        return _keyed({"id": found.id}, values)

    return {
        **own,
        "cart_create": cart_create,
        "customer": customer,
        "customer_create": customer_create,
        "customer_delete": customer_delete,
        "invoice_create": invoice_create,
        "order_create": order_create,
        "order_delete": order_delete,
        "order_status": order_status,
        "product": product,
        "product_create": product_create,
        "product_delete": product_delete,
        "stock": stock,
    }


def _priced(values: Values) -> dict[str, Any]:
    """The regular price and that of a sale, nought for none; who names a sale price speaks the platform's words."""
    if "sale_price" in values:
        return {"price": values["price"], "sale_price": values["sale_price"]}
    before = values.get("compare_at")
    if before is None:
        return {"price": values["price"], "sale_price": 0}
    return {"price": before, "sale_price": values["price"]}


def _order_id(values: Values) -> int:
    text = str(values.get("order"))
    return int(text) if text.isdecimal() else 0


def _renamed(values: Values, **names: str) -> dict[str, Any]:
    return {names.get(name, name): each for name, each in values.items()}


def _names(values: Values) -> dict[str, str]:
    first, _, last = str(values.get("name") or "A buyer").strip().partition(" ")
    return {"first_name": first, "last_name": last or first}


def _by_email(store: Store, email: Any) -> Customer | None:
    wanted = str(email).casefold()
    return next((each for each in store.customers.values() if each.email.casefold() == wanted), None)


def _named(store: Store, values: Values) -> Customer:
    found = _by_email(store, values.get("email"))
    if found is None:
        raise ChangeError(f"no customer has the mail address {values.get('email')!r}")
    return found


def _keyed(answer: Values, values: Values) -> Values:
    return {**answer, "key": str(values.get("email")).casefold()}
