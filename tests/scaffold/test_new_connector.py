"""`pullpush new-connector`: what it writes is good as it is, and it writes over nothing."""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import shutil
import tomllib

import pytest
from click.testing import CliRunner

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.scaffold import (
    AUTH,
    KINDS,
    TYPES,
    Answers,
    names_of,
    read_record,
    render,
    run_tests,
    run_validate,
    write_new,
)
from pullpush_sdk.validate import Effort, Options, validate

from .combinations import covering, every, told

NAMES = names_of("big-shop", taken=[])
TIDY = Functions({"big-shop:tidy": lambda text: text})


@pytest.fixture(autouse=True)
def _long_ones_are_asked_for(request):
    if request.node.get_closest_marker("full") and "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make template`")


def written(folder, answers):
    write_new(folder, NAMES, answers, render(NAMES, answers))
    return folder


def judge(answers):
    """All that can be seen without running it."""
    files = render(NAMES, answers)
    manifest = read_manifest(files["pullpush_big_shop/connector.yaml"])
    assert check_manifest(manifest, CanonicalTypes(), TIDY) == []
    assert tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]["pullpush"] == {
        "big-shop": "pullpush_big_shop.hooks"
    }
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)
        if path.endswith(".json"):
            sample = json.loads(text)
            assert sample["exchanges"]
            for webhook in sample.get("webhooks", ()):
                signature = hmac.new(b"test", webhook["body"].encode(), hashlib.sha256).hexdigest()
                assert webhook["headers"]["X-Big-Shop-Signature"] == signature
                assert "BIGSHOP" in webhook["body"] or "sku" not in webhook["body"]
        for token in ("acme", "Acme", "ACME", "<read>", "</"):
            assert token not in text, path
    assert {f"pullpush_big_shop/{file}" for file in manifest.samples.values()} <= set(files)
    reads = {resource.canonical_type for resource in manifest.resources.values()}
    assert reads == (set(answers.types) if "read" in answers.flags else set())
    assert set(manifest.push) == (set(answers.types) if "write" in answers.flags else set())
    assert (manifest.webhook is not None) == answers.webhooks
    assert any("/sandbox/" in path for path in files) == answers.python
    assert sum(path.startswith("pullpush_") and path.endswith(".py") for path in files) == 2 or answers.python


def validated(folder, answers):
    """Nothing to find, without running it, in a connector that nobody has touched, but what its options are."""
    report = validate(str(folder), Options(behaviour=False)).report
    known = {"push-unread"} if answers.kind == "destination" else set()
    known |= {"pagination-none"} if answers.paging == "none" else set()
    assert {each.code for each in report.findings} <= known, report.findings
    assert report.level == "conforms"


@pytest.mark.parametrize("answers", covering(), ids=told)
def test_every_pair_of_options_gives_a_connector_that_validates(answers, tmp_path):
    """And files without a trace of the template."""
    judge(answers)
    validated(written(tmp_path / "new", answers), answers)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("auth", AUTH)
