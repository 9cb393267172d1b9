"""GraphQL documents as far as an emulator needs them: which operation it is, and which fields it asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Operation", "operation_of"]

_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[_A-Za-z]\w*|[{}():$@!\[\]=]|-?\d+(?:\.\d+)?')
_NAME = re.compile(r"[_A-Za-z]\w*")


@attrs.frozen(kw_only=True)
class Operation:
    """One operation: `words` are its text without layout, `roots` its outermost fields, `fields` all of them, and the
    names of arguments with a colon.
    """

    kind: str
    words: tuple[str, ...]
    roots: tuple[str, ...]
    fields: frozenset[str]

    def likeness(self, other: Operation) -> float | None:
        """How like another one it is, 0 to 1; None where they are not for the same root fields."""
        if self.kind != other.kind or set(self.roots) != set(other.roots):
            return None
        if self.words == other.words:
            return 1.0
        return 0.9 * len(self.fields & other.fields) / max(len(self.fields | other.fields), 1)


def operation_of(sent: Any) -> Operation | None:
    """The operation that a request body holds, None where it is not one of GraphQL."""
    document = sent.get("query") if isinstance(sent, Mapping) else None
    if not isinstance(document, str) or "{" not in document:
        return None
    words = tuple(_WORD.findall(_COMMENT.sub("", document)))
    kind = words[0] if words and words[0] in ("mutation", "subscription") else "query"
    roots, fields = _selected(words)
    return Operation(kind=kind, words=words, roots=tuple(roots), fields=frozenset(fields))


def _selected(words: tuple[str, ...]) -> tuple[list[str], set[str]]:
    """Field names of the outermost level, and of all levels with arguments; aliases, types and directives left out."""
    roots: list[str] = []
    fields: set[str] = set()
    depth = inside = 0
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        following = words[index + 1] if index + 1 < len(words) else ""
        if word in "{}" and not inside:
            depth += 1 if word == "{" else -1
        elif word in "()":
            inside += 1 if word == "(" else -1
        elif _NAME.fullmatch(word) and depth and not inside and _is_field(before, word, following):
            fields.add(word)
            if depth == 1:
                roots.append(word)
        elif depth and inside and following == ":" and before != "$":
            fields.add(f"{word}:")
    return roots, fields


def _is_field(before: str, word: str, following: str) -> bool:
    """Whether a name in a selection is a field: no alias, directive, fragment or type."""
    return following != ":" and before not in ("...", "@", "on") and word != "on"
