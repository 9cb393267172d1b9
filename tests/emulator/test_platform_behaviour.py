"""What an emulated platform does beside lists: credentials, refusals, limits, tokens, calls, and what it owns up to."""

import asyncio
import json

import httpx
import pytest

from pullpush_sdk.emulator import Exchange, Samples, WebhookSample, emulate, read_samples
from pullpush_sdk.emulator._signing import signature_of
from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import load, read_manifest
from pullpush_sdk.sandbox import SandboxOptions
from tests.emulator.shops import HERE, manifest_of, samples_of

HEAD = {"manifest": 1, "name": "shop", "title": "Shop", "version": "1.0.0", "base_url": "https://api.shop.example/v1"}


def manifest(**more):
    return read_manifest(json.dumps({**HEAD, **more}), file="shop.json", format="json")


def ask(box, method, path, **more):
    """One request, through the whole application."""

    async def sent():
        transport = httpx.ASGITransport(app=box.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, **more)

    return asyncio.run(sent())


@pytest.fixture
def harbor():
    return emulate(manifest_of("harbor"), samples_of("harbor"), SandboxOptions(records=5))


@pytest.fixture
def signed(harbor):
    return {"Authorization": f"Bearer {harbor.secrets['access_token']}"}


def test_requests_without_the_recorded_credential_are_refused_as_recorded(harbor, signed):
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": harbor.secrets["access_token"]}):
        answer = ask(harbor, "GET", "/v2/products", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"message": "unauthenticated"})
    assert ask(harbor, "GET", "/v2/products", headers=signed).status_code == 200


def test_what_is_not_there_is_refused_as_recorded_with_its_own_name(harbor, signed):
    answer = ask(harbor, "GET", "/v2/products/4711", headers=signed)
    assert (answer.status_code, answer.json()) == (404, {"message": "product 4711 does not exist"})


def test_a_record_is_shown_alone_as_in_its_list(harbor, signed):
    listed = ask(harbor, "GET", "/v2/products?per_page=50", headers=signed).json()["data"]
    assert len(listed) == 5
    for each in listed:
        assert ask(harbor, "GET", f"/v2/products/{each['id']}", headers=signed).json() == {"data": each}


