"""Reading a foreign document key by key: what was understood, what was kept, what was wrong.

A block remembers which of its keys were asked for. The others go into the manifest's `extra`: in silence where the
format knows them and a source has no use for them (icons, triggers, actions), with a note where nobody knows them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from pullpush_sdk.errors import Problem

from ._document import Document, Json, below
from ._schema import is_a, meant

_BAG = re.compile(r"\[\[\s*([A-Za-z_][\w.-]*)\s*\]\]", re.ASCII)
_FIELD = re.compile(r"(?<!\{)\{\s*([A-Za-z_][\w.-]*)\s*\}(?!\})", re.ASCII)


class Report:
    """Findings of one document, and the names that its templates use."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.extra: dict[str, Json] = {}
        self.paths: dict[str, str] = {}
        self.credentials: dict[str, None] = {}

    def wrong(self, message: str, path: str, hint: str = "") -> None:
        """Something that keeps the document from being read."""
        self.problems.append(self.document.problem(message, path, hint, code="miniapp-value"))

    def note(self, message: str, path: str, hint: str = "", *, code: str = "reading") -> None:
        """Something to know that stops nothing."""
        self.notes.append(
            self.document.problem(message, path, hint, code=f"miniapp-{code}", at_key=code == "unknown-key")
        )

    def keep(self, path: str, value: Json) -> None:
        """A part of the document that the manifest has no place for."""
        self.extra[path] = value

    def stands_for(self, model: str, document: str) -> None:
        """A part of the manifest and the part of the document that it came from."""
        self.paths[model] = document

    def template(self, text: str, path: str, *, fields: bool = False) -> str:
        """A text with `[[key]]` (a credential) as `{{key}}` and, with `fields`, `{id}` as `{{record.id}}`."""

        def bag(found: re.Match[str]) -> str:
            self.credentials[found[1]] = None
            return f"{{{{{found[1]}}}}}"

        filled = _BAG.sub(bag, text)
        if "[[" in filled:
            self.wrong("`[[` opens no placeholder", path, "write [[key]]")
        return _FIELD.sub(r"{{record.\1}}", filled) if fields else filled

    def templates(self, value: Json, path: str) -> Json:
        """A value with every text in it read as a template."""
        if isinstance(value, str):
            return self.template(value, path)
        if isinstance(value, dict):
            return {key: self.templates(each, below(path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.templates(each, below(path, index)) for index, each in enumerate(value)]
        return value


class Block:
    """One object of the document; null stands for absent."""

    def __init__(self, value: Mapping[str, Json], path: str, report: Report) -> None:
        self.value = value
        self.path = path
        self.report = report
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """The path of a key."""
        return below(self.path, key)

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self.value.get(key) is not None

    def any(self, key: str) -> Json:
        """The value, None where absent."""
        self._asked.add(key)
        return self.value.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text, the default where absent."""
        value = self.any(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self._wrong(key, "text")
        return default

    def template(self, key: str) -> str:
        """A text with its placeholders translated."""
        return self.report.template(self.text(key), self.at(key))

    def boolean(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.any(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._wrong(key, "true or false")
        return default

    def number(self, key: str, *, least: int = 1) -> int | None:
        """A whole number, None where absent."""
        value = self.any(key)
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        if value is not None:
            self._wrong(key, f"a whole number from {least}")
        return None

    def block(self, key: str) -> Block | None:
        """An inner object, None where absent or empty."""
        value = self.any(key)
        if isinstance(value, dict):
            return Block(value, self.at(key), self.report) if value else None
        if value is not None:
            self._wrong(key, "an object")
        return None

    def blocks(self, key: str) -> Iterator[tuple[str, Block]]:
        """The objects inside an inner object, by name."""
        outer = self.block(key)
        if outer is not None:
            yield from outer.members()

    def members(self) -> Iterator[tuple[str, Block]]:
        """The objects inside this one, by name."""
        for name in self.value:
            value = self.any(name)
            if isinstance(value, dict):
                yield name, Block(value, self.at(name), self.report)
            elif value is not None:
                self._wrong(name, "an object")

    def entries(self, key: str) -> list[Json]:
        """An inner list, empty where absent."""
        value = self.any(key)
        if isinstance(value, list):
            return value
        if value is not None:
            self._wrong(key, "a list")
        return []

    def close(self, known: Collection[str] = ()) -> None:
        """Keeps what nobody asked for; a key that is not among `known` gets a note."""
        for key, value in self.value.items():
            if key in self._asked:
                continue
            self.report.keep(self.at(key), value)
            if key not in known:
                hint = meant(key, [*self._asked, *known])
                hint = hint if hint.startswith("did") else "it is kept and has no effect"
                self.report.note(f"unknown key `{key[:60]}`", self.at(key), hint, code="unknown-key")

    def _wrong(self, key: str, expected: str) -> None:
        self.report.wrong(f"expected {expected}, found {is_a(self.value.get(key))}", self.at(key))
