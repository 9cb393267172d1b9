"""`pullpush map` on whole connectors: their own samples, what is filled and unused, and again after every change."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from tests.throwaway import HOOKS, install

ROOT = Path(__file__).parents[2]
MANIFEST = """\
manifest: 1
name: buoy
title: Buoy
version: 1.0.0
base_url: https://buoy.example
auth: {kind: none}
resources:
  stock:
    canonical_type: stocklevel
    list: {path: /stock}
    details: {path: "/stock/{{record.id}}"}
    response: {records: rows}
    canonical_map:
      sku: code
      quantity: {path: amount, transform: toNumberOrNull}
webhook:
  verification: {kind: none}
  event_name: {parts: [{path: event}]}
  handlers:
    stock.told: {canonical_type: stocklevel, data_path: data, map: {sku: sku, locationId: "@request.body.place"}}
samples: {traffic: samples/traffic.json}
"""
ROWS = [{"id": 1, "code": "A", "bin": "x"}, {"id": 2, "code": "B"}]
TOLD = {"event": "stock.told", "place": "p9", "data": {"sku": "C", "extra": 1}}
TRAFFIC = {
    "exchanges": [
        {"request": {"path": "/stock"}, "answer": {"body": {"rows": ROWS}}},
        {"request": {"path": "/stock/1"}, "answer": {"body": {"amount": 0, "warehouse_id": "w1"}}},
    ],
    "webhooks": [{"headers": {}, "body": json.dumps(TOLD)}],
}
PROJECT = """\
[project]
name = "pullpush-buoy"
version = "1"
[project.entry-points.pullpush]
buoy = "pullpush_buoy.hooks"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A plugin's folder, of a connector that is not installed; its package has a name of its own in every test."""
    name = f"pullpush-buoy{uuid.uuid4().hex}"
    found = tmp_path / "pullpush-buoy"
    files = {"hooks.py": HOOKS, "connector.yaml": MANIFEST, "samples/traffic.json": json.dumps(TRAFFIC)}
    package = install(found, name, files)
    shutil.rmtree(next(found.glob("*.dist-info")))
    (found / "pyproject.toml").write_text(PROJECT.replace("pullpush_buoy", package))
    before = list(sys.path)
    yield found
    sys.path[:] = before


def manifest_of(folder: Path) -> Path:
    return next(folder.glob("*/connector.yaml"))


def run(*arguments: str, stdin: str = "") -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["map", *arguments], input=stdin)


def test_all_maps_of_a_folder_are_tried_on_its_own_samples(folder: Path) -> None:
    """Lists with the details that were recorded, and webhooks with their bodies beside them."""
    done = run(str(folder))
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    assert [(each["sku"], each["quantity"]) for each in made["stock"]] == [("A", 0), ("B", None)]
    assert [(each["sku"], each["locationId"]) for each in made["stock.told"]] == [("C", "p9")]


