"""Karzoun MiniApp documents: both generations, both handler shapes, every kind of auth, whole or in blocks."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from pullpush_sdk.canonical import BUILT_IN, CanonicalTypes, to_sparse
from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    NoAuth,
    OAuth2Auth,
    Part,
    Placement,
    SessionAuth,
    check_manifest,
    load,
    read,
    read_miniapp,
)
from pullpush_sdk.mapping import Functions, compile_map, parse_map

TYPES = {each.name: each for each in BUILT_IN}
DOCUMENTS = Path(__file__).parent / "documents"


def mapped(rules, kind, record):
    """The record as the manifest's map makes it, in the sparse wire form."""
    spec, problems = parse_map(rules)
    assert problems == []
    context = {"settings": {}, "item": None, "page": {}, "request": {}}
    return to_sparse(compile_map(spec, TYPES[kind], Functions(), name="test").one(record, context))


def checks(loaded):
    return [str(loaded.located(each)) for each in check_manifest(loaded.manifest, CanonicalTypes(), Functions())]


def auth_of(auth, headers):
    sync = {"baseUrl": "https://a.example.com", "headers": headers}
    return read(json.dumps({"ns": "a", "auth": auth, "sync": sync})).manifest


def refused(value):
    with pytest.raises(ManifestError) as caught:
        read_miniapp(value if isinstance(value, str) else json.dumps(value, indent=1), "app.js")
    return [(each.path, each.message) for each in caught.value.problems]


# The whole document


def test_a_whole_document_checks_clean(miniapp):
    loaded = read(miniapp, file="acme.js")
    assert checks(loaded) == []
    assert loaded.manifest.origin == "miniapp"
    assert loaded.manifest.absent == ()
    assert [each.message for each in loaded.notes] == ["`storeId` is a setting to fill in"]


def test_identity_and_limits(miniapp):
    found = read(miniapp).manifest
    assert (found.name, found.title, found.version) == ("acme-shop", "Acme", "2.0.1")
    assert found.docs == "https://docs.example.com/acme"
    assert found.categories == ("ecommerce",)
    assert (found.limits.requests, found.limits.per, found.limits.timeout) == (5, 1.0, 2.5)
    assert found.base_url == "https://api.example.com/v2"
    assert found.hosts == ("accounts.example.com",)
    assert found.headers == {"Store-Id": "{{storeId}}"}


def test_resources(miniapp):
    products = read(miniapp).manifest.resources["products"]
    assert products.list.path == "/products"
    assert products.details.path == "/products/{{record.id}}"
    assert products.details_records == products.response.records == "data"
    assert products.response.total == "pagination.total"
    paging = products.pagination
    assert (paging.kind, paging.page_param, paging.start) == ("page", "page", 1)
    assert (paging.size_param, paging.size, paging.max_size) == ("per_page", 60, 1000)
    orders = read(miniapp).manifest.resources["orders"]
    assert orders.details is None
    assert (products.version, orders.version) == ("observed", "updated_at")


def test_maps_give_canonical_records(miniapp):
    found = read(miniapp).manifest
    record = {"id": 7, "name": "Cup", "price": Decimal("9.50"), "sale": Decimal("8.00"), "status": "Disabled"}
    assert mapped(found.resources["products"].canonical_map, "product", record) == {
        "sku": "7",
        "productId": "7",
        "title": "Cup",
        "price": "9.50",
        "status": "hidden",
        "nativeStatus": "Disabled",
        "extensions": {"salePrice": Decimal("8.00")},
    }
    line = {"pid": 1, "sku": "S", "label": "Cup", "sum": "9.50", "c": "red", "quantity": 2}
    order = {"id": 5, "number": "N5", "total": "9.50", "updated": "2026-01-01T00:00:00Z", "lines": [line]}
    found_order = mapped(found.resources["orders"].canonical_map, "order", order)
    assert found_order["orderId"] == "5"
    assert found_order["lineItems"] == [
        {"productId": "1", "sku": "S", "title": "Cup", "total": "9.50", "extensions": {"colour": "red"}}
    ]


def test_a_status_of_the_stores_own_is_unknown_and_kept(miniapp):
    rules = read(miniapp).manifest.webhook.handlers["order.status"].map
    body = {"data": {"id": 5, "status": "خاص"}}
    assert mapped(rules, "order", body) == {"orderId": "5", "status": "unknown", "nativeStatus": "خاص"}
    assert mapped(rules, "order", {"data": {"id": 5}}) == {"orderId": "5"}


