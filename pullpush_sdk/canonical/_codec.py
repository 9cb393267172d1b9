"""Records to wire JSON and back, by cattrs.

The wire form is the public contract: camelCase, money as decimal text, instants as ISO 8601 UTC, key fields
always there. The log's form leaves absent fields out, so that "absent" and "known empty" stay apart.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any

import msgspec
from cattrs import BaseValidationError, Converter, IterableValidationError, IterableValidationNote, transform_error
from cattrs.gen import make_dict_structure_fn, override

from pullpush_sdk.errors import FieldError

from ._fields import Field, Kind, fields_of, wire_name
from ._types import CanonicalType
from ._unstructure import Unstructure, make_unstructure
from ._values import INSTANT_TEXT, MONEY_TEXT, dumps, loads, parse_instant, whole

Json = Any


def _typed(expected: str, *classes: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value.__class__ not in classes:
            raise ValueError(f"expected {expected}, got {value!r:.60}")
        return value

    return check


def _decode_money(value: Any) -> Decimal:
    if value.__class__ is not str or MONEY_TEXT.fullmatch(value) is None:
        raise ValueError(f"expected decimal text, got {value!r:.60}")
    return Decimal(value)


def _decode_number(value: Any) -> int | Decimal:
    if value.__class__ is int:
        return int(value)
    if value.__class__ is Decimal and value.is_finite():
        return whole(value)
    raise ValueError(f"expected a JSON number, got {value!r:.60}")


def _decode_integer(value: Any) -> int:
    if value.__class__ in (int, Decimal) and value == int(value):
        return int(value)
    raise ValueError(f"expected a whole number, got {value!r:.60}")


def _decode_instant(value: Any) -> datetime:
    if value.__class__ is not str or INSTANT_TEXT.fullmatch(value) is None:
        raise ValueError(f"expected an ISO 8601 instant in UTC, like 2026-01-31T08:00:00Z, got {value!r:.60}")
    return parse_instant(value)


def _decode_enum(cls: type[enum.Enum], value: Any) -> Any:
    try:
        return cls(value)
    except ValueError:
        raise ValueError(f"expected one of {', '.join(str(each.value) for each in cls)}, got {value!r:.60}") from None


def _decode_map(value: Any) -> dict[str, str]:
    if value.__class__ is not dict or any(each.__class__ is not str for each in value.values()):
        raise ValueError(f"expected an object of texts, got {value!r:.60}")
    return dict(value)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "text": _typed("text", str),
    "integer": _decode_integer,
    "boolean": _typed("true or false", bool),
    "json": _typed("an object", dict),
    "number": _decode_number,
    "money": _decode_money,
    "instant": _decode_instant,
    "map": _decode_map,
}


def _decode(kind: Kind, converter: Converter) -> Callable[[Any], Any]:
    """One JSON value to a value of the kind, refusing any other shape."""
    if kind.name == "record":
        cls: Any = kind.of
        return lambda value: converter.structure(value, cls)
    if kind.name == "enum":
        assert kind.of is not None
        return partial(_decode_enum, kind.of)
    if kind.name == "list":
        assert kind.item is not None
        each = _decode(kind.item, converter)

        def decode_list(value: Any) -> tuple[Any, ...]:
            if value.__class__ is not list:
                raise ValueError(f"expected a list, got {value!r:.60}")
            return _decode_items(each, value)

        return decode_list
    return _DECODERS[kind.name]


def _decode_items(decode: Callable[[Any], Any], values: list[Any]) -> tuple[Any, ...]:
    """Every item decoded; all failures are collected, each with its index, as cattrs marks places."""
    items, errors = [], []
    for index, value in enumerate(values):
        try:
            items.append(decode(value))
        except (BaseValidationError, ValueError) as error:
            error.add_note(IterableValidationNote(f"item {index}", index, Any))
            errors.append(error)
    if errors:
        raise IterableValidationError("items are not good", errors, list)
    return tuple(items)


def _structure_hook(field: Field, converter: Converter) -> Callable[[Any, Any], Any]:
    decode = _decode(field.kind, converter)
    if field.required:
        return lambda value, _type: decode(value)
    return lambda value, _type: None if value is None else decode(value)


@cache
def _converter(*, sparse: bool) -> Converter:
    """A converter that knows records by their field kinds; `sparse` leaves unset key fields out too."""
    converter = Converter(detailed_validation=True)

    def unstructure_factory(cls: type[Any]) -> Unstructure:
        return make_unstructure(cls, sparse=sparse, inner=converter.get_unstructure_hook)

    def structure_factory(cls: type[Any]) -> Callable[[Any, Any], Any]:
        overrides: dict[str, Any] = {
            field.name: override(rename=field.wire, struct_hook=_structure_hook(field, converter))
            for field in fields_of(cls)
        }
        inner = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **overrides)

        def structure(value: Any, target: Any) -> Any:
            if value.__class__ is not dict:
                raise ValueError(f"expected an object, got {value!r:.60}")
            return inner(value, target)

        return structure

    def is_record(cls: Any) -> bool:
        return hasattr(cls, "__attrs_attrs__")

    converter.register_unstructure_hook_factory(is_record, unstructure_factory)
    converter.register_structure_hook_factory(is_record, structure_factory)
    return converter


@cache
def _unstructure(cls: type[Any], *, sparse: bool) -> Unstructure:
    return _converter(sparse=sparse).get_unstructure_hook(cls)


def to_wire(record: Any) -> dict[str, Json]:
    """A record as the JSON object that other systems read; money is text, absent key fields are null."""
    return _unstructure(record.__class__, sparse=False)(record)


def to_sparse(record: Any) -> dict[str, Json]:
    """A record as a JSON object that leaves every absent field out; `from_wire` gives back an equal record."""
    return _unstructure(record.__class__, sparse=True)(record)


def encode(record: Any) -> bytes:
    """The wire form as compact JSON."""
    return dumps(to_wire(record))


def from_wire(kind: CanonicalType, payload: Any, *, version: int | None = None) -> Any:
    """A JSON value as a record of `kind`; absent fields are UNSET, null is None.

    An older `version` is upgraded first; None means the current one.

    Raises:
        FieldError: not this type; the message names every bad place as a JSON path.
    """
    if version is not None and version != kind.version:
        payload = upgrade(kind, payload, version)
    try:
        record = _converter(sparse=True).structure(payload, kind.record)
        kind.identity(record)
        return record
    except (BaseValidationError, ValueError) as error:
        raise FieldError(f"not a canonical {kind.name}: {'; '.join(_places(error))}", target=kind.name) from None


def decode(kind: CanonicalType, text: bytes | str, *, version: int | None = None) -> Any:
    """JSON text as a record of `kind`; raises FieldError like `from_wire`, also for text that is not JSON."""
    try:
        payload = loads(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FieldError(f"not a canonical {kind.name}: {error}", target=kind.name) from None
    return from_wire(kind, payload, version=version)


def upgrade(kind: CanonicalType, payload: Any, version: int) -> Any:
    """A payload of an older version in the current one.

    Raises:
        FieldError: the version is newer than this runtime knows, or no upgrade leads on from it.
    """
    if version > kind.version:
        raise FieldError(
            f"{kind.name} version {version} is newer than the {kind.version} that this runtime knows",
            target=kind.name,
            hint="update pullpush-sdk, or the connector that registers the type",
        )
    while version < kind.version:
        step = kind.upgrades.get(version)
        if step is None:
            raise FieldError(
                f"{kind.name} version {version} cannot be upgraded to {version + 1}",
                target=kind.name,
                hint="register an upgrade for it with the canonical type",
            )
        payload = step(payload)
        version += 1
    return payload


def _places(error: BaseException) -> list[str]:
    """The findings of a failed decode, each with the JSON path of its place."""

    def words(each: BaseException, _type: Any) -> str:
        if isinstance(each, KeyError):
            return f"{each} is missing"
        extra = getattr(each, "extra_fields", None)
        return f"unknown field {', '.join(sorted(extra))}" if extra else str(each)

    if not isinstance(error, BaseValidationError):
        return [str(error)]
    return [
        _PYTHON_NAME.sub(lambda found: wire_name(found[0]), each)
        for each in transform_error(error, format_exception=words)
    ]


# cattrs writes places with Python names (`$.line_items[0].unit_price`); readers know the wire's.
_PYTHON_NAME = re.compile(r"(?<=\.)[a-z0-9]+(?:_[a-z0-9]+)+(?=[.\[]|$)")
