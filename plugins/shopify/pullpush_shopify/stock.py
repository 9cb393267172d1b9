"""Writing stock: read, compare, set, and read again.

A quantity is set only against the figure that was just read (`changeFromQuantity`): if an order came between, the
platform refuses and the figure is read anew. The idempotency key is made of the deliveries, the attempt and the
compared figures, so that the same attempt sent twice counts once and a new comparison is a new write.

An item that this app made is not counted until its first quantity comes (`mark.py`): then counting is switched on and
the mark is changed, both by one mutation, and the figure is set after that. What ends in between is counted with the
mark changed, and is set like any other item by the next attempt.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.canonical import parse_instant
from pullpush_sdk.connector import Connection, Delivery, Outcome, outcome_of, version_of
from pullpush_sdk.errors import RejectedError, TransientError

from .graphql import ask, check_errors, gid, words_of
from .items import Item, find_settled
from .mark import KNOWN, MARK, UNKNOWN, mark, mark_of
from .records import level_time

Json = Any

_ROUNDS = 3
_LARGEST = 1_000_000_000
_LOOKS = 3  # attempts at a SKU that the search index may not know yet
_KEYS = uuid.UUID("7c9f5f3e-5f0f-5a57-9a4e-1d2b8f6f0a11")

_STALE = "CHANGE_FROM_QUANTITY_STALE"
_NEW_KEY = frozenset({"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"})
_BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"

_SET = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}
"""
_ACTIVATE = """
mutation ActivateLevel($item: ID!, $location: ID!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location) @idempotent(key: $key) {
    userErrors { field message }
  }
}
"""
_COUNT = """
mutation CountVariant($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: false) {
    userErrors { code field message }
  }
}
"""
_TRACK = """
mutation TrackItem($id: ID!) {
  inventoryItemUpdate(id: $id, input: {tracked: true}) { userErrors { field message } }
}
"""


@attrs.define(kw_only=True)
class Entry:
    """One delivery on its way: what is to be where, and what was last read there.

    `level` is None where the item was never stocked, `mark` where somebody else made the item; `prepared` says that
    counting or stocking was switched on for it, `written` that a set of ours went through.
    """

    index: int
    delivery: Delivery
    quantity: int
    location: str
    item: Item | None = None
    tracked: bool = True
    mark: str | None = None
    level: Mapping[str, Json] | None = None
    written: bool = False
    prepared: bool = False

    @property
    def available(self) -> int:
        """The figure that was read."""
        assert self.level is not None
        return int(self.level["quantities"][0]["quantity"])

    @property
    def place(self) -> tuple[str, str]:
        """Item and location."""
        assert self.item is not None
        return self.item.id, self.location

    @property
    def is_stocked(self) -> bool:
        """Whether the item can be sold from the location."""
        return self.level is not None and bool(self.level["isActive"])

    @property
    def is_ready(self) -> bool:
        """Whether a figure can be set that everybody sees."""
        return self.tracked and self.is_stocked


async def push(connection: Connection, batch: Sequence[Delivery]) -> list[Outcome]:
    """One outcome per delivery, in the batch's order."""
    run = _Run(connection)
    for index, delivery in enumerate(batch):
        run.admit(index, delivery)
    if run.open:
        try:
            await run.find()
            await run.settle()
        except TransientError as error:
            run.end_all(outcome_of(error))
    return [run.outcomes[index] for index in range(len(batch))]