def test_both_handler_shapes(miniapp):
    handlers = read(miniapp).manifest.webhook.handlers
    created, status, updated = (handlers[name] for name in ("order.created", "order.status", "order.updated"))
    assert (created.verb, created.partial, created.data_path, created.resource) == ("created", False, "$", None)
    assert (status.verb, status.partial) == ("updated", True)
    assert (updated.resource, updated.data_path, updated.map) == ("orders", "$.data", None)
    assert updated.canonical_type == "order"
    items = [{"sku": "S", "quantity": 2, "odd": 1}]
    assert mapped(created.map, "order", {"data": {"id": 1, "lines": items}})["lineItems"] == [
        {"sku": "S", "quantity": 2, "extensions": {"odd": 1}}
    ]


def test_webhook_parts(miniapp):
    hook = read(miniapp).manifest.webhook
    assert hook.event_name.parts == (Part(source="header", path="X-Event"),)
    assert hook.event_name.fallback == Part(source="body", path="$.event")
    assert hook.transaction_id.parts == (Part(path="$.data.id"), Part(source="header", path="X-Id"))
    assert hook.transaction_id.overrides == {"order.updated": (Part(path="$.data.id"), Part(path="$.data.rev"))}
    assert (hook.verification.kind, hook.verification.encoding) == ("hmac-sha256", "base64")
    assert (hook.verification.header, hook.verification.secret) == ("X-Signature", "{{webhookSecret}}")
    assert (hook.challenge.field, hook.challenge.equals, hook.challenge.response_field) == ("type", "ping", "token")
    assert hook.customer.overrides == {"customer.created": "$.data"}
    assert (hook.response_status, hook.response_body) == (202, {"ok": True})
    record = {"first": "A", "email": "a@b.c", "id": 3, "sex": 1}
    assert mapped(hook.customer.map, "contact", record) == {
        "firstName": "A",
        "email": "a@b.c",
        "contactId": "3",
        "extensions": {"sex": 1},
    }


def test_what_a_source_has_no_use_for_is_kept(miniapp):
    extra = read(miniapp).manifest.extra
    assert extra["$.triggers"] == [{"type": "miniapps:acme-shop", "event": "order.created"}]
    assert extra["$.sync.resources.products.icon"] == "package"
    assert extra["$.sync.syncConfiguration.batchSize"] == 200


def test_json_and_javascript_load_equal(miniapp):
    document = read(miniapp).document.value
    assert read(json.dumps(document)).manifest == read(miniapp).manifest


def test_problems_point_into_the_document():
    loaded = load(DOCUMENTS / "miniapp.js")
    from pullpush_sdk.errors import Problem

    found = loaded.located(Problem(message="x", path="$.resources.products.canonical_map.title.path"))
    assert found.path == "$.sync.resources.products.apiMapping.name.path"
    lines = (DOCUMENTS / "miniapp.js").read_text().splitlines()
    assert "apiMapping: { name: 'name'" in lines[found.line - 1]


# Auth


OAUTH = {
    "type": "oauth2",
    "auth_url": {"url": "https://x.example.com/auth", "queryParams": {"scope": "{{scope}}"}},
    "get_token": {
        "url": "https://x.example.com/token",
        "method": "POST",
        "bodyType": "json",
        "headers": {"Authorization": "Basic {{client_id}}:{{client_secret}}"},
        "body": {"grant_type": "authorization_code", "code": "{{code}}", "audience": "shop"},
        "mapping": {"accessToken": "$.access_token", "expiresIn": "$.expires"},
    },
}


def test_oauth2():
    found = auth_of({**OAUTH, "config": {"scope": "a b"}}, {"Authorization": "Bearer [[accessToken]]"})
    assert found.auth == OAuth2Auth(
        authorize_url="https://x.example.com/auth",
        token_url="https://x.example.com/token",
        scopes=("a", "b"),
        token_params={"audience": "shop"},
        token_body="json",
        client_auth="basic",
        expires_field="expires",
        place=Placement(header="Authorization", format="Bearer {{token}}"),
    )
    assert found.headers == {}
    assert found.settings["required"] == ["client_id", "client_secret"]


def test_oauth2_with_a_header_of_its_own_keeps_the_others():
    found = auth_of(OAUTH, {"Store-Id": "[[storeId]]", "X-Token": "Token [[accessToken]]", "Accept": "*/*"})
    assert found.auth.place == Placement(header="X-Token", format="Token {{token}}")
    assert found.headers == {"Store-Id": "{{storeId}}", "Accept": "*/*"}
    found = auth_of(OAUTH, {"Store-Id": "[[storeId]]"})
    assert found.auth.place == Placement(header="Authorization", format="Bearer {{token}}")
    assert found.headers == {"Store-Id": "{{storeId}}"}


