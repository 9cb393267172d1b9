from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._output import say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.scaffold import Part

_EPILOG = """Examples:

  pullpush add resource contact

  pullpush add resource order --from-sample orders.json

  pullpush add webhook --folder pullpush-zoho-books

  pullpush add destination product stocklevel
"""


@click.command(epilog=_EPILOG)
@click.argument("part", type=click.Choice(["resource", "webhook", "destination"]))
@click.argument("types", nargs=-1)
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(),
              help="Of the connector (default: here).")  # fmt: skip
@click.option("--from-sample", "samples", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
              help="Draft the resource from recorded answers (JSON).")  # fmt: skip
@click.option("--no-run", is_flag=True, help="Do not try the connector's tests and validation.")
@click.pass_context
def add(
    ctx: click.Context, part: Part, types: tuple[str, ...], *, folder: Path, samples: tuple[Path, ...], no_run: bool
) -> None:
    """Extend a connector: read further TYPES, receive webhooks of them, or write them.

    Comments and everything else that stands in the manifest stay. What is there already is left alone; what would clash
    is refused, and nothing is written.
    """
    from pullpush_sdk.scaffold import add as extend

    from ._connector_trials import show_changes, try_connector

    if samples and part != "resource":
        raise click.UsageError("--from-sample drafts a resource.")
    session: Session = ctx.obj
    changes = extend(folder, part, types, samples=samples, known=session.plugins.types if samples else None)
    if not changes:
        say("it is there already; nothing was changed", colour="green")
        return
    good = show_changes(folder, changes)
    good = (no_run or try_connector(folder)) and good
    ctx.exit(0 if good else 1)
