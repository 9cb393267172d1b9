from __future__ import annotations

import asyncio

import httpx
import pytest

from pullpush_sdk.sandbox import FaultPlan, FaultPlanError, SandboxClock, serve

_FACTS = {"method": "GET", "path": "/items", "query": "page=2", "body": ""}


def _fired(rule, n=30):
    plan = FaultPlan([rule])
    return [plan.pick(_FACTS) is not None for _ in range(n)]


def test_a_plan_is_deterministic():
    """The same rule and seed fire at the same requests in every run; another seed differs."""
    rule = {"fault": "reset", "probability": 0.5, "seed": 7}
    assert _fired(rule) == _fired(rule)
    assert _fired(rule) != _fired({**rule, "seed": 8})


def test_skip_and_times_bound_a_rule():
    """The first `skip` matching requests pass, then at most `times` suffer."""
    assert _fired({"fault": "reset", "skip": 2, "times": 3}, 7) == [False, False, True, True, True, False, False]


def test_every_pattern_must_match():
    """A rule with one pattern that does not fit leaves the request alone and does not count it."""
    plan = FaultPlan([{"match": {"path": "/items", "query": "*page=3*"}, "fault": "reset"}])
    assert plan.pick(_FACTS) is None
    assert plan.rules[0].seen == 0


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({}, "list"),
        (["x"], "rule 0"),
        ([{"fault": "explode"}], "explode"),
        ([{"fault": "reset", "match": {"host": "x"}}], "match"),
        ([{"fault": "reset", "match": {"path": 1}}], "match"),
        ([{"fault": "webhook_drop", "match": {"path": "x"}}], "event"),
        ([{"fault": "status", "status": 99}], "status"),
        ([{"fault": "status", "headers": {"a": 1}}], "headers"),
        ([{"fault": "reset", "probability": 2}], "probability"),
        ([{"fault": "reset"}, {"fault": "reset", "tmes": 1}], "rule 1: unknown key 'tmes'"),
    ],
)
def test_a_bad_plan_names_its_fault_and_changes_nothing(plan, words):
    """A refused plan leaves the one in force."""
    faults = FaultPlan([{"fault": "reset"}])
    with pytest.raises(FaultPlanError, match=words):
        faults.replace(plan)
    assert [rule.fault for rule in faults.rules] == ["reset"]


def test_faults_as_a_client_on_a_socket_sees_them(make_toy, caplog):
    """Every fault kind over a real connection; none of them makes the server log an error."""
    toy = make_toy(clock=SandboxClock(scale=100))

    async def main() -> None:
        async with serve(toy.app, quiet=False) as url, httpx.AsyncClient(base_url=url) as client:

            async def plan(**rule):
                await client.delete("/_sandbox/faults")
                answer = await client.post("/_sandbox/faults", json=[{"match": {"path": "/items"}, **rule}])
                assert answer.status_code == 200, answer.text

            await plan(fault="status", status=429, headers={"Retry-After": "2"}, body={"e": 1}, times=1)
            answer = await client.post("/items", json=1)
            assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (429, "2", {"e": 1})
            await plan(fault="reset")
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await client.post("/items", json=2)
            assert toy.writes == []
            await plan(fault="lost_answer")
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post("/items", json=3)
            assert toy.writes == [3]
            await plan(fault="truncate")
            with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
                await client.get("/items")
            await plan(fault="slow", seconds=5)
            assert (await client.get("/items?page=4")).json()["page"] == "4"
            await plan(fault="repeat_page", skip=1, times=1)
            pages = [(await client.get(f"/items?page={n}")).json()["page"] for n in (1, 2, 3)]
            assert pages == ["1", "1", "3"]

    asyncio.run(main())
    assert [(e["status"], e["fault"]) for e in toy.control.log.after()] == [
        (429, "status"),
        (None, "reset"),
        (None, "lost_answer"),
        (200, "truncate"),
        (200, "slow"),
        (200, None),
        (200, "repeat_page"),
        (200, None),
    ]
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_a_slow_answer_takes_its_time(make_toy, fake_time):
    """The body drips on the sandbox clock: with a frozen one it never ends, with an advanced one it does."""
    toy = make_toy()
    toy.control.faults.replace([{"fault": "slow", "seconds": 10}])

    async def main() -> None:
        transport = httpx.ASGITransport(toy.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            request = asyncio.create_task(client.get("/items"))
            done, _ = await asyncio.wait([request], timeout=0.05)
            assert not done
            while not request.done():
                toy.control.clock.advance(1)
                await asyncio.wait([request], timeout=0.03)
            assert (await request).status_code == 200

    asyncio.run(main())


def test_an_in_process_client_sees_a_reset_as_an_error(make_toy):
    """Without a server there is no connection; the client gets the error that a socket would have raised."""
    toy = make_toy()
    toy.control.faults.replace([{"fault": "reset"}])

    async def main() -> None:
        transport = httpx.ASGITransport(toy.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            with pytest.raises(ConnectionResetError):
                await client.get("/items")

    asyncio.run(main())
