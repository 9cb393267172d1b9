"""Fault scripts: what goes wrong with which request, said in the order in which it happens.

    script = FaultScript.of(
        page(2).answers(429, retry_after=1).then(500),
        push(3).loses_its_answer(),
        webhook().comes_twice(),
    )
    script.play(shop.sandbox)

A script is plain data: it prints itself as it is read above, and failures of the assertions of this kit show it.
`FaultScript.random(seed)` draws one; `fault_scripts()` in `strategies` is the same for hypothesis, which shrinks it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.sandbox import Sandbox

__all__ = ["Fault", "FaultScript", "Moment", "page", "push", "request", "webhook"]

Json = Any
_READ, _WRITE = "GET", "[!G]*"
_PASSING = (
    {"fault": "lost_answer"},
    {"fault": "truncate"},
    {"fault": "reset"},
    {"fault": "status", "status": 429, "headers": {"Retry-After": "0"}, "body": {}},
    {"fault": "status", "status": 500, "body": "out of order"},
    {"fault": "status", "status": 503, "body": "busy"},
)
"""Faults that pass, and may happen to any request."""


@attrs.frozen(kw_only=True)
class Moment:
    """The `number`th request (from 1) that fits: where something may be said to go wrong.

    `name` is how it is called in print; `match` are patterns for `method`, `path`, `query`, `body`, or the `event` of a
    webhook.
    """

    name: str
    number: int
    match: Mapping[str, str]

    def answers(self, status: int, *, body: Json = "", retry_after: float | None = None) -> Fault:
        """The platform does nothing and answers with a status."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        return self._fault(fault="status", status=status, body=body, headers=headers)

    def loses_its_answer(self) -> Fault:
        """The platform carries it out, and its answer never arrives."""
        return self._fault(fault="lost_answer")

    def is_cut(self) -> Fault:
        """The platform carries it out, and half of the answer arrives."""
        return self._fault(fault="truncate")

    def is_reset(self) -> Fault:
        """The connection is closed before anything is carried out."""
        return self._fault(fault="reset")

    def is_slow(self, seconds: float) -> Fault:
        """The answer drips in over so many seconds of the sandbox's clock."""
        return self._fault(fault="slow", seconds=seconds)

    def comes_again(self) -> Fault:
        """From here on every such request is given the answer that the one before it got."""
        return self._fault(fault="repeat_page", times=None)

    def passes(self, which: int) -> Fault:
        """One of the faults that pass (lost, cut, reset, 429, 500, 503), by number."""
        return self._fault(**_PASSING[which % len(_PASSING)])

    def comes_twice(self) -> Fault:
        """A webhook is sent twice."""
        return self._fault(fault="webhook_duplicate")

    def comes_late(self) -> Fault:
        """A webhook is sent behind the one after it."""
        return self._fault(fault="webhook_reorder")

    def is_forged(self) -> Fault:
        """A webhook arrives with another body than was signed."""
        return self._fault(fault="webhook_forge")

    def never_comes(self) -> Fault:
        """A webhook is not sent at all."""
        return self._fault(fault="webhook_drop")

    def _fault(self, **rule: Json) -> Fault:
        return Fault(moment=self, rule={"times": 1, **rule})


def page(number: int = 1, **match: str) -> Moment:
    """The `number`th request that reads (GET); name `path`, `query` or `body` patterns, or another `method`."""
    return Moment(name="page", number=number, match={"method": _READ, **match})


def push(number: int = 1, **match: str) -> Moment:
    """The `number`th request that writes (not a GET); of GraphQL say `body="*mutation*"`."""
    return Moment(name="push", number=number, match={"method": _WRITE, **match})


def request(number: int = 1, **match: str) -> Moment:
    """The `number`th request, whatever it does."""
    return Moment(name="request", number=number, match=match)


def webhook(number: int = 1, **match: str) -> Moment:
    """The `number`th webhook; `event` names which."""
    return Moment(name="webhook", number=number, match=match)


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong at one moment."""

    moment: Moment
    rule: Mapping[str, Json]
    before: tuple[Fault, ...] = ()

    def then(self, status: int, *, body: Json = "") -> Fault:
        """The next request of the same kind is answered with a status too."""
        later = attrs.evolve(self.moment, number=self.moment.number + 1).answers(status, body=body)
        return attrs.evolve(later, before=(*self.before, attrs.evolve(self, before=())))

    def __str__(self) -> str:
        patterns = {name: text for name, text in self.moment.match.items() if name != "method"}
        where = f" ({', '.join(f'{name} {text}' for name, text in patterns.items())})" if patterns else ""
        return f"{self.moment.name} {self.moment.number}{where}: {_said(self.rule)}"


def _said(rule: Mapping[str, Json]) -> str:
    words = {
        "lost_answer": "done, answer lost",
        "truncate": "done, answer cut",
        "reset": "connection reset",
        "repeat_page": "the same answer for ever",
        "webhook_duplicate": "comes twice",
        "webhook_reorder": "comes late",
        "webhook_forge": "forged",
        "webhook_drop": "never comes",
    }
    if rule["fault"] == "status":
        wait = rule.get("headers", {}).get("Retry-After")
        return f"{rule['status']}" + (f", retry after {wait} s" if wait else "")
    return f"slow, {rule['seconds']:g} s" if rule["fault"] == "slow" else words[rule["fault"]]


@attrs.frozen(kw_only=True)
class FaultScript:
    """What goes wrong, in order. A request suffers one fault: where two meet, the later one waits for the next."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, *faults: Fault) -> FaultScript:
        """A script of these, and of what they were said to follow."""
        return cls(faults=tuple(each for fault in faults for each in (*fault.before, attrs.evolve(fault, before=()))))

    @classmethod
    def random(cls, seed: int, *, faults: int = 5, within: int = 12) -> FaultScript:
        """So many passing faults among the first requests that read and that write; the same seed draws the same."""
        dice = random.Random(seed)  # noqa: S311 - a test plan, not a secret
        drawn = []
        for _ in range(faults):
            moment = dice.choice((page, push))(dice.randint(1, within))
            drawn.append(moment.passes(dice.randrange(len(_PASSING))))
        return cls.of(*sorted(drawn, key=lambda each: (each.moment.name, each.moment.number)))

    def rules(self) -> list[dict[str, Json]]:
        """The script as the rules of a sandbox's fault plan."""
        made: list[dict[str, Json]] = []
        for fault in sorted(self.faults, key=lambda each: each.moment.number):
            match, number = dict(fault.moment.match), fault.moment.number
            # A request that falls victim to an earlier rule is not seen by the later ones.
            taken = sum(1 for rule in made if rule["match"] == match and rule["skip"] < number)
            made.append({**fault.rule, "match": match, "skip": max(0, number - 1 - taken)})
        return made

    def play(self, sandbox: Sandbox) -> None:
        """Let it happen to a sandbox, from its next request on; what was planned before is forgotten."""
        sandbox.control.faults.replace(self.rules())

    def without(self, index: int) -> FaultScript:
        """The script less one fault: what shrinks a failure."""
        return attrs.evolve(self, faults=self.faults[:index] + self.faults[index + 1 :])

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults)) or "nothing goes wrong"
