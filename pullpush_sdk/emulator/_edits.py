"""The merchant of an emulated shop: edits in canonical words, carried out through the canonical maps read backwards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pullpush_sdk.sandbox import ChangeError, SandboxClock

from ._changes import add, blank, remove, stamped, typed
from ._goods import Goods, set_at
from ._inverse import plain_paths
from ._leaves import Place, at
from ._notices import Notices
from ._places import place_of
from ._shop import Record

__all__ = ["Merchant"]

Json = Any
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_DELETIONS = {"product_delete": "product", "order_delete": "order", "customer_delete": "contact"}
"""Deletion to the canonical type whose record it takes away."""


class Merchant:
    """The agreed edits, as far as the maps of a manifest can be read backwards."""

    def __init__(
        self, goods: Mapping[str, Goods], clock: SandboxClock, notices: Notices, *, looks_up: bool = False
    ) -> None:
        """`looks_up` says whether the connector asks for the SKU before it writes stock."""
        self._goods = goods
        self._looks_up = looks_up
        self._clock = clock
        self._notices = notices

    def changes(self) -> dict[str, Change]:
        """The edits that can be played, by kind.

        A record that is deleted is in no list any more; which of the deletions move pages, `shifting` says.
        """
        return {**self._goods_changes(), **self._sales_changes(), **self._people_changes()}

    def shifting(self) -> frozenset[str]:
        """The deletions after which what is behind stands on an earlier page."""
        return frozenset(kind for kind, name in _DELETIONS.items() if name in self._goods and self._goods[name].shifts)

    def _goods_changes(self) -> dict[str, Change]:
        found: dict[str, Change] = {}
        stock, product = self._able("stocklevel", "sku", "quantity"), self._able("product", "sku")
        if stock is not None:
            found["stock"] = lambda values: self._stock(stock, values)
            # Where a write names the SKU itself, what comes of it where two carry it is the platform's own.
            if self._looks_up and stock.is_plain:
                fields = ("sku", "quantity")
                found["stock_create"] = lambda values: self._create(stock, "sku", values, fields, twice=True)
        if product is not None:
            found["product"] = lambda values: self._edit(product, "sku", values, ("title", "price"))
            # What a platform makes of a new record whose name is one of several, or that has two prices, is its own.
            if not any(product.is_choice(field) for field in ("sku", "title", "price")):
                found["product_create"] = lambda values: self._create(product, "sku", values, ("sku", "title", "price"))
            found["product_delete"] = lambda values: self._delete(product, "sku", "sku", values)
        return found

    def _sales_changes(self) -> dict[str, Change]:
        found: dict[str, Change] = {}
        order, invoice = self._able("order", "orderId"), self._able("invoice", "invoiceId", "status")
        cart = self._able("cart", "cartId", "lineItems")
        if order is not None:
            found["order_delete"] = lambda values: self._delete(order, "orderId", "order", values)
            if "status" in order.places:
                found["order_status"] = lambda values: self._status(order, values)
            if "lineItems" in order.places and _item_paths(order):
                found["order_create"] = lambda values: self._order(order, values)
        if invoice is not None:
            found["invoice"] = lambda values: self._put(invoice, "invoiceId", "invoice", values, "status")
        if cart is not None and "quantity" in _item_paths(cart):
            found["cart"] = lambda values: self._cart(cart, values)
        return found

    def _people_changes(self) -> dict[str, Change]:
        found: dict[str, Change] = {}
        contact, call = self._able("contact", "email"), self._able("call", "callId", "duration")
        if call is not None:
            found["call"] = lambda values: self._put(call, "callId", "call", values, "duration")
        if contact is not None:
            found["customer"] = lambda values: self._edit(contact, "email", values, ("name",))
            found["customer_create"] = lambda values: self._create(contact, "email", values, ("email", "name"))
            found["customer_delete"] = lambda values: self._delete(contact, "email", "email", values)
        return found

    def _able(self, canonical_type: str, *fields: str) -> Goods | None:
        goods = self._goods.get(canonical_type)
        return goods if goods is not None and all(goods.shows(field) for field in fields) else None

    def _found(self, goods: Goods, field: str, value: Json, location: Json = None) -> Record:
        record = goods.find(field, value, location=location)
        if record is None:
            raise ChangeError(f"there is no record with {field} {value!r}")
        return record

    def _changed(
        self, goods: Goods, record: Record, verb: str, key: Json, fields: Sequence[str] = ()
    ) -> Mapping[str, Any]:
        if verb != "deleted":
            stamped(record, self._clock.now(), goods.collection, created=verb == "created")
        self._notices.tell(
            goods.collection, record, verb, [goods.places[each] for each in fields if each in goods.places]
        )
        return {"key": str(key)}

    def _stock(self, goods: Goods, values: Mapping[str, Any]) -> Mapping[str, Any]:
        record = self._found(goods, "sku", _needed(values, "sku"), values.get("location"))
        goods.put(record, "quantity", values.get("quantity"))
        return self._changed(goods, record, "updated", values["sku"], ["quantity"])

    def _edit(self, goods: Goods, key: str, values: Mapping[str, Any], fields: Sequence[str]) -> Mapping[str, Any]:
        record = self._found(goods, key, _needed(values, key))
        given = [field for field in fields if field in values]
        if "price" in given and goods.switches("compareAtPrice"):
            raise ChangeError("of two prices the platform makes the one that counts: no sample shows how")
        for field in given:
            if not goods.put(record, field, values[field]) and not self._put_name(goods, record, field, values[field]):
                raise ChangeError(f"the map of {field} cannot be read backwards")
        return self._changed(goods, record, "updated", values[key], given)

    def _put_name(self, goods: Goods, record: Record, field: str, value: Json) -> bool:
        """Write a person's name into its two parts, where the map joins them."""
        if field != "name" or not goods.places.keys() >= {"firstName", "lastName"}:
            return False
        first, _, last = str(value).partition(" ")
        return goods.put(record, "firstName", first) and goods.put(record, "lastName", last)

    def _put(self, goods: Goods, key: str, name: str, values: Mapping[str, Any], field: str) -> Mapping[str, Any]:
        """Write one field of the record that `name` names."""
        record = self._found(goods, key, _needed(values, name))
        goods.put(record, field, _needed(values, field))
        return self._changed(goods, record, "updated", values[name], [field])

    def _cart(self, goods: Goods, values: Mapping[str, Any]) -> Mapping[str, Any]:
        record = self._found(goods, "cartId", _needed(values, "cart"))
        lines = at(record, goods.places["lineItems"])
        if not isinstance(lines, list) or not lines:
            raise ChangeError("the cart is empty")
        place = _item_paths(goods)["quantity"]
        for line in lines:
            set_at(line, place, typed(at(line, place), _needed(values, "quantity")))
        return self._changed(goods, record, "updated", values["cart"], ["lineItems"])

    def _create(
        self, goods: Goods, key: str, values: Mapping[str, Any], fields: Sequence[str], *, twice: bool = False
    ) -> Mapping[str, Any]:
        if not twice and goods.find(key, _needed(values, key)) is not None:
            raise ChangeError(f"there is a record with {key} {values[key]!r} already")
        record = self._new(goods)
        for field in fields:
            if field in values:
                goods.put(record, field, values[field])
        add(goods.collection, record, self._clock.now())
        return self._changed(goods, record, "created", values[key])

    def _delete(self, goods: Goods, key: str, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        record = self._found(goods, key, _needed(values, name))
        remove(goods.collection, record)
        return self._changed(goods, record, "deleted", values[name])

    def _status(self, goods: Goods, values: Mapping[str, Any]) -> Mapping[str, Any]:
        record = self._found(goods, "orderId", _needed(values, "order"))
        goods.put(record, "status", _needed(values, "status"))
        return self._changed(goods, record, "updated", values["order"], ["status"])

    def _order(self, goods: Goods, values: Mapping[str, Any]) -> Mapping[str, Any]:
        paths, place = _item_paths(goods), goods.places["lineItems"]
        record = self._new(goods)
        shown = [at(each, place) for each in goods.collection.recorded]
        form: Json = next((rows[0] for rows in shown if isinstance(rows, list) and rows and _is_row(rows[0])), {})
        rows = []
        for item in _needed(values, "items"):
            row = copy.deepcopy(form)
            for field in ("sku", "quantity"):
                if field in paths and field in item:
                    set_at(row, paths[field], typed(at(form, paths[field]), item[field]))
            rows.append(row)
        set_at(record, place, rows)
        if values.get("email") is not None:
            goods.put(record, "customer.email", values["email"])
        key = goods.places["orderId"]
        if at(record, key) is None and len(key) == 1:
            record[str(key[0])] = goods.collection.fresh(str(key[0]))
        goods.collection.records.append(record)
        return self._changed(goods, record, "created", at(record, key))

    def _new(self, goods: Goods) -> Record:
        """A record like the recorded ones, with names of its own."""
        record = blank(goods.collection)
        source = copy.deepcopy(goods.collection.recorded[0])
        named = {goods.collection.key, *goods.collection.names}
        record = {**source, **{name: value for name, value in record.items() if name in named}}
        record[goods.collection.key] = goods.collection.fresh(goods.collection.key)
        return record


def _is_row(value: Json) -> bool:
    return isinstance(value, dict)


def _item_paths(goods: Goods) -> dict[str, Place]:
    """The place of each line item's field in a native line."""
    rule = goods.resource.canonical_map.get("lineItems")
    items = rule.get("items") if isinstance(rule, Mapping) else None
    return {field: place_of(path) for field, path in plain_paths(items).items()} if isinstance(items, Mapping) else {}


def _needed(values: Mapping[str, Any], name: str) -> Any:
    if values.get(name) in (None, ""):
        raise ChangeError(f"this change needs `{name}`")
    return values[name]
