"""Stock: the writes, with the refusals word for word as recorded.

A batch is applied whole or not at all (recorded are single entries only; a mixed batch is not).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from pullpush_shopify.sandbox._call import Call, UserError, payload, single_flight
from pullpush_shopify.sandbox._execute import FieldError, Resolver
from pullpush_shopify.sandbox._model import Item, Level, Location, Weight
from pullpush_shopify.sandbox._paging import MAX_PAGE

__all__ = ["MUTATIONS", "quantity_of", "set_available", "track", "weight_from"]

_BOUND = 1_000_000_000
_NAMES = ("available", "on_hand")
_REASONS = (
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
)


@attrs.frozen(kw_only=True)
class _Change:
    name: str
    delta: int
    item: Item
    location: Location
    quantity_after_change: None = None


@attrs.frozen(kw_only=True)
class _Group:
    gid: str
    created_at: Any
    reason: str
    reference_document_uri: str | None
    all_changes: list[_Change]


@attrs.frozen(kw_only=True)
class _Entry:
    item: Item
    location: Location
    quantity: int
    expected: int | None


def quantity_of(level: Level, name: str) -> int | None:
    """A quantity as GraphQL shows it, None for a name that does not exist. What is not counted shows zeros."""
    if name not in _QUANTITIES:
        return None
    return _QUANTITIES[name](level) if level.item.tracked else 0


_QUANTITIES: Mapping[str, Callable[[Level], int]] = {
    "available": lambda level: level.available,
    "on_hand": lambda level: level.on_hand,
    "committed": lambda level: level.sold,
    "incoming": lambda level: level.incoming,
    "reserved": lambda _: 0,
    "damaged": lambda _: 0,
    "safety_stock": lambda _: 0,
    "quality_control": lambda _: 0,
}


def set_available(call: Call, item: Item, location: Location, available: int, *, active: bool = False) -> int:
    """Write an available quantity and tell the world; how much it changed by.

    Where the item was not stocked, a level is made: an inactive one unless `active`.
    """
    store = call.store
    level = item.levels.get(location.id)
    now = store.now()
    if level is None:
        level = Level(id=item.id, created_at=now, updated_at=now, item=item, location=location, is_active=active)
        item.levels[location.id] = level
    delta = available - level.available
    store.changed(level)
    level.available, level.counted_at = available, level.updated_at
    store.emit("inventory_levels/update", level)
    return delta


def track(call: Call, item: Item, *, tracked: bool) -> None:
    """Switch counting of an item on or off; its levels do not move."""
    for record in (item, item.variant, item.variant.product):
        call.store.changed(record, sku=item.sku)
    item.tracked = tracked
    call.store.emit("inventory_items/update", item)
    call.store.emit("products/update", item.variant.product)


def _set_quantities(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given = arguments["input"]

    def refuse(*errors: UserError) -> Any:
        return payload(inventory_adjustment_group=None, user_errors=list(errors))

    def run() -> Any:
        entries, errors = _check(given, call)
        return refuse(*errors) if errors else _apply(given, entries, call)

    if len(given["quantities"]) > MAX_PAGE:
        call.count_violation("array_too_large")
        message = (
            f"The input array size of {len(given['quantities'])} is greater than the maximum allowed of {MAX_PAGE}."
        )
        raise FieldError(message, "MAX_INPUT_SIZE_EXCEEDED")
    if call.key is not None and any("changeFromQuantity" not in entry for entry in given["quantities"]):
        message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
        raise FieldError(message, "INVALID_FIELD_ARGUMENTS")
    return single_flight(call, arguments, run, refuse)


def _check(given: Mapping[str, Any], call: Call) -> tuple[list[_Entry], list[UserError]]:
    name = given["name"]
    if name not in _NAMES:
        message = "The quantity name must be either 'available' or 'on_hand'."
        return [], [UserError(["input", "name"], message, "INVALID_NAME")]
    if given["reason"] not in _REASONS:
        message = f"The specified reason is invalid. Valid values are: {', '.join(_REASONS)}."
        return [], [UserError(["input", "reason"], message, "INVALID_REASON")]
    uri = given.get("referenceDocumentUri")
    if uri and "://" not in uri:
        message = "The specified reference document is invalid."
        return [], [UserError(["input", "referenceDocumentUri"], message, "INVALID_REFERENCE_DOCUMENT")]
    errors: list[UserError] = _duplicates(given["quantities"])
    entries: list[_Entry] = []
    for index, each in enumerate(given["quantities"]):
        item = call.store.by_gid("InventoryItem", each["inventoryItemId"])
        location = call.store.by_gid("Location", each["locationId"])
        errors += _check_entry(index, item, location, each["quantity"], name)
        if item is not None and location is not None:
            expected = each["changeFromQuantity"]
            entries.append(_Entry(item=item, location=location, quantity=each["quantity"], expected=expected))
    if not errors:
        errors = _stale(entries, name, call)
    return entries, errors


def _check_entry(index: int, item: Item | None, location: Location | None, quantity: int, name: str) -> list[UserError]:
    at = ["input", "quantities", str(index)]
    errors = []
    if item is None:
        message = "The specified inventory item could not be found."
        errors.append(UserError([*at, "inventoryItemId"], message, "INVALID_INVENTORY_ITEM"))
    if location is None:
        message = "The specified location could not be found."
        errors.append(UserError([*at, "locationId"], message, "INVALID_LOCATION"))
    if quantity > _BOUND:
        message = "The quantity can't be higher than 1,000,000,000."
        errors.append(UserError([*at, "quantity"], message, "INVALID_QUANTITY_TOO_HIGH"))
    elif quantity < -_BOUND:
        message = "The quantity can't be lower than -1,000,000,000."
        errors.append(UserError([*at, "quantity"], message, "INVALID_QUANTITY_TOO_LOW"))
    elif name == "on_hand" and quantity < 0:
        message = "The quantity can't be negative."
        errors.append(UserError([*at, "quantity"], message, "INVALID_QUANTITY_NEGATIVE"))
    return errors


def _duplicates(quantities: list[Mapping[str, Any]]) -> list[UserError]:
    places: dict[tuple[str, str], list[int]] = {}
    for index, each in enumerate(quantities):
        places.setdefault((each["inventoryItemId"], each["locationId"]), []).append(index)
    message = "The combination of inventoryItemId and locationId must be unique."
    code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
    return [
        UserError(["input", "quantities", str(index), "locationId"], message, code)
        for indexes in places.values()
        if len(indexes) > 1
        for index in indexes
    ]


def _stale(entries: list[_Entry], name: str, call: Call) -> list[UserError]:
    errors = []
    for index, entry in enumerate(entries):
        level = entry.item.levels.get(entry.location.id)
        persisted = 0 if level is None else quantity_of(level, name)
        if entry.expected is not None and entry.expected != persisted:
            call.desk.violations.count("change_from_quantity_stale")
            at = ["input", "quantities", str(index), "changeFromQuantity"]
            message = "The changeFromQuantity argument no longer matches the persisted quantity."
            errors.append(UserError(at, message, "CHANGE_FROM_QUANTITY_STALE"))
    return errors


def _apply(given: Mapping[str, Any], entries: list[_Entry], call: Call) -> Any:
    changes: list[_Change] = []
    for entry in entries:
        level = entry.item.levels.get(entry.location.id)
        sold = level.sold if level is not None else 0
        available = entry.quantity if given["name"] == "available" else entry.quantity - sold
        delta = set_available(call, entry.item, entry.location, available)
        call.log_write(
            "inventory",
            item=entry.item.gid,
            sku=entry.item.sku,
            location=entry.location.gid,
            name=given["name"],
            quantity=entry.quantity,
            expected=entry.expected,
            delta=delta,
            mutation=call.mutation,
            key=call.key,
        )
        if delta:
            # An available change comes with an equal one of what lies on the shelf.
            changes += [
                _Change(name=name, delta=delta, item=entry.item, location=entry.location)
                for name in ("available", "on_hand")
            ]
    group = _Group(
        gid=f"gid://shopify/InventoryAdjustmentGroup/{call.store.new_id('InventoryAdjustmentGroup')}",
        created_at=call.store.now(),
        reason=given["reason"],
        reference_document_uri=given.get("referenceDocumentUri"),
        all_changes=changes,
    )
    return payload(inventory_adjustment_group=group)


def _activate(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    def refuse(*errors: UserError, level: Level | None = None) -> Any:
        return payload(inventory_level=level, user_errors=list(errors))

    def run() -> Any:
        item = call.store.by_gid("InventoryItem", arguments["inventoryItemId"])
        location = call.store.by_gid("Location", arguments["locationId"])
        if item is None:
            return refuse(UserError(["inventoryItemId"], "The specified inventory item could not be found."))
        if location is None:
            return refuse(UserError(["locationId"], "The specified location could not be found."))
        level = item.levels.get(location.id)
        errors = _activation_errors(arguments, level, location)
        if errors:
            return refuse(*errors, level=level if level is not None and level.is_active else None)
        return payload(inventory_level=_switch_on(item, location, arguments.get("onHand"), call))

    return single_flight(call, arguments, run, refuse)


def _activation_errors(arguments: Mapping[str, Any], level: Level | None, location: Location) -> list[UserError]:
    available, on_hand = arguments.get("available"), arguments.get("onHand")
    head = f"The product couldn't be stocked at {location.name} because"
    if available is not None and on_hand is not None:
        message = f"{head} not allowed to set available and on_hand quantities at the same time."
        return [UserError(["available"], message), UserError(["onHand"], message)]
    if level is not None and level.is_active:
        tail = "quantity when the item is already active at the location."
        if available is not None:
            return [UserError(["available"], f"Not allowed to set available {tail}")]
        if on_hand is not None:
            return [UserError(["onHand"], f"Not allowed to set an on_hand {tail}")]
    for name, value in (("available", available), ("onHand", on_hand)):
        if value is not None and abs(value) > _BOUND:
            message = f"{head} the quantity needs to be between -1 billion and 1 billion."
            return [UserError([name], message)]
    return []


def _switch_on(item: Item, location: Location, on_hand: int | None, call: Call) -> Level:
    """Activate; an old level keeps its figure, and `available` of a fresh one is ignored, as recorded."""
    level = item.levels.get(location.id)
    if level is not None and level.is_active:
        return level
    if level is None:
        set_available(call, item, location, on_hand or 0, active=True)
        level = item.levels[location.id]
    else:
        call.store.changed(level)
        level.is_active = True
    call.store.emit("inventory_levels/connect", level)
    return level


def _deactivate(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    level = call.store.level_by_gid(arguments["inventoryLevelId"])
    if level is None or not level.is_active:
        message = "The product couldn't be unstocked because the product was deleted or is not stocked."
        return payload(user_errors=[UserError(None, message)])
    if sum(each.is_active for each in level.item.levels.values()) == 1:
        place = level.location.name
        message = f"The product couldn't be unstocked from {place}: it needs to be stocked somewhere."
        return payload(user_errors=[UserError(None, message)])
    call.store.changed(level)
    level.is_active = False
    call.store.emit("inventory_levels/disconnect", level)
    return payload()


def weight_from(given: Mapping[str, Any]) -> Weight | None:
    """The weight of a measurement's input, None where it names none."""
    weight = given.get("weight")
    return None if weight is None else Weight(Decimal(str(weight["value"])), weight["unit"])


def _update_item(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    item = call.store.by_gid("InventoryItem", arguments["id"])
    if item is None:
        message = "The product couldn't be updated because it does not exist."
        return payload(inventory_item=None, user_errors=[UserError(["id"], message)])
    given = arguments["input"]
    for record in (item, item.variant, item.variant.product):
        call.store.changed(record, sku=item.sku)
    if "sku" in given:
        call.store.set_sku(item, given["sku"])
    if given.get("requiresShipping") is not None:
        item.requires_shipping = given["requiresShipping"]
    if given.get("tracked") is not None:
        item.tracked = given["tracked"]
    if given.get("measurement"):
        item.weight = weight_from(given["measurement"])
    call.store.emit("inventory_items/update", item)
    call.store.emit("products/update", item.variant.product)
    return payload(inventory_item=item)


MUTATIONS: Mapping[str, Resolver] = {
    "inventoryActivate": _activate,
    "inventoryDeactivate": _deactivate,
    "inventoryItemUpdate": _update_item,
    "inventorySetQuantities": _set_quantities,
}
