"""Every format holds every finding, and the forms for programs have the shape that their readers expect."""

from __future__ import annotations

import json
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import attrs
import jsonschema
import pytest

from pullpush_sdk.testing.conformance import BrokenLawError, Law
from pullpush_sdk.testing.conformance._law import broken
from pullpush_sdk.validate import (
    FORMATS,
    Example,
    Finding,
    Options,
    Report,
    Trial,
    find_target,
    shipped,
    validate,
    write_example,
)
from pullpush_sdk.validate._behaviour import read_result
from pullpush_sdk.validate._case import build_case
from pullpush_sdk.validate.child import ChildResult

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
# The required parts of SARIF 2.1.0 as its published schema has them, for what a reader of results needs.
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "properties": {"type": "object"},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {"shortDescription": TEXT, "fullDescription": TEXT},
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                                    },
                                },
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {"required": ["uri"]},
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
BROKEN = Report(
    target="acme",
    kind="folder",
    name="acme",
    version="1.0.0",
    findings=(
        Finding(code="mapping-stock", family="structure", severity="error", message="a % default,\nof: 0", hint="none",
                path="$.resources.stock", file="a b/connector.yaml", line=3, column=7),
        Finding(code="auth-check", family="auth", severity="warning", message="\x00 odd", waived="It has none."),
        Finding(code="mapping-version", family="mapping", severity="note", message="note"),
    ),
    families={"structure": 0.1, "auth": 0.0, "mapping": 0.0, "behaviour": 1.0},
    skipped={"samples": "none"},
    trials=(
        Trial(law="source-reads-everything", canonical_type="order", outcome="broken", reason="seen"),
        Trial(law="pair-comes-to-rest", canonical_type="order", outcome="not proven", reason="no edit"),
        Trial(law="source-misses-no-change", canonical_type="order", outcome="kept"),
    ),
)  # fmt: skip


@pytest.fixture
def report(tmp_path):
    wrong = {"$.resources.stock.canonical_map.quantity": {"path": "on_hand", "default": 0}, "$.docs": {"$delete": True}}
    target = write_example(Example(on="package", wrong=wrong, right={}), tmp_path, wrong=True)
    return validate(str(target), Options(behaviour=False)).report


@pytest.mark.parametrize("which", ["real", "broken"])
def test_sarif_has_the_published_shape(report, which):
    report = report if which == "real" else BROKEN
    document = json.loads(FORMATS["sarif"](report, shipped()))
    jsonschema.Draft202012Validator(SARIF).validate(document)
    (run,) = document["runs"]
    assert len(run["results"]) == len(report.findings)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [each["ruleId"] for each in run["results"]]


def test_a_waived_finding_is_suppressed_in_sarif():
    (run,) = json.loads(FORMATS["sarif"](BROKEN, shipped()))["runs"]
    assert [each["level"] for each in run["results"] if "suppressions" not in each] == ["error", "note"]


@pytest.mark.parametrize("which", ["real", "broken"])
def test_junit_counts_what_it_holds(report, which):
    report = report if which == "real" else BROKEN
    root = ET.fromstring(FORMATS["junit"](report, shipped()))
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) == len(suite)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
        assert all(case.get("name") and case.get("classname") and float(case.get("time")) >= 0 for case in cases)
    assert int(root.get("tests")) == len(root.findall("testsuite/testcase"))
    errors = len(report.of("error")) + len([each for each in report.trials if each.outcome == "broken"])
    assert int(root.get("failures")) == errors


def test_github_commands_are_one_line_each():
    lines = FORMATS["github"](BROKEN, shipped()).splitlines()
    assert lines[0] == (
        "::error file=a b/connector.yaml,line=3,col=7,title=mapping-stock"
        "::a %25 default,%0Aof: 0 (at $.resources.stock)%0Anone"
    )
    assert [each.partition(" ")[0] for each in lines] == ["::error", "::notice", "pullpush"]


def test_json_and_text_hold_every_finding(report):
    value = json.loads(FORMATS["json"](report, shipped()))
    assert [each["code"] for each in value["findings"]] == [each.code for each in report.findings]
    assert value["ok"] is False
    assert value["level"] == "nothing"
    text = FORMATS["text"](report, shipped())
    assert all(each.code in text and each.message in text for each in report.findings)
    assert "Submission checklist" in text


