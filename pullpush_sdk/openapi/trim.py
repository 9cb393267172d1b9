"""The part of a document that a connector uses: some operations and what they refer to, without its prose."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .schemas import mapping, sequence

__all__ = ["trimmed"]

Json = Any
_NODES = 60_000
_DEEPEST = 120
_PROSE = frozenset(
    [
        "description",
        "summary",
        "externalDocs",
        "tags",
        "operationId",
        "callbacks",
        "links",
        "xml",
        "contact",
        "termsOfService",
        "license",
    ]
)
_KEPT = ("openapi", "swagger", "host", "basePath", "schemes", "consumes", "produces", "security")
_NAMES = frozenset({"properties", "patternProperties", "schemas", "definitions", "parameters", "responses", "headers",
                    "securitySchemes", "securityDefinitions", "requestBodies", "examples", "variables", "scopes",
                    "content", "paths"})  # fmt: skip
"""Objects whose keys are names, not words of the specification."""


class _TooLargeError(Exception):
    """The part is larger than what is worth carrying along."""


def trimmed(document: Mapping[str, Json], used: Collection[tuple[str, str]]) -> dict[str, Json] | None:
    """The document with the operations of `used` alone, pairs of a method in capitals and a path; None where that is
    too large to carry along, or nothing of it is there.
    """
    try:
        found = _Trim(document).of(used)
        return found if found.get("paths") else None
    except _TooLargeError:
        return None


class _Trim:
    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._left = _NODES
        self._wanted: list[str] = []

    def of(self, used: Collection[tuple[str, str]]) -> dict[str, Json]:
        kept: dict[str, Json] = {key: self._copied(self._document[key]) for key in _KEPT if key in self._document}
        info = mapping(self._document.get("info"))
        kept["info"] = {"title": str(info.get("title") or "API"), "version": str(info.get("version") or "1")}
        if "servers" in self._document:
            kept["servers"] = self._copied(self._document["servers"])
        paths: dict[str, Json] = {}
        for path, item in mapping(self._document.get("paths")).items():
            methods = {method.lower() for method, where in used if where == path}
            if methods:
                node = self._followed(item)
                paths[str(path)] = {
                    key: self._copied(each)
                    for key, each in node.items()
                    if key in methods or key in ("parameters", "servers")
                }
        kept["paths"] = paths
        self._schemes(kept)
        self._referred(kept)
        return kept

    def _followed(self, node: Json) -> Mapping[str, Json]:
        """A path's item itself where a reference stands for it."""
        seen: set[str] = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str) and node["$ref"] not in seen:
            seen.add(node["$ref"])
            node = _at(self._document, node["$ref"])
        return mapping(node)

    def _schemes(self, kept: dict[str, Json]) -> None:
        schemes = mapping(self._document.get("components")).get("securitySchemes")
        if isinstance(schemes, Mapping):
            kept["components"] = {"securitySchemes": self._copied(schemes, names=True)}
        if isinstance(self._document.get("securityDefinitions"), Mapping):
            kept["securityDefinitions"] = self._copied(self._document["securityDefinitions"], names=True)

    def _referred(self, kept: dict[str, Json]) -> None:
        """Put in what is referred to, and what that refers to."""
        done: set[str] = set()
        while self._wanted:
            reference = self._wanted.pop()
            if reference in done or not reference.startswith("#/"):
                continue
            done.add(reference)
            steps = [_plain(step) for step in reference[2:].split("/")]
            found = _at(self._document, reference)
            if found is None or len(steps) < 2:
                continue
            holder: Json = kept
            for step in steps[:-1]:
                holder = holder.setdefault(step, {}) if isinstance(holder, dict) else None
            if isinstance(holder, dict):
                holder.setdefault(steps[-1], self._copied(found))

    def _copied(self, node: Json, depth: int = 0, *, names: bool = False) -> Json:
        """The node without prose; `names`: its keys are names, which stay whatever they are."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise _TooLargeError
        if isinstance(node, Mapping):
            if not names and isinstance(node.get("$ref"), str):
                self._wanted.append(node["$ref"])
                return {"$ref": node["$ref"]}
            return {
                str(key): self._copied(each, depth + 1, names=not names and key in _NAMES)
                for key, each in node.items()
                if names or (key not in _PROSE and not str(key).startswith("x-"))
            }
        if isinstance(node, list):
            return [self._copied(each, depth + 1) for each in sequence(node)]
        return node


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _at(document: Json, reference: str) -> Json:
    node = document
    for step in reference[2:].split("/") if reference.startswith("#/") else ():
        name = _plain(step)
        if isinstance(node, list) and name.isascii() and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            node = node.get(name) if isinstance(node, Mapping) else None
    return node
