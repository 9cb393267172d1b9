"""Lists that a platform cuts off: how far a filtered one was read, and from where to ask for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from pullpush_sdk.canonical import instant_text, parse_instant
from pullpush_sdk.connector import Event, moment_of
from pullpush_sdk.http import PageState
from pullpush_sdk.manifest import Incremental

ALL = "all"
"""In place of a moment: the list is read without its filter."""


@attrs.define(kw_only=True)
class Depth:
    """How many records of a filtered list were read, and up to which update time.

    `limit` is where the platform ends such a list (None: nowhere). `begin` is the moment from which it was asked for
    anew, as text; `ALL` where its filter was dropped, None where neither happened.
    """

    limit: int | None
    goes_on: bool
    begin: str | None
    _read: int = 0
    _newest: int | None = None

    @classmethod
    def of(cls, incremental: Incremental | None, begin: str | None) -> Depth:
        """Before a list is read, from the start or, by a stored cursor's `begin`, from the middle on."""
        if incremental is None:
            return cls(limit=None, goes_on=False, begin=begin)
        return cls(limit=incremental.depth, goes_on=incremental.oldest_first, begin=begin)

    @property
    def moment(self) -> datetime | None:
        """The moment from which the list was asked for anew."""
        return None if self.begin is None or self.begin == ALL else parse_instant(self.begin)

    @property
    def is_cut(self) -> bool:
        """Whether a list that has just ended was as long as the platform shows at most."""
        return self.limit is not None and self._read >= self.limit

    def start(self, state: PageState | None) -> None:
        """A list is read, from the start or from the page that `state` stands before."""
        self._read = 0 if state is None else state.read
        self._newest = None

    def count(self, records: int, events: Iterable[Event]) -> None:
        """A page came."""
        self._read += records
        versions = [event.version for event in events]
        if versions:
            self._newest = max(versions) if self._newest is None else max(self._newest, *versions)

    def go_on(self) -> None:
        """The list is to be asked for anew: behind what was read, or as a whole where that would lead nowhere."""
        newest = None if self._newest is None else moment_of(self._newest)
        if not self.goes_on or newest is None or (self.moment is not None and newest <= self.moment):
            self.begin = ALL
        else:
            self.begin = instant_text(newest)
