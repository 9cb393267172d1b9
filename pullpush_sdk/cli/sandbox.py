from __future__ import annotations

import asyncio
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._names import complete_targets
from ._output import emit_json, say
from ._session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pullpush_sdk.sandbox import Sandbox, SandboxOptions

_SUFFIXES = (".yaml", ".yml", ".json")
_EPILOG = """Examples:

  pullpush sandbox shopify --port 8101

  pullpush sandbox ./pullpush-acme

  pullpush sandbox salla --records 5000 --seed 7 --time-scale 60

Control routes stand under /_sandbox: look into the store, set faults, play the merchant.
"""


@click.command(epilog=_EPILOG)
@click.argument("name", metavar="NAME|PATH", shell_complete=complete_targets)
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
    """Run the emulator of a platform on this machine until Ctrl-C.

    NAME is an installed connector, PATH a connector's folder or manifest. Where it ships no emulator, one is made from
    its samples, and what these do not prove is printed.

    Prints its address, the credentials that it accepts, and the lines to put into pullpush.toml.
    """
    from pullpush_sdk.sandbox import SandboxOptions

    options = SandboxOptions(
        records=records, seed=seed, time_scale=time_scale, rate_limits=rate_limits, extra=_pairs(switches)
    )
    built = _from_path(name, options) if _is_path(name) else build_sandbox(session, name, options)
    asyncio.run(_serve(built, built.name, port, as_json))


def build_sandbox(session: Session, name: str, options: SandboxOptions) -> Sandbox:
    """The emulator that a connector ships, else one made from its samples; raises SetupError where neither can be."""
    from pullpush_sdk.plugins import faults_of
    from pullpush_sdk.sandbox import Sandbox

    loaded = session.plugins.connector(name)
    with faults_of(loaded, "pullpush_sandbox"):
        built: Sandbox | None = loaded.hook.pullpush_sandbox(options=options)
        kind = type(built)
        if built is not None and not issubclass(kind, Sandbox):
            raise TypeError(f"returned {kind.__name__}, expected a Sandbox")
    if built is None:
        from pullpush_sdk.emulator import emulate_connector

        built = emulate_connector(loaded.connector, options, types=session.plugins.types)
    return built


def _is_path(name: str) -> bool:
    return "/" in name or name in (".", "..") or Path(name).suffix in _SUFFIXES


def _from_path(name: str, options: SandboxOptions) -> Sandbox:
    """The emulator of a connector that need not be installed; raises SetupError where there is none."""
    from pullpush_sdk.emulator import emulate, read_samples
    from pullpush_sdk.manifest import load

    file = _manifest_at(Path(name))
    manifest = load(file).manifest
    return emulate(manifest, read_samples(manifest, file.parent), options)


def _manifest_at(path: Path) -> Path:
    """The manifest that a path names: a file, or the one in a folder or in a package directly below it."""
    from pullpush_sdk.errors import SetupError

    if not path.is_dir():
        return path
    names = [f"connector{suffix}" for suffix in _SUFFIXES]
    found = [path / name for name in names if (path / name).is_file()]
    found = found or sorted(each for name in names for each in path.glob(f"*/{name}"))
    if len(found) != 1:
        shown = ", ".join(map(str, found)) or "none"
        raise SetupError(f"one manifest is expected in {path}, found: {shown}", hint="name the connector.yaml itself")
    return found[0]


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

    gaps: Sequence[Any] = getattr(built, "not_proven", ())

    if as_json:
        shown: dict[str, Any] = {"sandbox": name, "url": address, "settings": built.settings, "secrets": built.secrets}
        shown["notProven"] = [{"code": each.code, "what": each.what, "why": each.why, "record": each.record}
                              for each in gaps]  # fmt: skip
        emit_json(shown)
        return
    exports = [f"export {variable(name, secret)}={shlex.quote(text)}" for secret, text in built.secrets.items()]
    kept = {secret: {"env": variable(name, secret)} for secret in built.secrets}
    snippet = sandbox_connection(name, name, built, address, kept)
    heading = f"{name} sandbox at {address}"
    click.echo("\n".join([heading, "", "# credentials that it accepts", *exports, "", "# for pullpush.toml", snippet]))
    click.echo("")
    if gaps:
        click.echo("\n".join(["# not proven by samples", *(f"- {each}" for each in gaps), ""]))
    say("Ctrl-C stops it")
