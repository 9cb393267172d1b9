"""Requests: limits, methods, and reading only what changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Incremental, Manifest, Resource, SessionAuth, placeholders
from pullpush_sdk.manifest.sites import requests_of, ways_of
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import exchanges_of
from pullpush_sdk.validate.places import below

_LONGEST = 1800
"""Seconds of a timeout that must have been meant as milliseconds."""

_SLOWEST = 0.1
"""Requests a second of a limit whose window must have been meant in milliseconds."""

_READS = ("GET", "POST", "QUERY")


def check(case: Case) -> Iterator[Problem]:
    """Limits once, then every resource."""
    manifest = case.manifest
    if manifest is None:
        return
    if manifest.origin == "manifest":
        yield from _limits(case, manifest)
    yield from _exchanges(case, manifest)
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
        if (
            reads
            and site.request.method == "POST"
            and site.request.idempotent is None
            and manifest.origin == "manifest"
        ):
            yield case.at(
                "requests-retries",
                f"{site.path}.method",
                "a POST that only reads is not tried again: the runtime takes it for a write",
                "idempotent: true",
            )
    if manifest.origin != "manifest":
        return
    for name, resource in manifest.resources.items():
        yield from _changes(case, below("$.resources", name), resource)


def _exchanges(case: Case, manifest: Manifest) -> Iterator[Problem]:
    for path, auth in ways_of(manifest.auth):
        request = auth.exchange if isinstance(auth, SessionAuth) else None
        if request is not None and request.method == "GET" and (request.json is not None or request.form is not None):
            yield case.at("requests-get-body", f"{path}.exchange", "a GET with a body", "use params, or method: POST")


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
    if limits.timeout >= _LONGEST:
        yield case.at(
            "requests-limits",
            "$.limits.timeout",
            f"an answer is waited for {limits.timeout / 3600:.1f} hours",
            "the number is of seconds: 30 is the default",
        )
    rate = limits.requests / limits.per if limits.requests is not None and limits.per else None
    if rate is not None and rate < _SLOWEST and limits.per % 1000 == 0:
        yield case.at(
            "requests-limits",
            "$.limits.per",
            f"{limits.requests} requests in {limits.per / 60:.0f} minutes",
            "the number is of seconds: per: 1 is one second",
        )
    yield from _narrower(case, manifest)
    if limits.retries == 0:
        yield case.at("requests-retries", "$.limits.retries", "no failed request is tried again", "4 is the default")


def _narrower(case: Case, manifest: Manifest) -> Iterator[Problem]:
    """Budgets of paths that no request of the manifest and no text of its Python has."""
    asked = {site.request.path for site in requests_of(manifest)}
    written = case.python.texts if case.python is not None else frozenset[str]()
    named = [(f"$.limits.also[{index}].path", each.path) for index, each in enumerate(manifest.limits.also)]
    named += [(below("$.limits.paths", path), path) for path in manifest.limits.paths]
    for place, path in named:
        if not any(each.startswith(path) for each in asked) and not any(path.strip("/") in each for each in written):
            near = difflib.get_close_matches(path, asked, n=1)
            hint = f"did you mean {near[0]}?" if near else "write the path as the requests do"
            yield case.at("requests-limits", place, f"no request goes to {path[:80]}", hint)


def _wrote_limits(case: Case) -> bool:
    return case.document is not None and isinstance(case.document.value, dict) and "limits" in case.document.value


def _changes(case: Case, path: str, resource: Resource) -> Iterator[Problem]:
    found = resource.incremental
    if resource.list is None:
        return
    if found is None:
        if not _reads_by_itself(case) and not _asks_since(resource):
            yield case.at(
                "requests-incremental",
                path,
                "everything is read at every sync",
                "add incremental where the platform can filter or sort by its update time",
            )
        return
    place = f"{path}.incremental"
    pages = resource.pagination
    used = {"page": pages.page_param, "offset": pages.offset_param}
    used |= dict.fromkeys(("cursor", "keyset", "graphql"), pages.cursor_param)
    clash = {used.get(pages.kind), pages.size_param} - {None}
    name = "param" if found.param is not None else "variable"
    if getattr(found, name) in clash:
        yield case.at(
            "requests-incremental-param",
            f"{place}.{name}",
            f"`{getattr(found, name)}` is a parameter of paging too: one overwrites the other",
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
    yield from _written(case, place, found, resource)
    naive = found.format not in {"iso", "unix", "unix_ms"}
    if naive and "%z" not in found.format and "%H" not in found.format and found.overlap < 86_400:
        yield case.at(
            "requests-incremental-format",
            f"{place}.format",
            "days only, with an overlap of less than one",
            "add the time of day, or overlap: 86400",
        )
    if (
        not _reads_by_itself(case)
        and found.newest_first
        and not any(target.replace("_", "").lower() == "updatedat" for target in resource.canonical_map)
    ):
        yield case.at(
            "requests-incremental-still",
            place,
            "newest_first needs updatedAt: reading never stops early",
            "map updatedAt",
        )


def _written(case: Case, place: str, found: Incremental, resource: Resource) -> Iterator[Problem]:
    """The moments of recorded requests, which the format must be able to read."""
    if case.manifest is None or resource.list is None or found.param is None or found.template != "{{since}}":
        return
    for each in exchanges_of(case.manifest, resource.list, case.samples):
        value = dict(each.params).get(found.param)
        known = any(_reads(value or "", form) for form in ("iso", "unix", "unix_ms"))
        if known and value and each.status < 300 and not _reads(value, found.format):
            yield case.at(
                "requests-incremental-format",
                f"{place}.format",
                f"{each.sample}: {each.place} has `{value[:40]}`, which is written otherwise",
                "write the moment as the platform's requests have it",
            )
            return


def _reads(value: str, form: str) -> bool:
    """Whether a recorded moment is of a format."""
    if form in {"unix", "unix_ms"}:
        return value.isdigit() and (len(value) >= 12) is (form == "unix_ms")
    try:
        if form == "iso":
            datetime.fromisoformat(value.replace(" ", "+"))
        else:
            datetime.strptime(value, form)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _asks_since(resource: Resource) -> bool:
    assert resource.list is not None
    request = resource.list
    parts = [dict(request.params), request.json, request.form, dict(request.variables), request.path]
    parts.append(dict(request.headers))
    return "since" in placeholders(parts)
