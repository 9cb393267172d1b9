# ruff: noqa: E501, PLR0917 - documents and tables
"""Drafts: from documents never seen, from recordings, and from what was never meant to be a document."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.openapi.words import singular, words_of
from pullpush_sdk.scaffold import names_of, sketch_of
from pullpush_sdk.scaffold._from import draft_files
from pullpush_sdk.scaffold.draft import Drafted, draft, read_openapi

SPECS = Path(__file__).parent / "specs"
VENDORS = Path(__file__).parents[2] / "../shared/vendor-specs"
TYPES = CanonicalTypes()


def drafted(sketch, wanted=None, proposer=None) -> Drafted:
    return draft(sketch, name="new", title="New", types=TYPES, wanted=wanted, proposer=proposer)


def judged(made: Drafted):
    """Every draft loads, and fits the canonical types."""
    manifest = read_manifest(made.manifest)
    assert check_manifest(manifest, TYPES, Functions()) == []
    assert set(manifest.resources) == set(made.reads) == set(made.samples)
    return manifest


@pytest.mark.parametrize(
    ("file", "name", "canonical_type", "pagination", "records", "rules"),
    [
        ("shop.yaml", "products", "product", "cursor", "data",
         {"sku": "sku", "title": "title", "price": "price.amount", "currency": "price.currency", "updatedAt": "updated_at",
          "status": "status", "tags": "tags"}),
        ("erp.json", "inventory", "stocklevel", "offset", "Rows",
         {"sku": "ItemNumber", "quantity": "QuantityAvailable", "locationId": "WarehouseId", "updatedAt": "LastModified"}),
        ("billing.yaml", "invoices", "invoice", "page", "invoices",
         {"invoiceId": "id", "amount": "total", "currency": "currency", "createdAt": "created", "dueAt": "due_date",
          "lineItems": "lines"}),
        ("phone.yaml", "calls", "call", "none", "",
         {"callId": "callId", "duration": "duration", "direction": "direction", "fromNumber": "from", "startedAt": '["start.time"]'}),
        ("crm.json", "contacts", "contact", "none", "results",
         {"contactId": "id", "email": "properties.email", "firstName": "properties.firstname", "updatedAt": "updatedAt"}),
    ],
)  # fmt: skip
def test_documents_never_seen_are_drafted(file, name, canonical_type, pagination, records, rules):
    """The list, its paging, its records, and the fields that a person would have named."""
    manifest = judged(drafted(read_openapi(SPECS / file)))
    resource = manifest.resources[name]
    assert resource.canonical_type == canonical_type
    assert resource.pagination.kind == pagination
    assert resource.response.records == records
    found = {
        target: rule["path"] if isinstance(rule, dict) else rule for target, rule in resource.canonical_map.items()
    }
    assert {target: found.get(target) for target in rules} == rules


def test_what_is_known_is_used_and_what_is_not_is_marked():
    """Sign-in, addresses, settings, times, hundredths; the certainty stands behind each rule."""
    shop = drafted(read_openapi(SPECS / "shop.yaml"))
    manifest = judged(shop)
    assert manifest.base_url == "https://{{region}}.cornershop.example/v3"
    assert manifest.settings["properties"]["region"]["default"] == "eu"
    assert manifest.auth.kind == "oauth2"
    assert manifest.resources["products"].incremental.param == "updated_since"
    assert "brandnew" in next(each for each in shop.checks if "status" in each)
    erp = judged(drafted(read_openapi(SPECS / "erp.json")))
    assert erp.auth.place.header == "X-Erp-Key"
    assert erp.resources["inventory"].list.path == "/companies/{{company_id}}/inventory"
    assert erp.resources["inventory"].list.params == {"site": "{{site}}"}
    assert set(erp.settings["required"]) == {"company_id", "site"}
    billing = drafted(read_openapi(SPECS / "billing.yaml"))
    invoices = judged(billing).resources["invoices"]
    assert invoices.canonical_map["amount"]["transform"] == "fromMinorUnits"
    assert invoices.canonical_map["createdAt"]["format"] == "unix"
    assert invoices.pagination.start == 0
    assert any(each.startswith("base_url") for each in billing.checks)
    assert billing.samples["invoices"]["exchanges"][0]["answer"]["body"]["invoices"][0]["id"] == "in_1"
    crm = judged(drafted(read_openapi(SPECS / "crm.json")))
    assert crm.base_url == "https://crm.example/api"
    assert crm.resources["contacts"].list.method == "POST"
    for each in ("# 0.97", "# check:"):
        assert each in shop.manifest


def _vendor_files() -> list[Path]:
    patterns = ("linnworks/PublicApiSpecs/*/*.json", "magento/commerce-webapi/*.yaml", "salla/openapi/*.yaml")
    return [file for pattern in patterns for file in sorted(VENDORS.glob(pattern))]


_HUGE = 500_000
"""Bytes from which a document takes seconds: those are tried by make template."""
_FILES = [
    pytest.param(
        file,
        id=f"{file.parent.name}-{file.name}",
        marks=[pytest.mark.full] if file.stat().st_size > _HUGE else [],
    )
    for file in _vendor_files()
] or [pytest.param(None, id="none", marks=pytest.mark.skip(reason="the vendors' specifications are not here"))]
_READ = {
    "admin-schema-2.4.9.yaml": {"product", "order", "contact", "invoice", "cart", "stocklevel"},
    "accs-schema.yaml": {"product", "order", "contact", "invoice", "cart", "stocklevel"},
    "stock.json": {"stocklevel", "product"},
    "openorders.json": {"order"},
    "orders-v2.json": {"order"},
    "Customers__List-Customers.yaml": {"contact"},
    "auth.json": set(),
    "rulesengine.json": set(),
}
"""What some of the documents are known to list."""


@pytest.mark.vendor
@pytest.mark.timeout(300)
@pytest.mark.parametrize("file", _FILES)
def test_a_vendors_document_is_drafted(file):
    """A manifest that loads, in less than 30 seconds of work; the types that the platform lists there."""
    started = time.process_time()
    made = drafted(read_openapi(file))
    assert time.process_time() - started < 30
    manifest = judged(made)
    assert manifest.base_url.startswith("https://")
    for resource in manifest.resources.values():
        quantity = resource.canonical_map.get("quantity")
        assert not isinstance(quantity, dict) or not {"default", "value"} & set(quantity)
    assert _READ.get(file.name, set()) <= set(made.reads.values())
    if _READ.get(file.name) == set():
        assert not made.reads


_NAMES = st.sampled_from(
    [
        "id",
        "sku",
        "name",
        "title",
        "price",
        "qty",
        "email",
        "status",
        "items",
        "updatedAt",
        "a b",
        "x.y",
        'q"',
        "ключ",
        "",
        "$ref",
        "1",
    ]
) | st.text(max_size=8)
_LEAVES = st.sampled_from(
    [
        {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {}, {"type": ["string", "null"]},
        {"type": "string", "format": "date-time"}, {"type": "string", "enum": ["active", None, 3]}, {"$ref": "#/components/schemas/A"},
        {"$ref": "#/nowhere"}, {"$ref": "https://elsewhere.example/x"}, {"type": "string", "example": "2026-01-31"}, {"type": "nonsense"},
        {"type": "integer", "example": 10**30}, {"oneOf": [{"type": "null"}, {"type": "string"}]}, True, None, 7,
    ]
)  # fmt: skip
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.dictionaries(_NAMES, inner, max_size=6).map(lambda each: {"type": "object", "properties": each})
        | inner.map(lambda each: {"type": "array", "items": each})
        | st.lists(inner, max_size=3).map(lambda each: {"allOf": each})
    ),
    max_leaves=12,
)
_SEGMENTS = st.sampled_from(
    ["products", "orders", "stock", "customers", "{id}", "{shop id}", "v1", "search", "a{b}c", "}{", "%20", "carts"]
)
_PARAMS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["page", "limit", "cursor", "offset", "since", "updated_since", "", "ü", "x y"]),
        "in": st.sampled_from(["query", "path", "header", "odd"]),
    },
    optional={"required": st.booleans(), "schema": _LEAVES, "example": st.none() | st.integers() | st.text(max_size=5)},
)
_OPERATIONS = st.builds(
    lambda schema, params, example: {
        "parameters": params,
        "responses": {
            "200": {"content": {"application/json": {"schema": schema} | ({"example": example} if example else {})}}
        },
    },
    _SCHEMAS.map(lambda each: {"type": "array", "items": each}) | _SCHEMAS,
    st.lists(_PARAMS, max_size=4),
    st.none() | st.just([{"id": 1, "sku": "A", "price": "x", "updatedAt": "never"}]),
)
_DOCUMENTS = st.fixed_dictionaries(
    {
        "openapi": st.just("3.0.0"),
        "paths": st.dictionaries(
            st.lists(_SEGMENTS, min_size=1, max_size=4).map(lambda each: "/" + "/".join(each)),
            st.dictionaries(st.sampled_from(["get", "post", "parameters"]), _OPERATIONS, max_size=2),
            max_size=5,
        ),
        "components": st.fixed_dictionaries(
            {"schemas": st.fixed_dictionaries({"A": _SCHEMAS})},
            optional={"securitySchemes": st.dictionaries(_NAMES, st.sampled_from(
                [{"type": "http", "scheme": "digest"}, {"type": "apiKey"}, {"type": "oauth2", "flows": {"implicit": {}}}, {"type": "apiKey", "in": "query", "name": "k"},
                 {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token"}}}, 3]), max_size=2)},
        ),
    },
    optional={"servers": st.sampled_from([[], [{"url": "ftp://x"}], [{"url": "https://a.example/{v}"}], [{"url": "/"}], "no", [{"url": "https://[x"}]]),
              "info": st.just({"title": 'T"\n: #'})},
)  # fmt: skip


@settings(max_examples=25)
@given(document=_DOCUMENTS)
def test_any_document_gives_a_draft_that_loads(tmp_path_factory, document):
    """Whatever its schemas, names and references."""
    file = tmp_path_factory.mktemp("spec") / "spec.json"
    file.write_text(json.dumps(document))
    judged(drafted(read_openapi(file)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no OpenAPI"),
        ("{", "neither JSON nor YAML"),
        ("a: [", "neither JSON nor YAML"),
        ("[1]", "no OpenAPI"),
        ("openapi: 3.0.0", "no paths"),
        ("!!python/object/apply:os.system [id]", "neither JSON nor YAML"),
        ('{"a":' * 100_000, "neither JSON nor YAML"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path, text, why):
    """With the file's name and what was expected."""
    file = tmp_path / "spec.yaml"
    file.write_text(text)
    with pytest.raises(SetupError, match=why):
        read_openapi(file)


