"""The whole of `pullpush run` in trouble, on a clock that jumps: real HTTP, a real SQLite file, real sandboxes.

After each trouble: what it was is said where an operator looks, nothing was lost, and work went on by itself.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.http import Redactor
from pullpush_sdk.serve import Serving, listen, run_project

OFTEN = '[flows.main.schedule]\ndefault = "every 5s"\n'
HOUR = 3_600.0


class Jumping:
    """Forty seconds pass in one; it may be put forward, and its wall clock set back."""

    def __init__(self) -> None:
        self._wall, self._start, self._skipped = datetime.now(UTC), time.monotonic(), 0.0

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * 40 + self._skipped

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:  # noqa: ASYNC110 - it may be put forward meanwhile
            await asyncio.sleep(min(left / 40, 0.05))

    def skip(self, seconds: float) -> None:
        self._skipped += seconds

    def set_back(self, seconds: float) -> None:
        self._wall -= timedelta(seconds=seconds)


@attrs.define(kw_only=True)
class Joined:
    """A world whose project runs, as its operator sees it."""

    world: Any
    clock: Jumping
    url: str
    http: httpx.AsyncClient

    async def tell(self, sku: str, quantity: int, note: str = "") -> int:
        """The depot tells of a level by webhook; the status of the answer."""
        record = {"sku": sku, "quantity": quantity, "locationId": None}
        body = {"type": "stocklevel", "record": record, "note": note}
        headers = {"x-depot-token": self.world.store(self.world.left).token}
        answer = await self.http.post(f"{self.url}/webhooks/left", content=json.dumps(body), headers=headers)
        return answer.status_code

    async def ready(self) -> Any:
        return (await self.http.get(f"{self.url}/health/ready")).json()

    async def status(self) -> Any:
        """`pullpush status --json` of another process, as far as the store is concerned."""
        command = ["--project", str(self.world.project.file.parent), "status", "--json"]
        result = await asyncio.to_thread(CliRunner().invoke, cli, command, catch_exceptions=False)
        return json.loads(result.stdout)

    async def until(self, check: Callable[[], Any], *, skip: float = 0.0, seconds: float = 30.0) -> Any:
        """Until something holds, awaited where it can be; time is put forward by `skip` at each look."""
        async with asyncio.timeout(seconds):
            while True:
                found = check()
                found = await found if asyncio.iscoroutine(found) else found
                if found:
                    return found
                self.clock.skip(skip)
                await asyncio.sleep(0.02)

    def there(self, **wanted: int) -> bool:
        held = self.world.quantities(self.world.right)
        return all(held.get(sku) == quantity for sku, quantity in wanted.items())

    async def nothing_lost(self) -> None:
        assert not await self.world.engine.dead_letters()
        assert not await self.world.engine.inbox.status()


@asynccontextmanager
async def joined(make_world: Any) -> AsyncIterator[Joined]:
    clock, stop = Jumping(), asyncio.Event()
    async with make_world(clock=clock, records=4, types='["stocklevel"]', more=OFTEN) as world:
        with listen("127.0.0.1", 0) as listener:
            serving = Serving(listener=listener)
            running = asyncio.ensure_future(
                run_project(
                    world.project, world.plugins, world.engine,
                    redactor=Redactor(), serving=serving, stop=stop, clock=clock,
                )
            )  # fmt: skip
            async with httpx.AsyncClient(timeout=30) as http:
                it = Joined(world=world, clock=clock, url=serving.address, http=http)
                try:
                    await it.until(lambda: it.there(S000=0, S001=1, S002=2, S003=3))
                    yield it
                finally:
                    stop.set()
                    await running


@pytest.mark.timeout(120)
def test_an_hour_without_the_destination_a_clock_set_back_and_a_revoked_token(make_world: Any) -> None:
    async def go() -> None:
        async with joined(make_world) as it:
            right = it.world.right
            # The destination is down for an hour. What the platform tells meanwhile is taken.
            right.control.faults.replace([{"fault": "status", "status": 503}])
            for minute in range(60):
                assert await it.tell("W1", minute) == 200
                it.clock.skip(60)
                await asyncio.sleep(0.02)
            await it.until(it.world.engine.resting)
            shown = await it.status()
            assert "right" in shown["resting"]
            assert shown["flows"][0]["state"] == "active"
            assert shown["flows"][0]["counts"]["stocklevel"]["waiting"] >= 1
            assert "right does not answer" in (await it.ready())["degraded"][0]
            writes = len(it.world.store(right).writes)
            right.control.faults.replace([])
            await it.until(lambda: it.there(W1=59), skip=5)
            assert len(it.world.store(right).writes) == writes + 1, "older states are superseded, not written"
            await it.nothing_lost()

            # Somebody sets the clock back: what comes now is newer all the same.
            assert await it.tell("W2", 5) == 200
            await it.until(lambda: it.there(W2=5))
            it.clock.set_back(HOUR)
            assert await it.tell("W2", 6) == 200
            it.world.store(it.world.left).put("stocklevel", {"sku": "S001", "quantity": 11, "locationId": None})
            await it.until(lambda: it.there(W2=6, S001=11), skip=1)
            await it.nothing_lost()

            # Access is revoked: a person must act, and then it goes on.
            token, it.world.store(right).token = it.world.store(right).token, "revoked"
            assert await it.tell("W2", 7) == 200
            await it.until(lambda: _state(it, "error"), skip=1)
            (flow,) = (await it.status())["flows"]
            assert flow["state"] == "error"
            assert "401" in flow["error"]["reason"]
            assert "credentials" in flow["error"]["reason"]
            assert await it.tell("W2", 8) == 200
            it.world.store(right).token = token
            await it.until(lambda: it.there(W2=8), skip=20)
            await it.until(lambda: _state(it, "active"), skip=1)
            await it.nothing_lost()

    asyncio.run(go())


async def _state(it: Joined, wanted: str) -> bool:
    return bool((await it.ready())["checks"]["flows"]["states"]["main"] == wanted)


@pytest.mark.timeout(120)
def test_a_locked_store_and_a_full_disk(make_world: Any) -> None:
    async def go() -> None:
        async with joined(make_world) as it:
            path = it.world.project.state_dir / "pullpush.db"
            # Another program locks the store: nothing is taken, so nothing can be lost.
            with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
                foreign.execute("BEGIN IMMEDIATE")
                assert await it.tell("W1", 1) == 503
                found = await it.until(lambda: _unready(it))
                assert "locked" in found["reasons"][0]
                assert "locked" in (await it.status())["pressure"]["hint"]
                foreign.execute("ROLLBACK")
            await it.until(lambda: _ready(it))
            assert await it.tell("W1", 2) == 200
            await it.until(lambda: it.there(W1=2))

            # The disk is full: the same, and what was taken before is kept.
            await _pragma(it, "max_page_count = {pages}")
            taken, quantity, refused = 2, 2, 0
            async with asyncio.timeout(30):
                while not (refused and (found := await _unready(it))):
                    quantity += 1
                    if await it.tell("W1", quantity, note="x" * 20_000) == 200:
                        taken = quantity
                    else:
                        refused += 1
            assert "has no room left on its disk" in found["reasons"][0]
            await _pragma(it, "max_page_count = 1000000")
            await it.until(lambda: _ready(it), skip=1)
            await it.until(lambda: it.there(W1=taken), skip=1)
            assert await it.tell("W1", 1_000) == 200
            it.world.store(it.world.left).put("stocklevel", {"sku": "S001", "quantity": 11, "locationId": None})
            await it.until(lambda: it.there(W1=1_000, S001=11), skip=1)
            await it.nothing_lost()

    asyncio.run(go())


async def _unready(it: Joined) -> Any:
    found = await it.ready()
    return None if found["ok"] else found


async def _ready(it: Joined) -> bool:
    return bool((await it.ready())["ok"])


async def _pragma(it: Joined, words: str) -> None:
    def run(db: sqlite3.Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA {words.format(pages=pages + 4)}")

    await it.world.engine._store.run(run, writes=False)
