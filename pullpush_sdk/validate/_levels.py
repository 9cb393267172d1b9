"""The level that a connector reached: computed from what was found and proven, never declared.

- loads: the runtime's loader takes it, and where it was run, it loaded in the child process.
- conforms: it loads, and no rule of severity error is broken, waived or not.
- commerce-safe: it conforms, and every law of safety that concerns it was tried and kept.
- certified: it is commerce-safe, has no warning and no waiver, and every point of the checklist is proven live.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._model import Finding, Point, Trial

LOADING = frozenset({"structure"})
NOT_LOADED = frozenset({"behaviour-load", "manifest-missing"})
SAFETY = (
    "source-reads-everything",
    "source-keeps-unknown-apart-from-zero",
    "source-misses-no-change",
    "source-comes-through-failures",
    "source-outlives-its-token",
    "destination-writes-twice-as-once",
    "destination-loses-no-answer",
    "destination-refuses-what-is-not-there",
    "destination-ends-with-the-newest",
    "destination-tells-a-batch-apart",
    "destination-leaves-alone-what-is-not-said",
    "webhook-keeps-unknown-apart-from-zero",
)
"""Laws whose breach sells what is not there, loses an order, writes one twice, or clears what nobody spoke of."""


def level_of(findings: Sequence[Finding], trials: Sequence[Trial], checklist: Sequence[Point]) -> tuple[str, list[str]]:
    """The level, and what is missing for the next one."""
    errors = [each for each in findings if each.severity == "error"]
    broken = [each for each in errors if each.family in LOADING or each.code in NOT_LOADED]
    if broken:
        return "nothing", [f"{each.code}: {each.message}" for each in broken[:5]]
    if errors:
        return "loads", [f"{each.code}: {each.message}" for each in errors[:5]]
    tried = {each.law for each in trials}
    missing = [
        f"{each.law} for {each.canonical_type}: {each.outcome}, {each.reason}"
        for each in trials
        if each.law in SAFETY and each.outcome != "kept"
    ]
    if not tried & set(SAFETY):
        missing.append("its behaviour was not tried")
    if missing:
        return "conforms", missing
    lacking = [f"{each.title}: not proven, {each.because}" for each in checklist if each.proof == "not proven"]
    sampled = sum(each.proof == "proven on samples" for each in checklist)
    if sampled:
        points = "1 point" if sampled == 1 else f"{sampled} points"
        lacking.append(f"{points} of the checklist proven live, not on samples: `pullpush validate --live CONNECTION`")
    lacking += [f"{each.code}: {each.message}" for each in findings if each.severity == "warning"][:5]
    lacking += [f"{each.code} is waived" for each in findings if each.waived][:5]
    return ("commerce-safe", lacking) if lacking else ("certified", [])
