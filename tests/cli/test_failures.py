"""What goes wrong has a message, a mend and an exit code; a traceback only where it is asked for."""

from __future__ import annotations

import os
import resource
import socket
import sqlite3
import types
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.cli._failures import report
from pullpush_sdk.cli._session import Session


def bug(message: str) -> Exception:
    """An error that nobody meant, with a traceback."""
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError(message)
    return caught.value


def test_bad_settings_are_shown_all_at_once_and_exit_2(place: Any) -> None:
    place.edit('depot = "left"', 'depot = "LEFT"\ndeopt = 1')
    done = place.call("sync", "main")
    assert done.returncode == 2
    assert "depot has no setting 'deopt'" in done.stderr
    assert "did you mean 'depot'?" in done.stderr
    assert "'LEFT' does not match" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_project_that_is_not_good_exits_2_with_lines(place: Any) -> None:
    place.edit('source = "left"', 'sauce = "left"')
    done = place.call("status")
    assert done.returncode == 2
    assert "pullpush.toml:14: unknown key 'sauce' (at $.flows.main.sauce) — did you mean 'source'?" in done.stderr


def test_no_project_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["sync", "--all"])
    assert done.exit_code == 2
    assert "pullpush init" in done.stderr


def test_wrong_credentials(place: Any, as_json: Any) -> None:
    place.environ["DEPOT_TOKEN"] = "wrong-token-99"
    done = place.run("sync", "main")
    assert done.exit_code == 1
    assert "error: " in done.stderr
    checked = place.run("check", "left", "--json")
    assert checked.exit_code == 1
    (connection,) = as_json(checked)
    assert not connection["ok"]
    assert "wrong-token-99" not in done.output + checked.output


def test_an_unset_secret_is_named(place: Any) -> None:
    place.environ["DEPOT_TOKEN"] = ""
    done = place.run("check", "right")
    assert done.exit_code == 1
    assert "environment variable DEPOT_TOKEN is not set" in done.stdout
    assert place.run("sync", "main").exit_code == 2


def test_a_platform_that_is_not_there(place: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    address = next(line for line in place.file.read_text().splitlines() if line.startswith("sandbox"))
    place.edit(address.split('"')[1], gone)
    check, sync = place.start("check", "left"), place.start("sync", "main")
    shown, said = check.communicate(timeout=60)
    assert check.returncode == 1
    assert "FAIL" in shown
    assert "Traceback" not in said
    _, said = sync.communicate(timeout=60)
    assert sync.returncode == 1
    assert said.startswith("error: left: ")
    assert "Traceback" not in said


def test_a_full_disk_is_said_and_loses_nothing(place: Any) -> None:
    assert place.run("status").exit_code == 0
    place.edit('depot = "left"', 'depot = "left"\npage = 500')
    for number in range(500):
        place.store(place.left).put("product", {"sku": f"L{number}", "title": "x" * 300})

    def no_more_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = place.call("sync", "main", preexec_fn=no_more_room)
    assert done.returncode == 1, done
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not place.store(place.right).writes
    assert place.run("sync", "main").exit_code == 0
    assert len(place.store(place.right).rows["product"]) == 512


def test_a_locked_store_is_said(place: Any) -> None:
    assert place.run("status").exit_code == 0
    lock = sqlite3.connect(place.folder / ".pullpush" / "pullpush.db", isolation_level=None)
    lock.execute("begin exclusive")
    try:
        done = place.call("sync", "main")
    finally:
        lock.rollback()
        lock.close()
    assert done.returncode == 1, done
    assert "lock" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_no_store_is_said(place: Any) -> None:
    assert place.run("status").exit_code == 0
    for file in (place.folder / ".pullpush").glob("pullpush.db*"):
        file.write_bytes(b"this is not a database at all" * 200)
    done = place.call("sync", "main")
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr


def test_a_state_folder_that_cannot_be_made(place: Any) -> None:
    (place.folder / ".pullpush").write_text("in the way")
    done = place.run("sync", "main")
    assert done.exit_code == 2
    assert "cannot be made" in done.stderr


def test_a_bug_leaves_its_traceback_in_a_private_file(
    place: Any, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    session = Session(project_path=str(place.folder))
    request.addfinalizer(session.close)
    session.redactor.add("s3cret-value")
    assert place.run("status").exit_code == 0
    assert session.project.state_dir.is_dir()
    assert report(bug("s3cret-value over nothing"), session) == 1
    said = capsys.readouterr().err
    assert "unexpected ZeroDivisionError" in said
    assert "Traceback" not in said
    (file,) = session.project.state_dir.glob("pullpush-error-*")
    assert str(file) in said
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "ZeroDivisionError: *** over nothing" in text
    assert "s3cret-value" not in text


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    session = types.SimpleNamespace(debug=True, state_dir=None)
    assert report(bug("oh"), session) == 1  # type: ignore[arg-type]
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_command_is_refused_with_the_nearest() -> None:
    done = CliRunner().invoke(cli, ["chek"])
    assert done.exit_code == 2
    assert "check" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes that close early")
def test_a_reader_that_goes_away_is_no_error(place: Any) -> None:
    process = place.start("schema", "order")
    assert process.stdout is not None
    process.stdout.read(1)
    process.stdout.close()
    process.wait(20)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
