"""What the merchant does behind the connector's back: the kinds of `POST /_sandbox/change`.

| kind | values |
| --- | --- |
| `stock` | `sku`, `quantity`, `location` (gid, number or name; default the first), `active` (optional); null: |
| | the item is not counted any more, until a number comes again |
| `track` | `sku`, `tracked` |
| `product` | `sku`, `handle`; `title`, `price`, `compare_at`, `status`, `description`, `new_sku`; `delete`, `create` |
| `order` | `id` (gid, number or name); `financial_status`, `fulfillment_status`, `note`, `tags`, `edit`; `cancel`; |
| | `delete`; or `create` |
| `customer` | `email` and `name` or `first_name`, `last_name`; `phone`, `note`; `delete`; or `create` |
| `checkout` | `sku`, `quantity`, `email`, `lines` (of the same, default 1): a checkout is left behind; or |
| | `id` (gid, number or name) of one that was: its first line's `quantity`, a line of `sku`, or `completed` |
| `cart_create` | `items`: a list of `sku` and `quantity`, `email`: the same in the words that all sandboxes share |
| `pictures` | `sku`, `count`, `ready`: the product's pictures |
| `renumber` | `id` (gid), `number`: a record gets the number that a sample of the vendor's names |
| `uninstall` | the app is uninstalled: its tokens and subscriptions end |
| `compliance` | `topic`: customers/data_request, customers/redact or shop/redact; `email` |

Those of `_merchant` besides.

Each moves the record's time and fires its webhooks. `create` is the input of `productSet`, `orderCreate` or
`customerSet`, as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_sdk.sandbox import ChangeError
from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._customers import find_customer
from pullpush_shopify.sandbox._graphql import Engine
from pullpush_shopify.sandbox._inventory import set_available, track
from pullpush_shopify.sandbox._merchant import (
    SHARED,
    amount_of,
    customer_key,
    drop_order,
    find_item,
    product_key,
    split_name,
)
from pullpush_shopify.sandbox._model import Checkout, CheckoutLine, Location, Order, Picture, Product
from pullpush_shopify.sandbox._money import Bag, to_minor
from pullpush_shopify.sandbox._orders import cancel
from pullpush_shopify.sandbox._payloads import COMPLIANCE
from pullpush_shopify.sandbox._totals import recalculate

__all__ = ["changes"]

Values = Mapping[str, Any]

_CREATE = {
    "product": (
        "mutation Change($input: ProductSetInput!) { productSet(input: $input) { product { id }"
        " userErrors { message } } }"
    ),
    "order": (
        "mutation Change($input: OrderCreateOrderInput!) { orderCreate(order: $input) { order { id }"
        " userErrors { message } } }"
    ),
    "customer": (
        "mutation Change($input: CustomerSetInput!) { customerSet(input: $input) { customer { id }"
        " userErrors { message } } }"
    ),
}
_FULFILLMENT_TOPICS = {"FULFILLED": "orders/fulfilled", "PARTIALLY_FULFILLED": "orders/partially_fulfilled"}


def changes(make_call: Callable[[], Call], engine: Engine) -> Mapping[str, Callable[[Values], Values]]:
    """The merchant's edits by kind; `make_call` gives a call with every right."""

    def bound(edit: Callable[[Values, Call], Values], kind: str) -> Callable[[Values], Values]:
        def run(values: Values) -> Values:
            call = make_call()
            if "create" in values:
                return _create(kind, values["create"], call, engine)
            return edit(values, call)

        return run

    edits = {
        "stock": _stock,
        "track": _track,
        "product": _product,
        "order": _order,
        "customer": _customer,
        "cart": lambda values, call: _checkout_edit({"id": values.get("cart"), "quantity": values["quantity"]}, call),
        "cart_create": _cart_create,
        "checkout": _checkout,
        "compliance": _compliance,
        "pictures": _pictures,
        "renumber": _renumber,
        "uninstall": _uninstall,
        **SHARED,
    }
    return {kind: bound(edit, kind) for kind, edit in edits.items()}


def _create(kind: str, given: Any, call: Call, engine: Engine) -> Values:
    if kind not in _CREATE:
        raise ChangeError(f"a {kind} change cannot create", hint=f"one of {', '.join(sorted(_CREATE))}")
    result = engine.run(_CREATE[kind], {"input": given}, None, call)
    if result.errors or result.data is None:
        raise ChangeError(f"the {kind} was refused: {result.errors[0]['message']}")
    (answer,) = result.data.values()
    if answer["userErrors"]:
        raise ChangeError(f"the {kind} was refused: {answer['userErrors'][0]['message']}")
    return {kind: answer[kind]["id"]}


