"""Combinations of options: all of them, and few that hold every pair."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

from pullpush_sdk.scaffold import AUTH, KINDS, PAGING, TYPES, Answers

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


def every() -> list[dict[str, Any]]:
    """All combinations that are one."""
    found = [dict(zip(SPACE, values, strict=True)) for values in itertools.product(*SPACE.values())]
    return [each for each in found if not (each["kind"] == "destination" and each["webhooks"])]


def covering(strength: int = 2) -> list[Answers]:
    """Few combinations in which every choice (1), or every pair of choices (2), occurs; always the same ones."""
    dice, all_of_them, chosen = random.Random(1), every(), []
    left = {part for each in all_of_them for part in _parts(each, strength)}
    while left:
        some = [*dice.sample(all_of_them, 150), next(each for each in all_of_them if _parts(each, strength) & left)]
        best = max(some, key=lambda each: len(_parts(each, strength) & left))
        left -= _parts(best, strength)
        chosen.append(Answers(**best))
    return chosen


def _parts(choice: Mapping[str, Any], strength: int) -> set[tuple[Any, ...]]:
    return set(itertools.combinations(choice.items(), strength))


def told(answers: Answers) -> str:
    """A combination as the name of a test."""
    words = [answers.kind, answers.auth, answers.paging, "+".join(answers.types)]
    return "-".join([*words, *(["webhooks"] if answers.webhooks else []), *(["python"] if answers.python else [])])
