"""`pullpush check`: everything that can be known of connections and flows without writing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Literal

import attrs

from pullpush_sdk.connector import Finding
from pullpush_sdk.errors import ProjectError, PullPushError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins, listed
from pullpush_sdk.project import FlowConfig, Project
from pullpush_sdk.project.connect import open_connection, settings_of_flow

from ._abilities import require_abilities
from ._locations import plan_locations, read_locations


@attrs.frozen(kw_only=True)
class Checked:
    """What was looked at, and what was found, in the order in which it was looked for."""

    kind: Literal["connection", "flow"]
    name: str
    findings: Sequence[Finding]

    @property
    def ok(self) -> bool:
        """Whether every finding is good."""
        return all(each.ok for each in self.findings)


async def check_all(
    project: Project, plugins: Plugins, *, names: Iterable[str] | None, redactor: Redactor
) -> list[Checked]:
    """Check what is named, connections first; everything where `names` is None. A flow brings its connections.

    Raises:
        ProjectError: a name is neither a connection nor a flow.
    """
    wanted = [*project.connections, *project.flows] if names is None else list(names)
    flows = [project.flow(name) for name in wanted if name not in project.connections]
    connections = [name for name in wanted if name in project.connections]
    connections += [end for flow in flows for end in (flow.source, flow.destination)]
    checked = [await check_connection(project, plugins, name, redactor=redactor) for name in dict.fromkeys(connections)]
    good = {each.name for each in checked if each.ok}
    for flow in {flow.name: flow for flow in flows}.values():
        checked += [await check_flow(project, plugins, flow, good=good, redactor=redactor)]
    return checked


async def check_connection(project: Project, plugins: Plugins, name: str, *, redactor: Redactor) -> Checked:
    """Settings, then whatever the connector looks at; a failure is a finding, never an error."""
    findings: list[Finding] = []
    try:
        loaded = plugins.connector(project.connection(name).connector)
        async with open_connection(project, name, plugins, redactor=redactor) as connection:
            findings.append(Finding(name="settings", ok=True, message="complete"))
            found = await listed(loaded, "pullpush_check", Finding, connection=connection)
            if found is None:
                findings.append(
                    Finding(name="check", ok=True, message=f"{loaded.name} offers no check; nothing was asked")
                )
            else:
                findings.extend(found)
    except PullPushError as error:
        findings.extend(_failed("settings" if isinstance(error, ProjectError) else "check", error))
    return Checked(kind="connection", name=name, findings=findings)


async def check_flow(
    project: Project, plugins: Plugins, flow: FlowConfig, *, good: set[str], redactor: Redactor
) -> Checked:
    """Abilities, then the location map; locations are asked only of connections named in `good`."""
    findings: list[Finding] = []
    try:
        require_abilities(project, plugins, flow)
        findings.append(Finding(name="types", ok=True, message=", ".join(flow.types)))
        if flow.destination_settings and flow.destination in good:
            async with open_connection(project, flow.destination, plugins, redactor=redactor) as connection:
                settings_of_flow(project, flow, connection)
            names = ", ".join(flow.destination_settings)
            findings.append(Finding(name="destination_settings", ok=True, message=names))
        if "stocklevel" in flow.types and {flow.source, flow.destination} <= good:
            findings.append(await _check_locations(project, plugins, flow, redactor))
        elif "stocklevel" in flow.types:
            findings.append(
                Finding(name="locations", ok=False, message="not looked at: a connection of this flow is not good")
            )
    except PullPushError as error:
        findings.extend(_failed(_step(flow, findings), error))
    return Checked(kind="flow", name=flow.name, findings=findings)


async def _check_locations(project: Project, plugins: Plugins, flow: FlowConfig, redactor: Redactor) -> Finding:
    async with AsyncExitStack() as stack:
        found = []
        for name in (flow.source, flow.destination):
            loaded = plugins.connector(project.connection(name).connector)
            connection = await stack.enter_async_context(open_connection(project, name, plugins, redactor=redactor))
            found.append(await read_locations(loaded, connection))
        chosen = plan_locations(project, flow, found[0], found[1])
    if not flow.locations and not flow.sums:
        return Finding(name="locations", ok=True, message="one place or none on each side: no map is needed")
    return Finding(name="locations", ok=True, message=f"{len(chosen.moves) + len(chosen.sums)} mapped")


def _step(flow: FlowConfig, findings: list[Finding]) -> str:
    """What was being looked at behind the findings so far."""
    steps = ["types", *(["destination_settings"] if flow.destination_settings else []), "locations"]
    return steps[min(len(findings), len(steps) - 1)]


def _failed(name: str, error: PullPushError) -> list[Finding]:
    problems = getattr(error, "problems", ())
    if not problems:
        return [Finding(name=name, ok=False, message=error.message, hint=error.hint)]
    return [Finding(name=name, ok=False, message=str(each)) for each in problems]
