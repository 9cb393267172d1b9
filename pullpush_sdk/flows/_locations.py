"""Which stock location of the source goes to which of the destination.

One place or none on each side needs no map. Otherwise a person must say, and is shown the map to fill in: a guess
would write one warehouse's stock over another's.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence

from pullpush_sdk.connector import Connection, Location
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.errors import Problem, ProjectError
from pullpush_sdk.plugins import LoadedConnector, listed
from pullpush_sdk.project import FlowConfig, Project


async def read_locations(loaded: LoadedConnector, connection: Connection) -> list[Location]:
    """The stock locations of a connection, those that are switched off too; empty where the platform has none."""
    return await listed(loaded, "pullpush_locations", Location, connection=connection) or []


def plan_locations(
    project: Project, flow: FlowConfig, source: Sequence[Location], destination: Sequence[Location]
) -> LocationPlan:
    """The plan that a flow follows; the empty text stands for a side that keeps no locations.

    A location that is switched off needs no line. At the source it may have one: it tells nothing until it is switched
    on again, and the others go on.

    Raises:
        ProjectError: a map is needed and not there (its hint is the one to fill in), or names unknown locations.
    """
    known = source
    source, destination = ([each for each in side if each.active] for side in (source, destination))
    if not flow.locations and not flow.sums:
        if not source and not destination:
            return LocationPlan()
        if len(source) <= 1 and len(destination) <= 1:
            return LocationPlan(moves={_only(source): _only(destination)})
        raise ProjectError(
            f"flow {flow.name!r} needs a map of stock locations: {flow.source} has {len(source) or 'no'}, "
            f"{flow.destination} has {len(destination) or 'no'}",
            hint="fill in and add to the project file:\n\n" + location_template(flow, source, destination),
        )
    problems = [
        *_unknown(project, flow, "source", [*flow.locations, *_flat(flow.sums.values())], known),
        *_unknown(project, flow, "destination", [*flow.locations.values(), *flow.sums], destination),
    ]
    if problems:
        raise ProjectError(f"the location map of flow {flow.name!r} is not good", problems)
    try:
        return LocationPlan(moves=flow.locations, sums={name: tuple(each) for name, each in flow.sums.items()})
    except ValueError as error:
        problem = project.problem(str(error), ("flows", flow.name, "locations"))
        raise ProjectError(f"the location map of flow {flow.name!r} is not good", [problem]) from None


def location_template(flow: FlowConfig, source: Sequence[Location], destination: Sequence[Location]) -> str:
    """TOML to fill in: one line per source location, the destination's ids beside it."""
    lines = [f"[flows.{flow.name}.locations]"]
    if not destination:
        return "\n".join([*lines, f'"" = {{sum = {_texts(source)}}}  # {flow.destination} keeps no locations'])
    lines.append(f"# locations of {flow.destination}:")
    lines += [f"#   {_text(each.id)}  {each.name}" for each in destination]
    if not source:
        return "\n".join([*lines, f'"" = "{destination[0].id}"  # {flow.source} keeps no locations'])
    lines += [f'{_text(each.id)} = "?"  # {each.name}' for each in source]
    if len(source) > 1:
        lines.append(f"# or add several up:  {_text(destination[0].id)} = {{sum = {_texts(source)}}}")
    return "\n".join(lines)


def _only(there: Sequence[Location]) -> str:
    return there[0].id if there else ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _texts(there: Sequence[Location]) -> str:
    return f"[{', '.join(_text(each.id) for each in there)}]"


def _flat(lists: Iterable[Sequence[str]]) -> list[str]:
    return [each for members in lists for each in members]


def _unknown(
    project: Project, flow: FlowConfig, end: str, named: Iterable[str], there: Sequence[Location]
) -> list[Problem]:
    ids = [each.id for each in there] or [""]
    by_name = {each.name: each.id for each in there}
    found = []
    for name in named:
        if name in ids:
            continue
        close = difflib.get_close_matches(name, ids, n=1)
        listed = ", ".join(f"{each.id} ({each.name})" for each in there) or "none"
        if name in by_name:
            hint = f"locations go by id: {by_name[name]!r}"
        else:
            hint = f"did you mean {close[0]!r}?" if close else f"it has: {listed}"
        key = name if name in flow.locations or name in flow.sums else ""
        path = ("flows", flow.name, "locations", *([key] if key else []))
        found.append(project.problem(f"{end} has no location {name!r}", path, hint=hint))
    return found
