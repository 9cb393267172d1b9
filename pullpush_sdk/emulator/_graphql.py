"""GraphQL documents as far as an emulator needs them: which operation it is, and which fields it asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

__all__ = ["Operation", "operation_of"]

_COMMENT = re.compile(r"#[^\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[_A-Za-z]\w*|[{}():$@!\[\]=]|-?\d+(?:\.\d+)?')
_NAME = re.compile(r"[_A-Za-z]\w*")


@attrs.frozen(kw_only=True)
class Operation:
    """One operation: `tokens` are its text without layout, `roots` its outermost fields, `fields` all that it selects."""

    kind: str
    tokens: tuple[str, ...]
    roots: tuple[str, ...]
    fields: frozenset[str]

    def likeness(self, other: Operation) -> float | None:
        """How like another one it is, 0 to 1; None where they are not for the same root fields."""
        if self.kind != other.kind or set(self.roots) != set(other.roots):
            return None
        if self.tokens == other.tokens:
            return 1.0
        return 0.9 * len(self.fields & other.fields) / max(len(self.fields | other.fields), 1)


def operation_of(sent: Any) -> Operation | None:
    """The operation that a request body holds, None where it is not one of GraphQL."""
    document = sent.get("query") if isinstance(sent, Mapping) else None
    if not isinstance(document, str) or "{" not in document:
        return None
    tokens = tuple(_TOKEN.findall(_COMMENT.sub("", document)))
    kind = tokens[0] if tokens and tokens[0] in ("mutation", "subscription") else "query"
    roots, fields = _selected(tokens)
    return Operation(kind=kind, tokens=tokens, roots=tuple(roots), fields=frozenset(fields))


def _selected(tokens: tuple[str, ...]) -> tuple[list[str], set[str]]:
    """Field names of the outermost level and of all levels; arguments, aliases, types and directives left out."""
    roots: list[str] = []
    fields: set[str] = set()
    depth = inside = 0
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token in "{}" and not inside:
            depth += 1 if token == "{" else -1
        elif token in "()":
            inside += 1 if token == "(" else -1
        elif inside or not depth or not _NAME.fullmatch(token) or following == ":":
            continue
        elif before in ("...", "@", "on") or token == "on":
            continue
        else:
            fields.add(token)
            if depth == 1:
                roots.append(token)
    return roots, fields
