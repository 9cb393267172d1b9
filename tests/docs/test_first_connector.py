"""The tutorial, run: every command, every edit, and what it shows is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-connector.md"
_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
_EDIT = re.compile(r"put into (?P<file>\S+) (?P<how>behind|in place of): (?P<line>.*)")


@pytest.mark.full
@pytest.mark.timeout(300)
def test_the_tutorial_can_be_followed(tmp_path):
    """In an empty folder; what it installs is found by its metadata instead."""
    info = tmp_path / "installed/pullpush_corner-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pullpush-corner\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[pullpush]\ncorner = pullpush_corner.hooks\n")
    here = tmp_path / "work"
    here.mkdir()
    seen = 0
    for block in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        seen += 1
        if block["kind"] == "console":
            for line in block["text"].splitlines():
                here = obey(line.removeprefix("$ "), here, tmp_path, fails=block["mark"] == "fails")
        elif edit := _EDIT.fullmatch(block["mark"] or ""):
            put(here / edit["file"], edit["how"], edit["line"], block["text"])
        else:
            assert block["text"] in (here / "pullpush_corner/connector.yaml").read_text()
    assert seen >= 9


def obey(command, here, home, *, fails):
    """Run a line of the page; the folder in which the next one runs."""
    if command.startswith("cd "):
        return here / command.removeprefix("cd ")
    if command.startswith("pip install"):
        return here
    corner = home / "work/pullpush-corner"
    paths = [str(home / "installed"), str(corner)] if corner.exists() else []
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        command, shell=True, cwd=here, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.returncode != 0) == fails, f"{command}\n{done.stdout}\n{done.stderr}"
    return here


def put(file, how, line, text):
    """Make the edit that the page tells of."""
    found = [each for each in file.read_text().splitlines(keepends=True) if each.strip() == line]
    assert found, line
    old = file.read_text()
    file.write_text(old.replace(found[0], found[0] + text if how == "behind" else text, 1))
