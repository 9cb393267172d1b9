# ruff: noqa: E501, PLR0917 - documents and tables
"""What a draft says of what a document leaves open, and what it takes from what a recording shows beside its lists."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.emulator import emulate, read_samples
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.openapi import api_of
from pullpush_sdk.scaffold.draft import draft, read_har, read_openapi
from pullpush_sdk.scaffold.draft import read_samples as read_recorded

TYPES = CanonicalTypes()
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
ITEM = {"type": "object", "properties": {"id": TEXT, "sku": TEXT, "name": TEXT, "price": NUMBER}}
PAGES = [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in ("page", "limit")]


def answer(schema, example=None):
    media = ({} if schema is None else {"schema": schema}) | ({} if example is None else {"example": example})
    return {"200": {"description": "", "content": {"application/json": media}}}


def listed(item=ITEM, name="products"):
    schema = {"type": "object", "properties": {"total": {"type": "integer"}, name: {"type": "array", "items": item}}}
    return {"get": {"parameters": PAGES, "responses": answer(schema)}}


def taking(body):
    return {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": answer(body)}


def drafted(folder, paths, **document):
    """The draft of a document and its manifest; every one loads."""
    file = folder / "spec.json"
    file.write_text(
        json.dumps({"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "paths": paths, **document})
    )
    made = draft(read_openapi(file), name="corner", title="Corner", types=TYPES, wanted=None)
    manifest = read_manifest(made.manifest)
    assert check_manifest(manifest, TYPES, Functions()) == []
    return made, manifest


def recorded(folder, entries):
    """The draft of a HAR recording of pairs of an address and an answer, and its manifest."""
    file = folder / "recorded.har"
    told = [
        {
            "request": {
                "method": "GET",
                "url": url,
                "headers": [{"name": "Authorization", "value": "Bearer SECRET-1234"}],
            },
            "response": {"status": 200, "headers": [], "content": {"text": json.dumps(body)}},
        }
        for url, body in entries
    ]
    file.write_text(json.dumps({"log": {"entries": told}}))
    made = draft(read_har(file), name="corner", title="Corner", types=TYPES, wanted=None)
    manifest = read_manifest(made.manifest)
    assert check_manifest(manifest, TYPES, Functions()) == []
    return made, manifest


def test_a_missing_address_is_a_gap_with_a_host_of_the_connectors_own_name(tmp_path):
    """The API's, and those at which OAuth gives tokens; nothing of the template is left."""
    flows = {"authorizationCode": {"scopes": {}, "tokenUrl": "", "authorizationUrl": ""}}
    schemes = {"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}}
    for servers in ([], [{"url": "/v2"}], [{"url": "{"}]):
        made, manifest = drafted(tmp_path, {"/products": listed()}, components=schemes, servers=servers)
        assert manifest.base_url.startswith("https://api.corner.example")
        assert manifest.auth.token_url == "https://api.corner.example/oauth/token"
        assert {each.partition(":")[0] for each in made.checks} >= {"base_url", "auth"}
        assert "acme" not in made.manifest
        assert "nowhere" not in made.manifest


def test_keys_that_are_asked_for_together_are_drafted_together(tmp_path):
    schemes = {
        "app": {"type": "apiKey", "in": "header", "name": "X-App-Key"},
        "token": {"type": "apiKey", "in": "header", "name": "X-App-Token"},
        "login": {"type": "http", "scheme": "bearer"},
        "site": {"type": "apiKey", "in": "query", "name": "site_key"},
    }

    def signed(*names):
        security = [{name: [] for name in names}]
        return drafted(tmp_path, {"/products": listed()}, components={"securitySchemes": schemes}, security=security)

    made, manifest = signed("app", "token")
    assert (manifest.auth.kind, manifest.auth.place.header) == ("api_key", "X-App-Key")
    assert dict(manifest.headers) == {"X-App-Token": "{{x_app_token}}"}
    assert list(manifest.secrets) == ["x_app_key", "x_app_token"]
    headers = made.samples["products"]["exchanges"][0]["request"]["headers"]
    assert headers == {"X-App-Key": "{{x_app_key}}", "X-App-Token": "{{x_app_token}}"}
    made, manifest = signed("app", "login")
    assert (manifest.auth.kind, dict(manifest.headers)) == ("bearer", {"X-App-Key": "{{x_app_key}}"})
    made, manifest = signed("login", "site")
    assert manifest.auth.kind == "bearer"
    assert any("auth: site is asked for together with it" in each for each in made.checks)
    made, manifest = signed("app")
    assert not manifest.headers
    assert any("the document also knows login, site, token" in each for each in made.checks)


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        ({}, "its `paths` are empty"),
        ({"/ping": {"get": {}}}, "its `paths` are empty, or nothing stands below them"),
        ({"/ping": {"get": {"responses": {}}}}, "its one request does not say what its answer looks like"),
        ({"/ping": {"get": {"responses": answer(ITEM)}}}, "its one request does not answer with a list of objects"),
        ({"/a": {"post": taking(ITEM)}, "/b": {"put": taking(ITEM)}}, "of its 2 requests none reads"),
        ({"/widgets": listed({"type": "object", "properties": {"colour": TEXT}}, "widgets")}, "(/widgets)"),
    ],
)  # fmt: skip
def test_a_document_without_lists_says_why_and_what_to_do(paths, why, tmp_path):
    file, target = tmp_path / "spec.json", tmp_path / "new"
    file.write_text(json.dumps({"openapi": "3.0.0", "paths": paths}))
    arguments = ["new-connector", "corner", "--no-input", "--no-run", "--folder", str(target), "--from-openapi"]
    result = CliRunner().invoke(cli, [*arguments, str(file)])
    assert result.exit_code == 0, result.output
    assert "no list of records was recognised" in result.output
    assert why in result.output
    assert "write the first list under `resources` in pullpush_corner/connector.yaml" in result.output
    marked = next(
        line
        for line in (target / "pullpush_corner/connector.yaml").read_text().splitlines()
        if line.startswith("resources: {}")
    )
    assert "check: " in marked
    assert why.replace("`", "") in marked.replace("`", "")


