"""Functions that the maps of `connector.yaml` call as `acme:name`, for what no rule can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def tidy(text: Any) -> str | None:
    """A text without white space at its ends and doubled inside; None for what is no text or is blank."""
    return " ".join(text.split()) or None if isinstance(text, str) else None


FUNCTIONS: Mapping[str, Callable[..., Any]] = {"tidy": tidy}
