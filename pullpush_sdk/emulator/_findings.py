"""What an emulator could not learn from samples, and how to record it."""

from __future__ import annotations

import attrs

__all__ = ["NotProven"]


@attrs.frozen(kw_only=True)
class NotProven:
    """One behaviour that no sample shows.

    `code` names the kind of gap, `what` the behaviour in question, `why` what is missing, `record` how to come by it.
    """

    code: str
    what: str
    why: str
    record: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why} — {self.record}"
