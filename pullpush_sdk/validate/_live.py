"""Read-only checks against a real account, through a connection of a project."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import attrs

from pullpush_sdk.errors import Problem, PullPushError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project
from pullpush_sdk.project.connect import open_connection

from ._case import Case
from .places import below

_PAGES = 3


@attrs.frozen(kw_only=True)
class Live:
    """What a real account proved: `read` are the types whose lists were read and mapped."""

    connection: str
    read: frozenset[str] = frozenset()
    counts: dict[str, int] = attrs.field(factory=dict)
    problems: tuple[tuple[str, str, str], ...] = ()
    """Canonical type (empty: the connection), what went wrong, and its mend."""


def run_live(project: Project, connection: str, plugins: Plugins, redactor: Redactor) -> Live:
    """Read up to three pages of every type; nothing is written, nothing is stored.

    Raises:
        ProjectError: there is no such connection, or a setting of it is not good.
        PluginError: its connector is not installed.
    """
    return asyncio.run(_run(project, connection, plugins, redactor))


async def _run(project: Project, connection: str, plugins: Plugins, redactor: Redactor) -> Live:
    loaded = plugins.connector(project.connection(connection).connector)
    read: set[str] = set()
    counts: dict[str, int] = {}
    problems: list[tuple[str, str, str]] = []
    async with open_connection(project, connection, plugins, redactor=redactor) as opened:
        try:
            checked = loaded.hook.pullpush_check(connection=opened)
            found = await checked if checked is not None else ()
            problems += [
                ("", redactor.text(f"{each.name}: {each.message}"), each.hint) for each in found if not each.ok
            ]
        except PullPushError as error:
            problems.append(("", redactor.text(error.message), error.hint))
        for name in sorted(loaded.connector.reads):
            try:
                count, pages = 0, 0
                async for page in loaded.hook.pullpush_pull(connection=opened, canonical_type=name, cursor=None):
                    pages += 1
                    count += len(page.events)
                    problems += [
                        (name, redactor.text(f"{each.error.target}: {each.error.message}"), each.error.hint)
                        for each in page.rejects[:5]
                    ]
                    if pages >= _PAGES:
                        break
            except PullPushError as error:
                problems.append((name, redactor.text(error.message), error.hint))
                continue
            counts[name] = count
            if count:
                read.add(name)
    bad = {name for name, _, _ in problems}
    return Live(connection=connection, read=frozenset(read - bad), counts=counts, problems=tuple(problems))


def live_problems(case: Case, live: Live) -> Iterator[Problem]:
    """What the account disproved, placed in the manifest."""
    for canonical_type, message, hint in live.problems:
        path = "$.check" if not canonical_type else "$"
        for name, resource in case.manifest.resources.items() if case.manifest is not None else ():
            if resource.canonical_type == canonical_type:
                path = below("$.resources", name)
                break
        yield case.at("behaviour-live", path, f"{live.connection}: {message}", hint)