def test_oauth2_client_credentials_by_config():
    step = {**OAUTH["get_token"], "body": {"grant_type": "{{grant_type}}"}}
    found = auth_of({**OAUTH, "get_token": step, "config": {"grant_type": "client_credentials"}}, {})
    assert found.auth.grant == "client_credentials"


def test_an_abridged_oauth2_reads_its_token_from_the_settings():
    loaded = read(
        json.dumps(
            {"ns": "a", "auth": {"type": "oauth2"}, "sync": {"headers": {"Authorization": "Bearer [[accessToken]]"}}}
        )
    )
    assert loaded.manifest.auth == BearerAuth(token="{{accessToken}}")
    assert loaded.manifest.secrets == ("accessToken",)
    assert "oauth2 without get_token: the access token is a setting" in [each.message for each in loaded.notes]


@pytest.mark.parametrize(
    ("headers", "auth", "secrets"),
    [
        ({"Authorization": "Bearer [[apiKey]]"}, BearerAuth(token="{{apiKey}}"), ("apiKey",)),
        (
            {"Authorization": "Basic [[key]]:[[secret]]"},
            BasicAuth(username="{{key}}", password="{{secret}}"),
            ("key", "secret"),
        ),
        ({"authorization": "Basic [[apiKey]]:"}, BasicAuth(username="{{apiKey}}"), ("apiKey",)),
        (
            {"Authorization": "Basic [[pair]]"},
            ApiKeyAuth(key="{{pair}}", place=Placement(header="Authorization", format="Basic {{token}}")),
            ("pair",),
        ),
        (
            {"X-Shopify-Access-Token": "[[accessToken]]"},
            ApiKeyAuth(key="{{accessToken}}", place=Placement(header="X-Shopify-Access-Token")),
            ("accessToken",),
        ),
        ({"Accept": "*/*"}, NoAuth(), ()),
    ],
)
def test_fixed_credentials_stand_in_headers(headers, auth, secrets):
    for kind in ("apikey", "bearer_token"):
        found = auth_of({"type": kind}, headers)
        assert found.auth == auth
        assert found.secrets == secrets
        assert found.settings.get("required", []) == sorted(secrets)


def test_a_key_exchange_is_a_session():
    auth = {
        "type": "apikey",
        "form": {"apiKey": {"type": "password", "label": "Key", "placeholder": "k-1"}},
        "get_token": {
            "url": "https://x.example.com/login",
            "method": "POST",
            "body": {"key": "{{apiKey}}"},
            "mapping": [{"name": "session", "value": "$.data.token"}],
        },
    }
    found = auth_of(auth, {"X-Session": "[[session]]"})
    assert isinstance(found.auth, SessionAuth)
    assert found.auth.exchange.json == {"key": "{{apiKey}}"}
    assert (found.auth.token, found.auth.place.header) == ("data.token", "X-Session")
    assert found.settings["properties"] == {
        "apiKey": {"type": "string", "title": "Key", "description": "for example k-1"}
    }
    assert found.secrets == ("apiKey",)


def test_the_check_is_the_token_test_without_the_credential():
    auth = {
        "type": "apikey",
        "test_token": {
            "url": "https://a.example.com/ping",
            "method": "GET",
            "headers": {"Authorization": "Bearer [[apiKey]]", "Accept": "*/*"},
            "mapping": {"connected": "true"},
        },
        "userDetails": {"url": "https://a.example.com/me", "mapping": {"name": "$.name"}},
    }
    found = auth_of(auth, {"Authorization": "Bearer [[apiKey]]"})
    assert found.check.request.path == "https://a.example.com/ping"
    assert found.check.request.headers == {"Accept": "*/*"}
    assert found.check.identity is None
    del auth["test_token"]
    assert auth_of(auth, {}).check.identity == "name"


def test_a_secret_in_clear_is_not_taken_over():
    auth = {"type": "apikey", "sensitiveKeys": ["apiKey"], "config": {"apiKey": "s3cr3t", "shop": "x", "n": 3}}
    loaded = read(json.dumps({"ns": "a", "auth": auth, "sync": {"headers": {"X": "[[apiKey]]"}}}))
    assert "s3cr3t" not in repr(loaded.manifest)
    assert "s3cr3t" not in "".join(map(str, loaded.notes))
    assert loaded.manifest.settings["properties"]["shop"] == {"type": "string", "default": "x"}
    assert "the value of `apiKey` is not taken over" in [each.message for each in loaded.notes]


