"""Departures from a vendor's document that have a reason, kept in a file; one that nothing needs is a failure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import attrs
import yaml

from ._spec import Finding


@attrs.define(kw_only=True)
class Deviation:
    """Shell patterns of a finding's operation, part, place and message, and why it is right as it is."""

    operation: str
    reason: str
    part: str = "*"
    place: str = "*"
    message: str = "*"
    used: bool = attrs.field(default=False, init=False)

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this finding; brackets in a place are meant literally."""
        pairs = [(getattr(finding, name), getattr(self, name)) for name in ("operation", "part", "place", "message")]
        return all(fnmatchcase(value, pattern.replace("[", "[[]")) for value, pattern in pairs)


@attrs.define(kw_only=True)
class Deviations:
    """The deviations of one file."""

    rows: list[Deviation]

    @classmethod
    def load(cls, path: Path) -> Deviations:
        """A YAML list of objects with `operation`, `reason` and any of `part`, `place`, `message`.

        Raises:
            TypeError: a row has another key, or lacks its operation or reason.
        """
        return cls(rows=[Deviation(**row) for row in yaml.safe_load(path.read_text(encoding="utf-8")) or []])

    def unexplained(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings, each once, that no deviation covers; those that cover one are marked as used."""
        left: dict[Finding, None] = {}
        for finding in findings:
            covering = next((row for row in self.rows if row.covers(finding)), None)
            if covering is None:
                left[finding] = None
            else:
                covering.used = True
        return list(left)

    def unused(self) -> list[Deviation]:
        """Deviations that covered nothing."""
        return [row for row in self.rows if not row.used]
