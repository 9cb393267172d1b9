"""The manifest's JSON Schema, and its findings in words: what stands where, what was expected, what was meant.

A finding names one place and never dumps the object around it; values of texts are shown only where they had to be
one of a few words.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pullpush_sdk.errors import Problem

from ._document import Document, Json, below

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def manifest_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of `connector.yaml`, as a fresh value."""
    text = files("pullpush_sdk.manifest").joinpath("v1.json").read_text(encoding="utf-8")
    schema: dict[str, Json] = json.loads(text)
    return schema


def check_structure(document: Document) -> list[Problem]:
    """Every way in which a document departs from the schema, in the document's order."""
    problems = [found for error in _validator().iter_errors(document.value) for found in _explain(error, document)]
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0, problem.path))


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    # jsonschema takes a good part of a second to import: only reading a manifest pays for it.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(manifest_schema())


def is_a(value: Json) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return f"the number {str(value)[:40]}"
    if isinstance(value, str):
        return "text" if value else "empty text"
    return "a list" if isinstance(value, list) else "an object"


def meant(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, or all of them where none is close."""
    names = list(known)
    close = difflib.get_close_matches(word[:80], names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(names)}"


def _explain(error: ValidationError, document: Document) -> Iterator[Problem]:
    path = "$"
    for step in error.absolute_path:
        path = below(path, step)
    if error.validator in {"oneOf", "anyOf"}:
        yield from _explain_branches(error, path, document)
        return
    explain = _EXPLAIN.get(str(error.validator))
    if explain is None:
        yield document.problem(f"does not fit: {error.validator}", path, _about(error), code="manifest-value")
        return
    yield from explain(error, path, document)


def _explain_branches(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    """The findings of the branch that was meant: by `kind` where there is one, else which keys are asked for."""
    branches: list[Json] = list(error.validator_value)  # type: ignore[arg-type]
    if all(set(branch) == {"required"} for branch in branches):
        names = [name for branch in branches for name in branch["required"]]
        which = "one" if error.validator == "oneOf" else "at least one"
        yield document.problem(f"needs {which} of {', '.join(names)}", path, code="manifest-required")
        return
    kind = error.instance.get("kind") if isinstance(error.instance, dict) else None
    for inner in error.context or ():
        branch = branches[int(inner.schema_path[0])]
        if str(branch.get("$ref", "")).endswith(f"_{kind}"):
            yield from _explain(inner, document)


def _unknown_keys(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))  # type: ignore[union-attr]
    for key in error.instance:  # type: ignore[union-attr]
        if key not in known:
            inner = below(path, str(key))
            yield document.problem(
                f"unknown key `{key[:60]}`", inner, meant(str(key), known), code="manifest-unknown-key", at_key=True
            )


def _missing_keys(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    # jsonschema reports each missing key by itself; the name stands in the message only.
    for key in error.validator_value:  # type: ignore[union-attr]
        if error.message.startswith(repr(key)):
            about = error.schema.get("properties", {}).get(key, {}).get("description", "")  # type: ignore[union-attr]
            yield document.problem(f"`{key}` is missing", path, about, code="manifest-required")


def _wrong_type(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    names = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)  # type: ignore[arg-type]
    expected = " or ".join(_TYPES[str(name)] for name in names)
    hint = "put it in quotes" if names == ["string"] and not isinstance(error.instance, (dict, list)) else ""
    message = f"expected {expected}, found {is_a(error.instance)}"
    yield document.problem(message, path, hint or _about(error), code="manifest-type")


def _wrong_word(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    value = error.instance
    words = [error.validator_value] if error.validator == "const" else list(error.validator_value)  # type: ignore[arg-type]
    shown = f"`{value[:40]}`" if isinstance(value, str) else is_a(value)
    expected = ", ".join(str(word) for word in words)
    one_of = "one of " if len(words) > 1 else ""
    hint = meant(value, map(str, words)) if isinstance(value, str) and len(words) > 1 else ""
    hint = hint if hint.startswith("did") else _about(error)
    yield document.problem(f"expected {one_of}{expected}, found {shown}", path, hint, code="manifest-value")


def _wrong_form(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
    expected = error.schema.get("x-expected", f"text like {error.validator_value}")  # type: ignore[union-attr]
    yield document.problem(f"expected {expected}", path, _about(error), code="manifest-value")


def _says(template: str) -> Callable[[ValidationError, str, Document], Iterator[Problem]]:
    def explain(error: ValidationError, path: str, document: Document) -> Iterator[Problem]:
        message = template.format(limit=error.validator_value, found=is_a(error.instance))
        yield document.problem(message, path, _about(error), code="manifest-value")

    return explain


def _about(error: ValidationError) -> str:
    return str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""


_EXPLAIN: dict[str, Callable[[Any, str, Document], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _wrong_word,
    "const": _wrong_word,
    "pattern": _wrong_form,
    "minLength": _says("must not be empty"),
    "maxLength": _says("longer than {limit} characters"),
    "minItems": _says("must not be empty"),
    "uniqueItems": _says("an item stands in the list twice"),
    "minimum": _says("expected at least {limit}, found {found}"),
    "maximum": _says("expected at most {limit}, found {found}"),
    "exclusiveMinimum": _says("expected more than {limit}, found {found}"),
}
