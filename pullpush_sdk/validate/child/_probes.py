"""Plain looks at a connector before the laws: what it reads, which fields stay empty, which webhooks it believes.

A law says that something is wrong; a probe says where.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, fields_of
from pullpush_sdk.connector import Event, WebhookRequest
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.mapping import read_path
from pullpush_sdk.sandbox import ChangeError, serve
from pullpush_sdk.testing.conformance import NotProvenError, Shop, Subject
from pullpush_sdk.validate._matching import path_pattern, same_operation

Json = Any
Tell = Callable[..., None]
MARK = "_resource"
SMALL = 4
"""Records a page while paging is probed: few enough that the smallest list has several pages."""
FEWEST = 2
"""Records a page where a law reads a whole shop many times: a dozen are several pages."""
_SIZE_SETTING = re.compile(r"\{\{\s*\w*(?:size|limit)\w*\s*(?:\|[^{}]*)?\}\}")
_DAY = 86_400.0
_LONGEST = 30.0
_EDITS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("product_create", {"sku": "PROBE-1", "title": "Probe", "price": "12.50"}),
    ("customer_create", {"email": "probe@example.com", "name": "Ada Probe"}),
    ("order_create", {}),
)


def probe(
    subject: Subject, small: Subject, tell: Tell, recorder: Any, until: float, *, wanted: Sequence[str] | None = None
) -> None:
    """Every probe, each in a shop of its own; with `wanted` (codes) only what may find one of them.

    `small` is the same connector with small pages.
    """

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
            _tried(tell, "read", partial(_read, subject, canonical_type, tell), canonical_type)
    if asked("behaviour-paging", "behaviour-incremental", "behaviour-response", "behaviour-page-size"):
        for canonical_type in sorted(subject.loaded.connector.reads):
            if time.monotonic() > until:
                return
            recorder.during = f"paging {canonical_type}"
            _tried(
                tell,
                "paging",
                partial(_paging, subject, small, canonical_type, recorder, tell),
                canonical_type,
            )
            recorder.during = f"changes {canonical_type}"
            _tried(tell, "changes", partial(_changes, subject, canonical_type, tell), canonical_type)
    if asked("behaviour-forged", "behaviour-webhook", "behaviour-webhook-refused"):
        recorder.during = "webhooks"
        _tried(tell, "webhooks", lambda: _webhooks(subject, tell))


def _tried(tell: Tell, what: str, made: Callable[[], Any], canonical_type: str = "") -> None:
    try:
        asyncio.run(asyncio.wait_for(made(), _LONGEST))
    except NotProvenError:
        return
    except TimeoutError:
        # Reading a dozen records that does not end is a finding; what needs several sweeps may only be slow here.
        if what == "read":
            message = f"reading the sandbox did not end within {_LONGEST:g} seconds"
            tell(
                "trouble", what=what, type=canonical_type, error="TimeoutError", message=message, status=None, answer=""
            )
    except Exception as error:  # noqa: BLE001 - the connector's own code
        status = getattr(error, "status", None)
        answer = getattr(error, "answer", "")
        tell(
            "trouble",
            what=what,
            type=canonical_type,
            error=type(error).__name__,
            message=str(error)[:1000],
            status=status,
            answer=str(answer)[:500],
        )


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
    async with subject.shop(served=True) as shop:
        events: list[Event] = []
        async for page in shop.pages(canonical_type):
            events += page.events
            for each in page.rejects[:20]:
                tell(
                    "reject",
                    type=canonical_type,
                    target=each.error.target,
                    path=each.error.path,
                    message=each.error.message,
                    hint=each.error.hint,
                )
        _tell_fields(subject, canonical_type, events, tell)


def _tell_fields(subject: Subject, canonical_type: str, events: Sequence[Event], tell: Tell) -> None:
    """Which fields hold something, per resource where the records are marked with theirs, else of the type."""
    filled: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for event in events:
        if event.type != canonical_type:
            continue
        name = _mark_of(event)
        counts[name] = counts.get(name, 0) + 1
        _fill(event.record, "", filled.setdefault(name, set()))
    if not counts or set(counts) == {""}:
        tell("fields", type=canonical_type, resource="", count=len(events), filled=sorted(filled.get("", ())))
        return
    manifest = subject.loaded.connector.manifest
    for name, resource in manifest.resources.items():
        if resource.canonical_type == canonical_type and resource.enabled:
            there = sorted(filled.get(name, ()))
            tell("fields", type=canonical_type, resource=name, count=counts.get(name, 0), filled=there)


def marked(plugin: Any) -> Any:
    """The plugin with a manifest whose maps write the name of their resource into every record."""

    def mark(name: str, resource: Any) -> Any:
        if not resource.canonical_map or "extensions" in resource.canonical_map:
            return resource
        rules = {**resource.canonical_map, f"extensions.{MARK}": {"value": name}}
        return attrs.evolve(resource, canonical_map=rules)

    return _changed(plugin, mark)


def in_small_pages(plugin: Any, size: int = SMALL) -> Any:
    """The plugin with a manifest that asks for a few records a page."""

    def shrink(_name: str, resource: Any) -> Any:
        pages = resource.pagination
        if pages.size_param is None:
            return _with_small_setting(resource, size)
        return attrs.evolve(resource, pagination=attrs.evolve(pages, size=min(pages.size, size)))

    return _changed(plugin, shrink)


def _with_small_setting(resource: Any, size: int) -> Any:
    """The resource whose page size is a setting's: the request asks for a few."""
    if resource.list is None or resource.pagination.kind == "none":
        return resource
    params = {
        name: size if isinstance(value, str) and _SIZE_SETTING.fullmatch(value) else value
        for name, value in resource.list.params.items()
    }
    return attrs.evolve(resource, list=attrs.evolve(resource.list, params=params))


