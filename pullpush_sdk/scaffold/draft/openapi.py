"""An OpenAPI 3 or Swagger 2 document as a sketch of its platform. References may run in circles; none is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from pullpush_sdk.errors import SetupError

from .security import auth_of_schemes
from .shapes import Param, Shape, Sketch, SketchedOperation
from .words import snake

__all__ = ["read_openapi"]

Json = Any
_LARGEST = 64 * 1024 * 1024
_DEEPEST = 6
_NODES = 1500
"""Places looked at per answer: a schema that refers to half of the document is cut there."""
_METHODS = ("get", "post", "put", "patch", "delete")
_KINDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}


def read_openapi(file: Path) -> Sketch:
    """The sketch of a document in JSON or YAML.

    Raises:
        SetupError: it cannot be read, or is no OpenAPI document.
    """
    document = _parsed(file)
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise SetupError(f"{file} is no OpenAPI document", hint="it begins with `openapi: 3.…` or `swagger: '2.0'`")
    if not isinstance(document.get("paths"), dict):
        raise SetupError(f"{file} has no paths", hint="a document without requests describes nothing to read")
    return _Reader(document).sketch()


def _parsed(file: Path) -> Json:
    try:
        if file.stat().st_size > _LARGEST:
            raise SetupError(
                f"{file} is larger than {_LARGEST // 1024 // 1024} MB", hint="cut it to the paths you need"
            )
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{file} is not UTF-8 text: {error.reason}") from error
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - builds plain values only
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        words = " ".join(str(error).split())[:200]
        raise SetupError(f"{file} is neither JSON nor YAML: {words or type(error).__name__}") from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain values, with dates and times left as the text that they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


class _Reader:
    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document

    def sketch(self) -> Sketch:
        """Everything that the document says, but for the shapes of what is never listed."""
        base_url, settings, gaps = self._base_url()
        components = _mapping(self._document.get("components"))
        schemes = _mapping(components.get("securitySchemes") or self._document.get("securityDefinitions"))
        auth, secrets, more, gap = auth_of_schemes(
            {str(name): _mapping(self._resolved(each)) for name, each in schemes.items()}
        )
        info = _mapping(self._document.get("info"))
        return Sketch(
            title=str(info.get("title") or ""),
            base_url=base_url,
            auth=auth,
            secrets=secrets,
            settings={**settings, **more},
            operations=tuple(self._operations()),
            gaps=gaps | ({"auth": gap} if gap else {}),
        )

    def _base_url(self) -> tuple[str, dict[str, Json], dict[str, str]]:
        """The first server's address, its variables as settings, and what is wrong with it."""
        settings: dict[str, Json] = {}
        servers = self._document.get("servers")
        server = _mapping(servers[0]) if isinstance(servers, list) and servers else {}
        url = str(server.get("url") or "")
        for name, variable in _mapping(server.get("variables")).items():
            setting = snake(str(name))
            url = url.replace(f"{{{name}}}", f"{{{{{setting}}}}}")
            default = _mapping(variable).get("default")
            settings[setting] = {"type": "string"} | ({"default": str(default)} if default else {})
        if not url and self._document.get("host"):
            schemes = self._document.get("schemes")
            scheme = "https" if not isinstance(schemes, list) or "https" in schemes or not schemes else str(schemes[0])
            url = f"{scheme}://{self._document['host']}{self._document.get('basePath') or ''}"
        return _checked_url(url, settings)

    def _operations(self) -> Iterator[SketchedOperation]:
        for path, item in self._document["paths"].items():
            node = _mapping(self._resolved(item))
            for method in _METHODS:
                operation = _mapping(node.get(method))
                if operation:
                    yield self._operation(str(path), method, node, operation)

    def _operation(
        self, path: str, method: str, item: Mapping[str, Json], node: Mapping[str, Json]
    ) -> SketchedOperation:
        given = [*_sequence(item.get("parameters")), *_sequence(node.get("parameters"))]
        resolved = [_mapping(self._resolved(each)) for each in given]
        params = tuple(self._param(each) for each in resolved if each.get("in") in ("path", "query", "header"))
        tags = [str(each) for each in _sequence(node.get("tags"))]
        words = " ".join([*tags, str(node.get("operationId") or ""), str(node.get("summary") or "")])
        schema, example = self._answer(_mapping(node.get("responses")))
        wanted = method == "get" or _READS.search(path.rsplit("/", 1)[-1]) is not None
        return SketchedOperation(
            method=method.upper(),
            path=path,
            params=params,
            answer=self._shape(schema) if wanted and schema is not None else None,
            example=example,
            words=words,
        )

    def _param(self, node: Mapping[str, Json]) -> Param:
        schema = _mapping(self._resolved(node.get("schema"))) or node
        return Param(
            name=str(node.get("name") or ""),
            place=str(node.get("in")),
            kind=_KINDS.get(str(_first(schema.get("type"))), "text"),
            format=str(schema.get("format") or ""),
            required=node.get("required") is True,
            example=node.get("example", schema.get("example", schema.get("default"))),
        )

    def _answer(self, responses: Mapping[str, Json]) -> tuple[Json, Json]:
        """Schema and example of the answer that says yes."""
        good = [code for code in responses if str(code).startswith("2")] or [
            code for code in responses if code == "default"
        ]
        if not good:
            return None, None
        answer = _mapping(self._resolved(responses[good[0]]))
        if "schema" in answer:
            examples = _mapping(answer.get("examples"))
            return answer["schema"], next((value for name, value in examples.items() if "json" in str(name)), None)
        content = _mapping(answer.get("content"))
        kinds = [name for name in content if "json" in str(name)] or list(content)
        media = _mapping(content.get(kinds[0])) if kinds else {}
        example = media.get("example")
        if example is None:
            named = _mapping(media.get("examples"))
            example = next((_mapping(self._resolved(each)).get("value") for each in named.values()), None)
        return media.get("schema"), example

    # Schemas

    def _resolved(self, node: Json) -> Json:
        """The node that a chain of references leads to; {} where it leads nowhere, outside, or in a circle."""
        seen: set[str] = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen or not reference.startswith("#/"):
                return {}
            seen.add(reference)
            node = self._at(reference)
        return node

    def _at(self, reference: str) -> Json:
        node: Json = self._document
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdigit() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, Mapping) and name in node:
                node = node[name]
            else:
                return {}
        return node

    def _shape(self, schema: Json) -> Shape:
        budget = [_NODES]
        return self._shape_in(schema, (), budget)

    def _shape_in(self, schema: Json, above: tuple[str, ...], budget: list[int]) -> Shape:
        budget[0] -= 1
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        name = str(reference).rsplit("/", 1)[-1] if reference else ""
        if budget[0] < 0 or len(above) > _DEEPEST or (reference and reference in above):
            return Shape(kind="unknown", name=name)
        above = (*above, str(reference or ""))
        node = self._merged(_mapping(self._resolved(schema)), budget)
        kind = _KINDS.get(
            str(_first(node.get("type"))),
            "object" if "properties" in node else "list" if "items" in node else "unknown",
        )
        properties: dict[str, Shape] = {}
        item = None
        if kind == "object":
            inner = _mapping(node.get("properties"))
            # Plain values first: a budget that ends among nested ones has then seen what a map needs most.
            for key in sorted(inner, key=lambda key: isinstance(inner[key], Mapping) and "$ref" in inner[key]):
                properties[str(key)] = self._shape_in(inner[key], above, budget)
        elif kind == "list":
            item = self._shape_in(node.get("items"), above, budget)
        example = node.get("example", next(iter(_sequence(node.get("examples"))), None))
        return Shape(
            kind=kind,
            format=str(node.get("format") or ""),
            enum=tuple(str(each) for each in _sequence(node.get("enum")) if each is not None),
            example=example if isinstance(example, str | int | float) else None,
            properties=properties,
            item=item,
            name=name or str(node.get("title") or ""),
            about=str(node.get("description") or "")[:200],
        )

    def _merged(self, node: Mapping[str, Json], budget: list[int], depth: int = 0) -> Mapping[str, Json]:
        """A schema with the parts of its allOf laid together; of anyOf and oneOf the first that is not null."""
        if depth > _DEEPEST:
            return node
        parts = [self._resolved(each) for each in _sequence(node.get("allOf"))]
        choices = [self._resolved(each) for word in ("oneOf", "anyOf") for each in _sequence(node.get(word))]
        parts += [each for each in choices if isinstance(each, Mapping) and each.get("type") != "null"][:1]
        if not parts:
            return node
        merged: dict[str, Json] = {key: value for key, value in node.items() if key not in ("allOf", "oneOf", "anyOf")}
        for part in parts:
            budget[0] -= 1
            if budget[0] < 0 or not isinstance(part, Mapping):
                break
            inner = self._merged(part, budget, depth + 1)
            properties = {**_mapping(inner.get("properties")), **_mapping(merged.get("properties"))}
            merged = {**inner, **merged} | ({"properties": properties} if properties else {})
        return merged


