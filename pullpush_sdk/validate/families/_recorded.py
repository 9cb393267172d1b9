"""Single paths of a manifest by the recorded answers: identities, locations, what a write reads back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Request, Resource, Response
from pullpush_sdk.mapping import read_path
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import exchanges_of
from pullpush_sdk.validate.places import below

Json = Any
_WRITES = ("create", "update", "archive", "bulk")


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
