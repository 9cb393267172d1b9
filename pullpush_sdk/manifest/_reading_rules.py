"""Rules of reading that a schema cannot say: the moment of a filter, and the variables of GraphQL queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from zoneinfo import ZoneInfo

import attrs

from pullpush_sdk.errors import Problem

from ._document import below
from ._model import Incremental, Resource
from ._model_http import Pagination, Request
from ._template import placeholders

_DECLARED = re.compile(r"\$(\w+)\s*:")
_CURSORS = frozenset({"after", "cursor", "endCursor", "nextCursor", "pageToken"})
_STRINGS = re.compile(r'""".*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*', re.DOTALL)
_CLOSES = {")": "(", "]": "[", "}": "{"}


def check_incremental(path: str, resource: Resource, known: AbstractSet[str]) -> Iterator[Problem]:
    """What `incremental` needs: a place for the moment, and a moment that the platform can read."""
    changes = resource.incremental
    if changes is None:
        return
    if changes.oldest_first and resource.version != "updated_at":
        message = "oldest_first goes on by the records' update time, which is not their version"
        yield _problem("incremental", message, f"{path}.oldest_first", "write version: updated_at")
    if not _has_place(changes, resource):
        hint = "name param or variable, or write {{since}} in the request"
        yield _problem("incremental", "the moment has no place in the request", path, hint)
    if changes.whole is not None and changes.param is None and changes.variable is None:
        yield _problem("incremental", "whole has no parameter to go into", f"{path}.whole", "name param")
    yield from _check_moment(path, changes, known)
    if changes.variable is not None and resource.list is not None and resource.list.query is not None:
        declared = variables_of(resource.list.query)
        if declared and changes.variable not in declared:
            message = f"the query has no variable ${changes.variable[:60]}"
            yield _problem("incremental", message, f"{path}.variable", f"it has {_named(declared)}")


def _check_moment(path: str, changes: Incremental, known: AbstractSet[str]) -> Iterator[Problem]:
    try:
        ZoneInfo(changes.timezone)
    except (ValueError, OSError, KeyError):
        message = f"`{changes.timezone[:60]}` is no time zone"
        yield _problem("incremental", message, f"{path}.timezone", "an IANA name such as Europe/Berlin")
    for name in sorted(placeholders(changes.template)):
        if name != "since" and name not in known:
            yield _problem("template", f"{{{{{name}}}}} is not known here", f"{path}.template", "write {{since}}")


def _has_place(changes: Incremental, resource: Resource) -> bool:
    """Whether the list is asked by the moment, or sorted so that it need not be."""
    return bool(
        changes.param
        or changes.variable
        or changes.newest_first
        or resource.list is None
        or "since" in placeholders(attrs.asdict(resource.list))
    )


def check_graphql(path: str, around: str, request: Request, pagination: Pagination | None) -> Iterator[Problem]:
    """A query that can be read, with the variables that paging and the request fill.

    `path` is the request's place, `around` that of the list around it.
    """
    query = request.query
    if query is not None and (wrong := unbalanced(query)):
        yield _problem("request", f"the query cannot be read: {wrong}", f"{path}.query", "close what is opened")
        return
    declared = variables_of(query) if query is not None else frozenset()
    if pagination is not None and pagination.kind == "graphql":
        cursor = pagination.cursor_param
        if cursor not in declared:
            message = f"graphql pagination needs a query with the variable ${cursor}"
            meant = query is not None and f"${cursor}" not in query and bool(declared & _CURSORS)
            place = f"{around}.pagination.cursor_param" if meant else f"{path}.query"
            yield _problem("pagination", message, place, f"it has {_named(declared)}" if declared else "declare it")
        size = pagination.size_param
        if size is not None and declared and size not in declared:
            message = f"the query has no variable ${size[:60]}"
            yield _problem("pagination", message, f"{around}.pagination.size_param", f"it has {_named(declared)}")
    for name in request.variables if query is not None else ():
        if name not in declared and f"${name}" not in (query or ""):
            place = below(f"{path}.variables", name)
            hint = f"it has {_named(declared)}" if declared else "declare it"
            yield _problem("request", f"the query has no variable ${name[:60]}", place, hint)


def variables_of(query: str) -> frozenset[str]:
    """The variables that a GraphQL document declares."""
    return frozenset(_DECLARED.findall(_STRINGS.sub("", query)))


def unbalanced(query: str) -> str:
    """What is wrong with the brackets of a GraphQL document; empty where each one is closed."""
    opened: list[str] = []
    for sign in _STRINGS.sub("", query):
        if sign in "([{":
            opened.append(sign)
        elif sign in _CLOSES and (not opened or opened.pop() != _CLOSES[sign]):
            return f"`{sign}` closes nothing"
    return f"`{opened[-1]}` is not closed" if opened else ""


def _named(names: AbstractSet[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))[:200] or "none"


def _problem(code: str, message: str, path: str, hint: str = "") -> Problem:
    return Problem(code=f"manifest-{code}", message=message, path=path, hint=hint)
