"""A store in trouble: the platform is told to come again, nothing that got its 2xx is lost, work resumes by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from pullpush_sdk.serve import work_inbox

from .kit import Process, Sent, flow, process, run

SPEC = flow()


def is_told_to_come_again(sent: Sent) -> bool:
    return sent.status == 503 and int(sent.headers["retry-after"]) > 0


def test_a_locked_database_answers_503_until_it_is_free(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path, flows=[SPEC]) as p:
            assert (await p.order("1", "before")).status == 202
            other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            sent = await asyncio.gather(*(p.order(str(n), "locked out", id_=f"t{n}") for n in range(5)))
            assert all(map(is_told_to_come_again, sent))
            working = asyncio.ensure_future(work_inbox(p.targets, p.engine, stop=(stop := asyncio.Event())))
            await asyncio.sleep(0.5)
            other.execute("ROLLBACK")
            other.close()
            assert (await p.order("0", "again", id_="t0")).status == 202
            while await p.engine.inbox.status():  # noqa: ASYNC110 - the worker tells nobody
                await asyncio.sleep(0.01)
            stop.set()
            await working
            assert [payload["note"] for _, payload in await p.drain(SPEC)] == ["again", "before"]

    run(scenario)


def test_a_full_disk_answers_503_and_keeps_what_it_has(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path, flows=[SPEC]) as p:
            assert (await p.order("1", "before")).status == 202
            pages = await _pragma(p, "page_count")
            await _pragma(p, f"max_page_count = {pages + 20}")
            answers = [await p.order(str(n), "x" * 10_000) for n in range(2, 40)]
            assert {each.status for each in answers} == {202, 503}
            assert is_told_to_come_again(answers[-1])
            kept = sum(each.status == 202 for each in answers) + 1
            assert (await p.engine.inbox.status())[0].waiting == kept
            await _pragma(p, f"max_page_count = {pages * 100}")
            await p.work()
            assert len(await p.drain(SPEC)) == kept

    run(scenario)


async def _pragma(p: Process, what: str) -> int:
    def job(db: sqlite3.Connection) -> int:
        found: int = db.execute(f"PRAGMA {what}").fetchone()[0]
        return found

    return await p.engine._store.run(job, writes=False)


def test_an_inbox_that_refuses_is_asked_before_anything_is_read(tmp_path: Path) -> None:
    """Where limits of disk and inbox speak."""

    async def scenario() -> None:
        async with process(tmp_path) as p:
            p.engine.inbox.refusal = lambda: "the disk is nearly full"  # type: ignore[method-assign]
            assert is_told_to_come_again(await p.order("1", "x"))
            assert await p.engine.inbox.status() == []

    run(scenario)
