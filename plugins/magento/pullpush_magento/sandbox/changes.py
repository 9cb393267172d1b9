"""What a merchant edits by hand, and what shoppers do; stamped with the platform's whole seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_magento.sandbox.catalog import Catalog
from pullpush_magento.sandbox.checkout import Checkout
from pullpush_magento.sandbox.offers import FILTERED, checked
from pullpush_magento.sandbox.people import People
from pullpush_magento.sandbox.sales import Sales
from pullpush_magento.sandbox.sales_rows import ADDRESS, cents
from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.stock import Stock
from pullpush_magento.sandbox.wire import Asked, Refusal
from pullpush_sdk.sandbox import ChangeError

__all__ = ["Changes"]

Json = Any
Values = Mapping[str, Json]

_STATES = {
    "completed": ("complete", "complete"),
    "cancelled": ("canceled", "canceled"),
    "processing": ("processing", "processing"),
    "on_hold": ("holded", "holded"),
}


class Changes:
    """Edits by kind; each answers with the canonical `key` of what changed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._catalog, self._stock, self._people = Catalog(state), Stock(state), People(state)
        self._checkout, self._sales = Checkout(state), Sales(state)

    def table(self) -> Mapping[str, Callable[[Values], Values]]:
        """Kind to what it does."""
        kinds = {
            "stock": self.stock,
            "product": self.product,
            "product_create": self.product_create,
            "product_delete": self.product_delete,
            "sku": self.sku,
            "cart_create": self.cart_create,
            "invoice_create": self.invoice_create,
            "order": self.order,
            "order_create": self.order_create,
            "order_status": self.order_status,
            "customer": self.customer,
            "customer_create": self.customer_create,
            "customer_delete": self.customer_delete,
            "source": self.source,
        }
        return {name: _guarded(change) for name, change in kinds.items()}

    def stock(self, values: Values) -> Values:
        """`sku`, `quantity` (null: stock is no longer managed), `location`, `manage_stock`, `backorders`."""
        sku = str(values.get("sku"))
        item = self._state.stock_items[self._state.product(sku)["id"]]
        place = str(values.get("location") or values.get("source") or "default")
        if "quantity" in values and values["quantity"] is None:
            item |= {"manage_stock": False, "use_config_manage_stock": False}
        elif "quantity" in values:
            if place not in {each["source_code"] for each in self._state.sources}:
                raise ChangeError(f"no source {place!r}")
            item |= {"manage_stock": True}
            self._stock.put(sku, place, _number(values["quantity"]), int(values["quantity"] > 0))
        for name in ("manage_stock", "backorders", "qty"):
            if name in values:
                item[name] = values[name]
        return {"key": sku, **item}

    def product(self, values: Values) -> Values:
        """`sku`, `title` or `name`, `status`; a parent's own time stands still.

        `price` is what a buyer pays, `compare_at` what it was before an offer; with `special_price` and its dates the
        platform's own words are meant.
        """
        row = self._state.product(str(values.get("sku")))
        row |= {key: values[key] for key in ("name", "status", "visibility") if key in values}
        special = {code: values[code] for code in FILTERED if code in values}
        if "price" in values and not special:
            values = {**values, **_offered(row, values)}
            special = {code: values[code] for code in FILTERED}
        if special:
            given = {code: {"value": value} for code, value in special.items()}
            day = self._state.wall_clock().date()
            row["custom_attributes"] = checked(row["custom_attributes"], given, day, null="cleared")
        if "price" in values:
            row["price"] = cents(values["price"])
        if "title" in values:
            row["name"] = values["title"]
        row["updated_at"] = self._state.now()
        return {"key": row["sku"], "id": row["id"]}

    def product_create(self, values: Values) -> Values:
        """`sku`, `title`, `price`."""
        sku = str(values["sku"])
        if self._state.has(sku):
            raise ChangeError(f"the SKU {sku!r} is taken")
        given = {"sku": sku, "name": values["title"], "price": cents(values["price"]), "attribute_set_id": 4}
        given["custom_attributes"] = [{"attribute_code": "url_key", "value": f"made-{sku}"}]
        row = self._catalog.save(Asked(method="POST", store="all", path=(), body={"product": given}))
        return {"key": sku, "id": row["id"]}

    def product_delete(self, values: Values) -> Values:
        """`sku`."""
        self._state.drop_product(str(values.get("sku")))
        return {"key": values["sku"]}

    def sku(self, values: Values) -> Values:
        """`sku`, `new_sku`: refused where another product has it."""
        row = self._state.product(str(values.get("sku")))
        self._state.rename_product(row, str(values["new_sku"]))
        return {"key": row["sku"], "id": row["id"]}

    def order(self, values: Values) -> Values:
        """`increment_id`, `state`."""
        order = next((o for o in self._state.orders.values() if o["increment_id"] == values.get("increment_id")), None)
        if order is None:
            raise ChangeError(f"no order has the number {values.get('increment_id')!r}")
        state = str(values.get("state", order["state"]))
        self._sales.move(order, state, state)
        return {"key": str(order["entity_id"]), "entity_id": order["entity_id"]}

    def cart_create(self, values: Values) -> Values:
        """`items` (`sku`, `quantity`): a guest fills a cart."""
        masked = self._filled(values["items"])
        key = next(row["id"] for row in self._state.carts.values() if row["_masked"] == masked)
        return {"key": str(key), "id": key}

    def _filled(self, items: Sequence[Values]) -> str:
        cart = self._checkout.guest(Asked(method="POST", store="default", path=()))
        for each in items:
            item = {"sku": each["sku"], "qty": each["quantity"], "quote_id": cart}
            asked = Asked(method="POST", store="default", path=(), named={"cart": cart}, body={"cartItem": item})
            self._checkout.add(asked)
        return cart

    def order_create(self, values: Values) -> Values:
        """`items` (`sku`, `quantity`), `email`: a shopper buys as a guest."""
        named = {"cart": self._filled(values["items"])}
        address = {**ADDRESS, "email": values.get("email") or "shopper@example.com"}
        ship = {"shipping_address": address, "shipping_carrier_code": "flatrate", "shipping_method_code": "flatrate"}
        body: Json = {"addressInformation": ship}
        self._checkout.ship(Asked(method="POST", store="default", path=(), named=named, body=body))
        body = {"paymentMethod": {"method": "checkmo"}}
        key = self._checkout.place(Asked(method="PUT", store="default", path=(), named=named, body=body))
        return {"key": str(key), "entity_id": key}

    def invoice_create(self, values: Values) -> Values:
        """`items`, `email` as of an order: it is placed, and invoiced as a whole."""
        named = {"order": self.order_create(values)["key"]}
        key = self._sales.make_invoice(Asked(method="POST", store="all", path=(), named=named, body={}))
        return {"key": str(key), "entity_id": key}

    def order_status(self, values: Values) -> Values:
        """`order` (canonical id), `status` (completed, cancelled, processing, on_hold)."""
        key, status = str(values.get("order")), str(values.get("status"))
        if status not in _STATES:
            raise ChangeError(f"an order cannot become {status!r}", hint=f"one of {', '.join(_STATES)}")
        order = self._state.orders.get(int(key)) if key.isdecimal() else None
        if order is None:
            raise ChangeError(f"no order {key!r}")
        self._sales.move(order, *_STATES[status])
        return {"key": key}

    def customer(self, values: Values) -> Values:
        """`email`, `name`."""
        row = self._people.find(values.get("email"))
        if row is None:
            raise ChangeError(f"no customer {values.get('email')!r}")
        first, _, last = str(values["name"]).partition(" ")
        row |= {"firstname": first, "lastname": last or "-", "updated_at": self._state.now()}
        return {"key": row["email"], "id": row["id"]}

    def customer_create(self, values: Values) -> Values:
        """`email`, `name`."""
        first, _, last = str(values["name"]).partition(" ")
        given = {"email": values["email"], "firstname": first, "lastname": last or "-"}
        row = self._people.create(Asked(method="POST", store="all", path=(), body={"customer": given}))
        return {"key": row["email"], "id": row["id"]}

    def customer_delete(self, values: Values) -> Values:
        """`email`."""
        row = self._people.find(values.get("email"))
        if row is None:
            raise ChangeError(f"no customer {values.get('email')!r}")
        del self._state.customers[row["id"]]
        return {"key": row["email"]}

    def source(self, values: Values) -> Values:
        """`source`, `enabled`."""
        for each in self._state.sources:
            if each["source_code"] == values.get("source"):
                each["enabled"] = bool(values["enabled"])
                return {"key": each["source_code"]}
        raise ChangeError(f"no source {values.get('source')!r}")


def _number(quantity: Json) -> Json:
    """A quantity as JSON writes it."""
    if not isinstance(quantity, Decimal):
        return quantity
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _offered(row: Mapping[str, Json], values: Values) -> dict[str, Json]:
    """The regular price and the special one, which has no last day; of a bundle it is a percentage."""
    paid, before = Decimal(str(values["price"])), Decimal(str(values.get("compare_at") or 0))
    offer: dict[str, Json] = dict.fromkeys(FILTERED)
    if before <= paid:
        return {**offer, "price": paid}
    return {**offer, "price": before, "special_price": paid * 100 / before if row["type_id"] == "bundle" else paid}


def _guarded(change: Callable[[Values], Values]) -> Callable[[Values], Values]:
    def guarded(values: Values) -> Values:
        try:
            return change(values)
        except Refusal as refusal:
            raise ChangeError(str(refusal)) from None
        except KeyError as error:
            raise ChangeError(f"the value {error} is missing") from None

    return guarded
