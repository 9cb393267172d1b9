"""status with all it shows, --watch, and the life of a key."""

from __future__ import annotations

import re
import signal
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


def test_status_shows_how_a_flow_moves_and_what_to_mend(place: Any, as_json: Any) -> None:
    place.store(place.right).refuse |= {"S003|", "S005|"}
    place.run("sync", "main")
    place.run("reconcile", "main")
    (flow,) = as_json(place.run("status", "--json"))["flows"]
    assert flow["lagSeconds"] is None
    assert flow["ratePerMinute"] > 0
    assert flow["lastSuccess"].endswith("Z")
    assert flow["lastReconcile"]["compared"]["stocklevel"]["added"] == 2
    (cause,) = flow["deadCauses"]
    assert cause["count"] == 2
    words = place.run("status").stderr
    assert "main: nothing waits" in words
    assert "main: last reconcile" in words
    assert f"pullpush dead-letters retry --cause {cause['cause']}" in words


def test_what_waits_has_a_lag(place: Any, as_json: Any) -> None:
    place.right.control.faults.replace([{"fault": "status", "status": 401, "match": {"method": "POST"}}])
    place.run("sync", "main")
    (flow,) = as_json(place.run("status", "--json"))["flows"]
    assert flow["lagSeconds"] >= 0
    assert flow["lastSuccess"] is None
    assert "main: oldest waits" in place.run("status").stderr


@pytest.mark.parametrize("next_one", [{"refresh": "r2"}, {"unaided": True}], ids=["refreshed", "session"])
def test_a_token_that_runs_out_and_does_not_renew_is_named(place: Any, as_json: Any, next_one: Any) -> None:
    import asyncio

    from pullpush_sdk.http import FileTokenStore, Token
    from pullpush_sdk.project import ensure_state_dir, load_project, token_key

    project = load_project(place.folder)
    ensure_state_dir(project)
    tokens = {"left.sandbox": Token(access="a1", expires_at=datetime.now(UTC) + timedelta(days=2)),
              "right.sandbox": Token(access="a2", expires_at=datetime.now(UTC), **next_one)}  # fmt: skip
    for name, token in tokens.items():
        store = FileTokenStore(project.state_dir / "tokens" / name, [token_key(project).decode()])
        asyncio.run(store.save(token))
    shown = as_json(place.run("status", "--json"))["tokens"]
    assert [(each["connection"], each["renews"], bool(each["mend"])) for each in shown] == [
        ("left", False, True),
        ("right", True, False),
    ]
    assert (
        "left: its token runs out soon and is not renewed by itself: pullpush auth left" in place.run("status").stderr
    )


def test_watch_prints_plain_lines_where_nobody_looks_at_a_terminal(place: Any) -> None:
    place.run("sync", "main")
    process = place.start("status", "--watch", "--every", "0.1")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    for line in lines:
        assert re.fullmatch(
            r"main active read=24 waiting=0 delivered=24 unchanged=0 dead=0 lag=- rate=[\d.]+/min\n", line
        ), line
    assert place.run("status", "--watch", "--json").exit_code == 2


def test_events_tell_the_life_of_a_key(place: Any, as_json: Any) -> None:
    place.run("sync", "main")
    place.store(place.right).refuse.add("S003|")
    place.store(place.left).put("stocklevel", {"sku": "S003", "quantity": 33, "locationId": None})
    place.run("sync", "main")
    found = as_json(place.run("events", "S003", "--json"))
    assert [(each["type"], each["state"]) for each in found] == [
        ("product", "delivered"),
        ("stocklevel", "delivered"),
        ("stocklevel", "dead"),
    ]
    assert [each["origin"] for each in found] == ["read"] * 3
    assert found[-1]["payload"]["quantity"] == 33
    text = place.run("events", "S003", "--type", "stocklevel").stdout
    lines = [line.strip() for line in text.splitlines()]
    assert 'read       version 8: {"sku":"S003","quantity":3,"locationId":null}' in lines
    assert any(re.fullmatch(r"\S+Z delivered after [\d.]+ s", line) for line in lines)
    assert "S003| is not wanted here" in lines[-1]
    assert place.run("events", "S003", "--flow", "mian").exit_code == 2
    nothing = place.run("events", "no-such-key")
    assert nothing.exit_code == 1
    assert "nothing is known of 'no-such-key'" in nothing.stderr


def test_a_sync_sends_traces_to_the_collector_that_the_environment_names(place: Any) -> None:
    paths: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        done = place.call("sync", "main", environ=endpoint)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done
    assert set(paths) == {"/v1/traces"}
