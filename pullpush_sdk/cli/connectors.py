from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ._meaning import meaning
from ._names import complete_connectors
from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connector
    from pullpush_sdk.plugins import LoadedConnector, Plugins


@click.group(
    invoke_without_command=True,
    epilog="Examples:\n\n  pullpush connectors\n\n  pullpush connectors --timing\n\n  pullpush connectors show shopify",
)
@click.option("--timing", is_flag=True, help="What loading each plugin costs, the slowest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def connectors(ctx: click.Context, *, timing: bool, as_json: bool) -> None:
    """List the installed connectors and what they read and write; exit 1 where a plugin did not load."""
    if ctx.invoked_subcommand is not None:
        return
    session: Session = ctx.obj
    plugins = session.plugins
    loaded = sorted(plugins.connectors.values(), key=lambda each: each.name)
    if as_json:
        shown: dict[str, Any] = {"connectors": [_as_json(each) for each in loaded], "failures": _failed(plugins)}
        emit_json(shown | ({"timing": _timing(plugins)} if timing else {}))
    elif timing:
        _show_timing(_timing(plugins))
    elif loaded:
        emit_table(["name", "distribution", "version", "reads", "writes"], [_row(each) for each in loaded])
    else:
        say("no connector is installed; install one (pullpush-shopify) or write one: pullpush new-connector NAME")
    if plugins.failures:
        ctx.exit(1)  # each was named while they were loaded


def _failed(plugins: Plugins) -> list[dict[str, Any]]:
    return [
        {"plugin": each.source, "distribution": each.distribution, "version": each.release, "error": str(each.error)}
        for each in plugins.failures
    ]


def _timing(plugins: Plugins) -> list[dict[str, Any]]:
    """Every plugin with what loading it cost in this process, the slowest first."""
    by_source = {each.source: each for each in plugins.connectors.values()}
    rows = []
    for source, seconds in plugins.seconds.items():
        loaded = by_source.get(source)
        more = 0.0 if loaded is None else loaded.load_seconds
        rows.append(_cost(source, "" if loaded is None else loaded.name, seconds, more, "loaded"))
    rows += [_cost(each.source, "", each.seconds, 0.0, "left out") for each in plugins.failures
             if each.source not in plugins.seconds]  # fmt: skip
    broken = {each.source for each in plugins.failures}
    for row in rows:
        row["state"] = "left out" if row["plugin"] in broken else row["state"]
    return sorted(rows, key=lambda row: -row["seconds"])


def _cost(source: str, connector: str, imported: float, more: float, state: str) -> dict[str, Any]:
    return {
        "plugin": source,
        "connector": connector or None,
        "importSeconds": round(imported, 4),
        "loadSeconds": round(more, 4),
        "seconds": round(imported + more, 4),
        "state": state,
    }


def _show_timing(rows: list[dict[str, Any]]) -> None:
    emit_table(
        ["plugin", "connector", "import ms", "load ms", "state"],
        [[row["plugin"], row["connector"], round(row["importSeconds"] * 1000, 1), round(row["loadSeconds"] * 1000, 1),
          row["state"]] for row in rows],
    )  # fmt: skip
    say("what several plugins import is paid for by the first of them; load is the connector and its manifest")


@connectors.command(epilog="Example:\n\n  pullpush connectors show shopify --json")
@click.argument("name", shell_complete=complete_connectors)
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
        rows.append([name, kind, "required" if name in required else "", meaning(connector, name)])
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
        "distributionVersion": loaded.release,
    }
