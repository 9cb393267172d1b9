from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from ._names import complete_connections
from ._output import emit_json, say, style
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.http import Authorization
    from pullpush_sdk.project.authorize import Authorized

_REDIRECT = "http://127.0.0.1:8976/callback"
_EPILOG = """Examples:

  pullpush auth shop

  pullpush auth shop --no-browser --paste

  pullpush auth shop --status --json
"""
_WAYS = {
    "person": "a person grants access in a browser",
    "exchange": "its credentials are exchanged for a token",
    "fixed": "its credentials are used as they are; there is no token to get",
}


@click.command(epilog=_EPILOG)
@click.argument("connection", shell_complete=complete_connections)
@click.option("--redirect-uri", metavar="URL", default=_REDIRECT, show_default=True,
              help="Where the platform sends the browser back to; it must be allowed there.")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option("--paste", is_flag=True, help="Paste the address that the browser ends at; for a browser elsewhere.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=1), default=300.0, show_default=True,
              help="How long to wait for the browser.")  # fmt: skip
@click.option("--status", is_flag=True, help="Only show how it stands; nothing is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def auth(
    ctx: click.Context,
    connection: str,
    *,
    redirect_uri: str,
    no_browser: bool,
    paste: bool,
    timeout: float,
    status: bool,
    as_json: bool,
) -> None:
    """Get and store the access token of a connection.

    Where a person must grant access, the platform's page opens in a browser, which then comes back to this machine.
    Otherwise the credentials are exchanged at once. The token is stored encrypted and renewed before it ends; run
    this again when access was revoked. With --status, exit code 1 says that there is no usable token.
    """
    from pullpush_sdk.project.authorize import authorize_connection, authorized

    session: Session = ctx.obj

    async def ask(asked: Authorization, listens: bool) -> str | None:
        return await _ask(asked, listens=listens, browser=not no_browser)

    if status:
        found = asyncio.run(authorized(session.project, connection, session.plugins, redactor=session.redactor))
    else:
        found = asyncio.run(
            authorize_connection(
                session.project,
                connection,
                session.plugins,
                ask,
                redirect_uri=redirect_uri,
                paste=paste,
                timeout=timeout,
                redactor=session.redactor,
            )
        )
    _show(found, as_json=as_json)
    if status and not _is_usable(found):
        ctx.exit(1)


async def _ask(asked: Authorization, *, listens: bool, browser: bool) -> str | None:
    say("Open this address and grant access:" if not browser else "Opening this address; grant access there:")
    say(f"\n  {asked.url}\n", bold=True)
    if browser:
        import webbrowser

        if not await asyncio.to_thread(webbrowser.open, asked.url):
            say("No browser could be opened here: open the address yourself.", colour="yellow")
    if listens:
        say(f"Waiting for the browser at {asked.redirect_uri} (Ctrl-C stops)")
        return None
    return await asyncio.to_thread(click.prompt, "The address that the browser was sent to", err=True)


def _is_usable(found: Authorized) -> bool:
    from pullpush_sdk.clock import SystemClock

    if found.way == "fixed":
        return True
    if found.token is None:
        return False
    return found.renews or found.expires_at is None or found.expires_at > SystemClock().now()


def _show(found: Authorized, *, as_json: bool) -> None:
    if as_json:
        emit_json(
            {
                "connection": found.connection,
                "way": found.way,
                "authorized": _is_usable(found),
                "expiresAt": found.expires_at,
                "renews": found.renews,
            }
        )
        return
    good = _is_usable(found)
    mark = style("ok", sys.stdout, colour="green") if good else style("not authorised", sys.stdout, colour="red")
    click.echo(f"{found.connection}: {mark}; {_WAYS[found.way]}")
    if found.token is not None:
        ends = f"until {found.expires_at:%Y-%m-%d %H:%M} UTC" if found.expires_at else "without a stated end"
        renewed = "then renewed by itself" if found.renews else f"then run: pullpush auth {found.connection}"
        click.echo(f"  the access token is good {ends}, {renewed}")
    elif found.way != "fixed":
        click.echo(f"  run: pullpush auth {found.connection}")