def test_the_limit_is_the_manifests_and_the_refusal_the_recorded_one(harbor, signed):
    statuses = [ask(harbor, "GET", "/v2/me", headers=signed).status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    refused = ask(harbor, "GET", "/v2/me", headers=signed)
    assert refused.json() == {"message": "slow down"}
    harbor.control.clock.advance(float(refused.headers["retry-after"]))
    assert ask(harbor, "GET", "/v2/me", headers=signed).status_code == 200


def test_writes_change_what_is_read(harbor, signed):
    made = ask(harbor, "POST", "/v2/products", headers=signed,
               json={"sku": "NEW-1", "name": "New", "price": "3.00", "currency": "EUR"})  # fmt: skip
    assert made.status_code == 201
    record = made.json()["data"]
    assert ask(harbor, "GET", f"/v2/products/{record['id']}", headers=signed).json() == {"data": record}
    assert (record["sku"], record["name"]) == ("NEW-1", "New")
    ask(harbor, "PUT", f"/v2/products/{record['id']}", headers=signed, json={"name": "Newer"})
    found = ask(harbor, "GET", "/v2/products?sku=NEW-1", headers=signed).json()["data"]
    assert [each["name"] for each in found] == ["Newer"]
    harbor.control.reset_all()
    assert ask(harbor, "GET", f"/v2/products/{record['id']}", headers=signed).status_code == 404


def test_a_write_is_refused_where_the_recorded_one_was(harbor, signed):
    body = {"sku": "LAMP-1", "name": "Lamp", "price": "3.00", "currency": "EUR"}
    taken = ask(harbor, "POST", "/v2/products", headers=signed, json=body)
    assert (taken.status_code, taken.json()["message"]) == (422, "the sku LAMP-1 has been taken")
    lacking = ask(harbor, "PUT", "/v2/inventory/901", headers=signed, json={"quantity": 3})
    assert (lacking.status_code, lacking.json()["message"]) == (422, "available is required")


def test_tokens_are_given_and_end_as_recorded():
    box = emulate(manifest_of("quay"), samples_of("quay"))
    form = {"grant_type": "client_credentials", **box.secrets}
    assert ask(box, "POST", "/oauth/token", data={**form, "client_secret": "other"}).status_code == 401
    given = ask(box, "POST", "/oauth/token", data=form).json()
    headers = {"X-Quay-Token": given["access_token"]}
    assert ask(box, "GET", "/api/stock", headers=headers).status_code == 200
    assert ask(box, "GET", "/api/stock", headers={"X-Quay-Token": "made up"}).status_code == 401
    box.control.clock.advance(given["expires_in"] + 1)
    assert ask(box, "GET", "/api/stock", headers=headers).status_code == 401


def test_tokens_that_nobody_recorded_are_given_by_the_standard_and_said_to_be():
    auth = {"kind": "oauth2", "grant": "client_credentials", "token_url": "https://id.shop.example/token"}
    box = emulate(manifest(auth=auth, secrets=["client_id", "client_secret"]), Samples(), SandboxOptions())
    assert "token-exchange" in {each.code for each in box.not_proven}
    form = {"grant_type": "client_credentials", **box.secrets}
    assert ask(box, "POST", "/token", data=form).json()["token_type"] == "Bearer"
    assert ask(box, "POST", "/token", data={**form, "client_id": "x"}).json() == {"error": "invalid_client"}
    assert ask(box, "POST", "/token", data={**form, "grant_type": "x"}).json() == {"error": "unsupported_grant_type"}


def call(model, method, answer, *more):
    sent = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "object", "method": "execute_kw",
            "args": ["db", 2, "{{password}}", model, method, *more]}}  # fmt: skip
    return Exchange(method="POST", path="/jsonrpc", sent=sent, body={"jsonrpc": "2.0", "id": 1, "result": answer})


def test_remote_calls_in_one_path_are_told_apart():
    goods = [
        {"id": 1, "default_code": "A-1", "qty_available": 3.0},
        {"id": 2, "default_code": "A-2", "qty_available": 4},
    ]
    third = {**goods[0], "id": 3, "default_code": "A-3"}
    people = [{"id": 7, "email": "a@example.com"}, {"id": 8, "email": "b@example.com"}]
    calls = [
        call("product.product", "search_read", goods, [[]], {"limit": 2, "offset": 0}),
        call("product.product", "search_read", [third], [[]], {"limit": 2, "offset": 2}),
        call("res.partner", "search_read", people, [[]], {"limit": 2, "offset": 0}),
    ]
    things = {
        "canonical_type": "stocklevel",
        "list": {"method": "POST", "path": "https://erp.example/jsonrpc", "json": calls[0].sent},
        "canonical_map": {"sku": "default_code", "quantity": "qty_available"},
    }
    erp = {**HEAD, "base_url": "https://erp.example", "secrets": ["password"], "resources": {"things": things}}
    box = emulate(read_manifest(json.dumps(erp), file="erp.json", format="json"), Samples(exchanges=calls))

    def rows(model, offset):
        body = json.loads(json.dumps(call(model, "search_read", [], [[]], {"limit": 20, "offset": offset}).sent)
                          .replace("{{password}}", box.secrets["password"]))  # fmt: skip
        return ask(box, "POST", "/jsonrpc", json=body).json()["result"]

    pages = [rows("product.product", offset) for offset in (0, 20, 40, 60)]
    assert [len(page) for page in pages] == [20, 20, 10, 0]
    assert len({each["default_code"] for page in pages for each in page}) == 50
    assert [each["email"] for each in rows("res.partner", 0)] == ["a@example.com", "b@example.com"]


