"""Names as words: what a native name means, whatever its spelling."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["singular", "snake", "words_of"]

_EDGES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_PREFIXES = frozenset({"pk", "fk", "str", "n", "b", "d"})
"""Letters that some platforms put before every name, as a type or a kind of key."""


def words_of(name: str) -> tuple[str, ...]:
    """`UpdatedAt`, `updated_at` and `updated-at` are the words updated and at."""
    plain = unicodedata.normalize("NFKD", name[:200]).encode("ascii", "ignore").decode()
    found = [word.lower() for word in _EDGES.split(plain) if word]
    if len(found) > 1 and found[0] in _PREFIXES:
        found = found[1:]
    return tuple(found)


def singular(word: str) -> str:
    """`categories` → `category`, `boxes` → `box`, `orders` → `order`; good enough to compare by."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("xes", "ses", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def snake(name: str) -> str:
    """A name of a setting; never empty, never beginning with a digit."""
    text = "_".join(words_of(name)) or "value"
    return f"v_{text}" if text[0].isdigit() else text
