"""Hypothesis strategies for native records, made from a JSON Schema or from recorded ones, and their way through a map.

A map meets whatever a platform sends. `natives_from_samples` draws records like the recorded ones, with `wild=True`
also such as no sample shows (a null, a missing field, another type); `mapped` says what becomes of each: an event or a
reject, never a crash.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from jsonschema.validators import validator_for

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Event, Reject
from pullpush_sdk.emulator import read_samples
from pullpush_sdk.errors import FieldError, SetupError
from pullpush_sdk.mapping import read_path
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.testing.conformance import Shop

from ._schema_strategy import of_schema

__all__ = ["mapped", "natives_from_samples", "natives_from_schema", "recorded_natives"]

Json = Any
_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_WILDNESS = 8
"""One leaf in so many is another than the samples show."""


def natives_from_schema(schema: Mapping[str, Json]) -> st.SearchStrategy[Json]:
    """Values that a JSON Schema allows, its local references followed.

    Raises:
        SetupError: the schema is none, or refers to another document.
    """
    checker = validator_for(schema)
    try:
        checker.check_schema(dict(schema))
    except Exception as error:
        raise SetupError(f"not a JSON Schema: {error}", hint="see json-schema.org") from error
    return of_schema(schema, schema, 0).filter(checker(schema).is_valid)


def natives_from_samples(samples: Sequence[Json], *, wild: bool = False) -> st.SearchStrategy[Json]:
    """Records like the recorded ones: every field of the same kind, absent where one of them lacks it.

    With `wild` a field may also be null, absent, or of another kind.

    Raises:
        SetupError: there is no sample.
    """
    if not samples:
        raise SetupError("there is no recorded record to draw from", hint="record one exchange of the list")
    return _like(list(samples), wild=wild, leaf=False)


def recorded_natives(loaded: LoadedConnector, resource: str) -> list[Json]:
    """The native records of one resource that the connector's samples hold; empty where they hold none.

    Raises:
        SetupError: the connector has no manifest, or no such resource.
        ManifestError: a sample is not of the form.
    """
    manifest = loaded.connector.manifest
    if manifest is None or resource not in manifest.resources:
        known = ", ".join(manifest.resources) if manifest is not None else "none: it has no manifest"
        raise SetupError(f"{loaded.name} has no resource {resource!r} (resources: {known})")
    samples = read_samples(manifest, loaded.connector.folder)
    path, listed = manifest.resources[resource].response.records, manifest.resources[resource].list
    if listed is None:
        return []
    address = re.compile(_address(listed.path))
    asked = [each for each in samples.exchanges if each.ok and each.method == listed.method]
    bodies = [*(each.body for each in asked if address.search(each.path)), *samples.answers.values()]
    found: list[Json] = []
    for body in bodies:
        rows = read_path(body, path) if path else body
        if isinstance(rows, list):
            found += [row for row in rows if isinstance(row, Mapping)]
    return found


async def mapped(shop: Shop, canonical_type: str, native: Json, *, origin: str = "") -> Event | Reject:
    """What the connector makes of one native record: an event, or a reject that names the field and the reason.

    `origin` is the resource that it would be read by, where the type has several.

    Raises:
        Exception: whatever else the map raises. That is a defect of the map: one such record would stop its page.
    """
    text = dumps(native)
    asked = shop.subject.loaded.hook.pullpush_remap(
        connection=shop.connection, canonical_type=canonical_type, native=text, origin=origin, read_at=shop.clock.now()
    )
    if asked is None:
        raise SetupError(
            f"{shop.subject.loaded.name} maps no {canonical_type} by a manifest, and has no pullpush_remap"
        )
    try:
        event: Event = await asked
    except FieldError as error:
        return Reject(native=text, error=error, origin=origin)
    return event


def _address(path: str) -> str:
    """A pattern for the end of a request's path; what a template fills in may be anything."""
    parts = re.split(r"(\{\{.*?\}\})", path)
    return "".join(".*" if part.startswith("{{") else re.escape(part) for part in parts) + "$"


def _like(values: list[Json], *, wild: bool, leaf: bool = True) -> st.SearchStrategy[Json]:
    """Values of the kinds that stand at one place of the samples."""
    objects = [each for each in values if isinstance(each, Mapping)]
    lists = [each for each in values if isinstance(each, list)]
    kinds: list[st.SearchStrategy[Json]] = []
    if objects:
        kinds.append(_object(objects, wild=wild))
    if lists:
        items = [item for each in lists for item in each]
        kinds.append(st.lists(_like(items, wild=wild), max_size=3) if items else st.just([]))
    kinds += [_scalar(each) for each in values if not isinstance(each, Mapping | list)]
    plain = st.one_of(kinds)
    if not wild or not leaf:
        return plain
    return st.integers(0, _WILDNESS).flatmap(lambda number: _JSON if number == _WILDNESS else plain)


def _object(samples: list[Mapping[str, Json]], *, wild: bool) -> st.SearchStrategy[dict[str, Json]]:
    names = list(dict.fromkeys(name for each in samples for name in each))
    fields = {name: _like([each[name] for each in samples if name in each], wild=wild) for name in names}
    always = [name for name in names if all(name in each for each in samples)]
    if wild:
        return st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(fields)
    optional = {name: fields[name] for name in names if name not in always}
    return st.fixed_dictionaries({name: fields[name] for name in always}, optional=optional)


def _scalar(sample: Json) -> st.SearchStrategy[Json]:
    """The sample itself, or another value of its form."""
    if sample is None or isinstance(sample, bool):
        return st.sampled_from((True, False)) if isinstance(sample, bool) else st.none()
    if isinstance(sample, int):
        return st.just(sample) | st.integers(0, 2**53)
    if isinstance(sample, float):
        return st.just(sample) | st.floats(0, 1e9, allow_nan=False)
    return st.just(sample) | _text_like(str(sample))


def _text_like(sample: str) -> st.SearchStrategy[str]:
    """Texts of the same form: an instant, a figure, a number, else any text."""
    try:
        datetime.fromisoformat(sample)
    except ValueError:
        pass
    else:
        return _INSTANTS.map(lambda moment: moment.isoformat()) if "T" in sample else st.just(sample)
    if sample.isdecimal():
        return st.integers(0, 10 ** len(sample)).map(str)
    if sample.strip(string.digits) == ".":
        return st.decimals(0, 10**6, places=2).map(str)
    return _TEXT
