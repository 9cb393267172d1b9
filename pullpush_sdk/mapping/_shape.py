"""Which parts of a record a map reads, and typed structures that decode those parts only.

A shape grows from paths. Where two readers want one place differently (one walks into it, another takes it
whole; one as an object, another as a list), the place is decoded whole: plain values are always right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import msgspec

from pullpush_sdk.canonical import UNSET, Unset

from ._transforms import MAP_ITEMS
from .spec import Every, Key, Literal, Map, Move, Path, Rule, Where

_UNFIT = re.compile(r'["\\\x00-\x1f]')


@attrs.define
class Shape:
    """What is read at one place: all of it, some keys of an object, or something of each item of a list."""

    whole: bool = False
    keys: dict[str, Shape] = attrs.field(factory=dict)
    item: Shape | None = None

    def grow(self, moves: Sequence[Move]) -> Shape:
        """The shape that the moves lead to."""
        shape = self
        for move in moves:
            if isinstance(move, Key):
                shape = shape.keys.setdefault(move.name, Shape())
                continue
            if shape.item is None:
                shape.item = Shape()
            shape = shape.item
            if isinstance(move, Where):
                shape.grow([Key(name) for name in move.keys]).whole = True
        return shape


def read_by(spec: Map, at: Shape) -> None:
    """Marks in `at`, the shape of a record, everything that a map reads."""
    _map(spec, at, at)


def _map(spec: Map, item: Shape, record: Shape) -> None:
    for _, rule in spec.rules:
        _rule(rule, item, record)


def _rule(rule: Rule, item: Shape, record: Shape) -> None:
    for condition in rule.when:
        _whole(condition.path, item, record)
    if rule.otherwise is not None:
        _rule(rule.otherwise, item, record)
    if not rule.sources:
        item.whole = True
    inner = mapped_directly(rule)
    if inner is not None:
        path, spec = inner
        end = _start(path, item, record).grow(path.moves)
        each = end if path.collects else end.grow([Every()])
        _map(spec, each, record)
        if not each.keys and each.item is None:
            each.whole = True
        return
    for source in rule.sources:
        if not isinstance(source, Literal):
            _whole(source, item, record)
    if rule.steps and isinstance(rule.steps[-1].items, Map):
        _map(rule.steps[-1].items, Shape(), record)  # its items are plain, but `$$` in it reads the record


def mapped_directly(rule: Rule) -> tuple[Path, Map] | None:
    """The path and item map of a rule whose only work is mapItems; its items need not be read whole."""
    if len(rule.sources) == 1 and len(rule.steps) == 1 and not rule.several and rule.default is None:
        source, step = rule.sources[0], rule.steps[0]
        if step.name == MAP_ITEMS and isinstance(step.items, Map) and isinstance(source, Path):
            return None if source.root == "@" else (source, step.items)
    return None


def _start(path: Path, item: Shape, record: Shape) -> Shape:
    return record if path.root == "$$" else item


def _whole(path: Path, item: Shape, record: Shape) -> None:
    if path.root != "@":
        _start(path, item, record).grow(path.moves).whole = True


@attrs.frozen(eq=False)
class ObjectLayout:
    """An object decoded to a structure: attribute and layout of each key; layout None is a plain value."""

    cls: type[Any]
    keys: dict[str, tuple[str, Layout | None]]


@attrs.frozen(eq=False)
class ListLayout:
    """A list whose items were decoded to structures."""

    item: Layout


Layout = ObjectLayout | ListLayout


class Projected(msgspec.Struct):
    """Base of the structures; `layout` says where each key went."""

    layout: ClassVar[ObjectLayout]


def laid_out(shape: Shape) -> tuple[Any, Layout | None]:
    """The type to decode a shape with, and its layout; (Any, None) where plain values are needed."""
    if shape.whole or bool(shape.keys) == (shape.item is not None):
        return Any, None
    if shape.item is not None:
        kind, layout = laid_out(shape.item)
        return (Any, None) if layout is None else (list[kind | None], ListLayout(layout))  # type: ignore[valid-type]
    if any(_UNFIT.search(key) for key in shape.keys):
        return Any, None
    fields: list[tuple[str, Any, Any]] = []
    keys: dict[str, tuple[str, Layout | None]] = {}
    for at, (key, inner) in enumerate(shape.keys.items()):
        kind, layout = laid_out(inner)
        fields.append((f"f{at}", kind if layout is None else kind | None | Unset, UNSET))
        keys[key] = (f"f{at}", layout)
    cls = msgspec.defstruct(
        "Projected",
        fields,
        bases=(Projected,),
        rename={attribute: key for key, (attribute, _) in keys.items()},
        gc=False,
    )
    layout = ObjectLayout(cls, keys)
    cls.layout = layout  # type: ignore[attr-defined]  # declared on Projected
    return cls, layout
