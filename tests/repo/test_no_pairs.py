"""No code names a pair: the SDK knows no platform, and no platform knows another."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLATFORMS = sorted(folder.name for folder in (ROOT / "plugins").iterdir() if (folder / "pyproject.toml").is_file())


def mentions(path, names):
    """Lines of code (not comments or docstrings of help) that hold one of the names as a word."""
    pattern = re.compile(rf"\b(pullpush_)?({'|'.join(names)})\b", re.IGNORECASE)
    text = path.read_text(encoding="utf-8")
    return [f"{path}:{n}: {line.strip()}" for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def sources(folder):
    return [path for ending in ("*.py", "*.yaml", "*.json") for path in sorted(folder.rglob(ending))]


def test_the_sdk_names_no_platform():
    """Neither runtime, engine nor mapping; prose in docstrings counts too."""
    cli = ROOT / "pullpush_sdk/cli"
    paths = [path for path in sources(ROOT / "pullpush_sdk") if cli not in path.parents]
    assert len(paths) > 100
    assert [line for path in paths for line in mentions(path, PLATFORMS)] == []


def test_the_command_line_names_platforms_as_examples_and_defaults_only():
    """Help texts and the demo's two defaults name them; nothing is decided by them."""
    lines = [line for path in sources(ROOT / "pullpush_sdk/cli") for line in mentions(path, PLATFORMS)]
    example = re.compile(r"pullpush |pullpush-|default=|_SHOPS = |# connector = ")
    assert [line for line in lines if not example.search(line.split(": ", 1)[1])] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_names_no_other(platform):
    """A connector's code and manifest speak of its own platform only."""
    others = [each for each in PLATFORMS if each != platform] + ["rivendell"]
    folder = ROOT / "plugins" / platform / f"pullpush_{platform}"
    assert [line for path in sources(folder) for line in mentions(path, others)] == []
