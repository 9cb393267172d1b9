# ruff: noqa: E501 - commands
"""The command from the built wheel, in an environment of its own: no checkout, no git, no network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without fetching anything."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(place), str(ROOT)], check=True, capture_output=True)
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def home(wheel, tmp_path_factory):
    """An environment with the wheel and what it depends on, nothing of the checkout and no other connector."""
    place = tmp_path_factory.mktemp("home")
    venv.create(place / "venv", with_pip=False)
    python = place / "venv/bin/python"
    (site,) = (place / "venv/lib").glob("python*/site-packages")
    for entry in Path(next(each for each in sys.path if each.endswith("site-packages"))).iterdir():
        if not re.match(r"(__editable__|_?pullpush|__pycache__|_editable)", entry.name):
            (site / entry.name).symlink_to(entry)
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel), cwd=place)
    return place


def run(python, *arguments, cwd, code=0):
    """Run in that environment; its PATH holds nothing but its own scripts."""
    environment = {"PATH": str(python.parent), "HOME": str(cwd), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(python), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_wheel_holds_the_whole_template_and_no_more(wheel):
    """Every file that is tracked, dotted ones too."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("pullpush_sdk/scaffold/template/")}
    there = {path.relative_to(ROOT / "templates/connector").as_posix() for path in (ROOT / "templates/connector").rglob("*")
             if path.is_file() and not {"__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache"} & set(path.parts)}  # fmt: skip
    assert {name.removeprefix("pullpush_sdk/scaffold/template/") for name in packed} == there
    assert ".github/workflows/test.yml" in there


@pytest.mark.full
@pytest.mark.timeout(300)
def test_from_nothing_to_a_sync(home):
    """Made, installed, tested, validated, and synced between two of its sandboxes: untouched, and offline."""
    python = home / "venv/bin/python"
    pullpush = str(home / "venv/bin/pullpush")
    work = home / "work"
    work.mkdir()
    said = run(python, pullpush, "new-connector", "corner", "--no-input", "--types", "product,stocklevel", cwd=work)
    assert re.search(r"tests: \d+ passed", said), said
    assert str(ROOT) not in said
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "./pullpush-corner",
        cwd=work,
    )
    if "validate" in run(python, pullpush, "--help", cwd=work):
        run(python, pullpush, "validate", "pullpush-corner", cwd=work)
    listed = json.loads(run(python, pullpush, "connectors", "--json", cwd=work))
    assert "corner" in json.dumps(listed)
    assert "delivered" in sync(python, pullpush, work)


def sync(python, pullpush, work):
    """What `sync` says of a flow between two sandboxes that run meanwhile."""
    environment = os.environ | {"PATH": str(python.parent), "HOME": str(work)}
    servers = [
        subprocess.Popen(
            [str(python), pullpush, "sandbox", "corner", "--json", "--seed", str(seed), "--records", str(records)],
            cwd=work,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, records in ((1, 12), (2, 6))
    ]
    try:
        shops = [json.loads(read_object(server.stdout)) for server in servers]
        tables = [
            f'[connections.{name}]\nconnector = "corner"\nsandbox = "{shop["url"]}"\n'
            f'access_token = {{file = "{name}-access_token"}}\nwebhook_secret = {{file = "{name}-webhook_secret"}}\n'
            for name, shop in zip(("here", "there"), shops, strict=True)
        ]
        for name, shop in zip(("here", "there"), shops, strict=True):
            for secret, text in shop["secrets"].items():
                file = work / f"{name}-{secret}"
                file.write_text(text)
                file.chmod(0o600)
        flow = '[flows.copy]\nsource = "here"\ndestination = "there"\ntypes = ["product", "stocklevel"]\nstate = "active"\n'
        (work / "pullpush.toml").write_text("\n".join([*tables, flow]))
        return run(python, pullpush, "sync", "copy", cwd=work)
    finally:
        for server in servers:
            server.terminate()
            server.wait(timeout=20)
            server.stdout.close()


def read_object(stream):
    """The JSON object that a command prints first."""
    text = ""
    for line in stream:
        text += line
        try:
            json.loads(text)
        except ValueError:
            continue
        return text
    return text
