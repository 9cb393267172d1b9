"""Plain looks at a connector before the laws: what it reads, which fields stay empty, which webhooks it believes.

A law says that something is wrong; a probe says where.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, fields_of
from pullpush_sdk.connector import Event, WebhookRequest
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox import ChangeError, serve
from pullpush_sdk.testing.conformance import NotProvenError, Shop, Subject

Json = Any
Tell = Callable[..., None]
_EDITS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("product_create", {"sku": "PROBE-1", "title": "Probe", "price": "12.50"}),
    ("customer_create", {"email": "probe@example.com", "name": "Ada Probe"}),
    ("order_create", {}),
)


def probe(subject: Subject, tell: Tell, recorder: Any, until: float, *, wanted: Sequence[str] | None = None) -> None:
    """Every probe, each in a shop of its own; with `wanted` (codes) only what may find one of them."""

    def asked(*codes: str) -> bool:
        return not wanted or bool(set(codes) & set(wanted))

    if asked("behaviour-check", "behaviour-locations"):
        recorder.during = "check"
        _tried(tell, "check", lambda: _check(subject, tell))
        recorder.during = "locations"
        _tried(tell, "locations", lambda: _locations(subject, tell))
    if asked("behaviour-read", "behaviour-field-empty", "behaviour-empty", "behaviour-reject"):
        for canonical_type in sorted(subject.loaded.connector.reads):
            if time.monotonic() > until:
                return
            recorder.during = f"probe {canonical_type}"
            _tried(tell, "read", lambda name=canonical_type: _read(subject, name, tell), canonical_type)  # type: ignore[misc]
    if asked("behaviour-forged", "behaviour-webhook", "behaviour-webhook-refused"):
        recorder.during = "webhooks"
        _tried(tell, "webhooks", lambda: _webhooks(subject, tell))


def _tried(tell: Tell, what: str, made: Callable[[], Any], canonical_type: str = "") -> None:
    try:
        asyncio.run(asyncio.wait_for(made(), 20))
    except NotProvenError:
        return
    except Exception as error:  # noqa: BLE001 - the connector's own code
        status = getattr(error, "status", None)
        answer = getattr(error, "answer", "")
        tell("trouble", what=what, type=canonical_type, error=type(error).__name__, message=str(error)[:1000],
             status=status, answer=str(answer)[:500])  # fmt: skip


async def _check(subject: Subject, tell: Tell) -> None:
    async with subject.shop() as shop:
        found = subject.loaded.hook.pullpush_check(connection=shop.connection)
        for finding in await found if found is not None else ():
            if not finding.ok:
                tell("check", name=finding.name, message=finding.message, hint=finding.hint)


async def _locations(subject: Subject, tell: Tell) -> None:
    if "stocklevel" not in subject.loaded.connector.reads | subject.loaded.connector.writes:
        return
    async with subject.shop() as shop:
        found = subject.loaded.hook.pullpush_locations(connection=shop.connection)
        listed = list(await found) if found is not None else None
        if listed is not None:
            declared = subject.loaded.connector.manifest is not None and subject.loaded.connector.manifest.locations
            tell(
                "locations",
                count=len(listed),
                unnamed=sum(1 for each in listed if not each.name),
                declared=bool(declared),
            )


async def _read(subject: Subject, canonical_type: str, tell: Tell) -> None:
    async with subject.shop() as shop:
        events: list[Event] = []
        async for page in shop.pages(canonical_type):
            events += page.events
            for each in page.rejects[:20]:
                tell("reject", type=canonical_type, target=each.error.target, path=each.error.path,
                     message=each.error.message, hint=each.error.hint)  # fmt: skip
        filled: set[str] = set()
        for event in events:
            if event.type == canonical_type:
                _fill(event.record, "", filled)
        tell("fields", type=canonical_type, count=len(events), filled=sorted(filled))


def _fill(record: Any, before: str, filled: set[str]) -> None:
    """The wire names of fields that hold something, dotted; those of list items behind their list's name."""
    for field in fields_of(type(record)):
        value = getattr(record, field.name)
        if value is UNSET or value is None:
            continue
        name = f"{before}{field.wire}"
        filled.add(name)
        if attrs.has(type(value)) and not isinstance(value, type):
            _fill(value, f"{name}.", filled)
        elif isinstance(value, tuple | list):
            for each in value:
                if attrs.has(type(each)):
                    _fill(each, f"{name}.", filled)
        elif isinstance(value, dict):
            filled.update(f"{name}.{key}" for key, each in value.items() if each is not None)


async def _webhooks(subject: Subject, tell: Tell) -> None:
    connector = subject.loaded.connector
    if not connector.webhooks:
        return
    received: list[WebhookRequest] = []

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        received.append(WebhookRequest(headers=headers, query={}, body=body, received_at=datetime.now(UTC)))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with subject.shop() as shop, serve(listen) as address:
        outbox = shop.sandbox.control.outbox
        subscribed = subject.loaded.hook.pullpush_subscribe(connection=shop.connection, url=f"{address}/hook")
        if outbox is None or subscribed is None:
            tell("webhooks", received=0, reason="the sandbox sends none, or the connector subscribes to none")
            return
        findings = await subscribed
        for each in findings:
            if not each.ok:
                tell("subscribe", message=each.message, hint=each.hint)
        await _edit(shop)
        for _ in range(3):
            await outbox.flush()
        await _believed(shop, received, tell)


async def _edit(shop: Shop) -> None:
    control = shop.sandbox.control
    for kind, values in _EDITS:
        given = dict(values)
        if kind == "order_create":
            given = {"items": [{"sku": "PROBE-1", "quantity": 1}], "email": "probe@example.com"}
        _play(control, kind, given)
    _play(control, "stock", {"sku": "PROBE-1", "quantity": 3})


def _play(control: Any, kind: str, values: dict[str, Json]) -> None:
    if kind not in control.changes:
        return
    try:
        control.change(kind, **values)
    except (ChangeError, PullPushError, KeyError, ValueError):
        return  # what the sandbox does not play is judged by no probe


async def _believed(shop: Shop, received: Iterable[WebhookRequest], tell: Tell) -> None:
    """Genuine ones pass and give events; forged, unsigned and stale ones do not pass."""
    hook = shop.subject.loaded.hook
    count, events, refused = 0, 0, 0
    reasons: list[str] = []
    for request in list(received)[:20]:
        count += 1
        if hook.pullpush_verify(connection=shop.connection, request=request) is not True:
            refused += 1
            continue
        for name, forged in _forgeries(request):
            if hook.pullpush_verify(connection=shop.connection, request=forged) is True:
                tell("forged", how=name)
        try:
            found = await hook.pullpush_receive(connection=shop.connection, request=request)
            events += len(found or ())
        except PullPushError as error:
            reasons.append(str(error)[:300])
    tell("webhooks", received=count, refused=refused, events=events, errors=reasons[:5])


def _forgeries(request: WebhookRequest) -> Iterable[tuple[str, WebhookRequest]]:
    yield "another body under the same signature", attrs.evolve(request, body=request.body[:-1] + b" }")
    kept = {
        name: value
        for name, value in request.headers.items()
        if not any(word in name for word in ("sign", "hmac", "token", "auth"))
    }
    yield "no signature at all", attrs.evolve(request, headers=kept)