def test_a_document_that_refers_to_itself_everywhere_is_read_in_time(tmp_path):
    """A thousand schemas, each of which refers to all others: no answer is walked to its end."""
    names = [f"S{n}" for n in range(300)]
    schema = {
        "type": "object",
        "properties": {name: {"$ref": f"#/components/schemas/{name}"} for name in names} | {"sku": {"type": "string"}},
    }
    listed = {
        "200": {
            "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/S0"}}}}
        }
    }
    document = {
        "openapi": "3.0.0",
        "paths": {f"/v{n}/products": {"get": {"responses": listed}} for n in range(50)},
        "components": {"schemas": dict.fromkeys(names, schema)},
    }
    file = tmp_path / "spec.yaml"
    file.write_text(yaml.safe_dump(document))
    started = time.monotonic()
    assert list(judged(drafted(read_openapi(file))).resources) == ["products"]
    assert time.monotonic() - started < 60


HAR = {
    "log": {
        "entries": [
            {
                "request": {
                    "method": "GET",
                    "url": f"https://api.shop.example/v1/orders?page={page}&per_page=1&token=TOPSECRET",
                    "headers": [
                        {"name": "Authorization", "value": "Bearer TOPSECRET"},
                        {"name": "Cookie", "value": "TOPSECRET"},
                    ],
                },
                "response": {
                    "status": 200,
                    "headers": [{"name": "Set-Cookie", "value": "TOPSECRET"}],
                    "content": {
                        "text": json.dumps(
                            {"orders": [{"id": page, "total": "9.50", "currency": "EUR", "status": "open"}], "total": 2}
                        )
                    },
                },
            }
            for page in (1, 2)
        ]
        + [{"request": {}, "response": {"content": {"text": "<html>"}}}, 7]
    }
}
POSTMAN = {
    "info": {"name": "Shop"},
    "item": [
        {
            "name": "folder",
            "item": [
                {
                    "request": {"method": "GET", "url": {"raw": "{{base}}/customers?limit=10"}},
                    "response": [
                        {
                            "code": 200,
                            "originalRequest": {"method": "GET", "url": {"raw": "{{base}}/customers?limit=10"}, "header": [{"key": "X-Api-Key", "value": "TOPSECRET"}]},
                            "body": '{"data": [{"id": 1, "email": "a@example.com", "first_name": "A"}]}',
                        }
                    ],
                }
            ],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "content", "reads", "auth"),
    [
        ("har", HAR, {"orders": "order"}, "bearer"),
        ("postman", POSTMAN, {"customers": "contact"}, "api_key"),
        ("samples", {"products": [{"sku": "A", "name": "Lamp", "price": 9.5}]}, {"products": "product"}, "bearer"),
        ("samples", [{"sku": "A", "available": 5}], {"inventory": "stocklevel"}, "bearer"),
    ],
)
def test_recordings_are_drafted_without_their_credentials(tmp_path, source, content, reads, auth):
    """The lists, how they go on, and samples in which no secret is left."""
    file = tmp_path / ("inventory.json" if isinstance(content, list) else "products.json")
    file.write_text(json.dumps(content))
    names = names_of("new-shop", taken=[])
    made = draft_files(source, [file], names=names, types=TYPES, wanted=None)
    assert made.drafted.reads == reads
    manifest = judged(made.drafted)
    assert manifest.auth.kind == auth
    assert "TOPSECRET" not in json.dumps(dict(made.files))
    if source == "har":
        assert manifest.base_url == "https://api.shop.example"
        assert manifest.resources["orders"].pagination.kind == "page"
        assert len(made.drafted.samples["orders"]["exchanges"]) == 2


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [("har", "{}", "no HAR"), ("har", '{"log": {"entries": []}}', "no JSON answer"), ("postman", "[]", "no Postman"),
     ("postman", '{"item": []}', "no saved answers"), ("samples", "7", "no answer"), ("samples", "{", "no JSON")],
)  # fmt: skip
def test_what_is_no_recording_is_refused(tmp_path, source, text, why):
    """With what was expected."""
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(SetupError, match=why):
        sketch_of(source, [file])


