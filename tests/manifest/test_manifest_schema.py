"""The schema and the model say the same, both ways."""

from __future__ import annotations

import collections.abc
import types
import typing

import attrs
import jsonschema
import pytest

from pullpush_sdk import manifest
from pullpush_sdk.manifest import Manifest, manifest_schema, read_manifest

KEYED = {("Resource", "name"), ("Handler", "event"), ("Push", "canonical_type")}
"""Fields that are the key under which the document has the object."""
LOADED = {("Manifest", "origin"), ("Manifest", "absent"), ("Manifest", "extra")}
"""Fields that a loader fills and no document states."""
OPTIONAL_IN_DOCUMENTS = {("Handler", "canonical_type")}
"""Required by the model, inherited from a resource in documents."""
FORMAT = {("Manifest", "manifest")}
"""The version of the format, which no model needs."""

SCHEMA = manifest_schema()
NAMES = {
    "Auth": "auth",
    "GraphQLCost": "graphql_cost",
    "NoAuth": "auth_none",
    "OAuth1Auth": "auth_oauth1",
    "OAuth2Auth": "auth_oauth2",
    "ApiKeyAuth": "auth_api_key",
    "ChoiceAuth": "auth_choice",
    "BearerAuth": "auth_bearer",
    "BasicAuth": "auth_basic",
    "SessionAuth": "auth_session",
}

MODEL = f"{manifest.__name__}._model"


def snake(name):
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def classes():
    return [each for each in vars(manifest).values() if attrs.has(each) and each.__module__.startswith(MODEL)]


def definition(cls):
    return SCHEMA if cls is Manifest else SCHEMA["$defs"][NAMES.get(cls.__name__, snake(cls.__name__))]


@pytest.fixture(scope="module", autouse=True)
def resolved():
    for cls in classes():
        attrs.resolve_types(cls)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_fields_and_properties_are_the_same(cls):
    fields = {attribute.name for attribute in attrs.fields(cls)}
    properties = set(definition(cls)["properties"])
    hidden = {name for owner, name in KEYED | LOADED if owner == cls.__name__}
    extra = {name for owner, name in FORMAT if owner == cls.__name__}
    assert properties == (fields - hidden) | extra


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_required_means_without_default(cls):
    needed = {attribute.name for attribute in attrs.fields(cls) if attribute.default is attrs.NOTHING}
    needed -= {name for owner, name in KEYED | OPTIONAL_IN_DOCUMENTS if owner == cls.__name__}
    required = set(definition(cls).get("required", ()))
    assert required - {"kind", "manifest"} == needed - {"kind"}


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_types_agree(cls):
    for attribute in attrs.fields(cls):
        owner = (cls.__name__, attribute.name)
        if owner not in KEYED | LOADED:
            assert_fits(attribute.type, definition(cls)["properties"][attribute.name], owner)


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_defaults_agree(cls):
    for attribute in attrs.fields(cls):
        stated = definition(cls)["properties"].get(attribute.name, {})
        if "default" in stated:
            assert stated["default"] == attribute.default, attribute.name


def assert_fits(kind, schema, owner):
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        members = [each for each in typing.get_args(kind) if each is not type(None)]
        if len(members) > 1:
            assert schema["$ref"] == "#/$defs/auth", owner
            return
        (kind,) = members
    origin = typing.get_origin(kind)
    if kind is typing.Any:
        assert "type" not in schema, owner
    elif attrs.has(kind):
        assert schema["$ref"] == f"#/$defs/{NAMES.get(kind.__name__, snake(kind.__name__))}", owner
    elif origin is typing.Literal:
        words = [schema["const"]] if "const" in schema else schema["enum"]
        assert set(words) == set(typing.get_args(kind)), owner
    elif origin is collections.abc.Sequence:
        assert schema["type"] == "array", owner
        assert_fits(typing.get_args(kind)[0], schema["items"], owner)
    elif origin is collections.abc.Mapping:
        target = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        assert target["type"] == "object", owner
        value = typing.get_args(kind)[1]
        if attrs.has(value) or value is str:
            assert_fits(value, target["additionalProperties"], owner)
    else:
        plain = {str: "string", int: "integer", float: "number", bool: "boolean"}
        assert schema["type"] == plain[kind], owner


def objects(schema, path="$"):
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            if key not in {"examples", "default", "enum", "required"}:
                yield from objects(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from objects(value, f"{path}[{index}]")


def test_no_object_takes_unknown_keys():
    for path, schema in objects(SCHEMA):
        open_ended = "properties" not in schema and "additionalProperties" in schema
        # Auth is closed by its branches; an object of user-given names says what its values are.
        closed = schema.get("additionalProperties") is False or "oneOf" in schema
        assert closed or open_ended or path.endswith("properties.additionalProperties"), path


def test_everything_is_described():
    for cls in classes():
        for name, schema in definition(cls)["properties"].items():
            about = schema.get("description") or SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]["description"]
            assert about, (cls.__name__, name)


def test_examples_fit_their_schema():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    count = 0
    for cls in classes():
        for name, schema in definition(cls)["properties"].items():
            for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else [])]:
                assert not list(validator.evolve(schema=schema).iter_errors(example)), (cls.__name__, name)
                count += 1
    assert count > 50


def test_a_document_of_every_section_becomes_the_model(connector):
    found = read_manifest(connector, file="connector.yaml")
    assert found.resources["products"].name == "products"
    assert found.push["stocklevel"].canonical_type == "stocklevel"
    assert found.webhook.handlers["product.updated"].canonical_type == "product"
    assert found.webhook.handlers["product.updated"].event == "product.updated"
    assert found.limits.per == 0.5
    assert isinstance(found.limits.per, float)
    assert found.categories == ("ecommerce",)
    assert found.auth.place.header == "X-Key"
    assert found.resources["stock"].for_each.response.records == "data"
    assert hash(found.webhook.event_name) is not None
