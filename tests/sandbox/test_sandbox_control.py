from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from pullpush_sdk.sandbox import ChangeError, RequestLog, SandboxOptions


def _with_client(app, steps):
    async def main():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await steps(client)

    return asyncio.run(main())


def test_the_log_shows_platform_requests_only(make_toy, tmp_path):
    """Control requests are not logged; `after` pages; the file holds the same lines."""
    file = tmp_path / "log.jsonl"
    toy = make_toy(log_file=str(file))

    async def steps(client):
        await client.get("/items?page=1")
        await client.post("/items", json={"a": [1]})
        await client.get("/_sandbox")
        log = (await client.get("/_sandbox/log")).json()
        assert [(e["n"], e["method"], e["path"], e["query"], e["status"]) for e in log] == [
            (1, "GET", "/items", "page=1", 200),
            (2, "POST", "/items", "", 200),
        ]
        assert "body" not in log[0]
        assert log[1]["body"] == {"a": [1]}
        assert log[1]["started"] < log[1]["ended"]
        assert [json.loads(line) for line in file.read_text().splitlines()] == log
        assert (await client.get("/_sandbox/log?after=1")).json() == log[1:]
        assert (await client.get("/_sandbox/log?after=x")).status_code == 400

    _with_client(toy.app, steps)


def test_the_log_is_bounded():
    """Only the last `capacity` entries are held; numbers go on."""
    log = RequestLog(capacity=3)
    for _ in range(5):
        log.append({})
    assert [entry["n"] for entry in log.after()] == [3, 4, 5]


def test_changes_state_clock_and_reset(make_toy):
    """An edit shows in the state, a bad one is 400 with the reason, reset undoes everything."""
    toy = make_toy()

    async def steps(client):
        assert (await client.get("/_sandbox")).json()["changes"] == ["add"]
        assert (await client.post("/_sandbox/change", json={"kind": "add", "value": 5})).json() == {"added": 5}
        assert (await client.get("/_sandbox/state")).json() == {"writes": [5]}
        for bad in ({"kind": "add"}, {"kind": "nope"}, []):
            answer = await client.post("/_sandbox/change", json=bad)
            assert answer.status_code == 400
            assert answer.json()["error"]
        assert (await client.post("/_sandbox/clock", json={"advance": 7})).json()["seconds"] == 7
        for bad in ({}, {"advance": -1}, {"advance": "x"}, 3):
            assert (await client.post("/_sandbox/clock", json=bad)).status_code == 400
        toy.control.violations.count("something")
        assert (await client.get("/_sandbox/violations")).json() == {"rate_limited": 0, "something": 1}
        assert (await client.post("/_sandbox/faults", json={"fault": "x"})).status_code == 400
        await client.post("/_sandbox/faults", json=[{"fault": "reset"}])
        await client.post("/_sandbox/reset")
        assert (await client.get("/_sandbox/state")).json() == {"writes": []}
        assert (await client.get("/_sandbox/faults")).json() == []
        assert (await client.get("/_sandbox/violations")).json() == {"rate_limited": 0}

    _with_client(toy.app, steps)


def test_changes_in_process_know_their_kinds(make_toy):
    """The same edits without HTTP; an unknown kind names those that exist."""
    toy = make_toy()
    assert toy.control.change("add", value=1) == {"added": 1}
    with pytest.raises(ChangeError, match="add"):
        toy.control.change("remove")


def test_options_make_a_clock():
    """The time scale reaches the clock; a given clock wins; a negative number of records is refused."""
    options = SandboxOptions(time_scale=1000)
    assert options.make_clock() is not options.make_clock()
    clock = options.make_clock()
    assert SandboxOptions(clock=clock).make_clock() is clock
    with pytest.raises(ValueError):
        SandboxOptions(records=-1)