class _Run:
    """One batch: entries that are open, outcomes of those that are not."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.open: dict[int, Entry] = {}
        self.outcomes: dict[int, Outcome] = {}

    def end(self, entry: Entry, outcome: Outcome) -> None:
        """An entry has its outcome."""
        self.outcomes[entry.index] = outcome
        del self.open[entry.index]

    def end_all(self, outcome: Outcome) -> None:
        """Every open entry ends alike; what was written stays so."""
        for entry in list(self.open.values()):
            self.end(entry, _delivered(entry) if entry.written else outcome)

    def admit(self, index: int, delivery: Delivery) -> None:
        """Take a delivery in, or say at once why it cannot go."""
        quantity, location = delivery.payload.get("quantity"), delivery.payload.get("locationId")
        whole = _whole(quantity)
        if quantity is None:
            self.outcomes[index] = Outcome.skipped("there is no data: the quantity is unknown")
        elif whole is None:
            self.outcomes[index] = Outcome.dead(f"Shopify counts whole pieces; {quantity} is none")
        elif abs(whole) > _LARGEST:
            self.outcomes[index] = Outcome.dead(f"{quantity} is more than Shopify counts (1,000,000,000)")
        elif not isinstance(location, str) or not location.rpartition("/")[2].isdecimal():
            self.outcomes[index] = Outcome.dead(f"{location!r} is not the id of a Shopify location")
        else:
            self.open[index] = Entry(index=index, delivery=delivery, quantity=whole, location=gid("Location", location))

    async def find(self) -> None:
        """The item of every SKU; what is missing or not unique ends here."""
        found = await find_settled(self.connection, [entry.delivery.payload["sku"] for entry in self.open.values()])
        for entry in list(self.open.values()):
            sku = entry.delivery.payload["sku"]
            items = found.of(sku)
            if len(items) == 1:
                entry.item, entry.tracked = items[0], items[0].tracked
            elif items:
                names = ", ".join(item.id for item in items)
                self.end(entry, Outcome.dead(f"{len(items)} items have the SKU {sku}: {names}; make it unique"))
            elif found.unsettled and entry.delivery.attempt < _LOOKS:
                reason = f"no item has the SKU {sku}, but the shop got an item a moment ago and its search lags"
                self.end(entry, Outcome.retry(reason, after=60.0))
            else:
                self.end(entry, Outcome.dead(f"no item has the SKU {sku}"))

    async def settle(self) -> None:
        """Read, then set what differs, until all is settled; at most three sets."""
        for number in range(_ROUNDS + 1):
            await self._read()
            await self._prepare()
            changes = [entry for entry in list(self.open.values()) if self._differs(entry)]
            if not changes or number == _ROUNDS:
                break
            await self._set(changes, number)
        self.end_all(Outcome.retry("the quantity changed again and again while it was compared", after=5.0))

    async def _read(self) -> None:
        """Every open entry's level as it is now, and whether its location is in use."""
        if not self.open:
            return
        places = sorted({entry.location for entry in self.open.values()})
        data = await ask(self.connection, _levels_document(len(places)), self._levels_variables(places))
        names = {place: data[f"place{number}"] for number, place in enumerate(places)}
        items = {node["id"]: node for node in data["nodes"] if node}
        for entry in list(self.open.values()):
            place, item = names[entry.location], entry.item
            assert item is not None
            node = items.get(item.id)
            if place is None:
                self.end(entry, Outcome.dead(f"the shop has no location {entry.location}"))
            elif not place["isActive"]:
                self.end(entry, Outcome.skipped(f"the location {place['name']} is deactivated"))
            elif node is None:
                self.end(entry, Outcome.dead(f"the item of SKU {item.sku} was deleted meanwhile"))
            else:
                entry.tracked, entry.mark = node["tracked"], mark_of(node)
                entry.level = node[f"level{places.index(entry.location)}"]

    def _levels_variables(self, places: Sequence[str]) -> dict[str, Json]:
        items = sorted({entry.place[0] for entry in self.open.values()})
        return {"items": items, **{f"place{number}": place for number, place in enumerate(places)}}

    async def _prepare(self) -> None:
        """Where it is this app's item or the settings allow it, count and stock the item; then read again."""
        entries = [entry for entry in list(self.open.values()) if self._needs_preparing(entry)]
        for entry in entries:
            try:
                await self._prepare_one(entry)
            except RejectedError as error:
                self.end(entry, outcome_of(error))
        if entries:
            await self._read()
        for entry in list(self.open.values()):
            if not entry.is_ready:
                reason = (
                    f"{entry.delivery.payload['sku']} was to be counted and stocked there, but does not show it yet"
                )
                self.end(entry, Outcome.retry(reason, after=5.0))

    def _needs_preparing(self, entry: Entry) -> bool:
        settings = self.connection.settings
        sku = entry.delivery.payload["sku"]
        may_count = entry.mark == UNKNOWN or settings.get("track_untracked")
        # A level that is no longer active was active once: somebody has decided.
        may_stock = (entry.mark is not None and entry.level is None) or settings.get("activate_levels")
        if entry.prepared:
            return False
        if not entry.tracked and not may_count:
            self.end(entry, Outcome.skipped(f"{sku} is not tracked in Shopify (setting track_untracked)"))
        elif not entry.is_stocked and not may_stock:
            self.end(entry, Outcome.skipped(f"{sku} is not stocked at {entry.location} (setting activate_levels)"))
        else:
            # A merchant may have switched counting on first: the mark must not outlive that.
            return not entry.is_ready or entry.mark == UNKNOWN
        return False

    async def _prepare_one(self, entry: Entry) -> None:
        item, location = entry.place
        entry.prepared = True
        if entry.mark == UNKNOWN:
            assert entry.item is not None
            variant = {"id": entry.item.variant, "inventoryItem": {"tracked": True}, "metafields": [mark(KNOWN)]}
            data = await ask(self.connection, _COUNT, {"product": entry.item.product, "variants": [variant]})
            check_errors(data["productVariantsBulkUpdate"], "to count the item")
        elif not entry.tracked:
            data = await ask(self.connection, _TRACK, {"id": item})
            check_errors(data["inventoryItemUpdate"], "to count the item")
        if not entry.is_stocked:
            key = _key([entry], "activate")
            data = await ask(self.connection, _ACTIVATE, {"item": item, "location": location, "key": key})
            check_errors(data["inventoryActivate"], "to stock the item there")

    def _differs(self, entry: Entry) -> bool:
        """Whether there is something left to set; what is settled gets its outcome."""
        if entry.written:
            self.end(entry, _delivered(entry))
        elif entry.available == entry.quantity:
            # What was not counted showed no figure, even if it now is the one that was wanted: a real zero.
            is_ours = entry.delivery.maybe_applied or entry.prepared
            self.end(entry, _delivered(entry) if is_ours else Outcome.unchanged(native_id=entry.place[0]))
        else:
            return True
        return False

    async def _set(self, entries: Sequence[Entry], number: int) -> None:
        """One set of all that differs; all of it or nothing, whatever the platform says about one entry."""
        compared = [f"{'@'.join(entry.place)}:{entry.available}>{entry.quantity}" for entry in entries]
        variables = {"input": self._input(entries), "key": _key(entries, str(number), *compared)}
        data = await ask(self.connection, _SET, variables)
        errors = data["inventorySetQuantities"]["userErrors"]
        codes = {error["code"] for error in errors}
        if not errors:
            for entry in entries:
                entry.written = True
        elif _BUSY in codes:
            reason = "the same write is still under way"
            self.end_all(Outcome.retry(reason, after=2.0, answer=words_of(errors), maybe_applied=True))
        elif not codes <= _NEW_KEY | {_STALE}:
            self._refuse(entries, [error for error in errors if error["code"] != _STALE])

    def _input(self, entries: Sequence[Entry]) -> dict[str, Json]:
        quantities = [
            {
                "inventoryItemId": entry.place[0],
                "locationId": entry.location,
                "quantity": entry.quantity,
                "changeFromQuantity": entry.available,
            }
            for entry in entries
        ]
        reason = self.connection.settings.get("stock_reason", "correction")
        return {"name": "available", "reason": reason, "quantities": quantities}

    def _refuse(self, entries: Sequence[Entry], errors: Sequence[Mapping[str, Json]]) -> None:
        """End the entries that the errors name by their place in the list; the others are set without them."""
        for error in errors:
            steps = error["field"] or []
            at = next((int(step) for step in steps if step.isdecimal()), None)
            named = entries if at is None or at >= len(entries) else [entries[at]]
            for entry in named:
                if entry.index in self.open:
                    message = f"Shopify refused the quantity: {error['message']}"
                    self.end(entry, Outcome.dead(message, answer=words_of([error])))


