"""The switches of `SandboxOptions.extra`, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from pullpush_sdk.errors import SetupError

__all__ = ["Switches"]


@attrs.frozen(kw_only=True)
class Switches:
    """How this shop differs from any other; the table stands in the package's docstring."""

    bearer: str = "on"
    two_factor: str = "off"
    inventory: str = "sources"
    past_last_page: str = "repeat"
    empty_items: str = "list"
    input_limits: str = "off"
    page_limit: int = 300
    slashes: str = "on"
    oauth_encoded: str = "accepted"
    unknown_sku: str = "stored"
    currency: str = "SAR"
    second_currency: str = ""
    timezone: str = "America/Chicago"
    special_null: str = "cleared"
    special_end: str = "exact"
    admin_ttl: int = 14_400
    deny: str = ""
    index_lag: int = 0
    async_delay: int = 2
    async_failures: int = 0
    order_throttle: int = 0
    order_throttle_status: int = 400
    broken: str = ""
    fatal: str = ""
    order_mail: str = "on"
    events: str = ""
    workers: int = 0
    latency: int = 100
    log_file: str = ""

    @classmethod
    def of(cls, extra: Mapping[str, str]) -> Switches:
        """The switches of these options.

        Raises:
            SetupError: an unknown switch, or a value that it does not know.
        """
        # The name that all sandboxes share.
        extra = {"events" if name == "webhook_url" else name: text for name, text in extra.items()}
        fields = {field.name: field for field in attrs.fields(cls)}
        if unknown := sorted(set(extra) - set(fields)):
            names = ", ".join(sorted(fields))
            raise SetupError(f"unknown switch {unknown[0]!r} of the magento sandbox", hint=f"one of {names}")
        values: dict[str, Any] = {}
        for name, text in extra.items():
            values[name] = _number(name, text) if isinstance(fields[name].default, int) else text
            if name in _WORDS and text not in _WORDS[name]:
                raise SetupError(f"the switch {name!r} cannot be {text!r}", hint=f"one of {', '.join(_WORDS[name])}")
        made = cls(**values)
        try:
            ZoneInfo(made.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SetupError(f"the switch 'timezone' cannot be {made.timezone!r}", hint="e.g. Asia/Riyadh") from None
        return made


_WORDS = {
    "bearer": ("on", "off"),
    "two_factor": ("on", "off"),
    "inventory": ("sources", "legacy"),
    "past_last_page": ("repeat", "empty"),
    "empty_items": ("list", "null"),
    "input_limits": ("on", "off"),
    "slashes": ("on", "off"),
    "oauth_encoded": ("refused", "accepted"),
    "unknown_sku": ("stored", "refused"),
    "order_mail": ("on", "off"),
    "special_null": ("cleared", "kept"),
    "special_end": ("exact", "day_later"),
}


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise SetupError(f"the switch {name!r} is a whole number, not {text!r}")
    return int(text)