def test_another_proposal_is_taken_where_it_is_more_certain():
    """And one whose rule does not fit is left out, by name."""

    def proposer(canonical_type, fields):
        assert canonical_type == "product"
        assert {"path": "sku", "kind": "text", "format": "", "enum": [], "example": None} in fields
        return [
            {"target": "title", "rule": "sku", "certainty": 0.99},
            {"target": "sku", "rule": "title", "certainty": 0.2},
            {"target": "weight", "rule": {"path": "title", "transform": "nonsense"}, "certainty": 1.0},
        ]

    made = drafted(read_openapi(SPECS / "shop.yaml"), proposer=proposer)
    rules = judged(made).resources["products"].canonical_map
    assert rules["title"] == "sku"
    assert rules["sku"] == "sku"
    assert "weight" not in rules
    assert "# left out: products.weight" in made.manifest


def test_a_draft_without_any_list_writes_nothing(tmp_path):
    """It says so instead."""
    target = tmp_path / "new"
    arguments = [
        "new-connector",
        "x",
        "--no-input",
        "--folder",
        str(target),
        "--from-openapi",
        str(SPECS / "phone.yaml"),
    ]
    for more, said in (["--types", "order"], "nothing was written"), (["--auth", "key"], "takes this from"):
        result = CliRunner().invoke(cli, [*arguments, *more])
        assert result.exit_code == 2
        assert said in result.output
        assert not target.exists()


