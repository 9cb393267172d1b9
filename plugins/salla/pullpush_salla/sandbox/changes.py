"""Edits by the merchant, for `POST /_sandbox/change`.

| kind | values |
| --- | --- |
| `stock` | `sku` or `variant_id` or `product_id`; `quantity` (number or null), `unlimited`, `branch` |
| `product_create` | as `POST /products` |
| `product` | `sku`, and as `PUT /products/{product}` (`price`, `sale_price`, `name`, `status`, ...) |
| `product_delete` | `sku` |
| `sku` | `sku`, `new_sku`; `which` of the products that carry it (0): one may be taken, as in old data |
| `order_create` | `items` [{`sku`, `quantity`}], `customer_id` (absent: a guest) |
| `order_status` | `order_id` or `reference_id`; `slug`, `restore_items` |
| `customer_create` | as `POST /customers` |
| `customer` | `customer_id`, and as `PUT /customers/{customer}` |
| `cart_create` | `customer_id`, `items` [{`sku`, `quantity`}] |
| `cart_purchased` | `cart_id` |
| `user` | `state`: `active`, `inactive`, `deleted` |
| `expire_tokens` | access tokens end, refresh tokens stay |
| `authorize` | the merchant authorises anew: new tokens, `app.store.authorize` |
| `uninstall` | all tokens are revoked, `app.uninstalled` |

Beside these the words of `common_changes` are understood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_salla.sandbox.bulk import find_row
from pullpush_salla.sandbox.common_changes import with_common_words
from pullpush_salla.sandbox.events import Events
from pullpush_salla.sandbox.new_order import make_line
from pullpush_salla.sandbox.records import Cart, Customer, History, Line, Order
from pullpush_salla.sandbox.routes_catalog import create_product, edit_product
from pullpush_salla.sandbox.routes_people import create_customer, edit_customer
from pullpush_salla.sandbox.routing import Platform
from pullpush_salla.sandbox.store import Row, Store
from pullpush_salla.sandbox.wire import ApiError
from pullpush_salla.sandbox.words import BUILT_IN
from pullpush_sdk.sandbox import ChangeError

__all__ = ["make_changes"]

Values = Mapping[str, Any]
Change = Callable[[Values], Values]


def make_changes(platform: Platform, events: Events) -> dict[str, Change]:
    """The table above."""
    store, tokens = platform.store, platform.tokens

    def user(values: Values) -> Values:
        if values.get("state") not in ("active", "inactive", "deleted"):
            raise ChangeError("state is one of active, inactive, deleted")
        tokens.user_state = values["state"]
        return {"state": tokens.user_state}

    def expire(_: Values) -> Values:
        tokens.expire_access()
        return {"expired": True}

    def authorize(_: Values) -> Values:
        grant = tokens.grant()
        events.authorized(grant)
        return {"access_token": grant.access_token, "refresh_token": grant.refresh_token}

    def uninstall(_: Values) -> Values:
        tokens.revoke_all()
        events.app_event("app.uninstalled", {})
        return {"uninstalled": True}

    changes: dict[str, Change] = {
        "authorize": authorize,
        "cart_create": lambda v: _cart_create(store, v),
        "cart_purchased": lambda v: _cart_purchased(store, v),
        "customer": lambda v: {"id": edit_customer(store, _customer(store, v), v).id},
        "customer_create": lambda v: {"id": create_customer(store, v).id},
        "expire_tokens": expire,
        "order_create": lambda v: _order_create(store, v),
        "order_status": lambda v: _order_status(store, v),
        "product": lambda v: {"id": edit_product(store, _row(store, v)[0], _without(v, "sku")).id},
        "product_create": lambda v: {"id": create_product(store, v).id},
        "product_delete": lambda v: _product_delete(store, v),
        "sku": lambda v: _change_sku(store, v),
        "stock": lambda v: _stock(store, v),
        "uninstall": uninstall,
        "user": user,
    }
    return {kind: _plainly(change) for kind, change in with_common_words(store, changes).items()}


def _plainly(change: Change) -> Change:
    """An edit that the platform's own rules refuse is a mistake of the test that asked for it."""

    def plain(values: Values) -> Values:
        try:
            return change(values)
        except ApiError as error:
            fields = {key: [w[1] for w in words] for key, words in (error.fields or {}).items()}
            raise ChangeError(f"{error.words[1]} {fields or ''}".strip()) from error

    return plain


