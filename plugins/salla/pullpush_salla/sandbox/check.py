"""Validation of request bodies: every field at fault is collected, then refused at once with 422."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pullpush_salla.sandbox.money import parse_minor
from pullpush_salla.sandbox.wire import ApiError
from pullpush_salla.sandbox.words import Words

__all__ = ["Check"]

T = TypeVar("T")

_INVALID: Words = ("alert.invalid_fields", "alert.invalid_fields")


class Check:
    """Reads fields of one object; `prefix` makes nested names (`products.0.`), `errors` is shared with the parent.

    Every reader returns None for a field that is absent, null or at fault.
    """

    def __init__(
        self, body: Mapping[str, Any], *, prefix: str = "", errors: dict[str, list[Words]] | None = None
    ) -> None:
        self.body = body
        self.prefix = prefix
        self.errors: dict[str, list[Words]] = {} if errors is None else errors

    def nested(self, key: str, value: object) -> Check:
        """A check of an object inside this one; anything but an object counts as an empty one."""
        body = value if isinstance(value, Mapping) else {}
        return Check(body, prefix=f"{self.prefix}{key}.", errors=self.errors)

    def fail(self, key: str, words: Words) -> None:
        """Note a field at fault."""
        self.errors.setdefault(self.prefix + key, []).append(words)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.body.get(key) is not None

    def done(self) -> None:
        """Refuse the request if anything was noted.

        Raises:
            ApiError: 422 with `error.fields`.
        """
        if self.errors:
            raise ApiError(422, _INVALID, fields=self.errors)

    def required(self, *keys: str) -> None:
        """Note every key that is absent, null or blank."""
        for key in keys:
            if self.body.get(key) in (None, "", [], {}):
                name = self.prefix + key
                self.fail(key, (f"حقل {name} مطلوب.", f"The {name} field is required."))

    def text(self, key: str) -> str | None:
        """A text, which may be empty."""
        return self._read(key, str, ("يجب أن يكون نصاً", "must be a text"))

    def flag(self, key: str) -> bool | None:
        """True or false; 1 and 0 are not accepted."""
        return self._read(key, bool, ("يجب أن يكون منطقياً", "must be true or false"))

    def rows(self, key: str) -> Sequence[Any]:
        """A list; empty when absent or at fault."""
        return self._read(key, list, ("يجب أن يكون قائمة", "must be a list")) or []

    def money(self, key: str) -> int | None:
        """An amount of 0 or more, in minor units."""
        if not self.has(key):
            return None
        minor = parse_minor(self.body[key])
        if minor is None or minor < 0:
            self._bad(key, ("يجب أن يكون مبلغاً", "must be an amount of 0 or more"))
            return None
        return minor

    def whole(self, key: str, *, least: int = 0) -> int | None:
        """A whole number, or its text."""
        if not self.has(key):
            return None
        value = self.body[key]
        if isinstance(value, str) and value.removeprefix("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._bad(key, (f"يجب أن يكون رقماً لا يقل عن {least}", f"must be a whole number of at least {least}"))
            return None
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str | None:
        """One of some texts."""
        if not self.has(key):
            return None
        value = self.body[key]
        if value not in allowed:
            self._bad(key, ("قيمته غير صالحة", f"must be one of {', '.join(allowed)}"))
            return None
        return str(value)

    def _read(self, key: str, kind: type[T], words: Words) -> T | None:
        if not self.has(key):
            return None
        value = self.body[key]
        if not isinstance(value, kind):
            self._bad(key, words)
            return None
        return value

    def _bad(self, key: str, words: Words) -> None:
        name = self.prefix + key
        self.fail(key, (f"حقل {name} {words[0]}.", f"The {name} field {words[1]}."))
