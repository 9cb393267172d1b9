"""`pullpush run` as a real process."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from pullpush_sdk.canonical import CanonicalTypes, StockLevel
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.ports import FlowSpec

SCHEDULE = '\n[flows.main.schedule]\ndefault = "every 1s"\n'


@attrs.define
class Process:
    """A started `pullpush run`; its log is read as it comes."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = attrs.field(factory=list)
    _news: threading.Condition = attrs.field(factory=threading.Condition)

    def __attrs_post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self.lines.append({"event": "end of log"})
            self._news.notify_all()

    def said(self, words: str) -> dict[str, Any]:
        """The first line with these words, waited for."""
        with self._news:
            found = self._news.wait_for(lambda: next((each for each in self.lines if words in each["event"]), None), 20)
            assert found, self.lines
            return found

    @property
    def url(self) -> str:
        return str(self.said("listening on")["url"])

    def get(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def end(self, sign: int = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(20)


@pytest.fixture
def start(place: Any) -> Iterator[Any]:
    started: list[Process] = []
    place.file.write_text(place.file.read_text() + SCHEDULE)

    def make(*arguments: str) -> Process:
        found = Process(place.start("run", "--port", "0", "--log-format", "json", *arguments))
        started.append(found)
        return found

    yield make
    for each in started:
        each.process.kill()
        each.process.wait(10)
        for stream in (each.process.stdout, each.process.stderr):
            assert stream is not None
            stream.close()


def wait_for(process: Process, check: Any) -> None:
    event = threading.Event()
    for _ in range(1000):
        if check():
            return
        assert process.process.poll() is None, process.lines
        event.wait(0.02)
    raise AssertionError(process.lines)


def quantities(place: Any) -> dict[str, Any]:
    return {
        record["sku"]: record["quantity"] for _, record in place.store(place.right).rows.get("stocklevel", {}).values()
    }


def test_it_says_what_runs_and_where_and_is_healthy_and_ready(place: Any, start: Any, as_json: Any) -> None:
    running = start()
    first = running.said("flow main (active): left → right")
    assert first["schedules"] == {"product": "every 1s", "stocklevel": "every 1s"}
    assert running.get("/health") == (200, {"ok": True, "service": "pullpush"})
    status, ready = running.get("/health/ready")
    assert (status, ready["ok"], ready["reasons"], ready["degraded"]) == (200, True, [], [])
    assert ready["checks"]["flows"]["states"] == {"main": "active"}
    assert set(ready["checks"]) == {"store", "holder", "flows", "destinations", "inbox", "project"}
    wait_for(running, lambda: len(quantities(place)) == 12)

    def told() -> bool:
        (flow,) = as_json(place.run("status", "--json"))["flows"]
        return bool(flow["imports"].get("stocklevel", {}).get("ended") and flow["polls"].get("stocklevel"))

    wait_for(running, told)
    (flow,) = as_json(place.run("status", "--json"))["flows"]
    assert flow["imports"]["stocklevel"]["read"] == 12
    assert flow["polls"]["stocklevel"]["next"]
    assert running.end() == 0
    (flow,) = as_json(place.run("status", "--json"))["flows"]
    assert flow["polls"] == {}
    assert running.said("stopped")
    text = json.dumps(running.lines)
    assert place.environ["DEPOT_TOKEN"] not in text


def test_sigterm_finishes_the_write_under_way(place: Any, start: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 1, "skip": 2}])
    running = start()
    wait_for(running, lambda: len(place.store(place.right).writes) >= 3)
    assert running.end() == 0
    done = list(place.store(place.right).writes)
    place.right.control.faults.replace([])
    again = start()
    wait_for(again, lambda: len(quantities(place)) == 12)
    writes = place.store(place.right).writes
    assert writes[: len(done)] == done
    assert len(writes) == len(set(writes)) == 24


def test_a_second_signal_stops_at_once(place: Any, start: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 60}])
    running = start()
    wait_for(running, lambda: _pushing(place))
    running.process.send_signal(signal.SIGINT)
    running.said("stopping")
    assert running.process.poll() is None
    assert running.end(signal.SIGINT) == 130


