"""One poller at a time per connection: among tasks, among processes, and after a kill."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from pullpush_sdk.flows._poll_lock import PollLocks

_HOLD = """
import asyncio, sys
from pathlib import Path
from pullpush_sdk.flows._poll_lock import PollLocks

async def go():
    async with PollLocks(folder=Path(sys.argv[1])).hold("shop", stop=asyncio.Event()) as ours:
        print("held" if ours else "not held", flush=True)
        sys.stdin.read()

asyncio.run(go())
"""


def test_pollers_of_one_connection_take_turns_in_order_and_those_of_others_do_not_wait(tmp_path: Path) -> None:
    async def go() -> None:
        locks, order = PollLocks(folder=tmp_path), []
        free = asyncio.Event()

        async def poll(name: str, connection: str) -> None:
            async with locks.hold(connection, stop=asyncio.Event()) as ours:
                assert ours
                order.append(name)
                if name == "first":
                    await free.wait()
                order.append(f"{name} over")

        tasks = [asyncio.ensure_future(poll(name, "shop")) for name in ("first", "second", "third")]
        await poll("other", "stock")
        free.set()
        await asyncio.gather(*tasks)
        assert order.index("other over") < order.index("first over")
        mine = [each for each in order if not each.startswith("other")]
        assert mine == ["first", "first over", "second", "second over", "third", "third over"]

    asyncio.run(go())


def test_a_stop_ends_the_waiting_and_leaves_the_turn_to_the_next(tmp_path: Path) -> None:
    async def go() -> None:
        locks, stop, never = PollLocks(folder=tmp_path), asyncio.Event(), asyncio.Event()
        async with locks.hold("shop", stop=never):

            async def wait() -> bool:
                async with locks.hold("shop", stop=stop) as ours:
                    return ours

            waiting = asyncio.ensure_future(wait())
            next_one = asyncio.ensure_future(locks.hold("shop", stop=never).__aenter__())
            await asyncio.sleep(0)
            stop.set()
            assert await waiting is False
        assert await next_one is True

    asyncio.run(go())


def test_another_process_waits_until_the_one_that_polls_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        async def go() -> None:
            locks = PollLocks(folder=tmp_path)
            turn = locks.hold("shop", stop=asyncio.Event())
            waiting = asyncio.ensure_future(turn.__aenter__())
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done
            holder.kill()
            assert await asyncio.wait_for(waiting, 10)
            await turn.__aexit__(None, None, None)

        asyncio.run(go())