def test_every_combination_of_options_gives_a_connector_that_validates(kind, auth, tmp_path):
    """All of them, in pieces that workers share."""
    pieces = [Answers(**each) for each in every() if (each["kind"], each["auth"]) == (kind, auth)]
    assert pieces
    for number, answers in enumerate(pieces):
        judge(answers)
        folder = written(tmp_path / str(number), answers)
        validated(folder, answers)
        shutil.rmtree(folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("answers", covering(1), ids=told)
def test_a_new_connector_passes_its_own_tests(answers, tmp_path):
    """Untouched and without being installed; every option once, the laws by `make template`."""
    folder = written(tmp_path / "new", answers)
    trial = run_tests(folder, "--ignore=tests/test_big_shop_laws.py")
    assert trial.ok, trial.output
    assert not list(tmp_path.rglob(".hypothesis"))


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("answers", covering(), ids=told)
def test_every_pair_of_options_passes_its_own_tests(answers, tmp_path):
    """The same for every pair."""
    trial = run_tests(written(tmp_path / "new", answers), "--ignore=tests/test_big_shop_laws.py")
    assert trial.ok, trial.output


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("answers", covering(1), ids=told)
def test_every_option_keeps_the_laws(answers, tmp_path):
    """With `pullpush validate` as an author would run it, laws and all: nothing is broken."""
    trial = run_validate(written(tmp_path / "new", answers))
    assert trial.ok, trial.output


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("python", [True, False])
def test_a_new_connector_is_commerce_safe_untouched(kind, python, tmp_path):
    """Every law that concerns it is tried and kept: nothing is left unproven."""
    answers = Answers(kind=kind, python=python, webhooks=kind != "destination", types=TYPES)
    report = validate(str(written(tmp_path / "new", answers)), Options(effort=Effort(seconds=500))).report
    assert {each.code for each in report.findings} <= {"push-unread"}
    assert [each for each in report.trials if each.outcome != "kept"] == []
    assert report.level == "commerce-safe"


def test_a_connector_without_products_keeps_the_laws_of_webhooks(tmp_path):
    """No law reads a type that a connector does not."""
    folder = written(tmp_path / "new", Answers(kind="source", types=("contact",)))
    trial = run_tests(folder, "tests/test_big_shop_laws.py", "-k", "webhook")
    assert trial.ok, trial.output


def test_its_tests_can_fail(tmp_path):
    """A rule whose path leads nowhere is found."""
    folder = written(tmp_path / "new", Answers(kind="source", types=("contact",), webhooks=False))
    manifest = folder / "pullpush_big_shop/connector.yaml"
    manifest.write_text(manifest.read_text().replace("company: company", "company: compny"))
    trial = run_tests(folder, "-k", "every_field")
    assert trial.ok is False
    assert "company" in trial.output


def invoke(*arguments):
    return CliRunner().invoke(cli, ["new-connector", *arguments], catch_exceptions=False)


def test_what_is_there_is_never_written_over(tmp_path):
    """A file, a folder with anything in it, a link."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    file = tmp_path / "file"
    file.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for target in (full, file, link):
        result = invoke("big-shop", "--no-input", "--no-run", "--folder", str(target))
        assert result.exit_code == 2
        assert "nothing was written" in result.output or "is no folder" in result.output
    assert (full / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "link"]


def test_an_empty_folder_is_filled(tmp_path):
    """Somebody made it for this."""
    result = invoke("big-shop", "--no-input", "--no-run", "--folder", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "pullpush_big_shop/connector.yaml").is_file()
    assert read_record(tmp_path).answers == Answers()


def test_it_never_ends_without_a_word(tmp_path):
    """No name, no such type, options that exclude each other: exit code 2, the reason, and no folder."""
    for arguments, said in (
        ([], "Name the connector"),
        (["x", "--types", "produkt"], "did you mean product"),
        (["x", "--auth", "beare"], "did you mean bearer"),
        (["x", "--types", ","], "at least one type"),
        (["x", "--kind", "destination", "--webhooks"], "receives no webhooks"),
        (["test"], "reserved"),
    ):
        target = tmp_path / "new"
        result = invoke(*arguments, "--no-input", "--folder", str(target))
        assert result.exit_code == 2, result.output
        assert said in result.output
        assert not target.exists()


def test_what_an_author_must_look_at_is_little(tmp_path):
    """At most eight, each named; then the time and the one next command."""
    result = invoke("big-shop", "--no-input", "--no-run", "--python", "--folder", str(tmp_path / "new"))
    shown = [line for line in result.output.splitlines() if line.startswith("  ") and "more that work" not in line]
    assert 0 < len(shown) <= 8
    assert "next: cd" in result.output
    assert " s\n" in result.output


def test_a_record_that_was_edited_is_refused(tmp_path):
    """With the file's name."""
    folder = written(tmp_path / "new", Answers())
    file = folder / ".pullpush-template.json"
    record = json.loads(file.read_text())
    for broken in ("{", json.dumps(record | {"files": "?"}), json.dumps(record | {"answers": {"kind": "none"}})):
        file.write_text(broken)
        with pytest.raises(SetupError):
            read_record(folder)
