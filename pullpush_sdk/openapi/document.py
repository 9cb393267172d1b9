"""The text of an OpenAPI document as plain values: JSON or YAML, bounded whatever it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from pullpush_sdk.errors import SetupError

__all__ = ["read_document", "read_text"]

Json = Any
LARGEST = 64 * 1024 * 1024
_DEEPEST = 500
"""Levels; what composes YAML goes down as deep as the text does, on a stack that ends."""
_INDENTED = re.compile(r"^[ \-?]+", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]{}]")
_MOST_MERGED = 200_000
"""Pairs that YAML's `<<` may lay together: a few lines can ask for more than memory holds."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain values, with dates and times left as the text that they are."""

    merged = 0

    def flatten_mapping(self, node: Any) -> None:
        """Lay `<<` together, up to a number of pairs."""
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > _MOST_MERGED:
            raise yaml.YAMLError("its merge keys unfold to more than a document can hold")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def read_document(file: Path, *, largest: int = LARGEST) -> dict[str, Json]:
    """The document in a file, JSON or YAML.

    Raises:
        SetupError: it cannot be read, is larger than `largest` bytes, or is no OpenAPI document.
    """
    try:
        if file.exists() and not file.is_file():
            raise SetupError(f"{file} is no file", hint="give it a document that can be read to its end")
        if file.stat().st_size > largest:
            raise SetupError(f"{file} is larger than {largest // 1024 // 1024} MB", hint="cut it to the paths you need")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{file} is not UTF-8 text: {error.reason}") from error
    return read_text(text, str(file))


def read_text(text: str, name: str) -> dict[str, Json]:
    """The document in a text; `name` is what errors call it.

    Raises:
        SetupError: it is no OpenAPI document.
    """
    try:
        document = _parsed(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        words = " ".join(str(error).split())[:200]
        raise SetupError(f"{name} is neither JSON nor YAML: {words or type(error).__name__}") from error
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise SetupError(f"{name} is no OpenAPI document", hint="it begins with `openapi: 3.…` or `swagger: '2.0'`")
    if not isinstance(document.get("paths"), dict) and not isinstance(document.get("webhooks"), dict):
        raise SetupError(f"{name} has no paths", hint="a document without requests describes nothing to read")
    return document


def _parsed(text: str) -> Json:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    if _looks_deep(text) and _depth(text) > _DEEPEST:
        raise yaml.YAMLError(f"it nests deeper than {_DEEPEST} levels")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - builds plain values only


def _looks_deep(text: str) -> bool:
    """Whether a text may nest deeply, by its brackets and what lines begin with; cheap, and never too sure."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    widest = max((len(found[0]) for found in _INDENTED.finditer(text)), default=0)
    return deepest + widest > _DEEPEST


def _depth(text: str) -> int:
    depth = deepest = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(deepest, depth)
            if deepest > _DEEPEST:
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest
