from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ._names import complete_flows
from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.engine.ports import DeadFilter, DeadGroup, DeadLetter, Engine
    from pullpush_sdk.flows import DeadReport, Desk

T = TypeVar("T")
Decorated = Callable[..., Any]

_EPILOG = """Examples:

  pullpush dead-letters list --group

  pullpush dead-letters show 17

  pullpush dead-letters retry --cause 3f9a

  pullpush dead-letters drop 17 18
"""


def _which(command: Decorated) -> Decorated:
    """The options that choose dead letters."""
    options = [
        click.option("--flow", metavar="FLOW", help="Only of this flow.", shell_complete=complete_flows),
        click.option("--type", "type_", metavar="TYPE", help="Only of this canonical type."),
        click.option("--key", metavar="KEY", help="Only of this key, such as a SKU."),
        click.option("--cause", metavar="CAUSE", help="Only of this group; list --group names them."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group("dead-letters", epilog=_EPILOG)
def dead_letters() -> None:
    """List, show, retry or drop what could not be delivered."""


@dead_letters.command("list", epilog="Examples:\n\n  pullpush dead-letters list --flow stock-to-shop --group")
@_which
@click.option("--group", is_flag=True, help="One line per cause, with how many.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(session: Session, /, *, group: bool, limit: int, as_json: bool, **which: str | None) -> None:
    """List dead letters in the order in which they were logged."""
    if group:
        groups = asyncio.run(_with_engine(session, lambda engine: engine.dead_groups(_filter((), which))))
        _show_groups(session, groups[:limit], as_json=as_json)
        return
    letters = asyncio.run(_with_engine(session, lambda engine: engine.dead_letters(_filter((), which), limit=limit)))
    if as_json:
        emit_json([_as_json(session, each) for each in letters])
        return
    if not letters:
        say("no dead letters", colour="green")
        return
    emit_table(
        ["id", "flow", "type", "key", "since", "reason"],
        [[each.id, each.flow, each.type, each.key, _stamp(each.since), session.redactor.text(each.reason)]
         for each in letters],
    )  # fmt: skip
    if len(letters) == limit:
        say(f"the first {limit}; --limit shows more, --group the causes")


@dead_letters.command(epilog="Example:\n\n  pullpush dead-letters show 17 --json")
@click.argument("number", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(session: Session, number: int, *, as_json: bool) -> None:
    """Show one dead letter: the record, every attempt, what the platform said."""
    letter = asyncio.run(_with_engine(session, lambda engine: engine.dead_letter(number)))
    if letter is None:
        raise click.UsageError(f"There is no dead letter {number}.")
    if as_json:
        emit_json(_as_json(session, letter))
        return
    head = f"dead letter {letter.id}: {letter.flow} {letter.type} {letter.key} {letter.verb}, {_stamp(letter.since)}"
    lines = [head, f"reason: {letter.reason}"]
    lines += [f"answer: {letter.answer}"] if letter.answer else []
    lines += [f"hint: {letter.hint}"] if letter.hint else []
    lines += [f"follows: dead letter {letter.follows}, which must go first"] if letter.follows else []
    lines += [f"attempt {each.number} at {_stamp(each.at)}: {each.reason}" for each in letter.attempts]
    click.echo(session.redactor.text("\n".join(lines)))
    click.echo("record:" if letter.mapped else "record as the platform sent it:")
    emit_json(letter.payload if letter.mapped else _native(letter.payload))


def _native(text: str) -> Any:
    """A native record as JSON where it is any, else as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@dead_letters.command(epilog="Examples:\n\n  pullpush dead-letters retry 17\n\n  pullpush dead-letters retry --all")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@_which
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def retry(ctx: click.Context, /, ids: tuple[int, ...], *, every: bool, as_json: bool, **which: str | None) -> None:
    """Deliver dead letters again, with a fresh count of attempts. Older states never overwrite newer ones."""
    from ._reports import exit_code, show_reports

    session: Session = ctx.obj
    chosen = _chosen(ids, which, every=every)
    report = _at_desk(session, lambda desk: desk.retry_dead(chosen))
    if as_json:
        emit_json(
            {
                "retried": report.count,
                "refused": {str(number): reason for number, reason in report.refused.items()},
                "deliveries": [each.to_json() for each in report.deliveries],
                "left": list(report.left),
            }
        )
    else:
        say(f"{report.count} wait again")
        show_reports(session, list(report.deliveries), as_json=False)
        told = {note for each in report.deliveries for note in each.notes}
        for note in report.left:
            if note not in told:
                say(f"note: {session.redactor.text(note)}", colour="yellow")
    for number, reason in report.refused.items():
        say(f"{number} cannot go again: {session.redactor.text(reason)}", colour="red")
    ctx.exit(max(exit_code(report.deliveries), 1 if report.refused else 0))


@dead_letters.command(epilog="Example:\n\n  pullpush dead-letters drop --cause 3f9a")
@click.argument("ids", metavar="[ID]...", type=int, nargs=-1)
@_which
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def drop(session: Session, /, ids: tuple[int, ...], *, every: bool, as_json: bool, **which: str | None) -> None:
    """Give dead letters up for good. Their records stay as they are at the destination."""
    chosen = _chosen(ids, which, every=every)
    report = _at_desk(session, lambda desk: desk.drop_dead(chosen))
    if as_json:
        emit_json({"dropped": report.count})
    else:
        say(f"{report.count} dropped")


def _chosen(ids: Sequence[int], which: Mapping[str, str | None], *, every: bool) -> DeadFilter:
    if not ids and not every and not any(which.values()):
        raise click.UsageError("Say which: ids, --flow, --type, --key, --cause, or --all.")
    return _filter(ids, which)


def _filter(ids: Sequence[int], which: Mapping[str, str | None]) -> DeadFilter:
    from pullpush_sdk.engine.ports import DeadFilter

    return DeadFilter(ids=tuple(ids), flow=which["flow"], type=which["type_"], key=which["key"], cause=which["cause"])


async def _with_engine(session: Session, ask: Callable[[Engine], Awaitable[T]]) -> T:
    from ._store import open_store

    async with open_store(session) as engine:
        return await ask(engine)


def _at_desk(session: Session, ask: Callable[[Desk], Awaitable[DeadReport]]) -> DeadReport:
    from ._progress import show_progress
    from ._signals import run_stoppable
    from ._store import open_desk

    stop = asyncio.Event()

    async def work() -> DeadReport:
        with show_progress() as progress:
            async with open_desk(session, stop, progress) as desk:
                return await ask(desk)

    return run_stoppable(work(), stop)


def _show_groups(session: Session, groups: Sequence[DeadGroup], *, as_json: bool) -> None:
    if as_json:
        emit_json(
            [
                {"cause": each.cause, "kind": each.kind, "flow": each.flow, "type": each.type,
                 "count": each.count, "reason": session.redactor.text(each.reason),
                 "hint": session.redactor.text(each.hint),
                 "first": _stamp(each.first),
                 "last": _stamp(each.last), "sample": each.sample}
                for each in groups
            ]
        )  # fmt: skip
        return
    if not groups:
        say("no dead letters", colour="green")
        return
    emit_table(
        ["cause", "count", "flow", "type", "last", "sample", "reason"],
        [[each.cause, each.count, each.flow, each.type, _stamp(each.last), each.sample,
          session.redactor.text(each.reason)] for each in groups],
    )  # fmt: skip
    for each in groups:
        if each.hint:
            say(f"{each.cause}: {session.redactor.text(each.hint)}")


def _stamp(moment: Any) -> str:
    from pullpush_sdk.canonical import instant_text

    return instant_text(moment.replace(microsecond=0))


def _as_json(session: Session, letter: DeadLetter) -> dict[str, Any]:
    hide = session.redactor.text
    return {
        "id": letter.id,
        "flow": letter.flow,
        "type": letter.type,
        "key": letter.key,
        "identity": letter.identity,
        "verb": letter.verb,
        "version": letter.version,
        "since": _stamp(letter.since),
        "reason": hide(letter.reason),
        "answer": hide(letter.answer),
        "cause": letter.cause,
        "hint": hide(letter.hint),
        "mapped": letter.mapped,
        "fields": sorted(letter.fields) if letter.fields is not None else None,
        "follows": letter.follows,
        "payload": letter.payload,
        "attempts": [
            {"number": each.number, "at": _stamp(each.at), "reason": hide(each.reason), "answer": hide(each.answer)}
            for each in letter.attempts
        ],
    }
