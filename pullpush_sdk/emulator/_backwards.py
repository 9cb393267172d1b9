"""Writes read backwards: the map by which what a connector writes can be read where it lists nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pullpush_sdk.manifest import Push, Resource

__all__ = ["written_as"]

Json = Any
_RULE = frozenset({"path", "paths", "value", "compute", "transform"})


def written_as(push: Push) -> Resource | None:
    """A resource that lists what the push looks up, and reads each field from where the push writes it.

    None where the push looks nothing up, or its body is no object of rules. A field that two rules write is read where
    the first one does; fixed values and functions cannot be read backwards and are left out.
    """
    write = push.create or push.update
    if push.find is None or write is None or not isinstance(write.body, Mapping):
        return None
    rules: dict[str, Json] = {}
    for field, rule in _read(write.body, ""):
        rules.setdefault(field, rule)
    rules |= {field: native for native, field in push.find.match.items() if isinstance(field, str)}
    return Resource(
        name=f"written_{push.canonical_type}",
        canonical_type=push.canonical_type,
        list=push.find.request,
        response=push.find.response,
        canonical_map=rules,
    )


def _read(body: Mapping[str, Json], before: str) -> Iterator[tuple[str, Json]]:
    for name, rule in body.items():
        place = f"{before}{name}"
        if isinstance(rule, Mapping) and not rule.keys() & _RULE:
            yield from _read(rule, f"{place}.")
        else:
            yield from _of_rule(rule, place)


def _of_rule(rule: Json, place: str) -> Iterator[tuple[str, Json]]:
    if isinstance(rule, str):
        rule = {"path": rule}
    if not isinstance(rule, Mapping) or "compute" in rule:
        return
    path = next(iter([rule["path"]] if "path" in rule else rule.get("paths", ())), "")
    field = str(path).removeprefix("$.")
    if not field or field.startswith(("@", "$")) or any(mark in field for mark in "[*?"):
        return
    if isinstance(rule.get("items"), Mapping):
        yield field, {"path": place, "transform": "mapItems", "items": dict(_read(rule["items"], ""))}
    elif isinstance(rule.get("table"), Mapping):
        table = {str(native): canonical for canonical, native in reversed(list(rule["table"].items()))}
        yield field, {"path": place, "transform": "lookup", "table": table, "default": "unknown"}
    else:
        yield field, place