def test_lists_inside_a_record_belong_to_it():
    orders = [{"id": "o-1", "total": 3}, {"id": "o-2", "total": 4}]
    lines = [{"id": "l-1", "order": "o-1", "sku": "A"}]
    samples = Samples(exchanges=[
        Exchange(method="GET", path="/v1/orders", body={"data": orders}),
        Exchange(method="GET", path="/v1/orders/o-1/lines", body={"data": lines}),
    ])  # fmt: skip
    box = emulate(manifest(), samples)
    assert ask(box, "GET", "/v1/orders/o-1/lines").json() == {"data": lines}
    (other,) = ask(box, "GET", "/v1/orders/o-2/lines").json()["data"]
    assert other["order"] == "o-2"
    assert other["id"] != "l-1"
    assert ask(box, "GET", "/v1/orders/o-9/lines").status_code == 404


def test_records_that_several_fields_name_are_read_and_written():
    def level(thing, place, quantity):
        return {"thing_id": thing, "place_id": place, "quantity": quantity}

    counts = [level("V1", "L1", "5"), level("V2", "L1", "0"), level("V1", "L2", "2")]
    path, change = "/v1/counts/batch-retrieve", "/v1/changes/batch-create"
    samples = [
        Exchange(method="POST", path=path, sent={"limit": 2}, body={"counts": counts[:2], "cursor": "C2"}),
        Exchange(method="POST", path=path, sent={"limit": 2, "cursor": "C2"}, body={"counts": counts[2:]}),
        Exchange(
            method="POST",
            path=change,
            sent={"key": "k1", "changes": [{"type": "COUNT", "count": level("V1", "L1", "9")}]},
            body={"counts": [level("V1", "L1", "9")]},
        ),
    ]
    goods = {"canonical_type": "stocklevel", "list": {"method": "POST", "path": "/counts/batch-retrieve", "json": {}},
             "canonical_map": {"sku": "thing_id", "locationId": "place_id", "quantity": "quantity"}}  # fmt: skip
    box = emulate(manifest(resources={"goods": goods}), Samples(exchanges=samples), SandboxOptions(records=30))
    held = ask(box, "POST", path, json={"limit": 100}).json()["counts"]
    assert len({(each["thing_id"], each["place_id"]) for each in held}) == len(held) == 30
    sent = {"key": "k2", "changes": [{"type": "COUNT", "count": level("V1", "L2", "77")}]}
    assert ask(box, "POST", change, json=sent).json() == {"counts": [level("V1", "L2", "77")]}
    after = ask(box, "POST", path, json={"limit": 3}).json()
    assert after["counts"] == [*counts[:2], level("V1", "L2", "77")]
    assert after["cursor"]
    assert box.control.change("stock", sku="V2", location="L1", quantity=4) == {"key": "V2"}
    assert ask(box, "POST", path, json={"limit": 2}).json()["counts"][1] == level("V2", "L1", "4")


def test_a_list_that_was_recorded_again_after_a_write_has_its_records_once():
    def rows(first):
        return [{"id": 1, "code": "A-1", "left": first}, {"id": 2, "code": "A-2", "left": 3}]

    samples = [Exchange(method="GET", path="/v1/goods", body=rows(left)) for left in (5, 9)]
    box = emulate(manifest(), Samples(exchanges=samples))
    assert [each["id"] for each in ask(box, "GET", "/v1/goods").json()] == [1, 2]


def test_a_page_behind_the_last_is_refused_where_a_recorded_one_was():
    rows = [{"id": n, "code": f"A-{n}"} for n in range(1, 5)]
    pages = [
        Exchange(method="GET", path="/v1/goods", params=(("page", "1"),), body={"rows": rows[:2]}),
        Exchange(method="GET", path="/v1/goods", params=(("page", "2"),), body={"rows": rows[2:]}),
        Exchange(method="GET", path="/v1/goods", params=(("page", "3"),), status=400, body={"code": "no_such_page"}),
    ]
    box = emulate(manifest(), Samples(exchanges=pages))
    assert ask(box, "GET", "/v1/goods?page=2").json() == {"rows": rows[2:]}
    refused = ask(box, "GET", "/v1/goods?page=3")
    assert (refused.status_code, refused.json()) == (400, {"code": "no_such_page"})


