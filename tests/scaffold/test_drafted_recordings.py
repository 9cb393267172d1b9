"""Drafts from recordings: how a list goes on and how to sign in are seen in what came from where, not in names."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.scaffold.draft import draft, read_har, read_postman, read_samples

TYPES = CanonicalTypes()
BASE = "https://api.shop.example/v2"
LOGIN = "https://login.shop.example/oauth/token"
ROWS = [{"sku": f"SKU-{number}", "title": f"Lamp {number}", "price": "9.50"} for number in range(30)]
FORM = "application/x-www-form-urlencoded"


def entry(url, body, *, method="GET", headers=None, form=None, sent=None, answered=None, status=200):
    """One entry of a HAR recording."""
    request = {"method": method, "url": url, "headers": _listed(headers or {})}
    if form is not None:
        request["headers"] += _listed({"Content-Type": FORM})
        request["postData"] = {"mimeType": FORM, "params": _listed(form), "text": urlencode(form)}
    if sent is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    return {
        "request": request,
        "response": {"status": status, "headers": _listed(answered or {}), "content": content},
    }


def _listed(pairs):
    return [{"name": name, "value": str(value)} for name, value in pairs.items()]


def drafted(folder, entries, wanted=None):
    """The draft of a recording, and its manifest; every one loads, and no credential is in it."""
    file = folder / "recorded.har"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    made = draft(read_har(file), name="new", title="New", types=TYPES, wanted=wanted)
    assert "SECRET" not in made.manifest + json.dumps(dict(made.samples))
    manifest = read_manifest(made.manifest)
    assert check_manifest(manifest, TYPES, Functions()) == []
    return made, manifest


def listed(url, rows, **more):
    return entry(url, {"items": rows, **more.pop("told", {})}, **more)


@pytest.mark.parametrize(
    ("entries", "pagination", "response"),
    [
        pytest.param(
            [listed(f"{BASE}/products?from=c1&n=2", ROWS[:2], told={"continuation": "c2"}),
             listed(f"{BASE}/products?from=c2&n=2", ROWS[2:3], told={"continuation": None})],
            {"kind": "cursor", "cursor_param": "from", "size_param": "n"}, {"next_cursor": "continuation"}, id="cursor",
        ),
        pytest.param(
            [listed(f"{BASE}/products", ROWS[:2], told={"meta": {"more": {"token": "dXNlcjpw"}}}),
             listed(f"{BASE}/products?continuationToken=dXNlcjpw", ROWS[2:3], told={"meta": {"more": None}})],
            {"kind": "cursor", "cursor_param": "continuationToken"}, {"next_cursor": "meta.more.token"}, id="token",
        ),
        pytest.param(
            [listed(f"{BASE}/products", ROWS[:2], answered={"X-Next-Page-Key": "k7"}),
             listed(f"{BASE}/products?key=k7", ROWS[2:3])],
            {"kind": "cursor", "cursor_param": "key"}, {"next_cursor": "@headers.x-next-page-key"}, id="header",
        ),
        pytest.param(
            [listed(f"{BASE}/products?pg=1", ROWS[:3], told={"amount": 7}),
             listed(f"{BASE}/products?pg=2", ROWS[3:6], told={"amount": 7}),
             listed(f"{BASE}/products?pg=3", ROWS[6:7], told={"amount": 7})],
            {"kind": "page", "page_param": "pg", "start": 1}, {}, id="page",
        ),
        pytest.param(
            [listed(f"{BASE}/products?blatt=0", ROWS[:5], told={"total": 8}),
             listed(f"{BASE}/products?blatt=1", ROWS[5:8], told={"total": 8})],
            {"kind": "page", "page_param": "blatt", "start": 0}, {"total": "total"}, id="page from 0",
        ),
        pytest.param(
            [listed(f"{BASE}/products?ab=0&anzahl=10", ROWS[:10]),
             listed(f"{BASE}/products?ab=10&anzahl=10", ROWS[10:14])],
            {"kind": "offset", "offset_param": "ab", "size_param": "anzahl"}, {}, id="offset",
        ),
        pytest.param(
            [listed(f"{BASE}/products", ROWS[:4], told={"go": f"{BASE}/products?z=9f"}),
             listed(f"{BASE}/products?z=9f", ROWS[4:5], told={"go": None})],
            {"kind": "next_url"}, {"next_url": "go"}, id="address",
        ),
        pytest.param(
            [listed(f"{BASE}/products", ROWS[:4], answered={"Link": f'<{BASE}/products?z=9f>; rel="next"'}),
             listed(f"{BASE}/products?z=9f", ROWS[4:5])],
            {"kind": "link"}, {}, id="link",
        ),
        pytest.param(
            [listed(f"{BASE}/products?gt=", ROWS[:4]), listed(f"{BASE}/products?gt=SKU-3", ROWS[4:5])],
            {"kind": "keyset", "cursor_param": "gt", "key": "sku"}, {}, id="last record",
        ),
        pytest.param(
            [listed(f"{BASE}/products/search", ROWS[:4], method="POST", sent={"shop": "x", "q": {"pos": 1}}),
             listed(f"{BASE}/products/search", ROWS[4:6], method="POST", sent={"shop": "x", "q": {"pos": 2}})],
            {"kind": "page", "page_param": "q.pos", "place": "body"}, {}, id="body",
        ),
        pytest.param(
            [listed(f"{BASE}/products?colour=1", ROWS[:4]), listed(f"{BASE}/products?colour=7", ROWS[4:6])],
            {"kind": "none"}, {}, id="filter",
        ),
        pytest.param([listed(f"{BASE}/products?colour=red", ROWS[:4])], {"kind": "none"}, {}, id="one"),
    ],
)  # fmt: skip
def test_pages_are_known_by_what_came_from_where(tmp_path, entries, pagination, response):
    _, manifest = drafted(tmp_path, entries)
    found = manifest.resources["products"]
    assert {name: getattr(found.pagination, name) for name in pagination} == pagination
    assert {name: getattr(found.response, name) for name in response} == response
    if found.pagination.place == "body":
        assert found.list.json == {"shop": "x"}


WORDS = st.from_regex(r"[a-z][a-zA-Z]{1,9}", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(WORDS, min_size=2, max_size=2),
    size=st.integers(2, 5),
    values=st.lists(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{1,20}", fullmatch=True), min_size=2, max_size=4, unique=True),
    others=st.dictionaries(WORDS, st.sampled_from(["x", "all", "1"]), max_size=2),
)
def test_a_cursor_is_found_whatever_it_is_called(tmp_path_factory, names, size, values, others):
    """Any parameter, any place of the answer, beside any constant parameters."""
    param, field = names
    assume(param not in others and field not in {"items", "other"} and not set(values) & {"x", "all", "page"})
    entries = []
    for number, value in enumerate([None, *values]):
        asked = others | ({param: value} if value is not None else {})
        following = values[number] if number < len(values) else None
        rows = ROWS[number * size : (number + 1) * size]
        url = f"{BASE}/products" + (f"?{urlencode(asked)}" if asked else "")
        entries.append(listed(url, rows, told={"other": {"page": "same"}, field: following}))
    _, manifest = drafted(tmp_path_factory.mktemp("har"), entries)
    found = manifest.resources["products"]
    assert (found.pagination.kind, found.pagination.cursor_param) == ("cursor", param)
    assert found.response.next_cursor == field


def exchanged(fields, token="SECRET-TOKEN", *, answer=None, **more):
    return entry(LOGIN, answer or {"access_token": token, "expires_in": 3600}, method="POST", **{"form": fields} | more)


def used(name="Authorization", value="Bearer SECRET-TOKEN"):
    return listed(f"{BASE}/products", ROWS[:3], headers={name: value})


CLIENT = {"client_id": "SECRET-ID", "client_secret": "SECRET-KEY"}
AUTHORIZE = f"https://login.shop.example/grant?{urlencode({'response_type': 'code', 'client_id': 'a', 'scope': 'r w', 'code_challenge': 'x'})}"  # noqa: E501


@pytest.mark.parametrize(
    ("entries", "auth"),
    [
        pytest.param(
            [exchanged({"grant_type": "client_credentials", "scope": "read write", "audience": "shop", **CLIENT}),
             used()],
            {"kind": "oauth2", "grant": "client_credentials", "token_url": LOGIN, "scopes": ("read", "write"),
             "token_params": {"audience": "shop"}, "token_body": "form", "client_auth": "body"}, id="client",
        ),
        pytest.param(
            [exchanged(None, sent={"grant_type": "client_credentials"},
                       headers={"Authorization": "Basic U0VDUkVUOlg="}),
             used("X-Shop-Token", "SECRET-TOKEN")],
            {"kind": "oauth2", "token_body": "json", "client_auth": "basic"}, id="basic",
        ),
        pytest.param(
            [{"request": {"method": "GET", "url": AUTHORIZE}, "response": {"content": {"text": "<html>"}}},
             exchanged({"grant_type": "authorization_code", "code": "SECRET-CODE", **CLIENT}), used()],
            {"kind": "oauth2", "grant": "authorization_code", "authorize_url": "https://login.shop.example/grant",
             "scopes": ("r", "w"), "pkce": True, "rotates": False}, id="person",
        ),
        pytest.param(
            [exchanged({"grant_type": "refresh_token", "refresh_token": "SECRET-ONE", **CLIENT},
                       answer={"access_token": "SECRET-TOKEN", "refresh_token": "SECRET-TWO"}), used()],
            {"kind": "oauth2", "grant": "authorization_code", "rotates": True}, id="rotating",
        ),
        pytest.param(
            [exchanged({"grant_type": "password", "username": "SECRET-USER", "password": "SECRET-WORD"}), used()],
            {"kind": "session", "token": "access_token", "ttl": 3600}, id="password",
        ),
        pytest.param(
            [exchanged(None, sent={"user": "SECRET-USER", "password": "SECRET-WORD", "shop": 3},
                       answer={"data": {"ticket": "SECRET-TICKET"}}), used("X-Ticket", "SECRET-TICKET")],
            {"kind": "session", "token": "data.ticket"}, id="session",
        ),
        pytest.param([used("Authorization", "Token SECRET-KEY")], {"kind": "api_key"}, id="word before"),
        pytest.param(
            [listed(f"{BASE}/products?api_key=SECRET-KEY", ROWS[:3])], {"kind": "api_key"}, id="query",
        ),
        pytest.param([used()], {"kind": "bearer"}, id="bearer"),
    ],
)  # fmt: skip
def test_signing_in_is_known_by_the_token_s_way(tmp_path, entries, auth):
    made, manifest = drafted(tmp_path, entries)
    assert {name: getattr(manifest.auth, name) for name in auth} == auth
    by_code = any("authorization_code" in str(each["request"].get("postData")) for each in entries)
    signs_in = manifest.auth.kind in ("oauth2", "session") and not by_code
    assert set(manifest.samples) == {"products", *(["sign_in"] if signs_in else [])}
    if signs_in:
        (exchange,) = made.samples["sign_in"]["exchanges"]
        (used_one,) = made.samples["products"]["exchanges"]
        (token,) = {text for name, text in used_one["request"]["headers"].items() if "{{" in text}
        assert token.removeprefix("Bearer ") in json.dumps(exchange["answer"]["body"])
    match manifest.auth.kind, manifest.auth:
        case "session", session:
            assert (session.place.header, session.place.format) in {
                ("Authorization", "Bearer {{token}}"), ("X-Ticket", "{{token}}"),
            }  # fmt: skip
            assert "password" in manifest.secrets
        case "api_key", key:
            assert (key.place.query, key.place.header, key.place.format) in {
                ("api_key", None, "{{token}}"), (None, "Authorization", "Token {{token}}"),
            }  # fmt: skip
        case "oauth2", oauth:
            assert oauth.place.header == ("X-Shop-Token" if oauth.client_auth == "basic" else "Authorization")


def test_a_credential_is_taken_out_wherever_it_comes_again(tmp_path):
    """In an address of an answer, in a record, in the answer to signing in."""
    rows = [ROWS[0] | {"url": "https://shop.example/p?auth=SECRET-TOKEN", "note": "SECRET-TOKEN"}]
    following = {"next": f"{BASE}/products?after=1&token=SECRET-TOKEN"}
    made, _ = drafted(
        tmp_path,
        [listed(f"{BASE}/products?token=SECRET-TOKEN", rows, told=following, headers={"X-Api-Key": "SECRET-2"})],
    )
    (exchange,) = made.samples["products"]["exchanges"]
    assert exchange["answer"]["body"]["items"][0]["note"] == "{{token}}"
    assert "auth={{token}}" in exchange["answer"]["body"]["items"][0]["url"]


STOCK = {"artNo": "A-1", "free": 4}


@pytest.mark.parametrize(
    ("path", "record", "canonical_type", "rules"),
    [
        ("stock", STOCK, "stocklevel", {"sku": "artNo", "quantity": "free"}),
        ("depot/levels", STOCK, "stocklevel", {"sku": "artNo", "quantity": "free"}),
        ("stock", {"sku": "A", "onHandQty": 3, "wh": "m"}, "stocklevel", {"quantity": "onHandQty", "locationId": "wh"}),
        ("stock", {"sku": "A", "free": 9, "available": 2}, "stocklevel", {"quantity": "available"}),
        ("stock", {"sku": "A", "free": True, "units": 2}, "stocklevel", {"quantity": "units"}),
        ("stock", {"sku": "A", "free": "yes"}, "stocklevel", {"quantity": None}),
        ("products", {"sku": "A", "caption": "Lamp", "grossPrice": "9.5"}, "product",
         {"title": "caption", "price": "grossPrice"}),
        ("products", {"sku": "A", "caption": "x", "title": "Lamp", "netPrice": 1.5, "grossPrice": 2.5}, "product",
         {"title": "title", "price": "grossPrice"}),
        ("feed", {"articleNo": "A", "caption": "Lamp", "price": 2.5}, "product", {"sku": "articleNo"}),
        ("feed", {"email": "a@example.com", "firstname": "A", "surname": "B"}, "contact", {"lastName": "surname"}),
    ],
)  # fmt: skip
def test_fields_and_lists_are_known_by_other_names(tmp_path, path, record, canonical_type, rules):
    """What is not the first word for it is marked to be checked."""
    made, manifest = drafted(tmp_path, [entry(f"{BASE}/{path}", {"rows": [record]})])
    assert list(made.reads.values()) == [canonical_type]
    (resource,) = manifest.resources.values()
    found = {name: each["path"] if isinstance(each, dict) else each for name, each in resource.canonical_map.items()}
    assert {name: found.get(name) for name in rules} == rules


@pytest.mark.parametrize(
    "record",
    [{"name": "x", "free": 4}, {"id": 1, "free": True, "plan": "a"}, {"id": 7, "count": 2}, {"code": "x", "free": 1}],
)
def test_a_list_of_something_else_is_no_stock(tmp_path, record):
    """Free seats, free plans: without anything like a SKU, nothing is taken for stock."""
    made, _ = drafted(tmp_path, [entry(f"{BASE}/things", {"rows": [record]})])
    assert not made.reads


def test_a_collection_shows_how_to_sign_in(tmp_path):
    """Postman's forms and bodies are read as those of a recording."""

    def item(method, url, body, answer):
        asked = {"method": method, "url": {"raw": url}, "header": [], "body": body}
        return {"request": asked, "response": [{"code": 200, "originalRequest": asked, "body": json.dumps(answer)}]}

    fields = {"grant_type": "client_credentials", **CLIENT}
    form = {"mode": "urlencoded", "urlencoded": [{"key": name, "value": value} for name, value in fields.items()]}
    pages = [
        item("POST", "{{base}}/products/search", {"mode": "raw", "raw": json.dumps({"nr": number})}, {"rows": rows})
        for number, rows in ((1, ROWS[:3]), (2, ROWS[3:5]))
    ]
    file = tmp_path / "shop.json"
    token = item("POST", LOGIN, form, {"access_token": "SECRET-TOKEN", "expires_in": 60})
    file.write_text(json.dumps({"info": {"name": "Shop"}, "item": [token, *pages]}))
    made = draft(read_postman(file), name="new", title="New", types=TYPES, wanted=None)
    manifest = read_manifest(made.manifest)
    assert (manifest.auth.kind, manifest.auth.token_url) == ("oauth2", LOGIN)
    paging = manifest.resources["products"].pagination
    assert (paging.kind, paging.page_param, paging.place) == ("page", "nr", "body")
    assert "SECRET" not in made.manifest + json.dumps(dict(made.samples))


