"""How a rule refuses a value: the reason comes from a function, the place from the rule that called it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import FieldError

from .spec import Path

_NAMES = {dict: "an object", list: "a list", tuple: "a list"}


class Refused(ValueError):  # noqa: N818 - a value is refused; the error is made by the site
    """A value is not what a function takes. The reason never holds the value: the site shows or redacts it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Failure(Exception):  # noqa: N818 - internal; leaves the package as a FieldError
    """A refused value on its way out; each list around it adds its own place."""

    def __init__(self, target: str, paths: Sequence[str], reason: str, shown: str, hint: str) -> None:
        super().__init__(reason)
        self.target = target
        self.paths = list(paths)
        self.reason = reason
        self.shown = shown
        self.hint = hint

    def error(self) -> FieldError:
        """The error that people read."""
        path = " | ".join(self.paths)
        message = f"{self.target}: {self.reason}"
        if self.shown:
            message += f", got {self.shown}"
        if path:
            message += f" (read from {path})"
        return FieldError(message, target=self.target, path=path, shown=self.shown, hint=self.hint)


@attrs.frozen(kw_only=True)
class Site:
    """One rule at work: the target it fills, the paths it reads, whether its values may be shown."""

    target: str
    paths: tuple[Path, ...] = ()
    secret: bool = False

    def refuse(self, reason: str, value: Any, hint: str = "") -> Failure:
        """The failure of `value` here; to be raised by the caller."""
        shown = "a secret value" if self.secret and value is not UNSET else show(value)
        return Failure(self.target, [path.plain for path in self.paths], reason, shown, hint)

    def failed(self, step: str, error: Exception, value: Any) -> Failure:
        """The failure of a step that raised `error` on `value`; anything but Refused is a bug of a function."""
        if isinstance(error, Failure):
            return error
        if isinstance(error, Refused):
            return self.refuse(f"{step}: {error.reason}", value, error.hint)
        detail = type(error).__name__
        if not self.secret:
            detail += f": {str(error)[:120]}"
        return self.refuse(f"{step} raised {detail}", value, "mend the function, or guard the rule with when")

    def missing(self, value: Any) -> Failure:
        """The failure of an identity field that got nothing."""
        state = "missing" if value is UNSET else "null" if value is None else "blank"
        failure = self.refuse(f"identity is {state}", value, "a record needs it; map another path or filter the record")
        failure.shown = ""
        return failure

    def inside(self, failure: Failure, suffix: str) -> Failure:
        """A failure in a part of this rule's value: `suffix` is `[3]` or `.key`."""
        failure.target = f"{self.target}{suffix}{_joined(failure.target)}"
        own = " | ".join(path.plain for path in self.paths)
        prefix = own + suffix if own != "$" else suffix.removeprefix(".")
        failure.paths = [
            path if path.startswith(("$$", "@")) else f"{prefix}{_joined(path)}" for path in failure.paths
        ] or [prefix]
        return failure


def _joined(text: str) -> str:
    if text.startswith("$"):
        return text[1:]
    return text if not text or text[0] in "[." else f".{text}"


def show(value: Any) -> str:
    """A value for a message: scalars as JSON would write them, cut at 60 characters; shapes by name only."""
    kind = value.__class__
    if value is UNSET:
        return ""
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is str:
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if kind is int:
        return str(value) if -(10**60) < value < 10**60 else "a number of more than 60 digits"
    if kind is Decimal:
        return f"{value:.60}"[:60] if not value.is_finite() else str(value)[:60]
    return _NAMES.get(kind, f"a {kind.__name__}")
