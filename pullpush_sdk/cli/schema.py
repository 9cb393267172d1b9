from __future__ import annotations

import click

from ._output import emit_json
from ._session import Session


@click.command(
    epilog="Examples:\n\n  pullpush schema stocklevel\n\n  pullpush schema manifest > connector.schema.json",
)
@click.argument("name", metavar="[TYPE|manifest]", required=False)
@click.pass_obj
def schema(session: Session, name: str | None) -> None:
    """Print the JSON Schema of a canonical type, or of connector manifests; without a name, list them."""
    if name == "manifest":
        from importlib.resources import files

        click.echo((files("pullpush_sdk.manifest") / "v1.json").read_text(encoding="utf-8").rstrip())
        return
    types = session.plugins.types
    if name is None:
        for each in types.values():
            click.echo(f"{each.name}  (version {each.version})")
        click.echo("manifest")
        return
    if name not in types:
        import difflib

        close = difflib.get_close_matches(name, [*types, "manifest"], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise click.UsageError(f"There is no canonical type {name!r} (there are: {', '.join(types)}).{hint}")
    from pullpush_sdk.canonical import json_schema

    emit_json(json_schema(types[name]))
