"""`pullpush webhook` beside a real `pullpush run`: what is sent by hand is received, and received again when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.throwaway import HOOKS, install

MANIFEST = """\
manifest: 1
name: pier
title: Pier
version: 1.0.0
base_url: https://pier.example
auth: {kind: none}
settings: {type: object, properties: {hook_secret: {type: string}}}
secrets: [hook_secret]
resources:
  products:
    canonical_type: product
    list: {path: /products}
    canonical_map: {sku: code, title: name, updatedAt: at}
webhook:
  verification:
    kind: hmac-sha256
    header: X-Sign
    secret: "{{hook_secret}}"
    signed: "{{timestamp}}.{{body}}"
    timestamp_header: X-Time
  event_name: {parts: [{path: event}]}
  transaction_id: {parts: [{path: id}]}
  handlers:
    product.set: {resource: products, data_path: data}
    product.told: {canonical_type: product, data_path: data, map: {sku: code, title: name}}
samples:
  lamp: samples/lamp.json
"""
LAMP = {"event": "product.set", "id": "evt-1", "data": {"code": "L-1", "name": "Lamp", "at": "2026-01-01T10:00:00Z"}}
TOLD = {"event": "product.told", "id": "evt-2", "data": {"code": "T-1", "name": "first"}}
PROJECT = """
[connections.quay]
connector = "pier"
hook_secret = {env = "QUAY_SECRET"}

