"""What a mapping says, as plain values: paths, rules, maps of canonical fields, templates of native bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Key:
    """The value of one key of an object."""

    name: str


@attrs.frozen
class Index:
    """The item of a list at a place, counted from 0."""

    at: int


@attrs.frozen
class Every:
    """`[*]`: each item of a list; the values found after it form one flat list."""


@attrs.frozen
class Where:
    """`[?key=='word']`: the first object of a list whose value at `keys` equals `equals`."""

    keys: tuple[str, ...]
    equals: Any


Move = Key | Index | Every | Where


@attrs.frozen(kw_only=True)
class Path:
    """A place in a record.

    `root` is `$` for the record or item that the rule maps, `$$` for the outermost record, `@` for the context
    that the caller gave (settings, page, request).
    """

    text: str
    root: str
    moves: tuple[Move, ...]

    @property
    def plain(self) -> str:
        """The path without a leading `$.`; `$` for the record itself."""
        if self.root != "$" or self.text == "$" or not self.text.startswith("$"):
            return self.text
        return self.text[1:].removeprefix(".")

    @property
    def collects(self) -> bool:
        """Whether the path gives a list of every match."""
        return any(isinstance(move, Every) for move in self.moves)


@attrs.frozen
class Literal:
    """A value that the author wrote down."""

    value: Any


@attrs.frozen(kw_only=True)
class Condition:
    """A test of one path: `test` is equals, notEquals, in, exists or notEmpty; `place` is where it is written."""

    path: Path
    test: str
    value: Any
    place: str = attrs.field(eq=False)


@attrs.frozen(kw_only=True)
class Step:
    """One transform of a chain with its arguments; `items` is what mapItems does with each item, if said."""

    name: str
    args: Mapping[str, Any]
    items: Map | Template | None = None
    place: str = attrs.field(eq=False)


@attrs.frozen(kw_only=True)
class Rule:
    """How one value is made: sources, then steps, then the default; `place` is where it is written.

    `several` is true for `paths`; the first step then takes all values. Without sources the first step is a
    compute over the whole record. Where a condition of `when` fails, `otherwise` stands in.
    """

    sources: tuple[Path | Literal, ...]
    several: bool = False
    steps: tuple[Step, ...] = ()
    when: tuple[Condition, ...] = ()
    otherwise: Rule | None = None
    default: Literal | None = None
    secret: bool = False
    place: str = attrs.field(eq=False)

    @property
    def literal(self) -> bool:
        """Whether the rule is nothing but a value."""
        return len(self.sources) == 1 and isinstance(self.sources[0], Literal)


@attrs.frozen(kw_only=True)
class Map:
    """Rules by target: a canonical field's wire or Python name, dotted for nested records."""

    rules: tuple[tuple[str, Rule], ...]
    place: str = attrs.field(default="$", eq=False)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets as written, in order."""
        return tuple(target for target, _ in self.rules)


@attrs.frozen(kw_only=True)
class ObjectTemplate:
    """A native object: every key with what fills it."""

    entries: tuple[tuple[str, Template], ...]


@attrs.frozen(kw_only=True)
class ListTemplate:
    """A native list with fixed places."""

    items: tuple[Template, ...]


Template = Rule | ObjectTemplate | ListTemplate