# The older generation, extensions, and what is not understood


def test_the_older_transaction_id():
    hook = {
        "eventExtraction": {"source": "body", "path": "$.event"},
        "transactionId": {"path": "$.id", "fallback": "generate"},
    }
    found = read(json.dumps({"ns": "a", "webhook": hook})).manifest.webhook
    assert found.transaction_id.parts == (Part(path="$.id"),)


def test_a_composite_event_name_wins_over_the_path():
    extraction = {
        "source": "body",
        "path": "x",
        "compositeStrategy": {"parts": [{"source": "header", "path": "A"}, {"path": "b"}], "separator": ":"},
    }
    found = read(json.dumps({"ns": "a", "webhook": {"eventExtraction": extraction}})).manifest.webhook.event_name
    assert found.parts == (Part(source="header", path="A"), Part(path="b"))
    assert found.separator == ":"


@pytest.mark.parametrize("value", [None, {}, []])
def test_null_and_empty_mean_absent(value):
    document = {"ns": "a", "webhook": None, "actions": [], "source": {}, "sync": None if value == [] else value}
    found = read(json.dumps(document)).manifest
    assert found.webhook is None
    assert found.resources == {}
    assert "webhook" in found.absent


RESOURCE = {
    "contentType": "core:customer",
    "endpoints": {"list": {"url": "/c", "method": "GET"}},
    "pagination": {"paramName": "n"},
    "responseMapping": {"dataProperty": "$.data"},
    "apiMapping": {"code": "id"},
}


def resource(**changes):
    value = {**RESOURCE, **changes}
    document = {"sync": {"baseUrl": "https://a.example.com", "resources": {"customers": value}}}
    return read_miniapp(json.dumps(document))


def test_paging_extensions_are_read_and_named_not_portable():
    loaded = resource(
        pagination={"x-kind": "cursor", "x-cursorParam": "after", "paramName": "first", "defaultLimit": 10},
        responseMapping={"dataProperty": "data", "x-nextCursor": "$.page.next"},
    )
    found = loaded.manifest.resources["customers"]
    assert (found.pagination.kind, found.pagination.cursor_param) == ("cursor", "after")
    assert found.response.next_cursor == "page.next"
    assert sum("extension of this SDK" in each.message for each in loaded.notes) == 3


def test_an_extension_that_lacks_its_part_is_a_problem_in_the_document():
    with pytest.raises(ManifestError) as caught:
        resource(pagination={"x-kind": "cursor"})
    (problem,) = caught.value.problems
    assert problem.path == "$.sync.resources.customers.pagination"


def test_no_pagination_is_said():
    loaded = resource(pagination=None)
    assert loaded.manifest.resources["customers"].pagination.kind == "none"
    assert any("one answer is taken for the whole list" in each.message for each in loaded.notes)


@pytest.mark.parametrize(
    ("changes", "size"), [({}, 100), ({"maxLimit": 50}, 50), ({"defaultLimit": 80, "maxLimit": 50}, 50)]
)
def test_the_page_size_stays_within_the_limit(changes, size):
    assert resource(pagination={"paramName": "n", **changes}).manifest.resources["customers"].pagination.size == size


def test_bulk_sync_can_be_off():
    document = {
        "sync": {
            "baseUrl": "https://a.example.com",
            "syncConfiguration": {"enabled": False},
            "resources": {"customers": RESOURCE},
        }
    }
    assert not read(json.dumps(document)).manifest.resources["customers"].enabled
    assert not resource(enabled=False).manifest.resources["customers"].enabled


def test_unknown_keys_are_kept_and_reported():
    document = {
        "ns": "a",
        "sinc": {},
        "zzz": {"a": [1]},
        "sync": {"baseUrl": "https://a.example.com", "hedaers": {"a": "b"}},
    }
    loaded = read(json.dumps(document, indent=1), file="a.json")
    notes = {each.path: (each.message, each.hint, each.line) for each in loaded.notes}
    assert notes["$.zzz"] == ("unknown key `zzz`", "it is kept and has no effect", 4)
    assert notes["$.sinc"][1] == "did you mean sync?"
    assert notes["$.sync.hedaers"][1] == "did you mean headers?"
    assert loaded.manifest.extra["$.zzz"] == {"a": [1]}