[flows.goods]
source = "quay"
destination = "right"
types = ["product"]
state = "active"
schedule.default = "manual"
"""


@attrs.define(kw_only=True)
class Quay:
    place: Any
    process: subprocess.Popen[str] | None = None

    def command(self, *arguments: str) -> Any:
        return self.place.run("webhook", *arguments)

    def json(self, *arguments: str) -> Any:
        done = self.command(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def run(self) -> None:
        log = (self.place.folder / "run.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from pullpush_sdk.cli import main; main()", "run", "--port", "0"],
            cwd=self.place.folder,
            env={**os.environ, "PYTHONPATH": self.place.python_path, **self.place.environ},
            stdout=log,
            stderr=log,
        )
        log.close()
        self.until(lambda: "listening on" in (self.place.folder / "run.log").read_text())

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(20) == 0
            self.process = None

    def until(self, check: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not check():
            assert time.monotonic() < end, (self.place.folder / "run.log").read_text()
            time.sleep(0.02)

    def titles(self) -> dict[str, str]:
        rows = self.place.store(self.place.right).rows.get("product", {})
        return {record["sku"]: record["title"] for _, record in rows.values()}

    def count(self, outcome: str) -> int:
        """How many events of the flow ended so."""
        (flow,) = [
            each for each in json.loads(self.place.run("status", "--json").stdout)["flows"] if each["flow"] == "goods"
        ]
        return int(flow["counts"].get("product", {}).get(outcome, 0))


@pytest.fixture
def quay(place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Quay]:
    site = tmp_path / "site"
    sample = {"webhooks": [{"headers": {"X-Time": "1767261600"}, "body": json.dumps(LAMP)}]}
    install(
        site, "pullpush-pier", {"hooks.py": HOOKS, "connector.yaml": MANIFEST, "samples/lamp.json": json.dumps(sample)}
    )
    place.python_path = os.pathsep.join([place.python_path, str(site)])
    monkeypatch.syspath_prepend(str(site))
    place.environ["QUAY_SECRET"] = "quay-secret"
    # Nothing is read by schedule: what arrives came by a webhook.
    place.edit('state = "active"', 'state = "paused"')
    place.file.write_text(place.file.read_text() + PROJECT)
    found = Quay(place=place)
    yield found
    if found.process is not None:
        found.process.kill()
        found.process.wait(10)


def test_sent_received_listed_and_replayed(quay: Quay, tmp_path: Path) -> None:
    """The whole life of webhooks that were sent by hand, against one running process."""
    shown = quay.json("send", "quay")
    assert [(each["sample"], each["event"], each["origin"]) for each in shown] == [("lamp", "product.set", "recorded")]

    nobody = quay.command("send", "quay", "lamp")
    assert nobody.exit_code == 1
    assert "start pullpush run" in nobody.stderr

    quay.run()
    sent = quay.command("send", "quay", "product.set")
    assert (sent.exit_code, sent.stdout.split()[0]) == (0, "200"), sent.stderr
    quay.until(lambda: quay.titles().get("L-1") == "Lamp")

    # Every one is new; the same id is a repetition, acknowledged and forgotten.
    again = quay.json("send", "quay", "lamp", "--count", "3", "--rate", "100")
    assert (again["sent"], again["good"]) == (3, 3)
    assert quay.json("send", "quay", "lamp", "--same-id")["good"] == 1
    assert quay.json("send", "quay", "lamp", "--same-id")["good"] == 1
    quay.until(lambda: len(quay.json("list", "--connection", "quay")) == 5)

    refused = quay.json("send", "quay", "lamp", "--tamper")
    assert ([each["status"] for each in refused["answers"]], refused["good"]) == ([401], 1)
    good, quay.place.environ["QUAY_SECRET"] = quay.place.environ["QUAY_SECRET"], "not-the-same"
    wrong = quay.command("send", "quay", "lamp")
    quay.place.environ["QUAY_SECRET"] = good
    assert (wrong.exit_code, wrong.stdout.split()[0]) == (1, "401")
    assert "quay-secret" not in sent.stdout + sent.stderr + json.dumps(again)

    # A moment of its own keeps an old state from going over a newer one; one that states none is as old as its arrival.
    first = tmp_path / "first.json"
    first.write_text(json.dumps({"webhooks": [{"body": json.dumps(TOLD)}]}))
    assert quay.command("send", "quay", "--file", str(first)).exit_code == 0
    quay.until(lambda: quay.titles().get("T-1") == "first")
    second = tmp_path / "second.json"
    second.write_text(json.dumps({"body": json.dumps({**TOLD, "data": {"code": "T-1", "name": "second"}})}))
    assert quay.command("send", "quay", "--file", str(second)).exit_code == 0
    quay.until(lambda: quay.titles().get("T-1") == "second")

    old = quay.json("list", "--event", "product.told", "--key", "first")
    assert len(old) == 1
    assert quay.json("list", "--key", "first", "--until", "1h") == []
    before, stale = quay.count("read"), quay.count("stale")
    assert quay.json("replay", str(old[0]["id"]))["replayed"] == 1
    quay.until(lambda: quay.count("read") == before + 1)  # no repetition
    assert quay.count("stale") == stale + 1  # and too old to be written
    assert quay.titles()["T-1"] == "second"

    # Through the receiver it arrives now, and is written.
    assert quay.json("replay", str(old[0]["id"]), "--send")["good"] == 1
    quay.until(lambda: quay.titles()["T-1"] == "first")

    # With the id that it has, it is the repetition of what came before.
    assert quay.json("replay", str(old[0]["id"]), "--same-id")["repeats"] == 1
    missing = quay.command("replay", "9999")
    assert (missing.exit_code, "There is no webhook 9999" in missing.stderr) == (2, True)
    quay.end()


def test_without_a_process_a_replay_waits_in_the_inbox(quay: Quay, tmp_path: Path) -> None:
    """A recorded file goes into the store; the process that starts later receives it."""
    file = tmp_path / "recorded.jsonl"
    lines = [{"body": json.dumps({**LAMP, "id": f"e{number}", "data": {**LAMP["data"], "code": f"L-{number}"}}),
              "receivedAt": "2026-02-01T00:00:00Z"} for number in range(3)]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, lines)))
    planned = quay.json("replay", "--connection", "quay", "--file", str(file), "--key", "L-1", "--dry-run")
    assert [each["event"] for each in planned] == ["product.set"]
    done = quay.command("replay", "--connection", "quay", "--file", str(file))
    assert done.exit_code == 0
    assert "3 in the inbox again" in done.stderr
    assert "received when `pullpush run` starts" in done.stderr
    assert [each["state"] if "state" in each else each["settledAt"] for each in quay.json("list")] == [None] * 3
    quay.run()
    quay.until(lambda: set(quay.titles()) == {"L-0", "L-1", "L-2"})
    shown = json.loads(quay.command("show", str(quay.json("list")[0]["id"])).stdout)
    assert json.loads(shown["webhooks"][0]["body"])["data"]["code"] == "L-2"
    assert shown["webhooks"][0]["receivedAt"] == "2026-02-01T00:00:00Z"
    quay.end()


@pytest.mark.parametrize(("arguments", "words"), [
    (["send", "nowhere"], "no connection named 'nowhere'"),
    (["send", "quay", "lamb"], "did you mean 'lamp'?"),
    (["send", "left", "lamp"], "'depot' has no sample webhook 'lamp'"),
    (["send", "quay", "lamp", "--url", "ftp://x"], "no address to send to"),
    (["send", "quay", "lamp", "--unsigned", "--tamper"], "one of them"),
    (["replay"], "Say which"),
    (["replay", "--since", "soon", "--connection", "quay"], "such as 2h"),
    (["replay", "--file", "pullpush.toml"], "--file needs --connection"),
    (["replay", "--file", "pullpush.toml", "--connection", "quay"], "is not JSON"),
])  # fmt: skip
def test_wrong_use_is_answered_with_the_mend(quay: Quay, arguments: list[str], words: str) -> None:
    done = quay.command(*arguments)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
