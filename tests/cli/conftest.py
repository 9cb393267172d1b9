from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result

from pullpush_sdk.cli import cli
from pullpush_sdk.sandbox import Sandbox, SandboxOptions, serve

DEPOT = str(Path(__file__).parents[1] / "depot")
ROOT = str(Path(__file__).parents[2])
if DEPOT not in sys.path:
    # Also found as an installed distribution: the folder holds its metadata.
    sys.path.append(DEPOT)

_FILE = """\
[connections.left]
connector = "depot"
sandbox = "{left}"
depot = "left"
token = {{env = "DEPOT_TOKEN"}}

[connections.right]
connector = "depot"
sandbox = "{right}"
depot = "right"
token = {{env = "DEPOT_TOKEN"}}

[flows.main]
source = "left"
destination = "right"
types = ["product", "stocklevel"]
state = "active"
"""


class _Servers:
    """Sandboxes served from a thread with a loop of its own, so that the test itself stays synchronous."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: list[Any] = []

    def serve(self, app: Any) -> str:
        manager = serve(app)
        self._open.append(manager)
        return asyncio.run_coroutine_threadsafe(manager.__aenter__(), self._loop).result(10)

    def close(self) -> None:
        for manager in self._open:
            asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@attrs.define(kw_only=True)
class Place:
    """A project folder with two sandboxes, and ways to run the command in it."""

    folder: Path
    left: Sandbox
    right: Sandbox
    environ: dict[str, str]
    python_path: str = os.pathsep.join([ROOT, DEPOT])

    @property
    def file(self) -> Path:
        return self.folder / "pullpush.toml"

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def store(self, side: Sandbox) -> Any:
        return side.control.changes["store"]({})

    def run(self, *arguments: str, input: str | None = None) -> Result:  # noqa: A002
        """The command in this process."""
        return CliRunner(env=self.environ).invoke(
            cli, ["--project", str(self.folder), *arguments], input=input, catch_exceptions=False
        )

    def start(self, *arguments: str, environ: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """The command as a real process."""
        return subprocess.Popen(
            [sys.executable, "-c", "from pullpush_sdk.cli import main; main()", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": self.python_path, **self.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def call(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """The command as a real process, waited for."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def servers() -> Iterator[_Servers]:
    found = _Servers()
    yield found
    found.close()


@pytest.fixture
def place(tmp_path: Path, servers: _Servers, monkeypatch: pytest.MonkeyPatch) -> Place:
    from pullpush_depot.sandbox import build

    left, right = build(SandboxOptions(records=12)), build(SandboxOptions(records=0))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pullpush.toml").write_text(_FILE.format(left=servers.serve(left.app), right=servers.serve(right.app)))
    environ = {"DEPOT_TOKEN": left.secrets["token"], "NO_COLOR": "1", "COLUMNS": "200"}
    monkeypatch.chdir(folder)
    return Place(folder=folder, left=left, right=right, environ=environ)


@pytest.fixture
def as_json() -> Callable[[Result], Any]:
    return lambda result: json.loads(result.stdout)
