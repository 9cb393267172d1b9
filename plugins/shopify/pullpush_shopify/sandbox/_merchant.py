"""The merchant's edits in the words that all sandboxes share; each names the canonical key of what it changed.

| kind | values |
| --- | --- |
| `product_create` | `sku`, `title`, `price` |
| `product_delete` | `sku` |
| `sku` | `sku`, `new_sku`; `which` of those that carry it (0): one may be taken, SKUs are not unique |
| `order_create` | `items`: a list of `sku` and `quantity`; `email` |
| `order_status` | `order` (its number), `status`: completed, processing or cancelled |
| `customer_create` | `email`, `name` |
| `customer_delete` | `email` |

`stock`, `product` and `customer` of `_change` belong to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pullpush_sdk.sandbox import ChangeError
from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._catalogue import create_product
from pullpush_shopify.sandbox._customers import find_customer, new_customer, write_customer
from pullpush_shopify.sandbox._model import Customer, Item, Order, Product
from pullpush_shopify.sandbox._orders import cancel, create_order, pay
from pullpush_shopify.sandbox._totals import recalculate

__all__ = ["SHARED", "amount_of", "customer_key", "drop_order", "find_item", "product_key", "split_name"]

Values = Mapping[str, Any]

_STATES = {"completed": ("PAID", "FULFILLED"), "processing": ("PAID", "IN_PROGRESS")}


def find_item(values: Values, call: Call) -> Item:
    """The item of the SKU that the values name.

    Raises:
        ChangeError: there is none.
    """
    found = call.store.items_with_sku(str(values.get("sku", "")))
    if not found:
        raise ChangeError(f"no item has the SKU {values.get('sku')!r}", hint="give `sku`, e.g. SKU-00001")
    return found[0]


def product_key(product: Product) -> str:
    """What a product is known by: the SKU of the first variant that has one."""
    return next((variant.sku for variant in product.variants if variant.sku), "")


def customer_key(customer: Customer) -> str:
    """What a customer is known by: the e-mail address, else the number."""
    return customer.email.casefold() if customer.email else f"id:{customer.id}"


def amount_of(value: Any) -> Decimal:
    """An amount from JSON.

    Raises:
        ChangeError: it is none.
    """
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ChangeError(f"{value!r} is not an amount") from error


def split_name(name: str) -> tuple[str | None, str | None]:
    """First and last name."""
    first, _, last = name.strip().rpartition(" ")
    return first or None, last or None


def _create_product(values: Values, call: Call) -> Values:
    for name in ("sku", "title", "price"):
        if name not in values:
            raise ChangeError(f"a new product needs `{name}`")
    variant = {"optionValues": [], "sku": str(values["sku"]), "price": amount_of(values["price"])}
    made = create_product({"title": str(values["title"]), "productOptions": [], "variants": [variant]}, call)
    for made_variant in made.variants:
        made_variant.item.tracked = True  # a merchant's form counts by default
    return {"product": made.gid, "key": product_key(made)}


def _delete_product(values: Values, call: Call) -> Values:
    product = find_item(values, call).variant.product
    key = product_key(product)
    for variant in product.variants:
        call.store.emit("inventory_items/delete", variant.item)
    call.store.drop_product(product)
    call.store.emit("products/delete", product)
    return {"product": product.gid, "deleted": True, "key": key}


def _create_order(values: Values, call: Call) -> Values:
    lines = []
    for each in values.get("items") or ():
        variant = find_item(each, call).variant
        lines.append({"variantId": variant.gid, "quantity": int(each.get("quantity", 1))})
    given: dict[str, Any] = {"lineItems": lines, "test": False, "taxesIncluded": False, "financialStatus": "PENDING"}
    if values.get("email"):
        given |= {"email": str(values["email"]), "customer": {"toUpsert": {"email": str(values["email"])}}}
    order = create_order(given, call)
    return {"order": order.gid, "key": str(order.id)}


def _set_status(values: Values, call: Call) -> Values:
    order, status = _find_order(values, call), str(values.get("status", ""))
    if status == "cancelled":
        cancel(call, order, reason="OTHER", restock=False)
    elif status in _STATES:
        call.store.changed(order)
        order.financial_status, order.fulfillment_status = _STATES[status]
        recalculate(order)
        call.store.emit("orders/updated", order)
    else:
        raise ChangeError(f"an order cannot be made {status!r}", hint=f"one of cancelled, {', '.join(_STATES)}")
    return {"order": order.gid, "key": str(order.id)}


def _delete_order(values: Values, call: Call) -> Values:
    order = _find_order(values, call)
    drop_order(order, call)
    return {"order": order.gid, "deleted": True, "key": str(order.id)}


def drop_order(order: Order, call: Call) -> None:
    """Take an order away and tell of it."""
    del call.store.orders[order.id]
    call.store.version += 1
    call.store.emit("orders/delete", order)


def _create_invoice(values: Values, call: Call) -> Values:
    """A new order that is paid at once: the shop's invoices are its paid orders."""
    made = _create_order(values, call)
    pay(call.store.orders[int(made["key"])], call)
    return made


def _find_order(values: Values, call: Call) -> Order:
    number = str(values.get("order", ""))
    order = call.store.orders.get(int(number)) if number.isdecimal() else None
    if order is None:
        raise ChangeError(f"no such order: {number!r}", hint="give `order`: its number")
    return order


def _create_customer(values: Values, call: Call) -> Values:
    email = str(values.get("email", ""))
    if "@" not in email or find_customer(call, email=email) is not None:
        raise ChangeError(f"{email!r} is no e-mail address, or taken")
    first, last = split_name(str(values.get("name", "")))
    customer = new_customer(call)
    write_customer(call, customer, {"email": email, "firstName": first, "lastName": last}, is_new=True)
    return {"customer": customer.gid, "key": customer_key(customer)}


def _delete_customer(values: Values, call: Call) -> Values:
    customer = find_customer(call, email=str(values.get("email", "")))
    if customer is None:
        raise ChangeError(f"no customer has the e-mail address {values.get('email')!r}")
    call.store.drop_customer(customer)
    call.store.emit("customers/delete", customer)
    return {"customer": customer.gid, "deleted": True, "key": customer_key(customer)}


def _change_sku(values: Values, call: Call) -> Values:
    find_item(values, call)
    item = sorted(call.store.items_with_sku(str(values["sku"])), key=lambda each: each.id)[int(values.get("which", 0))]
    product = item.variant.product
    call.store.changed(item, sku=item.sku)
    call.store.set_sku(item, str(values["new_sku"]))
    call.store.changed(product)
    call.store.emit("inventory_items/update", item)
    call.store.emit("products/update", product)
    return {"key": str(values["new_sku"]), "id": product.gid}


SHARED: Mapping[str, Callable[[Values, Call], Values]] = {
    "customer_create": _create_customer,
    "customer_delete": _delete_customer,
    "invoice_create": _create_invoice,
    "order_create": _create_order,
    "order_delete": _delete_order,
    "order_status": _set_status,
    "product_create": _create_product,
    "product_delete": _delete_product,
    "sku": _change_sku,
}
