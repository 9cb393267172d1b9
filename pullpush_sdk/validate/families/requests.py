"""Requests: limits, methods, and reading only what changed."""

from __future__ import annotations

from collections.abc import Iterator

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Incremental, Manifest, Resource, placeholders
from pullpush_sdk.manifest.sites import requests_of
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below

_READS = ("GET", "POST", "QUERY")


def check(case: Case) -> Iterator[Problem]:
    """Limits once, then every resource."""
    manifest = case.manifest
    if manifest is None:
        return
    if manifest.origin == "manifest":
        yield from _limits(case, manifest)
    for site in requests_of(manifest):
        reads = ".push." not in site.path or site.path.endswith(".find.request")
        if reads and site.request.method not in _READS and "[" not in site.path.rpartition(".")[2]:
            place = f"{site.path}.method"
            yield case.at(
                "requests-read-method",
                place,
                f"{site.request.method} changes things: this only reads",
                "use GET, or POST where the platform searches by it",
            )
        if reads and site.request.method == "GET" and (site.request.json is not None or site.request.form is not None):
            yield case.at("requests-get-body", site.path, "a GET with a body", "use params, or method: POST")
        if site.request.path and not site.request.path.startswith(("/", "{{")) and "://" not in site.request.path:
            yield case.at("requests-path", f"{site.path}.path", "a path without a leading slash", "write /path")
        if " " in site.request.path.strip() or site.request.path != site.request.path.strip():
            yield case.at("requests-path", f"{site.path}.path", "a path with blanks", "write it without blanks")
    if manifest.origin != "manifest" or _reads_by_itself(case):
        return
    for name, resource in manifest.resources.items():
        yield from _changes(case, below("$.resources", name), resource)


def _reads_by_itself(case: Case) -> bool:
    """Whether the connector's own Python goes through the lists."""
    return case.python is not None and any(each.name == "pullpush_pull" and each.marked for each in case.python.hooks)


def _limits(case: Case, manifest: Manifest) -> Iterator[Problem]:
    limits = manifest.limits
    if limits.requests is None and limits.cost is None and not _wrote_limits(case):
        yield case.at(
            "requests-limits",
            "$",
            "no `limits`: the platform is used as fast as it answers",
            "add limits: {requests: …, per: …} from the platform's documentation",
        )
    if limits.retries == 0:
        yield case.at("requests-retries", "$.limits.retries", "no failed request is tried again", "4 is the default")


def _wrote_limits(case: Case) -> bool:
    return case.document is not None and isinstance(case.document.value, dict) and "limits" in case.document.value


def _changes(case: Case, path: str, resource: Resource) -> Iterator[Problem]:
    found = resource.incremental
    if resource.list is None:
        return
    if found is None:
        if "since" not in placeholders({"params": dict(resource.list.params), "json": resource.list.json}):
            yield case.at(
                "requests-incremental",
                path,
                "everything is read at every sync",
                "add incremental where the platform can filter or sort by its update time",
            )
        return
    place = f"{path}.incremental"
    pages = resource.pagination
    taken = {pages.page_param, pages.offset_param, pages.cursor_param} if pages.kind != "none" else set()
    used = {"page": {pages.page_param}, "offset": {pages.offset_param}, "cursor": {pages.cursor_param}}
    clash = used.get(pages.kind, set()) & taken | ({pages.size_param} if pages.size_param else set())
    if found.param in clash:
        yield case.at(
            "requests-incremental-param",
            f"{place}.param",
            f"`{found.param}` is a parameter of paging too: one overwrites the other",
            "name the platform's filter by update time",
        )
    yield from _filter(case, place, found, resource)


def _filter(case: Case, place: str, found: Incremental, resource: Resource) -> Iterator[Problem]:
    if not (found.param or found.variable or found.newest_first) and not _asks_since(resource):
        yield case.at(
            "requests-incremental-still",
            place,
            "the cursor goes into no parameter: it never moves the list",
            "add param, variable or newest_first",
        )
    if found.newest_first and (found.param or found.variable):
        yield case.at("requests-incremental-both", place, "a filter and newest_first", "keep one of them")
    if found.overlap <= 0:
        yield case.at(
            "requests-overlap",
            f"{place}.overlap",
            "no overlap: what changed in the same second is missed",
            "300 seconds is the default",
        )
    if "{{since}}" not in found.template.replace(" ", ""):
        yield case.at(
            "requests-incremental-still",
            f"{place}.template",
            "the template leaves {{since}} out",
            "write {{since}} where the moment belongs",
        )
    naive = found.format not in {"iso", "unix", "unix_ms"}
    if naive and "%" not in found.format:
        yield case.at(
            "requests-incremental-format",
            f"{place}.format",
            "sent as it stands: no part of it is a date",
            "write iso, unix, unix_ms or a pattern such as %Y-%m-%dT%H:%M:%SZ",
        )
    elif naive and "%z" not in found.format and "%H" not in found.format and found.overlap < 86_400:
        yield case.at(
            "requests-incremental-format",
            f"{place}.format",
            "days only, with an overlap of less than one",
            "add the time of day, or overlap: 86400",
        )
    if found.newest_first and not any(
        target.replace("_", "").lower() == "updatedat" for target in resource.canonical_map
    ):
        yield case.at(
            "requests-incremental-still",
            place,
            "newest_first needs updatedAt: reading never stops early",
            "map updatedAt",
        )


def _asks_since(resource: Resource) -> bool:
    assert resource.list is not None
    request = resource.list
    parts = [dict(request.params), request.json, dict(request.variables), request.path]
    return "since" in placeholders(parts)