def test_an_unknown_content_type_is_kept_and_reported():
    loaded = resource(contentType="core:companies")
    assert loaded.manifest.resources == {}
    assert loaded.manifest.extra["$.sync.resources.customers"]["contentType"] == "core:companies"
    assert any("is not known: the resource is kept and not read" in each.message for each in loaded.notes)


def test_targets_without_a_canonical_field_go_to_extensions():
    rules = {"code": "id", "primaryEmail": "mail", "email": "other", "tagIds": "tags", "leadStatus": {"value": "new"}}
    found = resource(apiMapping=rules).manifest.resources["customers"].canonical_map
    assert found == {
        "contactId": "id",
        "email": "mail",
        "extensions.email": "other",
        "extensions.tagIds": "tags",
        "extensions.leadStatus": {"value": "new"},
    }


def test_a_mapped_sku_is_left_alone():
    rules = {"code": "id", "sku": "sku", "name": "n"}
    found = resource(contentType="core:product", apiMapping=rules).manifest.resources["customers"].canonical_map
    assert found == {"productId": "id", "sku": "sku", "title": "n"}


def test_an_abandoned_cart():
    handler = {"recordType": "abandonedCart", "operation": "upsert", "mapping": {"code": "$.id", "items": "$.lines"}}
    found = read_miniapp(json.dumps({"sync": {"webhooks": {"handlers": {"abandoned.cart": handler}}}})).manifest
    body = {"id": 4, "lines": None}
    assert mapped(found.webhook.handlers["abandoned.cart"].map, "cart", body)["cartId"] == "4"
    loaded = resource(contentType="ecommerce:abandonedCarts")
    assert loaded.manifest.resources["customers"].canonical_type == "cart"


# Bare blocks


SYNC_BLOCK = """\
sync: {
  baseUrl: 'https://api.shop.example/v1',
  headers: { Authorization: 'Bearer [[accessToken]]', 'Content-Type': 'application/json' },
  syncConfiguration: { enabled: true, batchSize: 100 },
  resources: {
    products: { /* ... */ },
    orders: { /* ... */ },
  },
  webhooks: {
    handlers: {
      'order.created': { /* as in resources */ },
    },
  },
},
"""
RESOURCE_BLOCK = """\
products: {
  name: 'products',
  contentType: 'core:product',
  endpoints: { list: { url: '/products', method: 'GET' } },
  pagination: { paramName: 'per_page', defaultLimit: 20 },
  responseMapping: { dataProperty: 'items' },
  apiMapping: {
    code: { path: 'id', transform: 'toString' },
    // ...
  },
},
"""


def test_a_sync_block_pasted_alone_loads():
    for loaded in (read(SYNC_BLOCK), read_miniapp(SYNC_BLOCK, "my-shop.js")):
        assert loaded.manifest.origin == "miniapp-sync"
        assert loaded.manifest.absent == ("ns", "title", "version", "auth", "triggers", "webhook")
        assert loaded.manifest.auth == BearerAuth(token="{{accessToken}}")
        assert loaded.manifest.secrets == ("accessToken",)
        assert loaded.manifest.headers == {"Content-Type": "application/json"}
    assert loaded.manifest.name == "my-shop"
    assert len(loaded.notes) == 3


def test_the_inside_of_a_sync_block_loads():
    inner = SYNC_BLOCK.removeprefix("sync: ").rstrip().removesuffix(",")
    assert read(inner).manifest.base_url == "https://api.shop.example/v1"
    assert read(inner).manifest.auth == read(SYNC_BLOCK).manifest.auth


def test_a_resource_block_loads_alone_and_everywhere_else():
    alone = read(RESOURCE_BLOCK, file="products.js")
    assert alone.manifest.absent[-4:] == ("sync.baseUrl", "sync.headers", "sync.syncConfiguration", "sync.webhooks")
    expected = alone.manifest.resources
    inner = RESOURCE_BLOCK.removeprefix("products: ").rstrip().removesuffix(",")
    in_sync = f"sync: {{ baseUrl: 'https://a.example.com', resources: {{ {RESOURCE_BLOCK} }} }}"
    in_document = f"{{ ns: 'a', {in_sync} }}"
    resources = f"resources: {{ {RESOURCE_BLOCK} }}"
    for text in (inner, in_sync, in_document, resources):
        assert read(text).manifest.resources == expected
    assert alone.located(alone.document.problem("x", "$.resources.products.list")).line == 4


