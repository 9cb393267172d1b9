"""A platform that is known by its OpenAPI document: played as that says, and manifests that disagree are caught."""

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest
import yaml

from pullpush_sdk.canonical import CanonicalTypes, dumps
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.emulator import emulate, read_samples
from pullpush_sdk.errors import ManifestError
from pullpush_sdk.hookspecs import hookimpl
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import Source, load_connector
from pullpush_sdk.sandbox import SandboxOptions
from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError, Subject
from pullpush_sdk.validate import Effort as Tried
from pullpush_sdk.validate import Options, edited, validate
from pullpush_sdk.validate._examples import base
from pullpush_sdk.validate._guessed import NOT_RECORDED

FOLDER = Path(__file__).parent / "lagoon"
TEXT = (FOLDER / "connector.yaml").read_text(encoding="utf-8")
DOCUMENT = yaml.safe_load((FOLDER / "samples" / "openapi.yaml").read_text(encoding="utf-8"))


def sandbox_of(text=TEXT, folder=FOLDER, records=95):
    manifest = read_manifest(text)
    return emulate(manifest, read_samples(manifest, folder), SandboxOptions(records=records))


def asked(*requests, text=TEXT, folder=FOLDER):
    """The answers to (method, path, body) with the right key, by one sandbox."""
    sandbox = sandbox_of(text, folder)

    async def spoken():
        transport = httpx.ASGITransport(app=sandbox.app)
        headers = {"X-Lagoon-Key": sandbox.secrets["api_key"]}
        base = "https://api.lagoon.example/v1"
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
            return [await client.request(method, path, json=body) for method, path, body in requests]

    return asyncio.run(spoken())


SHOP = "/shops/sandbox-shop-id/articles"


def test_pages_have_the_documented_sizes():
    first, most, last = asked(
        ("GET", SHOP, None), ("GET", f"{SHOP}?per_page=500", None), ("GET", f"{SHOP}?page=5", None)
    )
    assert (len(first.json()["data"]), len(most.json()["data"]), len(last.json()["data"])) == (20, 40, 15)
    assert {each.json()["meta"]["total"] for each in (first, most, last)} == {95}


def test_a_cursor_leads_through_everything_once():
    sandbox = sandbox_of()

    async def walked():
        headers = {"X-Lagoon-Key": sandbox.secrets["api_key"]}
        base = "https://api.lagoon.example/v1"
        transport = httpx.ASGITransport(app=sandbox.app)
        found, cursor = [], ""
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
            while cursor is not None:
                body = (await client.get("/stock", params={"cursor": cursor, "limit": 30})).json()
                found += [each["id"] for each in body["items"]]
                cursor = body["next_cursor"]
        return found

    found = asyncio.run(walked())
    assert len(found) == len(set(found)) == 95


def test_what_the_document_demands_is_refused_where_it_lacks():
    nameless, made, unknown, no_reason, bad_word = asked(
        ("POST", SHOP, {"sku": "N-1", "price": "2.00"}),
        ("POST", SHOP, {"sku": "N-1", "name": "New", "price": "2.00"}),
        ("PUT", "/stock/999999", {"on_hand": 1, "reason": "sync"}),
        ("PUT", "/stock/1001", {"on_hand": 1}),
        ("PUT", "/stock/1001", {"on_hand": 1, "reason": "because"}),
    )
    assert [each.status_code for each in (nameless, made, unknown, no_reason, bad_word)] == [422, 201, 404, 422, 422]
    assert made.json()["sku"] == "N-1"
    assert "message" in nameless.json()


