"""Edits by the merchant, for `POST /_sandbox/change`; the package's docstring lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_linnworks.sandbox.seed import DEFAULT, make_item
from pullpush_linnworks.sandbox.sessions import Sessions
from pullpush_linnworks.sandbox.store import Record, Store, buyer_address
from pullpush_linnworks.sandbox.switches import STATES
from pullpush_linnworks.sandbox.wire import Refusal
from pullpush_sdk.sandbox import ChangeError

__all__ = ["make_changes"]

Json = Any
Values = Mapping[str, Json]
OURS = "PULLPUSH"
"""The source of orders that came by the API from other systems; those are known by their reference."""


def make_changes(store: Store, sessions: Sessions) -> dict[str, Callable[[Values], Values]]:
    """The edits by name."""
    merchant = _Merchant(store)
    return {
        "stock": merchant.stock,
        "stock_row_delete": merchant.stock_row_delete,
        "location": merchant.location,
        "product": merchant.product,
        "product_create": merchant.product_create,
        "product_delete": merchant.product_delete,
        "sku": merchant.sku,
        "order": merchant.order,
        "order_create": merchant.order_create,
        "order_status": merchant.order_status,
        "order_delete": merchant.order_delete,
        "customer": merchant.customer,
        "customer_create": merchant.customer_create,
        "customer_delete": merchant.customer_delete,
        "state": merchant.state,
        "expire_sessions": lambda _: {"expired": sessions.expire(), "key": ""},
    }


class _Merchant:
    def __init__(self, store: Store) -> None:
        self._store = store

    def stock(self, values: Values) -> Values:
        """`quantity` is what is available; the time of the level stands still where only `in_orders` changes."""
        item, store = self._item(values), self._store
        try:
            row = store.row(item, str(values.get("location") or DEFAULT))
        except Refusal as refusal:
            raise ChangeError(str(refusal)) from None
        if "in_orders" in values:
            row["InOrders"] = int(values["in_orders"])
        if "minimum_level" in values:
            row["MinimumLevel"] = int(values["minimum_level"])
        if "level" in values:
            row |= {"StockLevel": int(values["level"]), "LastUpdateDate": store.now()}
        if "quantity" in values:
            quantity = values["quantity"]
            tracked = max(row["MinimumLevel"], 0)
            row |= {"MinimumLevel": -1 if quantity is None else tracked, "LastUpdateDate": store.now()}
            row["StockLevel"] = 0 if quantity is None else int(quantity) + row["InOrders"]
        return {"key": item["ItemNumber"], "location": row["location"], "level": row["StockLevel"]}

    def stock_row_delete(self, values: Values) -> Values:
        item, place = self._item(values), str(values.get("location") or DEFAULT)
        item["_levels"] = [row for row in item["_levels"] if row["location"] != place]
        return {"key": item["ItemNumber"]}

    def location(self, values: Values) -> Values:
        try:
            place = self._store.location(values.get("location"))
        except Refusal as refusal:
            raise ChangeError(str(refusal)) from None
        place["IsNotTrackable"] = not values.get("trackable", True)
        return {"key": place["StockLocationId"]}

    def product(self, values: Values) -> Values:
        item = self._item(values)
        item["ItemTitle"] = values.get("title", item["ItemTitle"])
        item["RetailPrice"] = float(values.get("price", item["RetailPrice"]))
        return {"key": item["ItemNumber"]}

    def product_create(self, values: Values) -> Values:
        sku = str(values.get("sku") or "")
        if not sku or any(each["ItemNumber"] == sku for each in self._store.items):
            raise ChangeError(f"the sku {sku!r} is empty or taken")
        title, price = str(values.get("title") or sku), float(values.get("price") or 0)
        self._store.items.append(make_item(self._store.seed, sku, title, price, self._store.now()))
        self._store.row(self._store.items[-1], DEFAULT)
        return {"key": sku}

    def product_delete(self, values: Values) -> Values:
        item = self._item(values)
        item["_archived"] = True
        return {"key": item["ItemNumber"]}

    def sku(self, values: Values) -> Values:
        found = [item for item in self._store.active() if item["ItemNumber"] == values.get("sku")]
        if not found:
            raise ChangeError(f"no active item has the sku {values.get('sku')!r}")
        item = found[int(values.get("which", 0))]
        item["ItemNumber"] = str(values["new_sku"])
        return {"key": item["ItemNumber"], "id": item["StockItemId"]}

    def order(self, values: Values) -> Values:
        order = next((each for each in self._store.orders if each["NumOrderId"] == values.get("number")), None)
        if order is None:
            raise ChangeError(f"no order has the number {values.get('number')!r}")
        if values.get("cancelled"):
            self._store.cancel(order)
        elif values.get("processed"):
            self._store.ship(order)
        else:
            self._store.touch(order)
        return {"key": _key(order), "number": order["NumOrderId"]}

    def order_create(self, values: Values) -> Values:
        lines = []
        for number, each in enumerate(values.get("items") or ()):
            item = self._item(each)
            price = {"priceperunit": item["RetailPrice"], "taxrate": 20, "itemnumber": str(number)}
            lines.append({"qty": int(each["quantity"]), "channelsku": item["ItemNumber"], **price})
        order = self._store.add_order(source="DIRECT", reference="")
        order["GeneralInfo"]["ReferenceNum"] = f"REF-{order['NumOrderId']}"
        order["PaidOn"] = self._store.now()
        order["TotalsInfo"]["Currency"] = self._store.switches.currency
        email = str(values.get("email") or "walk-in@example.com")
        address = buyer_address(email, str(values.get("name") or email.partition("@")[0]))
        order["CustomerInfo"] |= {"Address": address, "BillingAddress": dict(address)}
        self._store.fill(order, lines, link=True, postage=0, discount=0)
        return {"key": order["OrderId"], "number": order["NumOrderId"]}

    def order_status(self, values: Values) -> Values:
        wanted, store = values.get("status"), self._store
        order = next((each for each in store.orders if _key(each) == values.get("order")), None)
        if order is None:
            raise ChangeError(f"no order has the id {values.get('order')!r}")
        if order["Processed"]:
            raise ChangeError("the order is processed or cancelled; its status does not change any more")
        if wanted == "completed":
            store.ship(order)
        elif wanted == "cancelled":
            store.cancel(order)
        elif wanted in ("processing", "on_hold", "pending"):
            paid = wanted != "pending"
            order["GeneralInfo"] |= {"Status": 1 if paid else 0, "IsParked": wanted != "processing"}
            order["PaidOn"] = (order["PaidOn"] or store.now()) if paid else None
            store.touch(order)
        else:
            raise ChangeError(
                f"no order gets the status {wanted!r}", hint="completed, cancelled, processing, on_hold, pending"
            )
        return {"key": _key(order)}

    def order_delete(self, values: Values) -> Values:
        """An order that is deleted is in no list any more, neither of the open nor of the processed ones."""
        order = next((each for each in self._store.orders if _key(each) == values.get("order")), None)
        if order is None:
            raise ChangeError(f"no order has the id {values.get('order')!r}")
        self._store.orders.remove(order)
        return {"key": _key(order)}

    def customer(self, values: Values) -> Values:
        for order, address in self._of_buyer(values):
            address["FullName"] = str(values.get("name", address["FullName"]))
            self._store.touch(order)
        return {"key": str(values["email"]).casefold()}

    def customer_create(self, values: Values) -> Values:
        item = next((each for each in self._store.active() if not each["IsVariationParent"]), None)
        items = [] if item is None else [{"sku": item["ItemNumber"], "quantity": 1}]
        self.order_create({"items": items, **values})
        return {"key": str(values["email"]).casefold()}

    def customer_delete(self, values: Values) -> Values:
        for _, address in self._of_buyer(values):
            address |= {"EmailAddress": "", "FullName": "", "Company": "", "PhoneNumber": ""}
        return {"key": str(values["email"]).casefold()}

    def state(self, values: Values) -> Values:
        if values.get("state") not in STATES:
            raise ChangeError(f"no account is {values.get('state')!r}", hint=f"one of {', '.join(STATES)}")
        self._store.switches.state = values["state"]
        return {"key": "", "state": values["state"]}

    def _of_buyer(self, values: Values) -> list[tuple[Record, Record]]:
        """The buyer's orders, each with each of its two addresses."""
        wanted = str(values.get("email") or "").casefold()
        found = [
            (order, order["CustomerInfo"][place])
            for order in self._store.orders
            for place in ("Address", "BillingAddress")
            if wanted and str(order["CustomerInfo"][place].get("EmailAddress") or "").casefold() == wanted
        ]
        if not found:
            raise ChangeError(f"no order has a buyer {values.get('email')!r}")
        return found

    def _item(self, values: Values) -> Record:
        item = self._store.by_sku(values.get("sku"))
        if item is None:
            raise ChangeError(f"no active item has the sku {values.get('sku')!r}")
        return item


def _key(order: Record) -> str:
    """What the order is known by outside: its reference, where it came from there."""
    info = order["GeneralInfo"]
    return str(info["ReferenceNum"] if info["Source"] == OURS else order["OrderId"])
