"""The last step of every rule: a value becomes what its target field holds, or is refused by name.

Each function takes a value that is neither missing nor null, and the site that answers for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pullpush_sdk.canonical import JSON, UNSET, Field, Kind, fields_of, parse_instant

from ._numbers import exact, int_text, integral, tidy
from ._site import Failure, Refused, Site
from ._values import aware, plain

Coerce = Callable[[Any, Site], Any]


def text(value: Any, site: Site) -> str:
    """Text, or an int as its digits; a fraction, true/false and shapes are refused."""
    if isinstance(value, str):
        return str.__str__(value)
    if value.__class__ is int:
        try:
            return int_text(value)
        except Refused as error:
            raise site.refuse(error.reason, value) from None
    raise site.refuse("expected text", value, "add transform: toString" if _is_scalar(value) else "")


def number(value: Any, site: Site) -> int | Decimal | None:
    """An exact number, integral ones as int; blank text is null."""
    if value.__class__ is int:
        return value
    try:
        found = exact(value)
        return None if found is None else tidy(found)
    except Refused as error:
        raise site.refuse(error.reason, value, error.hint or _NO_NUMBER) from None


def integer(value: Any, site: Site) -> int | None:
    """A whole number; blank text is null."""
    if value.__class__ is int:
        return value
    try:
        found = exact(value)
        return None if found is None else integral(found)
    except Refused as error:
        raise site.refuse(error.reason, value, error.hint or _NO_NUMBER) from None


def money(value: Any, site: Site) -> Decimal | None:
    """An exact decimal with the digits it was given; blank text is null."""
    try:
        return exact(value)
    except Refused as error:
        raise site.refuse(error.reason, value, error.hint or _NO_NUMBER) from None


def instant(value: Any, site: Site) -> datetime | None:
    """An aware UTC instant from a datetime or ISO 8601 text with an offset; blank text is null."""
    if isinstance(value, datetime):
        try:
            return aware(value)
        except Refused as error:
            raise site.refuse(error.reason, value, error.hint) from None
    if value.__class__ is not str:
        raise site.refuse("expected the text of a time", value, "for seconds use toDateTime with format: unix")
    trimmed = value.strip()
    if not trimmed:
        return None
    try:
        return parse_instant(trimmed)
    except (ValueError, OverflowError):
        hint = "for other forms and for times without an offset use toDateTime with format and timezone"
        raise site.refuse("expected an ISO 8601 time with an offset or Z", value, hint) from None


def boolean(value: Any, site: Site) -> bool:
    """A boolean, nothing else."""
    if value.__class__ is bool:
        return value
    raise site.refuse("expected true or false", value, "add transform: toBoolean")


def text_map(value: Any, site: Site) -> dict[str, str]:
    """An object of texts; ints become their digits, null entries are left out."""
    if value.__class__ is not dict:
        raise site.refuse("expected an object of texts", value)
    return {key: _inside(text, each, site, f".{key}") for key, each in value.items() if each is not None}


def json_object(value: Any, site: Site) -> dict[str, Any]:
    """An object, as it is."""
    if value.__class__ is not dict:
        raise site.refuse("expected an object", value, "name a key: extensions.name")
    return value


def anything(value: Any, site: Site) -> Any:
    """Any JSON value; an instant becomes text."""
    try:
        return plain(value)
    except Refused as error:
        raise site.refuse(error.reason, value, error.hint) from None


@lru_cache(maxsize=256)
def coercion(kind: Kind | None) -> Coerce:
    """The function for a kind; None is any JSON value."""
    if kind is None:
        return anything
    if kind.name == "enum":
        return _enum(kind)
    if kind.name == "list":
        return _list(kind)
    if kind.name == "record":
        return _record(kind)
    return _PLAIN[kind.name]


def _enum(kind: Kind) -> Coerce:
    assert kind.of is not None
    table = words(kind)

    def enum(value: Any, site: Site) -> Any:
        found = table.get(value) if isinstance(value, str) else None
        if found is None:
            reason = f"expected one of {', '.join(table)}"
            raise site.refuse(reason, value, "map the platform's words with transform: lookup")
        return found

    return enum


def words(kind: Kind) -> dict[str, Any]:
    """The members of an enum kind by their word."""
    assert kind.of is not None
    return {str(member.value): member for member in kind.of}


def _list(kind: Kind) -> Coerce:
    assert kind.item is not None
    each = coercion(kind.item)

    def items(value: Any, site: Site) -> tuple[Any, ...]:
        if value.__class__ is not list and value.__class__ is not tuple:
            raise site.refuse("expected a list", value, "for separated text add transform: split")
        found = []
        for at, item in enumerate(value):
            if item.__class__ is str and each is text:
                found.append(item)
            elif item is not None and (good := _inside(each, item, site, f"[{at}]")) is not None:
                found.append(good)
        return tuple(found)

    return items


def _record(kind: Kind) -> Coerce:
    """An object whose keys are canonical wire names, as a record; other keys go to its extensions, if it has any."""
    assert kind.of is not None
    cls = kind.of
    fields = {field.wire: field for field in fields_of(cls)}
    free = fields.get("extensions") if fields.get("extensions") and fields["extensions"].kind == JSON else None

    def record(value: Any, site: Site) -> Any:
        if isinstance(value, cls):
            return value
        if value.__class__ is not dict:
            raise site.refuse("expected an object", value)
        known: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for key, each in value.items():
            field = fields.get(key)
            if field is None:
                rest[key] = each
            else:
                known[field.name] = None if each is None else _inside(coercion(field.kind), each, site, f".{key}")
        if free is not None and rest:
            known["extensions"] = {**rest, **(known.get("extensions") or {})}
        for field in fields.values():
            if field.required and known.get(field.name, UNSET) in (UNSET, None):
                raise site.inside(_part(field).missing(known.get(field.name, UNSET)), "")
        return cls(**known)

    return record


def _part(field: Field) -> Site:
    return Site(target=field.wire)


def _inside(function: Coerce, value: Any, site: Site, suffix: str) -> Any:
    """A part of a value; its failure names the part."""
    try:
        return function(value, _PARTS[site.secret])
    except Failure as failure:
        raise site.inside(failure, suffix) from None


def _is_scalar(value: Any) -> bool:
    return value.__class__ in {bool, int, Decimal}


_PARTS = {False: Site(target=""), True: Site(target="", secret=True)}

_NO_NUMBER = "where such values mean that nothing is known add transform: toNumberOrNull"

_PLAIN: dict[str, Coerce] = {
    "text": text,
    "integer": integer,
    "number": number,
    "money": money,
    "instant": instant,
    "boolean": boolean,
    "map": text_map,
    "json": json_object,
}