def _changed(plugin: Any, change: Callable[[str, Any], Any]) -> Any:
    """The plugin with each resource of its manifest changed."""
    from pullpush_sdk.hookspecs import hookimpl  # noqa: PLC0415

    @hookimpl
    def pullpush_connector() -> Any:
        connector = plugin.pullpush_connector()
        if connector.manifest is None:
            return connector
        resources = {name: change(name, each) for name, each in connector.manifest.resources.items()}
        return attrs.evolve(connector, manifest=attrs.evolve(connector.manifest, resources=resources))

    hooks = {name: getattr(plugin, name) for name in dir(plugin) if name.startswith("pullpush_")}
    return SimpleNamespace(**{**hooks, "pullpush_connector": pullpush_connector})


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


async def _paging(subject: Subject, small: Subject, canonical_type: str, recorder: Any, tell: Tell) -> None:
    """A list in small pages holds the records that it holds in large ones; each answer is as large as was asked."""
    whole = await _identities(subject, canonical_type)
    before = len(recorder.kept)
    parts = await _identities(small, canonical_type)
    missing = sorted(set(whole) - set(parts))
    _answers(small, canonical_type, recorder.kept[before:], tell)
    if missing:
        names = sorted({whole[each] for each in missing})
        same = _stands_still(recorder.kept[before:])
        tell("paging", type=canonical_type, resources=names, missing=len(missing), of=len(whole), same=same)


def _answers(subject: Subject, canonical_type: str, exchanges: Sequence[Json], tell: Tell) -> None:
    """Response paths that lead to nothing in any answer, and pages that are larger than was asked for."""
    manifest = subject.loaded.connector.manifest
    for name, resource in manifest.resources.items() if manifest is not None else ():
        if resource.canonical_type != canonical_type or resource.list is None or not resource.enabled:
            continue
        pattern = path_pattern(manifest, resource.list)
        bodies = [
            each["answer"]["body"]
            for each in exchanges
            if each["answer"]["status"] == 200
            and each["request"]["method"] == resource.list.method
            and pattern.fullmatch(each["request"]["path"].partition("?")[0])
            and same_operation(resource.list, each["request"]["body"])
        ]
        bodies = [each for each in bodies if not (isinstance(each, dict) and "omitted_characters" in each)]
        if not bodies:
            continue
        for part in ("total", "total_pages", "next_cursor", "has_next", "next_url"):
            path = getattr(resource.response, part)
            if path and all(read_path(each, path) is UNSET for each in bodies):
                tell("response", resource=name, part=part, path=path)
        lists = [read_path(each, resource.response.records or "$") for each in bodies]
        largest = max((len(each) for each in lists if isinstance(each, list)), default=0)
        asked = resource.pagination.size
        if largest > asked and resource.pagination.size_param is not None:
            tell("size", resource=name, asked=asked, got=largest)


def _stands_still(exchanges: Sequence[Json]) -> bool:
    """Whether several requests in a row were given one and the same answer."""
    seen: dict[str, set[str]] = {}
    for each in exchanges:
        request = each["request"]
        place = f"{request['method']} {request['path'].partition('?')[0]} {each['answer']['body']}"
        seen.setdefault(place, set()).add(f"{request['path']} {request['body']}")
    return any(len(asked) > 1 for asked in seen.values())


async def _identities(subject: Subject, canonical_type: str) -> dict[str, str]:
    """Identity to the resource that it was read by, of one sweep of a fresh shop."""
    found: dict[str, str] = {}
    async with subject.shop() as shop:
        events, _ = await shop.sweep(canonical_type)
        for event in events:
            found[shop.identity(event)] = _mark_of(event)
    return found


async def _changes(subject: Subject, canonical_type: str, tell: Tell) -> None:
    """A day later nothing has changed: the second sweep, from the first one's cursor, reads less than everything."""
    manifest = subject.loaded.connector.manifest
    if manifest is None:
        return
    async with subject.shop() as shop:
        first, cursor = await shop.sweep(canonical_type)
        shop.clock.advance(_DAY)
        again, _ = await shop.sweep(canonical_type, cursor)
    for name, resource in manifest.resources.items():
        if resource.canonical_type != canonical_type or not resource.enabled or resource.incremental is None:
            continue
        counts = [sum(1 for each in events if _mark_of(each) == name) for events in (first, again)]
        if counts[0] and counts[1] >= counts[0]:
            tell("changes", type=canonical_type, resource=name, first=counts[0], again=counts[1])


def _mark_of(event: Event) -> str:
    extensions = getattr(event.record, "extensions", None)
    return str(extensions.get(MARK, "")) if isinstance(extensions, dict) else ""


async def _webhooks(subject: Subject, tell: Tell) -> None:
    connector = subject.loaded.connector
    if not connector.webhooks:
        return
    received: list[WebhookRequest] = []
    opened: list[Shop] = []

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        # By the clock that the sandbox signs with: a signed moment has to be fresh.
        now = opened[0].clock.now()
        received.append(WebhookRequest(headers=headers, query={}, body=body, received_at=now))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with subject.shop() as shop, serve(listen) as address:
        opened.append(shop)
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
