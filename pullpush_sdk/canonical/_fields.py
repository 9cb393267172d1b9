"""Field declarations of canonical records: one line says name, kind, and whether the wire always carries it.

The kind drives everything derived from a class: the JSON Schema, the codec and what a mapping may put there.
"""

from __future__ import annotations

import enum
import functools
from typing import Any

import attrs

from ._values import UNSET


@attrs.frozen
class Kind:
    """What a field holds.

    `name` is one of text, integer, number, money, instant, boolean, enum, record, list, map (text to text) or
    json (a free JSON object). `of` is the enum or record class; `item` the kind of a list's items.
    """

    name: str
    of: type[Any] | None = None
    item: Kind | None = None

    def __str__(self) -> str:
        if self.item is not None:
            return f"list of {self.item}"
        return self.of.__name__ if self.of is not None else self.name


TEXT = Kind("text")
INTEGER = Kind("integer")
NUMBER = Kind("number")
MONEY = Kind("money")
INSTANT = Kind("instant")
BOOLEAN = Kind("boolean")
TEXT_MAP = Kind("map")
JSON = Kind("json")


def enum_of(cls: type[enum.StrEnum]) -> Kind:
    """A closed list of words."""
    return Kind("enum", of=cls)


def record_of(cls: type[Any]) -> Kind:
    """A nested record class."""
    return Kind("record", of=cls)


def list_of(item: Kind | type[Any]) -> Kind:
    """Items of one kind, in order; a class means records of it."""
    return Kind("list", item=item if isinstance(item, Kind) else record_of(item))


def required(kind: Kind, doc: str = "") -> Any:
    """An identity field: must be there and not null."""
    return attrs.field(metadata={"kind": kind, "required": True, "always": True, "doc": doc})


def always(kind: Kind, doc: str = "") -> Any:
    """A key field of the published model: always on the wire, null when unknown."""
    return attrs.field(default=UNSET, metadata={"kind": kind, "required": False, "always": True, "doc": doc})


def optional(kind: Kind, doc: str = "") -> Any:
    """On the wire only where something is known; null means known empty."""
    return attrs.field(default=UNSET, metadata={"kind": kind, "required": False, "always": False, "doc": doc})


def wire_name(name: str) -> str:
    """The wire's spelling of a Python name: `location_id` -> `locationId`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@attrs.frozen(kw_only=True)
class Field:
    """One field of a canonical record as data."""

    name: str
    wire: str
    kind: Kind
    required: bool
    always: bool
    doc: str


def fields_of(cls: type[Any]) -> tuple[Field, ...]:
    """The fields of a record class in declaration order.

    Raises:
        TypeError: not a class made of `required`, `always` and `optional` fields.
    """
    return _declared(cls)  # type: ignore[arg-type]  # a cached function takes hashable arguments only


@functools.lru_cache(maxsize=256)
def _declared(cls: type[Any]) -> tuple[Field, ...]:
    if not attrs.has(cls):
        raise TypeError(f"{cls!r} is not an attrs class; declare a canonical record with @attrs.frozen")
    found = []
    for attribute in attrs.fields(cls):
        if "kind" not in attribute.metadata:
            raise TypeError(f"{cls.__name__}.{attribute.name} has no kind: use required(), always() or optional()")
        found.append(
            Field(
                name=attribute.name,
                wire=wire_name(attribute.name),
                kind=attribute.metadata["kind"],
                required=attribute.metadata["required"],
                always=attribute.metadata["always"],
                doc=attribute.metadata["doc"],
            )
        )
    return tuple(found)
