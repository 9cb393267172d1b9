"""The process that is killed: receiver, worker and dispatcher over one store.

    python -m tests.serve.crash.serving STORE PORT PLATFORM [finish]

With `finish` nothing is received any more: it works and delivers what is there, then says what became of everything.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette

from pullpush_sdk.canonical import CanonicalTypes, dumps
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Outcome
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.http import Call, Client
from pullpush_sdk.serve import Target, listen, make_server, webhook_routes, work_inbox
from tests.serve.kit import client_of, connection_to, flow, shop

ORDERS = flow("orders", "order", batch={"order": 5})
STOCK = flow("stock", "stocklevel", batch={"stocklevel": 20})
FLOWS = (ORDERS, STOCK)
QUICK = Backoff(base=0.02, cap=0.2)


async def push(client: Client, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    rows = [
        {
            "key": each.key,
            "value": each.payload.get("quantity", each.payload.get("note")),
            "version": each.version,
            "position": each.position,
            "maybe": each.maybe_applied,
        }
        for each in batch
    ]
    await client.send(Call(method="POST", url="/write", body=dumps(rows), content_type="application/json"))
    return [Outcome.delivered() for _ in batch]


async def main(store: Path, port: int, platform: str, *, finish: bool) -> None:
    clock = SystemClock()
    engine = SqliteEngine(store, clock=clock, types=CanonicalTypes(), backoff=QUICK)
    async with client_of(platform) as client, engine, engine.hold():
        loaded = shop()
        target = Target(
            connection=connection_to(loaded, client),
            loaded=loaded,
            flows=lambda kind: [each for each in FLOWS if kind in each.types],
        )

        def targets(_name: str) -> Target:
            return target

        async def deliver(kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            return await push(client, kind, batch)

        stop = asyncio.Event()
        if finish:
            await work_inbox(targets, engine, stop=stop, backoff=QUICK, until_idle=True)
            for each in FLOWS:
                report = await engine.drain(each, deliver)
                assert report.idle, report
            letters = await engine.dead_letters(limit=100_000)
            counts = [await engine.counts(each.name) for each in FLOWS]
            told = {
                "counts": counts,
                "inbox": sum(each.waiting for each in await engine.inbox.status()),
                "dead": [[each.verb, each.key, str(each.payload)] for each in letters],
            }
            print(json.dumps(told), flush=True)  # noqa: T201 - the parent waits for it
            return
        listener = listen("127.0.0.1", port)
        server = make_server(Starlette(routes=webhook_routes(targets, engine)))
        print("up", flush=True)  # noqa: T201 - the parent waits for it
        await asyncio.gather(
            server.serve(sockets=[listener]),
            work_inbox(targets, engine, stop=stop, backoff=QUICK),
            *(engine.drain(each, deliver, stop=stop, until_idle=False) for each in FLOWS),
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], finish=sys.argv[4:] == ["finish"]))
