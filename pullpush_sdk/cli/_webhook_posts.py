"""What `pullpush webhook` sends: samples of a connector or recorded requests, posted one after the other."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say, style
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connection, WebhookRequest
    from pullpush_sdk.plugins import LoadedConnector
    from pullpush_sdk.webhooks import Answered, Outgoing, Sample, Ways

_DEFAULT = "http://127.0.0.1:8000"


async def samples(session: Session, name: str, wanted: str | None) -> list[Sample]:
    """The samples of a connection's connector, no further than until the `wanted` one."""
    from pullpush_sdk.webhooks import samples_of

    plugins = session.plugins
    loaded = plugins.connector(session.project.connection(name).connector)
    return await samples_of(loaded, types=plugins.types, functions=plugins.functions, wanted=wanted)


def show_samples(found: Sequence[Sample], connection: str, *, as_json: bool) -> None:
    """A table, or JSON."""
    if as_json:
        emit_json(
            [
                {"sample": each.name, "event": each.event, "origin": each.origin, "bytes": len(each.request.body)}
                for each in found
            ]
        )
        return
    if not found:
        say("the connector has no sample webhook; send a recorded one: --file FILE", colour="yellow")
        return
    rows = [[each.name, each.event or None, each.origin, len(each.request.body)] for each in found]
    emit_table(["sample", "event", "origin", "bytes"], rows)
    say(f"pullpush webhook send {connection} {found[0].event or found[0].name} sends the first")


async def requests_of(session: Session, name: str, sample: str | None, file: Path | None) -> list[WebhookRequest]:
    """What a file recorded, else the sample; raises SetupError where there is none."""
    from datetime import UTC, datetime

    from pullpush_sdk.webhooks import choose, read_recorded

    if file is not None:
        return read_recorded(file, datetime.now(UTC))
    assert sample is not None
    found = await samples(session, name, sample)
    return [choose(found, sample, session.project.connection(name).connector).request]


async def posted(
    session: Session,
    name: str,
    requests: Sequence[WebhookRequest],
    url: str | None,
    ways: Ways,
    *,
    count: int = 1,
    rate: float | None = None,
    as_json: bool = False,
) -> int:
    """Send requests to where a connection's webhooks are received; the exit code."""
    from pullpush_sdk.project.connect import open_connection

    loaded = session.plugins.connector(session.project.connection(name).connector)
    address = await _where_to(session, name, url)
    async with open_connection(session.project, name, session.plugins, redactor=session.redactor) as connection:
        posts = _posts(loaded, connection, requests, address, ways, count=count, rate=rate)
        return _shown(session, address, posts, wants_refusal=ways.spoil is not None, as_json=as_json)


async def _where_to(session: Session, name: str, url: str | None) -> str:
    """As said, else where the process listens that holds the store."""
    from pullpush_sdk.serve import LISTENING
    from pullpush_sdk.webhooks import address_of

    from ._store import open_store

    if url is None:
        async with open_store(session) as engine:
            told = await engine.recall(LISTENING) if await engine.holder() is not None else None
        # A process that listens everywhere listens here too.
        url = str(told or _DEFAULT).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return address_of(url, name)


def _posts(
    loaded: LoadedConnector,
    connection: Connection,
    requests: Sequence[WebhookRequest],
    url: str,
    ways: Ways,
    *,
    count: int,
    rate: float | None,
) -> Iterator[tuple[Outgoing, Answered]]:
    """Every request `count` times, each made ready for itself, at most `rate` a second."""
    from pullpush_sdk.webhooks import outgoing, post

    begun = time.monotonic()
    for number in range(count * len(requests)):
        if rate is not None:
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        ready = outgoing(loaded, connection, requests[number % len(requests)], ways)
        yield ready, post(url, ready.request, shows_secret=ready.shows_secret)


def _shown(
    session: Session, url: str, posts: Iterator[tuple[Outgoing, Answered]], *, wants_refusal: bool, as_json: bool
) -> int:
    """Each answer as it comes, or all as JSON; the exit code."""
    shown: list[dict[str, Any]] = []
    good = 0
    for ready, answered in posts:
        fine = answered.status == 401 if wants_refusal else answered.ok
        good += fine
        text = session.redactor.text(answered.text)
        shown.append(
            {"status": answered.status, "answer": text, "seconds": round(answered.seconds, 4), "proof": ready.how,
             "newId": ready.has_new_id, "retryAfter": answered.retry_after or None}
        )  # fmt: skip
        if not as_json:
            _line(answered, ready, text, fine=fine)
    total = len(shown)
    if as_json:
        emit_json({"url": url, "sent": total, "good": good, "answers": shown})
    elif total != 1:
        say(f"{good} of {total} were {'refused' if wants_refusal else 'acknowledged'} at {url}")
    return 0 if good == total else 1


def _line(answered: Answered, ready: Outgoing, text: str, *, fine: bool) -> None:
    status = style(str(answered.status), sys.stdout, bold=True, colour="green" if fine else "red")
    rest = f" (come again after {answered.retry_after} s)" if answered.retry_after else ""
    click.echo(f"{status}  {answered.seconds * 1000:.0f} ms  {ready.how}  {text.strip()}{rest}".rstrip())
    if not ready.has_new_id:
        say("  its id says what it is about and was left as it is: it may count as a repetition", colour="yellow")
