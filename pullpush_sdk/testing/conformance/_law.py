"""What a law is, and how a broken one speaks."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import attrs

from ._journal import recorded

if TYPE_CHECKING:
    from ._subject import Subject

__all__ = ["BrokenLawError", "Effort", "Law", "NotProvenError", "broken", "not_proven", "raised"]

_WIDTH = 110
_LONGEST = 700
"""Characters of what was seen: whoever needs more tries again with the seed."""


class BrokenLawError(AssertionError):
    """A connector broke a law: the message has the law, what was seen, the smallest sequence, and what to mend.

    `seen` is what was seen, `steps` the smallest sequence of events that leads there, in order.
    """

    def __init__(self, message: str, *, seen: str = "", steps: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.seen = seen or message
        self.steps = tuple(steps)


class NotProvenError(Exception):
    """A law could not be tried, because the sandbox cannot play what it needs."""


@attrs.frozen(kw_only=True)
class Effort:
    """How hard a law is tried: how many random histories, made from which seed."""

    examples: int = 10
    seed: int = 0


@attrs.frozen(kw_only=True)
class Law:
    """One law that a connector keeps for a canonical type.

    `says` is the law in a sentence; `fix` what an author should look at where it is broken. `check` tries it for one
    canonical type and raises BrokenLawError, or NotProvenError where the sandbox cannot play it. `ability` is what a
    connector must do with the type for the law to concern it; `only` names the types it is about, None means all.
    """

    name: str
    says: str
    fix: str
    ability: Literal["read", "write", "both", "webhook"]
    check: Callable[[Subject, str, Effort], None]
    only: frozenset[str] | None = None

    def types(self, subject: Subject) -> list[str]:
        """The canonical types of this connector that the law concerns, sorted."""
        connector = subject.loaded.connector
        concerned = {
            "read": connector.reads,
            "write": connector.writes,  # judged by what is read back, else by the sandbox's own books
            "both": connector.reads & connector.writes,
            "webhook": connector.webhooks & connector.reads,  # what a webhook tells is judged by what a poll reads
        }[self.ability]
        return sorted(concerned if self.only is None else concerned & self.only)

    def run(self, subject: Subject, canonical_type: str, effort: Effort | None = None) -> None:
        """Try the law.

        Raises:
            BrokenLawError: with the law, the smallest history that breaks it, the seed, and what to mend.
            NotProvenError: the sandbox cannot play what the law needs.
        """
        chosen = effort or Effort()
        with recorded() as journal:
            try:
                self.check(subject, canonical_type, chosen)
            except BrokenLawError as error:
                seen, steps, cause = error.seen, error.steps or tuple(journal.shown()), error.__cause__
            except NotProvenError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a connector raises breaks the law that it was asked under
                seen, steps, cause = raised(error), tuple(journal.shown()), error
            else:
                return
        message = self._message(subject, canonical_type, chosen, seen, steps)
        raise BrokenLawError(message, seen=seen, steps=steps) from cause

    def _message(self, subject: Subject, canonical_type: str, effort: Effort, seen: str, steps: Sequence[str]) -> str:
        """A line for each thing that an author asks next, in the order in which it is asked."""
        steps = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
        parts = [
            ("law", self.says),
            ("seen", textwrap.shorten(seen, _LONGEST, placeholder=" …")),
            *[("after" if number == 0 else "", step) for number, step in enumerate(steps)],
            ("seed", str(effort.seed)),
            ("Fix", self.fix),
        ]
        head = f"{subject.loaded.name} breaks the law {self.name} for {canonical_type}"
        options = f"--pullpush-seed={effort.seed} --pullpush-effort={effort.examples}"
        again = f"  again: pytest -k {self.name}-{canonical_type} {options}"  # in one line: it is copied
        return "\n".join([head, *(_line(name, text) for name, text in parts), again])


def _line(name: str, text: str) -> str:
    start = f"  {name + ': ' if name else '':<7}"
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * 9,
        break_long_words=name != "Fix",
        break_on_hyphens=False,
    )


def raised(error: BaseException) -> str:
    """What an exception says, with the line that it came out of: the innermost that is neither ours nor Python's."""
    kit, python = Path(__file__).parents[2], Path(traceback.__file__).parent
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not Path(frame.filename).is_relative_to(kit)
        and ("site-packages" in frame.filename or not Path(frame.filename).is_relative_to(python))
        and not frame.filename.startswith("<")
        and "pluggy" not in Path(frame.filename).parts
    ]
    place = f"{'/'.join(Path(own[-1].filename).parts[-2:])}:{own[-1].lineno} in {own[-1].name}: " if own else ""
    return f"{place}{type(error).__name__}: {error}"


def broken(seen: str, *, steps: Sequence[str] = ()) -> NoReturn:
    """The law is broken; `seen` says how, `steps` what led there."""
    raise BrokenLawError(seen, steps=steps)


def not_proven(why: str) -> NoReturn:
    """The law cannot be tried here."""
    raise NotProvenError(why)