def test_the_example_of_an_answer_is_played_as_it_is_drafted(tmp_path):
    """A document whose lists are told by examples alone: the emulator pages by what the draft reads."""
    shown = {"data": [{"id": "7", "sku": "A-1", "name": "Lamp", "price": 9.5}], "meta": {"pages": 1, "count": 1}}
    paths = {"/products": {"get": {"parameters": PAGES, "responses": answer(None, shown)}}}
    made, manifest = drafted(tmp_path, paths)
    assert manifest.resources["products"].response.total_pages == "meta.pages"
    (tmp_path / "samples").mkdir()
    for name, sample in {**made.samples, "openapi": made.document}.items():
        (tmp_path / f"samples/{name}.json").write_text(json.dumps(sample, default=str))
    (operation,) = api_of(made.document).operations
    assert set(operation.accepted.shape.properties) == {"data", "meta"}
    emulated = emulate(manifest, read_samples(manifest, tmp_path))
    assert not [each for each in emulated.not_proven if "goes on" in each.what]


def test_a_list_inside_one_record_is_no_list_of_records(tmp_path):
    address = {"type": "object", "properties": {"id": TEXT, "first_name": TEXT, "email": TEXT}}
    customer = {"type": "object", "properties": {"id": TEXT, "addresses": {"type": "array", "items": address}}}
    paths = {"/customers": {"get": {"responses": answer({"type": "object", "properties": {"customers": customer}})}}}
    made, _ = drafted(tmp_path, paths)
    assert made.reads == {}
    assert "does not answer with a list of objects" in made.nothing


