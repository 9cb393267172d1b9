"""Can the two ends of a flow do what it asks? Answered from plugins alone, before anything is opened."""

from __future__ import annotations

from collections.abc import Iterator

from pullpush_sdk.canonical import MATCHES, CanonicalTypes
from pullpush_sdk.connector import Connector
from pullpush_sdk.engine.conflict import has_shared_keys
from pullpush_sdk.errors import Problem, ProjectError
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._spec import opposite_of


def check_abilities(project: Project, plugins: Plugins, flow: FlowConfig) -> list[Problem]:
    """Everything that the connectors of a flow cannot do; raises PluginError for one that is not installed."""
    source = plugins.connector(project.connection(flow.source).connector).connector
    destination = plugins.connector(project.connection(flow.destination).connector).connector
    return list(_problems(project, plugins, flow, source, destination))


def require_abilities(project: Project, plugins: Plugins, flow: FlowConfig) -> None:
    """Raises ProjectError with what `check_abilities` finds."""
    if problems := check_abilities(project, plugins, flow):
        raise ProjectError(f"flow {flow.name!r} cannot run", problems)


def _problems(
    project: Project, plugins: Plugins, flow: FlowConfig, source: Connector, destination: Connector
) -> Iterator[Problem]:
    path = ("flows", flow.name, "types")
    for name in flow.types:
        if name not in plugins.types:
            known = ", ".join(plugins.types)
            yield project.problem(f"there is no canonical type {name!r}", path, hint=f"known: {known}")
            continue
        if name not in source.reads:
            yield project.problem(f"{source.name} does not read {name}", path, hint=_why(source, name, "read"))
        if name not in destination.writes:
            yield project.problem(
                f"{destination.name} does not write {name}", path, hint=_why(destination, name, "write")
            )
    yield from _match_problems(project, flow, destination)
    for name in sorted(flow.coalesce - set(flow.types)):
        yield project.problem(f"coalesce names {name!r}, which is not among types", ("flows", flow.name, "coalesce"))
    yield from _owner_problems(project, plugins.types, flow)
    if (flow.locations or flow.sums) and "stocklevel" not in flow.types:
        yield project.problem("locations are for stocklevel, which is not among types", (*path[:2], "locations"))


def _match_problems(project: Project, flow: FlowConfig, destination: Connector) -> Iterator[Problem]:
    for name, field in flow.match.items():
        path = ("flows", flow.name, "match", name)
        known = (MATCHES[name][0], *sorted(destination.matches.get(name, ())))
        if field not in known:
            hint = f"it finds them by: {', '.join(known)}"
            yield project.problem(f"{destination.name} does not find {name} records by {field}", path, hint=hint)
    for other in project.flows.values():
        # An echo is told by the identity that the write had: both ways must mean the same thing by it.
        if (other.source, other.destination) == (flow.destination, flow.source):
            for name in sorted(set(flow.types) & set(other.types)):
                if flow.match.get(name) != other.match.get(name):
                    path = ("flows", flow.name, "match", name)
                    yield project.problem(f"flow {other.name!r} goes the other way and matches {name} by another field",
                                          path, hint="write the same line in both")  # fmt: skip


def _owner_problems(project: Project, types: CanonicalTypes, flow: FlowConfig) -> Iterator[Problem]:
    opposite = opposite_of(project, flow)
    path = ("flows", flow.name, "owner")
    for name, side in flow.owner.items():
        if name in types and not has_shared_keys(types[name], flow.match.get(name)):
            hint = "nothing tells that two of them are the same: send them one way"
            yield project.problem(f"each platform gives {name} ids of its own", (*path, name), hint=hint)
        elif opposite is None:
            hint = f"an owner decides between two flows: add one from {flow.destination} to {flow.source}"
            yield project.problem("no flow goes the other way", (*path, name), hint=hint)
        elif opposite.owner.get(name) == side:
            yield project.problem(
                f"flows {flow.name!r} and {opposite.name!r} disagree on who owns {name}",
                (*path, name),
                hint=f"the {side} of one is the other side of the other; say it in one of them only",
            )


def _why(connector: Connector, canonical_type: str, ability: str) -> str:
    """The connector's own words, or what it can do instead."""
    for cell in (f"{canonical_type}.{ability}", canonical_type):
        if cell in connector.refused:
            return connector.refused[cell]
    can = sorted(connector.reads if ability == "read" else connector.writes)
    return f"it {ability}s: {', '.join(can) or 'nothing'}"
