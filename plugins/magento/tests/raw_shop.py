"""A served sandbox and a plain HTTP client for it, without the connector."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import attrs
from pullpush_magento.sandbox import build

from pullpush_sdk.sandbox import Control, SandboxClock, SandboxOptions, serve


@attrs.define(kw_only=True)
class Raw:
    """`shop(method, path, body)` below the default store; answers are (status, JSON or text)."""

    url: str
    control: Control
    secrets: Mapping[str, str]
    verifier: str

    def __call__(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        bearer = self.secrets["access_token"] if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.send(method, f"/rest/default/V1/{path}", body, headers=headers)

    def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        own = {"Authorization": f"Bearer {self.secrets['access_token']}"} if headers is None else dict(headers)
        data = None if body is None else json.dumps(body).encode()
        url = (self.url + path).replace("[", "%5B").replace("]", "%5D")
        request = urllib.request.Request(url, method=method, data=data, headers=own)
        try:
            with urllib.request.urlopen(request) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def change(self, kind: str, **values: Any) -> Any:
        return self.control.change(kind, **values)

    def advance(self, seconds: float) -> None:
        self.control.clock.advance(seconds)


@contextmanager
def raw(*, records: int, **switches: str) -> Iterator[Raw]:
    """A sandbox served from a thread of its own; its clock stands unless it is advanced."""
    clock = SandboxClock(source=lambda: 0.0, start=datetime(2026, 3, 2, 12, tzinfo=UTC))
    sandbox = build(SandboxOptions(records=records, clock=clock, extra=switches))
    ready, done, found = threading.Event(), threading.Event(), []

    async def run() -> None:
        async with serve(sandbox.app) as url:
            found.append(url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(20)
        verifier = verifier_of(0)
        yield Raw(url=found[0], control=sandbox.control, secrets=sandbox.secrets, verifier=verifier)
    finally:
        done.set()
        thread.join(20)


def verifier_of(seed: int) -> str:
    """What the activation of the integration posted: it is made from the seed."""
    from hashlib import sha256

    return sha256(f"magento sandbox {seed} oauth_verifier".encode()).hexdigest()[:32]
