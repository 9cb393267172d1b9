"""What a law is, and how a broken one speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NoReturn

import attrs

if TYPE_CHECKING:
    from ._subject import Subject

__all__ = ["BrokenLawError", "Effort", "Law", "NotProvenError", "broken", "not_proven"]


class BrokenLawError(AssertionError):
    """A connector broke a law: the message has the law, what was seen and what to mend."""


class NotProvenError(Exception):
    """A law could not be tried, because the sandbox cannot play what it needs."""


@attrs.frozen(kw_only=True)
class Effort:
    """How hard a law is tried: how many random histories, made from which seed."""

    examples: int = 10
    seed: int = 0


@attrs.frozen(kw_only=True)
class Law:
    """One law.

    `says` is the law in a sentence; `fix` what an author should look at where it is broken. `check` tries it for one
    canonical type and raises BrokenLawError, or NotProvenError where the sandbox cannot play it. `ability` is what a
    connector must do with the type for the law to concern it; `only` names the types it is about, None means all.
    """

    name: str
    says: str
    fix: str
    ability: Literal["read", "write", "both"]
    check: Callable[[Subject, str, Effort], None]
    only: frozenset[str] | None = None

    def types(self, subject: Subject) -> list[str]:
        """The canonical types of this connector that the law concerns, sorted."""
        connector = subject.loaded.connector
        concerned = {
            "read": connector.reads,
            "write": connector.writes & connector.reads,  # what cannot be read back cannot be judged
            "both": connector.reads & connector.writes,
        }[self.ability]
        return sorted(concerned if self.only is None else concerned & self.only)

    def run(self, subject: Subject, canonical_type: str, effort: Effort | None = None) -> None:
        """Try the law.

        Raises:
            BrokenLawError: with the law, the smallest history that breaks it, the seed, and what to mend.
            NotProvenError: the sandbox cannot play what the law needs.
        """
        chosen = effort or Effort()
        try:
            self.check(subject, canonical_type, chosen)
        except BrokenLawError as error:
            raise BrokenLawError(
                f"{subject.loaded.name} breaks the law {self.name} for {canonical_type}: {self.says}\n"
                f"  seen: {error}\n  seed: {chosen.seed}\n  Fix: {self.fix}"
            ) from None


def broken(seen: str) -> NoReturn:
    """The law is broken; `seen` says how."""
    raise BrokenLawError(seen)


def not_proven(why: str) -> NoReturn:
    """The law cannot be tried here."""
    raise NotProvenError(why)