def test_what_only_the_platforms_own_id_finds_is_not_overwritten(tmp_path):
    """Unless the create brings the id: then the records of another platform have theirs."""
    order = {"type": "object", "properties": {"id": TEXT, "status": TEXT, "currency": TEXT, "total": NUMBER}}
    one = {
        "get": {"responses": answer(order)},
        "patch": taking({**order, "properties": {"status": TEXT, "total": NUMBER}}),
    }
    made, manifest = drafted(tmp_path, {"/orders": listed(order, "orders"), "/orders/{id}": one})
    assert not manifest.push
    assert "by what else than the platform's own id is one of them found?" in made.manifest
    paths = {"/orders": {**listed(order, "orders"), "post": taking(order)}, "/orders/{id}": one}
    _, manifest = drafted(tmp_path, paths)
    assert manifest.push["order"].create.body["id"]


def test_post_at_a_records_address_is_an_update_where_nothing_else_is(tmp_path):
    find = {"name": "sku", "in": "query", "schema": TEXT}
    products = listed()
    products["get"] = {**products["get"], "parameters": [*PAGES, find]}
    paths = {"/products": {**products, "post": taking(ITEM)}, "/products/{id}": {"post": taking(ITEM)}}
    made, manifest = drafted(tmp_path, paths)
    assert manifest.push["product"].update.request.method == "POST"
    assert any(each.startswith("push.product.update.request: does POST") for each in made.checks)
    paths["/products/{id}"]["patch"] = taking(ITEM)
    _, manifest = drafted(tmp_path, paths)
    assert manifest.push["product"].update.request.method == "PATCH"


PRODUCT = {
    "id": "p-7",
    "name": "Lamp",
    "price": {"value": "19.90", "currency": "EUR"},
    "variants": [
        {"id": "v-1", "sku": "LAMP-RED", "title": "Red", "price": {"amount": "19.90", "currency_code": "EUR"}},
        {"id": "v-2", "sku": "LAMP-BLUE", "title": "Blue", "price": {"amount": "21.90", "currency_code": "EUR"}},
    ],
}


def test_variants_and_money_objects_of_a_sample_are_drafted(tmp_path):
    file = tmp_path / "products.json"
    file.write_text(json.dumps({"products": [PRODUCT]}))
    made = draft(read_recorded([file]), name="corner", title="Corner", types=TYPES, wanted=None)
    rules = read_manifest(made.manifest).resources["products"].canonical_map
    assert rules["price"] == {"path": "price.value", "transform": "toDecimal"}
    assert rules["currency"] == "price.currency"
    assert rules["sku"] == "variants[0].sku"
    assert rules["variants"]["path"] == "variants"
    items = rules["variants"]["items"]
    assert (items["variantId"], items["sku"], items["title"]) == ("id", "sku", "title")
    assert items["price"] == {"path": "price.amount", "transform": "toDecimal"}


@pytest.mark.parametrize(
    ("name", "record", "amount", "path", "currency"),
    [
        ("orders", {"id": "1", "total": {"amount": "5.10", "currencyCode": "USD"}}, "totalAmount", "total.amount", "total.currencyCode"),
        ("invoices", {"id": "1", "amount": {"value": 5.1, "currency": "USD"}}, "amount", "amount.value", "amount.currency"),
        ("orders", {"id": "1", "totalPrice": {"centAmount": 510, "currencyCode": "USD"}}, "totalAmount", "totalPrice.centAmount", "totalPrice.currencyCode"),
    ],
)  # fmt: skip
def test_an_amount_with_its_currency_is_money_under_any_name(name, record, amount, path, currency, tmp_path):
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps({name: [record]}))
    made = draft(read_recorded([file]), name="corner", title="Corner", types=TYPES, wanted=None)
    rules = read_manifest(made.manifest).resources[name].canonical_map
    assert (rules[amount]["path"], rules["currency"]) == (path, currency)
    assert rules[amount]["transform"] == ("fromMinorUnits" if "cent" in path else "toDecimal")


