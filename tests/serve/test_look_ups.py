"""Thin webhooks: what they are about is looked up, tried again, and holds back only its own record."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import version_of
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.sandbox import serve
from pullpush_sdk.serve import work_inbox
from pullpush_sdk.testing.clock import VirtualClock

from .kit import flow, process, run, shop

SPEC = flow()


@attrs.define
class Shelf:
    """The shop's own records: `answers` replaces the answer for one id, `asked` counts requests."""

    stock: dict[str, int] = attrs.field(factory=dict)
    answers: dict[str, list[int]] = attrs.field(factory=dict)
    asked: Counter[str] = attrs.field(factory=Counter)
    hold: dict[str, asyncio.Event] = attrs.field(factory=dict)

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        async with serve(Starlette(routes=[Route("/stock/{id}", self.show)])) as address:
            yield address

    async def show(self, request: Request) -> Response:
        number = request.path_params["id"]
        self.asked[number] += 1
        quantity = self.stock[number]
        if self.answers.get(number):
            status = self.answers[number].pop(0)
            if status != 200:
                return JSONResponse({"error": "no"}, status_code=status)
        return JSONResponse({"sku": f"sku-{number}", "quantity": quantity})


def test_a_thin_webhook_reads_the_record_as_it_is_now(tmp_path: Path) -> None:
    """Its version is the moment at which the look-up began, not that of its arrival."""
    shelf = Shelf({"1": 5})

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            assert (await p.stock("1")).status == 202
            assert not shelf.asked
            between = version_of(SystemClock().now())
            await p.work()
            assert await p.drain(SPEC) == [("sku-1", {"sku": "sku-1", "quantity": 5})]
            (event,) = await p.engine.events_of_key("main", "stocklevel", "sku-1")
            assert event.version > between

    run(scenario)


def test_a_failing_look_up_holds_back_its_own_record_only(tmp_path: Path) -> None:
    """Others pass it; what comes after it waits, in order; in the end everything is there."""
    shelf = Shelf({"1": 1, "2": 2}, {"1": [500, 409, 503]})

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            for number in ("1", "2", "1"):
                await p.stock(number)
            await p.work()
            assert shelf.asked == {"1": 5, "2": 1}
            first, second = [await p.engine.events_of_key("main", "stocklevel", f"sku-{n}") for n in (1, 2)]
            assert len(first) == 2
            assert second[0].position < first[0].position < first[1].position
            assert await p.engine.inbox.status() == []

    run(scenario)


def test_a_look_up_that_never_works_is_a_dead_letter_with_its_attempts(tmp_path: Path) -> None:
    """After ten attempts, like a push; retrying it looks again."""
    shelf = Shelf({"1": 1, "2": 2}, {"1": [409] * 10})

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            await p.stock("1")
            await p.work()
            (letter,) = await p.engine.dead_letters()
            shown = await p.engine.dead_letter(letter.id)
            assert shown is not None
            assert (shown.type, shown.key, len(shown.attempts)) == ("stocklevel", "1", 9)
            assert "attempt 10, the last" in shown.reason
            assert (await p.engine.retry_dead(DeadFilter(key="1"))).retried == 1
            await p.work()
            assert [key for key, _ in await p.drain(SPEC)] == ["sku-1"]
            assert not await p.engine.dead_letters()

    run(scenario)


def test_a_record_that_is_gone_is_a_dead_letter_at_once(tmp_path: Path) -> None:
    shelf = Shelf({"1": 1}, {"1": [404]})

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            await p.stock("1")
            await p.work()
            assert shelf.asked == {"1": 1}
            assert len(await p.engine.dead_letters()) == 1

    run(scenario)


def test_an_outage_of_the_platform_makes_no_dead_letters(tmp_path: Path) -> None:
    """Credentials that are refused neither: everything waits, and the inbox says so."""
    shelf = Shelf({str(n): n for n in range(30)})
    gone = [503] * 400

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            shelf.answers = {str(n): list(gone) for n in range(30)}
            for n in range(30):
                await p.stock(str(n))
            stop, clock = asyncio.Event(), VirtualClock()
            working = asyncio.ensure_future(work_inbox(p.targets, p.engine, stop=stop, clock=clock))
            while clock.monotonic() < 3_600:  # noqa: ASYNC110 - an hour of it
                await asyncio.sleep(0.01)
            stop.set()
            await working
            assert not await p.engine.dead_letters()
            (status,) = await p.engine.inbox.status()
            assert (status.waiting, status.failing > 0, bool(status.reason)) == (30, True, True)

            shelf.answers = {"7": [401]}
            stop.clear()
            working = asyncio.ensure_future(work_inbox(p.targets, p.engine, stop=stop, clock=VirtualClock()))
            while await p.engine.inbox.status():  # noqa: ASYNC110 - the worker tells nobody
                await asyncio.sleep(0.01)
            stop.set()
            await working
            assert len(await p.drain(SPEC)) == 30
            assert not await p.engine.dead_letters()

    run(scenario)


def test_stopping_breaks_look_ups_off_and_loses_nothing(tmp_path: Path) -> None:
    shelf = Shelf({"1": 1})

    async def scenario() -> None:
        async with shelf.served() as platform, process(tmp_path, flows=[SPEC], platform=platform) as p:
            shelf.answers = {"1": [500] * 3}
            await p.stock("1")
            await p.order("9", "beside it")
            stop = asyncio.Event()
            slow = Backoff(base=1000, cap=1000)
            working = asyncio.ensure_future(work_inbox(p.targets, p.engine, stop=stop, backoff=slow))
            while not (await p.engine.counts("main")).get("order", {}).get("waiting"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            while not (await p.engine.inbox.status())[0].failing:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            stop.set()
            await asyncio.wait_for(working, 2)
            assert (await p.engine.inbox.status())[0].waiting == 1

    run(scenario)


def test_a_connector_of_its_own_code_is_checked(tmp_path: Path) -> None:
    """Nonsense instead of events is tried again and ends as a dead letter; other webhooks go on."""

    async def nonsense() -> object:
        return "not events"

    loaded = shop({"pullpush_receive": lambda request: nonsense() if b"odd" in request.body else None}, array_path=None)

    async def scenario() -> None:
        async with process(tmp_path, flows=[SPEC], loaded=loaded) as p:
            await p.order("odd", "x")
            await p.order("7", "fine")
            await p.work()
            assert [key for key, _ in await p.drain(SPEC)] == ["7"]
            (letter,) = await p.engine.dead_letters()
            assert "expected events" in letter.reason

    run(scenario)
