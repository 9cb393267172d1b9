"""The quantity queue: a bulk write is accepted at once and carried out later, with no word about how it went."""

from __future__ import annotations

from collections import deque

import attrs

from pullpush_salla.sandbox.store import Row, Store
from pullpush_salla.sandbox.switches import Switches
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["BulkQueue", "BulkRow", "find_row"]


@attrs.frozen(kw_only=True)
class BulkRow:
    """One valid row; `unlimited` None leaves the flag, `branch` is always known."""

    kind: str
    identifier: str
    quantity: int
    mode: str
    branch: int
    unlimited: bool | None
    reason: str


class BulkQueue:
    """Rows waiting for their moment; carried out in the order in which they were sent."""

    def __init__(self, *, store: Store, switches: Switches, clock: SandboxClock) -> None:
        self._store = store
        self._switches = switches
        self._clock = clock
        self._waiting: deque[tuple[float, BulkRow]] = deque()

    def add(self, rows: list[BulkRow]) -> None:
        """Queue the rows of one request."""
        due = self._clock.seconds() + self._switches.bulk_delay
        self._waiting.extend((due, row) for row in rows)
        self.settle()

    def settle(self) -> None:
        """Carry out what is due; called before every request is looked at."""
        while self._waiting and self._waiting[0][0] <= self._clock.seconds():
            self._apply(self._waiting.popleft()[1])

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def waiting(self) -> int:
        """How many rows are not carried out yet."""
        return len(self._waiting)

    def _apply(self, wanted: BulkRow) -> None:
        row = find_row(self._store, wanted.kind, wanted.identifier)
        if row is None:
            # Nothing tells the sender: the platform documents no result per row.
            return
        stock = row[1].stock if row[1] else row[0].stock
        if wanted.unlimited is not None:
            stock.unlimited = wanted.unlimited
        have = stock.by_branch.get(wanted.branch) or 0
        change = {"increment": wanted.quantity, "decrement": -wanted.quantity}
        quantity = have + change[wanted.mode] if wanted.mode in change else wanted.quantity
        if quantity < 0:
            if self._switches.bulk_negative == "skip":
                return
            quantity = 0 if self._switches.bulk_negative == "clamp" else quantity
        self._store.set_quantity(row, wanted.branch, quantity, reason=wanted.reason)


def find_row(store: Store, kind: str, identifier: str) -> Row | None:
    """The product or variant that `id`, `variant_id` or `sku` names; None where there is none."""
    if kind == "sku":
        return store.by_sku.get(identifier)
    number = int(identifier) if identifier.isdecimal() else 0
    if kind == "variant_id":
        return store.variants.get(number)
    product = store.products.get(number)
    return (product, None) if product else None