def test_coverage_tells_what_is_filled_what_is_not_and_what_nobody_reads(folder: Path) -> None:
    done = run(str(folder), "stock", "--coverage", "--explain", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["stock"]
    fields = {each["field"]: each for each in found["coverage"]["fields"]}
    assert (fields["sku"]["state"], fields["sku"]["required"], fields["sku"]["filled"]) == ("filled", True, 2)
    assert (fields["quantity"]["state"], fields["quantity"]["filled"], fields["quantity"]["example"]) == (
        "partly",
        1,
        "0",
    )
    assert fields["locationId"]["state"] == "open"
    assert fields["locationId"]["couldBe"]["path"] == "warehouse_id"
    unused = {each["path"]: each for each in found["coverage"]["unused"]}
    assert set(unused) == {"id", "bin", "warehouse_id"}
    assert (unused["bin"]["records"], unused["warehouse_id"]["looksLike"]) == (1, "locationId")
    assert [each["fields"][0]["path"] for each in found["records"]] == ["code", "code"]
    table = run(str(folder), "stock", "--coverage").stdout
    assert "native fields that no rule reads" in table
    assert "perhaps warehouse_id" in table
    assert "\x1b" not in table


def test_a_required_field_without_a_rule_is_shown_as_missing(folder: Path) -> None:
    file = manifest_of(folder)
    file.write_text(MANIFEST.replace("      sku: code\n", ""))
    done = run(str(folder), "stock", "--coverage")
    assert done.exit_code == 1
    assert "REQUIRED, no rule" in done.stdout
    assert "sku" in done.stderr


def test_a_sample_may_be_recorded_traffic_or_an_answer(folder: Path) -> None:
    traffic = folder / "mine.json"
    traffic.write_text(json.dumps(TRAFFIC))
    answer = json.dumps({"rows": [{"code": "Z", "amount": "7"}]})
    done = run(str(folder), "stocklevel", "--sample", str(traffic), "--sample", "-", stdin=answer)
    assert [each["sku"] for each in json.loads(done.stdout)] == ["A", "B", "Z"], done.stderr


@pytest.mark.parametrize(("change", "words"), [
    (("canonical_map:", "canonical_mop:"), "canonical_mop"),
    (("      sku: code\n", ""), "sku of StockLevel is not mapped"),
    (("manifest: 1", "manifest: [1"), "connector.yaml"),
    (("samples/traffic.json", "samples/nowhere.json"), "nowhere.json"),
])  # fmt: skip
def test_what_does_not_load_is_told_with_its_place(folder: Path, change: tuple[str, str], words: str) -> None:
    file = manifest_of(folder)
    file.write_text(MANIFEST.replace(*change))
    done = run(str(file), "stock")
    assert done.exit_code == 2
    assert words in done.stderr
    assert "error:" in done.stderr


def test_a_miniapp_document_and_an_installed_connector(tmp_path: Path) -> None:
    document = ROOT / "tests" / "manifest" / "documents" / "miniapp.js"
    record = tmp_path / "record.json"
    record.write_text("{}")
    done = CliRunner().invoke(cli, ["map", str(document), "--coverage", "--json", "--sample", str(record)])
    assert done.exit_code in (0, 1), done.output
    assert all(each["coverage"]["fields"] for each in json.loads(done.stdout).values())
    done = CliRunner().invoke(cli, ["map", "salla", "orders", "--coverage"])
    assert done.exit_code == 0, done.output
    assert "over " in done.stdout


# Whoever runs the tests in the background has Ctrl-C ignored, and its processes inherit that.
WATCHED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pullpush_sdk.cli import main
main()
"""


class Watcher:
    """`pullpush map --watch` as a process; what it prints is waited for."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WATCHED, "map", *arguments, "--watch"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def run(self) -> str:
        """What one run prints."""
        text = ""
        while "watching " not in text:
            text += self._lines.get(timeout=40)
        return text

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@pytest.fixture
def watcher(folder: Path, tmp_path: Path) -> Iterator[Watcher]:
    sample = tmp_path / "beside.json"
    sample.write_text('{"code": "first", "amount": 1}')
    found = Watcher(str(folder), "stock", "--sample", str(sample))
    yield found
    found.process.kill()
    found.process.wait(10)
    assert found.process.stdout is not None
    found.process.stdout.close()


def test_watching_tries_again_after_a_change_and_survives_what_breaks(
    watcher: Watcher, folder: Path, tmp_path: Path
) -> None:
    manifest = manifest_of(folder)
    assert '"first"' in watcher.run()
    manifest.write_text(MANIFEST.replace("sku: code", "sku: [code"))
    assert "connector.yaml:" in watcher.run()
    (tmp_path / "beside.json").write_text('{"code": "second", "amount": 1}')
    manifest.write_text(MANIFEST)
    assert '"second"' in watcher.run()
    assert watcher.end() == 130
