"""Regular expressions that a document brings: tried where they cannot hold the process up."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["TRIAL", "accepts", "endless_pattern"]

Json = Any
_SECONDS = 2.0
_REPEAT = re.compile(r"[*+{]")
_TRIED = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
print(*(int(re.search(pattern, each) is not None) for each in texts))
"""
TRIAL = (sys.executable, "-I", "-S", "-c", _TRIED)
"""The program that tries a pattern: it takes data alone, and may run where others may not."""


def accepts(pattern: str, texts: Sequence[str]) -> list[bool] | None:
    """Which texts hold what a pattern says, None where trying it does not come to an end.

    Two repeats can take a time that grows without measure: such a pattern is tried in a process of its own, which is
    ended after two seconds. The pattern must compile.
    """
    if len(_REPEAT.findall(pattern)) < 2:  # one is quick with any text
        return [re.search(pattern, each) is not None for each in texts]
    import subprocess  # noqa: PLC0415 - most manifests have no such pattern

    given = json.dumps([pattern, list(texts)]).encode()
    try:
        tried = subprocess.run(  # noqa: S603 - our own program; what it tries comes by its input
            TRIAL, input=given, capture_output=True, timeout=_SECONDS, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    return [each == "1" for each in tried.stdout.decode().split()]


def endless_pattern(schema: Json, value: Json) -> str | None:
    """A pattern of a JSON Schema that does not come to an end with the texts of a value, None where all do."""
    texts = list(dict.fromkeys(_texts(value)))
    if not texts:
        return None
    return next((each for each in dict.fromkeys(_patterns(schema)) if accepts(each, texts) is None), None)


def _patterns(schema: Json) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), Mapping):
            yield from schema["patternProperties"]
    for each in _inside(schema):
        yield from _patterns(each)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value
    for each in _inside(value):
        yield from _texts(each)


def _inside(value: Json) -> Iterable[Json]:
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