def _location(values: Values, call: Call) -> Location:
    places = list(call.store.locations.values())
    wanted = values.get("location")
    if wanted is None:
        return places[0]
    for place in places:
        if str(wanted) in (place.gid, str(place.id), place.name):
            return place
    names = ", ".join(f"{place.name} ({place.id})" for place in places)
    raise ChangeError(f"there is no location {wanted!r}", hint=f"known: {names}")


def _stock(values: Values, call: Call) -> Values:
    quantity = values.get("quantity")
    item, location = find_item(values, call), _location(values, call)
    if quantity is None and "quantity" in values:
        track(call, item, tracked=False)
        call.store.hidden.add(item.id)
        return {"item": item.gid, "location": location.gid, "quantity": None, "key": item.sku}
    if not isinstance(quantity, int) or isinstance(quantity, bool):
        raise ChangeError(f"`quantity` must be a whole number, not {quantity!r}")
    if item.id in call.store.hidden:
        call.store.hidden.discard(item.id)
        track(call, item, tracked=True)
    level = item.levels.get(location.id)
    if level is not None and "active" in values:
        level.is_active = bool(values["active"])
    set_available(call, item, location, quantity, active=bool(values.get("active", True)))
    return {"item": item.gid, "location": location.gid, "quantity": quantity, "key": item.sku}


def _track(values: Values, call: Call) -> Values:
    item = find_item(values, call)
    track(call, item, tracked=bool(values.get("tracked", True)))
    return {"item": item.gid, "tracked": item.tracked, "key": item.sku}


def _find_product(values: Values, call: Call) -> Product:
    if "sku" in values:
        return find_item(values, call).variant.product
    for product in call.store.products.values():
        if product.handle == values.get("handle"):
            return product
    raise ChangeError("no such product", hint="give `sku` or `handle`")


def _product(values: Values, call: Call) -> Values:
    store, product = call.store, _find_product(values, call)
    if values.get("delete"):
        store.drop_product(product)
        store.emit("products/delete", product)
        return {"product": product.gid, "deleted": True}
    store.changed(product)
    for name, attribute in (("title", "title"), ("status", "status"), ("description", "description_html")):
        if name in values:
            setattr(product, attribute, str(values[name]))
    if "price" in values:
        variant = find_item(values, call).variant if "sku" in values else product.variants[0]
        store.changed(variant)
        variant.price = to_minor(amount_of(values["price"]), store.currency)
        if "compare_at" in values:
            before = values["compare_at"]
            variant.compare_at_price = None if before is None else to_minor(amount_of(before), store.currency)
    if "new_sku" in values:
        item = find_item(values, call)
        store.changed(item, sku=item.sku)
        store.set_sku(item, values["new_sku"])
        store.emit("inventory_items/update", item)
    store.emit("products/update", product)
    return {"product": product.gid, "key": product_key(product)}


def _find_order(values: Values, call: Call) -> Order:
    wanted = str(values.get("id", ""))
    for order in call.store.orders.values():
        if wanted in (order.gid, str(order.id), order.name, order.name.lstrip("#")):
            return order
    raise ChangeError(f"no such order: {wanted!r}", hint="give `id`: a gid, its number or the order's name")


def _order(values: Values, call: Call) -> Values:
    store, order = call.store, _find_order(values, call)
    if values.get("cancel"):
        cancel(call, order, reason="CUSTOMER", restock=bool(values.get("restock", False)))
        return {"order": order.gid, "cancelled": True}
    if values.get("delete"):
        drop_order(order, call)
        return {"order": order.gid, "deleted": True}
    store.changed(order)
    for name in ("note", "tags", "email", "phone"):
        if name in values:
            setattr(order, name, values[name])
    topics = []
    if "financial_status" in values:
        order.financial_status = str(values["financial_status"])
        if order.financial_status == "PAID":
            order.received = order.current_total
            topics.append("orders/paid")
    if "fulfillment_status" in values:
        order.fulfillment_status = str(values["fulfillment_status"])
        topics += [t for s, t in _FULFILLMENT_TOPICS.items() if s == order.fulfillment_status]
    if values.get("edit"):
        order.lines[0].current_quantity = max(0, order.lines[0].current_quantity - 1)
        topics.append("orders/edited")
    recalculate(order)
    for topic in [*topics, "orders/updated"]:
        store.emit(topic, order)
    return {"order": order.gid, "key": str(order.id)}


def _customer(values: Values, call: Call) -> Values:
    customer = find_customer(call, email=str(values.get("email", "")))
    if customer is None:
        raise ChangeError(f"no customer has the e-mail address {values.get('email')!r}")
    if values.get("delete"):
        return SHARED["customer_delete"](values, call)
    call.store.changed(customer)
    if "name" in values:
        customer.first_name, customer.last_name = split_name(str(values["name"]))
    for name in ("first_name", "last_name", "phone", "note"):
        if name in values:
            setattr(customer, name, values[name])
    call.store.emit("customers/update", customer)
    return {"customer": customer.gid, "key": customer_key(customer)}


def _checkout(values: Values, call: Call) -> Values:
    if "id" in values:
        return _checkout_edit(values, call)
    wanted = [{name: values[name] for name in ("sku", "quantity") if name in values}] * int(values.get("lines", 1))
    return _cart_create({**values, "items": wanted}, call)


def _cart_create(values: Values, call: Call) -> Values:
    store, now = call.store, call.store.now()
    lines = [_checkout_line(each, call) for each in values.get("items") or ()]
    if not lines:
        raise ChangeError("a cart needs `items`", hint="a list of sku and quantity")
    checkout = Checkout(
        id=store.new_id("AbandonedCheckout"),
        created_at=now,
        updated_at=now,
        name=f"#{40_000_000 + len(store.checkouts)}",
        token=f"{store.random.getrandbits(128):032x}",
        lines=lines,
        customer=find_customer(call, email=values.get("email")),
    )
    store.checkouts[checkout.id] = checkout
    store.changed(checkout, is_new=True)
    store.emit("checkouts/create", checkout)
    return {"checkout": checkout.gid, "key": str(checkout.id)}


def _checkout_edit(values: Values, call: Call) -> Values:
    """The buyer comes back to what was left behind."""
    store, wanted = call.store, str(values["id"])
    named = [each for each in store.checkouts.values() if wanted in (each.gid, str(each.id), each.name)]
    if not named:
        raise ChangeError(f"there is no checkout {wanted}", hint="`id` is its gid, number or name")
    (checkout,) = named
    if "sku" in values:
        checkout.lines.append(_checkout_line({"sku": values["sku"]}, call))
    elif "quantity" in values:
        checkout.lines[0].quantity = int(values["quantity"])
    if values.get("completed"):
        checkout.completed_at = store.now()
    store.changed(checkout)
    store.emit("checkouts/update", checkout)
    return {"checkout": checkout.gid, "key": str(checkout.id)}


def _checkout_line(values: Values, call: Call) -> CheckoutLine:
    store, variant = call.store, find_item(values, call).variant
    price = Bag(variant.price, store.currency, variant.price, store.currency)
    return CheckoutLine(
        id=store.new_id("AbandonedCheckoutLineItem"),
        title=variant.product.title,
        quantity=int(values.get("quantity", 1)),
        price=price,
        discount=price.zero,
        sku=variant.sku,
        variant=variant,
    )


def _pictures(values: Values, call: Call) -> Values:
    product = find_item(values, call).variant.product
    call.store.changed(product)
    product.media = [
        Picture(
            id=call.store.new_id("MediaImage"),
            url=f"https://cdn.shopify.example/files/{product.handle}-{position}.jpg",
            status="READY" if values.get("ready", True) else "PROCESSING",
        )
        for position in range(int(values.get("count", 1)))
    ]
    call.store.emit("products/update", product)
    return {"product": product.gid, "key": product_key(product)}


def _renumber(values: Values, call: Call) -> Values:
    gid, number = str(values.get("id", "")), values.get("number")
    record = call.store.by_gid(gid.removeprefix("gid://shopify/").partition("/")[0], gid)
    if record is None or not isinstance(number, int):
        raise ChangeError(f"no such record, or no number: {gid!r}, {number!r}")
    call.store.renumber(record, number)
    return {"id": record.gid}


def _uninstall(_values: Values, call: Call) -> Values:
    """The topic still goes out; then the app's tokens and subscriptions are gone."""
    call.store.emit("app/uninstalled", call.store)
    call.store.subscriptions.clear()
    call.store.uninstalled()
    return {"uninstalled": True}


def _compliance(values: Values, call: Call) -> Values:
    topic = str(values.get("topic", ""))
    if topic not in COMPLIANCE:
        raise ChangeError(f"{topic!r} is no compliance topic", hint=f"one of {', '.join(COMPLIANCE)}")
    customer = find_customer(call, email=str(values["email"])) if values.get("email") else None
    call.store.emit(topic, customer)
    return {"topic": topic}
