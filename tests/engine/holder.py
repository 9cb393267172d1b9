"""A process that holds a store: dispatches, carries out commands, refuses one order until it is told to accept it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Outcome, Page
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.testing.engine_laws.bench import flow_of, order

FLOW = flow_of("order")


async def main(url: str, log: Path) -> None:
    stop, accepts = asyncio.Event(), asyncio.Event()

    async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        refused = [each.key == "bad" and not accepts.is_set() for each in batch]
        with log.open("a") as book:
            book.writelines(f"{each.key} {each.position}\n" for each, no in zip(batch, refused, strict=True) if not no)
        return [Outcome.dead("not yet") if no else Outcome.delivered() for no in refused]

    async with open_engine(url, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():

        async def retry(arguments: Mapping[str, Any]) -> Any:
            accepts.set()
            return {"retried": (await engine.retry_dead(DeadFilter(**arguments))).retried}

        async def finish(_arguments: Mapping[str, Any]) -> Any:
            stop.set()

        await engine.append(FLOW, "order", Page(events=[order("good", "paid", 1), order("bad", "paid", 1)], cursor=1))
        running = asyncio.ensure_future(engine.drain(FLOW, push, stop=stop, until_idle=False))
        while not await engine.dead_letters():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)
        print("up", flush=True)  # noqa: T201 - the parent waits for it
        await engine.run_commands({"retry": retry, "finish": finish}, stop=stop)
        await running
        await engine.drain(FLOW, push)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
