"""Which failures are the same failure, of what sort it is, and how a person mends it.

Told from words alone: the reason that a connector or this package gave, and what the platform answered. So it holds for
dead letters of any connector, and of earlier versions. What is not recognised is `other`, with no hint: a wrong mend is
worse than none.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

__all__ = ["Kind", "cause_of", "hint_of", "kind_of"]

_PARTICULAR = re.compile(r"""'[^']*'|"[^"]*"|\b[0-9a-f]{8,}\b|\d+(?:[.,]\d+)*""", re.IGNORECASE)


def cause_of(flow: str, canonical_type: str, reason: str) -> str:
    """Twelve hexadecimal digits that are equal for reasons that differ only in numbers, ids and quoted values."""
    shape = _PARTICULAR.sub("#", reason)
    return blake2b(f"{flow}\0{canonical_type}\0{shape}".encode(), digest_size=6).hexdigest()


class Kind(enum.StrEnum):
    """The sort of a cause."""

    FOLLOWS = "follows"
    CREDENTIALS = "credentials"
    RATE_LIMIT = "rate-limit"
    UNREACHABLE = "unreachable"
    CLASH = "clash"
    AMBIGUOUS = "ambiguous"
    CURRENCY = "currency"
    UNKNOWN_LOCATION = "unknown-location"
    UNKNOWN_SKU = "unknown-sku"
    GONE = "gone"
    CONFLICT = "conflict"
    SCHEMA = "schema"
    INVALID = "invalid"
    CONNECTOR = "connector"
    OTHER = "other"


_HINTS = {
    Kind.FOLLOWS: "mend and retry the dead letter that it waits for: this one goes along",
    Kind.CREDENTIALS: "check the credentials and their permissions with `pullpush check`, then retry the group",
    Kind.RATE_LIMIT: "the platform asked to slow down ten times: retry later, or lower `concurrency` of the flow",
    Kind.UNREACHABLE: "see that the platform is up (`pullpush check`), then retry the group",
    Kind.CLASH: "give one of the named records another SKU at the source, then retry: nothing is told twice or lost",
    Kind.AMBIGUOUS: "make it unique at the destination, then retry",
    Kind.CURRENCY: "send amounts in the currency of the destination, or map the field to it; then retry",
    Kind.UNKNOWN_LOCATION: "map it in [flows.NAME.locations] (`pullpush check FLOW` prints the map), then retry",
    Kind.UNKNOWN_SKU: "create the product at the destination, or let the flow carry products first; then retry",
    Kind.GONE: "it is no longer there: restore it and retry, or drop the dead letter",
    Kind.CONFLICT: "the destination changed meanwhile or holds it already: look at both sides, then retry",
    Kind.SCHEMA: "map the field, or give it a transform, in the source's map; then retry: the record is mapped again",
    Kind.INVALID: "correct the record at the source (its next change goes by itself), or its map; then retry",
    Kind.CONNECTOR: "this is a fault of the connector: report it with the record, and retry after an update",
    Kind.OTHER: "",
}

