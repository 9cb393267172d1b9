from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connector
    from pullpush_sdk.plugins import LoadedConnector


@click.group(
    invoke_without_command=True,
    epilog="Examples:\n\n  pullpush connectors\n\n  pullpush connectors show shopify",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def connectors(ctx: click.Context, as_json: bool) -> None:
    """List the installed connectors and what they read and write; exit 1 where a plugin did not load."""
    if ctx.invoked_subcommand is not None:
        return
    session: Session = ctx.obj
    plugins = session.plugins
    loaded = sorted(plugins.connectors.values(), key=lambda each: each.name)
    if as_json:
        failures = [{"plugin": each.source, "error": str(each.error)} for each in plugins.failures]
        emit_json({"connectors": [_as_json(each) for each in loaded], "failures": failures})
    elif loaded:
        emit_table(["name", "distribution", "version", "reads", "writes"], [_row(each) for each in loaded])
    else:
        say("no connector is installed; try: pip install pullpush-shopify")
    if plugins.failures:
        for failure in plugins.failures:
            say(f"left out: {failure.error}", colour="red")
        ctx.exit(1)


@connectors.command(epilog="Example:\n\n  pullpush connectors show shopify --json")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> None:
    """Show what connector NAME does per canonical type, and what it needs to be told."""
    loaded = session.plugins.connector(name)
    if as_json:
        emit_json(_as_json(loaded))
        return
    connector = loaded.connector
    click.echo(f"{connector.title} ({connector.name} {connector.version}, from {loaded.distribution})")
    if connector.docs:
        click.echo(connector.docs)
    _show_abilities(connector, sorted(session.plugins.types))
    _show_settings(connector)
    for cell, why in sorted(connector.refused.items()):
        click.echo(f"not offered: {cell}: {why}")


def _show_abilities(connector: Connector, types: list[str]) -> None:
    rows = []
    for name in types:
        can = connector.abilities(name)
        marks = ["yes" if able else None for able in (can.read, can.write, can.snapshot, can.webhook)]
        rows.append([name, *marks, connector.batch.get(name, 1) if can.write else None])
    emit_table(["type", "read", "write", "snapshot", "webhook", "batch"], rows)


def _show_settings(connector: Connector) -> None:
    required = set(connector.settings.get("required", ()))
    properties = connector.settings.get("properties", {})
    rows = []
    for name in [*properties, *(each for each in connector.secrets if each not in properties)]:
        words = properties.get(name, {})
        kind = "secret" if name in connector.secrets else str(words.get("type", ""))
        note = str(words.get("description") or words.get("title") or "")
        rows.append([name, kind, "required" if name in required else "", note])
    if rows:
        emit_table(["setting", "kind", "", "meaning"], rows)


def _row(loaded: LoadedConnector) -> list[Any]:
    connector = loaded.connector
    reads, writes = (", ".join(sorted(types)) or None for types in (connector.reads, connector.writes))
    return [connector.name, loaded.distribution, connector.version, reads, writes]


def _as_json(loaded: LoadedConnector) -> dict[str, Any]:
    connector = loaded.connector
    return {
        "name": connector.name,
        "title": connector.title,
        "version": connector.version,
        "distribution": loaded.distribution,
        "docs": connector.docs,
        "reads": sorted(connector.reads),
        "writes": sorted(connector.writes),
        "snapshots": sorted(connector.snapshots),
        "webhooks": sorted(connector.webhooks),
        "batch": dict(connector.batch),
        "settings": dict(connector.settings),
        "secrets": sorted(connector.secrets),
        "refused": dict(connector.refused),
        "importSeconds": round(loaded.import_seconds, 4),
    }
