"""Hypothesis strategies for canonical records and events, derived from their field kinds, and for fault scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from pullpush_sdk.canonical import BUILT_IN, UNSET, CanonicalType, Field, Kind, fields_of
from pullpush_sdk.connector import Event, Verb
from pullpush_sdk.testing.faults import FaultScript, page, push

__all__ = [
    "canonical_types",
    "events",
    "fault_scripts",
    "records",
    "stock_quantities",
    "values",
]

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
_AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=4)
_QUANTITIES = st.integers(-(10**12), 10**12) | _AMOUNTS.filter(lambda value: value != value.to_integral_value())
_INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "text": _TEXT,
    "integer": st.integers(-(2**53), 2**53),
    "number": _QUANTITIES,
    "money": _AMOUNTS,
    "instant": _INSTANTS,
    "boolean": st.booleans(),
    "map": st.dictionaries(_TEXT, _TEXT, max_size=3),
    "json": st.dictionaries(_TEXT, _JSON, max_size=3),
}


def values(kind: Kind) -> st.SearchStrategy[Any]:
    """Values that a field of this kind may hold, null and absence aside."""
    if kind.item is not None:
        return st.lists(values(kind.item), max_size=3).map(tuple)
    if kind.of is None:
        return _PLAIN[kind.name]
    words: Any = kind.of
    return st.sampled_from(list(words)) if kind.name == "enum" else _records_of(kind.of)


def records(kind: CanonicalType) -> st.SearchStrategy[Any]:
    """Records of a canonical type that have an identity."""
    return _records_of(kind.record).filter(lambda record: _identified(kind, record))


def events(kind: CanonicalType, *, verbs: Sequence[Verb] = tuple(Verb)) -> st.SearchStrategy[Event]:
    """Events of a canonical type: a record that has an identity, some version, mostly an update."""
    return st.builds(
        Event,
        type=st.just(kind.name),
        record=records(kind),
        version=st.integers(0, 4 * 10**15),
        verb=st.sampled_from(list(verbs)),
        transport_id=st.none() | _NAMES,
    )


def fault_scripts(*, most: int = 6, within: int = 12) -> st.SearchStrategy[FaultScript]:
    """Scripts of faults that pass, among the first requests that read and that write; shrunk to the fewest."""
    one = st.builds(
        lambda kind, number, which: kind(number).passes(which),
        st.sampled_from((page, push)),
        st.integers(1, within),
        st.integers(0, 5),
    )
    return st.lists(one, max_size=most).map(lambda faults: FaultScript.of(*faults))


def canonical_types() -> st.SearchStrategy[CanonicalType]:
    """One of the built-in types."""
    return st.sampled_from(BUILT_IN)


def stock_quantities() -> st.SearchStrategy[int | Decimal | None]:
    """What a stock level may say: a number, zero among them, or nothing known."""
    return st.none() | st.just(0) | _QUANTITIES


def _identified(kind: CanonicalType, record: Any) -> bool:
    if not kind.identified_by:
        return True
    names = [field.name for field in fields_of(kind.record) if field.wire in kind.identified_by]
    return any(isinstance(value := getattr(record, name), str) and value.strip() for name in names)


def _records_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{field.name: _field(field) for field in fields_of(cls)})


def _field(field: Field) -> st.SearchStrategy[Any]:
    if field.required:
        return _NAMES if field.kind.name == "text" else values(field.kind)
    return st.just(UNSET) | st.none() | values(field.kind)
