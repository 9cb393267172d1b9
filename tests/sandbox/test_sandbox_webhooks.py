from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
from starlette.responses import Response

from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox import OutgoingWebhook, SandboxClock, is_loopback, serve


class Receiver:
    """Answers webhooks with the statuses that it was given, 200 after them."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[bytes] = []
        self.headers: list[dict[bytes, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        self.headers.append(dict(scope["headers"]))
        await Response(status_code=self.statuses.pop(0) if self.statuses else 200)(scope, receive, send)


def _hook(url, name):
    return OutgoingWebhook(event="item.made", url=f"{url}/in?x=1", headers={"X-Sig": "s"}, body=name.encode())


def _run(toy, receiver, steps):
    async def main():
        async with serve(receiver) as url, serve(toy.app) as base, httpx.AsyncClient(base_url=base) as client:
            return await steps(url, client)

    return asyncio.run(main())


def test_flush_posts_what_waits_in_order(make_toy):
    """Body and headers arrive as queued; attempts are recorded."""
    toy, receiver = make_toy(), Receiver()

    async def steps(url, client):
        for name in ("a", "b"):
            toy.outbox.queue(_hook(url, name))
        assert (await client.post("/_sandbox/webhooks/flush")).json() == {"sent": 2}
        assert receiver.bodies == [b"a", b"b"]
        assert receiver.headers[0][b"x-sig"] == b"s"
        shown = (await client.get("/_sandbox/webhooks")).json()
        assert [a["status"] for a in shown["attempts"]] == [200, 200]
        assert shown["pending"] == []

    _run(toy, receiver, steps)


def test_a_failed_delivery_is_tried_again_on_the_sandbox_clock(make_toy):
    """The second attempt comes when the clock says so, and after the last one the webhook is given up."""
    toy, receiver = make_toy(), Receiver(500, 500, 500, 500)

    async def steps(url, client):
        toy.outbox.queue(_hook(url, "a"))
        for attempt in (1, 2, 3):
            (waiting,) = (await client.get("/_sandbox/webhooks")).json()["pending"]
            assert (waiting["attempt"], waiting["due_in"]) == (attempt, 0 if attempt == 1 else 300)
            await client.post("/_sandbox/webhooks/flush")
        assert (await client.post("/_sandbox/webhooks/flush")).json() == {"sent": 0}
        assert len(receiver.bodies) == 3

    _run(toy, receiver, steps)


def test_deliveries_go_out_by_themselves(make_toy):
    """With `auto`, a request to the sandbox is enough; a retry waits for the clock and a new one does not."""
    toy, receiver = make_toy(clock=SandboxClock(scale=0.001), auto=True), Receiver(500)

    async def steps(url, client):
        async def wait_received(count):
            async with asyncio.timeout(5):
                while len(receiver.bodies) < count:
                    await client.get("/items")

        toy.outbox.queue(_hook(url, "a"))
        await wait_received(1)
        toy.outbox.queue(_hook(url, "b"))
        await wait_received(2)
        await client.post("/_sandbox/clock", json={"advance": 301})
        await wait_received(3)
        assert receiver.bodies == [b"a", b"b", b"a"]

    _run(toy, receiver, steps)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("webhook_duplicate", [b"a", b"a", b"b"]),
        ("webhook_reorder", [b"b", b"a"]),
        ("webhook_drop", [b"b"]),
        ("webhook_forge", [b"a ", b"b"]),
    ],
)
def test_webhook_faults(make_toy, fault, expected):
    """What the receiver sees when the first of two webhooks has a fault."""
    toy, receiver = make_toy(), Receiver()
    toy.control.faults.replace([{"fault": fault, "match": {"event": "item.*"}, "times": 1}])

    async def steps(url, client):
        toy.outbox.queue(_hook(url, "a"))
        toy.outbox.queue(_hook(url, "b"))
        await client.post("/_sandbox/webhooks/flush")

    _run(toy, receiver, steps)
    assert receiver.bodies == expected


def test_nothing_leaves_this_machine(make_toy):
    """Addresses that are not loopback are refused, whatever they look like."""
    assert all(map(is_loopback, ("http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]:80/")))
    bad = ("https://127.0.0.1/", "http://10.0.0.1/", "http://localhost.example.com/", "ftp://127.0.0.1/", "x", "")
    assert not any(map(is_loopback, bad))
    with pytest.raises(PullPushError, match="this machine"):
        make_toy().outbox.queue(_hook("http://192.0.2.1", "a"))


def test_a_dead_receiver_is_an_error_of_the_attempt(make_toy):
    """A refused connection is recorded and tried again, never raised."""
    toy = make_toy()

    async def main():
        async with serve(toy.app) as url:
            pass
        toy.outbox.queue(_hook(url, "a"))
        assert await toy.outbox.flush() == 1
        (attempt,) = toy.outbox.attempts
        assert attempt["status"] is None
        assert "Connect" in attempt["error"]
        assert len(toy.outbox.pending()) == 1

    asyncio.run(main())


def test_flush_waits_its_turn_behind_what_is_being_sent_by_itself(make_toy):
    """Called from another loop than the server's while that one sends: nothing twice, nothing out of order."""
    toy = make_toy(auto=True)
    arrived, go_on = threading.Event(), threading.Event()
    bodies: list[bytes] = []

    async def slow(scope, receive, send):
        bodies.append((await receive())["body"])
        arrived.set()
        await asyncio.to_thread(go_on.wait, 10)
        await Response(status_code=200)(scope, receive, send)

    async def main():
        async with serve(slow) as url, serve(toy.app) as base, httpx.AsyncClient(base_url=base) as client:
            for name in ("a", "b", "c"):
                toy.outbox.queue(_hook(url, name))
            await client.get("/_sandbox/log")
            await asyncio.to_thread(arrived.wait, 10)
            flushed = asyncio.create_task(toy.outbox.flush())
            await asyncio.sleep(0)
            go_on.set()
            async with asyncio.timeout(10):
                await flushed
        assert bodies == [b"a", b"b", b"c"]

    asyncio.run(main())


def test_flush_before_the_first_request_sends_once(make_toy):
    """Nobody serves yet when it begins; a request that comes while it sends does not send it again."""
    toy = make_toy(auto=True)
    arrived, go_on = threading.Event(), threading.Event()
    bodies: list[bytes] = []

    async def slow(scope, receive, send):
        bodies.append((await receive())["body"])
        arrived.set()
        await asyncio.to_thread(go_on.wait, 10)
        await Response(status_code=200)(scope, receive, send)

    async def main():
        async with serve(slow) as url, serve(toy.app) as base, httpx.AsyncClient(base_url=base) as client:
            for name in ("a", "b"):
                toy.outbox.queue(_hook(url, name))
            flushed = asyncio.create_task(toy.outbox.flush())
            await asyncio.to_thread(arrived.wait, 10)
            await client.get("/_sandbox/log")
            go_on.set()
            async with asyncio.timeout(10):
                await flushed
        assert bodies == [b"a", b"b"]

    asyncio.run(main())


def test_what_is_cleared_while_it_is_on_its_way_stays_forgotten(make_toy):
    """A reset in the middle of a sending is no error, and the webhook is not tried again."""
    toy = make_toy()

    async def main():
        async def resetting(scope, receive, send):
            await receive()
            toy.outbox.clear()
            await Response(status_code=500)(scope, receive, send)

        async with serve(resetting) as url:
            toy.outbox.queue(_hook(url, "a"))
            await toy.outbox.flush()

    asyncio.run(main())
    assert toy.outbox.pending() == []
