"""Texts that a document leaves open, as values that a manifest's maps can read: they prove nothing either way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, cast

from pullpush_sdk.canonical import CanonicalTypes, Kind, LineItem, fields_of
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.openapi import OPEN

from ._inverse import plain_paths
from ._leaves import Place, at, put
from ._places import place_of

__all__ = ["readable"]

Json = Any
_ITEMS = {field.wire: field.kind for field in fields_of(LineItem)}
_FIRST = datetime(2026, 1, 28, 10, tzinfo=UTC)


def readable(manifest: Manifest, types: CanonicalTypes, record: Json, number: int) -> Json:
    """A made-up record in which open texts are such as the rules that read them can read; `number` tells it from
    others.
    """
    if not isinstance(record, dict):
        return record
    for resource in manifest.resources.values():
        if resource.canonical_type in types:
            kinds = {field.wire: field.kind for field in fields_of(types[resource.canonical_type].record)}
            record = _filled(record, resource.canonical_map, kinds, number)
    return record


def _filled(record: Json, rules: Mapping[str, Any], kinds: Mapping[str, Kind], number: int) -> Json:
    for target, path in plain_paths(rules).items():
        place: Place = place_of(path)
        rule, kind = rules[target], kinds.get(target)
        shown = at(record, place) if place else None
        if shown == OPEN:
            record = put(record, place, _text(target, rule, kind, number))
        elif isinstance(shown, list) and isinstance(rule, Mapping) and isinstance(rule.get("items"), Mapping):
            rows = [_filled(row, rule["items"], _ITEMS, number) if isinstance(row, dict) else row for row in shown]
            record = put(record, place, rows)
    return record


def _text(target: str, rule: Json, kind: Kind | None, number: int) -> str:
    if isinstance(rule, Mapping) and isinstance(rule.get("table"), Mapping) and rule["table"]:
        return str(next(iter(rule["table"])))
    name = kind.name if kind is not None else "text"
    if name == "instant":
        return _moment(rule if isinstance(rule, Mapping) else {}, number)
    if name in ("number", "integer", "money"):
        return str(5 + number)
    if name == "boolean":
        return "true"
    if name == "enum" and kind is not None and kind.of is not None:
        return str(next(iter(cast("type[Enum]", kind.of))).value)
    if target == "currency":
        return "EUR"
    return f"{target}-{number + 1}" if target in ("sku", "handle") or target.endswith(("Id", "Number")) else OPEN


def _moment(rule: Mapping[str, Any], number: int) -> str:
    moment = _FIRST - timedelta(days=number)
    form = rule.get("format")
    if form in ("unix", "unix_ms"):
        return str(int(moment.timestamp()) * (1 if form == "unix" else 1_000))
    if isinstance(form, str) and "%" in form:
        return moment.strftime(form)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + ("" if "timezone" in rule else "Z")
