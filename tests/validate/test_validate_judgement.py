"""Waivers, levels, the checklist, mends, bundles, and rules of other distributions."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import pytest

from pullpush_sdk.errors import PluginError, Problem, SetupError
from pullpush_sdk.manifest import load
from pullpush_sdk.validate import (
    Effort,
    Example,
    Options,
    Rule,
    Trial,
    check_bundle,
    find_target,
    fix,
    pages,
    shipped,
    validate,
    write_bundle,
    write_example,
)
from pullpush_sdk.validate._catalogue import extended
from pullpush_sdk.validate._levels import SAFETY, level_of
from pullpush_sdk.validate._model import Finding, Point

TODAY = date(2026, 11, 22)
STATIC = Options(behaviour=False, today=TODAY)
DOCS = Path(__file__).parents[2] / "docs/reference/rules"
REASON = "The platform has no harmless request to try."


def report_of(folder, edits, on="shop", options=STATIC):
    target = write_example(Example(on=on, wrong=edits, right={}), folder, wrong=True)
    return validate(str(target), options).report


def waived(rule, until="2027-01-31", reason=REASON):
    return {"$.waivers": [{"rule": rule, "reason": reason, "until": until}]}


def test_a_waiver_covers_its_rule_until_its_day(tmp_path):
    edits = {"$.check": {"$delete": True}, **waived("auth-check")}
    found = {each.code: each for each in report_of(tmp_path, edits).findings}
    assert found["auth-check"].waived == REASON
    later = Options(behaviour=False, today=date(2027, 2, 1))
    again = {each.code: each for each in report_of(tmp_path, edits, options=later).findings}
    assert not again["auth-check"].waived
    assert "waiver-expired" in again


@pytest.mark.parametrize("until", ["2040-01-31", "soon"])
def test_a_waiver_without_an_end_covers_nothing(tmp_path, until):
    edits = {"$.check": {"$delete": True}, **waived("auth-check", until)}
    found = {each.code: each for each in report_of(tmp_path, edits).findings}
    assert not found["auth-check"].waived
    assert "waiver-until" in found


def test_rules_of_safety_are_not_waived(tmp_path):
    edits = {"$.webhook.verification": {"kind": "none"}, **waived("webhook-unsigned")}
    report = report_of(tmp_path, edits)
    assert {each.code for each in report.of("error")} == {"webhook-unsigned", "waiver-refused"}


KEPT = [Trial(law=law, canonical_type="order", outcome="kept") for law in SAFETY]
LIVE = [Point(title="x", proof="proven live", because="")]
WARNING = Finding(code="auth-check", family="auth", severity="warning", message="m")
ERROR = Finding(code="push-find", family="push", severity="error", message="m")


@pytest.mark.parametrize(
    ("findings", "trials", "points", "level"),
    [
        ([Finding(code="manifest-url", family="structure", severity="error", message="m")], KEPT, LIVE, "nothing"),
        ([Finding(code="behaviour-load", family="behaviour", severity="error", message="m")], [], LIVE, "nothing"),
        ([ERROR], KEPT, LIVE, "loads"),
        ([Finding(code="x", family="push", severity="error", message="m", waived="because")], KEPT, LIVE, "loads"),
        ([], [], LIVE, "conforms"),
        ([], [*KEPT, Trial(law=SAFETY[0], canonical_type="cart", outcome="not proven")], LIVE, "conforms"),
        ([WARNING], KEPT, LIVE, "commerce-safe"),
        ([], KEPT, [Point(title="x", proof="proven on samples", because="")], "commerce-safe"),
        ([], KEPT, LIVE, "certified"),
    ],
)
def test_the_level_is_what_was_proven(findings, trials, points, level):
    reached, missing = level_of(findings, trials, points)
    assert reached == level
    assert bool(missing) == (level != "certified")


def test_the_checklist_is_computed(tmp_path):
    points = {each.title: each.proof for each in report_of(tmp_path / "a", {}).checklist}
    assert points["Sample payloads included"] == "proven on samples"
    assert points["List and detail endpoints tested with sandbox credentials"] == "not proven"
    without = report_of(tmp_path / "b", {"$.samples": {"$delete": True}})
    assert {each.proof for each in without.checklist} == {"not proven"}


YAML = """\
# A comment that stays.
manifest: 1
name: acme
title: Acme
version: 1.0.0
base_ulr: https://api.acme.example  # and this one
auth: {kind: bearer, token: "{{acces_token}}"}
secrets: [access_token]
resources:
  products:
    canonical_type: product
    list: {path: /products}
    pagination: {kind: page, size_param: size}
    response: {records: data, total: total}
    canonical_map:
      sku: sku
      titel: name   # the name
      price: {path: price, transform: toDecimall}
