"""What an author chose: the options by which the template is cut to shape."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import cattrs

from pullpush_sdk.errors import SetupError

__all__ = ["AUTH", "KINDS", "PAGING", "TYPES", "Answers", "answers_from"]

KINDS = ("both", "source", "destination")
TYPES = ("product", "stocklevel", "order", "contact", "call", "invoice", "cart")
AUTH = ("bearer", "key", "basic", "oauth2", "oauth2-client", "session", "none")
PAGING = ("page", "offset", "cursor", "link", "next_url", "none")


@attrs.frozen(kw_only=True)
class Answers:
    """One combination of options; `flags` are the conditions that hold in the template's marked blocks.

    `drafted` names what a manifest was drafted from (`openapi`, `samples`, …); empty: it is the template's own.
    """

    kind: str = "both"
    types: tuple[str, ...] = ("product", "stocklevel", "order")
    auth: str = "bearer"
    paging: str = "page"
    webhooks: bool = True
    python: bool = False
    drafted: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.types:
            raise SetupError("a connector has at least one type", hint=f"choose of {', '.join(TYPES)}")
        for word, allowed, what in (
            (self.kind, KINDS, "kind"),
            (self.auth, AUTH, "auth"),
            (self.paging, PAGING, "paging"),
            *((each, TYPES, "type") for each in self.types),
        ):
            _check(word, allowed, what)
        if self.kind == "destination" and self.webhooks:
            raise SetupError(
                "a connector that only writes receives no webhooks", hint="use --no-webhooks, or --kind both"
            )

    @property
    def flags(self) -> frozenset[str]:
        """What holds."""
        if self.drafted:
            return frozenset({"read", "drafted", "emulated"})
        found = {f"type:{name}" for name in self.types}
        found |= {"source": {"read"}, "destination": {"write"}, "both": {"read", "write"}}[self.kind]
        found |= {"whole"} if "read" in found else {"whole", "unread"}
        found |= {"webhooks"} if self.webhooks else set()
        # What a manifest says is emulated from its samples; a sandbox of its own is Python.
        found |= {"python", "sandbox"} if self.python else {"emulated"}
        # Maps of what is read call functions; those of stock need none.
        calls = self.python and "read" in found and any(each != "stocklevel" for each in self.types)
        found |= {"functions"} if calls else set()
        found |= {"subscribe"} if self.python and self.webhooks else set()
        return frozenset(found)

    def with_types(self, more: Iterable[str]) -> Answers:
        """With further types, in the template's order."""
        chosen = {*self.types, *more}
        unknown = sorted(chosen - set(TYPES))
        return attrs.evolve(self, types=(*(name for name in TYPES if name in chosen), *unknown))

    def to_json(self) -> dict[str, Any]:
        """As a plain object."""
        return {**attrs.asdict(self), "types": list(self.types)}


def answers_from(recorded: Mapping[str, Any]) -> Answers:
    """The answers that `to_json` gave.

    Raises:
        SetupError: something in it is not an answer.
    """
    try:
        return cattrs.Converter(forbid_extra_keys=True).structure(dict(recorded), Answers)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        raise SetupError("the recorded answers cannot be read", hint="was the record edited by hand?") from error


def _check(word: str, allowed: Sequence[str], what: str) -> None:
    if word not in allowed:
        close = difflib.get_close_matches(word, allowed, n=1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(allowed)}"
        raise SetupError(f"{word!r} is no {what}", hint=hint)
