from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from ._names import complete_connections_and_flows
from ._output import emit_json, say, style
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import Checked

_EPILOG = """Examples:

  pullpush check

  pullpush check shop

  pullpush check stock-to-shop --json
"""


@click.command(epilog=_EPILOG)
@click.argument("names", metavar="[CONNECTION|FLOW]...", nargs=-1, shell_complete=complete_connections_and_flows)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Try connections and flows, and say how to mend what fails; all of them where none is named.

    A connection: its settings, that the platform answers, accepts the credentials and grants what is needed. A
    flow: that both ends can do what it asks, and that its stock locations are mapped. Nothing is written.
    """
    from pullpush_sdk.flows import check_all

    session: Session = ctx.obj
    checked = asyncio.run(check_all(session.project, session.plugins, names=names or None, redactor=session.redactor))
    if not checked:
        say(f"{session.project.file} has no connections and no flows: there is nothing to check", colour="yellow")
    if as_json:
        emit_json(
            [
                {"kind": each.kind, "name": each.name, "ok": each.ok, "findings": [
                    {"name": found.name, "ok": found.ok, "message": session.redactor.text(found.message),
                     "hint": session.redactor.text(found.hint)}
                    for found in each.findings
                ]}
                for each in checked
            ]
        )  # fmt: skip
    else:
        for each in checked:
            _show(session, each)
    if not all(each.ok for each in checked):
        ctx.exit(1)


def _show(session: Session, checked: Checked) -> None:
    click.echo(f"{checked.kind} {checked.name}")
    for found in checked.findings:
        mark = style("ok  ", sys.stdout, colour="green") if found.ok else style("FAIL", sys.stdout, colour="red")
        click.echo(session.redactor.text(f"  {mark}  {found.name}: {found.message}"))
        if found.hint and not found.ok:
            indented = found.hint.replace("\n", "\n        ")
            click.echo(session.redactor.text(f"        {indented}"))
