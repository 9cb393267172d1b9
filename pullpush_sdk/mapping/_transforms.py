"""The transforms a rule may name: each a plain function, and the table that says what it takes and gives.

A missing value and null pass every transform untouched, unless its docstring says otherwise: what was absent in
the record stays absent in the result. A function refuses with a reason that never holds the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from pullpush_sdk.canonical import UNSET

from ._numbers import exact, int_text, integral, plain_text, shifted, tidy
from ._site import Refused
from ._values import aware, empty

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = frozenset({"true", "yes", "1", "on"})
_FALSE = frozenset({"false", "no", "0", "off"})

NO_DEFAULT: Any = type("NoDefault", (), {"__repr__": lambda _self: "NO_DEFAULT"})()
"""The mark of a lookup without a default: a word outside the table is refused."""


def to_string(value: Any) -> str:
    """Text of a scalar: 5.0 -> "5", 5.50 -> "5.50", true -> "true"."""
    kind = value.__class__
    if isinstance(value, str):
        return str.__str__(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return int_text(value)
    if kind is Decimal:
        return plain_text(value)
    raise Refused("expected text, a number or true/false")


def to_number_or_null(value: Any) -> int | Decimal | None:
    """A number, or null where there is none to read; blank is null, never 0."""
    if value.__class__ is int:
        return value
    try:
        number = exact(value)
    except Refused:
        return None
    return None if number is None else tidy(number)


def to_decimal(value: Any) -> Decimal | None:
    """An exact decimal with the digits it was given; blank is null."""
    return exact(value)


def to_integer(value: Any) -> int | None:
    """A whole number; blank is null; a fraction is refused, never cut."""
    number = exact(value)
    return None if number is None else integral(number)


def to_boolean(value: Any) -> bool | None:
    """true/false, 1/0, and the words true, false, yes, no, on, off in any case; blank is null."""
    kind = value.__class__
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if kind is str else str(value) if kind is int and value in {0, 1} else None
    if word == "":
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Refused("expected true or false", "map other words with lookup")


def to_date_time(value: Any, form: str, zone: ZoneInfo | None) -> datetime | None:
    """An instant in UTC. Blank is null; a time without offset is refused unless a zone is given."""
    if form in {"unix", "unix_ms"}:
        return _unix(value, 3 if form == "unix_ms" else 6)
    if isinstance(value, datetime):
        moment = value
    elif value.__class__ is not str:
        raise Refused("expected the text of a time", "for seconds since 1970 write format: unix")
    elif not value.strip():
        return None
    else:
        moment = _read_time(value.strip(), form)
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    return aware(moment)


def _read_time(text: str, form: str) -> datetime:
    try:
        return datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
    except (ValueError, OverflowError):
        known = "an ISO 8601 time" if form == "iso" else f"a time like {form}"
        raise Refused(f"expected {known}") from None


def _unix(value: Any, places: int) -> datetime | None:
    """Seconds or milliseconds since 1970, `places` decimal places from microseconds; finer parts are cut."""
    number = exact(value)
    if number is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(shifted(number, places)))
    except OverflowError:
        raise Refused("expected a time within the years 1 to 9999") from None


def _text(value: Any) -> str:
    if value.__class__ is str:
        return value
    raise Refused("expected text", "put toString before it")


def trim(value: Any) -> str:
    """Text without white space at its ends."""
    return _text(value).strip()


def lower(value: Any) -> str:
    """Text in lower case."""
    return _text(value).lower()


def upper(value: Any) -> str:
    """Text in upper case."""
    return _text(value).upper()


def split(value: Any, separator: str) -> list[str]:
    """The trimmed pieces of a text; blank pieces are left out."""
    return [piece for each in _text(value).split(separator) if (piece := each.strip())]


def first(value: Any) -> Any:
    """The first item of a list; null where it is empty."""
    if value.__class__ is not list:
        raise Refused("expected a list")
    return value[0] if value else None


def from_minor_units(value: Any, exponent: int) -> Decimal | None:
    """1999 -> 19.99; blank is null; a fraction of a minor unit is refused."""
    number = exact(value)
    return None if number is None else shifted(Decimal(integral(number)), -exponent)


def to_minor_units(value: Any, exponent: int) -> int | None:
    """19.99 -> 1999; blank is null; what does not come out whole is refused, never rounded."""
    number = exact(value)
    return None if number is None else integral(shifted(number, exponent))


def join_codes(value: Any, separator: str) -> str | None:
    """Texts, or the `code` of objects, as one text; null where there is none."""
    if value.__class__ is not list:
        raise Refused("expected a list")
    found = []
    for each in value:
        code = each.get("code") if each.__class__ is dict else each
        if not empty(code):
            found.append(to_string(code))
    return separator.join(found) if found else None


def lookup(value: Any, table: Mapping[str, Any], default: Any) -> Any:
    """The entry of a word in a table; numbers and booleans are looked up as the text toString gives them."""
    found = table.get(value if value.__class__ is str else to_string(value), default)
    if found is NO_DEFAULT:
        raise Refused("not in the table", "add it to table, or give lookup a default")
    return found


def join(values: Any, separator: str) -> Any:
    """The scalars of a list, or of several paths, as one text; empty and blank ones are left out."""
    if not isinstance(values, list | tuple):
        raise Refused("expected a list")
    if isinstance(values, tuple) and all(value is UNSET for value in values):
        return UNSET
    texts = [to_string(value).strip() for value in values if not empty(value)]
    return separator.join(filter(None, texts)) or None


def computed(value: Any) -> Any:
    """What a registered function returned, if it is a value that rules can hold."""
    if value.__class__ is float:
        raise Refused("expected an exact number; a float has lost digits", "return an int or a Decimal")
    if value.__class__ is Decimal and not value.is_finite():
        raise Refused("expected a finite number")
    return list(value) if value.__class__ is tuple else value


def _want_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")  # noqa: TRY004 - findings are values
    return value


def _want_separator(value: Any) -> str:
    if not _want_text(value):
        raise ValueError("expected text of at least one character")
    return str(value)


def _want_exponent(value: Any) -> int:
    if value.__class__ is not int or not 0 <= value <= 12:
        raise ValueError("expected a whole number from 0 to 12")
    return int(value)


def _want_zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_want_text(value))
    except (ValueError, OSError, KeyError):
        raise ValueError("expected an IANA time zone such as Europe/Berlin") from None


def _want_format(value: Any) -> str:
    form = _want_text(value)
    if form in {"iso", "unix", "unix_ms"}:
        return form
    if "%" not in form or len(form) > 100:
        raise ValueError("expected iso, unix, unix_ms or a pattern such as %d/%m/%Y %H:%M")
    try:
        datetime.strptime(_EPOCH.strftime(form), form)  # noqa: DTZ007
    except (ValueError, re.error, OverflowError):
        raise ValueError("expected a pattern that strptime reads, such as %d/%m/%Y %H:%M") from None
    return form


def _want_table(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("expected an object: word -> value")
    for each in value.values():
        _want_scalar(each)
    try:
        return {to_string(word): each for word, each in value.items()}
    except Refused:
        raise ValueError("expected words, numbers or true/false as keys; write null cases with when") from None


def _want_scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise ValueError("expected text, a number, true, false or null as the value of a word")  # noqa: TRY004
    return value


def _same(value: Any) -> Any:
    return value


NEEDED: Any = type("Needed", (), {"__repr__": lambda _self: "NEEDED"})()
"""The mark of an argument that must be written."""


@attrs.frozen
class Argument:
    """One argument of a transform: `read` turns the document's value into the function's, or raises ValueError."""

    read: Callable[[Any], Any]
    default: Any = NEEDED


@attrs.frozen(kw_only=True)
class Transform:
    """One entry of the table.

    `gives` and `takes` name value classes (text, number, integer, instant, boolean, list, records), None where
    any is possible. `several`: it takes the values of `paths` together. `unchanged`: values of this class come
    out as they went in, so generated code need not call it.
    """

    call: Callable[..., Any]
    arguments: Mapping[str, Argument] = attrs.field(factory=dict)
    gives: str | None = None
    takes: frozenset[str] | None = None
    several: bool = False
    unchanged: type | None = None
    fills: frozenset[str] = frozenset()


_TEXT = frozenset({"text"})
_SCALAR = frozenset({"text", "number", "integer"})
_LIST = frozenset({"list"})
_WHOLE = frozenset({"integer", "number"})

# These three are more than a function of a value: each evaluator carries them out itself.
COALESCE = "coalesce"
COMPUTE = "compute"
MAP_ITEMS = "mapItems"

TRANSFORMS: Mapping[str, Transform] = {
    COALESCE: Transform(call=_same, several=True),
    COMPUTE: Transform(call=_same, arguments={"fn": Argument(_want_text)}, several=True),
    "first": Transform(call=first, takes=_LIST),
    "fromMinorUnits": Transform(
        call=from_minor_units,
        arguments={"exponent": Argument(_want_exponent, 2)},
        gives="number",
        takes=_SCALAR,
        fills=frozenset({"money"}),
    ),
    "join": Transform(
        call=join,
        arguments={"separator": Argument(_want_text, " ")},
        gives="text",
        takes=_LIST,
        several=True,
        fills=_TEXT,
    ),
    "joinCodes": Transform(
        call=join_codes, arguments={"separator": Argument(_want_text, ",")}, gives="text", takes=_LIST, fills=_TEXT
    ),
    "lookup": Transform(
        call=lookup,
        arguments={"table": Argument(_want_table), "default": Argument(_want_scalar, NO_DEFAULT)},
        takes=_SCALAR | {"boolean"},
    ),
    "lower": Transform(call=lower, gives="text", takes=_TEXT, fills=_TEXT),
    MAP_ITEMS: Transform(call=_same, gives="records", takes=_LIST),
    "split": Transform(call=split, arguments={"separator": Argument(_want_separator, ",")}, gives="list", takes=_TEXT),
    "toBoolean": Transform(
        call=to_boolean,
        gives="boolean",
        takes=frozenset({"text", "integer", "boolean", "number"}),
        unchanged=bool,
        fills=frozenset({"boolean"}),
    ),
    "toDateTime": Transform(
        call=to_date_time,
        arguments={"format": Argument(_want_format, "iso"), "timezone": Argument(_want_zone, None)},
        gives="instant",
        takes=_SCALAR | {"instant"},
        fills=frozenset({"instant"}),
    ),
    "toDecimal": Transform(call=to_decimal, gives="number", takes=_SCALAR, fills=frozenset({"money"})),
    "toInteger": Transform(call=to_integer, gives="integer", takes=_SCALAR, unchanged=int, fills=_WHOLE),
    "toMinorUnits": Transform(
        call=to_minor_units,
        arguments={"exponent": Argument(_want_exponent, 2)},
        gives="integer",
        takes=_SCALAR,
        fills=_WHOLE,
    ),
    "toNumberOrNull": Transform(call=to_number_or_null, gives="number", unchanged=int, fills=frozenset({"number"})),
    "toString": Transform(call=to_string, gives="text", takes=_SCALAR | {"boolean"}, unchanged=str, fills=_TEXT),
    "trim": Transform(call=trim, gives="text", takes=_TEXT, fills=_TEXT),
    "upper": Transform(call=upper, gives="text", takes=_TEXT, fills=_TEXT),
}


def transforms() -> frozenset[str]:
    """The names of all transforms."""
    return frozenset(TRANSFORMS)
