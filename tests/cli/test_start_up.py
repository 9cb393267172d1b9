"""Start-up is a feature: what a bare import and `--help` load is an allow-list, not a habit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

_SHOW = """
import json, sys
before = set(sys.modules)
{body}
print("\\n@@" + json.dumps(sorted({{name for name in set(sys.modules) - before}})), file=sys.__stdout__)
"""
_HELP = """
sys.argv = ["pullpush", *{arguments!r}]
from pullpush_sdk.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded(body: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW.format(body=body)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    names = json.loads(done.stdout.rpartition("@@")[2])
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded("import pullpush_sdk") == {"pullpush_sdk"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]])
def test_help_loads_click_and_nothing_else(arguments: list[str]) -> None:
    names = loaded(_HELP.format(arguments=arguments))
    foreign = {name for name in names if name.partition(".")[0] not in {"click", "pullpush_sdk"}}
    # click's own needs on some platforms
    assert foreign <= {"colorama"}
    ours = {name for name in names if name.startswith("pullpush_sdk")}
    assert ours == {"pullpush_sdk", "pullpush_sdk.cli", "pullpush_sdk.cli._app", "pullpush_sdk.cli._session"}


@pytest.mark.parametrize(
    "command",
    ["demo", "init", "connectors", "sandbox", "check", "sync", "run", "status", "dead-letters", "flow", "map"],
)
def test_the_help_of_a_command_loads_no_plugin_and_no_machinery(command: str) -> None:
    names = loaded(_HELP.format(arguments=[command, "--help"]))
    heavy = {"attrs", "attr", "httpx", "jsonschema", "rich", "pluggy", "msgspec", "sqlite3", "yaml", "starlette"}
    heavy |= {"uvicorn", "structlog"}
    assert not {name.partition(".")[0] for name in names} & heavy
    assert not {name for name in names if name.startswith("pullpush_") and not name.startswith("pullpush_sdk")}


def test_sqlite_is_not_loaded_either() -> None:
    # sqlite3 is in the standard library, which the other tests leave out.
    body = _HELP.format(arguments=["--help"]) + "\nassert 'sqlite3' not in sys.modules and 'asyncio' not in sys.modules"
    assert loaded(body)