def test_the_address_is_that_of_the_lists_and_not_of_the_sign_in(tmp_path):
    """A code that a person's grant gave works once: its exchange is no sample for an emulator."""
    fields = {"grant_type": "authorization_code", "code": "SECRET-CODE", **CLIENT}
    page = listed("https://api.other.example/products", ROWS[:2], headers={"Authorization": "Bearer SECRET-TOKEN"})
    file = tmp_path / "shop.har"
    file.write_text(json.dumps({"log": {"entries": [exchanged(fields), exchanged(fields), page]}}))
    made = draft(read_har(file), name="new", title="New", types=TYPES, wanted=None)
    manifest = read_manifest(made.manifest)
    assert manifest.base_url == "https://api.other.example"
    assert (manifest.auth.kind, manifest.auth.grant) == ("oauth2", "authorization_code")
    assert set(made.samples) == {"products"}


@pytest.mark.parametrize(
    ("variables", "address"),
    [([{"key": "base", "value": "https://api.shop.example/v2/"}], "https://api.shop.example"), ([], "")],
)
def test_a_collection_says_where_its_variables_lead(variables, address, tmp_path):
    """And its token is the one that the manifest's auth names."""
    asked = {
        "method": "GET",
        "url": {"raw": "{{base}}/products"},
        "header": [{"key": "Authorization", "value": "Bearer {{token}}"}],
    }
    answer = {"code": 200, "originalRequest": asked, "body": json.dumps({"rows": ROWS[:2]})}
    file = tmp_path / "shop.json"
    file.write_text(json.dumps({"variable": variables, "item": [{"request": asked, "response": [answer]}]}))
    made = draft(read_postman(file), name="new", title="New", types=TYPES, wanted=None)
    assert read_manifest(made.manifest).base_url == (address or "https://api.new.example")
    assert ("# check: the collection does not say" in made.manifest) is not bool(address)
    assert "acme" not in made.manifest
    (exchange,) = made.samples["products"]["exchanges"]
    assert exchange["request"]["path"] == ("/v2/products" if address else "/products")
    assert exchange["request"]["headers"] == {"Authorization": "Bearer {{access_token}}"}


