"""Rules across fields: a good document, one thing changed, one finding at its place."""

from __future__ import annotations

import copy

import pytest
import yaml

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import ManifestError, SetupError
from pullpush_sdk.manifest import auth_of, check_fields, check_manifest, read_manifest
from pullpush_sdk.mapping import Functions


def changed(connector, path, value):
    """The document with the value at a dotted path replaced, or removed where it is None."""
    document = copy.deepcopy(yaml.safe_load(connector))
    *steps, last = path.split("/")
    at = document
    for step in steps:
        at = at.setdefault(step, {})
    if value is None:
        del at[last]
    else:
        at[last] = value
    return yaml.safe_dump(document, sort_keys=False)


def found(text):
    with pytest.raises(ManifestError) as caught:
        read_manifest(text, file="c.yaml")
    assert all(each.line and each.file == "c.yaml" for each in caught.value.problems)
    return [(each.path, each.message) for each in caught.value.problems]


def test_the_good_document_has_no_problem(connector):
    manifest = read_manifest(connector)
    assert check_fields(manifest) == []
    assert check_manifest(manifest, CanonicalTypes(), Functions()) == []


GRAPHQL = {"path": "/graphql", "query": "query ($first: Int) { a }"}
ONE_CHANGE = [
    ("base_url", None, "$.check.request.path", "a relative path without a base_url"),
    ("limits", {"paths": {"/a": 5}}, "$.limits.paths", "numbers of paths that nobody counts"),
    ("base_url", "http://api.example.com", "$.base_url", "expected https, found http"),
    ("base_url", "api.example.com", "$.base_url", "expected an absolute URL"),
    ("base_url", "https://u:p@api.example.com", "$.base_url", "a URL with user name or password"),
    ("base_url", "https://{{shp}}.example.com", "$.base_url", "{{shp}} is not known here"),
    (
        "check/request/path",
        "https://other.example.org/me",
        "$.check.request.path",
        "other.example.org is not a declared",
    ),
    ("check/request/path", "http://files.example.com/me", "$.check.request.path", "expected https"),
    ("headers", {"X": "{{shop"}, "$.headers.X", "`{{` opens no placeholder"),
    ("headers", {"Authorization": "Bearer abc"}, "$.headers.Authorization", "looks like a credential in clear"),
    ("headers", {"X": "{{since}}"}, "$.headers.X", "{{since}} is not known here"),
    ("auth/key", "abc", "$.auth.key", "a credential in clear"),
    ("auth/key", "{{api_kez}}", "$.auth.key", "{{api_kez}} is not known here"),
    ("auth/place/format", "Key", "$.auth.place.format", "leaves the credential out"),
    ("settings/properties/api_key/default", "x", "$.settings.properties.api_key.default", "has a value in clear"),
    ("settings/required", ["shpo"], "$.settings.required[0]", "`shpo` is not declared"),
    ("settings/properties/shop/type", "txt", "$.settings.properties.shop.type", "not a JSON Schema"),
    ("resources/products/list/json", {"a": 1}, None, None),
    ("resources/products/list", {"path": "/p", "json": 1, "form": {}}, "$.resources.products.list", "json and form"),
    ("resources/products/list/variables", {"a": 1}, "$.resources.products.list.variables", "belong to a GraphQL query"),
    ("resources/products/list/params", {"a": "{{item.id}}"}, "$.resources.products.list.params.a", "{{item.id}}"),
    ("resources/products/list/params", {"a": "{{record.id}}"}, "$.resources.products.list.params.a", "{{record.id}}"),
    ("resources/products/details/path", "/products", "$.resources.products.details", "the same thing every time"),
    ("resources/products/list", None, "$.resources.products.details", "details without a list"),
    ("resources/products/canonical_map", None, "$.resources.products", "a list without canonical_map"),
    ("resources/products/canonical_map/updatedAt", None, "$.resources.products.version", "version is updated_at"),
    ("resources/products/pagination/size", 200, "$.resources.products.pagination.size", "larger than max_size"),
    ("resources/products/pagination/place", "body", "$.resources.products.pagination.place", "paging in a body"),
    ("resources/products/pagination/kind", "cursor", "$.resources.products.pagination", "needs response.next_cursor"),
    ("resources/products/pagination/kind", "next_url", "$.resources.products.pagination", "needs response.next_url"),
    ("resources/products/pagination/kind", "graphql", "$.resources.products.pagination", "needs response.has_next"),
    ("locations/pagination", {"kind": "cursor"}, "$.locations.pagination", "needs response.next_cursor"),
    ("webhook/event_name", None, "$.webhook", "handlers without event_name"),
    ("webhook/event_type_map/x", "product.update", "$.webhook.event_type_map.x", "no handler `product.update`"),
    ("webhook/verification/secret", "abc", "$.webhook.verification.secret", "a secret in clear"),
    ("webhook/verification/secret", "{{x}}", "$.webhook.verification.secret", "{{x}} is not known here"),
    ("webhook/verification/header", None, "$.webhook.verification", "needs header"),
    ("webhook/handlers/order.created/map", None, '$.webhook.handlers["order.created"]', "neither map nor resource"),
    (
        "webhook/handlers/product.updated/resource",
        "product",
        '$.webhook.handlers["product.updated"].resource',
        "no resource `product`",
    ),
    (
        "webhook/handlers/order.created/refetch",
        True,
        '$.webhook.handlers["order.created"].refetch',
        "refetch needs a resource",
    ),
    ("push/stocklevel/find", None, "$.push.stocklevel", "update without find"),
    ("push/stocklevel/update", None, "$.push.stocklevel.find", "find without create, update or archive"),
    ("push/stocklevel/update/item_index", "i", "$.push.stocklevel.update.item_index", "without item_errors"),
    ("push/stocklevel/update/request/json", {"a": 1}, "$.push.stocklevel.update.body", "one body only"),
    ("push/stocklevel/bulk", {"request": {"path": "/b"}, "body": {}}, "$.push.stocklevel.bulk", "needs items_at"),
    ("push/order", {"create": {"request": {"path": "/o"}}, "absolute": False}, "$.push.order.create", "twice"),
]


