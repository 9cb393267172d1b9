"""Assertions whose failures explain themselves: what was expected, what was found, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Delivery, Event, Outcome, Result

__all__ = ["assert_delivered", "assert_order_per_key", "assert_same_record", "assert_same_snapshot", "differences"]

Json = Any
_MOST = 10
"""Lines of one failure: the first ones say what is wrong, the rest is more of it."""


class Written(Protocol):
    """One write as a destination saw it."""

    @property
    def key(self) -> str:
        """Of the record."""

    @property
    def version(self) -> int:
        """Of the state that was written."""


def assert_delivered(batch: Sequence[Delivery], outcomes: Sequence[Outcome], *, unchanged: bool = True) -> None:
    """Every delivery of a batch was written; `unchanged` says whether "it was so already" will do too.

    Raises:
        AssertionError: naming each delivery that was not, its outcome and its reason.
    """
    if len(batch) != len(outcomes):
        raise AssertionError(f"{len(batch)} deliveries had {len(outcomes)} outcomes: one each, in the batch's order")
    good = {Result.DELIVERED, Result.UNCHANGED} if unchanged else {Result.DELIVERED}
    bad = [
        f"{delivery.kind.name} {delivery.key} ended {outcome.result.value}: {outcome.reason or 'no reason was given'}"
        for delivery, outcome in zip(batch, outcomes, strict=True)
        if outcome.result not in good
    ]
    if bad:
        raise AssertionError(_told(f"{len(bad)} of {len(batch)} deliveries were not delivered", bad))


def assert_order_per_key(writes: Iterable[Written]) -> None:
    """No key was written in an older state after a newer one. `writes` are in the order in which they happened.

    Raises:
        AssertionError: naming the key, both versions, and every version of the key in order.
    """
    seen: dict[str, list[int]] = {}
    bad = []
    for write in writes:
        versions = seen.setdefault(write.key, [])
        if versions and write.version < versions[-1]:
            bad.append(f"{write.key} went back from version {versions[-1]} to {write.version} (before: {versions})")
        versions.append(write.version)
    if bad:
        raise AssertionError(_told("older states were written over newer ones", bad))


def assert_same_record(found: Any, expected: Any, *, ignore: Iterable[str] = ()) -> None:
    """Two canonical records, or wire objects, say the same; `ignore` names wire fields that may differ.

    Raises:
        AssertionError: with a line for each field that differs.
    """
    bad = differences(found, expected, ignore=ignore)
    if bad:
        raise AssertionError(_told("the records differ", bad))


def assert_same_snapshot(
    found: Iterable[Any],
    expected: Iterable[Any],
    *,
    by: Callable[[Any], str] | None = None,
    ignore: Iterable[str] = (),
) -> None:
    """Two sets of records hold the same, whatever their order.

    Items are events, canonical records or wire objects; `by` gives the identity of one (None: what its type says, or
    its `sku`, `email` or id). Of two events of one identity the newest counts.

    Raises:
        AssertionError: naming what is missing, what is too much, and each field that differs.
    """
    left, right = _by_identity(found, by), _by_identity(expected, by)
    bad = [f"{identity}: missing" for identity in right if identity not in left]
    bad += [f"{identity}: not expected" for identity in left if identity not in right]
    for identity, item in right.items():
        if identity in left:
            bad += [f"{identity}: {line}" for line in differences(left[identity], item, ignore=ignore)]
    if bad:
        raise AssertionError(_told(f"{len(left)} records were found, {len(right)} expected, and they differ", bad))


def differences(found: Any, expected: Any, *, ignore: Iterable[str] = ()) -> list[str]:
    """A line for each wire field in which two records differ; parts of lists and objects by their place."""
    lines: list[str] = []
    _compare(_wire(found), _wire(expected), "", frozenset(ignore), lines)
    return lines


def _compare(found: Json, expected: Json, place: str, ignore: frozenset[str], lines: list[str]) -> None:
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in [*expected, *(each for each in found if each not in expected)]:
            where = f"{place}.{name}" if place else str(name)
            if where in ignore or name in ignore:
                continue
            if name not in found:
                lines.append(f"{where}: absent, expected {expected[name]!r}")
            elif name not in expected:
                lines.append(f"{where}: {found[name]!r}, expected nothing")
            else:
                _compare(found[name], expected[name], where, ignore, lines)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            _compare(one, other, f"{place}[{number}]", ignore, lines)
    elif (
        found != expected
        or (found is None) != (expected is None)
        or isinstance(found, bool) != isinstance(expected, bool)
    ):
        lines.append(f"{place or 'value'}: {found!r}, expected {expected!r}{_hint(found, expected)}")


def _hint(found: Json, expected: Json) -> str:
    """The one difference that costs most, said in words."""
    if (found == 0 and expected is None) or (found is None and expected == 0):
        return " (zero is a figure, null is no data)"
    return ""


def _wire(item: Any) -> Json:
    record = item.record if isinstance(item, Event | Delivery) else item
    return to_sparse(record) if attrs.has(type(record)) else record


def _by_identity(items: Iterable[Any], by: Callable[[Any], str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        identity = by(item) if by is not None else _identity(item)
        old = found.get(identity)
        if not (isinstance(old, Event) and isinstance(item, Event) and old.version > item.version):
            found[identity] = item
    return found


def _identity(item: Any) -> str:
    if isinstance(item, Delivery):
        return item.identity
    wire = _wire(item)
    names = ("sku", "email", "orderId", "invoiceId", "contactId", "callId", "cartId", "productId", "id")
    key = next((str(wire[name]) for name in names if wire.get(name) is not None), None)
    if key is None:
        raise AssertionError(f"nothing identifies {wire!r}; say how with by=")
    return f"{key}|{wire['locationId']}" if wire.get("locationId") else key


def _told(head: str, lines: Sequence[str]) -> str:
    more = [f"… and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join([head, *(f"  {line}" for line in [*lines[:_MOST], *more])])
