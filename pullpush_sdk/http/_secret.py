"""A text that does not show itself."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, NoReturn, final


@final
class Secret:
    """Wraps a secret text: `str`, `repr` and formatting show stars, `reveal` gives the text.

    It is no `str`, so that joining or concatenating it by accident fails instead of leaking; it is neither pickled
    nor encoded as JSON.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; keep it out of messages."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


def revealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every Secret at the top level revealed, as templates need them."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
