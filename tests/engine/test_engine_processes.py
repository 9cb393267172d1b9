"""Several processes at one store: one dispatches, the others look and ask."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import EngineError, LeaseLostError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@contextmanager
def holder(url: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(HERE / "holder.py"), url, str(log)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        try:
            yield process
        finally:
            process.kill()


def engine_at(url: str) -> Engine:
    return open_engine(url, clock=SystemClock(), types=CanonicalTypes())


def test_others_are_told_who_holds_and_have_their_wishes_done(tmp_path: Path) -> None:
    """A second dispatcher is refused by name; a dead letter is retried from here while the holder dispatches."""
    url, log = f"sqlite:///{tmp_path}/store.db", tmp_path / "log"

    async def run(process: subprocess.Popen[str]) -> None:
        async with engine_at(url) as engine:
            with pytest.raises(LeaseLostError, match=f"held by pid {process.pid}"):
                async with engine.hold():
                    pass
            found = await engine.holder()
            assert found is not None
            assert found.pid == process.pid
            assert [letter.key for letter in await engine.dead_letters()] == ["bad"]
            command = await engine.submit("retry", {"key": "bad"})
            assert (await engine.wait_result(command, timeout=10)).value == {"retried": 1}
            await engine.wait_result(await engine.submit("finish", {}), timeout=10)
            assert await asyncio.to_thread(process.wait) == 0
            assert log.read_text().split() == ["good", "1", "bad", "2"]
            assert await engine.holder() is None
            async with engine.hold():
                assert (await engine.counts("shop-to-erp"))["order"]["delivered"] == 2

    with holder(url, log) as process:
        asyncio.run(run(process))


def test_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """The kernel takes the lock back; a command without a holder waits for the next."""
    url = f"sqlite:///{tmp_path}/store.db"

    async def run(process: subprocess.Popen[str]) -> None:
        async with engine_at(url) as engine:
            process.kill()
            await asyncio.to_thread(process.wait)
            assert await engine.holder() is None
            command = await engine.submit("retry", {})
            with pytest.raises(EngineError, match="no answer"):
                await engine.wait_result(command, timeout=0.01)
            stop = asyncio.Event()

            async def retry(_arguments: object) -> str:
                stop.set()
                return "done"

            async def fails(_arguments: object) -> str:
                raise ZeroDivisionError

            broken = await engine.submit("fails", {})
            async with engine.hold():
                await engine.run_commands({"retry": retry, "fails": fails}, stop=stop)
            assert (await engine.wait_result(command, timeout=1)).value == "done"
            assert "ZeroDivisionError" in (await engine.wait_result(broken, timeout=1)).error

    with holder(url, tmp_path / "log") as process:
        asyncio.run(run(process))