def test_what_comes_next_is_an_address_only_if_it_looks_like_one(tmp_path):
    file = tmp_path / "products.json"
    for following, kind in (("c2", "none"), ("/products?page=2", "next_url")):
        file.write_text(json.dumps({"rows": ROWS[:2], "paging": {"next": following}}))
        made = draft(read_samples([file]), name="new", title="New", types=TYPES, wanted=None)
        assert read_manifest(made.manifest).resources["products"].pagination.kind == kind
        assert ("paging.next; which parameter takes that?" in made.manifest) is (kind == "none")


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_recording_becomes_a_connector_that_keeps_the_laws(tmp_path):
    """Its own tests and validation, with the recorded sign-in and the recorded pages."""
    file, target = tmp_path / "shop.har", tmp_path / "new"
    fields = {"grant_type": "client_credentials", **CLIENT}
    signed = {"Authorization": "Bearer SECRET-TOKEN"}
    first = listed(f"{BASE}/products?from=c1&n=2", ROWS[:2], told={"continuation": "c2"}, headers=signed)
    second = listed(f"{BASE}/products?from=c2&n=2", ROWS[2:3], told={"continuation": None}, headers=signed)
    file.write_text(json.dumps({"log": {"entries": [exchanged(fields), first, second]}}))
    arguments = ["new-connector", "corner", "--no-input", "--folder", str(target), "--from-har", str(file)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    judged = CliRunner().invoke(cli, ["validate", str(target)])
    assert judged.exit_code == 0, judged.output
    assert "broken" not in judged.output
    assert re.search(r"kept +source-outlives-its-token \(.*product", judged.output)