def test_a_type_that_no_name_tells_is_taken_on_a_persons_word(tmp_path):
    """A sample of records with any name, and one type."""
    file = tmp_path / "answer.json"
    file.write_text('[{"ref": 7, "email": "a@example.com", "total": "9.50"}]')
    names = names_of("new-shop", taken=[])
    made = draft_files("samples", [file], names=names, types=TYPES, wanted=("order",))
    assert made.drafted.reads == {"answer": "order"}
    with pytest.raises(SetupError, match="nothing was written"):
        draft_files("samples", [file], names=names, types=TYPES, wanted=None)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_document_without_lists_gives_what_it_has(tmp_path):
    """Address and sign-in, a gap where the lists would be, and green tests."""
    spec = tmp_path / "spec.json"
    spec.write_text('{"openapi": "3.0.0", "servers": [{"url": "https://a.test/v1"}], "paths": {"/ping": {"get": {}}}}')
    arguments = ["new-connector", "x", "--no-input", "--folder", str(tmp_path / "new"), "--from-openapi", str(spec)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert "no list of records was recognised" in result.output
    assert "https://a.test/v1" in (tmp_path / "new/pullpush_x/connector.yaml").read_text()


def test_a_drafted_connector_passes_its_own_tests(tmp_path):
    """From the command to green tests."""
    target = tmp_path / "new"
    arguments = [
        "new-connector",
        "corner",
        "--no-input",
        "--folder",
        str(target),
        "--from-openapi",
        str(SPECS / "shop.yaml"),
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert "places to check" in result.output
    assert "passed" in result.output


def test_names_are_words():
    """Whatever their spelling."""
    assert words_of("pkStockItemId") == ("stock", "item", "id")
    assert words_of("UpdatedAt") == words_of("updated_at") == words_of("updated-at") == ("updated", "at")
    assert [singular(word) for word in ("categories", "boxes", "orders", "address", "status")] == [
        "category", "box", "order", "address", "statu",
    ]  # fmt: skip
