from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ._names import complete_connections
from ._session import Session

Decorated = Callable[..., Any]

_GROUP = """Examples:

  pullpush webhook send shop

  pullpush webhook list

  pullpush webhook replay 41
"""
_SEND = """Examples:

  pullpush webhook send shop

  pullpush webhook send shop orders/create

  pullpush webhook send shop --file webhook.json --url https://staging.example

  pullpush webhook send shop orders/create --count 200 --rate 20

  pullpush webhook send shop orders/create --unsigned

Without a sample, the samples are listed. Exit code 1 where one was not acknowledged; with --unsigned and --tamper,
where one was not refused.
"""
_REPLAY = """Examples:

  pullpush webhook replay 41 42

  pullpush webhook replay --connection shop --since 2h --dry-run

  pullpush webhook replay --connection shop --event orders/create --key 1042

  pullpush webhook replay --connection shop --file recorded.json

  pullpush webhook replay 41 --send

What is replayed is as old as its first arrival: what came later is not overwritten. With --send it arrives now.
"""
_SHOW = """Examples:

  pullpush webhook show 41

  pullpush webhook show 41 42 > recorded.json
"""


def _which(command: Decorated) -> Decorated:
    """The options that choose webhooks that arrived."""
    options = [
        click.option("--connection", metavar="NAME", help="Only of this connection.",
                     shell_complete=complete_connections),
        click.option("--event", metavar="EVENT", help="Only of this event."),
        click.option("--key", metavar="TEXT", help="Only those in which a value is this: a SKU, an order's id."),
        click.option("--since", metavar="WHEN", help='Only what arrived since: "2h", "3d", or a moment with its zone.'),
        click.option("--until", metavar="WHEN", help="Only what arrived until then."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(epilog=_GROUP)
def webhook() -> None:
    """Send sample webhooks to a running process; list what arrived, and receive it again."""


@webhook.command(epilog=_SEND)
@click.argument("connection", shell_complete=complete_connections)
@click.argument("sample", metavar="[SAMPLE|EVENT]", required=False)
@click.option("--url", metavar="URL", help="Where to send (default: where `pullpush run` of this project listens).")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Send what this file recorded, signed anew.")  # fmt: skip
@click.option("--count", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="How often.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="At most so many a second.")
@click.option("--same-id", is_flag=True, help="Keep what tells a repetition, as a platform that sends again.")
@click.option("--now", "restamp", is_flag=True, help="Make every moment in the body now.")
@click.option("--proof", type=click.IntRange(min=1), metavar="N",
              help="Which way to prove it, counted from 1 (default: the first whose secret is set).")  # fmt: skip
@click.option("--unsigned", is_flag=True, help="Leave the proof out; good where it is refused.")
@click.option("--tamper", is_flag=True, help="Change the body after signing; good where it is refused.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def send(
    ctx: click.Context,
    connection: str,
    sample: str | None,
    *,
    url: str | None,
    file: Path | None,
    count: int,
    rate: float | None,
    same_id: bool,
    restamp: bool,
    proof: int | None,
    unsigned: bool,
    tamper: bool,
    as_json: bool,
) -> None:
    """Send a sample webhook of CONNECTION's connector, signed with the connection's own secret.

    Each one is a new delivery with an id of its own, unless --same-id.
    """
    from ._webhook_posts import posted, requests_of, samples, show_samples

    if unsigned and tamper:
        raise click.UsageError("--unsigned and --tamper: one of them.")
    if sample is not None and file is not None:
        raise click.UsageError("A sample and --file: one of them.")
    session: Session = ctx.obj
    if sample is None and file is None:
        show_samples(asyncio.run(samples(session, connection, None)), connection, as_json=as_json)
        return
    from pullpush_sdk.webhooks import Ways

    spoil: Any = "unsigned" if unsigned else "tampered" if tamper else None
    ways = Ways(same_id=same_id, restamp=restamp, proof=proof, spoil=spoil)

    async def work() -> int:
        requests = await requests_of(session, connection, sample, file)
        return await posted(session, connection, requests, url, ways, count=count, rate=rate, as_json=as_json)

    ctx.exit(asyncio.run(work()))


@webhook.command("list", epilog="Examples:\n\n  pullpush webhook list --connection shop --since 1h")
@_which
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(session: Session, /, *, limit: int, as_json: bool, **which: str | None) -> None:
    """List webhooks that arrived, latest first: those that wait, and those that were received and are still kept."""
    from ._webhook_kept import chosen, show_arrived

    show_arrived(asyncio.run(chosen(session, (), which, limit=limit)), as_json=as_json)


@webhook.command(epilog=_SHOW)
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def show(session: Session, ids: tuple[int, ...]) -> None:
    """Print webhooks as they came, as a file that `send --file` and `replay --file` read and that can be a sample.

    Headers that held a secret were not kept.
    """
    from ._webhook_kept import show_recorded

    asyncio.run(show_recorded(session, ids))


@webhook.command(epilog=_REPLAY)
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@_which
@click.option("--all", "every", is_flag=True, help="All that are kept.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What this file recorded, for --connection.")  # fmt: skip
@click.option("--send", "sends", is_flag=True, help="Through the receiver of the running process, signed anew.")
@click.option("--url", metavar="URL", help="Through the receiver at this address, signed anew.")
@click.option("--same-id", is_flag=True, help="Keep what tells a repetition: what came before is then not done again.")
@click.option("--dry-run", is_flag=True, help="Only show which ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def replay(
    ctx: click.Context,
    /,
    ids: tuple[int, ...],
    *,
    every: bool,
    file: Path | None,
    sends: bool,
    url: str | None,
    same_id: bool,
    dry_run: bool,
    as_json: bool,
    **which: str | None,
) -> None:
    """Receive webhooks again that arrived before: put into the inbox as new ones, in their order.

    Nothing of it counts as a repetition, unless --same-id; an older state still never overwrites a newer one.
    """
    from ._webhook_kept import replayed

    if not ids and not every and file is None and not any(which.values()):
        raise click.UsageError("Say which: ids, --connection, --event, --key, --since, --until, --file, or --all.")
    if file is not None and (ids or every or which["connection"] is None):
        raise click.UsageError("--file needs --connection, whose webhooks these are, and no ids.")
    session: Session = ctx.obj
    ctx.exit(
        asyncio.run(
            replayed(session, ids, which, file=file, url=url, sends=sends or url is not None, same_id=same_id,
                     dry_run=dry_run, as_json=as_json)
        )
    )  # fmt: skip
