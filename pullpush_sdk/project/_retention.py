"""`[engine]` beside its URL: what the store keeps, and how large it may become."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

__all__ = ["RETENTION_KEYS", "Retention", "read_retention"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_SIZES = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4,
          "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3, "TIB": 1024**4}  # fmt: skip
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_DAY = 86_400.0
_SHORTEST_IDS = 2 * _DAY

_DURATION_FORM = 'a time such as "7d", "12h" or "30m"'
_DURATION_OR_NONE_FORM = 'a time such as "3d", or false'
_SIZE_FORM = 'a size such as "2GB" or "500MB"'


@attrs.frozen(kw_only=True)
class Retention:
    """Seconds and bytes; 0 for `keep_webhooks` keeps none.

    None for `expire_dead_letters` and `max_size` means never and without limit.
    """

    keep: float = 7 * _DAY
    keep_webhook_ids: float = 14 * _DAY
    keep_webhooks: float = 3 * _DAY
    expire_dead_letters: float | None = None
    max_size: int | None = None
    min_free: int = 64 * 1024**2


def duration(value: Any) -> float | None:
    """Seconds of `"7d"`; None for what is none."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) * _UNITS[found[2]] if found is not None and float(found[1]) > 0 else None


def size(value: Any) -> int | None:
    """Bytes of `"2GB"` or of a whole number; None for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = _SIZES.get(found[2].upper()) if found is not None else None
    return None if found is None or unit is None else int(float(found[1]) * unit)


def duration_or_none(value: Any) -> float | None:
    """Seconds of `"3d"`, 0 of false; None for what is neither."""
    return 0.0 if value is False else duration(value)


_READERS: Mapping[str, tuple[Callable[[Any], float | int | None], str]] = {
    "keep": (duration, _DURATION_FORM),
    "keep_webhook_ids": (duration, _DURATION_FORM),
    "keep_webhooks": (duration_or_none, _DURATION_OR_NONE_FORM),
    "expire_dead_letters": (duration, _DURATION_FORM),
    "max_size": (size, _SIZE_FORM),
    "min_free": (size, _SIZE_FORM),
}
RETENTION_KEYS = tuple(_READERS)


def read_retention(table: Mapping[str, Any], note: Callable[[str, str, str], None]) -> Retention:
    """The keys of a table; `note` is told the key, what is wrong and the mend, and the default stands."""
    found: dict[str, Any] = {}
    for key, (read, form) in _READERS.items():
        if key not in table:
            continue
        value = read(table[key])
        if value is None:
            note(key, f"{key} is not {form}", f"{key} = {form.split(' such as ')[1].split(' or ')[0].split(',')[0]}")
        elif key == "keep_webhook_ids" and value < _SHORTEST_IDS:
            note(key, "keep_webhook_ids is shorter than platforms repeat webhooks", 'keep_webhook_ids = "14d"')
        else:
            found[key] = value
    return Retention(**found)
