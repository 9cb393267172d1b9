"""`pullpush run` between two shops with random faults is killed at random, while twenty senders tell of changes.

Judged by the destination's own request log: what got its 2xx arrives, each shelf's counts in order, one at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from contextlib import closing

import httpx
import pytest

from .both_shops import DESTINATION_FAULTS, FIRST, SOURCE_FAULTS, Shops, both_shops

SENDERS = 20


async def kill_at_random(shops: Shops, kills: int) -> None:
    rng = random.Random(shops.seed)
    shops.world.source.sandbox.control.faults.replace(SOURCE_FAULTS)
    shops.world.destination.sandbox.control.faults.replace(DESTINATION_FAULTS)
    senders = [
        asyncio.ensure_future(shops.sender(number, shops.skus[number::SENDERS], pause=0.1)) for number in range(SENDERS)
    ]
    try:
        for _ in range(kills):
            await shops.start()
            # A few are killed before they listen, most in the middle of their work.
            if rng.random() < 0.8:
                await shops.until_listening()
            await asyncio.sleep(rng.random() * 1.5)
            await shops.kill()
            shops.look()
            for each in senders:
                if each.done():
                    each.result()
        await shops.start()
        shops.over.set()
        await asyncio.gather(*senders)
        shops.world.source.sandbox.control.faults.replace([])
        shops.world.destination.sandbox.control.faults.replace([])
        async with httpx.AsyncClient() as client:
            await shops.until_settled(client)
        assert await shops.stop() == 0
    finally:
        for each in senders:
            each.cancel()
        await asyncio.gather(*senders, return_exceptions=True)


async def scenario(kills: int) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed}")  # noqa: T201 - a failure is repeated with it
    async with both_shops(records=26, seed=seed, schedule="every 3s") as shops:
        assert len(shops.skus) >= SENDERS
        await kill_at_random(shops, kills)
        shops.check()
        written = [each for each in shops.writes if each.quantity > 1000]
        outcomes = ended(shops)
        print(  # noqa: T201 - what the run was worth
            f"{kills} kills: {shops.acknowledged} webhooks got their 2xx ({shops.refused} were told to come again), "
            f"{len(written)} writes of {len(shops.sent)} shelves; {outcomes}"
        )
        assert shops.acknowledged > 10 * kills, "hardly anything was sent: the kills proved little"


def ended(shops: Shops) -> dict[str, int]:
    """What the store says of the webhooks: all of them are in the log, none waits, none was lost on the way."""
    counts = "SELECT outcome, n FROM counter JOIN stream ON stream.id = stream WHERE flow = 'stock'"
    with closing(sqlite3.connect(shops.folder / ".pullpush" / "pullpush.db")) as db:
        assert db.execute("SELECT count(*) FROM inbox").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM delivery WHERE state = 0").fetchone() == (0,)
        letters = db.execute("SELECT payload, reason FROM delivery WHERE state = 2").fetchall()
        found = dict(db.execute(counts).fetchall())
    # The seeded shop has a few shelves that the destination refuses, such as those below zero.
    dead = [(payload, reason) for payload, reason in letters if (json.loads(payload).get("quantity") or 0) > FIRST]
    assert not dead, f"passing faults made dead letters: {dead}"
    return found


@pytest.mark.timeout(300)
def test_a_run_that_is_killed_loses_nothing() -> None:
    asyncio.run(scenario(kills=3))


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_crash_run_two_hundred_kills(pytestconfig: pytest.Config) -> None:
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("minutes long: run `make crash`")
    asyncio.run(scenario(kills=int(os.environ.get("KILLS", "200"))))
