"""Combinations of options: all of them under names of their own, and few that hold every pair."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.scaffold import AUTH, KINDS, PAGING, TYPES, Answers, Names

SPACE: Mapping[str, tuple[Any, ...]] = {
    "kind": KINDS,
    "auth": AUTH,
    "paging": PAGING,
    "webhooks": (True, False),
    "python": (True, False),
    "types": (
        TYPES,
        ("product",),
        ("stocklevel",),
        ("order", "contact"),
        ("call", "cart", "invoice"),
        ("product", "stocklevel"),
    ),
}


@attrs.frozen(kw_only=True)
class Combination:
    """One of them, with the name of the connector that is made of it."""

    name: str
    answers: Answers

    @property
    def names(self) -> Names:
        """Every spelling of its name."""
        return Names(name=self.name, title=self.name.capitalize())

    @property
    def options(self) -> list[str]:
        """What `pullpush new-connector` is told."""
        asked = {name: getattr(self.answers, name) for name in ("kind", "auth", "paging")}
        asked["types"] = ",".join(self.answers.types)
        switches = [
            "--webhooks" if self.answers.webhooks else "--no-webhooks",
            "--python" if self.answers.python else "--declarative",
        ]
        return [*itertools.chain.from_iterable((f"--{name}", value) for name, value in asked.items()), *switches]

    def __str__(self) -> str:
        return f"{self.name} ({' '.join(self.options)})"


def every() -> list[Combination]:
    """All combinations that are one, always under the same names: c0001, c0002, …"""
    found = [dict(zip(SPACE, values, strict=True)) for values in itertools.product(*SPACE.values())]
    valid = [each for each in found if not (each["kind"] == "destination" and each["webhooks"])]
    return [Combination(name=f"c{number:04}", answers=Answers(**each)) for number, each in enumerate(valid, start=1)]


def batches(size: int, only: Sequence[str] = ()) -> list[list[Combination]]:
    """All of them, or those that are named, in pieces.

    Raises:
        ValueError: there is none of such a name.
    """
    known = {each.name: each for each in every()}
    if unknown := sorted(set(only) - set(known)):
        raise ValueError(f"no combination is called {', '.join(unknown)}: they are c0001 to c{len(known):04}")
    wanted = [known[name] for name in only or known]
    return [wanted[start : start + size] for start in range(0, len(wanted), size)]


def covering(strength: int = 2) -> list[Combination]:
    """Few combinations in which every choice (1), or every pair of choices (2), occurs; always the same ones."""
    dice, all_of_them, chosen = random.Random(1), every(), []
    left = {part for each in all_of_them for part in _parts(each, strength)}
    while left:
        some = [*dice.sample(all_of_them, 150), next(each for each in all_of_them if _parts(each, strength) & left)]
        best = max(some, key=lambda each: len(_parts(each, strength) & left))
        left -= _parts(best, strength)
        chosen.append(best)
    return chosen


def _parts(each: Combination, strength: int) -> set[tuple[Any, ...]]:
    return set(itertools.combinations(((name, getattr(each.answers, name)) for name in SPACE), strength))