def _whole(quantity: Json) -> int | None:
    """A quantity in whole pieces, None where it is no such thing."""
    return int(quantity) if isinstance(quantity, int | Decimal) and quantity == int(quantity) else None


def _levels_document(count: int) -> str:
    """A query for the levels of some items at so many locations: one for each number of locations."""
    places = range(count)
    variables = "".join(f", $place{number}: ID!" for number in places)
    locations = "".join(f" place{number}: location(id: $place{number}) {{ name isActive }}" for number in places)
    levels = "".join(
        f" level{number}: inventoryLevel(locationId: $place{number}, includeInactive: true)"
        ' { isActive updatedAt item { updatedAt } quantities(names: ["available"]) { quantity } }'
        for number in places
    )
    return (
        f"query Levels($items: [ID!]!{variables}) {{{locations}"
        " nodes(ids: $items) { ... on InventoryItem { id tracked"
        f" variants(first: 1) {{ nodes {{ {MARK} }} }}{levels} }} }} }}"
    )


def _key(entries: Iterable[Entry], *parts: str) -> str:
    ids = sorted(f"{entry.delivery.id}#{entry.delivery.attempt}" for entry in entries)
    return str(uuid.uuid5(_KEYS, "\n".join([*ids, *parts])))


def _delivered(entry: Entry) -> Outcome:
    """Written; what was read afterwards says when, unless something changed the figure since."""
    payload, level = entry.delivery.payload, entry.level
    there = {"sku": payload["sku"], "quantity": entry.quantity, "locationId": payload["locationId"]}
    version = None
    if level is not None and level["quantities"][0]["quantity"] == entry.quantity:
        there["updatedAt"] = level_time(level)
        version = version_of(parse_instant(there["updatedAt"]))
    return Outcome.delivered(native_id=entry.place[0], returned=there, version=version)
