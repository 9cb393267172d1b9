# ruff: noqa: E501, PLR0917 - tables
"""Whole drafts of documents never seen: how their lists go on, what is written, which webhooks come."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.scaffold.draft import draft, read_openapi

SPECS = Path(__file__).parent / "specs"
TYPES = CanonicalTypes()
FILES = sorted(each.name for each in SPECS.iterdir())


def drafted(file):
    made = draft(read_openapi(file), name="new", title="New", types=TYPES, wanted=None)
    manifest = read_manifest(made.manifest)
    assert check_manifest(manifest, TYPES, Functions()) == []
    assert set(manifest.push) == set(made.writes)
    return made, manifest


@pytest.mark.parametrize(
    ("file", "resource", "auth", "kind", "records", "paging"),
    [
        ("links.yaml", "items", "basic", "link", "", {"size_param": "per_page", "size": 50, "max_size": 100}),
        ("parcels.json", "orders", "oauth2", "cursor", "result.orders", {"cursor_param": "after", "size_param": "limit"}),
        ("offsets.yaml", "customers", "api_key", "offset", "customers", {"offset_param": "offset", "size": 50, "max_size": 50}),
        ("envelope.yaml", "inventory", "api_key", "page", "data.records", {"page_param": "pageNumber", "size_param": "pageSize", "max_size": 200}),
        ("jsonapi.yaml", "products", "bearer", "page", "data", {"page_param": "page[number]", "size_param": "page[size]"}),
        ("swagger.json", "articles", "api_key", "page", "articles", {"page_param": "page", "start": 0, "max_size": 80}),
        ("anchors.yaml", "products", "bearer", "none", "data", {}),
        ("ledger.yaml", "articles", "api_key", "page", "data", {"page_param": "page", "size": 50, "max_size": 50}),
        ("exampled.yaml", "orders", "api_key", "page", "result.orders", {"page_param": "page", "place": "body"}),
        ("outside.yaml", "calls", "bearer", "offset", "data", {"offset_param": "offset", "size_param": "limit"}),
        ("telling.json", "invoices", "api_key", "none", "", {}),
    ],
)  # fmt: skip
def test_every_style_of_list_is_recognised(file, resource, auth, kind, records, paging):
    _, manifest = drafted(SPECS / file)
    found = manifest.resources[resource]
    assert (manifest.auth.kind, found.pagination.kind, found.response.records) == (auth, kind, records)
    assert {name: getattr(found.pagination, name) for name in paging} == paging


@pytest.mark.parametrize(
    ("file", "canonical_type", "parts", "create", "update"),
    [
        ("offsets.yaml", "contact", {"create", "update"}, {"customer"}, {"email", "first_name", "last_name", "phone"}),
        ("envelope.yaml", "stocklevel", {"update"}, set(), {"quantity", "mode"}),
        ("swagger.json", "product", {"create", "update"}, {"sku", "name", "price"}, {"sku", "name", "price"}),
        ("ledger.yaml", "product", {"create", "update"}, {"sku", "name", "price"}, {"sku", "name", "price"}),
    ],
)  # fmt: skip
def test_writes_are_drafted_with_their_bodies(file, canonical_type, parts, create, update):
    _, manifest = drafted(SPECS / file)
    push = manifest.push[canonical_type]
    assert {part for part in ("create", "update") if getattr(push, part) is not None} == parts
    assert push.find is not None
    assert set(push.create.body if push.create is not None else {}) == create
    assert set(push.update.body) >= update
    assert "{{native." in push.update.request.path


def test_what_is_not_sure_is_marked():
    """A field that the document requires and no record fills, a write that cannot find its record, a signature."""
    stock, _ = drafted(SPECS / "envelope.yaml")
    assert any(each.startswith("push.stocklevel.update.body.mode: the document requires it") for each in stock.checks)
    orders, manifest = drafted(SPECS / "parcels.json")
    assert not manifest.push
    assert "left out: push.order: POST /orders" in orders.manifest
    anchors, _ = drafted(SPECS / "anchors.yaml")
    assert any("then kind: keyset" in each for each in anchors.checks)
    assert any(each.startswith("webhook.verification") for each in anchors.checks)


def test_a_name_alone_makes_no_list():
    """Orders of sorting, lines of orders, balances of money and articles to read are not what their words say."""
    made, manifest = drafted(SPECS / "telling.json")
    assert made.reads == {"invoices": "invoice"}
    rules = manifest.resources["invoices"].canonical_map
    assert rules["invoiceId"] == "SalesInvoiceID"
    assert rules["issuedAt"]["format"] == "json_date"
    assert "status" not in rules or set(rules["status"]["table"]) <= set("0123")
    assert manifest.auth.place.header == "X-Auth-Token"
    assert manifest.push["invoice"].find.request.params == {"number": "{{record.invoiceNumber}}"}
    assert "https://https" not in manifest.base_url


def test_what_every_request_needs_is_written_down():
    """Constants, defaults, tenants; the address that accounts are at; the record at its own address."""
    _, manifest = drafted(SPECS / "ledger.yaml")
    assert manifest.base_url == "https://{{account}}.lagoonledger.example/v2"
    assert manifest.auth.place.header == "X-Ledger-Key"
    assert manifest.resources["articles"].list.params == {"kind": "goods"}
    assert dict(manifest.headers) == {"X-Ledger-Version": "2026-01", "X-Tenant": "{{x_tenant}}"}
    assert manifest.settings["required"] == ["x_tenant"]
    assert manifest.push["product"].find.request.path == "/articles/{{record.sku}}"
    _, exampled = drafted(SPECS / "exampled.yaml")
    assert exampled.resources["orders"].list.json == {"scope": "all"}
    assert exampled.resources["orders"].canonical_map["createdAt"]["format"].startswith("%a")
    _, outside = drafted(SPECS / "outside.yaml")
    assert outside.base_url == "https://api.outside.example/api"


def test_a_draft_carries_the_part_of_the_document_that_it_uses():
    made, _ = drafted(SPECS / "ledger.yaml")
    assert made.document is not None
    assert {path: set(item) - {"parameters"} for path, item in made.document["paths"].items()} == {
        "/articles": {"get", "post"}, "/articles/{sku}": {"get", "put"},
    }  # fmt: skip
    assert "Article" in made.document["components"]["schemas"]
    telling, _ = drafted(SPECS / "telling.json")
    assert set(telling.document["paths"]) == {"/invoices"}


def test_webhooks_and_callbacks_become_handlers():
    made, manifest = drafted(SPECS / "anchors.yaml")
    assert made.events == ["product.updated", "gone"]
    webhook = manifest.webhook
    assert webhook.verification.header == "X-Anchor-Signature"
    assert webhook.event_name.parts[0].path == "X-Anchor-Event"
    assert webhook.transaction_id.parts[0].path == "X-Anchor-Delivery"
    assert webhook.handlers["product.updated"].data_path == "$.product"
    assert webhook.handlers["gone"].data_path == "$"
    assert "webhook_secret" in manifest.secrets


def test_a_huge_document_is_drafted_in_time(tmp_path):
    """Hundreds of operations over schemas that refer to each other."""
    schemas = {
        f"S{n}": {
            "type": "object",
            "properties": {f"f{m}": {"$ref": f"#/components/schemas/S{(n + m) % 400}"} for m in range(20)}
            | {"sku": {"type": "string"}, "id": {"type": "integer"}},
        }
        for n in range(400)
    }
    media = {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/S1"}}}}
    one = {"application/json": {"schema": {"$ref": "#/components/schemas/S2"}}}
    paths = {
        f"/v{n}/products": {
            "get": {"responses": {"200": {"description": "", "content": media}}},
            "post": {"requestBody": {"content": one}, "responses": {"201": {"description": ""}}},
        }
        for n in range(60)
    } | {f"/things{n}/{{id}}": {"delete": {"responses": {}}, "get": {"responses": {"200": {"description": "", "content": one}}}} for n in range(300)}  # fmt: skip
    file = tmp_path / "huge.json"
    file.write_text(json.dumps({"openapi": "3.0.0", "paths": paths, "components": {"schemas": schemas}}))
    started = time.process_time()
    _, manifest = drafted(file)
    assert "products" in manifest.resources
    assert time.process_time() - started < 30


_KINDS = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "string", "enum": ["active", "x"]}, {"type": "boolean"}, {"type": "array", "items": {"type": "string"}}, {"type": "string", "readOnly": True}, {"type": "string", "format": "date-time"}, {"$ref": "#/components/schemas/Body"}]
)  # fmt: skip
_FIELDS = st.sampled_from(
    [
        "id",
        "sku",
        "name",
        "price",
        "quantity",
        "email",
        "status",
        "tags",
        "first_name",
        "a b",
        "é",
        "updated_at",
        "event",
        "$x",
        "1",
    ]
)
_BODIES = st.builds(
    lambda fields, required, closed: (
        {"type": "object", "properties": fields, "required": required}
        | ({"additionalProperties": False} if closed else {})
    ),
    st.dictionaries(_FIELDS, _KINDS, max_size=8),
    st.lists(_FIELDS | st.integers(), max_size=4),
    st.booleans(),
)
_STEMS = st.sampled_from(["/products", "/stock", "/customers", "/orders", "/shops/{shop}/products"])


@st.composite
def documents(draw):
    """Lists that can be written, with webhooks, at random."""
    paths = {}
    for stem in draw(st.lists(_STEMS, min_size=1, max_size=3, unique=True)):
        body = draw(_BODIES)
        params = [
            {"name": each, "in": "query", "schema": {"type": "string"}} for each in draw(st.lists(_FIELDS, max_size=3))
        ]
        listed = {"200": {"content": {"application/json": {"schema": {"type": "array", "items": body}}}}}
        written = {
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": draw(
                            _BODIES | st.just(body) | st.just({"type": "object", "properties": {"data": body}})
                        )
                    }
                }
            },
            "responses": {},
        }
        paths[stem] = {"get": {"parameters": params, "responses": listed}, "post": written}
        paths[f"{stem}/{{{draw(_FIELDS)}}}"] = {draw(st.sampled_from(["put", "patch"])): written}
    hooks = draw(st.dictionaries(st.sampled_from(["product.updated", "x y", "", "order_created"]), _BODIES, max_size=2))
    webhooks = {
        name: {
            "post": {
                "parameters": [{"name": draw(st.sampled_from(["X-Event", "X-Signature", "ü\n"])), "in": "header"}],
                "requestBody": {"content": {"application/json": {"schema": body}}},
            }
        }
        for name, body in hooks.items()
    }
    return {
        "openapi": "3.1.0",
        "paths": paths,
        "webhooks": webhooks,
        "components": {"schemas": {"Body": draw(_BODIES)}},
    }


@settings(max_examples=40)
@given(document=documents())
def test_any_document_that_can_be_written_gives_a_draft_that_loads(tmp_path_factory, document):
    file = tmp_path_factory.mktemp("spec") / "spec.json"
    file.write_text(json.dumps(document))
    drafted(file)


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("file", FILES)
def test_the_drafted_project_passes_its_own_tests_and_validate_untouched(file, tmp_path):
    target = tmp_path / "new"
    arguments = ["new-connector", "corner", "--no-input", "--folder", str(target), "--from-openapi", str(SPECS / file)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert "passed" in result.output
    judged = CliRunner().invoke(cli, ["validate", str(target)])
    assert judged.exit_code == 0, judged.output
