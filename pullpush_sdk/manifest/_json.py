"""Strict JSON: what is wrong with it, and where each part stands."""

from __future__ import annotations

import json
import re

import attrs

from ._document import MAX_DEPTH, Document, Lines, ParseStopped, refuse
from ._javascript import parse_javascript

_EXPECTED = {
    "Expecting property name enclosed in double quotes": "a key in double quotes",
    "Expecting ':' delimiter": "`:` after the key",
    "Expecting ',' delimiter": "`,` or a closing bracket",
    "Expecting value": "a value",
    "Extra data": "nothing after the document's end",
}
_HINTS = {
    "'": "JSON needs double quotes",
    "/": "JSON has no comments; save the document as .js to keep them",
    "}": "JSON has no comma before a closing bracket",
    "]": "JSON has no comma before a closing bracket",
}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def parse_json(text: str, file: str) -> Document:
    """JSON text as a Document.

    Raises:
        ManifestError: not strict JSON, a duplicate key, or beyond the limits.
    """
    try:
        _check_depth(text)
        json.loads(text, parse_float=_passed, parse_int=_passed, parse_constant=_passed)
    except ParseStopped as stop:
        raise refuse(file, [stop.problem(file)]) from None
    except json.JSONDecodeError as error:
        raise refuse(file, [_stopped(text, error).problem(file)]) from None
    return attrs.evolve(parse_javascript(text, file), format="json")


def _check_depth(text: str) -> None:
    """The parser of the standard library recurses, so depth is counted before it runs."""
    depth = 0
    for found in _TOKEN.finditer(text):
        if found[0] in {"[", "{"}:
            depth += 1
            if depth > MAX_DEPTH:
                place = Lines(text).position(found.start())
                raise ParseStopped(f"nested deeper than {MAX_DEPTH} levels", place, code="limit")
        elif found[0] in {"]", "}"}:
            depth -= 1


def _passed(_text: str) -> None:
    """Numbers, and words such as NaN, are left to the reader that knows their places."""


def _stopped(text: str, error: json.JSONDecodeError) -> ParseStopped:
    found = text[error.pos : error.pos + 1]
    place = Lines(text).position(error.pos)
    expected = _EXPECTED.get(error.msg.removesuffix(" at"))
    hint = _HINTS.get(found, "")
    if expected is None:
        return ParseStopped(f"not JSON: {error.msg}", place, hint)
    shown = f"`{found}`" if found else "the end of the file"
    return ParseStopped(f"expected {expected}, found {shown}", place, hint)