def _pushing(place: Any) -> bool:
    return bool(place.right.control.faults.rules[0].fired)


def test_a_stop_takes_no_longer_than_its_grace(place: Any, start: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 60}])
    running = start("--grace", "0.5")
    wait_for(running, lambda: _pushing(place))
    assert running.end() == 0
    assert running.said("not everything was finished within 0.5 s")


def test_a_kill_loses_nothing(place: Any, start: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 30, "skip": 14}])
    running = start()
    wait_for(running, lambda: len(place.store(place.right).writes) >= 12)
    running.process.kill()
    running.process.wait(10)
    place.right.control.faults.replace([])
    place.store(place.left).put("stocklevel", {"sku": "S005", "quantity": 500, "locationId": None})
    again = start()
    wait_for(again, lambda: quantities(place).get("S005") == 500 and len(quantities(place)) == 12)
    assert again.end() == 0


def test_commands_of_other_processes_work_through_it(place: Any, start: Any, as_json: Any) -> None:
    running = start()
    wait_for(running, lambda: len(quantities(place)) == 12)
    paused = place.run("flow", "pause", "main")
    assert (paused.exit_code, "main is paused (was active)" in paused.stderr) == (0, True), paused
    assert f"process {running.process.pid} on" in paused.stderr
    place.store(place.left).put("stocklevel", {"sku": "S001", "quantity": 70, "locationId": None})
    assert "paused" in place.run("sync", "main").stderr
    assert running.get("/health/ready")[1]["checks"]["flows"]["states"] == {"main": "paused"}
    assert quantities(place)["S001"] == 1
    assert place.run("flow", "activate", "main").exit_code == 0
    wait_for(running, lambda: quantities(place)["S001"] == 70)

    place.store(place.right).refuse.add("S002|")
    place.store(place.left).put("stocklevel", {"sku": "S002", "quantity": 20, "locationId": None})
    assert place.run("sync", "main").stdout.startswith("main (active)")
    (letter,) = as_json(place.run("dead-letters", "list", "--json"))
    assert letter["key"] == "S002"
    place.store(place.right).refuse.clear()
    assert place.run("dead-letters", "retry", str(letter["id"])).exit_code == 0
    assert quantities(place)["S002"] == 20


def test_a_second_process_says_who_holds_the_store_and_a_taken_port_is_said(place: Any, start: Any) -> None:
    running = start()
    port = running.url.rpartition(":")[2]
    second = place.run("run", "--port", "0")
    assert second.exit_code == 1
    assert f"is held by pid {running.process.pid} on" in second.stderr
    taken = place.run("run", "--port", port)
    assert taken.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in taken.stderr


def test_a_flow_in_error_is_shown_with_its_reason_and_mend_and_recovers(place: Any, start: Any, as_json: Any) -> None:
    token, place.store(place.right).token = place.store(place.right).token, "revoked"
    running = start()
    running.said("flow main is in error")
    status, ready = running.get("/health/ready")
    assert (status, ready["ok"]) == (200, True)
    assert ready["degraded"] == [f"flow main is in error: {ready['checks']['flows']['errors']['main']}"]
    (row,) = as_json(place.run("flow", "list", "--json"))
    assert (row["state"], row["error"]["reason"]) == ("error", ready["checks"]["flows"]["errors"]["main"])
    assert "pullpush flow activate main" in place.run("flow", "list").stderr
    shown = place.run("status")
    assert "main is in error since" in shown.stderr
    place.store(place.right).token = token
    assert place.run("flow", "activate", "main").exit_code == 0
    wait_for(running, lambda: len(quantities(place)) == 12)
    wait_for(running, lambda: as_json(place.run("flow", "list", "--json"))[0]["state"] == "active")


OTHERS = """
[connections.lost]
connector = "depot"
sandbox = "{address}"
depot = "right"
token = {{file = "lost.token"}}

[flows.other]
source = "left"
destination = "lost"
types = ["stocklevel"]
state = "active"
schedule.default = "every 1s"

[flows.fails]
source = "left"
destination = "right"
types = ["order"]
state = "active"
schedule.default = "every 1s"
"""


