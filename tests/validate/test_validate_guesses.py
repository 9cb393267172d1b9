"""What a sandbox only guesses proves nothing, and what its platform may well do is no finding."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pullpush_sdk.manifest import load
from pullpush_sdk.validate import Effort, Options, validate

STATIC = Options(behaviour=False, today=date(2026, 11, 22))
MANIFEST = """\
manifest: 1
name: lamps
title: Lamps
version: 1.0.0
base_url: https://api.lamps.example
auth: {kind: bearer, token: "{{token}}"}
secrets: [token]
resources:
  stock:
    canonical_type: stocklevel
    list: {path: /stock}
    pagination: {kind: cursor, cursor_param: from, size_param: count, size: 50}
    response: {records: data, next_cursor: next}
    canonical_map: {sku: sku, quantity: {path: free, transform: toNumberOrNull}}
"""
HEADERS = {"Authorization": "Bearer {{token}}"}


def page(path, rows, following):
    body = {"data": [{"sku": f"A-{row}", "free": row} for row in rows], "next": following}
    return {"request": {"path": path, "headers": HEADERS}, "answer": {"body": body}}


SAMPLE = {"exchanges": [page("/stock?count=2", [1, 2], "c2"), page("/stock?count=2&from=c2", [3], None)]}


def written(folder, *, recorded):
    folder.mkdir(exist_ok=True)
    (folder / "samples").mkdir()
    (folder / "samples/stock.json").write_text(json.dumps(SAMPLE))
    (folder / "connector.yaml").write_text(MANIFEST + ("samples: {stock: samples/stock.json}\n" if recorded else ""))
    return folder / "connector.yaml"


def test_a_first_page_without_its_cursor_moves_on(tmp_path):
    """The second one has it: that is how cursors begin."""
    codes = {each.code for each in validate(str(written(tmp_path, recorded=True)), STATIC).report.findings}
    assert "pagination-param" not in codes


@pytest.mark.timeout(200)
@pytest.mark.parametrize("recorded", [True, False])
def test_a_law_kept_against_a_guess_is_not_proven(recorded, tmp_path):
    """With two recorded pages it is."""
    options = Options(effort=Effort(examples=1))
    report = validate(str(written(tmp_path, recorded=recorded)), options).report
    outcomes = {each.law: each.outcome for each in report.trials}
    assert outcomes["source-reads-everything"] == ("kept" if recorded else "not proven")
    points = {each.title: each.proof for each in report.checklist}
    proof = "proven on samples" if recorded else "not proven"
    assert points["List and detail endpoints tested with sandbox credentials"] == proof


def test_samples_beside_a_miniapp_document_are_its_own(tmp_path):
    """The format has no other place for them."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/articles.json").write_text(json.dumps(SAMPLE))
    (tmp_path / "app.js").write_text("sync: { baseUrl: 'https://api.lamps.example', resources: {} }")
    assert load(tmp_path / "app.js").manifest.samples == {"articles": "samples/articles.json"}


def test_a_placeholder_of_a_default_is_no_slip_of_the_pen(tmp_path):
    """It is declared, not replaced by the nearest name."""
    oauth = "auth: {kind: oauth2, grant: client_credentials, token_url: https://api.lamps.example/token}\n"
    lines = MANIFEST.replace('auth: {kind: bearer, token: "{{token}}"}\n', oauth)
    file = tmp_path / "connector.yaml"
    file.write_text(lines.replace("secrets: [token]", "secrets: [client_secret]"))
    (found,) = [each for each in validate(str(file), STATIC).report.findings if each.code == "manifest-template"]
    assert "`client_id` is that" in found.message
    assert "declare `client_id`" in found.hint
    assert "did you mean" not in found.hint


@pytest.mark.parametrize(
    ("wrong", "right", "code", "hint"),
    [
        ("quantty: {path: free", "quantity: {path: free", "mapping-target", "did you mean quantity?"),
        ("locationId: MAIN, quantity:", "quantity:", "samples-path", "a record has sku, free; correct the path"),
        ("locationId: MAIN, quantity:", "quantity:", "samples-path", "fixed text is {value: …}"),
        ("quantity: {path: free", "sku: sku, quantity: {path: free", "mapping-identity", "add sku: …"),
    ],
)
def test_one_mistake_of_a_map_is_one_finding_that_leads_on(wrong, right, code, hint, tmp_path):
    """What a map that does not fit its type makes of the samples is no second finding."""
    file = written(tmp_path, recorded=True)
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong))
    found = {each.code: each for each in validate(str(file), STATIC).report.findings}
    assert "samples-map" not in found
    assert hint in found[code].hint
