"""References and schemas of a document as shapes. References may run in circles; none is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .shapes import Shape

__all__ = ["Schemas", "first_type", "kind_of", "mapping", "plain", "sequence"]

Json = Any
_DEEPEST = 6
_NODES = 1500
"""Places looked at per answer: a schema that refers to half of the document is cut there."""
_KINDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._document = document
        self._known: dict[tuple[str, str], Shape] = {}

    def resolved(self, node: Json) -> Json:
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
            if isinstance(node, list) and name.isascii() and name.isdigit() and len(name) < 9 and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, Mapping) and name in node:
                node = node[name]
            else:
                return {}
        return node

    def shape(self, schema: Json) -> Shape:
        """The shape that a schema describes, cut where it goes too deep."""
        name = _named(schema)
        if name is None:
            return self._shape(schema, (), [_NODES])
        if name not in self._known:
            self._known[name] = self._shape(schema, (), [_NODES])
        return self._known[name]

    def _shape(self, schema: Json, above: tuple[str, ...], budget: list[int]) -> Shape:
        budget[0] -= 1
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        name = str(reference).rsplit("/", 1)[-1] if reference else ""
        if budget[0] < 0 or len(above) > _DEEPEST or (reference and reference in above):
            return Shape(kind="unknown", name=name)
        above = (*above, str(reference or ""))
        node = self._merged(mapping(self.resolved(schema)), budget)
        kind = kind_of(node)
        properties: dict[str, Shape] = {}
        item = None
        if kind == "object":
            inner = mapping(node.get("properties"))
            # Plain values first: a budget that ends among nested ones has then seen what a map needs most.
            for key in sorted(inner, key=lambda key: isinstance(inner[key], Mapping) and "$ref" in inner[key]):
                properties[str(key)] = self._shape(inner[key], above, budget)
        elif kind == "list":
            item = self._shape(node.get("items"), above, budget)
        example = node.get("example", next(iter(sequence(node.get("examples"))), None))
        given = [node["const"]] if "const" in node else sequence(node.get("enum"))
        return Shape(
            kind=kind,
            format=str(node.get("format") or ""),
            enum=tuple(each for each in given if plain(each)),
            example=example if plain(example) else None,
            default=node.get("default") if plain(node.get("default")) else None,
            properties=properties,
            required=frozenset(str(each) for each in sequence(node.get("required"))),
            closed=node.get("additionalProperties") is False,
            read_only=node.get("readOnly") is True,
            item=item,
            name=name or str(node.get("title") or ""),
            about=str(node.get("description") or "")[:200],
            least=_number(node.get("minimum")),
            most=_number(node.get("maximum")),
        )

    def _merged(self, node: Mapping[str, Json], budget: list[int], depth: int = 0) -> Mapping[str, Json]:
        """A schema with the parts of its allOf laid together; of anyOf and oneOf the first that is not null."""
        if depth > _DEEPEST:
            return node
        parts = [self.resolved(each) for each in sequence(node.get("allOf"))]
        choices = [self.resolved(each) for word in ("oneOf", "anyOf") for each in sequence(node.get(word))]
        parts += [each for each in choices if isinstance(each, Mapping) and each.get("type") != "null"][:1]
        if not parts:
            return node
        merged: dict[str, Json] = {key: value for key, value in node.items() if key not in ("allOf", "oneOf", "anyOf")}
        for part in parts:
            budget[0] -= 1
            if budget[0] < 0 or not isinstance(part, Mapping):
                break
            inner = self._merged(part, budget, depth + 1)
            properties = self._together(mapping(inner.get("properties")), mapping(merged.get("properties")))
            required = [*sequence(inner.get("required")), *sequence(merged.get("required"))]
            merged = {**inner, **merged} | ({"properties": properties} if properties else {})
            merged |= {"required": required} if required else {}
        return merged

    def _together(self, one: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
        """The properties of both; of one that both have, the schema that says more, `other` where they say the same."""
        found = {**one, **other}
        for name in one.keys() & other.keys():
            if self._says(one[name]) > self._says(other[name]):
                found[name] = one[name]
        return found

    def _says(self, schema: Json) -> int:
        """How much a schema tells of a value: what is inside, its kind, or nothing."""
        node = mapping(self.resolved(schema))
        if node.get("items") or node.get("properties"):
            return 3
        if any(node.get(word) for word in ("allOf", "oneOf", "anyOf")):
            return 2
        return 1 if kind_of(node) != "unknown" else 0


def _named(schema: Json) -> tuple[str, str] | None:
    """What a schema is called that is no more than a reference, or a list of what one names: many answers are alike."""
    if not isinstance(schema, Mapping):
        return None
    if isinstance(schema.get("$ref"), str) and len(schema) == 1:
        return "one", schema["$ref"]
    item = schema.get("items")
    if schema.keys() == {"type", "items"} and schema["type"] == "array" and isinstance(item, Mapping):
        return ("list", item["$ref"]) if isinstance(item.get("$ref"), str) and len(item) == 1 else None
    return None


def kind_of(node: Mapping[str, Json]) -> str:
    """The kind of value that a schema speaks of, by its type or by what it has."""
    named = _KINDS.get(str(first_type(node.get("type"))))
    return named or ("object" if "properties" in node else "list" if "items" in node else "unknown")


def first_type(value: Json) -> Json:
    """The type that is not null, of OpenAPI 3.1's lists of types."""
    if isinstance(value, list):
        return next((each for each in value if each != "null"), None)
    return value


def mapping(node: Json) -> Mapping[str, Json]:
    """A node as an object, empty where it is none: documents are wrong everywhere."""
    return node if isinstance(node, Mapping) else {}


def sequence(node: Json) -> Sequence[Json]:
    """A node as a list, empty where it is none."""
    return node if isinstance(node, list) else []


def plain(value: Json) -> bool:
    """Whether a value is a text or a number, and says something."""
    return isinstance(value, str | int | float)


def _number(value: Json) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
