"""Pages of lists: cursors bound to filter and sort, 250 records at most, nested lists cut off in silence.

A cursor holds the sort value and the id of the record it stands behind (the recorded ones hold the same pair): a
record that changes while somebody pages moves, and may come twice. The fingerprint of filter and sort in it is ours;
the platform only says that a cursor belongs to them.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from pullpush_shopify.sandbox._execute import FieldError

__all__ = ["MAX_PAGE", "Edge", "Page", "PageInfo", "Rows", "cut_page", "page_of"]

MAX_PAGE = 250


@attrs.frozen
class Rows:
    """Records in ascending order of (`sort value`, id); `binding` is the text of filter and sort."""

    keys: list[tuple[Any, int]]
    records: list[Any]
    binding: str = ""

    @staticmethod
    def sort(records: Iterable[Any], key: Callable[[Any], Any], binding: str = "") -> Rows:
        """Rows of `records`, ordered by `key` and then by id."""
        pairs = sorted(((key(record), record.id), record) for record in records)
        return Rows([pair[0] for pair in pairs], [pair[1] for pair in pairs], binding)

    @staticmethod
    def enumerate(records: list[Any]) -> Rows:
        """Rows of a list that has an order of its own."""
        return Rows([(index, record.id) for index, record in enumerate(records)], records)


@attrs.frozen
class Edge:
    """One record of a page with its cursor."""

    cursor: str
    node: Any


@attrs.frozen
class PageInfo:
    """What lies around a page; the cursors are None when it is empty."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@attrs.frozen
class Page:
    """A slice of rows in the order of the answer."""

    nodes: list[Any]
    keys: list[tuple[Any, int]]
    mark: int
    has_next: bool
    has_previous: bool

    @property
    def edges(self) -> list[Edge]:
        return [Edge(_cursor(key, self.mark), node) for key, node in zip(self.keys, self.nodes, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        """What lies around this page."""
        start = _cursor(self.keys[0], self.mark) if self.keys else None
        end = _cursor(self.keys[-1], self.mark) if self.keys else None
        return PageInfo(self.has_next, self.has_previous, start, end)


def page_of(records: list[Any], arguments: Mapping[str, Any], call: Any) -> Page:
    """A page of a nested list that has an order of its own."""
    return cut_page(Rows.enumerate(records), arguments, call)


def cut_page(rows: Rows, arguments: Mapping[str, Any], call: Any) -> Page:
    """The page that `first`, `after`, `last`, `before` and `reverse` ask for.

    Raises:
        FieldError: no page size or a bad one, or a cursor of another list.
    """
    reverse = bool(arguments.get("reverse"))
    mark = zlib.crc32(f"{rows.binding}|{reverse}".encode())
    low, high = _bounds(rows, arguments, mark, reverse=reverse)
    size, from_end = _size(arguments, call, high - low)
    # With `reverse` the answer starts at the high end.
    take_high = from_end is not reverse
    start, stop = (max(low, high - size), high) if take_high else (low, min(high, low + size))
    before, after = start > 0, stop < len(rows.records)
    nodes, keys = rows.records[start:stop], rows.keys[start:stop]
    if reverse:
        return Page(nodes[::-1], keys[::-1], mark, before, after)
    return Page(nodes, keys, mark, after, before)


def _size(arguments: Mapping[str, Any], call: Any, everything: int) -> tuple[int, bool]:
    first, last = arguments.get("first"), arguments.get("last")
    if call.is_bulk:
        return everything, False
    if first is None and last is None:
        raise FieldError("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise FieldError("providing both first and last is not supported", "BAD_REQUEST")
    size = first if first is not None else last
    assert isinstance(size, int)
    if not 0 <= size <= MAX_PAGE:
        name = "first" if first is not None else "last"
        call.count_violation("page_too_large")
        raise FieldError(f"{name} must be between 0 and {MAX_PAGE}, not {size}", "BAD_REQUEST")
    return size, first is None


def _bounds(rows: Rows, arguments: Mapping[str, Any], mark: int, *, reverse: bool) -> tuple[int, int]:
    low, high = 0, len(rows.records)
    behind, ahead = arguments.get("after"), arguments.get("before")
    if reverse:
        behind, ahead = ahead, behind
    if behind is not None:
        low = bisect_right(rows.keys, _position(behind, mark))
    if ahead is not None:
        high = bisect_left(rows.keys, _position(ahead, mark))
    return low, max(low, high)


def _cursor(key: tuple[Any, int], mark: int) -> str:
    value = key[0].isoformat() if isinstance(key[0], datetime) else key[0]
    shown = {"last_id": key[1], "last_value": value, "list": mark}
    return base64.b64encode(json.dumps(shown, separators=(",", ":")).encode()).decode()


def _position(cursor: str, mark: int) -> tuple[Any, int]:
    try:
        held = json.loads(base64.b64decode(cursor, validate=True))
        value, number, made_for = held["last_value"], held["last_id"], held["list"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise FieldError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from error
    if made_for != mark:
        raise FieldError("Invalid cursor for current pagination sort.", "BAD_REQUEST")
    if isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T":
        value = datetime.fromisoformat(value)
    return value, number
