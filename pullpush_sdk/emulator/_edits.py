"""The merchant of an emulated shop: edits in canonical words, carried out through the canonical maps read backwards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.manifest import Resource
from pullpush_sdk.sandbox import ChangeError, SandboxClock

from ._changes import blank, stamped, typed
from ._inverse import lookups, plain_paths
from ._leaves import Place, at
from ._notices import Notices, reaches
from ._places import place_of
from ._shop import Collection, Record

__all__ = ["Goods", "Merchant"]

Json = Any
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class Goods:
    """Where a canonical type lives: a resource, the collection that it reads, and the place of each field in it."""

    resource: Resource
    collection: Collection
    places: Mapping[str, Place]
    shifts: bool = False
    """Whether a record that is gone makes the ones behind it move to earlier pages."""

    @classmethod
    def of(cls, resource: Resource, collection: Collection, core: Place, *, shifts: bool = False) -> Goods:
        """The goods of a resource whose rows hold records at `core`; fields whose rules cannot be read backwards have
        no place.
        """
        found = {target: place_of(path) for target, path in plain_paths(resource.canonical_map).items()}
        places = {target: place[len(core) :] for target, place in found.items() if place[: len(core)] == core}
        return cls(resource=resource, collection=collection, places=places, shifts=shifts)

    def shows(self, field: str) -> bool:
        """Whether records hold a canonical field themselves: some fields come with their details only."""
        place = self.places.get(field)
        return place is not None and bool(place) and any(reaches(each, place) for each in self.collection.recorded)

    def is_choice(self, field: str) -> bool:
        """Whether the map takes a field from the first of several places that is not empty."""
        rule = self.resource.canonical_map.get(field)
        return isinstance(rule, Mapping) and len(rule.get("paths", ())) > 1

    def switches(self, field: str) -> bool:
        """Whether the map takes a field only under a condition."""
        rule = self.resource.canonical_map.get(field)
        return isinstance(rule, Mapping) and "when" in rule

    def find(self, field: str, value: Json, *, location: Json = None) -> Record | None:
        """The record of which a canonical field says this, at a location where one is named."""
        for record in self.collection.records:
            if str(at(record, self.places[field])) != str(value):
                continue
            if location is None or str(at(record, self.places.get("locationId", ()))) == str(location):
                return record
        return None

    def put(self, record: Record, field: str, value: Json) -> bool:
        """Write a canonical field into a record, false where its place cannot be told."""
        place = self.places.get(field)
        if not place:
            return False
        words = lookups(self.resource.canonical_map[field])
        if words and value is not None:
            if str(value) not in words:
                raise ChangeError(f"{field} {value!r} is no word of this platform", hint=", ".join(sorted(words)))
            value = words[str(value)]
        sample = next((each for r in self.collection.recorded if (each := at(r, place)) is not None), None)
        _set(record, place, typed(sample, value))
        self._switch(record, field, value)
        return True

    def _switch(self, record: Record, field: str, value: Json) -> None:
        """Where the map reads a field only under a condition, make the condition say whether there is a value."""
        rule = self.resource.canonical_map[field]
        when = rule.get("when") if isinstance(rule, Mapping) else None
        if not isinstance(when, Mapping) or not isinstance(when.get("equals"), bool):
            return
        place = place_of(str(when["path"]))
        inner = at(record, place[:-1])
        if isinstance(inner, dict):
            inner[place[-1]] = when["equals"] if value is not None else not when["equals"]


class Merchant:
    """The agreed edits, as far as the maps of a manifest can be read backwards."""

    def __init__(self, goods: Mapping[str, Goods], clock: SandboxClock, notices: Notices) -> None:
        self._goods = goods
        self._clock = clock
        self._notices = notices

    def changes(self) -> dict[str, Change]:
        """The edits that can be played, by kind.

        No sample tells whether a platform that counts pages lets records vanish from them; if it does, no reader can
        help what it misses. So deletions are played where they move no page.
        """
        found: dict[str, Change] = {}
        stock, product = self._able("stocklevel", "sku", "quantity"), self._able("product", "sku")
        order, contact = self._able("order", "orderId"), self._able("contact", "email")
        if stock is not None:
            found["stock"] = lambda values: self._stock(stock, values)
        if product is not None:
            found["product"] = lambda values: self._edit(product, "sku", values, ("title", "price"))
            # What a platform makes of a new record whose name is one of several, or that has two prices, is its own.
            if not any(product.is_choice(field) for field in ("sku", "title", "price")):
                found["product_create"] = lambda values: self._create(product, "sku", values, ("sku", "title", "price"))
            if not product.shifts:
                found["product_delete"] = lambda values: self._delete(product, "sku", values)
        if order is not None:
            if "status" in order.places:
                found["order_status"] = lambda values: self._status(order, values)
            if "lineItems" in order.places and _item_paths(order):
                found["order_create"] = lambda values: self._order(order, values)
        if contact is not None:
            found["customer"] = lambda values: self._edit(contact, "email", values, ("name",))
            found["customer_create"] = lambda values: self._create(contact, "email", values, ("email", "name"))
            if not contact.shifts:
                found["customer_delete"] = lambda values: self._delete(contact, "email", values)
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
        self._notices.tell(goods.collection, record, verb, [goods.places[each] for each in fields])
        return {"key": str(key)}

    def _stock(self, goods: Goods, values: Mapping[str, Any]) -> Mapping[str, Any]:
        location = values.get("location") if "locationId" in goods.places else None
        record = self._found(goods, "sku", _needed(values, "sku"), location)
        goods.put(record, "quantity", values.get("quantity"))
        return self._changed(goods, record, "updated", values["sku"], ["quantity"])

    def _edit(self, goods: Goods, key: str, values: Mapping[str, Any], fields: Sequence[str]) -> Mapping[str, Any]:
        record = self._found(goods, key, _needed(values, key))
        given = [field for field in fields if field in values]
        if "price" in given and goods.switches("compareAtPrice"):
            raise ChangeError("of two prices the platform makes the one that counts: no sample shows how")
        for field in given:
            if not goods.put(record, field, values[field]):
                raise ChangeError(f"the map of {field} cannot be read backwards")
        return self._changed(goods, record, "updated", values[key], given)

    def _create(self, goods: Goods, key: str, values: Mapping[str, Any], fields: Sequence[str]) -> Mapping[str, Any]:
        if goods.find(key, _needed(values, key)) is not None:
            raise ChangeError(f"there is a record with {key} {values[key]!r} already")
        record = self._new(goods)
        for field in fields:
            if field in values:
                goods.put(record, field, values[field])
        goods.collection.records.append(record)
        return self._changed(goods, record, "created", values[key])

    def _delete(self, goods: Goods, key: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        record = self._found(goods, key, _needed(values, key))
        goods.collection.records.remove(record)
        return self._changed(goods, record, "deleted", values[key])

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
                    _set(row, paths[field], typed(at(form, paths[field]), item[field]))
            rows.append(row)
        _set(record, place, rows)
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


def _set(record: Json, place: Place, value: Json) -> None:
    inner: Any = record
    try:
        for step in place[:-1]:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
        inner[place[-1]] = value
    except (TypeError, LookupError):
        raise ChangeError(f"the recorded record has nothing at {'.'.join(map(str, place))}") from None


def _needed(values: Mapping[str, Any], name: str) -> Any:
    if values.get(name) in (None, ""):
        raise ChangeError(f"this change needs `{name}`")
    return values[name]
