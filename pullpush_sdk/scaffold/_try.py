"""Trying a connector that is not installed: its own tests, and `pullpush validate`, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import attrs

from pullpush_sdk.errors import SetupError

__all__ = ["Trial", "run_tests", "run_validate"]

_TIMEOUT = 600.0
_NEEDED = ("pytest", "hypothesis", "starlette", "uvicorn")


@attrs.frozen(kw_only=True)
class Trial:
    """What came of it: `ok` None means that it could not be tried; `words` is the last line, `output` everything."""

    name: str
    ok: bool | None
    words: str
    output: str = attrs.field(default="", repr=False)
    seconds: float = 0.0


def run_tests(folder: Path, *arguments: str) -> Trial:
    """The connector's tests by pytest with these arguments; nothing is installed and nothing left behind."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        words = f"not run: {', '.join(missing)} not installed; pip install 'pullpush-sdk[testing]'"
        return Trial(name="tests", ok=None, words=words)
    return _run(
        "tests", folder, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "tests", *arguments]
    )


def run_validate(folder: Path, *arguments: str) -> Trial:
    """`pullpush validate` on the folder, with these arguments."""
    script = "import sys; from pullpush_sdk.cli import main; sys.argv[0] = 'pullpush'; main()"
    trial = _run("validate", folder, ["-c", script, "validate", ".", *arguments])
    level = re.search(r"^Level: (.+)$", trial.output, re.MULTILINE)
    return attrs.evolve(trial, words=f"{level[1]}, {trial.words}") if level is not None else trial


def _run(name: str, folder: Path, arguments: Sequence[str]) -> Trial:
    started, folder = time.monotonic(), folder.resolve()
    with tempfile.TemporaryDirectory(prefix="pullpush-") as place:
        _describe(folder, Path(place))
        paths = [place, str(folder), *filter(None, [os.environ.get("PYTHONPATH", "")])]
        home = str(Path(place) / "hypothesis")
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": home,
            "NO_COLOR": "1",
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, *arguments],
                cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Trial(name=name, ok=False, words=f"no end after {_TIMEOUT:.0f} s", seconds=_TIMEOUT)
    output = f"{done.stdout}\n{done.stderr}".strip()
    words = (done.stdout.strip() or done.stderr.strip() or "nothing was said").splitlines()[-1]
    return Trial(name=name, ok=done.returncode == 0, words=words, output=output, seconds=time.monotonic() - started)


def _describe(folder: Path, place: Path) -> None:
    """What an installation would say of the connector, so that it is found by its entry point.

    Raises:
        SetupError: the folder holds no distribution.
    """
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points = project["entry-points"]["pullpush"]
        name, version = str(project["name"]), str(project["version"])
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(
            f"{folder} holds no connector that can be installed: {error}",
            hint="its pyproject.toml needs name, version and an entry point in the group pullpush",
        ) from error
    info = place / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[pullpush]", *lines, ""]), encoding="utf-8")
