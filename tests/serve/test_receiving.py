"""A webhook from its request to the logs of the flows that read it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pullpush_sdk.engine.ports import DeadFilter

from .kit import flow, process, run, shop


def test_a_kept_webhook_reaches_every_flow_that_reads_its_type(tmp_path: Path) -> None:
    """Active, shadow and paused alike; a flow of another type hears nothing."""
    active, shadow = flow("active"), flow("shadow", state="shadow")
    paused, other = flow("paused", state="paused"), flow("other", "product")

    async def scenario() -> None:
        async with process(tmp_path, flows=[active, shadow, paused, other]) as p:
            sent = await p.order("7", "first")
            assert (sent.status, json.loads(sent.body)) == (202, {"ok": True})
            assert [each.waiting for each in await p.engine.inbox.status()] == [1]
            await p.work()
            assert await p.engine.inbox.status() == []
            for name in ("active", "shadow", "paused"):
                assert (await p.engine.counts(name))["order"]["waiting"] == 1, name
            assert await p.engine.counts("other") == {}
            assert [(key, payload["note"]) for key, payload in await p.drain(active)] == [("7", "first")]

    run(scenario)


def test_a_repetition_is_acknowledged_and_not_kept(tmp_path: Path) -> None:
    """The same id of the same event; the id alone, or no id at all, is no repetition."""

    async def scenario() -> None:
        async with process(tmp_path) as p:
            for _ in range(3):
                assert (await p.order("7", "a", id_="t-1")).status == 202
            assert (await p.engine.inbox.status())[0].waiting == 1
            await p.work()
            assert (await p.order("7", "a", id_="t-1")).status == 202
            assert await p.engine.inbox.status() == []
            await p.stock("7", id_="t-1")
            await p.order("7", "b")
            await p.order("7", "a")
            assert (await p.engine.inbox.status())[0].waiting == 3

    run(scenario)


def test_webhooks_that_arrive_together_share_commits_and_keep_their_order(tmp_path: Path) -> None:
    """Order per key through inbox, worker and log, with many senders at once."""
    spec = flow()

    async def scenario() -> None:
        async with process(tmp_path, flows=[spec]) as p:

            async def sender(key: int) -> None:
                for number in range(10):
                    assert (await p.order(f"k{key}", str(number))).status == 202

            await asyncio.gather(*(sender(key) for key in range(12)))
            await p.work()
            writes = await p.drain(spec)
            for key in range(12):
                assert [payload["note"] for name, payload in writes if name == f"k{key}"] == list("0123456789")

    run(scenario)


def test_a_batch_keeps_its_order_and_loses_only_what_cannot_be_mapped(tmp_path: Path) -> None:
    """Items are events of their own, also where the request as a whole has one id."""
    spec = flow()
    items = [{"event": "order.updated", "data": {"id": "a", "note": str(n)}} for n in range(5)]
    items.insert(2, {"event": "order.updated", "data": {"note": "whose?"}})

    async def scenario() -> None:
        async with process(tmp_path, flows=[spec]) as p:
            await p.send(json.dumps({"batch": items}).encode(), topic="", id_="one-for-all")
            await p.work()
            assert [payload["note"] for _, payload in await p.drain(spec)] == ["0", "1", "2", "3", "4"]
            (dead,) = await p.engine.dead_letters()
            assert (dead.verb, dead.mapped, json.loads(dead.payload)) == ("received", False, items[2])

    run(scenario)


def test_an_event_that_nobody_handles_is_acknowledged_and_forgotten(tmp_path: Path) -> None:
    """It is not even kept."""

    async def scenario() -> None:
        async with process(tmp_path, loaded=shop(array_path=None)) as p:
            assert (await p.send(b"{}", "shop.renamed")).status == 202
            assert await p.engine.inbox.status() == []
        async with process(tmp_path) as p:  # a batch may hold events that are handled
            assert (await p.send(b"{}", "shop.renamed")).status == 202
            await p.work()
            assert await p.engine.inbox.status() == []
            assert not await p.engine.dead_letters()

    run(scenario)


@pytest.mark.parametrize("ids", [None, {"parts": [{"source": "header", "path": "X-Id"}]}], ids=["no id", "id"])
def test_a_name_in_the_body_wins_over_its_fallback(tmp_path: Path, ids: object) -> None:
    """What is handled by its name in the body is kept, whatever the header says; and so is a body that has none."""
    named = {"parts": [{"path": "event"}], "fallback": {"source": "header", "path": "X-Topic"}}

    async def scenario() -> None:
        async with process(tmp_path, loaded=shop(array_path=None, event_name=named, transaction_id=ids)) as p:
            await p.send(b'{"event": "order.updated", "data": {"id": 1}}', "nobody handles this")
            await p.send(b"no json", "nobody handles this")
            assert (await p.engine.inbox.status())[0].waiting == 2
            await p.work()
            assert (await p.engine.counts("main"))["order"]["waiting"] == 1
            assert len(await p.engine.dead_letters()) == 1

    run(scenario)


def test_what_cannot_be_mapped_is_a_dead_letter_that_can_be_received_again(tmp_path: Path) -> None:
    """Per flow, with the raw body; retrying one receives it again for its flow only."""
    first, second = flow("first"), flow("second")
    raw = b'{"data": {"note": "no id"}, "n": 1.50}'

    async def scenario() -> None:
        async with process(tmp_path, flows=[first, second]) as p:
            assert (await p.send(raw)).status == 202
            await p.work()
            letters = await p.engine.dead_letters()
            assert [(each.flow, each.type, each.payload) for each in letters] == [
                ("first", "order", raw.decode()),
                ("second", "order", raw.decode()),
            ]
            shown = await p.engine.dead_letter(letters[0].id)
            assert shown is not None
            assert "orderId" in shown.reason
            (group, _) = await p.engine.dead_groups()
            assert group.count == 1

            report = await p.engine.retry_dead(DeadFilter(ids=[letters[0].id]))
            assert (report.retried, report.refused) == (1, {})
            assert (await p.engine.inbox.status())[0].waiting == 1
            await p.work()
            again = await p.engine.dead_letters()
            assert sorted(each.flow for each in again) == ["first", "second"]
            assert await p.engine.drop_dead(DeadFilter()) == 2
            assert not await p.engine.dead_letters()
            for name in ("first", "second"):
                counts = (await p.engine.counts(name))["order"]
                assert (counts["read"], counts["dead"], counts["dropped"], counts["waiting"]) == (1, 0, 1, 0)

    run(scenario)


def test_a_body_that_is_no_json_is_a_dead_letter(tmp_path: Path) -> None:
    """Of every flow that might have been meant."""

    async def scenario() -> None:
        async with process(tmp_path) as p:
            for body in (b"", b"not json", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b"1" * 5_000):
                assert (await p.send(body)).status == 202
            await p.work()
            assert len(await p.engine.dead_letters()) == 6
            assert await p.engine.inbox.status() == []

    run(scenario)


def test_a_crash_between_logging_and_settling_changes_nothing(tmp_path: Path) -> None:
    """Requests that are worked twice are logged once, with an id of their own or without."""
    spec = flow()

    async def scenario() -> None:
        async with process(tmp_path, flows=[spec]) as p:
            await p.order("1", "with an id", id_="t-1")
            await p.order("2", "without")
            settle = p.engine.inbox.settle

            async def killed(*_: object) -> None:
                raise asyncio.CancelledError

            p.engine.inbox.settle = killed  # type: ignore[method-assign]
            await asyncio.gather(p.work(), return_exceptions=True)
            p.engine.inbox.settle = settle  # type: ignore[method-assign]
            assert (await p.engine.inbox.status())[0].waiting == 2
            await p.work()
            assert await p.engine.inbox.status() == []
            counts = (await p.engine.counts("main"))["order"]
            assert (counts["waiting"], counts["repeat"]) == (2, 2)

    run(scenario)


@pytest.mark.parametrize("is_direct", [False, True])
def test_paths_and_methods_that_are_none(tmp_path: Path, is_direct: bool) -> None:
    """The same by the app's routes and past them."""

    async def scenario() -> None:
        async with process(tmp_path, is_direct=is_direct) as p:
            for path in ("", "/webhooks", "/webhooks/", "/webhooks/shop/more"):
                assert (await p.http.post(f"{p.url}{path}", content=b"")).status_code == 404, path
            assert (await p.order("1", "x", to="nobody")).status == 404
            url = f"{p.url}/webhooks/shop"
            answers = [await p.http.request(method, url) for method in ("GET", "PUT", "DELETE", "HEAD", "PATCH")]
            assert [each.status_code for each in answers] == [404, 405, 405, 405, 405]
            assert answers[1].headers["allow"] == "GET, POST"
            assert (await p.http.get(f"{p.url}/openapi.json")).json()["openapi"].startswith("3.1")

    run(scenario)


def test_the_handshake_is_answered_by_post_and_by_get(tmp_path: Path) -> None:
    """Before any verification: there is no secret yet when a platform asks."""

    async def scenario() -> None:
        async with process(tmp_path) as p:
            body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
            sent = await p.send(body, X_Sign="none yet")
            assert (sent.status, json.loads(sent.body)) == (200, {"challenge": "abc"})
            url = f"{p.url}/webhooks/shop"
            asked = await p.http.get(url, params={"type": "url_verification", "challenge": "abc"})
            assert (asked.status_code, asked.json()) == (200, {"challenge": "abc"})
            odd = json.dumps({"type": "url_verification", "challenge": {"a": 1}}).encode()
            assert (await p.send(odd, X_Sign="none yet")).status == 401
            assert await p.engine.inbox.status() == []

    run(scenario)