@pytest.mark.parametrize(("path", "value", "place", "message"), ONE_CHANGE)
def test_one_change_gives_one_finding_at_its_place(connector, path, value, place, message):
    text = changed(connector, path, value)
    if place is None:
        read_manifest(text)
        return
    assert any(each[0] == place and message in each[1] for each in found(text)), found(text)


def test_loopback_hosts_may_use_http(connector):
    text = changed(changed(connector, "base_url", "http://127.0.0.1:8000"), "hosts", ["localhost"])
    read_manifest(changed(text, "check/request/path", "http://localhost:99/me"))


def test_a_url_from_a_setting_is_left_to_the_runtime(connector):
    read_manifest(changed(connector, "base_url", "{{shop}}/rest"))


def test_a_wildcard_host_covers_hosts_below_it(connector):
    text = changed(connector, "hosts", ["*.example.org"])
    read_manifest(changed(text, "check/request/path", "https://a.b.example.org/me"))


def test_a_session_needs_no_base_url_where_its_answer_gives_one(connector):
    auth = {
        "kind": "session",
        "exchange": {"method": "POST", "path": "https://login.example.com/auth", "form": {"k": "{{api_key}}"}},
        "token": "Token",
        "base_url": "Server",
    }
    read_manifest(changed(changed(connector, "auth", auth), "base_url", None))


def test_an_authorization_code_needs_a_page_or_a_token(connector):
    auth = {
        "kind": "oauth2",
        "token_url": "https://a.example.com/t",
        "client_id": "{{shop}}",
        "client_secret": "{{api_key}}",
    }
    assert found(changed(connector, "auth", auth)) == [("$.auth", "authorization_code needs authorize_url")]
    read_manifest(changed(connector, "auth", {**auth, "refresh_token": "{{api_key}}"}))
    read_manifest(changed(connector, "auth", {**auth, "grant": "client_credentials"}))


def test_graphql_pagination_needs_its_variable(connector):
    text = changed(connector, "resources/products/list", GRAPHQL)
    text = changed(text, "resources/products/response", {"records": "a", "next_cursor": "c", "has_next": "h"})
    text = changed(text, "resources/products/pagination", {"kind": "graphql", "cursor_param": "after"})
    assert [path for path, _ in found(text)] == ["$.resources.products.list.query"]


