"""What must not be in the repository is not: registry hosts, machine paths, vendors' documents, forgotten marks."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked():
    """The files under version control; outside a checkout there is nothing to look at."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of files to look through")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines(pattern):
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}: {line.strip()[:100]}" for line in text.splitlines() if pattern.search(line)
        ]
    return found


def test_nothing_says_where_packages_come_from():
    """Dependencies are named and pinned; the place they are fetched from is the machine's own affair."""
    for name in ("constraints.txt", "requirements-dev.txt", "Makefile", ".ci/run", "pyproject.toml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert "--index" not in text, name
        assert "--extra" not in text, name


def test_no_path_of_a_machine():
    """Nothing depends on where a person keeps things."""
    assert lines(re.compile(r"(^|[^A-Za-z0-9._/-])/(home|root|work|Users)/[a-z]+/")) == []


def test_pins_are_pins():
    """Every line of the constraints file is one package at one version."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+", line)] == []


def test_every_plugin_has_the_same_skeleton():
    """Whoever knows one platform's folder knows all."""
    wanted = {"README.md", "pyproject.toml", "tests"}
    inner = {"__init__.py", "connector.yaml", "hooks.py", "py.typed", "sandbox"}
    for folder in sorted((ROOT / "plugins").iterdir()):
        if folder.is_dir():
            package = folder / f"pullpush_{folder.name}"
            assert wanted <= {path.name for path in folder.iterdir()}, folder.name
            assert inner <= {path.name for path in package.iterdir()}, folder.name


def test_connectors_import_public_names_only():
    """A plugin reaches neither into the SDK's private modules nor into its engine, flows or command line."""
    banned = re.compile(r"from pullpush_sdk(\.\w+)*\._|from pullpush_sdk\.(engine|flows|cli|project)|import httpx")
    sources = [path for path in tracked() if path.match("plugins/*/pullpush_*/*.py")]
    assert len(sources) > 20
    assert [path.name for path in sources if banned.search(path.read_text(encoding="utf-8"))] == []
    sandboxes = [path for path in tracked() if "/sandbox/" in path.as_posix() and path.match("plugins/**/*.py")]
    reach = re.compile(
        r"from pullpush_(?!sdk)\w+(?!\w*\.sandbox)\.(?!sandbox)\w+ import|from pullpush_sdk\.(?!sandbox|errors)"
    )
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in sandboxes
        if "/tests/" not in path.as_posix() and reach.search(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []
