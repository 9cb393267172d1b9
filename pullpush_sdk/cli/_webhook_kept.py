"""Webhooks that arrived, as `pullpush webhook` lists them and has them received again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.connector import WebhookRequest
    from pullpush_sdk.engine.inbox import Arrived, WhichArrived
    from pullpush_sdk.engine.ports import Engine
    from pullpush_sdk.manifest import Webhook

Which = Mapping[str, "str | None"]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PAGE = 200
_FOREVER = 1 << 60


async def chosen(session: Session, ids: Sequence[int], which: Which, *, limit: int = _FOREVER) -> list[Arrived]:
    """The webhooks that are meant, latest first."""
    from ._store import open_store

    wanted = _wanted(session, ids, which)
    async with open_store(session) as engine:
        return await _found(engine, wanted, which["key"], limit)


def _wanted(session: Session, ids: Sequence[int], which: Which) -> WhichArrived:
    from pullpush_sdk.engine.inbox import WhichArrived

    if which["connection"] is not None:
        session.project.connection(which["connection"])
    return WhichArrived(
        ids=ids,
        connection=which["connection"],
        event=which["event"],
        since=_moment(which["since"], "--since"),
        until=_moment(which["until"], "--until"),
    )


async def _found(engine: Engine, wanted: WhichArrived, key: str | None, limit: int) -> list[Arrived]:
    from pullpush_sdk.webhooks import holds

    found: list[Arrived] = []
    before = None
    while len(found) < limit:
        page = await engine.inbox.arrived(wanted, limit=_PAGE, before=before)
        found += [each for each in page if key is None or holds(each.request, key)]
        if len(page) < _PAGE:
            break
        before = page[-1].id
    return found[:limit]


def _moment(text: str | None, option: str) -> datetime | None:
    """`2h` ago, or an instant."""
    if text is None:
        return None
    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return datetime.now(UTC) - timedelta(seconds=float(span[1]) * _UNITS[span[2]])
    from pullpush_sdk.canonical import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}; such as 2h, 3d or 2026-01-31T10:00:00Z", param_hint=option) from None


def show_arrived(found: Sequence[Arrived], *, as_json: bool) -> None:
    """A table, or JSON."""
    if as_json:
        emit_json([_as_json(each) for each in found])
        return
    if not found:
        say("no webhook is kept that fits", colour="yellow")
        return
    rows = [
        [each.id, each.connection, each.event or None, _stamp(each.request.received_at),
         "waits" if each.settled_at is None else "received", len(each.request.body)]
        for each in found
    ]  # fmt: skip
    emit_table(["id", "connection", "event", "arrived", "state", "bytes"], rows)


def _as_json(each: Arrived) -> dict[str, Any]:
    return {
        "id": each.id,
        "connection": each.connection,
        "event": each.event,
        "arrivedAt": _stamp(each.request.received_at),
        "settledAt": None if each.settled_at is None else _stamp(each.settled_at),
        "bytes": len(each.request.body),
    }


def _stamp(moment: datetime) -> str:
    from pullpush_sdk.canonical import instant_text

    return instant_text(moment.replace(microsecond=moment.microsecond // 1000 * 1000))


async def show_recorded(session: Session, ids: Sequence[int]) -> None:
    """Requests as a file of recorded webhooks, in the order in which they came."""
    from pullpush_sdk.webhooks import as_sample

    found = await chosen(session, ids, dict.fromkeys(("connection", "event", "key", "since", "until")))
    _all_there(ids, found)
    emit_json({"webhooks": [as_sample(each.request) for each in reversed(found)]})


def _all_there(ids: Iterable[int], found: Sequence[Arrived]) -> None:
    if missing := sorted(set(ids) - {each.id for each in found}):
        raise click.UsageError(
            f"There is no webhook {missing[0]}: pullpush webhook list shows those that are kept (keep_webhooks)."
        )


async def replayed(
    session: Session,
    ids: Sequence[int],
    which: Which,
    *,
    file: Path | None,
    url: str | None,
    sends: bool,
    same_id: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Have webhooks received again; the exit code."""
    if file is not None:
        found = _of_file(session, file, which)
    else:
        found = await chosen(session, ids, which)
        _all_there(ids, found)
        found.reverse()
    if not found:
        say("no webhook is kept that fits", colour="yellow")
        return 1
    if dry_run:
        show_arrived(found, as_json=as_json)
        return 0
    if sends:
        return await _sent(session, found, url, same_id=same_id, as_json=as_json)
    return await _into_inbox(session, found, same_id=same_id, as_json=as_json)


