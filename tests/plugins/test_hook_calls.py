"""What a connector's own code does wrong while it runs is named with its distribution, hook and line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pullpush_sdk.connector import Connector, Finding, Page
from pullpush_sdk.errors import ConnectorFaultError, PullPushError, RejectedError, UnavailableError
from pullpush_sdk.plugins import LoadedConnector, asked, listed, pages_of
from tests.throwaway import install

ROOT = Path(__file__).parents[2]
NAMED = "pullpush-bay 1.0 (entry point 'bay')"


def loaded(**hooks: Any) -> LoadedConnector:
    connector = Connector(name="bay", title="Bay", version="1.0")
    return LoadedConnector(
        connector=connector, distribution="pullpush-bay", source=NAMED, hook=SimpleNamespace(**hooks)
    )


def raising(error: Exception) -> Any:
    def hook(**_arguments: Any) -> Any:
        raise error

    return hook


def answering(answer: Any) -> Any:
    async def given() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return lambda **_arguments: given()


def paging(*pages: Any) -> Any:
    async def given() -> Any:
        for page in pages:
            if isinstance(page, Exception):
                raise page
            yield page

    return lambda **_arguments: given()


def fault_of(hook: Any) -> PullPushError:
    with pytest.raises(PullPushError) as caught:
        asyncio.run(listed(loaded(pullpush_check=hook), "pullpush_check", Finding))
    return caught.value


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (raising(ZeroDivisionError("boom")), "test_hook_calls.py:"),
        (answering(KeyError("id")), "KeyError: 'id'"),
        (lambda **_: "fine", "returned str, expected an awaitable"),
        (answering(None), "gave None"),
        (answering("fine"), "gave str, expected a list of Finding"),
        (answering([1]), "gave a list with int in it, expected Finding"),
    ],
    ids=["raises", "raises-later", "not-awaitable", "none", "text", "items"],
)
def test_a_fault_names_distribution_and_hook(hook: Any, words: str) -> None:
    error = fault_of(hook)
    assert isinstance(error, ConnectorFaultError)
    assert error.message.startswith(f"{NAMED}: pullpush_check: ")
    assert words in error.message
    assert "author" in error.hint


def test_what_says_what_it_means_stays_what_it_is() -> None:
    """Errors of ours, and those of the wire from a client of the connector's own: that write may have happened."""
    rejected = RejectedError("no such thing")
    assert fault_of(raising(rejected)) is rejected
    down = fault_of(answering(ConnectionResetError("by peer")))
    assert isinstance(down, UnavailableError)
    assert down.maybe_applied


def test_nobody_answers_is_no_fault() -> None:
    assert asyncio.run(asked(loaded(pullpush_remap=lambda **_: None), "pullpush_remap")) is None
    assert pages_of(loaded(pullpush_pull=lambda **_: None), "pullpush_pull") is None


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (raising(ValueError("at once")), "ValueError: at once"),
        (lambda **_: [1], "returned list, expected an async iterator of Page"),
        (paging(Page(events=[], cursor=None), IndexError("late")), "IndexError: late"),
        (paging({"events": []}), "gave dict, expected a Page"),
        (paging(Page(events=["x"], cursor=None)), "gave a page with str among its events"),  # type: ignore[list-item]
    ],
    ids=["raises", "list", "raises-later", "dict", "event"],
)
def test_pages_are_looked_at_as_they_come(hook: Any, words: str) -> None:
    async def read() -> None:
        pages = pages_of(loaded(pullpush_pull=hook), "pullpush_pull")
        assert pages is not None
        async for _ in pages:
            pass

    with pytest.raises(ConnectorFaultError) as caught:
        asyncio.run(read())
    assert words in caught.value.message
    assert caught.value.message.startswith(f"{NAMED}: pullpush_pull: ")


BAD = """\
from pullpush_sdk import Connector, Finding, hookimpl

@hookimpl
def pullpush_connector():
    return Connector(name="{name}", title="Bay", version="1.0", reads=frozenset({{"stocklevel"}}))

@hookimpl
def pullpush_check(connection):
    {check}

@hookimpl
def pullpush_pull(connection, canonical_type, cursor):
    return None
"""
GOOD = "async def look():\n        return [Finding(name='all', ok=True, message='well')]\n    return look()"


def test_one_bad_connector_spoils_no_check_of_the_others(tmp_path: Path) -> None:
    """Each by its own distribution; JSON stays JSON, and the exit code says that not all is good."""
    for name, check in {"bad": "raise ZeroDivisionError('boom')", "odd": "return 'fine'", "good": GOOD}.items():
        install(tmp_path, f"bay-{name}", {"hooks.py": BAD.format(name=name, check=check)}, point=name)
    lines = [f'[connections.{name}]\nconnector = "{name}"\n' for name in ("bad", "odd", "good")]
    (tmp_path / "pullpush.toml").write_text("".join(lines))
    done = subprocess.run(
        [sys.executable, "-c", "from pullpush_sdk.cli import main; main()", "check", "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )
    assert done.returncode == 1, done.stderr
    text = json.dumps(json.loads(done.stdout))
    assert "bay-bad 1.0 (entry point 'bad'): pullpush_check: bay_bad/hooks.py:9: ZeroDivisionError: boom" in text
    assert "bay-odd 1.0 (entry point 'odd'): pullpush_check: returned str" in text
    assert '"well"' in text
