"""Drawn native records are such as was asked for, and a map makes an event or a reject of each."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import attrs
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import BUILT_IN
from pullpush_sdk.connector import Event, Reject
from pullpush_sdk.errors import SetupError
from pullpush_sdk.testing import strategies
from pullpush_sdk.testing.native import mapped, natives_from_samples, natives_from_schema, recorded_natives
from tests.emulator.shops import HERE, SHOPS, subject_of

SCHEMAS = {
    "an order": {
        "type": "object",
        "required": ["id", "lines", "total"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "integer", "minimum": 1},
            "state": {"enum": ["paid", "open", None]},
            "total": {"$ref": "#/$defs/money"},
            "at": {"type": ["string", "null"], "format": "date-time"},
            "lines": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/$defs/line"}},
            "buyer": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"mail": {"type": "string"}}}]},
        },
        "$defs": {
            "money": {"type": "string", "pattern": r"^[0-9]{1,5}\.[0-9]{2}$"},
            "line": {
                "allOf": [
                    {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string", "minLength": 1}}},
                    {"required": ["count"], "properties": {"count": {"type": "number", "exclusiveMinimum": 0}}},
                ]
            },
        },
    },
    "a tree": {"type": "object", "properties": {"left": {"$ref": "#"}, "name": {"type": "string", "maxLength": 3}}},
    "a table": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "a pair": {"type": "array", "prefixItems": [{"const": 1}, {"type": "null"}], "minItems": 2, "maxItems": 2},
    "steps": {"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 100},
}
QUIET = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_a_schema_draws_conforms_to_it(name):
    @QUIET
    @given(natives_from_schema(SCHEMAS[name]))
    def conforms(value):
        jsonschema.validate(value, SCHEMAS[name])
        json.dumps(value)

    conforms()


@pytest.mark.parametrize(
    "schema", [{"type": "nonsense"}, {"$ref": "#/$defs/none"}, {"$ref": "https://elsewhere.example/x"}]
)
def test_a_bad_schema_is_told(schema):
    with pytest.raises(SetupError):
        natives_from_schema(schema).example() if "type" not in schema else natives_from_schema(schema)


def test_samples_are_drawn_like_themselves():
    samples = [
        {"id": 1, "name": "a", "at": "2026-01-01T00:00:00Z"},
        {"id": 2, "at": "2026-01-02T00:00:00Z", "tags": ["x"]},
    ]

    @QUIET
    @given(natives_from_samples(samples))
    def alike(record):
        assert {"id", "at"} <= set(record) <= {"id", "name", "at", "tags"}
        assert isinstance(record["id"], int)
        assert "T" in record["at"]

    alike()
    with pytest.raises(SetupError, match="no recorded record"):
        natives_from_samples([])


def with_folder(name):
    subject = subject_of(name)
    connector = attrs.evolve(subject.loaded.connector, folder=HERE / name)
    return attrs.evolve(subject, loaded=attrs.evolve(subject.loaded, connector=connector))


@pytest.mark.parametrize("name", SHOPS)
def test_a_map_makes_an_event_or_a_reject_of_whatever_comes(name):
    subject = with_folder(name)
    manifest = subject.loaded.connector.manifest
    assert Path(subject.loaded.connector.folder).is_dir()
    with asyncio.Runner() as runner:
        seen = set()
        for resource in [each for each in manifest.resources.values() if each.list is not None]:
            samples = recorded_natives(subject.loaded, resource.name)
            assert samples, resource.name
            seen |= tried(runner, subject, resource, natives_from_samples(samples, wild=True))
            assert isinstance(runner.run(told(subject, resource, samples[0])), Event)
        assert Reject in seen <= {Event, Reject}, "what no map can take is tried, too"


def tried(runner, subject, resource, natives):
    """What became of drawn records."""
    seen = set()

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(natives)
    def one(native):
        found = runner.run(told(subject, resource, native))
        assert isinstance(found, Event | Reject)
        seen.add(type(found))

    one()
    return seen


async def told(subject, resource, native):
    async with subject.shop(records=0) as shop:
        return await mapped(shop, resource.canonical_type, native, origin=resource.name)


def test_an_unknown_resource_is_told():
    with pytest.raises(SetupError, match="no resource 'nothing'"):
        recorded_natives(with_folder("harbor").loaded, "nothing")


@settings(max_examples=20)
@given(st.data())
def test_events_are_of_their_type(data):
    kind = data.draw(strategies.canonical_types())
    event = data.draw(strategies.events(kind))
    assert event.type == kind.name
    assert kind.identity(event.record)


def test_every_built_in_type_has_events():
    assert all(strategies.events(kind) is not None for kind in BUILT_IN)
