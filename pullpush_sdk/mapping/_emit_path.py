"""Emits the reading of paths: nested checks over plain values, attribute access over projected structures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import attrs

from ._shape import Layout, ListLayout, ObjectLayout
from ._values import same
from ._writer import Writer
from .spec import Every, Index, Key, Move, Path

Moves = tuple[Move, ...]


@attrs.define(kw_only=True, eq=False)
class Area:
    """One object that paths start from: its variable, its layout (None: a plain dict), and what is read already."""

    name: str
    layout: Layout | None
    read: dict[Moves, tuple[str, Layout | None]] = attrs.field(factory=dict)


class PathEmitter:
    """Writes reads of one function into its writer."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def hoist(self, area: Area, paths: Iterable[Path]) -> None:
        """Reads once, at the top of an area, what several paths share; reading has no effect, so order is free."""
        counts: Counter[Moves] = Counter()
        for path in paths:
            plain = 0
            while plain < len(path.moves) and isinstance(path.moves[plain], Key | Index):
                plain += 1
            counts.update(path.moves[:length] for length in range(1, plain + 1))
        children: Counter[Moves] = Counter()
        for moves, count in counts.items():
            children[moves[:-1]] = max(children[moves[:-1]], count)
        for moves in sorted(counts, key=len):
            if counts[moves] > 1 and children[moves] < counts[moves]:
                area.read[moves] = self.read(area, moves)

    def read(self, area: Area, moves: Moves) -> tuple[str, Layout | None]:
        """The variable that holds the value at the moves, and its layout; UNSET where they do not lead on."""
        if moves in area.read:
            return area.read[moves]
        start, layout, rest, known = self._start(area, moves)
        if not rest:
            return start, layout
        end = follow_layout(layout, rest)
        target = self.writer.name()
        if known and len(rest) == 1 and isinstance(rest[0], Key):
            self.writer.line(f"{target} = {self._key(start, rest[0], layout)[0]}")
            return target, end
        self.writer.line(f"{target} = UNSET")
        if any(isinstance(move, Every) for move in rest):
            self._walk(start, layout, rest, self._collector(target), known=known, opened=target)
        else:
            self._walk(start, layout, rest, lambda value: self.writer.line(f"{target} = {value}"), known=known)
        return target, end

    def _start(self, area: Area, moves: Moves) -> tuple[str, Layout | None, Moves, bool]:
        """Where to begin: the longest shared part that is read already, or the area itself, known to be an object."""
        for length in range(len(moves) - 1, 0, -1):
            if moves[:length] in area.read:
                name, layout = area.read[moves[:length]]
                return name, layout, moves[length:], False
        return area.name, area.layout, moves, True

    def _collector(self, target: str) -> Callable[[str], None]:
        def collect(value: str) -> None:
            with self.writer.block(f"if {value} is not UNSET:"):
                self.writer.line(f"{target}.append({value})")

        return collect

    def _walk(
        self,
        value: str,
        layout: Layout | None,
        moves: Moves,
        sink: Callable[[str], None],
        *,
        known: bool = False,
        opened: str = "",
    ) -> None:
        """Nested code from `value` along the moves; `opened` names the list that the first `[*]` begins."""
        if not moves:
            sink(value)
            return
        move, rest = moves[0], moves[1:]
        writer = self.writer
        with ExitStack() as stack:
            if isinstance(move, Key):
                if not known:
                    stack.enter_context(writer.block(f"if {value}.__class__ is {self.object_class(layout)}:"))
                text, inner = self._key(value, move, layout)
                found = writer.name()
                writer.line(f"{found} = {text}")
                self._walk(found, inner, rest, sink, opened=opened)
                return
            stack.enter_context(writer.block(f"if {value}.__class__ is list:"))
            inner = layout.item if isinstance(layout, ListLayout) else None
            found = writer.name("i")
            if isinstance(move, Index):
                stack.enter_context(writer.block(f"if len({value}) > {move.at:d}:"))
                writer.line(f"{found} = {value}[{move.at:d}]")
                self._walk(found, inner, rest, sink, opened=opened)
            elif isinstance(move, Every):
                if opened:
                    writer.line(f"{opened} = []")
                stack.enter_context(writer.block(f"for {found} in {value}:"))
                self._walk(found, inner, rest, sink, opened="")
            else:
                stack.enter_context(writer.block(f"for {found} in {value}:"))
                keys = tuple(Key(name) for name in move.keys)
                self._walk(
                    found,
                    inner,
                    keys,
                    self._when_same(move.equals, lambda: self._walk(found, inner, rest, sink, opened=opened)),
                )

    def _when_same(self, word: object, go_on: Callable[[], None]) -> Callable[[str], None]:
        """Goes on from the first item that equals the word, and leaves the loop."""

        def test(value: str) -> None:
            with self.writer.block(f"if {self.equal(value, word)}:"):
                go_on()
                self.writer.line("break")

        return test

    def equal(self, value: str, word: object) -> str:
        """An expression: whether the variable is the same as a literal."""
        if word is None or word is True or word is False:
            return f"{value} is {word}"
        name = self.writer.constant("K", word)
        if word.__class__ is str:
            return f"{value} == {name}"
        return f"{self.writer.constant('same', same)}({value}, {name})"

    def object_class(self, layout: Layout | None) -> str:
        """The class that an object has under a layout."""
        return self.writer.constant("P", layout.cls) if isinstance(layout, ObjectLayout) else "dict"

    def _key(self, value: str, move: Key, layout: Layout | None) -> tuple[str, Layout | None]:
        if isinstance(layout, ObjectLayout):
            attribute, inner = layout.keys[move.name]
            return f"{value}.{attribute}", inner
        return f"{value}.get({self.writer.constant('K', move.name)}, UNSET)", None


def follow_layout(layout: Layout | None, moves: Sequence[Move]) -> Layout | None:
    """The layout of what the moves lead to."""
    for move in moves:
        if isinstance(layout, ObjectLayout) and isinstance(move, Key):
            layout = layout.keys[move.name][1]
        elif isinstance(layout, ListLayout) and not isinstance(move, Key):
            layout = layout.item
        else:
            return None
    return layout
