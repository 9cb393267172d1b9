"""A flow of the project as the engine needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._states import State

Owner = Literal["source", "destination"]
_OTHER_SIDE: Mapping[Owner, Owner] = {"source": "destination", "destination": "source"}


def flow_spec(project: Project, plugins: Plugins, flow: FlowConfig, *, state: State, plan: LocationPlan) -> FlowSpec:
    """The engine's view of a flow. A batch is never larger than the destination's connector takes."""
    destination = plugins.connector(project.connection(flow.destination).connector).connector
    largest = {name: destination.batch.get(name, 1) for name in flow.types}
    return FlowSpec(
        name=flow.name,
        source=flow.source,
        destination=flow.destination,
        types=tuple(flow.types),
        state=state,
        batch={name: size if flow.batch is None else min(flow.batch, size) for name, size in largest.items()},
        index_lag=destination.index_lag,
        concurrency=flow.concurrency,
        match=flow.match,
        coalesce=flow.coalesce,
        locations=plan,
        on_delete=flow.on_delete,
        readers=readers_of(project, flow),
        opposite=opposite.name if (opposite := opposite_of(project, flow)) is not None else "",
        owner=owners_of(project, flow),
    )


def readers_of(project: Project, flow: FlowConfig) -> tuple[str, ...]:
    """The flows to which this flow's writes come back as echoes."""
    return tuple(
        other.name
        for other in project.flows.values()
        if other.source == flow.destination and set(other.types) & set(flow.types)
    )


def opposite_of(project: Project, flow: FlowConfig) -> FlowConfig | None:
    """The flow that goes the other way between the same connections for some of the same types."""
    for other in project.flows.values():
        if (other.source, other.destination) == (flow.destination, flow.source) and set(other.types) & set(flow.types):
            return other
    return None


def owners_of(project: Project, flow: FlowConfig) -> dict[str, Owner]:
    """Whose value wins a conflict, per type: as the flow says, else as the flow in the other direction says."""
    opposite = opposite_of(project, flow)
    if opposite is None:
        return dict(flow.owner)
    return {name: _OTHER_SIDE[side] for name, side in opposite.owner.items() if name in flow.types} | dict(flow.owner)
