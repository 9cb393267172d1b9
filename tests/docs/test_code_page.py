"""The page about the code names every package in the order that the layers have, and files that exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/code.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`[a-z`, ]+`) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _layers() -> list[list[str]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    return [sorted(re.split(r" *[|:] *", each)) for each in layers]


def test_packages_stand_in_the_order_of_the_layers():
    assert [sorted(_quoted(name)) for name, _, _ in ROWS] == _layers()


def test_every_file_to_begin_at_is_there():
    for names, _, begin in ROWS:
        for file in _quoted(begin):
            inside = [ROOT / "pullpush_sdk" / name / file for name in _quoted(names)]
            assert any(path.exists() for path in [*inside, ROOT / "pullpush_sdk" / file]), (names, file)


def test_every_path_in_the_way_of_a_record_is_there():
    text = PAGE.partition("## Follow one record")[2]
    files = [each for each in _quoted(text) if each.endswith(".py")]
    assert len(files) >= 5
    assert [each for each in files if not (ROOT / "pullpush_sdk" / each).is_file()] == []
