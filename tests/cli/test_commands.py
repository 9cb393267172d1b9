"""The commands that need no running flow: what they print and write, and how they end."""

from __future__ import annotations

import json
import re
import signal
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.cli._app import COMMANDS

RUN = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"})


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_helps_with_examples_and_is_what_the_list_says(name: str) -> None:
    shown = RUN.invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.stdout
    assert f"pullpush {name}" in shown.stdout
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name


def test_version() -> None:
    from pullpush_sdk import __version__

    assert RUN.invoke(cli, ["--version"]).stdout.startswith(f"pullpush {__version__} ")


def test_no_output_has_colours_where_nobody_watches(place: Any) -> None:
    place.environ.pop("NO_COLOR")
    done = place.call("check")
    assert "\x1b[" not in done.stdout + done.stderr


def test_init_writes_a_project_that_loads_and_keeps_the_state_out_of_git(tmp_path: Path) -> None:
    from pullpush_sdk.project import load_project

    folder = tmp_path / "new"
    done = RUN.invoke(cli, ["init", str(folder)])
    assert done.exit_code == 0
    assert load_project(folder).flows == {}
    assert (folder / ".gitignore").read_text() == ".pullpush/\n"
    again = RUN.invoke(cli, ["init", str(folder)])
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_the_commented_project_is_good_once_its_marks_are_taken_away(tmp_path: Path) -> None:
    RUN.invoke(cli, ["init", str(tmp_path)])
    text = (tmp_path / "pullpush.toml").read_text()
    lines = [re.sub(r"^# (?=\[|\"|[a-z_]+ =)", "", line) for line in text.splitlines()]
    document = tomllib.loads("\n".join(lines))
    assert set(document) == {"connections", "flows", "engine"}
    assert set(document["connections"]) == {"shop", "stock"}


def test_init_with_sandboxes_gives_a_project_whose_settings_are_complete(tmp_path: Path) -> None:
    from pullpush_sdk.plugins import load_plugins
    from pullpush_sdk.project import check_settings, load_project

    (tmp_path / ".gitignore").write_text("dist/\n")
    done = RUN.invoke(cli, ["init", str(tmp_path), "--sandbox", "--source", "depot", "--destination", "depot"])
    assert done.exit_code == 0, done.output
    project = load_project(tmp_path)
    plugins = load_plugins()
    for connection in project.connections.values():
        connector = plugins.connector(connection.connector).connector
        assert check_settings(project, connection, connector)[1] == []
    assert project.flow("depot-to-depot-2").types == ("product", "stocklevel")
    assert (tmp_path / ".gitignore").read_text() == "dist/\n.pullpush/\n"
    assert re.search(r"[^\n]\n\Z", (tmp_path / "pullpush.toml").read_text())
    assert (tmp_path / ".pullpush").stat().st_mode & 0o777 == 0o700
    assert "pullpush sandbox depot --port 8101" in done.stderr
    assert "pullpush sandbox depot --port 8102" in done.stderr


def test_connectors_lists_and_shows() -> None:
    listed = json.loads(RUN.invoke(cli, ["connectors", "--json"]).stdout)
    depot = next(each for each in listed["connectors"] if each["name"] == "depot")
    assert depot["reads"] == ["order", "product", "stocklevel"]
    shown = RUN.invoke(cli, ["connectors", "show", "depot"])
    assert shown.exit_code == 0
    assert "not offered: invoice: a warehouse sends no bills" in shown.stdout
    assert "the warehouse's name" in shown.stdout
    assert "depot" in RUN.invoke(cli, ["connectors"]).stdout
    missing = RUN.invoke(cli, ["connectors", "show", "depto"])
    assert missing.exit_code == 2
    assert "did you mean 'depot'?" in missing.stderr


