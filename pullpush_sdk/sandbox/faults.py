"""Fault plans: which requests go wrong, how, and how often. Data only; `_middleware` carries them out.

A plan is a JSON list of rules; the first rule that matches and fires decides about a request:

    {"match": {"method": "GET", "path": "/admin/v2/products*", "query": "*page=2*", "body": "*text*"},
     "fault": "status", "status": 429, "headers": {"Retry-After": "2"}, "body": {"error": "..."},
     "seconds": 2, "skip": 1, "times": 3, "probability": 0.2, "seed": 7}

All keys of `match` are shell patterns (case-sensitive; an absent one matches everything); `body` looks at the
request's text. `skip` lets that many matching requests pass first, `times` bounds how often a rule fires (absent:
no bound), `probability` decides each time by a generator seeded with `seed`, so that a plan behaves the same in
every run.

| fault | what the client sees |
| --- | --- |
| `status` | the answer `status`, `headers`, `body`; the request is not carried out |
| `reset` | the connection is reset without an answer; not carried out |
| `lost_answer` | the request is carried out, then the connection is closed without an answer |
| `slow` | the request is carried out; its answer's body drips over `seconds` |
| `truncate` | the request is carried out; half of the body arrives, then the connection closes |
| `repeat_page` | the answer to the last request that matched this rule, once more |
| `webhook_duplicate` | a webhook is sent twice |
| `webhook_reorder` | a webhook is held back until the next one was sent |
| `webhook_drop` | a webhook is never sent |
| `webhook_forge` | a webhook's body no longer fits its signature |

Webhook faults match by `event` alone.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import attrs

from pullpush_sdk.errors import PullPushError

__all__ = ["Answer", "FaultPlan", "FaultPlanError", "FaultRule"]

_REQUEST_FAULTS = ("status", "reset", "lost_answer", "slow", "truncate", "repeat_page")
_WEBHOOK_FAULTS = ("webhook_duplicate", "webhook_reorder", "webhook_drop", "webhook_forge")
_MATCH_KEYS = ("method", "path", "query", "body")


class FaultPlanError(PullPushError):
    """A fault plan is not good; the message names the rule and the key."""


@attrs.frozen(kw_only=True)
class Answer:
    """A whole HTTP answer; header names and values as ASGI has them."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@attrs.define(kw_only=True)
class FaultRule:
    """One rule with its own dice, its count and, for `repeat_page`, the last answer that it let pass."""

    fault: str
    match: Mapping[str, str]
    status: int = 500
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: Any = None
    seconds: float = 1.0
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    fired: int = 0
    seen: int = 0
    last_answer: Answer | None = None
    _dice: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - a test plan, not a secret

    def matches(self, facts: Mapping[str, str]) -> bool:
        """Whether every pattern fits the fact of the same name."""
        return all(fnmatchcase(facts[key], pattern) for key, pattern in self.match.items())

    def fires(self) -> bool:
        """Count one matching request and say whether the fault happens to it."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.fired >= self.times):
            return False
        if self.probability < 1.0 and self._dice.random() >= self.probability:
            return False
        if self.fault == "repeat_page" and self.last_answer is None:
            return False
        self.fired += 1
        return True

    def to_json(self) -> dict[str, Any]:
        """The rule as it was given, with how often it matched and fired."""
        shown = {"match": dict(self.match), "fault": self.fault, "seen": self.seen, "fired": self.fired}
        for name in ("status", "headers", "body", "seconds", "skip", "times", "probability", "seed"):
            shown[name] = getattr(self, name)
        return shown


class FaultPlan:
    """The rules in force; replaced as a whole."""

    def __init__(self, rules: object = ()) -> None:
        self.rules: tuple[FaultRule, ...] = ()
        self.replace(rules)

    def replace(self, rules: object) -> None:
        """Put a new plan in force; the old one stays when the new one is not good.

        Raises:
            FaultPlanError: naming rule and key.
        """
        if not isinstance(rules, (list, tuple)):
            raise FaultPlanError("a fault plan is a list of rules", hint="send a JSON list; [] means no faults")
        self.rules = tuple(_parse_rule(rule, f"rule {i}") for i, rule in enumerate(rules))

    def pick(self, facts: Mapping[str, str]) -> FaultRule | None:
        """The rule that this request (`method`, `path`, `query`, `body`) falls victim to."""
        return next((r for r in self._request_rules() if r.matches(facts) and r.fires()), None)

    def pick_webhook(self, event: str) -> FaultRule | None:
        """The rule that a webhook of this event falls victim to."""
        facts = {"event": event}
        rules = (rule for rule in self.rules if rule.fault in _WEBHOOK_FAULTS)
        return next((rule for rule in rules if rule.matches(facts) and rule.fires()), None)

    def page_watchers(self, facts: Mapping[str, str]) -> list[FaultRule]:
        """The `repeat_page` rules that want to remember the answer to this request."""
        return [r for r in self._request_rules() if r.fault == "repeat_page" and r.matches(facts)]

    def _request_rules(self) -> list[FaultRule]:
        return [rule for rule in self.rules if rule.fault in _REQUEST_FAULTS]


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


_CHECKS: Mapping[str, tuple[Any, str]] = {
    "status": (lambda v: _is_count(v) and 200 <= v <= 599, "an HTTP status from 200 to 599"),
    "headers": (_is_text_map, "an object of texts"),
    "body": (lambda _: True, "any JSON"),
    "seconds": (_is_number, "a number of seconds, 0 or more"),
    "skip": (_is_count, "a whole number, 0 or more"),
    "times": (lambda v: v is None or _is_count(v), "a whole number, 0 or more"),
    "probability": (lambda v: _is_number(v) and v <= 1, "a number from 0 to 1"),
    "seed": (lambda v: isinstance(v, int), "a whole number"),
}


def _parse_rule(rule: object, place: str) -> FaultRule:
    if not isinstance(rule, Mapping):
        raise FaultPlanError(f"{place}: a rule is an object, not {rule!r}")
    fault = rule.get("fault")
    if fault not in _REQUEST_FAULTS + _WEBHOOK_FAULTS:
        known = ", ".join(_REQUEST_FAULTS + _WEBHOOK_FAULTS)
        raise FaultPlanError(f"{place}: unknown fault {fault!r}", hint=f"one of {known}")
    match = rule.get("match", {})
    allowed = _MATCH_KEYS if fault in _REQUEST_FAULTS else ("event",)
    if not _is_text_map(match) or not set(match) <= set(allowed):
        raise FaultPlanError(f"{place}.match: an object of patterns under {', '.join(allowed)}, not {match!r}")
    options = {key: value for key, value in rule.items() if key not in ("fault", "match")}
    for key, value in options.items():
        if key not in _CHECKS:
            raise FaultPlanError(f"{place}: unknown key {key!r}", hint=f"known: {', '.join(sorted(_CHECKS))}")
        is_good, expected = _CHECKS[key]
        if not is_good(value):
            raise FaultPlanError(f"{place}.{key}: expected {expected}, not {value!r}")
    return FaultRule(fault=fault, match=dict(match), **options)
