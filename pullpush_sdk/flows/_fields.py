"""What a write would change in a record that the destination holds, field by field.

Compared is only what both sides speak of: a field that the source leaves out is not written, one that the destination
does not show cannot be judged. Values are compared, not their spelling: 5.0 is 5, "5.50" is "5.5", and texts, lists and
objects that hold nothing are as empty as null. What belongs to one platform (its ids and numbers, its stamps, its own
words for a status or channel, addresses of its files) is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.engine.content import comparable
from pullpush_sdk.engine.echo import echo_writer

__all__ = ["Comparer", "FieldChange", "changes_of"]

Json = Any

_OWN_WORDS = frozenset({"nativeStatus", "orderNumber", "invoiceNumber", "channel"})
# What items of a list are known by, where all of them have it and no two the same.
_NAMES = ("sku", "name", "code", "title")


@attrs.frozen(kw_only=True)
class FieldChange:
    """One field: what the destination holds and what the write would put there; None is empty or not there."""

    field: str
    old: Json
    new: Json


@attrs.define
class Comparer:
    """Compares records of one canonical type, given as sparse wire objects."""

    kind: CanonicalType
    _written: Callable[[Mapping[str, Json], bool], dict[str, Json]] = attrs.field(init=False)
    _held: Callable[[Mapping[str, Json]], dict[str, Json]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._written = echo_writer(self.kind)
        self._held = comparable(self.kind)

    def written(self, payload: Mapping[str, Json]) -> dict[str, Json]:
        """What a write of this record says, without its identity."""
        return _without_own_words(self._written(payload, False))

    def held(self, payload: Mapping[str, Json]) -> dict[str, Json]:
        """What this record of the destination shows."""
        return _without_own_words(self._held(payload))

    def additions(self, written: Mapping[str, Json]) -> list[FieldChange]:
        """What a write would say where the destination holds nothing."""
        return [FieldChange(field=name, old=None, new=value) for name, value in written.items() if not _is_empty(value)]

    def changes(self, written: Mapping[str, Json], held: Mapping[str, Json]) -> list[FieldChange]:
        """The fields that a write would change, in the record's order; empty where it would change nothing."""
        return list(_of_objects(written, held, ""))


def changes_of(field: str, old: Json, new: Json) -> list[FieldChange]:
    """What differs inside one field; empty where both say the same."""
    return list(_of_values(new, old, field))


def _without_own_words(content: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in content.items() if name not in _OWN_WORDS}


def _of_objects(new: Mapping[str, Json], old: Mapping[str, Json], place: str) -> Iterator[FieldChange]:
    for name, value in new.items():
        if name in old:
            yield from _of_values(value, old[name], f"{place}.{name}" if place else name)


def _of_values(new: Json, old: Json, place: str) -> Iterator[FieldChange]:
    if new == old or (_is_empty(new) and _is_empty(old)):
        return
    if isinstance(new, dict) and isinstance(old, dict):
        yield from _of_objects(new, old, place)
    elif isinstance(new, list) and isinstance(old, list):
        if place == "variants" and {len(new), len(old)} == {0, 1}:
            return  # some platforms show a product without variants as its own only one
        yield from _of_lists(new, old, place)
    else:
        yield FieldChange(field=place, old=old, new=new)


def _of_lists(new: list[Json], old: list[Json], place: str) -> Iterator[FieldChange]:
    if all(isinstance(each, str) for each in (*new, *old)):
        # Tags and categories have no order of their own.
        if sorted(new) != sorted(old):
            yield FieldChange(field=place, old=old, new=new)
        return
    name = _name_of_items(new, old)
    if name is not None:
        yield from _of_named_items(new, old, name, place)
    elif len(new) != len(old):
        yield FieldChange(field=place, old=old, new=new)
    else:
        for index, (mine, theirs) in enumerate(zip(new, old, strict=True)):
            yield from _of_values(mine, theirs, f"{place}[{index}]")


def _of_named_items(new: list[Json], old: list[Json], name: str, place: str) -> Iterator[FieldChange]:
    there = {each[name]: each for each in old}
    for each in new:
        theirs = there.pop(each[name], None)
        where = f"{place}[{each[name]}]"
        if theirs is None:
            yield FieldChange(field=where, old=None, new=each)
        else:
            yield from _of_values(each, theirs, where)
    for key, theirs in there.items():
        yield FieldChange(field=f"{place}[{key}]", old=theirs, new=None)


def _name_of_items(*lists: Sequence[Json]) -> str | None:
    for name in _NAMES:
        if all(_is_named(items, name) for items in lists):
            return name
    return None


def _is_named(items: Sequence[Json], name: str) -> bool:
    names = [each.get(name) for each in items if isinstance(each, dict)]
    return len(names) == len(items) == len({each for each in names if isinstance(each, str) and each})


def _is_empty(value: Json) -> bool:
    return value is None or value in ("", [], {})
