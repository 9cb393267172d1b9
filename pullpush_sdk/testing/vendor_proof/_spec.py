"""An OpenAPI 2 or 3 document, and what an exchange has against it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs
import yaml
from jsonschema import Draft4Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT4

from ._record import Exchange

Json = Any

_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_NUMBERED = re.compile(r"\[\d+\]")
_PARAM = re.compile(r"\{[^{}]*\}")


@attrs.frozen(kw_only=True)
class Finding:
    """One departure: of which operation (`GET /orders`), in its `request`, `query` or `answer 200`, where and what."""

    operation: str
    part: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.part} at {self.place or 'its root'}: {self.message}"


@attrs.define(kw_only=True)
class Specification:
    """One document. `prefix` is what stands before its paths in a request (a pattern, such as `/rest/[^/]+`)."""

    document: Mapping[str, Json]
    prefix: str = ""
    _routes: list[tuple[re.Pattern[str], str, Mapping[str, Json]]] = attrs.field(init=False, factory=list)
    _registry: Any = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        resource = DRAFT4.create_resource(dict(self.document))
        self._registry = Registry().with_resource("urn:spec", resource)
        base = re.escape(str(self.document.get("basePath", "")).rstrip("/")) if not self.prefix else self.prefix
        for path, item in self.document["paths"].items():
            pattern = "".join(
                "[^/]+" if _PARAM.fullmatch(part) else re.escape(part) for part in re.split(r"(\{[^{}]*\})", path)
            )
            self._routes.append((re.compile(f"{base}{pattern.rstrip('/')}/?"), path, item))
        # A path without parameters is meant before one whose parameter would take it.
        self._routes.sort(key=lambda route: route[1].count("{"))

    @classmethod
    def load(cls, path: Path, *, prefix: str = "") -> Specification:
        """The document in a YAML or JSON file."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return cls(document=yaml.load(path.read_text(encoding="utf-8"), Loader=loader), prefix=prefix)  # noqa: S506 - safe loader

    def operation(self, method: str, path: str) -> tuple[str, Mapping[str, Json]] | None:
        """The name and the object of the operation that a request is, None where the document has none."""
        for pattern, name, item in self._routes:
            if pattern.fullmatch(path) and method.lower() in item:
                shared = item.get("parameters", [])
                found = dict(item[method.lower()])
                found["parameters"] = [*shared, *found.get("parameters", [])]
                return f"{method.upper()} {name}", found
        return None

    def check(self, exchange: Exchange) -> list[Finding]:
        """Every way in which a request and its answer depart from the document."""
        known = self.operation(exchange.method, exchange.path)
        if known is None:
            shown = f"{exchange.method} {unquote(exchange.path)}"
            return [Finding(operation=shown, part="request", place="", message="the document has no such operation")]
        name, operation = known
        found = [*self._query(operation, exchange), *self._request(operation, exchange)]
        found += self._answer(operation, exchange)
        return [attrs.evolve(each, operation=name) for each in found]

    def _query(self, operation: Mapping[str, Json], exchange: Exchange) -> Iterator[Finding]:
        """Parameters by name; where a name holds list indexes, any index will do."""
        declared = {
            _NUMBERED.sub("[]", each["name"]): each
            for each in map(self._resolved, operation["parameters"])
            if each.get("in") == "query"
        }
        given = {_NUMBERED.sub("[]", name) for name, _ in exchange.query}
        bare = {name.removesuffix("[]") for name in given}
        for name in sorted(given):
            if name not in declared and name.removesuffix("[]") not in declared:
                yield Finding(operation="", part="query", place=name, message="no such parameter")
        for name, each in declared.items():
            if each.get("required") and name not in given and name not in bare:
                yield Finding(operation="", part="query", place=name, message="the parameter is required")

    def _request(self, operation: Mapping[str, Json], exchange: Exchange) -> Iterator[Finding]:
        schema, is_required = self._body_of(operation)
        if schema is None:
            if exchange.has_request:
                yield Finding(operation="", part="request", place="", message="the operation takes no body")
            return
        if exchange.has_request:
            yield from self._against(schema, exchange.request, "request")
        elif is_required:
            yield Finding(operation="", part="request", place="", message="the body is required")

    def _body_of(self, operation: Mapping[str, Json]) -> tuple[Json, bool]:
        if "requestBody" in operation:
            body = self._resolved(operation["requestBody"])
            return _json_schema(body.get("content", {})), bool(body.get("required"))
        for each in map(self._resolved, operation["parameters"]):
            if each.get("in") == "body":
                return each.get("schema", {}), bool(each.get("required"))
        return None, False

    def _answer(self, operation: Mapping[str, Json], exchange: Exchange) -> Iterator[Finding]:
        part = f"answer {exchange.status}"
        responses = {str(status): each for status, each in operation.get("responses", {}).items()}
        keys = (str(exchange.status), f"{str(exchange.status)[0]}XX", "default")
        declared = next((responses[key] for key in keys if key in responses), None)
        if declared is None:
            yield Finding(operation="", part=part, place="", message="the document has no such answer")
            return
        declared = self._resolved(declared)
        schema = declared.get("schema") or _json_schema(declared.get("content", {}))
        if schema is not None and not exchange.has_answer:
            yield Finding(operation="", part=part, place="", message="the answer is no JSON")
        elif schema is not None:
            yield from self._against(schema, exchange.answer, part)

    def _against(self, schema: Json, value: Json, part: str) -> Iterator[Finding]:
        rooted = _rooted(schema)
        validator = _validator()(rooted, registry=self._registry)
        for error in validator.iter_errors(value):
            place = _NUMBERED.sub("[]", "".join(_step(step) for step in error.absolute_path)).removeprefix(".")
            yield Finding(operation="", part=part, place=place, message=_message(error))

    def _resolved(self, value: Json) -> Json:
        while isinstance(value, Mapping) and "$ref" in value:
            found: Json = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            value = found
        return value


