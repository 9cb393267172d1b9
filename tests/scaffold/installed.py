"""Connectors as their users have them: built into wheels, installed into an environment, and tried there."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs

_SECONDS = 900


@attrs.frozen(kw_only=True)
class Tried:
    """What came of tests: those that passed and those that did not (with what was said), each by its file."""

    passed: frozenset[Path]
    failed: dict[Path, str]
    output: str


def build(folder: Path, wheels: Path) -> Path:
    """The wheel that the build backend which the project names makes of it."""
    system = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    backend = importlib.import_module(system["build-backend"])
    with contextlib.chdir(folder):
        return wheels / backend.build_wheel(str(wheels))


def install(place: Path, wheels: Iterable[Path]) -> Path:
    """The interpreter of a new environment with these wheels; what they need is there from this one."""
    venv.create(place, with_pip=False)
    (site,) = (place / "lib").glob("python*/site-packages")
    (site / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--no-index", "--no-deps", "--no-compile", *map(str, wheels)], cwd=place)
    return python


def leave_only_tests(folder: Path) -> None:
    """Take the package out of a project's folder: what its tests import now is what was installed."""
    for package in folder.glob("pullpush_*"):
        shutil.rmtree(package)


def run_tests_of(python: Path, folders: Sequence[Path], report: Path) -> Tried:
    """Their tests in one process, by the settings that all of them share; the laws are left out."""
    settings = {
        (folder / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.pytest")[2] for folder in folders
    }
    assert len(settings) == 1, "connectors with different settings for their tests cannot be tested in one run"
    root = folders[0].parent
    tests = [str(test) for folder in folders for test in own_tests(folder)]
    pytest = [str(python), "-m", "pytest", "-q", "--rootdir", str(root), "-c", str(folders[0] / "pyproject.toml")]
    options = [
        "--import-mode=importlib",
        "--continue-on-collection-errors",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
    ]
    told = ["-o", "junit_family=xunit1", f"--junitxml={report}"]
    done = _run([*pytest, *options, *told, *tests], cwd=root, check=False)
    return _read(report, root, f"{done.stdout}\n{done.stderr}")


def own_tests(folder: Path) -> list[Path]:
    """The files of its tests but for the laws, as `pullpush new-connector` runs them."""
    return [test for test in sorted(folder.glob("tests/test_*.py")) if not test.name.endswith("_laws.py")]


def _read(report: Path, root: Path, output: str) -> Tried:
    passed: set[Path] = set()
    failed: dict[Path, str] = {}
    for case in ET.parse(report).iter("testcase") if report.is_file() else ():
        # A file that could not be imported is a case whose name is the module's.
        file = root / (case.get("file") or f"{(case.get('name') or '').replace('.', '/')}.py")
        words = [f"{part.get('message')}\n{part.text}" for part in case if part.tag in ("failure", "error", "skipped")]
        if words:
            failed[file] = f"{case.get('name')}: {' '.join(words)}"
        else:
            passed.add(file)
    return Tried(passed=frozenset(passed), failed=failed, output=output)


def _run(command: Sequence[str], *, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(cwd / ".hypothesis"),
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert not check or done.returncode == 0, f"{command[:6]}\n{done.stdout}\n{done.stderr}"
    return done
