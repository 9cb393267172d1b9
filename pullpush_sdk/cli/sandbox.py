from __future__ import annotations

import asyncio
import shlex
import signal
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.sandbox import Sandbox, SandboxOptions

_EPILOG = """Examples:

  pullpush sandbox shopify --port 8101

  pullpush sandbox salla --records 5000 --seed 7 --time-scale 60

Control routes stand under /_sandbox: look into the store, set faults, play the merchant.
"""


@click.command(epilog=_EPILOG)
@click.argument("name")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Loopback port (default: a free one).")
@click.option("--records", type=click.IntRange(min=0), default=50, show_default=True, help="Products to seed.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the data and all that is random.")
@click.option("--time-scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True,
              help="Sandbox seconds per second.")  # fmt: skip
@click.option("--rate-limits/--no-rate-limits", default=True, help="Whether the platform's limits hold.")
@click.option("--set", "switches", multiple=True, metavar="KEY=VALUE", help="A switch of this platform's sandbox.")
@click.option("--json", "as_json", is_flag=True, help="Print address, settings and credentials as JSON.")
@click.pass_obj
def sandbox(
    session: Session,
    name: str,
    *,
    port: int,
    records: int,
    seed: int,
    time_scale: float,
    rate_limits: bool,
    switches: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the emulator of platform NAME on this machine until Ctrl-C.

    Prints its address, the credentials that it accepts, and the lines to put into pullpush.toml.
    """
    from pullpush_sdk.sandbox import SandboxOptions

    options = SandboxOptions(
        records=records, seed=seed, time_scale=time_scale, rate_limits=rate_limits, extra=_pairs(switches)
    )
    built = build_sandbox(session, name, options)
    asyncio.run(_serve(built, name, port, as_json))


def build_sandbox(session: Session, name: str, options: SandboxOptions) -> Sandbox:
    """The emulator of a connector; raises SetupError where it ships none."""
    from pullpush_sdk.errors import SetupError

    built: Sandbox | None = session.plugins.connector(name).hook.pullpush_sandbox(options=options)
    if built is None:
        raise SetupError(f"connector {name!r} ships no sandbox", hint="pullpush connectors lists what is installed")
    return built


def _pairs(switches: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for each in switches:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--set takes KEY=VALUE, not {each!r}")
        found[key] = value
    return found


async def _serve(built: Sandbox, name: str, port: int, as_json: bool) -> None:
    from pullpush_sdk.sandbox import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_, stop.set)
    async with serve(built.app, port=port) as address:
        _announce(built, name, address, as_json)
        await stop.wait()
    say("stopped")


def _announce(built: Sandbox, name: str, address: str, as_json: bool) -> None:
    from ._snippets import sandbox_connection, variable

    if as_json:
        shown: dict[str, Any] = {"sandbox": name, "url": address, "settings": built.settings, "secrets": built.secrets}
        emit_json(shown)
        return
    exports = [f"export {variable(name, secret)}={shlex.quote(text)}" for secret, text in built.secrets.items()]
    kept = {secret: {"env": variable(name, secret)} for secret in built.secrets}
    snippet = sandbox_connection(name, name, built, address, kept)
    heading = f"{name} sandbox at {address}"
    click.echo("\n".join([heading, "", "# credentials that it accepts", *exports, "", "# for pullpush.toml", snippet]))
    click.echo("")
    say("Ctrl-C stops it")
