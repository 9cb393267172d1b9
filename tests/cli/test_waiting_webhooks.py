"""Raw webhooks that nobody has received yet: shown, taken in by a sync, retried, and said to wait where they must."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.inbox import Received


def keep(place: Any, *bodies: bytes, connection: str = "left") -> None:
    """Webhooks that got their 2xx from a process that died before it received them."""

    async def store() -> None:
        path = place.folder / ".pullpush" / "pullpush.db"
        async with SqliteEngine(path, clock=SystemClock(), types=CanonicalTypes()) as engine:
            for body in bodies:
                request = WebhookRequest(headers={}, query={}, body=body, received_at=SystemClock().now())
                await engine.inbox.keep(Received(connection=connection, request=request))

    asyncio.run(store())


def notice(sku: str, quantity: int) -> bytes:
    record = {"sku": sku, "quantity": quantity, "locationId": None}
    return json.dumps({"type": "stocklevel", "record": record, "version": 10**6 + quantity}).encode()


def look(sku: str) -> bytes:
    return json.dumps({"type": "stocklevel", "look": f"{sku}|"}).encode()


def quantities(place: Any) -> dict[str, Any]:
    rows = place.store(place.right).rows.get("stocklevel", {})
    return {record["sku"]: record["quantity"] for _, record in rows.values()}


@pytest.fixture
def stocked(place: Any) -> Any:
    place.edit('types = ["product", "stocklevel"]', 'types = ["stocklevel"]')
    assert place.run("sync", "main").exit_code == 0
    return place


def test_status_shows_what_waits_and_a_sync_receives_it(stocked: Any, as_json: Any) -> None:
    stocked.store(stocked.left).put("stocklevel", {"sku": "S003", "quantity": 73, "locationId": None})
    keep(stocked, notice("S001", 71), look("S003"))
    (shown,) = as_json(stocked.run("status", "--json"))["inbox"]
    assert (shown["connection"], shown["waiting"], shown["failing"], shown["reason"]) == ("left", 2, 0, "")
    assert 0 <= shown["oldestSeconds"] < 60
    words = stocked.run("status").stderr
    assert "left: 2 webhooks wait in the inbox, the oldest for" in words
    assert "pullpush run or pullpush sync receives them" in words

    process = stocked.start("status", "--watch", "--every", "0.1")
    assert process.stdout is not None
    flow, inbox = process.stdout.readline(), process.stdout.readline()
    process.kill()
    process.communicate(timeout=20)
    assert flow.startswith("main active ")
    assert inbox.startswith("inbox left waiting=2 failing=0 oldest=")

    assert stocked.run("sync", "main").exit_code == 0
    found = quantities(stocked)
    assert (found["S001"], found["S003"]) == (71, 73)
    assert as_json(stocked.run("status", "--json"))["inbox"] == []


def test_a_paused_flow_leaves_them(stocked: Any, as_json: Any) -> None:
    keep(stocked, notice("S001", 71))
    stocked.run("flow", "pause", "main")
    stocked.run("sync", "main")
    assert as_json(stocked.run("status", "--json"))["inbox"][0]["waiting"] == 1
    stocked.run("flow", "activate", "main")
    stocked.run("sync", "main")
    assert quantities(stocked)["S001"] == 71


def test_what_cannot_be_understood_is_a_dead_letter_that_is_received_again_at_once(stocked: Any, as_json: Any) -> None:
    keep(stocked, b"not a notice")
    assert stocked.run("sync", "main").exit_code == 1
    (letter,) = as_json(stocked.run("dead-letters", "list", "--json"))
    assert "this is no notice of the depot" in letter["reason"]
    again = stocked.run("dead-letters", "retry", str(letter["id"]))
    assert (again.exit_code, "1 wait again" in again.stderr) == (1, True), again
    (other,) = as_json(stocked.run("dead-letters", "list", "--json"))
    assert other["id"] > letter["id"], "it was received, and is dead again"
    assert as_json(stocked.run("status", "--json"))["inbox"] == []


def test_a_look_up_that_fails_is_said_to_wait_and_why(stocked: Any, as_json: Any) -> None:
    stocked.left.control.faults.replace([{"fault": "status", "status": 503, "match": {"path": "/stocklevel/*"}}])
    stocked.store(stocked.left).put("stocklevel", {"sku": "S001", "quantity": 71, "locationId": None})
    keep(stocked, look("S001"))
    done = stocked.run("sync", "main", "--max-wait", "0.5")
    assert "1 webhooks of left still wait in the inbox" in done.stderr, done.stderr
    assert quantities(stocked)["S001"] == 71, "it was read all the same"
    assert as_json(stocked.run("status", "--json"))["inbox"][0]["waiting"] == 1
    stocked.left.control.faults.replace([])
    assert stocked.run("sync", "main").exit_code == 0
    assert as_json(stocked.run("status", "--json"))["inbox"] == []


def test_what_nobody_can_receive_is_said(stocked: Any, as_json: Any) -> None:
    keep(stocked, b"not a notice")
    stocked.run("sync", "main")
    (letter,) = as_json(stocked.run("dead-letters", "list", "--json"))
    token = stocked.environ.pop("DEPOT_TOKEN")
    again = stocked.run("dead-letters", "retry", str(letter["id"]))
    assert again.exit_code != 0
    assert "1 webhooks of left still wait in the inbox" in again.stderr
    assert "DEPOT_TOKEN" in again.stderr
    stocked.environ["DEPOT_TOKEN"] = token
