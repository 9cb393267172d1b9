"""A drafted manifest as YAML text: what a person must check stands beside each guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import snake

from .account import ACCOUNT, Account
from .nothing import why_nothing
from .notices import DraftedWebhook
from .propose import SURE, Proposal
from .requests import Opened, list_request, opened_of
from .resources import Listing, pagination_of, since_param
from .sections import push_lines, webhook_lines
from .security import NOWHERE
from .shapes import Sketch
from .writing import Writing
from .yamltext import comment, flow

__all__ = ["SIGN_IN", "Beside", "Resource", "written"]

Json = Any
SIGN_IN = "sign_in"
"""The sample that holds the recorded exchange of a credential for a token."""


@attrs.define(kw_only=True)
class Resource:
    """A list that is drafted; `refused` are targets with the names of places that do not fit them."""

    listing: Listing
    name: str
    proposals: list[Proposal]
    refused: set[tuple[str, tuple[str, ...]]] = attrs.field(factory=set)


@attrs.frozen(kw_only=True)
class Beside:
    """What is drafted beside the lists: writes by canonical type, webhooks, the request that names the account, and
    why others are left to a person.
    """

    writings: Mapping[str, Writing] = attrs.field(factory=dict)
    webhook: DraftedWebhook | None = None
    account: Account | None = None
    left_out: Sequence[str] = ()


def written(
    sketch: Sketch,
    resources: Sequence[Resource],
    beside: Beside,
    *,
    name: str,
    title: str,
    left_out: Sequence[str],
) -> tuple[list[str], list[str]]:
    """The manifest's lines, and the places that a person must check."""
    checks: list[str] = []

    def check(place: str, words: str) -> str:
        if not words:
            return ""
        checks.append(f"{place}: {comment(words)}")
        return f"  # check: {comment(words)}"

    opened = opened_of(sketch)
    parts: list[str] = []
    for resource in resources:
        parts += _resource_lines(resource, opened, check)
    if beside.webhook is not None:
        opened.secrets.append("webhook_secret")
        parts += ["", *webhook_lines(beside.webhook, check)]
    if beside.writings:
        parts += ["", "push:"]
        for kind, writing in beside.writings.items():
            parts += push_lines(kind, writing, opened, check)
    base = sketch.base_url or f"https://api.{name}.example{sketch.gaps.get('base_path', '')}"
    auth = {key: each.replace(NOWHERE, f"https://api.{name}.example") if isinstance(each, str) else each
            for key, each in sketch.auth.items()}  # fmt: skip
    lines = [
        "# Drafted. What says `check` is a guess to look at; the number behind a rule says how certain it is, 0 to 1.",
        "# Every key: docs/reference/manifest.md of PullPush SDK; every rule of a map: docs/reference/mapping.md.",
        "manifest: 1",
        f"name: {flow(name)}",
        f"title: {flow(title)}",
        "version: 0.1.0",
        f"docs: https://docs.{name}.example" + check("docs", "where is the platform's own documentation?"),
        f"description: {flow(f'The records of an account at {title} as canonical events.')}",
        "categories: [ecommerce]" + check("categories", "where should a catalogue list it?"),
        "",
        f"base_url: {flow(base)}" + check("base_url", sketch.gaps.get("base_url", "")),
        f"auth: {flow(auth)}" + check("auth", sketch.gaps.get("auth", "")),
    ]
    lines += [f"secrets: {flow(opened.secrets)}"] if opened.secrets else []
    if opened.settings:
        lines += ["settings:", "  type: object", "  additionalProperties: false", "  properties:"]
        lines += [f"    {flow(key)}: {flow(value)}" for key, value in opened.settings.items()]
        required = [key for key, value in opened.settings.items() if "default" not in value]
        lines += [f"  required: {flow(required)}"] if required else []
    lines += [f"headers: {flow(opened.headers)}"] if opened.headers else []
    lines += [
        "limits: {requests: 2, per: 1, concurrency: 2, timeout: 30}"
        + check("limits", "how much does the platform allow?")
    ]
    lines += _check_lines(resources, beside.account, opened, check)
    lines += [
        "",
        "resources:"
        if resources
        else "resources: {}" + check("resources", f"{why_nothing(sketch)}; write the first list by hand"),
    ]
    lines += parts
    if resources:
        recorded = [SIGN_IN] if sketch.sign_in else []
        recorded += [ACCOUNT] if beside.account is not None and beside.account.operation.exchanges else []
        names = dict.fromkeys([*(each.name for each in resources), *recorded])
        lines += ["", "samples:", *(f"  {flow(each)}: samples/{each}.json" for each in names)]
    lines += [f"# left out: {comment(each)}" for each in left_out]
    return lines, checks


def _check_lines(
    resources: Sequence[Resource], account: Account | None, opened: Opened, check: Callable[[str, str], str]
) -> list[str]:
    """The request that proves a connection: the one that names the account, else the first list."""
    if account is not None:
        words = "" if account.operation.exchanges else "does it name the account?"
        told = {"request": {"path": opened.path(account.operation.path)}, "identity": account.identity}
        return [f"check: {flow(told)}" + check("check", words)]
    harmless = next((each.listing for each in resources if each.listing.operation.method == "GET"), None)
    if harmless is None:
        return []
    request, _ = list_request(harmless, opened)
    return [f"check: {flow({'request': request})}" + check("check", "is there a request that names the account?")]


def _resource_lines(resource: Resource, opened: Opened, check: Callable[[str, str], str]) -> list[str]:
    listing, place = resource.listing, f"resources.{resource.name}"
    pagination, response, paging_check = pagination_of(listing)
    request, asks = list_request(listing, opened)
    since = since_param(listing)
    targets = {each.target for each in resource.proposals}
    guess = (
        ""
        if listing.certainty >= SURE
        else f"are these records of type {listing.canonical_type}? ({listing.certainty})"
    )
    lines = [
        f"  {flow(resource.name)}:",
        f"    canonical_type: {listing.canonical_type}" + check(place, guess),
        f"    list: {flow(request)}" + check(f"{place}.list", asks),
        f"    pagination: {flow(pagination)}" + check(f"{place}.pagination", paging_check),
    ]
    where = ({"records": listing.records} if listing.records else {}) | response
    lines += [f"    response: {flow(where)}"] if where else []
    if listing.details is not None:
        path = re.sub(r"\{([^{}]+)\}$", lambda found: f"{{{{record.{_key(found[1], listing)}}}}}", listing.details.path)
        lines += [
            f"    # details: {flow({'path': path})}"
            + check(f"{place}.details", "does the list hold whole records? else take the details in")
        ]
    if since is not None:
        lines += [
            f"    incremental: {flow({'param': since.name, 'overlap': 300})}"
            + check(f"{place}.incremental", "which form of time does it take?")
        ]
    lines += ["    version: updated_at"] if "updatedAt" in targets else []
    lines += ["    canonical_map:"]
    for each in resource.proposals:
        words = each.check or ("" if each.certainty >= SURE else "is it this?")
        marked = check(f"{place}.canonical_map.{each.target}", words).removeprefix("  # ")
        lines.append(
            f"      {flow(each.target)}: {flow(each.rule)}  # {each.certainty:.2f}" + (f" {marked}" if marked else "")
        )
    return lines


def _key(param: str, listing: Listing) -> str:
    """The record's field that a path parameter names: of the same name, or an id."""
    names = {snake(name): name for name in listing.record.properties}
    return next((names[name] for name in (snake(param), "id", "entity_id", "uuid") if name in names), "id")