def _json_schema(content: Mapping[str, Json]) -> Json:
    for kind, each in content.items():
        if "json" in kind:
            return each.get("schema")
    return None


def _rooted(schema: Json) -> Json:
    """The schema with its references made absolute, so that it stands by itself."""
    if isinstance(schema, Mapping):
        return {
            key: f"urn:spec{value}" if key == "$ref" and str(value).startswith("#") else _rooted(value)
            for key, value in schema.items()
        }
    return [_rooted(each) for each in schema] if isinstance(schema, list) else schema


def _step(step: Json) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _message(error: Any) -> str:
    """What is wrong, without the values: the same departure reads the same whatever record shows it."""
    if error.validator == "type":
        kinds = error.validator_value
        wanted = kinds if isinstance(kinds, str) else " or ".join(kinds)
        return f"expected {wanted}, found {_kind(error.instance)}"
    if error.validator == "required":
        name = re.match(r"'([^']*)'", error.message)
        return f"{name[1] if name else '?'} is missing"
    if error.validator == "additionalProperties":
        return "further properties: " + ", ".join(sorted(set(error.instance) - set(error.schema.get("properties", ()))))
    return f"does not fit {error.validator}"


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _type(validator: Any, types: Any, instance: Any, schema: Mapping[str, Json]) -> Iterator[Any]:
    """`nullable` (OpenAPI 3.0) and `x-nullable` (its custom in 2) let null pass."""
    if instance is None and (schema.get("nullable") or schema.get("x-nullable")):
        return
    yield from Draft4Validator.VALIDATORS["type"](validator, types, instance, schema)


def _enum(validator: Any, enums: Any, instance: Any, schema: Mapping[str, Json]) -> Iterator[Any]:
    if instance is None and (schema.get("nullable") or schema.get("x-nullable")):
        return
    yield from Draft4Validator.VALIDATORS["enum"](validator, enums, instance, schema)


@lru_cache(maxsize=1)
def _validator() -> Any:
    return extend(Draft4Validator, {"type": _type, "enum": _enum})  # type: ignore[no-untyped-call]
