"""Laws of webhooks: only genuine ones count, once, in order; what they tell is what a poll reads; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps, to_sparse
from pullpush_sdk.connector import Event, Verb, WebhookRequest
from pullpush_sdk.engine.inbox import Received
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import AuthError, PullPushError, SetupError, TransientError
from pullpush_sdk.serve._inbox_worker import work_inbox
from pullpush_sdk.serve._target import Target
from pullpush_sdk.testing.engine import memory_engine

from ._history import Known, kinds_for, known_records
from ._lacks import HEARS_NOTHING, NO_DELETION_HEARD, NO_STOCK_HEARD, NOT_COUNTED, no_deletion, no_edit
from ._law import Effort, Law, broken, not_proven
from ._listening import Ear, listening
from ._subject import Subject, meaning, newest

__all__ = ["LAWS"]

Json = Any
_PATIENCE = 20
"""Seconds within which the worker must be done with a few webhooks; its own waits take no time."""
_NOT_FOUND = 404
_MOST = 6
"""Webhooks of one law that are looked at: more of the same say no more."""


def _tried(
    check: Callable[[Ear, str, Effort], Awaitable[None]],
) -> Callable[[Subject, str, Effort], None]:
    """A law over a shop whose webhooks arrive."""

    def law(subject: Subject, canonical_type: str, effort: Effort) -> None:
        async def tried() -> None:
            async with listening(subject, seed=effort.seed) as ear:
                await check(ear, canonical_type, effort)

        asyncio.run(tried())

    law.__doc__ = check.__doc__
    return law


async def _edits(ear: Ear, canonical_type: str, count: int = 1) -> list[WebhookRequest]:
    """The webhooks of a few edits of records of a type."""
    requests: list[WebhookRequest] = []
    known = await known_records(ear.shop, canonical_type)
    for number in range(count):
        for kind in kinds_for(ear.shop, canonical_type):
            if not kind.endswith("_delete"):
                requests += await ear.after(kind, **_values(kind, known, number))
    spoken = [(each, await _speaks_of(ear, each, canonical_type)) for each in requests]
    # What cannot be read may be about a record of another type; where nothing else came, the law says what is wrong.
    about = [each for each, speaks in spoken if speaks] or [each for each, speaks in spoken if speaks is None]
    if not about:
        not_proven(HEARS_NOTHING)
    return about


def _values(kind: str, known: Known, number: int) -> dict[str, Json]:
    key = known.keys[number % len(known.keys)] if known.keys else ""
    sku = known.sold[number % len(known.sold)] if known.sold else key
    values: dict[str, dict[str, Json]] = {
        "stock": {"sku": key, "quantity": 40 + number},
        "product": {"sku": key, "title": f"Heard {number}"},
        "product_create": {"sku": f"HEARD-{number}", "title": f"Heard {number}", "price": 10},
        "order_create": {"items": [{"sku": sku, "quantity": 1}], "email": "shopper@example.com"},
        "cart_create": {"items": [{"sku": sku, "quantity": 1}], "email": "shopper@example.com"},
        "order_status": {"order": key, "status": ("processing", "completed")[number % 2]},
        "invoice": {"invoice": key, "status": ("paid", "void")[number % 2]},
        "invoice_create": {"items": [{"sku": sku, "quantity": 1}], "email": "shopper@example.com"},
        "cart": {"cart": key, "quantity": 40 + number},
        "call": {"call": key, "duration": 40 + number},
        "call_create": {"number": f"+49301234{number:03}", "duration": 40 + number},
        "customer": {"email": key, "name": f"Heard {number}"},
        "customer_create": {"email": f"heard-{number}@example.com", "name": f"Heard {number}"},
    }
    return values[kind]


async def _speaks_of(ear: Ear, request: WebhookRequest, canonical_type: str) -> bool | None:
    """Whether a webhook tells of a record of the type; None where it cannot be read."""
    try:
        return any(event.type == canonical_type for event in await ear.events(request))
    except PullPushError as error:
        return False if getattr(error, "status", None) == _NOT_FOUND else None  # of what this shop never had


async def refuses_forgeries(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """What the platform sent passes; changed, cut, unsigned and otherwise signed requests do not."""
    del effort
    for request in (await _edits(ear, canonical_type))[:_MOST]:
        if not ear.genuine(request):
            broken(f"a webhook of the platform is taken for a forgery: {request.body[:120]!r}")
        for how, forged in _forgeries(request, ear):
            try:
                passed = ear.genuine(forged)
            except Exception as error:  # noqa: BLE001 - whatever it raises, a stranger made it raise it
                broken(f"{how} makes pullpush_verify raise {type(error).__name__}: {error}")
            if passed:
                broken(f"{how} is taken for genuine")


def _forgeries(request: WebhookRequest, ear: Ear) -> Iterator[tuple[str, WebhookRequest]]:
    body = request.body
    signing = _signing_headers(request, ear)
    if not signing and ear.genuine(attrs.evolve(request, headers={})):
        yield "a request without any header", attrs.evolve(request, headers={})
    yield "an empty request", attrs.evolve(request, headers={}, query={}, body=b"")
    for name in signing:
        old = request.headers[name]
        kept = {other: value for other, value in request.headers.items() if other != name}
        yield f"a request without {name}", attrs.evolve(request, headers=kept)
        yield f"an empty {name}", attrs.evolve(request, headers={**kept, name: ""})
        yield f"another {name} of the same shape", attrs.evolve(request, headers={**kept, name: _twisted(old)})
        yield f"{name} that is not ASCII", attrs.evolve(request, headers={**kept, name: "é" + old[1:]})
    # A shared token says nothing about the body; a signature does.
    if not any(ear.genuine(attrs.evolve(request, body=each)) for each in (b"", b"{}")):
        yield "another body under the same signature", attrs.evolve(request, body=_flipped(body))
        yield "a cut body under the same signature", attrs.evolve(request, body=body[:-1])
        yield "a longer body under the same signature", attrs.evolve(request, body=body + b" ")


def _signing_headers(request: WebhookRequest, ear: Ear) -> list[str]:
    """The headers without which a request is not believed."""
    found = []
    for name in request.headers:
        kept = {other: value for other, value in request.headers.items() if other != name}
        if not ear.genuine(attrs.evolve(request, headers=kept)):
            found.append(name)
    return found


def _twisted(text: str) -> str:
    """The same length and alphabet, another value: changed in the middle, where every digit counts."""
    for number in [*range(len(text) // 2, len(text)), *range(len(text) // 2)]:
        if text[number].isalnum():
            return text[:number] + ("0" if text[number] != "0" else "1") + text[number + 1 :]
    return text + "0"


def _flipped(body: bytes) -> bytes:
    return body[:-2] + bytes([body[-2] ^ 1]) + body[-1:] if len(body) > 2 else body + b"x"


async def twice_is_once(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """The same request once more, an hour later too, says the same: its repetition can be told."""
    del effort
    for request in (await _edits(ear, canonical_type))[:_MOST]:
        first = await ear.events(request)
        ear.shop.clock.advance(3600)
        again = await ear.events(attrs.evolve(request, received_at=ear.shop.clock.now()))
        one, other = [_said(each) for each in first], [_said(each) for each in again]
        if one != other:
            broken(
                f"the same request said {one}, and an hour later {other}", steps=["a webhook arrives", "it comes again"]
            )
        ids = [event.transport_id for event in first if event.transport_id is not None]
        if ids != [event.transport_id for event in again if event.transport_id is not None]:
            broken(f"the transport id of one request is {ids} at first and another the next time")


def _said(event: Event) -> str:
    return f"{event.type} {event.verb.value} {dumps(meaning(event.record)).decode()[:300]}"


async def says_what_a_poll_reads(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """Whatever the order in which webhooks and polls arrive, the newest by version is what the shop holds."""
    shop = ear.shop
    requests = await _edits(ear, canonical_type, count=2)
    heard: list[Event] = []
    for request in requests:
        heard += [event for event in await ear.events(request) if event.type == canonical_type]
    polled = newest(shop, (await shop.sweep(canonical_type))[0])
    # Whatever came last is first: the version decides, not the order of arrival.
    mixed = newest(shop, [*polled.values(), *reversed(heard)])
    for identity, event in mixed.items():
        truth = polled.get(identity)
        if truth is None:
            broken(f"a webhook tells of {identity}, which no poll reads; {len(polled)} others are read")
        told, held = _spoken(event), meaning(truth.record)
        differs = {name: (told[name], held.get(name)) for name in told if name in held and told[name] != held[name]}
        if event.verb is not Verb.DELETED and differs:
            name, (one, other) = next(iter(differs.items()))
            broken(
                f"{identity}: a webhook says {name} is {one!r}, a poll reads {other!r}, and the webhook's version wins"
                f" ({event.version} against {truth.version})",
                steps=["two edits of some records", "their webhooks arrive, the last first", "read everything"],
            )
    del effort


def _spoken(event: Event) -> dict[str, Json]:
    """The fields that an event speaks of."""
    said = meaning(event.record)
    if event.fields is None:
        return said
    wire = to_sparse(event.record)
    return {name: value for name, value in said.items() if name in wire and value is not None}


async def keeps_what_it_cannot_read(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """A body that means nothing is a dead letter with the raw body; what comes behind it goes on."""
    (request, *_) = await _edits(ear, canonical_type)
    # What ends as another one did goes the same way through the worker: once is enough.
    by_end: dict[str, bytes] = {}
    for how, body in _broken_bodies(request, effort):
        steps = [f"a webhook with the body {body[:80]!r} arrives"]
        try:
            events = await ear.events(attrs.evolve(request, body=body))
            end = " ".join(_said(event) for event in events)
        except (TransientError, AuthError, SetupError) as error:
            broken(f"{how} is told as {type(error).__name__}, and so waits for ever: {error}", steps=steps)
        except PullPushError as error:
            end = str(error)  # a dead letter with the raw body
        except Exception as error:  # noqa: BLE001 - that it is any other is what is looked for
            broken(f"{how} raises {type(error).__name__}: {error}", steps=steps)
        by_end.setdefault(end, body)
    await _kept_by_the_inbox(ear, canonical_type, request, list(by_end.values()))


async def _kept_by_the_inbox(ear: Ear, canonical_type: str, request: WebhookRequest, bodies: Sequence[bytes]) -> None:
    """The same through the receiver's own worker: what came of each request stands in the log or among the dead."""
    shop = ear.shop
    flow = FlowSpec(name="heard", source="shop", destination="elsewhere", types=(canonical_type,))
    target = Target(
        connection=shop.connection,
        loaded=shop.subject.loaded,
        flows=lambda asked: [flow] if asked == canonical_type else [],
    )
    async with memory_engine(clock=shop.clock, types=shop.subject.types) as engine:
        for body in [*bodies, request.body]:
            changed = attrs.evolve(request, body=body)
            await engine.inbox.keep(Received(connection="shop", request=changed))
        try:
            async with asyncio.timeout(_PATIENCE):
                await work_inbox({"shop": target}.get, engine, stop=asyncio.Event(), clock=shop.clock, until_idle=True)
        except TimeoutError:
            broken(f"after {_PATIENCE} seconds the receiver's worker was not done with the webhooks")
        if left := await engine.inbox.status():
            broken(f"{left[0].waiting} webhooks are never done with: {left[0].reason}")
        raw = [body.decode("utf-8", "replace") for body in bodies]
        for letter in await engine.dead_letters():
            if letter.mapped or not any(str(letter.payload) in body for body in raw):
                broken(f"the dead letter of a webhook holds {str(letter.payload)[:200]!r} in place of its body")
        if not (await engine.counts(flow.name)).get(canonical_type, {}).get("waiting"):
            broken(
                "a genuine webhook that came behind broken ones was not logged",
                steps=["broken bodies", "a genuine one"],
            )