def _of_file(session: Session, file: Path, which: Which) -> list[Arrived]:
    """What a file recorded, as if it had arrived at its connection; ids count from 1."""
    from pullpush_sdk.declarative import Labels
    from pullpush_sdk.engine.inbox import Arrived
    from pullpush_sdk.webhooks import holds, read_recorded

    name = which["connection"]
    assert name is not None
    webhook = _webhook_of(session, name)
    wanted = _wanted(session, (), which)
    found = []
    for number, request in enumerate(read_recorded(file, datetime.now(UTC)), 1):
        event = "" if webhook is None else Labels(webhook).label(request).event
        fits = wanted.event in (None, event) and (which["key"] is None or holds(request, which["key"]))
        since, until = wanted.since or request.received_at, wanted.until or request.received_at
        if fits and since <= request.received_at <= until:
            found.append(Arrived(id=number, connection=name, event=event, request=request))
    return found


def _webhook_of(session: Session, connection: str) -> Webhook | None:
    """The webhook section of a connection's connector, None where it has none.

    Raises:
        PluginError: the connector is not installed.
    """
    loaded = session.plugins.connector(session.project.connection(connection).connector)
    manifest = loaded.connector.manifest
    found: Webhook | None = None if manifest is None else manifest.webhook
    return found


async def _sent(session: Session, found: Sequence[Arrived], url: str | None, *, same_id: bool, as_json: bool) -> int:
    from pullpush_sdk.webhooks import Ways

    from ._webhook_posts import posted

    by_connection: dict[str, list[WebhookRequest]] = {}
    for each in found:
        by_connection.setdefault(each.connection, []).append(each.request)
    if as_json and len(by_connection) > 1:
        raise click.UsageError("--json with --send: one --connection at a time.")
    codes = [
        await posted(session, name, requests, url, Ways(same_id=same_id), as_json=as_json)
        for name, requests in by_connection.items()
    ]
    return max(codes)


async def _into_inbox(session: Session, found: Sequence[Arrived], *, same_id: bool, as_json: bool) -> int:
    """Into the inbox as new requests that are as old as they are."""
    from pullpush_sdk.declarative import Labels
    from pullpush_sdk.engine.inbox import Received
    from pullpush_sdk.webhooks import freshened

    from ._store import open_store

    webhooks = {name: _webhook_of(session, name) for name in {each.connection for each in found}}
    kept, repeats = 0, 0
    async with open_store(session) as engine:
        for each in found:
            webhook, request = webhooks[each.connection], each.request
            if not same_id:
                request, _ = freshened(webhook, request)
            label = None if webhook is None else Labels(webhook).label(request)
            stored = await engine.inbox.keep(
                Received(
                    connection=each.connection,
                    request=request,
                    event=each.event,
                    transport_id=None if label is None else label.transport_id,
                )
            )
            kept, repeats = kept + stored, repeats + (not stored)
        holder = await engine.holder()
    if as_json:
        emit_json({"replayed": kept, "repeats": repeats, "webhooks": [_as_json(each) for each in found]})
        return 0
    say(f"{kept} in the inbox again", colour="green" if kept else None)
    if repeats:
        say(f"{repeats} came before by the same id: nothing is done with them", colour="yellow")
    if kept and holder is None:
        say("no process runs here: they are received when `pullpush run` starts", colour="yellow")
    return 0
