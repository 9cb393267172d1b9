"""Names of the project for shell completion; a project that does not load completes nothing."""

from __future__ import annotations

import click


def complete_flows(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Flows of the project that begin so."""
    return [name for name in _names(ctx)[1] if name.startswith(incomplete)]


def complete_connections(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Connections of the project that begin so."""
    return [name for name in _names(ctx)[0] if name.startswith(incomplete)]


def complete_connections_and_flows(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Connections and flows of the project that begin so."""
    connections, flows = _names(ctx)
    return [name for name in (*connections, *flows) if name.startswith(incomplete)]


def _names(ctx: click.Context) -> tuple[list[str], list[str]]:
    from pullpush_sdk.errors import ProjectError
    from pullpush_sdk.project import load_project

    root = ctx.find_root().params.get("project")
    try:
        project = load_project(root)
    except ProjectError:
        return [], []
    return list(project.connections), list(project.flows)
