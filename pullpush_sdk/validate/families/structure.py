"""What the runtime's own loader says, and what it reads but does not understand."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case


def check(case: Case) -> Iterator[Problem]:
    """The loader's problems, then its notes."""
    for problem in case.problems:
        yield problem if problem.code else attrs.evolve(problem, code="manifest-value")
    if case.loaded is not None:
        yield from case.loaded.notes
    target = case.target
    if target.manifest is None and not target.module:
        yield case.of_file(
            "manifest-missing",
            target.package or target.folder or target.shown,
            "there is no connector.yaml and no hook module",
            "put connector.yaml beside hooks.py, or name the module in [project.entry-points.pullpush]",
        )
