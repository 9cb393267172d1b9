"""`pullpush run` in trouble: it says what is wrong, keeps what it took, and goes on by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from .both_shops import Shops, both_shops

DOWN = [{"fault": "status", "status": 503}]
REVOKED = [{"fault": "status", "status": 401, "body": {"error": {"code": "invalid_token"}}}]


async def until(client: httpx.AsyncClient, shops: Shops, check: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = await shops.ready(client)
        if found is not None and check(found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{await shops.ready(client)}\n{shops.log()[-3000:]}")


async def more(shops: Shops, number: int) -> None:
    """Until so many further webhooks got their 2xx."""
    goal = shops.acknowledged + number
    async with asyncio.timeout(30):
        while shops.acknowledged < goal:  # noqa: ASYNC110 - the senders tell nobody
            await asyncio.sleep(0.01)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_trouble_of_store_and_destination_is_outlasted(pytestconfig: pytest.Config) -> None:
    """A lock, a destination that is down, and one that revokes access, one after the other."""
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("a minute long: run `make crash`")

    async def scenario() -> None:
        async with both_shops(records=6, seed=5, schedule="every 2s") as shops, httpx.AsyncClient() as client:
            destination = shops.world.destination.sandbox.control.faults
            await shops.start()
            await until(client, shops, lambda found: found["ok"])
            sending = [asyncio.ensure_future(shops.sender(n, shops.skus[n::2], pause=0.1)) for n in range(2)]
            await more(shops, 5)

            # Another program locks the store: nothing is taken, and it is said.
            with closing(sqlite3.connect(shops.folder / ".pullpush" / "pullpush.db", isolation_level=None)) as foreign:
                foreign.execute("BEGIN IMMEDIATE")
                found = await until(client, shops, lambda found: not found["ok"])
                assert "locked" in found["reasons"][0] or "not answer" in found["reasons"][0], found
                assert shops.refused or shops.acknowledged
                foreign.execute("ROLLBACK")
            await until(client, shops, lambda found: found["ok"])
            await more(shops, 5)

            # The destination is down: webhooks are taken all the same, and it is given a rest.
            destination.replace(DOWN)
            found = await until(client, shops, lambda found: found["checks"]["destinations"]["resting"])
            assert found["ok"]
            assert "salla does not answer" in found["degraded"][0]
            await more(shops, 5)
            destination.replace([])

            # Its access is revoked: the flow is in error, and goes on when that is mended.
            destination.replace(REVOKED)
            found = await until(client, shops, lambda found: "stock" in found["checks"]["flows"]["errors"], 60)
            assert found["ok"]
            await more(shops, 5)
            destination.replace([])
            shops.over.set()
            await asyncio.gather(*sending)
            await shops.until_settled(client)
            shops.check()
            await until(client, shops, lambda found: not found["checks"]["flows"]["errors"], 60)
            assert await shops.stop() == 0

    asyncio.run(scenario())


@pytest.mark.timeout(120)
def test_a_disk_that_is_nearly_full_takes_no_webhook_and_says_so() -> None:
    async def scenario() -> None:
        engine = 'min_free = "900000GB"'
        async with both_shops(records=3, seed=5, engine=engine) as shops, httpx.AsyncClient() as client:
            await shops.start()
            found = await until(client, shops, lambda found: not found["ok"])
            assert "left, at least" in found["reasons"][0], found
            sending = asyncio.ensure_future(shops.sender(0, ["SKU-00001"]))
            async with asyncio.timeout(20):
                while shops.refused < 3:  # noqa: ASYNC110 - the sender tells nobody
                    await asyncio.sleep(0.01)
            assert not shops.acknowledged
            # Room was made, here by asking for less: what was refused comes again.
            assert await shops.stop() == 0
            shops.configure(engine, "")
            await shops.start()
            await more(shops, 1)
            shops.over.set()
            await sending
            assert await shops.stop() == 0

    asyncio.run(scenario())
