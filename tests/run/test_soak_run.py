"""`pullpush run` for a long time under load and faults: memory and open files stay where they are.

What ended, and the webhooks as they came, go after two minutes, so that the store has its size soon. Ids of webhooks
stay, and pages of the store are cached: by so much as the store grows, up to the cache's size, memory may grow too.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from pathlib import Path

import attrs
import httpx
import pytest

from .both_shops import DESTINATION_FAULTS, SOURCE_FAULTS, Shops, both_shops

SENDERS = 4
CACHE_KB = 32_000


@attrs.frozen
class Look:
    """One look at the process: seconds since the start, resident kilobytes, open files, bytes of the store."""

    at: float
    memory: int
    files: int
    store: int


def look(shops: Shops, began: float) -> Look:
    assert shops.process is not None
    assert shops.process.returncode is None, shops.log()[-3000:]
    place = Path(f"/proc/{shops.process.pid}")
    memory = next(int(line.split()[1]) for line in (place / "status").read_text().splitlines() if "VmRSS" in line)
    store = sum(each.stat().st_size for each in (shops.folder / ".pullpush").glob("pullpush.db*"))
    return Look(time.monotonic() - began, memory, len(list((place / "fd").iterdir())), store)


async def soak(seconds: float) -> list[Look]:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}, {seconds:.0f} s")  # noqa: T201 - a failure is repeated with it
    looks: list[Look] = []
    async with both_shops(records=22, seed=seed, engine='keep = "2m"\nkeep_webhooks = "2m"') as shops:
        shops.world.source.sandbox.control.faults.replace(SOURCE_FAULTS)
        shops.world.destination.sandbox.control.faults.replace(DESTINATION_FAULTS)
        await shops.start()
        senders = [
            asyncio.ensure_future(shops.sender(number, shops.skus[number::SENDERS], pause=0.2))
            for number in range(SENDERS)
        ]
        began = told = time.monotonic()
        try:
            while time.monotonic() - began < seconds:
                await asyncio.sleep(min(5.0, seconds / 20))
                shops.look()
                looks.append(look(shops, began))
                if time.monotonic() - told >= 60:
                    told = time.monotonic()
                    print(looks[-1], shops.acknowledged, len(shops.writes), flush=True)  # noqa: T201 - it takes long
            shops.over.set()
            await asyncio.gather(*senders)
            shops.world.source.sandbox.control.faults.replace([])
            shops.world.destination.sandbox.control.faults.replace([])
            async with httpx.AsyncClient() as client:
                await shops.until_settled(client)
            shops.check()
            assert await shops.stop() == 0
        finally:
            for each in senders:
                each.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
        print(f"{shops.acknowledged} webhooks, {len(shops.writes)} writes")  # noqa: T201 - what it was worth
    return looks


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at a process through /proc")
@pytest.mark.timeout(7200)
def test_soak_run_memory_and_files_stay_flat(pytestconfig: pytest.Config) -> None:
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("twenty minutes long: run `make soak`")
    seconds = float(os.environ.get("SOAK_SECONDS", "1260"))
    looks = asyncio.run(soak(seconds))
    warm = looks[len(looks) // 4 :]  # connections are opened and caches filled by then
    third = len(warm) // 3
    first, last = warm[:third], warm[-third:]
    before, after = (statistics.median(each.memory for each in some) for some in (first, last))
    files = [max(each.files for each in some) for some in (first, last)]
    print(  # noqa: T201 - the figures
        f"memory {before / 1000:.1f} MB → {after / 1000:.1f} MB, open files {files[0]} → {files[1]}, "
        f"store {first[0].store / 1e6:.1f} MB → {last[-1].store / 1e6:.1f} MB over {looks[-1].at:.0f} s"
    )
    cached = min(max(last[-1].store - first[0].store, 0) / 1000, CACHE_KB)
    assert after - cached < before * 1.05 + 2_000, "memory grows"
    assert files[1] <= files[0] + 5, "open files grow"