"""


def test_mechanical_mistakes_are_mended_and_comments_kept(tmp_path):
    file = tmp_path / "connector.yaml"
    file.write_text(YAML)
    done = fix(find_target(str(file)))
    text = file.read_text()
    assert len(done) == 4
    changed = {
        "base_ulr": "base_url",
        "{{acces_token}}": "{{access_token}}",
        "titel": "title",
        "toDecimall": "toDecimal",
    }
    expected = YAML
    for old, new in changed.items():
        expected = expected.replace(old, new)
    assert text == expected
    assert load(file).manifest.base_url == "https://api.acme.example"
    assert fix(find_target(str(file))) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["connector.yaml"]


@pytest.mark.parametrize("wrong", ["recod.sku", "record.SKU", "record.skuu"])
def test_a_field_of_the_written_record_is_mended_whole(wrong, tmp_path):
    """Each is found without running anything; the mend keeps the field that was meant."""
    file = tmp_path / "connector.yaml"
    right = YAML.replace("base_ulr", "base_url").replace("acces_token", "access_token").replace("titel", "title")
    right = right.replace("toDecimall", "toDecimal")
    right += """\
push:
  product:
    find: {request: {path: "/products/{{record.sku}}"}, match: {sku: sku}}
    update: {request: {method: PUT, path: "/products/{{native.id}}"}, body: {name: title}}
"""
    file.write_text(right.replace("record.sku", wrong))
    (found,) = [each for each in validate(str(file), STATIC).report.findings if each.severity == "error"]
    assert (found.code, found.path) == ("manifest-template", "$.push.product.find.request.path")
    fix(find_target(str(file)))
    assert file.read_text() == right


def test_a_name_that_is_taken_is_not_written_twice(tmp_path):
    file = tmp_path / "connector.yaml"
    text = YAML.replace("titel: name", "title: name\n      titel: other")
    file.write_text(text)
    fix(find_target(str(file)))
    assert "titel: other" in file.read_text()


def test_a_credential_is_put_among_the_secrets(tmp_path):
    file = tmp_path / "connector.yaml"
    text = YAML.replace("base_ulr", "base_url").replace("acces_token", "access_token").replace("titel", "title")
    text = text.replace("toDecimall", "toDecimal").replace("[access_token]", "[other]  # none")
    text += "settings: {type: object, properties: {access_token: {type: string}, other: {type: string}}}\n"
    file.write_text(text)
    fix(find_target(str(file)))
    assert load(file).manifest.secrets == ("other", "access_token")
    assert "# none" in file.read_text()


def test_a_bundle_is_whole_and_a_changed_one_is_not(tmp_path):
    target = write_example(Example(on="package", wrong={}, right={}), tmp_path / "acme", wrong=False)
    done = validate(str(target), STATIC)
    bundle = tmp_path / "acme.zip"
    write_bundle(done, bundle, Effort())
    assert check_bundle(bundle).wrong == ()
    members = {}
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    report = json.loads(members["report.json"])
    report["level"] = "certified"
    for name, content in (("report.json", json.dumps(report).encode()), ("connector/x.py", b"")):
        forged = tmp_path / "forged.zip"
        with zipfile.ZipFile(forged, "w") as archive:
            for each, old in {**members, name: content}.items():
                archive.writestr(each, content if each == name else old)
        assert check_bundle(forged).wrong
    (tmp_path / "none.zip").write_bytes(b"PK no")
    with pytest.raises(SetupError):
        check_bundle(tmp_path / "none.zip")


def test_no_bundle_holds_a_credential(tmp_path):
    target = write_example(Example(on="package", wrong={}, right={}), tmp_path / "acme", wrong=False)
    (target / "notes.txt").write_text("ghp_" + "a1" * 18)
    with pytest.raises(SetupError, match="credential"):
        write_bundle(validate(str(target), STATIC), tmp_path / "acme.zip", Effort())
    assert not (tmp_path / "acme.zip").exists()


def test_added_rules_have_codes_of_their_own():
    def check(case):
        yield Problem(message="never good", path="$")

    rule = Rule(code="mine-never", family="extension", severity="warning", title="Never", check=check)
    assert extended([("mine", [rule])])["mine-never"] is rule
    with pytest.raises(PluginError, match=r"other.*mine"):
        extended([("mine", [rule]), ("other", [rule])])
    taken = Rule(code="auth-check", family="extension", severity="warning", title="Taken", check=check)
    with pytest.raises(PluginError, match=r"auth-check"):
        extended([("mine", [taken])])


def test_every_rule_has_its_page():
    """`python -m pullpush_sdk.validate.write_pages` writes them."""
    there = {each.name: each.read_text(encoding="utf-8") for each in DOCS.glob("*.md")}
    assert there == dict(pages())


def test_every_code_that_is_used_is_in_the_catalogue():
    import re

    root = Path(__file__).parents[2] / "pullpush_sdk"
    codes = set(shipped())
    for file in (root / "validate").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        used = set(re.findall(r'(?:case\.at|case\.within|case\.of_file|_where)\(\s*(?:case,\s*)?"([a-z-]+)"', text))
        used |= set(re.findall(r'code="([a-z][a-z0-9-]+)"', text))
        assert used <= codes, (file.name, used - codes)
    for file in (root / "mapping").glob("*.py"):
        used = set(re.findall(r'findings\.add\(\s*"([a-z]+)"', file.read_text(encoding="utf-8")))
        assert {f"mapping-{each}" for each in used} <= codes, file.name
    for file in (root / "manifest").glob("*.py"):
        used = set(re.findall(r'_problem\(\s*"([a-z]+)"', file.read_text(encoding="utf-8")))
        assert {f"manifest-{each}" for each in used} <= codes, file.name
