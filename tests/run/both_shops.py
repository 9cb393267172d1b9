"""Two emulated shops on loopback, a project that joins them, and the real `pullpush run` between them.

The source's merchant counts shelves, and the source tells by signed webhooks; what the destination was asked to write
is read from its own request log.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import httpx

from pullpush_sdk.cli._demo_world import World, open_world
from pullpush_sdk.cli._session import Session
from pullpush_sdk.sandbox import SandboxOptions

SHOP = "shopify"
TOPIC = "inventory_levels/update"

SOURCE_FAULTS = [
    {"fault": "status", "status": 503, "probability": 0.05, "seed": 1},
    {"fault": "reset", "probability": 0.02, "seed": 2},
    {"fault": "truncate", "probability": 0.02, "seed": 3},
]
DESTINATION_FAULTS = [
    {"fault": "status", "status": 500, "probability": 0.05, "seed": 4},
    {"fault": "lost_answer", "probability": 0.03, "seed": 5},
    {"fault": "reset", "probability": 0.02, "seed": 6},
]
_PULLPUSH = (sys.executable, "-c", "from pullpush_sdk.cli import main; main()")
FIRST = 1000  # seeded shelves hold less
_NOT_DONE = {"status", "reset"}  # faults after which a request was not carried out


@attrs.frozen(kw_only=True)
class Write:
    """One quantity that the destination was asked to set: monotonic nanoseconds of its beginning and end."""

    sku: str
    quantity: int
    began: int
    ended: int


@attrs.define(kw_only=True)
class Shops:
    """The two shops, the webhook's senders and the process in the middle."""

    world: World
    folder: Path
    port: int
    seed: int
    skus: Sequence[str]
    sent: dict[str, int] = attrs.field(factory=dict)
    acknowledged: int = 0
    refused: int = 0
    starts: list[int] = attrs.field(factory=list)
    writes: list[Write] = attrs.field(factory=list)
    seen: int = 0
    process: asyncio.subprocess.Process | None = None
    over: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # The process

    async def start(self, *arguments: str) -> None:
        """Start `pullpush run`; its log goes to a file."""
        with (self.folder / "run.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(*_PULLPUSH, "run", "--port", str(self.port), "--log-format", "json", *arguments),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        self.starts.append(time.monotonic_ns())

    def configure(self, old: str, new: str) -> None:
        """Change the project file."""
        file = Path(self.world.project.file)
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    async def until_listening(self) -> None:
        """Until a webhook got its 2xx from the process that was started last."""
        before = self.acknowledged
        end = time.monotonic() + 60  # a machine that is busy with other work takes its time
        while self.acknowledged == before:
            assert time.monotonic() < end, (
                f"nothing got its 2xx ({self.refused} were refused); {self._spent()}\n{self.log()[-6000:]}"
            )
            await asyncio.sleep(0.01)

    def _spent(self) -> str:
        """What the process did with its time: one that neither ran nor waited for a core was held up by something."""
        assert self.process is not None
        if self.process.returncode is not None:
            return f"the process ended with exit code {self.process.returncode}"
        try:
            ran, queued, *_ = Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()
        except OSError:  # only Linux tells
            return "nobody can say whether the process ran"
        seconds = (time.monotonic_ns() - self.starts[-1]) / 1e9
        return (
            f"of {seconds:.1f} s the process ran {int(ran) / 1e9:.1f} s and waited {int(queued) / 1e9:.1f} s for a core"
        )

    async def kill(self) -> None:
        """SIGKILL, and nothing else."""
        assert self.process is not None
        assert self.process.returncode is None, self.log()[-3000:]
        self.process.kill()
        await self.process.wait()
        # A request of the dead process may still be carried out: nobody can fence it off.
        await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """A graceful end; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    def log(self) -> str:
        return (self.folder / "run.log").read_text(encoding="utf-8")

    async def ready(self, client: httpx.AsyncClient) -> Any:
        """What /health/ready says; None while nothing answers."""
        try:
            return (await client.get(f"{self.url}/health/ready")).json()
        except httpx.TransportError:
            return None

    # Senders

    async def sender(self, number: int, skus: Sequence[str], pause: float = 0.0) -> None:
        """Counts shelves that nobody else counts, and tells each count until it gets its 2xx."""
        rng = random.Random(self.seed * 1000 + number)
        change = self.world.source.sandbox.control.change
        async with httpx.AsyncClient(timeout=10) as client:
            count = 0
            while not self.over.is_set():
                count += 1
                sku = rng.choice(skus)
                self.sent[sku] = self.sent.get(sku, FIRST) + 1
                level = change("stock", sku=sku, quantity=self.sent[sku])
                place = {f"{name}_id": int(level[name].rpartition("/")[2]) for name in ("item", "location")}
                body = {"inventory_item_id": place["item_id"], **place, "available": self.sent[sku]}
                for _ in range(2 if rng.random() < 0.1 else 1):
                    await self._send(client, json.dumps(body).encode(), f"{self.seed}-{number}-{count}")
                await asyncio.sleep(pause * rng.random() * 2)

    async def _send(self, client: httpx.AsyncClient, body: bytes, id_: str) -> None:
        headers = {"X-Shopify-Topic": TOPIC, "X-Shopify-Webhook-Id": id_, "X-Shopify-Hmac-Sha256": self._sign(body)}
        while True:
            try:
                answer = await client.post(f"{self.url}/webhooks/{SHOP}", content=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 200:
                self.acknowledged += 1
                return
            assert answer.status_code == 503, (answer.status_code, answer.text)
            self.refused += 1
            await asyncio.sleep(0.05)

    def _sign(self, body: bytes) -> str:
        secret = self.world.source.sandbox.secrets["client_secret"].encode()
        return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()

    # The destination's own evidence

    def look(self) -> None:
        """Take what is new of the destination's log."""
        for entry in self.world.destination.sandbox.control.log.after(self.seen):
            self.seen = entry["n"]
            if entry["path"].endswith("/products/quantities/bulk") and entry["fault"] not in _NOT_DONE:
                if entry["status"] is not None and entry["status"] >= 400:
                    continue
                for row in entry["body"]["products"]:
                    self.writes.append(
                        Write(
                            sku=row["identifer"], quantity=row["quantity"], began=entry["started"], ended=entry["ended"]
                        )
                    )

    async def until_settled(self, client: httpx.AsyncClient, seconds: float = 600.0) -> None:
        """Until the destination was told the last count of every shelf, and nothing waits: it takes two requests a
        second.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            if not self.behind() and not self.waiting():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(
            f"behind: {self.behind()}, waiting: {self.waiting()}\n{await self.ready(client)}\n{self.log()[-4000:]}"
        )

    def waiting(self) -> int:
        """Webhooks in the inbox and deliveries that have not ended."""
        path = self.folder / ".pullpush" / "pullpush.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            (inbox,) = db.execute("SELECT count(*) FROM inbox").fetchone()
            (log,) = db.execute("SELECT count(*) FROM delivery WHERE state = 0").fetchone()
        return int(inbox + log)

    def behind(self) -> dict[str, tuple[int, int | None]]:
        """Shelves whose last count is not the last that was written: what was sent, what was written."""
        last = {write.sku: write.quantity for write in sorted(self.writes, key=lambda each: each.began)}
        return {sku: (count, last.get(sku)) for sku, count in self.sent.items() if last.get(sku) != count}

    def check(self) -> None:
        """Order of every shelf, and one write of it at a time: between two starts of the process."""
        by_sku: dict[str, list[Write]] = defaultdict(list)
        for write in self.writes:
            if write.sku in self.sent:
                by_sku[write.sku].append(write)
        for sku, mine in by_sku.items():
            mine.sort(key=lambda each: (each.began, each.ended))
            for before, after in pairwise(mine):
                assert after.quantity >= before.quantity or before.quantity <= 1000, (
                    f"{sku} went back: {before} {after}"
                )
                if not any(before.began < start <= after.began for start in self.starts):
                    assert after.began >= before.ended, f"two writes of {sku} at once: {before} {after}"
        assert not self.behind()

    def violations(self) -> dict[str, int]:
        return dict(self.world.destination.sandbox.control.violations)


@asynccontextmanager
async def both_shops(*, records: int, seed: int, schedule: str = "every 5s", engine: str = "") -> AsyncIterator[Shops]:
    """Everything but the process, which is started by the test and ended here."""
    session = Session()
    options = SandboxOptions(records=records, seed=seed, rate_limits=False)
    async with open_world(session, SHOP, "salla", options) as world:
        file = Path(world.project.file)
        _set_up(file, schedule, engine)
        first = await asyncio.create_subprocess_exec(*_PULLPUSH, "sync", "catalogue", "stock", cwd=file.parent)
        await first.wait()  # a few of the seeded goods are not such as the destination takes
        ends = (world.source, world.destination)
        here, there = [
            {each.record.sku for each in await end.stock() if each.record.quantity is not None} for end in ends
        ]
        skus = sorted(here & there)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        shops = Shops(world=world, folder=file.parent, port=port, seed=seed, skus=skus)
        try:
            yield shops
        finally:
            if shops.process is not None and shops.process.returncode is None:
                shops.process.kill()
                await shops.process.wait()
            session.close()


def _set_up(file: Path, schedule: str, engine: str) -> None:
    state = 'state = "active"'
    text = file.read_text(encoding="utf-8").replace(state, f'{state}\nschedule.default = "{schedule}"')
    file.write_text(f"{text}\n[engine]\n{engine}\n", encoding="utf-8")