def test_what_nobody_recorded_is_played_by_the_manifest_and_said_to_be():
    goods = {"canonical_type": "stocklevel", "list": {"path": "/goods"}, "pagination": {"kind": "page", "size": 20},
             "response": {"records": "rows", "total": "count"},
             "canonical_map": {"sku": "code", "quantity": "left"}}  # fmt: skip
    box = emulate(manifest(resources={"goods": goods}), Samples(), SandboxOptions(records=30))
    assert {"not-recorded", "no-refusal"} <= {each.code for each in box.not_proven}
    page = ask(box, "GET", "/v1/goods?page=2").json()
    assert (page["count"], len(page["rows"])) == (30, 10)


def test_a_list_recorded_elsewhere_is_not_played_where_the_manifest_looks():
    goods = {"canonical_type": "stocklevel", "list": {"path": "/goods"}, "response": {"records": "rows"},
             "canonical_map": {"sku": "code", "quantity": "left"}}  # fmt: skip
    rows = [{"code": "A-1", "left": 3}, {"code": "A-2", "left": 0}]
    samples = Samples(exchanges=[Exchange(method="GET", path="/v1/articles", body={"rows": rows})])
    box = emulate(manifest(resources={"goods": goods}), samples)
    assert ask(box, "GET", "/v1/goods").status_code == 404
    (finding,) = [each for each in box.not_proven if each.code == "not-recorded"]
    assert "/v1/articles" in finding.why


@pytest.mark.parametrize("name", ["harbor", "quay", "pier"])
def test_recorded_reads_are_answered_as_recorded(name):
    samples = samples_of(name)
    box = emulate(manifest_of(name), samples, SandboxOptions(records=3, rate_limits=False))
    told = {**box.settings, **box.secrets, "token": ""}
    for exchange in samples.exchanges:
        if exchange.method != "GET" or not exchange.ok or "{{token}}" in exchange.headers.values():
            continue
        headers = {
            key: text.replace("{{access_token}}", told.get("access_token", ""))
            for key, text in exchange.headers.items()
        }
        answer = ask(box, "GET", exchange.path, params=exchange.params, headers=headers)
        assert (answer.status_code, answer.json()) == (exchange.status, exchange.body)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("x-sig", "t=1767225600,v1=8d3f2e8a1c"),
        ("x-sig", "no signature at all, just a long text"),
    ],
)
def test_a_signature_that_nothing_explains_is_not_invented(header, text):
    assert signature_of(WebhookSample(headers={header: text}, body="{}", secrets={"s": "secret"})) is None


def test_samples_outside_of_the_connector_or_of_another_form_are_refused(tmp_path):
    (tmp_path / "bad.json").write_text('{"exchanges": [{"request": {"path": "/x"}, "answer": {"status": 9}}, 5]}')
    (tmp_path / "broken.json").write_text("{")
    samples = {"out": "../out.json", "bad": "bad.json", "broken": "broken.json", "gone": "gone.json"}
    with pytest.raises(ManifestError) as caught:
        read_samples(manifest(samples=samples), tmp_path)
    assert {each.path for each in caught.value.problems} == {
        "$.samples.out", "$.samples.bad.exchanges[0]", "$.samples.bad.exchanges[1]", "$", "$.samples.gone",
    }  # fmt: skip


def test_the_settings_fit_the_schema():
    box = emulate(load(HERE / "pier" / "connector.yaml").manifest, samples_of("pier"))
    assert box.settings == {"shop": "sandbox"}
    assert set(box.secrets) == {"api_key", "hook_secret"}