def _broken_bodies(request: WebhookRequest, effort: Effort) -> Iterator[tuple[str, bytes]]:
    """Bodies with what is wrong with them; the more effort, the more values stand in each field in turn."""
    yield "a body that is no JSON", b"<html>not now</html>"
    yield "an empty body", b""
    yield "a cut body", request.body[: len(request.body) // 2]
    for text in (b"null", b"[]", b"{}", b'"text"', b"7", b"[null]"):
        yield f"the body {text.decode()}", text
    try:
        value = request.json()
    except ValueError:
        return
    if isinstance(value, dict):
        others: tuple[Json, ...] = (None, [], {}, "?")
        each_field = min(len(others), max(1, effort.examples // 2))
        for number, name in enumerate(value):
            for turn in range(each_field):
                other = others[(effort.seed + number + turn) % len(others)]
                yield f"a body whose {name!r} is {other!r}", dumps({**value, name: other})


async def keeps_unknown_apart_from_zero(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """A webhook of a real zero says zero; one of stock that nobody counts never does."""
    if not ear.shop.edits("stock"):
        not_proven(no_edit(["stock"]))
    levels = newest(ear.shop, (await ear.shop.sweep(canonical_type))[0])
    counted = [event.record for event in levels.values() if event.record.quantity is not None]
    if not counted:
        not_proven(NOT_COUNTED)
    record = counted[effort.seed % len(counted)]
    heard = 0
    for quantity in (5, 0, None, 3):
        requests = await ear.after("stock", sku=record.sku, location=record.location_id, quantity=quantity)
        told = [event for request in requests for event in await ear.events(request) if event.type == canonical_type]
        mine = [event.record.quantity for event in told if event.record.sku == record.sku]
        heard += len(mine)
        if mine and mine[-1] != quantity:
            broken(f"the shop has {quantity!r} of {record.sku}, the webhook says {mine[-1]!r}")
    if not heard:
        not_proven(NO_STOCK_HEARD)


async def tells_deletions(ear: Ear, canonical_type: str, effort: Effort) -> None:
    """The webhook of a deletion says deleted, or nothing; it never tells the record as one that is there."""
    kind, name = _DELETIONS[canonical_type]
    if not ear.shop.edits(kind):
        not_proven(no_deletion(kind))
    events, _ = await ear.shop.sweep(canonical_type)
    before = newest(ear.shop, events)
    known = await known_records(ear.shop, canonical_type)
    key = known.keys[effort.seed % len(known.keys)]
    requests = await ear.after(kind, **{name: key})
    if not requests:
        not_proven(NO_DELETION_HEARD)
    for request in requests:
        try:
            told: Sequence[Event] = await ear.events(request)
        except PullPushError:
            continue  # nothing to look up any more: a dead letter that says so
        for event in told:
            old = before.get(ear.shop.identity(event))
            if event.verb is not Verb.DELETED and old is not None and meaning(event.record) == meaning(old.record):
                broken(f"{key} was deleted, and the webhook tells it as it was", steps=[f"delete {key}"])


_DELETIONS = {
    "product": ("product_delete", "sku"),
    "contact": ("customer_delete", "email"),
    "order": ("order_delete", "order"),
}

LAWS: tuple[Law, ...] = (
    Law(
        name="webhook-refuses-forgeries",
        says="what the platform sent passes; changed, cut, unsigned and otherwise signed requests do not",
        fix="verify the raw bytes against the secret, in constant time, and refuse where the signature is missing",
        ability="webhook",
        check=_tried(refuses_forgeries),
    ),
    Law(
        name="webhook-twice-is-once",
        says="the same request once more says the same, under the same transport id",
        fix="no clock, counter or random number in what a webhook becomes; the transport id is the platform's",
        ability="webhook",
        check=_tried(twice_is_once),
    ),
    Law(
        name="webhook-says-what-a-poll-reads",
        says="whatever the order in which webhooks and polls arrive, the newest by version is what the shop holds",
        fix="map webhook and list alike; the version is the record's own update time, not the time of arrival",
        ability="webhook",
        check=_tried(says_what_a_poll_reads),
    ),
    Law(
        name="webhook-keeps-what-it-cannot-read",
        says="a body that means nothing is told as an error about it, and so becomes a dead letter with the raw body",
        fix="raise FieldError where a part is missing; no KeyError, no TypeError, no event made of nothing",
        ability="webhook",
        check=_tried(keeps_what_it_cannot_read),
    ),
    Law(
        name="webhook-keeps-unknown-apart-from-zero",
        says="a webhook of a real zero says zero, one of stock that nobody counts says null or nothing",
        fix="the webhook's map of `quantity`: no default; look up what the body does not say",
        ability="webhook",
        check=_tried(keeps_unknown_apart_from_zero),
        only=frozenset({"stocklevel"}),
    ),
    Law(
        name="webhook-tells-deletions",
        says="the webhook of a deletion says deleted, or nothing",
        fix="the handler of the platform's delete event sets the verb; it does not map the last state",
        ability="webhook",
        check=_tried(tells_deletions),
        only=frozenset(_DELETIONS),
    ),
)
