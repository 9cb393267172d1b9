"""Coverage-guided fuzzing of receiver and worker: `make fuzz`, or

    python -m tests.serve.fuzz_receiver -max_total_time=60

Every input is a request: which headers, which query, which body, signed or not. Whatever it is, the answer is none of
the server's own errors, and the inbox can be worked until it is empty. Needs atheris.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["pullpush_sdk.serve", "pullpush_sdk.declarative", "pullpush_sdk.mapping"]):
    from pullpush_sdk.canonical import CanonicalTypes
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.engine.embedded import SqliteEngine
    from pullpush_sdk.engine.policy import Backoff
    from pullpush_sdk.serve import Limits, Target, work_inbox
    from pullpush_sdk.serve._receiver import Receiver

    from .kit import connection_to, flow, shop, sign

TOPICS = (b"order.updated", b"", b"other", b"\xff")
METHODS = ("POST", "POST", "POST", "GET")
SEEDS = (
    b'\x00{"data": {"id": 7, "note": "n", "at": "2026-01-01T00:00:00Z"}}',
    b'\x04{"event": "order.updated", "data": {"id": "a"}}',
    b'\x04{"batch": [{"event": "order.updated", "data": {"id": 1}}, null, []]}',
    b'\x00{"type": "url_verification", "challenge": "abc"}',
    b"\x03",
    b'\x40type=url_ver{"data": {"id": 1.5e3}}',
    b'\x20id1234{"data": {"id": 1}}',
    b"\x10{}",
    b"\x00[[[[[[[[",
)
SPEC = flow("main", "order")
NO_HANDLER_LOOKS_UP = {
    "order.updated": {
        "canonical_type": "order",
        "data_path": "$.data",
        "map": {"orderId": "id", "status": {"value": "pending"}, "note": "note", "updatedAt": "at"},
    }
}


class Faults(logging.Handler):
    """Whatever is logged with an exception is a finding."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            assert record.exc_info[1] is not None
            raise record.exc_info[1]


class Fuzzer:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine = SqliteEngine(None, clock=SystemClock(), types=CanonicalTypes())
        self.held = self.engine.hold()
        self.loop.run_until_complete(self.engine.__aenter__())
        self.loop.run_until_complete(self.held.__aenter__())
        loaded = shop(handlers=NO_HANDLER_LOOKS_UP)
        self.target = Target(connection=connection_to(loaded, None), loaded=loaded, flows=lambda _kind: [SPEC])
        self.receiver = Receiver(lambda _name: self.target, self.engine, SystemClock(), Limits(body=5_000))

    def one(self, data: bytes) -> None:
        self.loop.run_until_complete(self.request(data))

    async def request(self, data: bytes) -> None:
        """The first byte says what kind of request, the rest is header, query and body."""
        kind, body = (data[0], data[1:]) if data else (0, b"")
        headers = [(b"x-topic", TOPICS[kind >> 2 & 3])]
        query = b""
        if kind & 32:
            headers, body = [*headers, (b"x-" + body[:2], body[2:6])], body[6:]
        if kind & 64:
            query, body = body[:12], body[12:]
        if not kind & 16:
            headers.append((b"x-sign", sign(body).encode()))
        method = METHODS[kind & 3]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"method": method, "headers": headers, "query_string": query, "path_params": {"connection": "shop"}}
        await self.receiver(scope, receive, send)  # type: ignore[arg-type]  # the messages of ASGI are dicts
        assert sent[0]["status"] in {200, 202, 400, 401, 404, 405, 413}, sent
        if sent[0]["status"] == 202:
            await work_inbox(
                lambda _name: self.target, self.engine, stop=asyncio.Event(), backoff=Backoff(base=0), until_idle=True
            )
            assert not await self.engine.inbox.status()


def main() -> None:
    logging.getLogger("pullpush").addHandler(Faults())
    logging.getLogger("pullpush").propagate = False
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([*sys.argv, folder], Fuzzer().one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
