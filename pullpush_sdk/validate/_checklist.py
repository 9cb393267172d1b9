"""The submission checklist of the sync guide, each point concluded from what was run and found."""

from __future__ import annotations

from collections.abc import Sequence

from ._behaviour import Behaviour
from ._case import Case
from ._live import Live
from ._matching import exchanges_of
from ._model import Finding, Point, Proof

_ENDPOINTS = "List and detail endpoints tested with sandbox credentials"
_FIELDS = "Mapping covers the required fields of each type"
_EVENTS = "Webhook handler events match the trigger events exactly"
_PAGES = "Pagination and response mapping match the provider's answers"
_SAMPLES = "Sample payloads included"
_FIELD_CODES = frozenset({"mapping-identity", "mapping-target", "behaviour-reject", "samples-map", "miniapp-39-field"})
_EVENT_CODES = frozenset(
    {"miniapp-42", "samples-event", "webhook-event", "behaviour-webhook", "behaviour-webhook-refused"}
)
_PAGE_CODES = frozenset(
    {"pagination-response", "pagination-param", "pagination-start", "law-source-reads-everything", "behaviour-paging"}
)


def checklist(case: Case, findings: Sequence[Finding], ran: Behaviour | None, live: Live | None) -> list[Point]:
    """Every point with its proof."""
    codes = {each.code for each in findings}
    manifest = case.manifest
    if manifest is None:
        return [
            Point(title=each, proof="not proven", because="the manifest does not load")
            for each in (_ENDPOINTS, _FIELDS, _EVENTS, _PAGES, _SAMPLES)
        ]
    types = {each.canonical_type for each in manifest.resources.values()}
    kept = (
        {each.canonical_type for each in ran.trials if each.law == "source-reads-everything" and each.outcome == "kept"}
        if ran is not None
        else set()
    )
    lived = live.read if live is not None else frozenset[str]()
    recorded = {
        each.canonical_type
        for each in manifest.resources.values()
        if each.list is not None and len(exchanges_of(manifest, each.list, case.samples)) > 1
    }
    read = ran.read if ran is not None else frozenset()
    return [
        _point(_ENDPOINTS, types, lived, kept, "read", good=bool(types)),
        _point(_FIELDS, types, lived, read, "mapped", good=not codes & _FIELD_CODES),
        _events(case, codes, ran),
        _point(_PAGES, types, lived, kept | recorded, "read page by page", good=not codes & _PAGE_CODES),
        _samples(case),
    ]


def _point(
    title: str, types: set[str], live: frozenset[str], tried: set[str] | frozenset[str], verb: str, *, good: bool
) -> Point:
    proof: Proof = "not proven"
    lacking = sorted(types - tried)
    because = f"not {verb}: {', '.join(lacking)}" if lacking else "see the findings"
    if good and types and types <= live:
        proof, because = "proven live", f"{verb} from the account: {', '.join(sorted(types))}"
    elif good and types and types <= set(tried):
        proof, because = "proven on samples", f"{verb} from the sandbox: {', '.join(sorted(types))}"
    return Point(title=title, proof=proof, because=because)


def _events(case: Case, codes: set[str], ran: Behaviour | None) -> Point:
    assert case.manifest is not None
    webhook = case.manifest.webhook
    if webhook is None or not webhook.handlers:
        return Point(title=_EVENTS, proof="proven on samples", because="it takes no webhooks")
    if codes & _EVENT_CODES:
        return Point(title=_EVENTS, proof="not proven", because="see the findings")
    if ran is not None and ran.webhooks:
        because = f"{ran.webhooks} events came of the sandbox's webhooks"
        return Point(title=_EVENTS, proof="proven on samples", because=because)
    if case.samples.webhooks:
        return Point(title=_EVENTS, proof="proven on samples", because="every recorded webhook has its handler")
    return Point(title=_EVENTS, proof="not proven", because="no webhook was seen: none is recorded, none was sent")


def _samples(case: Case) -> Point:
    assert case.manifest is not None
    samples = case.samples
    named = {each.sample for each in samples.exchanges} | set(samples.answers)
    if samples.bad or not samples.any:
        because = "a sample cannot be read" if samples.bad else "there is none"
        return Point(title=_SAMPLES, proof="not proven", because=because)
    lacking = [
        name
        for name, each in case.manifest.resources.items()
        if each.list is not None and name not in named and not exchanges_of(case.manifest, each.list, samples)
    ]
    if case.manifest.webhook is not None and case.manifest.webhook.handlers and not samples.webhooks:
        lacking.append("webhooks")
    if lacking:
        return Point(title=_SAMPLES, proof="not proven", because=f"none for {', '.join(lacking)}")
    count = f"{len(named)} sample{'s' if len(named) != 1 else ''}"
    return Point(title=_SAMPLES, proof="proven on samples", because=f"{count}, each of them read")
