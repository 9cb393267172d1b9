"""Both ends of the crash test: a shop's shelf and an ERP, a process of its own, with random faults on both sides.

Every write that the ERP applies is a line of its own log: sequence, key, value, version, whether it came as unsure,
start and end (monotonic nanoseconds). It applies what it has read whether or not the writer lives to see the answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_sdk.serve import listen, make_server

FAULT = 0.12


class Ends:
    def __init__(self, log: Path, seed: int) -> None:
        self.log = log.open("a", buffering=1)
        self.rng = random.Random(seed)
        self.shelf: dict[str, int] = {}
        self.sequence = 0
        self.busy = 0
        self.faults = True

    async def put(self, request: Request) -> Response:
        """The merchant counts the shelf: the next number."""
        number = request.path_params["id"]
        self.shelf[number] = self.shelf.get(number, 0) + 1
        return JSONResponse({"quantity": self.shelf[number]})

    async def show(self, request: Request) -> Response:
        number = request.path_params["id"]
        if self.faults and self.rng.random() < FAULT:
            return JSONResponse({"error": "try later"}, status_code=self.rng.choice([500, 502, 503]))
        quantity = self.shelf[number]
        await asyncio.sleep(self.rng.random() * 0.01)
        return JSONResponse({"sku": f"sku-{number}", "quantity": quantity})

    async def write(self, request: Request) -> Response:
        batch = json.loads(await request.body())
        self.busy += 1
        try:
            return await self.apply(batch)
        finally:
            self.busy -= 1

    async def apply(self, batch: list[dict[str, Any]]) -> Response:
        chance = self.rng.random() if self.faults else 1.0
        if chance < FAULT / 2:
            return JSONResponse({"error": "busy"}, status_code=503)
        start = time.monotonic_ns()
        await asyncio.sleep(self.rng.random() * 0.005)
        end = time.monotonic_ns()
        for each in batch:
            self.sequence += 1
            self.log.write(json.dumps({"n": self.sequence, "start": start, "end": end, **each}) + "\n")
        if chance < FAULT:
            return JSONResponse({"error": "applied, but who knows"}, status_code=500)
        return JSONResponse({"ok": len(batch)})

    async def quiet(self, _request: Request) -> Response:
        """When every write that was on the wire is dealt with: nobody can fence off a dead process's request."""
        while self.busy:  # noqa: ASYNC110 - a test's own server
            await asyncio.sleep(0.001)
        return JSONResponse({})

    async def calm(self, _request: Request) -> Response:
        self.faults = False
        return JSONResponse({})


async def main() -> None:
    ends = Ends(Path(sys.argv[1]), int(sys.argv[2]))
    routes = [
        Route("/stock/{id}", ends.show, methods=["GET"]),
        Route("/stock/{id}", ends.put, methods=["PUT"]),
        Route("/write", ends.write, methods=["POST"]),
        Route("/quiet", ends.quiet, methods=["POST"]),
        Route("/calm", ends.calm, methods=["POST"]),
    ]
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the parent waits for it
    await make_server(Starlette(routes=routes)).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main())