def _without(values: Values, key: str) -> Values:
    return {name: value for name, value in values.items() if name != key}


def _row(store: Store, values: Values) -> Row:
    for key, kind in (("sku", "sku"), ("variant_id", "variant_id"), ("product_id", "id")):
        if key in values:
            row = find_row(store, kind, str(values[key]))
            if row is None:
                raise ChangeError(f"no product or variant has {key} {values[key]!r}")
            return row
    raise ChangeError("name a sku, variant_id or product_id")


def _customer(store: Store, values: Values) -> Customer:
    customer = store.customers.get(values.get("customer_id", 0))
    if customer is None:
        raise ChangeError(f"no customer has the id {values.get('customer_id')!r}")
    return customer


def _lines(store: Store, values: Values) -> list[Line]:
    items = values.get("items")
    if not isinstance(items, list) or not items:
        raise ChangeError("items is a list of {sku, quantity}")
    return [make_line(store, _row(store, item), int(item.get("quantity", 1))) for item in items]


def _stock(store: Store, values: Values) -> Values:
    row = _row(store, values)
    branch = values.get("branch", store.default_branch.id)
    if branch not in store.branches:
        raise ChangeError(f"no branch has the id {branch!r}")
    stock = row[1].stock if row[1] else row[0].stock
    if "unlimited" in values:
        stock.unlimited = bool(values["unlimited"])
    if "quantity" in values:
        quantity = values["quantity"]
        if quantity is not None and (isinstance(quantity, bool) or not isinstance(quantity, int)):
            raise ChangeError(f"quantity is a whole number or null, not {quantity!r}")
        store.set_quantity(row, branch, quantity, reason="merchant")
    return {"unlimited": stock.unlimited, "by_branch": {str(k): v for k, v in stock.by_branch.items()}}


def _product_delete(store: Store, values: Values) -> Values:
    product = _row(store, values)[0]
    store.remove_product(product)
    return {"id": product.id}


def _change_sku(store: Store, values: Values) -> Values:
    found = [product for product in store.products.values() if product.sku == values.get("sku")]
    if not found:
        raise ChangeError(f"no product has the sku {values.get('sku')!r}")
    product = found[int(values.get("which", 0))]
    product.sku = str(values["new_sku"])
    store.touch_product(product, "product.updated")
    return {"id": product.id, "key": product.sku}


def _order_create(store: Store, values: Values) -> Values:
    lines = _lines(store, values)
    now = store.clock.now()
    buyer = _customer(store, values) if "customer_id" in values else None
    order = Order(
        id=store.new_id(),
        reference_id=40_000_000 + len(store.orders) + 1,
        created_at=now,
        updated_at=now,
        status_id=BUILT_IN["under_review"].id,
        payment_method="bank",
        lines=lines,
        customer=buyer or Customer(None, "زائر", "", "599999999", "+966", "", now, now),
        branch_id=store.default_branch.id,
    )
    order.histories.append(History(store.new_id(), order.status_id, "", now))
    store.add_order(order)
    return {"id": order.id, "reference_id": order.reference_id}


def _order_status(store: Store, values: Values) -> Values:
    wanted = (values.get("order_id"), values.get("reference_id"))
    order = next((o for o in store.orders.values() if o.id == wanted[0] or o.reference_id == wanted[1]), None)
    status = BUILT_IN.get(values.get("slug", ""))
    if order is None or status is None:
        raise ChangeError("name an order_id or reference_id that exists, and the slug of a built-in status")
    store.set_status(order, status.id, restore_items=bool(values.get("restore_items")))
    return {"id": order.id, "slug": status.slug}


def _cart_create(store: Store, values: Values) -> Values:
    now = store.clock.now()
    cart = Cart(store.new_id(), now, now, _customer(store, values), _lines(store, values))
    store.add_cart(cart)
    return {"id": cart.id}


def _cart_purchased(store: Store, values: Values) -> Values:
    cart = store.carts.get(values.get("cart_id", 0))
    if cart is None:
        raise ChangeError(f"no cart has the id {values.get('cart_id')!r}")
    store.purchase_cart(cart)
    return {"id": cart.id}