def test_one_flow_s_trouble_is_its_own_and_is_got_over(place: Any, start: Any) -> None:
    """A secret that is not there, and a connector that raises: each is said, the others run, and both come back."""
    address = next(line for line in place.file.read_text().splitlines()[8:] if "sandbox" in line).split('"')[1]
    place.file.write_text(place.file.read_text() + OTHERS.format(address=address))
    place.store(place.left).rows["order"] = {"bad": (1, ["no record at all"])}
    running = start()
    wait_for(running, lambda: len(quantities(place)) == 12)
    wait_for(running, lambda: len(running.get("/health/ready")[1]["checks"]["flows"]["errors"]) == 2)
    status, ready = running.get("/health/ready")
    assert (status, ready["checks"]["flows"]["states"]["main"]) == (200, "active")
    errors = ready["checks"]["flows"]["errors"]
    assert "lost.token" in errors["other"]
    assert "pullpush_depot/hooks.py" in errors["fails"]
    assert "AttributeError" in errors["fails"]
    shown = place.run("status").stderr
    assert "lost.token" in shown
    assert "AttributeError" in shown

    (place.folder / "lost.token").write_text(place.environ["DEPOT_TOKEN"])
    del place.store(place.left).rows["order"]["bad"]
    for flow in ("other", "fails"):
        assert place.run("flow", "activate", flow).exit_code == 0
    wait_for(running, lambda: not running.get("/health/ready")[1]["checks"]["flows"]["errors"])

    # What is changed in the file meanwhile is said not to run yet.
    place.file.write_text(place.file.read_text() + "\n# a remark\n")
    assert "started again" in running.said("was changed")["event"]
    assert "the project file was changed" in running.get("/health/ready")[1]["degraded"][0]
    assert running.end() == 0


def test_a_store_that_cannot_be_written_makes_it_unready_and_work_resumes(place: Any, start: Any) -> None:
    import sqlite3

    running = start()
    wait_for(running, lambda: len(quantities(place)) == 12)
    store = sqlite3.connect(place.folder / ".pullpush" / "pullpush.db", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    wait_for(running, lambda: running.get("/health/ready")[0] == 503)
    ready = running.get("/health/ready")[1]
    assert not ready["checks"]["store"]["ok"]
    assert ready["reasons"]
    assert running.get("/health")[0] == 200
    store.execute("ROLLBACK")
    store.close()
    wait_for(running, lambda: running.get("/health/ready")[0] == 200)
    place.store(place.left).put("stocklevel", {"sku": "S001", "quantity": 70, "locationId": None})
    wait_for(running, lambda: quantities(place)["S001"] == 70)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_crash_restart_of_a_run_with_a_hundred_thousand_waiting(
    place: Any, start: Any, pytestconfig: pytest.Config
) -> None:
    """From the start of the process to the first write at the destination: under two seconds."""
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("half a minute long: run `make crash`")
    place.run("sync", "main")
    asyncio.run(_wait_in(place.folder / ".pullpush" / "pullpush.db", 100_000))
    before, began = len(place.store(place.right).writes), time.monotonic()
    running = start()
    wait_for(running, lambda: len(place.store(place.right).writes) > before)
    taken = time.monotonic() - began
    print(f"100,000 waiting deliveries: first write {taken:.2f} s after the start of the process")  # noqa: T201
    assert taken < 2.0


async def _wait_in(path: Path, number: int) -> None:
    flow = FlowSpec(name="main", source="left", destination="right", types=("stocklevel",))
    async with SqliteEngine(path, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
        for first in range(0, number, 1_000):
            events = [
                Event(type="stocklevel", version=n + 1, record=StockLevel(sku=f"W{n:06}", quantity=n))
                for n in range(first, first + 1_000)
            ]
            await engine.append(flow, "stocklevel", Page(events=events, cursor=None))
