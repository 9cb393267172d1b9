"""Laws of the inbox: what was received stays until its events are stored, once, in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.engine.inbox import DeadRequest, Kept, LookUp, Received, WhichArrived
from pullpush_sdk.engine.ports import DeadFilter

from .bench import Bench, flow_of

__all__ = ["LAWS"]

_ROOM = 1 << 24


def _received(bench: Bench, body: bytes, **changes: str | None) -> Received:
    request = WebhookRequest(
        headers={"x-topic": "t", "x-sign": "é"}, query={"a": "b"}, body=body, received_at=bench.clock.now()
    )
    return Received(
        connection=changes.get("connection") or "shop",
        request=request,
        event=changes.get("event") or "e",
        transport_id=changes.get("transport_id"),
    )


async def _waiting(bench: Bench) -> list[Kept]:
    return list(await bench.engine.inbox.read(after=0, limit=1_000, most_bytes=_ROOM))


async def kept_request_survives_byte_for_byte(bench: Bench) -> None:
    """Headers, query, moment and body are what they were, after a crash too."""
    body = bytes(range(256)) * 3
    assert await bench.engine.inbox.keep(_received(bench, body))
    at = bench.clock.now()
    await bench.crash()
    (kept,) = await _waiting(bench)
    assert (kept.connection, kept.event, kept.request.body, kept.request.received_at) == ("shop", "e", body, at)
    assert (dict(kept.request.headers), dict(kept.request.query)) == ({"x-topic": "t", "x-sign": "é"}, {"a": "b"})
    assert kept.flow is None


async def requests_kept_together_keep_their_order(bench: Bench) -> None:
    """Arrival order is the order of the calls, however many share a commit; ids only grow."""
    bodies = [str(number).encode() for number in range(300)]
    kept = await asyncio.gather(*(bench.engine.inbox.keep(_received(bench, body)) for body in bodies))
    assert all(kept)
    rows = await _waiting(bench)
    assert [row.request.body for row in rows] == bodies
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    half = rows[150].id
    assert [row.id for row in await bench.engine.inbox.read(after=half, limit=1_000, most_bytes=_ROOM)] == [
        row.id for row in rows[151:]
    ]
    assert [row.id for row in await bench.engine.inbox.fetch([half, rows[3].id, 10**9])] == [rows[3].id, half]


async def repetition_is_told_by_connection_event_and_id(bench: Bench) -> None:
    """Also within one commit, after a crash, and after the first has been settled."""
    inbox = bench.engine.inbox
    same = [_received(bench, b"1", transport_id="x") for _ in range(3)]
    assert sorted(await asyncio.gather(*map(inbox.keep, same))) == [False, False, True]
    assert await inbox.keep(_received(bench, b"2", transport_id="x", event="other"))
    assert await inbox.keep(_received(bench, b"3", transport_id="x", connection="other"))
    assert await inbox.keep(_received(bench, b"4"))
    assert await inbox.keep(_received(bench, b"4"))
    await inbox.settle([row.id for row in await _waiting(bench)], [])
    await bench.crash()
    assert not await bench.engine.inbox.keep(_received(bench, b"1", transport_id="x"))
    assert not await _waiting(bench)


async def reading_is_bounded_by_bytes(bench: Bench) -> None:
    """The first is read however large it is."""
    for size in (1_000, 10, 10):
        await bench.engine.inbox.keep(_received(bench, b"x" * size))
    for bound, expected in ((1, 1), (1_010, 2), (10_000, 3)):
        assert len(await bench.engine.inbox.read(after=0, limit=10, most_bytes=bound)) == expected


async def failed_look_up_is_remembered(bench: Bench) -> None:
    """Number, reason and time of the next try outlive the process, per item; settling forgets them."""
    await bench.engine.inbox.keep(_received(bench, b"1"))
    (row,) = await _waiting(bench)
    now = bench.clock.now()
    for number in (1, 2):
        due = now + timedelta(seconds=number)
        await bench.engine.inbox.note_failure(
            LookUp(row=row.id, item=1, number=number, at=now, due=due, reason=f"no {number}")
        )
    await bench.crash()
    (row,) = await _waiting(bench)
    assert (row.tried[1].number, row.tried[1].reason, row.tried[1].due) == (2, "no 2", now + timedelta(seconds=2))
    (status,) = await bench.engine.inbox.status()
    assert (status.connection, status.waiting, status.failing, status.reason) == ("shop", 1, 1, "no 2")
    assert status.oldest == row.request.received_at
    await bench.engine.inbox.settle([row.id], [])
    assert await bench.engine.inbox.status() == []


async def dead_request_is_received_again_for_its_flow(bench: Bench) -> None:
    """It is listed with its raw body and its attempts; a retry puts it back as it came, a drop gives it up."""
    flow = flow_of("order")
    await bench.engine.inbox.keep(_received(bench, b"{odd"))
    (row,) = await _waiting(bench)
    now = bench.clock.now()
    failed = LookUp(row=row.id, item=0, number=1, at=now, due=now, reason="no answer", answer="503")
    await bench.engine.inbox.note_failure(failed)
    dead = DeadRequest(
        row=row.id,
        item=0,
        flow=flow.name,
        type="order",
        shadow=False,
        connection="shop",
        event="e",
        request=row.request,
        key="7",
        reason="not JSON",
    )
    await bench.engine.inbox.settle([row.id], [dead])
    await bench.engine.inbox.settle([row.id], [dead])
    await bench.crash()
    (letter,) = await bench.engine.dead_letters()
    shown = await bench.engine.dead_letter(letter.id)
    assert shown is not None
    assert (shown.flow, shown.type, shown.key, shown.mapped, shown.payload) == (flow.name, "order", "7", False, "{odd")
    assert [(each.reason, each.answer) for each in shown.attempts] == [("no answer", "503")]
    assert (await bench.tally(flow))["dead"] == 1
    assert (await bench.engine.retry_dead(DeadFilter(ids=[letter.id]))).retried == 1
    assert not await bench.engine.dead_letters()
    assert (await bench.tally(flow))["read"] == 0
    (again,) = await _waiting(bench)
    assert (again.flow, again.connection, again.request) == (flow.name, "shop", row.request)
    assert again.id > row.id
    assert not again.tried
    await bench.engine.inbox.settle([again.id], [attrs.evolve(dead, row=again.id)])
    assert await bench.engine.drop_dead(DeadFilter(flow=flow.name)) == 1
    assert (await bench.tally(flow))["dropped"] == 1


async def waiting_worker_is_woken(bench: Bench) -> None:
    """By what is kept, and by dead requests that are to be received again."""
    waiting = asyncio.ensure_future(bench.engine.inbox.wait(60))
    await asyncio.sleep(0)
    await bench.engine.inbox.keep(_received(bench, b"1"))
    await asyncio.wait_for(waiting, 5)
    await bench.engine.inbox.wait(0.001)


async def settled_request_is_kept_for_a_while(bench: Bench) -> None:
    """What arrived is listed, latest first, whether it waits or was settled, as it came; after a crash too."""
    inbox = bench.engine.inbox
    for number, event in enumerate(("a", "b", "a")):
        await inbox.keep(_received(bench, str(number).encode(), event=event))
        bench.clock.advance(60)
    rows = await _waiting(bench)
    await inbox.settle([row.id for row in rows[:2]], [])
    await inbox.settle([rows[0].id], [])
    await bench.crash()
    inbox = bench.engine.inbox
    found = await inbox.arrived(WhichArrived(), limit=10)
    assert [each.id for each in found] == [row.id for row in reversed(rows)]
    assert [each.settled_at is None for each in found] == [True, False, False]
    assert [each.request for each in reversed(found)] == [row.request for row in rows]
    second = rows[1].request.received_at
    for which, wanted in (
        (WhichArrived(event="a"), [2, 0]),
        (WhichArrived(since=second), [2, 1]),
        (WhichArrived(until=second), [1, 0]),
        (WhichArrived(ids=[rows[0].id, 10**9]), [0]),
        (WhichArrived(connection="other"), []),
    ):
        assert [each.id for each in await inbox.arrived(which, limit=10)] == [rows[place].id for place in wanted]
    (last,) = await inbox.arrived(WhichArrived(), limit=1, before=rows[1].id)
    assert last.id == rows[0].id
    bench.clock.advance(4 * 86_400)
    await bench.engine.prune()
    assert [each.id for each in await inbox.arrived(WhichArrived(), limit=10)] == [rows[2].id]


LAWS = (
    kept_request_survives_byte_for_byte,
    requests_kept_together_keep_their_order,
    repetition_is_told_by_connection_event_and_id,
    reading_is_bounded_by_bytes,
    failed_look_up_is_remembered,
    dead_request_is_received_again_for_its_flow,
    waiting_worker_is_woken,
    settled_request_is_kept_for_a_while,
)
