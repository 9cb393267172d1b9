"""`pullpush new-connector`: what it writes is good as it is, and it writes over nothing."""

from __future__ import annotations

import json
import tomllib

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.scaffold import (
    AUTH,
    KINDS,
    PAGING,
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

from .combinations import covering
from .judged import judge_files, judge_folder

NAMES = names_of("big-shop", taken=[])


@pytest.fixture(autouse=True)
def _long_ones_are_asked_for(request):
    if request.node.get_closest_marker("full") and "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make template`")


def written(folder, answers):
    write_new(folder, NAMES, answers, render(NAMES, answers))
    return folder


@pytest.mark.parametrize("each", covering(), ids=str)
def test_every_pair_of_options_gives_a_connector_that_validates(each, tmp_path):
    """And files without a trace of the template; every combination by `make combinations`."""
    files = render(each.names, each.answers)
    write_new(tmp_path / "new", each.names, each.answers, files)
    judge_files(each.names, each.answers, files)
    judge_folder(tmp_path / "new", each.answers)


def _with_and_without_python():
    return [next(each for each in covering(1) if each.answers.python is python) for python in (True, False)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("each", _with_and_without_python(), ids=str)
def test_a_new_connector_passes_its_own_tests(each, tmp_path):
    """Untouched and without being installed; every combination, installed, by `make template`."""
    folder = written(tmp_path / "new", each.answers)
    trial = run_tests(folder, "--ignore=tests/test_big_shop_laws.py")
    assert trial.ok, trial.output
    assert not list(tmp_path.rglob(".hypothesis"))


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("each", covering(1), ids=str)
def test_every_option_keeps_the_laws(each, tmp_path):
    """With `pullpush validate` as an author would run it, laws and all: nothing is broken."""
    trial = run_validate(written(tmp_path / "new", each.answers))
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


@pytest.mark.parametrize("paging", PAGING)
def test_no_sample_speaks_of_other_pages_than_its_manifest(paging):
    """Of what was looked up, which is no page, neither."""
    files = render(NAMES, Answers(types=("product",), paging=paging))
    sample = json.loads(files["pullpush_big_shop/samples/product.json"])
    told = {
        name
        for each in sample["exchanges"]
        if each["answer"]["status"] == 200 and isinstance(each["answer"]["body"].get("data"), list)
        for name in each["answer"]["body"].get("meta", {})
    }
    words = {"page": {"page", "pages"}, "offset": {"offset", "total"}, "cursor": {"next"}, "next_url": {"next"}}
    assert told == words.get(paging, set())


TOKENS = {
    "session": ("/session", "/sessions"),
    "oauth2": ("/oauth/token", "/token"),
    "oauth2-client": ("/oauth/token", "/token"),
}


@pytest.mark.parametrize("auth", AUTH)
def test_one_sample_shows_how_a_token_is_given(auth):
    files = render(NAMES, Answers(auth=auth))
    texts = {path: text for path, text in files.items() if "/samples/" in path}
    shown = [each for text in texts.values() for each in json.loads(text)["exchanges"]]
    tokens = [each for each in shown if "token" in str(list(each["answer"]["body"]))]
    assert len(tokens) == (auth in TOKENS)


@pytest.mark.parametrize("auth", TOKENS)
def test_a_wrong_address_of_tokens_is_found(auth, tmp_path):
    folder = written(tmp_path, Answers(kind="source", types=("contact",), auth=auth, webhooks=False))
    manifest = folder / "pullpush_big_shop" / "connector.yaml"
    manifest.write_text(manifest.read_text().replace(*TOKENS[auth]))
    found = validate(str(folder), Options(effort=Effort(seconds=20))).report.findings
    assert "behaviour-check" in {each.code for each in found if each.severity == "error"}


@pytest.mark.parametrize("auth", AUTH)
def test_its_page_says_how_it_is_connected(auth):
    """A connection with every setting and secret that its manifest asks for, but for what `pullpush auth` stores."""
    files = render(NAMES, Answers(auth=auth))
    manifest = read_manifest(files["pullpush_big_shop/connector.yaml"])
    page = files["docs/big-shop.md"]
    table = tomllib.loads(page.partition("```toml\n")[2].partition("```")[0])["connections"]["big-shop"]
    asked = {*manifest.secrets, *manifest.settings.get("properties", {})} - {"refresh_token", "webhook_secret"}
    assert set(table) == {"connector", *asked}
    assert "webhook_secret" in page


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


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "note").write_text("")
    made = CliRunner().invoke(cli, ["new-connector", "lamps", "--no-input", "--folder", str(tmp_path / "note" / "x")])
    assert made.exit_code == 2
    assert f"{tmp_path / 'note' / 'x'} cannot be written" in made.stderr
    assert "--folder" in made.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["note"]


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