def test_the_words_at_the_end_of_the_text():
    """What does not load has no level; what --fix left is not promised to it again."""
    finding = Finding(code="manifest-unknown-key", family="structure", severity="error", message="unknown key `titel`")
    bad = attrs.evolve(BROKEN, findings=(finding,), missing=("manifest-unknown-key: unknown key",))
    text = FORMATS["text"](bad, shipped())
    assert "Level: none, it does not load\n  because of:\n" in text
    assert "--fix mends some of: manifest-unknown-key" in text
    assert "--fix" not in FORMATS["text"](attrs.evolve(bad, mended=True), shipped())
    better = attrs.evolve(bad, level="conforms")
    assert "Level: conforms\n  missing for 'commerce-safe':\n" in FORMATS["text"](better, shipped())


def test_a_law_is_one_line_of_text_with_its_types():
    """By outcome and reason; a reason of its own is a line of its own."""
    known = [("product", "kept", ""), ("order", "not proven", "no edit"), ("call", "not proven", "no edit")]
    known += [("cart", "not proven", "no page"), ("contact", "kept", "")]
    trials = [Trial(law="source-a", canonical_type=name, outcome=how, reason=why) for name, how, why in known]
    text = FORMATS["text"](attrs.evolve(BROKEN, trials=tuple(trials)), shipped())
    lines = [line.strip() for line in text.splitlines() if "source-a" in line]
    assert lines == [
        "not proven  source-a (order, call): no edit",
        "not proven  source-a (cart): no page",
        "kept        source-a (product, contact)",
    ]


def test_an_error_that_breaks_every_law_is_told_once():
    """Where plain reading met it, with the laws behind; what was seen otherwise stands alone."""
    refused = "AuthError: GET http://127.0.0.1:{}/{} was answered with 401"
    reading = Finding(code="behaviour-read", family="behaviour", severity="error", message=refused.format(1, "a"))
    laws = [
        Finding(code=f"law-{law}", family="behaviour", severity="error",
                message=f"{kind}: raised {refused.format(port, kind)}", path=f"$.resources.{kind}")
        for port, (law, kind) in enumerate([("one", "order"), ("one", "product"), ("two", "order")])
    ]  # fmt: skip
    missing = Finding(
        code="law-one",
        family="behaviour",
        severity="error",
        message="cart: raised HttpError: GET http://h:1/x gave 404",
    )
    elsewhere = Finding(
        code="law-one",
        family="behaviour",
        severity="error",
        message="call: raised HttpError: GET http://h:2/y gave 404",
    )
    seen = Finding(code="law-two", family="behaviour", severity="error", message="cart: 3 were read, 4 are there")
    report = Report(
        target="acme", kind="folder", name="acme", version="1.0.0", families={},
        findings=(laws[0], reading, *laws[1:], missing, elsewhere, seen),
        missing=[f"{each.code}: {each.message}" for each in (reading, *laws, missing, elsewhere, seen)],
    )  # fmt: skip
    text = FORMATS["text"](report, shipped())
    assert [line.split()[1] for line in text.splitlines() if line.startswith("error")] == [
        "behaviour-read", "law-one", "law-one", "law-two",
    ]  # fmt: skip
    assert "the same error is the root of:\n           law-one (order, product)\n           law-two (order)\n" in text
    assert text.count("answered with 401") == 2
    assert "7 errors" in text
    assert len(json.loads(FORMATS["json"](report, shipped()))["findings"]) == 7


@pytest.mark.parametrize("count", [0, 1, 3, 30])
def test_a_broken_law_shows_the_steps_that_lead_there(tmp_path, count):
    """As the kit found them: each in a line, long ones shortened, never more than a screen."""
    target = write_example(Example(on="package", wrong={}, right={}), tmp_path, wrong=True)
    steps = [f"{number} times 2. and then 3. " + "a long step " * 30 for number in range(count)]
    law = Law(name="one", says="all is well", fix="the map", ability="read",
              check=lambda *_: broken("it is not", steps=steps))  # fmt: skip
    with pytest.raises(BrokenLawError) as raised:
        law.run(SimpleNamespace(loaded=SimpleNamespace(name="acme")), "product")
    told = {
        "kind": "trial",
        "law": "one",
        "type": "product",
        "outcome": "broken",
        "reason": str(raised.value),
        "seconds": 1,
    }
    (problem,) = read_result(build_case(find_target(str(target))), ChildResult(told=[told])).problems
    *history, fix = problem.hint.splitlines()
    assert (problem.message, fix) == ("product: it is not", "the map")
    assert [line.removeprefix("after: ").strip()[:3] for line in history] == [
        f"{number + 1}. " for number in range(min(count, 8))
    ] + (["… a"] if count > 8 else [])
    assert all(len(line) < 180 for line in history)
