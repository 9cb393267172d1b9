"""What a record says, apart from how it is written: the form in which states are compared.

5.0 equals 5, "5.50" equals "5.5" where the field is money, and the time of the last update is no content: a record
that was touched but not changed has the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, cast

import msgspec

from pullpush_sdk.canonical import CanonicalType, fields_of
from pullpush_sdk.canonical import Kind as FieldKind

__all__ = ["comparable", "content_of", "digest_of", "written_matches"]

Json = Any
Normalise = Callable[[Any], Any]

# Dict keys in a fixed order: free objects of a platform may come in another order each time.
_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")

# The time of a change is told by the event's version.
_NO_CONTENT = frozenset({"updatedAt"})

# A platform's own ids and stamps differ on two platforms that hold the same record, so they cannot tell an echo.
_OF_ONE_PLATFORM = frozenset({"createdAt", "updatedAt", "extensions", "url", "inventoryId"})


def digest_of(content: Mapping[str, Json], *, deleted: bool = False, fields: frozenset[str] | None = None) -> bytes:
    """Sixteen bytes that are equal for equal content, verb and field set."""
    text = blake2b(_encoder.encode(content), digest_size=16)
    if deleted:
        text.update(b"\0deleted")
    if fields is not None:
        text.update("\0".join(["\0fields", *sorted(fields)]).encode())
    return text.digest()


def content_of(kind: CanonicalType) -> Callable[[Mapping[str, Json]], dict[str, Json]]:
    """A function from a payload of `kind` (a sparse wire object) to its comparable content."""
    return _content(cast("Hashable", kind.record), _NO_CONTENT)


def comparable(kind: CanonicalType) -> Callable[[Mapping[str, Json]], dict[str, Json]]:
    """Like `content_of`, without what belongs to one platform only: for telling an echo from a change."""
    keep = {"locationId"} | {field.wire for field in fields_of(kind.record) if field.required}
    return _content(cast("Hashable", kind.record), _OF_ONE_PLATFORM, frozenset(keep))


def written_matches(written: Json, seen: Json) -> bool:
    """Whether `seen` says the same as `written` wherever both speak; lists must agree item by item."""
    if isinstance(written, dict):
        if not isinstance(seen, dict):
            return False
        return all(written_matches(value, seen[name]) for name, value in written.items() if name in seen)
    if isinstance(written, list):
        return (
            isinstance(seen, list)
            and len(written) == len(seen)
            and all(written_matches(mine, theirs) for mine, theirs in zip(written, seen, strict=True))
        )
    return bool(written == seen)


def _number(value: Any) -> Any:
    if value.__class__ is Decimal:
        # As text: arithmetic on decimals would round to the precision of its context.
        return int(value) if value == value.to_integral_value() else _money(format(value, "f"))
    return value


def _money(value: Any) -> Any:
    if value.__class__ is not str or "." not in value:
        return value
    return value.rstrip("0").rstrip(".")


def _normaliser(kind: FieldKind, without: frozenset[str], *, foreign: bool) -> Normalise | None:
    """How values of a kind are brought to one form; None where they are in it already."""
    if kind.name == "number":
        return _number
    if kind.name == "money":
        return _money
    if kind.name == "record":
        assert kind.of is not None
        inner = _content(cast("Hashable", kind.of), without, frozenset() if foreign else None, top=False)
        if inner is _same:
            return None
        return lambda value: inner(value) if value.__class__ is dict else value
    if kind.name == "list":
        assert kind.item is not None
        each = _normaliser(kind.item, without, foreign=foreign)
        if each is None:
            return None
        return lambda value: [each(item) for item in value] if value.__class__ is list else value
    return None


def _same(payload: Mapping[str, Json]) -> dict[str, Json]:
    """The content of a record that has nothing to bring to one form."""
    return cast("dict[str, Json]", payload)


@lru_cache(maxsize=256)
def _content(
    cls: Hashable, without: frozenset[str], keep: frozenset[str] | None = None, *, top: bool = True
) -> Callable[[Mapping[str, Json]], dict[str, Json]]:
    """`keep` None keeps every id; else only the ids that it names are content. At the `top` the result is a copy."""
    dropped = set(without)
    changed: dict[str, Normalise] = {}
    fields = fields_of(cls)  # type: ignore[arg-type]  # a cached function takes hashable arguments only
    for field in fields:
        if keep is not None and field.wire.endswith("Id") and field.wire not in keep:
            dropped.add(field.wire)
        normalise = _normaliser(field.kind, without, foreign=keep is not None)
        if normalise is not None and field.wire not in dropped:
            changed[field.wire] = normalise
    leave_out = tuple(dropped & {field.wire for field in fields})
    money = tuple(name for name, normalise in changed.items() if normalise is _money)
    others = tuple((name, normalise) for name, normalise in changed.items() if normalise is not _money)
    if not top and not changed and not leave_out:
        return _same

    def content(payload: Mapping[str, Json]) -> dict[str, Json]:
        found = dict(payload)
        for name in leave_out:
            found.pop(name, None)
        for name in money:
            value = found.get(name)
            if value.__class__ is str and value[-1:] in "0." and "." in value:
                found[name] = _money(value)
        for name, normalise in others:
            if name in found:
                value = found[name]
                if value.__class__ is not int:
                    found[name] = normalise(value)
        return found

    return content