def test_a_weight_with_a_value_is_no_money(tmp_path):
    file = tmp_path / "products.json"
    file.write_text(json.dumps({"products": [{"sku": "A", "title": "B", "price": {"value": 3, "unit": "kg"}}]}))
    made = draft(read_recorded([file]), name="corner", title="Corner", types=TYPES, wanted=None)
    assert "price" not in read_manifest(made.manifest).resources["products"].canonical_map


@pytest.mark.parametrize(
    ("path", "body", "identity"),
    [
        ("/v1/me", {"id": 7, "email": "me@example.com"}, "email"),
        ("/v1/users/me", {"user": {"id": 7, "name": "Jane"}}, "user.name"),
        ("/admin/shop.json", {"shop": {"id": 7, "name": "Corner", "plans": [{"id": 1}]}}, "shop.name"),
        ("/store/info", {"status": 200, "data": {"name": "Corner"}}, "data.name"),
    ],
)  # fmt: skip
def test_the_recorded_account_is_what_check_asks_for(path, body, identity, tmp_path):
    base = "https://api.corner.test"
    made, manifest = recorded(
        tmp_path, [(f"{base}/v1/products", [{"sku": "A", "title": "B", "price": 3}]), (base + path, body)]
    )
    assert (manifest.check.request.path, manifest.check.identity) == (path, identity)
    assert made.samples["account"]["exchanges"][0]["answer"]["body"] == body
    assert manifest.samples["account"] == "samples/account.json"
    assert "SECRET-1234" not in json.dumps(made.samples)


def test_without_an_account_the_first_list_is_asked_for(tmp_path):
    base = "https://api.corner.test"
    listing = (f"{base}/products", [{"sku": "A", "title": "B", "price": 3}])
    made, manifest = recorded(tmp_path, [listing, (f"{base}/settings", {"name": "x"})])
    assert (manifest.check.request.path, manifest.check.identity) == ("/products", None)
    assert "account" not in made.samples


def test_a_documented_account_is_marked_and_carried_along(tmp_path):
    account = {"get": {"responses": answer({"type": "object", "properties": {"id": TEXT, "name": TEXT}})}}
    made, manifest = drafted(tmp_path, {"/products": listed(), "/account": account})
    assert (manifest.check.request.path, manifest.check.identity) == ("/account", "name")
    assert "/account" in made.document["paths"]
    assert "check: does it name the account?" in made.checks


def test_a_write_whose_key_is_read_from_elsewhere_is_left_out(tmp_path):
    """The document's own example has no SKU: the record's id is its key, and by the SKU nothing is found again."""
    find = {"name": "sku", "in": "query", "schema": TEXT}
    shown = {"products": [{"id": "7", "sku": "", "name": "Lamp", "price": 9.5}]}
    listing = {
        "parameters": [*PAGES, find],
        "responses": answer({"type": "object", "properties": {"products": {"type": "array", "items": ITEM}}}, shown),
    }
    paths = {"/products": {"get": listing, "post": taking(ITEM)}, "/products/{id}": {"put": taking(ITEM)}}
    made, manifest = drafted(tmp_path, paths)
    assert manifest.resources["products"].canonical_map["sku"] == "id"
    assert not manifest.push
    assert "left out: push.product: the field that found its records does not fit" in made.manifest


def test_a_made_up_answer_has_one_list_alone(tmp_path):
    """The errors beside the records of a documented answer are none in a sample that was accepted."""
    error = {"type": "array", "items": {"type": "object", "properties": {"code": TEXT, "detail": TEXT}}}
    records = {"type": "array", "items": ITEM}
    listing = {"get": {"responses": answer({"type": "object", "properties": {"errors": error, "products": records}})}}
    made, manifest = drafted(tmp_path, {"/products": listing})
    assert manifest.resources["products"].response.records == "products"
    (exchange,) = made.samples["products"]["exchanges"]
    assert exchange["answer"]["body"]["errors"] == []
    assert exchange["answer"]["body"]["products"]