TYPED = [
    (
        "webhook/handlers/product.updated/canonical_type",
        "order",
        '$.webhook.handlers["product.updated"].canonical_type',
        "is of type product",
    ),
    ("resources/products/canonical_type", "prodct", "$.resources.products.canonical_type", "no canonical type"),
    ("push/prodct", {"create": {"request": {"path": "/x"}}}, "$.push.prodct", "no canonical type"),
    ("resources/products/canonical_map/titel", "x", "$.resources.products.canonical_map.titel", ""),
    ("resources/products/canonical_map/sku", None, "$.resources.products.canonical_map", ""),
    (
        "resources/products/canonical_map/title",
        {"path": "a", "transform": "toText"},
        "$.resources.products.canonical_map.title.transform",
        "toText",
    ),
    (
        "resources/stock/canonical_map/quantity",
        {"path": "a", "default": 0},
        "$.resources.stock.canonical_map.quantity",
        "",
    ),
    (
        "resources/products/canonical_map/title",
        {"path": "a", "transform": "compute", "fn": "nobody"},
        "$.resources.products.canonical_map.title",
        "nobody",
    ),
    ("push/stocklevel/update/body/stock", {"path": "quantty"}, "$.push.stocklevel.update.body.stock", "quantty"),
    ("push/stocklevel/find/match/sku", "skuu", "$.push.stocklevel.find.match.sku", "skuu"),
    ("webhook/handlers/order.created/map/orderId", None, '$.webhook.handlers["order.created"].map', ""),
]


@pytest.mark.parametrize(("path", "value", "place", "message"), TYPED)
def test_types_and_maps_are_checked_with_their_place(connector, path, value, place, message):
    text = changed(connector, path, value)
    problems = check_manifest(read_manifest(text), CanonicalTypes(), Functions())
    assert any(each.path.startswith(place) and message in each.message for each in problems), problems


def test_a_stock_level_is_never_deleted(connector):
    handler = {"canonical_type": "stocklevel", "verb": "deleted", "map": {"sku": "sku", "quantity": "q"}}
    text = changed(connector, "webhook/handlers/stock.gone", handler)
    problems = check_manifest(read_manifest(text), CanonicalTypes(), Functions())
    assert [(each.path, each.message) for each in problems] == [
        ('$.webhook.handlers["stock.gone"].verb', "stocklevel is never deleted")
    ]


CHOICE = {
    "kind": "choice",
    "by": "auth_method",
    "options": {
        "key": {"kind": "api_key", "key": "{{key}}", "place": {"header": "X-Key"}},
        "login": {"kind": "basic", "username": "me", "password": "{{key}}"},
    },
}
METHODS = {"enum": ["key", "login"], "default": "key"}


def with_choice(connector, *, setting=METHODS, **options):
    document = yaml.safe_load(changed(connector, "auth", {**CHOICE, "options": {**CHOICE["options"], **options}}))
    document["secrets"] = [*document.get("secrets", ()), "key"]
    if setting is not None:
        document.setdefault("settings", {"type": "object"}).setdefault("properties", {})["auth_method"] = setting
    return yaml.safe_dump(document, sort_keys=False)


def test_a_choice_of_ways_to_authenticate_takes_the_one_that_a_setting_names(connector):
    auth = read_manifest(with_choice(connector)).auth
    assert auth_of(auth, {"auth_method": "login"}).kind == "basic"
    with pytest.raises(SetupError, match="expected one of key, login"):
        auth_of(auth, {"auth_method": "other"})


@pytest.mark.parametrize(
    ("setting", "options", "place", "message"),
    [
        (None, {}, "$.auth.by", "`auth_method` is not declared"),
        ({"enum": ["key"], "default": "key"}, {}, "$.settings.properties.auth_method.enum", "not the options of auth"),
        ({"enum": ["key", "login"]}, {}, "$.settings.properties.auth_method", "nothing is chosen"),
        (METHODS, {"login": {"kind": "bearer", "token": "abc"}}, "$.auth.options.login.token", "in clear"),
        (METHODS, {"login": CHOICE}, "$.auth.options.login", "a choice itself"),
    ],
)
def test_every_way_of_a_choice_is_checked(connector, setting, options, place, message):
    (finding,) = found(with_choice(connector, setting=setting, **options))
    assert finding[0] == place
    assert message in finding[1]