def test_whoever_does_not_sign_in_as_documented_is_refused():
    sandbox = sandbox_of()

    async def spoken():
        transport = httpx.ASGITransport(app=sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://api.lagoon.example/v1") as client:
            key = sandbox.secrets["api_key"]
            tried = ({}, {"Authorization": f"Bearer {key}"}, {"X-Lagoon-Key": "wrong"}, {"X-Lagoon-Key": key})
            return [(await client.get("/stock", headers=headers)).status_code for headers in tried]

    assert asyncio.run(spoken()) == [401, 401, 401, 200]


def test_only_what_no_document_shows_is_unproven():
    assert {each.code for each in sandbox_of().not_proven} == {"limits", "signature"}


class Declared:
    @hookimpl
    def pullpush_connector(self):
        return connector_of(read_manifest(TEXT))


UNPLAYED = {
    "source-reads-everything",
    "source-tells-no-dead-record",
    "destination-guesses-no-match",
    "webhook-tells-deletions",
}
"""What this document does not say: whether a list of stock is everything, two things under one SKU, deletions."""


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_right_manifest_keeps_the_laws(law):
    types = CanonicalTypes()
    source = Source(name="lagoon", distribution="lagoon", load=lambda: None)
    loaded = load_connector(source, Declared(), types=types, functions=Functions())
    manifest = read_manifest(TEXT)
    samples = read_samples(manifest, FOLDER)
    subject = Subject(loaded=loaded, types=types, sandbox=lambda given: emulate(manifest, samples, given), many=60)
    for kind in law.types(subject):
        try:
            law.run(subject, kind, Effort(examples=1, seed=5))
        except NotProvenError as why:
            if law.name not in UNPLAYED:
                pytest.fail(f"the emulator cannot play it: {why}")


def project(tmp_path, exchanges=(), document=None, suffix="yaml"):
    """The manifest with recorded exchanges beside its document."""
    target = tmp_path / "shop"
    shutil.copytree(FOLDER, target)
    (target / "samples" / "openapi.yaml").unlink()
    (target / "samples" / f"openapi.{suffix}").write_text(json.dumps(document or DOCUMENT), encoding="utf-8")
    (target / "samples" / "recorded.json").write_text(json.dumps({"exchanges": list(exchanges)}), encoding="utf-8")
    return target, TEXT + "samples: {recorded: samples/recorded.json}\n"


def recorded(path, body, method="GET", sent=None, status=200):
    headers = {"X-Lagoon-Key": "{{api_key}}"}
    request = {"method": method, "path": path, "headers": headers} | ({"body": sent} if sent is not None else {})
    return {"request": request, "answer": {"status": status, "body": body}}


STOCK = [{"id": 7, "sku": "REAL-7", "on_hand": 4, "updated_at": "2026-01-31T10:00:00Z"},
         {"id": 8, "sku": "REAL-8", "on_hand": 0, "updated_at": "2026-01-30T10:00:00Z"}]  # fmt: skip


def test_recorded_records_stand_in_documented_pages(tmp_path):
    folder, text = project(tmp_path, [recorded("/stock", {"items": STOCK, "next_cursor": None})])
    (answer,) = asked(("GET", "/stock?limit=3", None), text=text, folder=folder)
    assert [each["sku"] for each in answer.json()["items"]][:2] == ["REAL-7", "REAL-8"]
    assert len(answer.json()["items"]) == 3
    assert answer.json()["next_cursor"]
    assert not [each for each in sandbox_of(text, folder).not_proven if each.code in ("one-page", "contradiction")]


def test_what_samples_and_document_say_differently_is_told_and_the_sample_is_played(tmp_path):
    rows = [{**each, "sku": n} for n, each in enumerate(STOCK)]
    exchanges = [
        recorded("/stock", {"items": rows, "next_cursor": None}),
        recorded("/stock/7", STOCK[0], method="PUT", sent={"on_hand": 4}),
        recorded("/depots", {"depots": [{"id": 1}]}),
    ]
    folder, text = project(tmp_path, exchanges)
    told = [each.what for each in sandbox_of(text, folder).not_proven if each.code == "contradiction"]
    assert told == [
        "GET /v1/stock: sku is a number, documented as a text",
        "PUT /v1/stock/7: was accepted although reason is required",
        "GET /v1/depots: the document has no such request",
    ]
    (answer,) = asked(("PUT", "/stock/7", {"on_hand": 9}), text=text, folder=folder)
    assert (answer.status_code, answer.json()["on_hand"]) == (200, 9)


def test_a_document_is_found_in_json_and_by_its_sample_name(tmp_path):
    folder, text = project(tmp_path, suffix="json")
    named = text.replace("recorded: samples/recorded.json", "api: samples/openapi.json")
    for each in (text, named):
        (described,) = read_samples(read_manifest(each), folder).documents
        assert len(described.api.operations) == 7


@pytest.mark.parametrize(
    "text",
    ["openapi: 3.0.0\npaths: [", "openapi: 3.0.0\nx: 1", "swagger: '2.0'\na: &a [x]\nb: {<<: *a}\npaths: {}"],
)
def test_a_document_that_cannot_be_read_is_a_finding(text, tmp_path):
    folder, manifest = project(tmp_path)
    (folder / "samples" / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as raised:
        read_samples(read_manifest(manifest), folder)
    assert raised.value.problems[0].file.endswith("other.yaml")


def test_merge_keys_that_unfold_without_end_are_refused(tmp_path):
    lines = ["openapi: 3.0.0", "paths: {}", "a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(9)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    folder, manifest = project(tmp_path)
    (folder / "samples" / "other.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ManifestError, match="problem"):
        read_samples(read_manifest(manifest), folder)


def test_the_catalogues_example_comes_to_rest_as_far_as_it_means_itself(tmp_path):
    """Its look-up by SKU stands in no sample: it is played as the manifest means it, told, and proves nothing."""
    text = dumps(edited(base("shop"), {})).decode()
    codes = {each.what for each in sandbox_of(text, tmp_path).not_proven}
    assert "that sku finds one record ($.push.stocklevel.find.request)" in codes
    tried = Tried(examples=1, codes=("law-pair-comes-to-rest",))
    (tmp_path / "connector.yaml").write_text(text, encoding="utf-8")
    report = validate(str(tmp_path / "connector.yaml"), Options(effort=tried)).report
    (trial,) = [each for each in report.trials if each.law == "pair-comes-to-rest"]
    assert (trial.outcome, trial.reason) == ("not proven", NOT_RECORDED)


WRONG = {
    "path of a list": ("list: {path: /stock}", "list: {path: /inventory}", "$.resources.stock"),
    "page parameter": ("page_param: page,", "page_param: pg,", "$.resources.articles.pagination"),
    "cursor parameter": ("cursor_param: cursor,", "cursor_param: after,", "$.resources.stock.pagination"),
    "size parameter": ("size_param: per_page", "size_param: size", "$.resources.articles.pagination"),
    "records path": ("records: data, total", "records: rows, total", "$.resources.articles"),
    "cursor path": ("next_cursor: next_cursor}", "next_cursor: meta.next}", "$.resources.stock"),
    "field": ("{path: on_hand, transform", "{path: quantity, transform", "$.resources.stock"),
    "time filter": ("param: updated_since", "param: since_update", "$.resources.stock.incremental"),
    "auth header": ("header: X-Lagoon-Key", "header: X-Api-Key", "$.auth"),
    "auth kind": (
        'auth: {kind: api_key, key: "{{api_key}}", place: {header: X-Lagoon-Key}}',
        'auth: {kind: bearer, token: "{{api_key}}"}',
        "$.auth",
    ),
    "required field": ("{on_hand: quantity, reason: {value: sync}}", "{on_hand: quantity}", "$.push.stocklevel"),
    "body field": ("{on_hand: quantity, reason", "{available: quantity, reason", "$.push.stocklevel"),
    "path of a write": ('path: "/stock/{{native.id}}"', 'path: "/stocks/{{native.id}}"', "$.push.stocklevel"),
    "method of a write": ("method: PUT", "method: PATCH", "$.push.stocklevel"),
}


def behaviour(tmp_path, text=TEXT, folder=FOLDER, tried=None):
    """The findings of running a manifest against the sandbox that the document gives."""
    target = tmp_path / "shop"
    shutil.copytree(folder, target)
    (target / "connector.yaml").write_text(text, encoding="utf-8")
    options = Options(effort=tried or Tried(examples=1))
    found = validate(str(target / "connector.yaml"), options).report.findings
    return [each for each in found if each.family == "behaviour"]


@pytest.mark.full
def test_a_manifest_that_agrees_has_no_finding(tmp_path):
    assert behaviour(tmp_path) == []


@pytest.mark.full
@pytest.mark.parametrize("defect", WRONG)
def test_a_manifest_that_disagrees_with_its_document_is_caught(defect, tmp_path):
    old, new, place = WRONG[defect]
    assert TEXT.count(old) == 1
    found = behaviour(tmp_path, TEXT.replace(old, new))
    assert any(each.path.startswith(place) for each in found), [(each.code, each.path) for each in found]
