"""Single paths of a manifest by the recorded answers: identities, locations, what a write reads back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Request, Resource, Response, Write, placeholders
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Exchange
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import exchanges_of, is_described, path_pattern
from pullpush_sdk.validate.places import below

Json = Any
_WRITES = ("create", "update", "archive", "bulk")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_RULE = frozenset({"path", "paths", "value", "transform", "compute", "object"})


def check_paths(case: Case, manifest: Manifest) -> Iterator[Problem]:
    """Every path outside maps of which recorded answers tell that it leads nowhere."""
    if manifest.check is not None and manifest.check.identity:
        yield from _read(case, "$.check.identity", manifest.check.request, manifest.check.identity)
    places = manifest.locations
    if places is not None:
        for name in ("id", "name"):
            yield from _of_records(case, f"$.locations.{name}", places.list, places.response, getattr(places, name))
    for name, push in manifest.push.items():
        for part in _WRITES:
            write = getattr(push, part)
            if write is not None and write.reads_back:
                path = f"{below('$.push', name)}.{part}.reads_back"
                yield from _read(case, path, write.request, write.reads_back)


def check_native_id(case: Case, path: str, resource: Resource, records: list[Json]) -> Iterator[Problem]:
    """Ids of the platform that no recorded record has."""
    for index, each in enumerate(resource.native_id or ()):
        if records and all(_at(record, each) in (UNSET, None) for record in records):
            yield case.at(
                "samples-path", f"{path}.native_id[{index}]", "no sample has anything there", "correct the path"
            )


def _read(case: Case, place: str, request: Request, path: str) -> Iterator[Problem]:
    assert case.manifest is not None
    answers = [each.body for each in exchanges_of(case.manifest, request, case.samples) if each.status < 300]
    answers = [each for each in answers if isinstance(each, dict | list)]
    if answers and all(_at(each, path) is UNSET for each in answers):
        keys = ", ".join(answers[0]) if isinstance(answers[0], dict) else "a list"
        yield case.at("samples-path", place, f"no recorded answer has anything at {path[:80]}", f"it has {keys[:200]}")


def _of_records(case: Case, place: str, request: Request, response: Response, path: str) -> Iterator[Problem]:
    assert case.manifest is not None
    records: list[Json] = []
    for each in exchanges_of(case.manifest, request, case.samples):
        found = _at(each.body, response.records or "$") if each.status < 300 else None
        records += found if isinstance(found, list) else []
    if records and all(_at(each, path) is UNSET for each in records):
        keys = ", ".join(records[0]) if isinstance(records[0], dict) else "no keys"
        yield case.at("samples-path", place, f"no recorded location has {path[:80]}", f"it has {keys[:200]}")


def _at(answer: Json, path: str) -> Json:
    try:
        return read_path(answer, path)
    except ValueError:
        return UNSET


def check_writes(case: Case, manifest: Manifest) -> Iterator[Problem]:
    """Writes by recorded ones: method, address, and the names of what is sent."""
    changing = [each for each in case.samples.exchanges if each.method in _CHANGING and each.status < 300]
    for name, push in manifest.push.items():
        for part in _WRITES if changing else ():
            write = getattr(push, part)
            if write is not None and write.request.query is None:
                yield from _write(case, f"{below('$.push', name)}.{part}", write, changing)
        if push.find is not None and push.find.request.method == "GET":
            yield from _look_up(case, f"{below('$.push', name)}.find.request", push.find.request)


def _write(case: Case, path: str, write: Write, changing: list[Exchange]) -> Iterator[Problem]:
    assert case.manifest is not None
    pattern = path_pattern(case.manifest, write.request)
    there = [each for each in changing if pattern.fullmatch(each.path)]
    same = [each for each in there if each.method == write.request.method]
    if not same:
        part, found = ("method", sorted({each.method for each in there})) if there else ("path", [])
        hint = f"recorded is {', '.join(found)}" if found else "record it, or correct the address"
        if there or not is_described(case.manifest, write.request, case.samples):
            yield case.at("samples-resource", f"{path}.request.{part}", "no sample of this write", hint)
        return
    sent = [each.sent for each in same if isinstance(each.sent, dict)]
    if not sent or not isinstance(write.body, dict) or write.body_at or write.items_at or write.body.keys() & _RULE:
        return
    recorded = {key for each in sent for key in each}
    strange = [key for key in write.body if key not in recorded]
    for key in strange:
        near = difflib.get_close_matches(key, recorded - write.body.keys(), n=1, cutoff=0.7)
        if near or len(strange) == len(write.body):
            place = below(f"{path}.body", key)
            hint = f"did you mean {near[0]}?" if near else f"recorded are {', '.join(sorted(recorded))[:200]}"
            yield case.at("samples-path", place, f"no recorded request sends `{key[:60]}`", hint)
    for key, rule in write.body.items():
        values = [each[key] for each in sent if key in each]
        texts = isinstance(rule, dict) and rule.get("transform") == "toString"
        if texts and values and all(isinstance(each, int | float | Decimal) for each in values):
            place = below(f"{path}.body", key)
            yield case.at("mapping-kind", place, f"recorded requests send a number as `{key[:60]}`", "remove toString")


def _look_up(case: Case, path: str, request: Request) -> Iterator[Problem]:
    assert case.manifest is not None
    asked = [each for each in exchanges_of(case.manifest, request, case.samples) if each.params]
    recorded = {key for each in asked for key, _ in each.params}
    for name, value in request.params.items():
        if recorded and name not in recorded and placeholders(value):
            place = below(f"{path}.params", name)
            hint = f"recorded are {', '.join(sorted(recorded))[:200]}"
            yield case.at("samples-path", place, f"no recorded request asks by `{name[:60]}`", hint)
