"""YAML as JSON-like data: texts, numbers, true, false, null, lists and mappings, and nothing that surprises.

Only `true`, `false`, `null`, JSON numbers and an empty value are more than text: `no`, `on`, `12:30`, `1_000` and
dates stay the text they are. Duplicate keys, tags, merge keys, further documents and cycles are refused. The text is
read event by event, without recursion, so depth, aliases and size are limited while it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import yaml

from pullpush_sdk.errors import Problem

from ._document import (
    MAX_ALIASES,
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Findings,
    Json,
    Lines,
    ParseStopped,
    Position,
    below,
    exact_number,
    refuse,
)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"true": True, "false": False, "null": None, "": None}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HINTS = {
    "mapping values are not allowed": "put the text in quotes if it holds `: `",
    "cannot start any token": "indent with spaces and put texts that begin with this character in quotes",
    "could not find expected ':'": "a key needs `: ` after it",
    "expected <block end>": "check the indentation of this line",
    "while scanning a quoted scalar": "close the quote",
    "unexpected end of stream": "close what was opened",
}


_MERGE = re.compile(r"(?m)^(<{7}|>{7}) ")


def parse_yaml(text: str, file: str) -> Document:
    """YAML text as a Document.

    Raises:
        ManifestError: not YAML, or more than the restricted form allows; every finding is in it.
    """
    composer = _Composer(file)
    try:
        value = composer.compose(_events(text))
    except ParseStopped as stop:
        raise refuse(file, [*composer.problems, stop.problem(file)]) from None
    if composer.problems:
        raise refuse(file, composer.problems)
    return Document(value=value, file=file, format="yaml", positions=composer.positions, keys=composer.keys)


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f"{error.context}: " if error.context else ""
        message = f"{context}{error.problem}"
        hint = next((hint for words, hint in _HINTS.items() if words in message), "")
        if _MERGE.search(text):
            hint = "the marks of a merge are in it: keep one side, and take <<<<<<<, ======= and >>>>>>> away"
        raise ParseStopped(f"not YAML: {message}", _position(mark) if mark else None, hint) from None
    except yaml.reader.ReaderError as error:
        found = _UNPRINTABLE.search(text)
        place = Lines(text).position(found.start()) if found else None
        raise ParseStopped(f"not YAML: {error.reason}", place, "remove the character") from None


def _position(mark: Any) -> Position:
    return mark.line + 1, mark.column + 1


@attrs.define(kw_only=True)
class _Open:
    """A list or mapping that is being read; `key` is the mapping's key whose value comes next."""

    path: str
    into: Any
    anchor: str | None
    first_node: int
    key: str | None = None


class _Composer:
    """Events to values; what is wrong but readable is collected, the rest stops."""

    def __init__(self, file: str) -> None:
        self.positions: dict[str, Position] = {}
        self.keys: dict[str, Position] = {}
        self._findings = Findings(file)
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._unfinished: set[str] = set()
        self._nodes = 0
        self._aliases = 0

    @property
    def problems(self) -> list[Problem]:
        """What was found so far."""
        return self._findings.problems

    def compose(self, events: Iterator[Any]) -> Json:
        value: Json = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ParseStopped("a second YAML document", _position(event.start_mark), "keep one per file")
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                value = self._close()
            elif isinstance(event, yaml.NodeEvent):
                value = self._node(event)
        if documents == 0:
            raise ParseStopped("the file holds comments only", (1, 1), code="empty")
        return value

    def _node(self, event: Any) -> Json:
        place = _position(event.start_mark)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.into, dict) and top.key is None:
            self._take_key(top, event, place)
            return top.into
        path = "$" if top is None else below(top.path, top.key if top.key is not None else len(top.into))
        self.positions[path] = place
        self._count(1, place)
        if isinstance(event, yaml.AliasEvent):
            return self._put(self._alias(str(event.anchor), place))
        if event.tag is not None:
            self._findings.add(f"the tag {event.tag[:60]!r}", path, place, "write the value without a tag")
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path, place)
            if event.anchor:
                self._anchors[event.anchor] = (value, 1)
            return self._put(value)
        if len(self._open) >= MAX_DEPTH:
            raise ParseStopped(f"nested deeper than {MAX_DEPTH} levels", place, code="limit")
        into: Json = {} if isinstance(event, yaml.MappingStartEvent) else []
        if event.anchor:
            self._unfinished.add(event.anchor)
        self._open.append(_Open(path=path, into=into, anchor=event.anchor, first_node=self._nodes))
        return into

    def _take_key(self, top: _Open, event: Any, place: Position) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise ParseStopped("a key that is not text", place, "keys are plain words")
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._findings.add("the merge key `<<`", below(top.path, key), place, "write the keys out")
        if key in top.into:
            line = self.keys[below(top.path, key)][0]
            self._findings.add(
                f"the key {key[:60]!r} again", below(top.path, key), place, f"it stands in line {line} too"
            )
        self.keys.setdefault(below(top.path, key), place)
        top.key = key

    def _put(self, value: Json) -> Json:
        if not self._open:
            return value
        top = self._open[-1]
        if isinstance(top.into, dict):
            assert top.key is not None
            top.into[top.key] = value
            top.key = None
        else:
            top.into.append(value)
        return top.into

    def _close(self) -> Json:
        done = self._open.pop()
        if done.anchor:
            self._unfinished.discard(done.anchor)
            self._anchors[done.anchor] = (done.into, self._nodes - done.first_node + 1)
        self._put(done.into)
        return done.into

    def _alias(self, name: str, place: Position) -> Json:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise ParseStopped(f"more than {MAX_ALIASES} aliases", place, code="limit")
        if name in self._unfinished:
            raise ParseStopped(f"*{name[:60]} stands inside what it names: a cycle", place, "write the value out")
        if name not in self._anchors:
            raise ParseStopped(f"*{name[:60]} is not defined before", place, "quote a text that begins with *")
        value, size = self._anchors[name]
        self._count(size, place)
        return value

    def _count(self, nodes: int, place: Position) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise ParseStopped(f"more than {MAX_NODES:,} values", place, code="limit")

    def _scalar(self, event: Any, path: str, place: Position) -> Json:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        try:
            return exact_number(text)
        except ValueError as error:
            if "proportion" in str(error):
                self._findings.add(str(error), path, place, "put it in quotes if it is text")
            return text
