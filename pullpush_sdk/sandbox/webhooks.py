"""The platform's side of webhooks: what is waiting to be sent, sending it, and trying again.

What to send is the platform's business: it makes body, headers and signature, and queues an `OutgoingWebhook`.
Deliveries go to loopback addresses only, one at a time and in the order of their due moments.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox.clock import SandboxClock
from pullpush_sdk.sandbox.faults import FaultPlan

__all__ = ["OutgoingWebhook", "WebhookOutbox", "is_loopback"]

_HISTORY = 10_000
_POLL = 0.02


@attrs.frozen(kw_only=True)
class OutgoingWebhook:
    """One signed request, ready to be posted as it is."""

    event: str
    url: str
    headers: Mapping[str, str]
    body: bytes


# Compared by identity: a duplicate has equal parts and is another delivery.
@attrs.define(kw_only=True, eq=False)
class _Pending:
    webhook: OutgoingWebhook
    due: float
    attempt: int = 1
    held: bool = False
    late: Callable[[], OutgoingWebhook] | None = None


def is_loopback(url: str) -> bool:
    """Whether `url` is plain http to an address of this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


class WebhookOutbox:
    """Waiting deliveries and the record of past attempts (`attempts`, JSON objects, the last 10,000).

    `retry_after` lists the sandbox seconds between one attempt and the next; after the last the webhook is given
    up. `accepted` are the statuses that count as success (None: any 2xx), `timeout` is in real seconds. With
    `auto`, what is queued goes out by itself from the event loop that serves the app; without, only `flush` sends.
    `given_up` hears of every webhook whose last attempt failed: some platforms then drop the subscription.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        faults: FaultPlan,
        retry_after: Sequence[float],
        accepted: Sequence[int] | None = None,
        timeout: float = 30.0,
        auto: bool = True,
        given_up: Callable[[OutgoingWebhook], None] | None = None,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._retry_after = tuple(retry_after)
        self._accepted = accepted
        self._timeout = timeout
        self._auto = auto
        self._given_up = given_up
        self._pending: list[_Pending] = []
        self._pump: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._home: asyncio.AbstractEventLoop | None = None
        self._flushing = 0
        self.attempts: list[dict[str, Any]] = []

    def queue(self, webhook: OutgoingWebhook, *, late: Callable[[], OutgoingWebhook] | None = None) -> None:
        """Add a delivery, with whatever the fault plan has in store for it.

        `late` makes what is really sent, at the first attempt: some platforms put a body together as late as that.

        Raises:
            PullPushError: the address is not of this machine.
        """
        if not is_loopback(webhook.url):
            raise PullPushError(
                f"a sandbox sends webhooks to this machine only, not to {webhook.url}", hint="use http://127.0.0.1"
            )
        rule = self._faults.pick_webhook(webhook.event)
        fault = rule.fault if rule else None
        if fault == "webhook_drop":
            self._note(_Pending(webhook=webhook, due=0.0), status=None, error="dropped by the fault plan")
            return
        if fault == "webhook_forge":
            webhook, late = attrs.evolve(webhook, body=webhook.body + b" "), None
        pending = _Pending(webhook=webhook, due=self._clock.seconds(), held=fault == "webhook_reorder", late=late)
        self._pending.append(pending)
        if fault == "webhook_duplicate":
            self._pending.append(attrs.evolve(pending))
        if not pending.held:
            self._release_held()

    def pending(self) -> list[dict[str, Any]]:
        """What is waiting: event, url, attempt, due in so many sandbox seconds."""
        now = self._clock.seconds()
        return [
            {"event": p.webhook.event, "url": p.webhook.url, "attempt": p.attempt, "due_in": max(0.0, p.due - now)}
            for p in self._pending
        ]

    def start(self) -> None:
        """Let a background task send what is waiting; called from the loop that serves the app."""
        loop = asyncio.get_running_loop()
        if loop is not self._home:
            if self._flushing:
                return  # whoever flushes in another loop sends what waits
            # A lock belongs to the loop in which it first had to wait.
            self._home, self._sending = loop, asyncio.Lock()
        if not self._auto or not any(not p.held for p in self._pending):
            return
        if self._pump is None or self._pump.done():
            self._pump = loop.create_task(self._run())

    async def flush(self) -> int:
        """Send everything that waits now, retries and held ones included, without waiting; how many were sent.

        It may be called from any loop: the sending is done by the one that serves the app, where one does.
        """
        self._flushing += 1
        try:
            home = self._home
            if home is None or home is asyncio.get_running_loop() or not home.is_running():
                return await self._flush()
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._flush(), home))
        finally:
            self._flushing -= 1

    async def _flush(self) -> int:
        self._release_held()
        batch = sorted(self._pending, key=lambda p: p.due)
        for pending in batch:
            await self._send(pending)
        return len(batch)

    def clear(self) -> None:
        """Forget what waits and what was."""
        self._pending.clear()
        self.attempts.clear()

    async def _run(self) -> None:
        while ready := [p for p in self._pending if not p.held]:
            first = min(ready, key=lambda p: p.due)
            if first.due <= self._clock.seconds():
                await self._send(first)
            else:
                # Short, because something that is due earlier may be queued meanwhile.
                await asyncio.sleep(_POLL)

    def _release_held(self) -> None:
        """Held deliveries go behind what was queued after them."""
        held = [p for p in self._pending if p.held]
        self._pending = [p for p in self._pending if not p.held] + held
        for pending in held:
            pending.held = False
            pending.due = self._clock.seconds()

    async def _send(self, pending: _Pending) -> None:
        async with self._sending:
            if pending not in self._pending:
                return
            status, error = None, None
            if pending.late is not None:
                pending.webhook, pending.late = pending.late(), None
            try:
                status = await _post(pending.webhook, self._timeout)
            except (OSError, TimeoutError, ValueError) as caught:
                error = f"{type(caught).__name__}: {caught}"
            self._note(pending, status=status, error=error)
            self._settle(pending, status)

    def _settle(self, pending: _Pending, status: int | None) -> None:
        good = status is not None and (status in self._accepted if self._accepted else 200 <= status < 300)
        if pending not in self._pending:
            return  # everything was cleared while it was under way
        self._pending.remove(pending)
        if good:
            return
        if pending.attempt <= len(self._retry_after):
            due = self._clock.seconds() + self._retry_after[pending.attempt - 1]
            self._pending.append(attrs.evolve(pending, due=due, attempt=pending.attempt + 1))
        elif self._given_up is not None:
            self._given_up(pending.webhook)

    def _note(self, pending: _Pending, *, status: int | None, error: str | None) -> None:
        hook = pending.webhook
        shown = {"event": hook.event, "url": hook.url, "attempt": pending.attempt, "status": status, "error": error}
        self.attempts.append({"at": self._clock.now().isoformat(), **shown})
        del self.attempts[:-_HISTORY]


async def _post(webhook: OutgoingWebhook, timeout: float) -> int:  # noqa: ASYNC109 - one number, no scope to nest
    """Post once over a fresh connection; the answer's status."""
    parts = urlsplit(webhook.url)
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {**webhook.headers, "Host": parts.netloc, "Content-Length": str(len(webhook.body))}
    lines = [f"POST {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "Connection: close", "", ""]
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, parts.port or 80)
        try:
            writer.write("\r\n".join(lines).encode("latin-1") + webhook.body)
            await writer.drain()
            status_line = await reader.readline()
            return int(status_line.split()[1]) if status_line.strip() else _no_answer()
        finally:
            writer.close()


def _no_answer() -> int:
    raise ConnectionResetError("closed without an answer")