def test_a_relative_url_needs_a_base_url_where_a_sync_block_has_room_for_one():
    paths = [path for path, _ in refused(f"sync: {{ resources: {{ {RESOURCE_BLOCK} }} }}")]
    assert paths == ["$.sync.resources.products.endpoints.list.url"]


def test_absolute_urls_need_no_base_url():
    text = f"sync: {{ resources: {{ {RESOURCE_BLOCK.replace('/products', 'https://a.example.com/p')} }} }}"
    assert read(text).manifest.base_url == "https://a.example.com"


# What is refused


def handler(**value):
    return {
        "sync": {
            "baseUrl": "https://a.example.com",
            "resources": {"orders": {**RESOURCE, "contentType": "ecommerce:orders"}},
            "webhooks": {"handlers": {"e": value}},
        }
    }


AT = "$.sync.webhooks.handlers.e"
MAPPING = {"code": "$.id"}


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        (
            handler(recordType="order", operation="delete", mapping=MAPPING),
            f"{AT}.operation",
            "create, update or upsert",
        ),
        (handler(recordType="orders", operation="create", mapping=MAPPING), f"{AT}.recordType", "no record type"),
        (handler(recordType="order", operation="create"), AT, "`mapping` is missing"),
        (handler(recordType="order", mapping=MAPPING, resource="orders"), AT, "both recordType and resource"),
        (handler(operation="create"), AT, "neither recordType nor resource"),
        (handler(resource="order", operation="upsert"), f"{AT}.resource", "no resource `order`"),
        ({"ns": "a", "auth": {"type": "form"}}, "$.auth.type", "expected one of bearer_token, apikey, oauth2"),
        ({"ns": "a", "auth": []}, "$.auth", "expected an object, found a list"),
        ({"ns": 5}, "$.ns", "expected text, found the number 5"),
        ({"sync": {"headers": {"A": ["x"]}}}, "$.sync.headers.A", "expected text"),
        ({"sync": {"headers": {"A": "[[a b]]"}}}, "$.sync.headers.A", "`[[` opens no placeholder"),
        ({"sync": {"syncConfiguration": {"timeout": 0}}}, "$.sync.syncConfiguration.timeout", "milliseconds"),
        (
            {"sync": {"syncConfiguration": {"rateLimitPerSecond": -1}}},
            "$.sync.syncConfiguration.rateLimitPerSecond",
            "whole",
        ),
        ({"sync": {"baseUrl": "http://a.example.com"}}, "$.sync.baseUrl", "expected https"),
        (
            {"ns": "a", "webhook": {"eventExtraction": {"source": "cookie", "path": "x"}}},
            "$.webhook.eventExtraction[0].source",
            "",
        ),
        ({"ns": "a", "webhook": {"verification": {"type": "md5"}}}, "$.webhook.verification.type", "hmac-sha256"),
        ({"ns": "a", "webhook": {"verification": {"type": "hmac-sha256"}}}, "$.webhook.verification", "needs header"),
        (
            {"ns": "a", "webhook": {"challengeResponse": {"identifyField": "x"}}},
            "$.webhook.challengeResponse",
            "challengePath",
        ),
        ({"ns": "a", "webhook": {"customerExtraction": {"basePath": "$"}}}, "$.webhook.customerExtraction", "mapping"),
    ],
)
def test_what_cannot_be_read_is_a_problem_at_its_place(value, path, message):
    problems = refused(value)
    assert any(each[0] == path and message in each[1] for each in problems), problems


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"contentType": None}, ""),
        ({"apiMapping": None}, ""),
        ({"expandDetails": True}, ".expandDetails"),
        ({"endpoints": {"list": {"method": "GET"}}}, ".endpoints.list"),
        ({"endpoints": {"list": {"url": "/c", "method": "FETCH"}}}, ".endpoints.list.method"),
        ({"pagination": {"defaultLimit": 0}}, ".pagination.defaultLimit"),
        ({"pagination": {"x-kind": "pages"}}, ".pagination.x-kind"),
    ],
)
def test_resources_that_cannot_be_read(changes, path):
    value = {"sync": {"baseUrl": "https://a.example.com", "resources": {"things": {**RESOURCE, **changes}}}}
    assert any(each[0] == f"$.sync.resources.things{path}" for each in refused(value)), refused(value)


def test_every_problem_is_collected():
    text = "{ ns: 1, auth: { type: 'x', form: [] }, sync: { headers: 5, resources: { a: 1 } } }"
    assert len(refused(text)) >= 5
