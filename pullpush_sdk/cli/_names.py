"""Names for shell completion: of the project, where it loads, and of the installed connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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


def complete_connectors(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Installed connectors that begin so, by their entry points: none is imported."""
    from pullpush_sdk.plugins import find_sources

    return sorted(each.name for each in find_sources() if each.name.startswith(incomplete))


def complete_targets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Installed connectors that begin so, and files and folders where none does."""
    from click.shell_completion import CompletionItem

    named = [CompletionItem(name) for name in complete_connectors(ctx, parameter, incomplete)]
    return [CompletionItem(incomplete, type="file"), *named]


def _names(ctx: click.Context) -> tuple[list[str], list[str]]:
    from pullpush_sdk.errors import ProjectError
    from pullpush_sdk.project import load_project

    root = ctx.find_root().params.get("project")
    try:
        project = load_project(root)
    except ProjectError:
        return [], []
    return list(project.connections), list(project.flows)