def test_a_plugin_that_does_not_load_is_named_and_the_rest_works(place: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "broken-1.0.dist-info"
    broken.mkdir(parents=True)
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: pullpush-broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[pullpush]\nbroken = no_such_module\n")
    place.python_path += f":{broken.parent}"
    done = place.call("connectors")
    assert done.returncode == 1
    assert "depot" in done.stdout
    assert "pullpush-broken" in done.stderr
    assert "Traceback" not in done.stderr


def test_schema_prints_json_schemas() -> None:
    stock = json.loads(RUN.invoke(cli, ["schema", "stocklevel"]).stdout)
    assert stock["title"] == "stocklevel"
    manifest = json.loads(RUN.invoke(cli, ["schema", "manifest"]).stdout)
    assert manifest["$schema"].startswith("https://json-schema.org/")
    assert "stocklevel" in RUN.invoke(cli, ["schema"]).stdout
    wrong = RUN.invoke(cli, ["schema", "stokclevel"])
    assert wrong.exit_code == 2
    assert "Did you mean 'stocklevel'?" in wrong.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    done = RUN.invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert "_PULLPUSH_COMPLETE" in done.stdout


def test_flows_and_connections_complete(place: Any) -> None:
    environ = {"_PULLPUSH_COMPLETE": "bash_complete", "COMP_WORDS": "pullpush check ", "COMP_CWORD": "2"}
    done = place.call(environ=environ)
    assert {"left", "right", "main"} <= {line.rpartition(",")[2] for line in done.stdout.split()}


@pytest.mark.parametrize(
    "words", ["connectors show shop", "sandbox shop", "map shop", "validate shop", "init --source shop"]
)
def test_connectors_complete(place: Any, words: str) -> None:
    count = str(len(words.split()))
    done = place.call(
        environ={"_PULLPUSH_COMPLETE": "bash_complete", "COMP_WORDS": f"pullpush {words}", "COMP_CWORD": count}
    )
    assert "plain,shopify" in done.stdout.split()
    assert not any("salla" in line for line in done.stdout.split())


def test_settings_without_words_of_their_own_say_what_they_are_for(place: Any) -> None:
    shown = place.run("connectors", "show", "salla").stdout.splitlines()
    (secret,) = (line for line in shown if line.split()[:1] == ["webhook_secret"])
    assert "proves that webhooks come from the platform" in secret
    assert not [line for line in shown if len(line.split()) == 2 and line.split()[1] == "secret"]


def test_check_finds_everything_good(place: Any, as_json: Any) -> None:
    done = place.run("check")
    assert done.exit_code == 0, done.output
    assert "ok    credentials: signed in as main depot" in done.stdout
    checked = as_json(place.run("check", "main", "--json"))
    assert [(each["kind"], each["name"], each["ok"]) for each in checked] == [
        ("connection", "left", True),
        ("connection", "right", True),
        ("flow", "main", True),
    ]


def test_check_prints_the_map_of_locations_to_fill_in(place: Any) -> None:
    place.store(place.left).locations = [{"id": "n1", "name": "North"}, {"id": "s1", "name": "South"}]
    place.store(place.right).locations = [{"id": "w", "name": "Web"}]
    done = place.run("check", "main")
    assert done.exit_code == 1
    assert "[flows.main.locations]" in done.stdout
    assert '"n1" = "?"  # North' in done.stdout
    refused = place.run("sync", "main")
    assert refused.exit_code == 2
    assert '# or add several up:  "w" = {sum = ["n1", "s1"]}' in refused.stderr
    assert not place.store(place.right).writes


def test_check_of_an_unknown_name(place: Any) -> None:
    assert place.run("check", "mian").exit_code == 2


def test_a_sandbox_runs_until_it_is_stopped(place: Any) -> None:
    process = place.start("sandbox", "depot", "--records", "3", "--json")
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        text += process.stdout.readline()
    shown = json.loads(text)
    with urllib.request.urlopen(f"{shown['url']}/_sandbox") as answer:
        assert json.load(answer)["sandbox"] == "depot"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Traceback" not in err


def test_a_sandbox_prints_what_to_export_and_to_write(place: Any) -> None:
    process = place.start("sandbox", "depot")
    assert process.stdout is not None
    lines = []
    while "token = {env" not in "".join(lines):
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    text = "".join(lines)
    assert "export DEPOT_TOKEN=" in text
    assert tomllib.loads(text.partition("# for pullpush.toml")[2])["connections"]["depot"]["connector"] == "depot"


def test_a_sandbox_is_made_from_samples_and_says_what_they_do_not_prove(place: Any, tmp_path: Path) -> None:
    manifest = {
        "manifest": 1,
        "name": "acme",
        "title": "Acme",
        "version": "1.0.0",
        "base_url": "https://acme.example/v1",
    }
    goods = {
        "canonical_type": "stocklevel",
        "list": {"path": "/goods"},
        "canonical_map": {"sku": "id", "quantity": "n"},
    }
    samples = {"exchanges": [{"request": {"path": "/goods"}, "answer": {"body": [{"id": "A-1", "n": 0}]}}]}
    (tmp_path / "connector.json").write_text(
        json.dumps({**manifest, "resources": {"goods": goods}, "samples": {"traffic": samples}})
    )
    process = place.start("sandbox", str(tmp_path), "--records", "3", "--json")
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        text += process.stdout.readline()
    shown = json.loads(text)
    with urllib.request.urlopen(f"{shown['url']}/v1/goods") as answer:
        assert len(json.load(answer)) == 3
    assert {each["code"] for each in shown["notProven"]} == {"one-page", "no-refusal"}
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


def test_a_folder_without_a_manifest_is_no_sandbox(place: Any, tmp_path: Path) -> None:
    result = place.run("sandbox", str(tmp_path))
    assert result.exit_code != 0
    assert "one manifest is expected" in result.output


def test_sandbox_switches_are_pairs(place: Any) -> None:
    assert place.run("sandbox", "depot", "--set", "nonsense").exit_code == 2


def test_the_demo_tells_its_story_and_leaves_nothing(place: Any, tmp_path: Path) -> None:
    away = tmp_path / "tmp"
    away.mkdir()
    done = place.call("demo", "--source", "depot", "--destination", "depot", environ={"TMPDIR": str(away)})
    assert done.returncode == 0, done
    assert "the newest change won" in done.stdout
    assert "All good" in done.stdout
    assert list(away.iterdir()) == []
    assert not (place.folder / ".pullpush").exists()


def test_the_demo_as_json_shows_zero_written(place: Any, as_json: Any) -> None:
    shown = as_json(place.run("demo", "--source", "depot", "--destination", "depot", "--json"))
    assert shown["ok"]
    assert shown["burst"]["after"] == shown["burst"]["last"]
    assert [(each["before"], each["after"]) for each in shown["unchangedWhereUnknown"]] == [(25, 0)]


def test_ctrl_c_in_the_demo_leaves_nothing(place: Any, tmp_path: Path) -> None:
    away = tmp_path / "tmp"
    away.mkdir()
    environ = {"TMPDIR": str(away)}
    process = place.start("demo", "--source", "depot", "--destination", "depot", "--records", "500", environ=environ)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert list(away.iterdir()) == []
    assert "Traceback" not in err