_WORDS: Mapping[Kind, Sequence[str]] = {
    Kind.FOLLOWS: [r"^waits for dead letter \d"],
    Kind.CLASH: [r"is carried by more than one record of"],
    Kind.CREDENTIALS: [
        r"answered with 40[13]\b|unauthori[sz]ed|forbidden|access.?denied|permission|\bscopes?\b",
        r"invalid.{0,12}(?:token|api.?key)",
        r"(?:token|credential|password|session)s? (?:\w{2,4} )?(?:been )?(?:invalid|expired|revoked|missing|wrong)",
    ],
    Kind.RATE_LIMIT: [r"answered with 429\b|rate.?limit|too many requests|throttl|slow down|quota"],
    Kind.UNREACHABLE: [
        r"answered with (?:408|425|5\d\d)\b|connection (?:refused|reset|closed)|timed? ?out|time-?out|no answer",
        r"unreachable|unavailable|name resolution|ended during the push|cut off",
    ],
    Kind.AMBIGUOUS: [r"more than once|make (?:it|them) unique|belong to several|not unique|several .{1,40} bear"],
    Kind.CURRENCY: [r"currenc"],
    Kind.UNKNOWN_LOCATION: [r"(?:no|unknown|not the id of a).{0,20}(?:location|warehouse|source)\b"],
    Kind.UNKNOWN_SKU: [
        r"(?:no|unknown|not found).{0,60}\bskus?\b",
        r"\bskus?\b.{0,60}(?:not (?:found|there|in|known)|unknown|does(?: not|n't) exist|is not)",
    ],
    Kind.GONE: [
        r"answered with 4(?:04|10)\b|does not exist there|deleted meanwhile|was deleted|no longer (?:there|exists)",
        r"is not there|not found|no longer available",
    ],
    Kind.CONFLICT: [r"answered with 4(?:09|12)\b|already (?:exists|taken|been taken)|conflict|duplicate"],
    Kind.SCHEMA: [
        r"\(read from [^)]+\)",
        r"expected .{1,80}(?:found|got|not|but)|not a canonical|is (?:not a|no) (?:number|date|text|list|object)",
        r"cannot be read as|is missing\b|is blank|no value at|nothing at|wrong type|not a \w+ but an? \w+|has neither",
    ],
    Kind.INVALID: [
        r"answered with 4\d\d\b|whole pieces|whole number|cannot be created without|without a title|has no price",
        r"invalid|does not take|must (?:be|not)|can't be|cannot be|too long|required",
    ],
    Kind.CONNECTOR: [r"^[A-Za-z]*(?:Error|Exception): |pullpush_push returned|the push cancelled itself"],
}
"""The first sort with a sign in the words counts, so the order matters: what is more telling stands first."""

_SIGNS = tuple((kind, re.compile("|".join(signs), re.IGNORECASE)) for kind, signs in _WORDS.items())


def kind_of(reason: str, answer: str = "") -> Kind:
    """The sort of a failure: by its reason, else by the platform's words."""
    found = _sign(reason)
    if found in (Kind.OTHER, Kind.INVALID) and answer:
        said = _sign(answer)
        return said if said not in (Kind.OTHER, Kind.CONNECTOR) else found
    return found


def _sign(text: str) -> Kind:
    return next((kind for kind, signs in _SIGNS if signs.search(text)), Kind.OTHER)


def hint_of(reason: str, answer: str = "") -> str:
    """How to mend a failure, for a person; empty where the words do not tell.

    Where a field of the record is at fault, it is named, with what it should be and what stood there.
    """
    kind = kind_of(reason, answer)
    if kind is Kind.SCHEMA and (found := _FIELD.search(reason)) is not None:
        return f"{_at_fault(found)}: {_HINTS[kind]}"
    if kind in (Kind.INVALID, Kind.SCHEMA) and (names := _named_fields(answer)):
        return f"the platform names {', '.join(names)}: {_HINTS[kind]}"
    return _HINTS[kind]


# "quantity: is not a number, got 'many' (read from stock.qty)": how this package words what a map could not do.
_FIELD = re.compile(r"(?P<field>[\w.\[\]]+): (?P<why>.+?)(?:, got (?P<got>.+?))? \(read from (?P<path>[^)]+)\)")
_NAMED = re.compile(r'"fields?"\s*:\s*(\[[^\]]*\]|"[^"]*"|\{[^}]*\})')
_NAME = re.compile(r'"([A-Za-z_][\w.-]*)"(?=\s*[:,\]]|$)')
_MOST_NAMES = 5
_KINDS_OF_VALUE = {'"': "text", "'": "text", "{": "an object", "[": "a list", "t": "true", "f": "false", "n": "null"}


def _at_fault(found: re.Match[str]) -> str:
    got = found["got"] or ""
    if got.startswith(("a ", "an ")):
        return f"field {found['field']}, read from {found['path']}, holds {got}"
    held = _KINDS_OF_VALUE.get(got[:1], "a number" if got[:1].isdigit() or got[:1] == "-" else "")
    return f"field {found['field']}, read from {found['path']}" + (f", holds {held}" if held else "")


def _named_fields(answer: str) -> list[str]:
    """The fields that a platform's answer complains of."""
    places = _NAMED.findall(answer)
    names = [name for place in places for name in _NAME.findall(place)]
    return list(dict.fromkeys(names))[:_MOST_NAMES]
