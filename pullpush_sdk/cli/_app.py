"""The `pullpush` command: global options, and a group that imports a command's module when it is named."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from ._session import Session

# Command -> (module, function, its line in `pullpush --help`). Order is the order of a first hour.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Sync two emulated shops on this machine and show what happened."),
    "init": ("init", "init", "Write a commented pullpush.toml to start from."),
    "connectors": ("connectors", "connectors", "List the installed connectors, or show one."),
    "sandbox": ("sandbox", "sandbox", "Run the emulator of a platform on this machine."),
    "auth": ("auth", "auth", "Get and store the access token of a connection."),
    "check": ("check", "check", "Try connections and flows, and say how to mend what fails."),
    "sync": ("sync", "sync", "Run flows once: read, deliver, report."),
    "run": ("run", "run", "Run all flows until stopped: on schedule, with health over HTTP."),
    "preview": ("preview", "preview", "Show how the two sides of a flow differ."),
    "reconcile": ("reconcile", "reconcile", "Deliver what differs between the two sides of a flow."),
    "flow": ("flow", "flow", "List flows; activate, pause or shadow one; what shadow saw."),
    "status": ("status", "status", "Show where every flow stands."),
    "events": ("events", "events", "Show the life of one key through the flows."),
    "dead-letters": ("dead_letters", "dead_letters", "List, show, retry or drop what could not be delivered."),
    "webhook": ("webhook", "webhook", "Send sample webhooks; receive recorded ones again."),
    "new-connector": ("new_connector", "new_connector", "Write a new connector: manifest, sandbox, tests and all."),
    "add": ("add", "add", "Extend a connector: further resources, webhooks, destinations."),
    "secrets": ("secrets", "secrets", "Rotate the key that seals stored tokens."),
    "map": ("map", "map_", "Try a mapping on samples; explain it, and show what it leaves out."),
    "validate": ("validate", "validate", "Check a connector for submission."),
    "schema": ("schema", "schema", "Print a JSON Schema: of a canonical type, or of manifests."),
    "completion": ("completion", "completion", "Print the shell completion script."),
}


class LazyGroup(click.Group):
    """A group whose commands are modules, imported when they are run and not before."""

    def __init__(self, *, lazy: Mapping[str, tuple[str, str, str]], **options: Any) -> None:
        super().__init__(**options)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the table's order."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that does not exist."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, function, _ = self._lazy[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"{__package__}.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls so
        """The list of commands from the table alone."""
        rows = [(name, words) for name, (_, _, words) in self._lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The named command; an unknown one is refused with the nearest name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if close and "did you mean" not in error.message.lower():
                raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises on purpose becomes a message, what it did not a short note."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - the last stop before the user
            from ._failures import report

            ctx.exit(report(error, ctx.obj))


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from pullpush_sdk import __version__

    click.echo(f"pullpush {__version__} (Python {sys.version.split()[0]})")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: pullpush demo, then pullpush init --sandbox; or write a connector: pullpush new-connector NAME",
)
@click.option("--project", metavar="PATH", help="The pullpush.toml to use, or its folder (default: found upward).")
@click.option("--debug", is_flag=True, help="Log what happens, and show tracebacks; secrets stay hidden.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
@click.pass_context
def cli(ctx: click.Context, project: str | None, debug: bool) -> None:
    """Sync any commerce or business system with any other: in order, and without loss.

    Exit codes: 0 good, 1 what was checked or run is not good, 2 wrong use.
    """
    ctx.obj = Session(project_path=project, debug=debug)
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """The entry point of the `pullpush` script."""
    try:
        cli(prog_name="pullpush")
    finally:
        _close_the_output()


def _close_the_output() -> None:
    """What a connector prints while the interpreter ends is no part of our output, which may be JSON."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return  # nobody reads any more: click has seen to it
    sys.stdout = sys.stderr
