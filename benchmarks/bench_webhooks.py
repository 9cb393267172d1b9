"""Webhook ingest: requests a second, p50 and p99, the server's CPU per request, beside what the frameworks cost bare.

    python benchmarks/bench_webhooks.py [--dir DIR] [--seconds S] [--senders N] [--rounds N]

2 kB of JSON, HMAC-SHA256 over it, an id of its own for every request, kept durably (`synchronous=FULL`) before its 2xx.
Server and senders are processes of their own on a core each, where there are two. DIR must be on a real disk. Every
way runs in turn, `rounds` times; medians are shown. `floor` reads the body and answers; it verifies and keeps nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

SECRET = "bench"
WAYS = {
    "uvicorn": "floor: uvicorn, bare ASGI",
    "starlette": "floor: Starlette on uvicorn",
    "receive": "receiver",
    "work": "receiver, worker beside it",
}
MANIFEST = {
    "manifest": 1,
    "name": "shop",
    "title": "Shop",
    "version": "1.0.0",
    "base_url": "https://shop.example",
    "secrets": ["hook_secret"],
    "webhook": {
        "verification": {"kind": "hmac-sha256", "header": "X-Sign", "secret": "{{hook_secret}}"},
        "event_name": {"parts": [{"source": "header", "path": "X-Topic"}]},
        "transaction_id": {"parts": [{"source": "header", "path": "X-Id"}]},
        "response_body": {"ok": True},
        "handlers": {
            "order.updated": {
                "canonical_type": "order",
                "data_path": "$.data",
                "map": {"orderId": "id", "status": {"value": "pending"}, "note": "note"},
            }
        },
    },
}


async def floor_asgi(_scope, receive, send):
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def floor_starlette():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def hook(request):
        await request.body()
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/webhooks/{connection}", hook, methods=["POST"])])


def shop():
    from pullpush_sdk.declarative import connector_of
    from pullpush_sdk.hookspecs import hookimpl
    from pullpush_sdk.manifest import read_manifest
    from pullpush_sdk.plugins import Source, load_plugins

    manifest = read_manifest(json.dumps(MANIFEST), file="shop.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    return load_plugins([Source(name="shop", distribution="bench", load=lambda: module)]).connector("shop")


async def serve(way, folder):
    """Serve one way until stdin ends; then print the CPU seconds that it took since the first line of stdin."""
    from starlette.applications import Starlette

    from pullpush_sdk.canonical import CanonicalTypes
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.connector import Connection
    from pullpush_sdk.engine.embedded import SqliteEngine
    from pullpush_sdk.engine.ports import FlowSpec
    from pullpush_sdk.http import Secret
    from pullpush_sdk.serve import Target, direct, listen, make_server, webhook_routes, work_inbox

    spec = FlowSpec(name="bench", source="shop", destination="erp", types=("order",))
    engine = SqliteEngine(Path(folder) / "store.db", clock=SystemClock(), types=CanonicalTypes())
    async with engine, engine.hold():
        loaded, stop = shop(), asyncio.Event()
        connection = Connection(
            name="shop",
            connector=loaded.connector,
            settings={},
            secrets={"hook_secret": Secret(SECRET)},
            client=None,
            clock=SystemClock(),
            types=CanonicalTypes(),
        )
        target = Target(connection=connection, loaded=loaded, flows=lambda kind: [spec] if kind == "order" else [])
        if way in ("receive", "work"):
            routes = webhook_routes(lambda name: target if name == "shop" else None, engine)
            app = direct(Starlette(routes=routes), routes)
        else:
            app = floor_asgi if way == "uvicorn" else floor_starlette()
        listener, server = listen("127.0.0.1", 0), make_server(app)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        working = [asyncio.ensure_future(work_inbox(lambda _name: target, engine, stop=stop))] if way == "work" else []
        print(listener.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        cpu = time.process_time()
        await asyncio.to_thread(sys.stdin.read)
        cpu = time.process_time() - cpu
        kept = sum(each.waiting for each in await engine.inbox.status())
        logged = (await engine.counts("bench")).get("order", {}).get("read", 0)
        print(json.dumps({"cpu": cpu, "stored": kept + logged}), flush=True)
        stop.set()
        server.should_exit = True
        await asyncio.gather(serving, *working)


class Sender(asyncio.Protocol):
    """One connection that sends the next webhook as soon as the last one is answered."""

    def __init__(self, numbers, latencies, until):
        self.numbers, self.latencies, self.until = numbers, latencies, until
        self.left = b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.send()

    def send(self):
        number = next(self.numbers)
        text = json.dumps({"data": {"id": f"o{number % 5000}", "note": "x" * 1900 + str(number)}}).encode()
        sign = hmac.digest(SECRET.encode(), text, "sha256").hex()
        head = (
            "POST /webhooks/shop HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nX-Topic: order.updated\r\n"
            f"X-Id: {number}\r\nX-Sign: {sign}\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        self.started = time.perf_counter()
        self.transport.write(head.encode() + text)

    def data_received(self, data):
        self.left += data
        if b"\r\n\r\n" not in self.left or not self.left.endswith((b"ok", b"}")):
            return
        assert self.left.startswith(b"HTTP/1.1 200"), self.left
        self.left = b""
        now = time.perf_counter()
        self.latencies.append(now - self.started)
        if now < self.until:
            self.send()
        else:
            self.transport.close()
            self.over.set_result(None)


async def load(port, seconds, senders):
    latencies = []
    until = time.perf_counter() + seconds
    numbers = iter(range(10**9))
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Sender(numbers, latencies, until), "127.0.0.1", port)
        for _ in range(senders)
    ]
    await asyncio.gather(*(sender.over for _, sender in made))
    return latencies


def measured(way, arguments):
    """One run of one way: requests a second, p50 and p99 in milliseconds, CPU microseconds per request."""
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        command = [sys.executable, __file__, "--serve", way, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            port = int(server.stdout.readline())
            pin(server.pid, 0)
            asyncio.run(load(port, 0.5, arguments.senders))
            server.stdin.write("\n")
            server.stdin.flush()
            started = time.perf_counter()
            latencies = sorted(asyncio.run(load_again(port, arguments)))
            taken = time.perf_counter() - started
            server.stdin.close()
            report = json.loads(server.stdout.readline())
    count = len(latencies)
    return {
        "rate": count / taken,
        "p50": latencies[count // 2] * 1000,
        "p99": latencies[int(count * 0.99)] * 1000,
        "cpu": report["cpu"] / count * 1e6,
        "stored": report["stored"],
        "sent": count,
    }


async def load_again(port, arguments):
    """The measured run; its ids go on where those of the warm-up can never be."""
    latencies = []
    until = time.perf_counter() + arguments.seconds
    numbers = iter(range(10**9, 2 * 10**9))
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Sender(numbers, latencies, until), "127.0.0.1", port)
        for _ in range(arguments.senders)
    ]
    await asyncio.gather(*(sender.over for _, sender in made))
    return latencies


def pin(pid, core):
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > 1 or core == 0:
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--senders", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(*arguments.serve))
        return
    runs = {way: [] for way in WAYS}
    for _ in range(arguments.rounds):
        for way, found in runs.items():
            found.append(measured(way, arguments))
    print(f"{'':<28}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'CPU vs floor':>14}")
    floor = statistics.median(run["cpu"] for run in runs["starlette"])
    for way, found in runs.items():
        middle = {key: statistics.median(run[key] for run in found) for key in ("rate", "p50", "p99", "cpu")}
        print(
            f"{WAYS[way]:<28}{middle['rate']:>11,.0f}{middle['p50']:>9.1f}{middle['p99']:>9.1f}{middle['cpu']:>9.0f}"
            f"{middle['cpu'] / floor:>14.2f}"
        )
        if way in ("receive", "work"):
            assert all(run["stored"] >= run["sent"] for run in found), "not everything that was answered is stored"


if __name__ == "__main__":
    main()
