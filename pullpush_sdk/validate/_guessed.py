"""What a sandbox made from samples only guesses: requests that no sample holds, played as the manifest says.

A manifest agrees with whatever is made of it alone, so that nothing tried against a guess proves anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.manifest import Manifest

from ._model import Trial

__all__ = ["Guessed", "guessed_of"]

NOT_RECORDED = "no sample holds its requests: the sandbox plays what the manifest says"


@attrs.frozen(kw_only=True)
class Guessed:
    """Canonical types of which no list, or no write, is recorded."""

    read: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()

    def judged(self, trial: Trial) -> Trial:
        """The trial; kept against a guess it is not proven."""
        types = self.read if trial.law.startswith("source-") else self.written
        if trial.outcome != "kept" or trial.canonical_type not in types:
            return trial
        return attrs.evolve(trial, outcome="not proven", reason=NOT_RECORDED)


def guessed_of(manifest: Manifest | None, gaps: Sequence[Mapping[str, Any]]) -> Guessed:
    """What the emulator's gaps say of the manifest's types: a `code` and what it is `of`, which names a place."""
    places = {str(each.get("of")).rpartition("($.")[2] for each in gaps if each.get("code") == "not-recorded"}
    if manifest is None or not places:
        return Guessed()
    lists = [(name, each.canonical_type) for name, each in manifest.resources.items() if each.list is not None]
    shown = {kind for name, kind in lists if f"resources.{name}.list)" not in places}
    return Guessed(
        read=frozenset({kind for _, kind in lists} - shown),
        written=frozenset(kind for kind in manifest.push if any(at.startswith(f"push.{kind}.") for at in places)),
    )
