"""Made-up values of a shape: a document's own examples first, else something that is of its kind."""

from __future__ import annotations

import re
import uuid
from typing import Any

from .shapes import Shape
from .words import words_of

__all__ = ["OPEN", "bounded", "made_value"]

Json = Any
OPEN = "text"
"""What stands where a document says no more than that there is a text."""
_DEEPEST = 6
_NODES = 20_000
"""Values of an example that are taken: an alias may stand for a document of any size."""
_NAMING = re.compile(r"(^|_)(id|uuid|guid|sku|code|number|slug|handle|key|barcode|ean|ref|reference|article)$")
_MOMENT = re.compile(r"(^|_)(at|date|time|datetime|timestamp|created|updated|modified|on)$")
_SPACE = uuid.UUID("5f0c1e1e-0000-4000-8000-000000000000")


def made_value(shape: Shape | None, number: int = 0, *, name: str = "", depth: int = 0) -> Json:
    """A value of a shape; `number` tells records apart: names, times and amounts differ from one to the next.

    `name` is what the place is called. None where a document leaves open what stands there.
    """
    if shape is None or depth > _DEEPEST:
        return None
    match shape.kind:
        case "object":
            return {key: made_value(each, number, name=key, depth=depth + 1) for key, each in shape.properties.items()}
        case "list":
            return [] if shape.item is None else [made_value(shape.item, number, name=name, depth=depth + 1)]
    if shape.enum:
        return shape.enum[number % len(shape.enum)]
    words = "_".join(words_of(name))
    if shape.example is not None and (not number or not _is_own(words, shape)):
        return shape.example
    match shape.kind:
        case "text":
            return _text(shape, words, number)
        case "integer" | "number":
            return _number(shape, words, number)
        case "boolean":
            return True
    return None


def _is_own(words: str, shape: Shape) -> bool:
    """Whether a place holds another value in every record."""
    return bool(_NAMING.search(words) or _MOMENT.search(words)) or shape.format in ("uuid", "email", "date-time")


def _text(shape: Shape, words: str, number: int) -> str:
    match shape.format:
        case "date-time":
            return f"2026-01-{28 - number % 27:02}T10:00:00Z"
        case "date":
            return f"2026-01-{28 - number % 27:02}"
        case "email":
            return f"person{number + 1}@example.com"
        case "uuid" | "guid":
            return str(uuid.uuid5(_SPACE, f"{words} {number}"))
        case "uri" | "url" | "uri-reference":
            return f"https://example.com/{number + 1}"
    if "email" in words.split("_"):
        return f"person{number + 1}@example.com"
    if words in ("currency", "currency_code"):
        return "EUR"
    if _NAMING.search(words):
        return f"{words.upper().replace('_', '-')}-{number + 1}"
    if isinstance(shape.default, str) and shape.default:
        return shape.default
    return OPEN


def _number(shape: Shape, words: str, number: int) -> int | float:
    if shape.kind == "integer" and _MOMENT.search(words):
        moment = 1_769_600_000 - number * 86_400
        return moment * 1_000 if shape.format == "int64" and "ms" in words.split("_") else moment
    least = shape.least if shape.least is not None else 0
    found: int | float = (1_001 if _NAMING.search(words) else 5) + number
    found = max(found, int(least))
    if shape.most is not None:
        found = min(found, int(shape.most))
    return found if shape.kind == "integer" else found + (0.5 if shape.most is None else 0)


def bounded(value: Json) -> Json:
    """An example as it is, None where it holds more than a bounded number of values."""
    left = _NODES
    waiting = [value]
    while waiting:
        left -= 1
        if left < 0:
            return None
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        if len(waiting) > _NODES:
            return None
    return value
