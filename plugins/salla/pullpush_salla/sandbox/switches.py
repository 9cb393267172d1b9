"""The platform specific switches of `SandboxOptions.extra`, read and checked once."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pullpush_sdk.errors import SetupError

__all__ = ["ALL_SCOPES", "Switches", "read_switches"]

ALL_SCOPES = (
    "settings.read",
    "customers.read_write",
    "orders.read_write",
    "carts.read",
    "branches.read_write",
    "products.read_write",
    "webhooks.read_write",
    "offline_access",
)


@attrs.frozen(kw_only=True)
class Switches:
    """One field per switch; the package docstring lists them with their meanings."""

    abuse_after: int
    app_webhook_url: str
    branches: int
    bulk_branch_id: bool
    bulk_delay: float
    bulk_max_rows: int
    bulk_negative: str
    bulk_unknown: str
    carts: int | None
    code_expiry_field: str
    custom_item_taxed: bool
    customers: int | None
    deprecated_events: bool
    index_lag: float
    item_prices: str
    list_order: str
    log_file: str | None
    number_clears_unlimited: bool
    order_date_zone: str
    order_detail: str
    orders: int | None
    oversell: bool
    past_last_page: str
    plan: str
    product_time_zone: str
    quantities_per_page: str
    quantities_total: str
    refresh_days: float
    refresh_grace: float
    refresh_reuse_status: int
    sale_above_price: str
    same_url_replaces_event: bool
    scopes: tuple[str, ...]
    stock_touches_updated_at: bool
    unset_strategy: str
    webhook_accepts: str
    webhook_retries: tuple[float, ...]
    webhooks: str


# Name -> (default, allowed texts; empty = free). The first allowed text is the default.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "bulk_negative": ("clamp", "keep", "skip"),
    "bulk_unknown": ("ignore", "refuse"),
    "code_expiry_field": ("expires", "expires_in"),
    "custom_item_taxed": ("true", "false"),
    "item_prices": ("decimal", "whole"),
    "list_order": ("newest", "oldest"),
    "order_date_zone": ("store", "utc"),
    "order_detail": ("light", "full"),
    "past_last_page": ("empty", "404"),
    "plan": ("plus", "basic", "pro", "special"),
    "product_time_zone": ("store", "utc"),
    "quantities_per_page": ("honoured", "ignored"),
    "quantities_total": ("sum", "default_branch"),
    "sale_above_price": ("kept", "ended", "refused"),
    "unset_strategy": ("signature", "none"),
    "webhook_accepts": ("200,201", "2xx"),
    "webhooks": ("auto", "manual"),
}
_FLAGS = (
    "bulk_branch_id",
    "deprecated_events",
    "number_clears_unlimited",
    "oversell",
    "same_url_replaces_event",
    "stock_touches_updated_at",
)
_NUMBERS: Mapping[str, float] = {"bulk_delay": 0.0, "index_lag": 0.0, "refresh_days": 30.0, "refresh_grace": 0.0}
_COUNTS: Mapping[str, int | None] = {
    "abuse_after": 0,
    "branches": 1,
    "bulk_max_rows": 100,
    "carts": None,
    "customers": None,
    "orders": None,
    "refresh_reuse_status": 401,
}
_TEXTS = ("app_webhook_url", "log_file", "scopes", "webhook_retries")


def read_switches(extra: Mapping[str, str]) -> Switches:
    """The switches with defaults filled in.

    Raises:
        SetupError: an unknown switch or a value that it does not take.
    """
    known = {*_CHOICES, *_FLAGS, *_NUMBERS, *_COUNTS, *_TEXTS}
    if unknown := sorted(set(extra) - known):
        raise SetupError(
            f"unknown switch {unknown[0]!r} of the salla sandbox", hint=f"known: {', '.join(sorted(known))}"
        )
    values: dict[str, object] = {}
    for name, allowed in _CHOICES.items():
        values[name] = _choice(name, extra.get(name, allowed[0]), allowed)
    values["custom_item_taxed"] = values["custom_item_taxed"] == "true"
    for name in _FLAGS:
        values[name] = _choice(name, extra.get(name, "false"), ("true", "false")) == "true"
    for name, default in _NUMBERS.items():
        values[name] = _number(name, extra[name]) if name in extra else default
    for name, count in _COUNTS.items():
        values[name] = int(_number(name, extra[name])) if name in extra else count
    if values["branches"] == 0:
        raise SetupError("a store has at least one branch", hint="branches must be 1 or more")
    scopes = tuple(extra["scopes"].split()) if "scopes" in extra else ALL_SCOPES
    retries = tuple(_number("webhook_retries", part) for part in extra.get("webhook_retries", "300,300").split(","))
    texts = {"app_webhook_url": extra.get("app_webhook_url", ""), "log_file": extra.get("log_file")}
    return Switches(**values, **texts, scopes=scopes, webhook_retries=retries)  # type: ignore[arg-type]


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SetupError(f"switch {name} does not take {value!r}", hint=f"one of {', '.join(allowed)}")
    return value


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise SetupError(f"switch {name} takes a number of 0 or more, not {value!r}")
    return number