_READS = re.compile(r"(?i)get|list|search|find|query|all|filter")


def _checked_url(url: str, settings: dict[str, Json]) -> tuple[str, dict[str, Json], dict[str, str]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", settings, {"base_url": "the document's address is no URL"}
    if parts.scheme in ("http", "https") and parts.netloc and "{" not in url.replace("{{", "").replace("}}", ""):
        gaps = {}
        if parts.netloc.split(":")[0] in ("example.com", "localhost", "127.0.0.1") or parts.netloc.endswith(".example"):
            gaps["base_url"] = "the document names an example's address"
        if parts.scheme == "http":
            words = "the document says http; credentials travel over https only"
            url, gaps["base_url"] = f"https{url[4:]}", "; ".join(filter(None, [gaps.get("base_url"), words]))
        return url.rstrip("/"), settings, gaps
    path = parts.path if not parts.netloc and "{" not in parts.path else ""
    return "", settings, {"base_url": "the document names no address", "base_path": path.rstrip("/")}


def _mapping(node: Json) -> Mapping[str, Json]:
    return node if isinstance(node, Mapping) else {}


def _sequence(node: Json) -> Sequence[Json]:
    return node if isinstance(node, list) else []


def _first(value: Json) -> Json:
    """The type that is not null, of OpenAPI 3.1's lists of types."""
    if isinstance(value, list):
        return next((each for each in value if each != "null"), None)
    return value
