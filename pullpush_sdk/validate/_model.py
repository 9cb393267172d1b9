"""What validation speaks of: rules, findings, proofs of behaviour, and the report that holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from pullpush_sdk.errors import Problem

if TYPE_CHECKING:
    from ._case import Case

Json = Any
Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
Proof = Literal["proven live", "proven on samples", "not proven"]
LEVELS = ("nothing", "loads", "conforms", "commerce-safe", "certified")
"""What a connector can reach, each one including those before it."""


@attrs.frozen(kw_only=True)
class Example:
    """A document with a mistake, and the same one without: edits (path to value) of the base document `on`."""

    on: str
    wrong: Mapping[str, Json]
    right: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class Rule:
    """One rule: `code` never changes its meaning, `why` explains it, `fixable` says that `--fix` can mend it.

    `check` is for rules that a distribution adds by `pullpush_rules`: it gets the case and gives what it found. The
    rules of this package are checked by their families. Where `waivable` is false no waiver helps.
    """

    code: str
    family: str
    severity: Severity
    title: str
    why: str = ""
    waivable: bool = True
    fixable: bool = False
    example: Example | None = None
    check: Callable[[Case], Iterable[Problem]] | None = None


@attrs.frozen(kw_only=True)
class Finding:
    """One thing wrong at one place; `waived` holds the reason where a waiver covers it."""

    code: str
    family: str
    severity: Severity
    message: str
    hint: str = ""
    path: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    waived: str = ""

    @property
    def place(self) -> str:
        """File, line and column as far as they are known."""
        numbers = ":".join(str(each) for each in (self.line, self.column) if each is not None)
        return (
            f"{self.file}:{numbers}" if self.file and numbers else self.file or (f"line {numbers}" if numbers else "")
        )


@attrs.frozen(kw_only=True)
class Trial:
    """How one law went for one canonical type; `seconds` is the time it took."""

    law: str
    canonical_type: str
    outcome: Literal["kept", "broken", "not proven"]
    reason: str = ""
    seconds: float = 0.0


@attrs.frozen(kw_only=True)
class Point:
    """One point of the submission checklist, with what it was concluded from."""

    title: str
    proof: Proof
    because: str


@attrs.frozen(kw_only=True)
class Report:
    """Everything that one validation found.

    `families` names those that ran with the seconds they took; `skipped` says why one did not. `trials` are empty where
    behaviour was not run. `unshown` is what no sample shows, where the sandbox was made from samples. `exchanges` are
    the recorded requests and answers, redacted. `mended` says that what is mechanical was mended before.
    """

    target: str
    kind: str
    name: str
    version: str
    findings: Sequence[Finding]
    families: Mapping[str, float]
    skipped: Mapping[str, str] = attrs.field(factory=dict)
    trials: Sequence[Trial] = ()
    checklist: Sequence[Point] = ()
    level: str = "nothing"
    missing: Sequence[str] = ()
    exchanges: Sequence[Json] = attrs.field(default=(), repr=False)
    sandbox: str = ""
    unshown: Sequence[str] = ()
    seconds: float = 0.0
    mended: bool = False

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity that no waiver covers."""
        return [each for each in self.findings if each.severity == severity and not each.waived]

    @property
    def ok(self) -> bool:
        """Whether no error is left."""
        return not self.of("error")
