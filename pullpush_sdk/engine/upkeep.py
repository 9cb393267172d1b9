"""What a store keeps and how large it may become; and what it says when it takes nothing more."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs

__all__ = ["Pressure", "Pruned", "Upkeep"]

_DAY = 86_400.0


@attrs.frozen(kw_only=True)
class Upkeep:
    """Times in seconds, sizes in bytes.

    `keep` is how long deliveries that have ended stay, with their attempts. `keep_ids` is how long a webhook's id tells
    a repetition: longer than any platform repeats one (days at most). `keep_webhooks` is how long a raw request stays
    after its events were stored, to be received again; 0 keeps none. `expire_dead` None keeps dead letters until
    somebody drops them; else they go after that time, written to a file in `archive` first. `max_size` None sets no
    limit; `min_free` must stay free on the disk of the store.
    """

    keep: float = 7 * _DAY
    keep_ids: float = 14 * _DAY
    keep_webhooks: float = 3 * _DAY
    expire_dead: float | None = None
    archive: Path | None = None
    max_size: int | None = None
    min_free: int = 64 * 1024**2


@attrs.frozen(kw_only=True)
class Pressure:
    """Why nothing new is taken. What waits is delivered all the same, and taking goes on by itself."""

    reason: str
    hint: str
    since: datetime


@attrs.frozen(kw_only=True)
class Pruned:
    """What one pass of retention removed, as numbers of rows; `freed` is by how many bytes the store's file shrank."""

    deliveries: int = 0
    ids: int = 0
    commands: int = 0
    own_writes: int = 0
    expired: int = 0
    webhooks: int = 0
    freed: int = 0

    @property
    def total(self) -> int:
        """Rows of every kind."""
        return self.deliveries + self.ids + self.commands + self.own_writes + self.expired + self.webhooks
