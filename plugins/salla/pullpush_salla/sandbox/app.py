"""Puts the parts together."""

from __future__ import annotations

from typing import Any

import attrs
from starlette.applications import Starlette

from pullpush_salla.sandbox import (
    routes_catalog,
    routes_items,
    routes_orders,
    routes_people,
    routes_stock,
    routes_webhooks,
)
from pullpush_salla.sandbox.bulk import BulkQueue
from pullpush_salla.sandbox.changes import make_changes
from pullpush_salla.sandbox.contents import contents_of
from pullpush_salla.sandbox.events import Events
from pullpush_salla.sandbox.limits import Limits
from pullpush_salla.sandbox.routes_oauth import oauth_routes
from pullpush_salla.sandbox.routing import Platform, make_route, refuse_path
from pullpush_salla.sandbox.store import STORE_ID, Store
from pullpush_salla.sandbox.switches import Switches, read_switches
from pullpush_salla.sandbox.tokens import Tokens
from pullpush_sdk.sandbox import (
    Control,
    FaultPlan,
    RequestLog,
    Sandbox,
    SandboxOptions,
    Violations,
    WebhookOutbox,
    instrument,
)

__all__ = ["build"]

_ENDPOINTS = (
    *routes_stock.ENDPOINTS,
    *routes_catalog.ENDPOINTS,
    *routes_people.ENDPOINTS,
    *routes_items.ENDPOINTS,
    *routes_orders.ENDPOINTS,
    *routes_webhooks.ENDPOINTS,
)


def build(options: SandboxOptions) -> Sandbox:
    """A Salla store on this machine.

    Raises:
        SetupError: an unknown switch in `options.extra`, or a value that it does not take.
    """
    switches = read_switches(options.extra)
    clock = options.make_clock()
    faults, violations = FaultPlan(), Violations(clock)
    outbox = WebhookOutbox(
        clock=clock,
        faults=faults,
        retry_after=switches.webhook_retries,
        accepted=(200, 201) if switches.webhook_accepts == "200,201" else None,
        auto=switches.webhooks == "auto",
    )
    tokens = Tokens(seed=options.seed, switches=switches, clock=clock)
    events = Events(
        clock=clock,
        switches=switches,
        outbox=outbox,
        violations=violations,
        webhook_secret=tokens.webhook_secret,
    )
    store = Store(
        records=options.records,
        seed_number=options.seed,
        switches=switches,
        clock=clock,
        notify=lambda event, record: events.store_event(store, event, record),
    )
    platform = Platform(
        clock=clock,
        switches=switches,
        store=store,
        tokens=tokens,
        limits=Limits(
            plan=switches.plan,
            clock=clock,
            violations=violations,
            enforced=options.rate_limits,
            abuse_after=switches.abuse_after,
        ),
        outbox=outbox,
        bulk=BulkQueue(store=store, switches=switches, clock=clock),
    )
    control = Control(
        name="salla",
        clock=clock,
        log=RequestLog(file=switches.log_file),
        faults=faults,
        violations=violations,
        dump=lambda: _dump(platform),
        reset=lambda: _reset(platform),
        changes=make_changes(platform, events),
        outbox=outbox,
        contents=contents_of(platform.store),
    )
    routes = [*(make_route(platform, endpoint) for endpoint in _ENDPOINTS), *oauth_routes(platform)]
    app = Starlette(routes=routes, exception_handlers={404: refuse_path, 405: refuse_path})
    return Sandbox(
        name="salla",
        app=instrument(app, control),
        settings={"store_id": str(STORE_ID)},
        secrets=_secrets(tokens, switches),
        control=control,
    )


def _secrets(tokens: Tokens, switches: Switches) -> dict[str, str]:
    secrets = {
        "access_token": tokens.first.access_token,
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "webhook_secret": tokens.webhook_secret,
    }
    if "offline_access" in switches.scopes:
        secrets["refresh_token"] = str(tokens.first.refresh_token)
    return secrets


def _reset(platform: Platform) -> None:
    platform.store.reset()
    platform.tokens.reset()
    platform.limits.reset()
    platform.bulk.clear()


def _dump(platform: Platform) -> dict[str, Any]:
    """Every record as it is held: amounts in minor units, instants as ISO 8601 in UTC."""
    platform.bulk.settle()
    store = platform.store
    names = ("products", "orders", "customers", "carts", "invoices", "branches", "subscriptions")
    tables: dict[str, Any] = {
        name: [attrs.asdict(record, value_serializer=_plain) for record in getattr(store, name).values()]
        for name in names
    }
    tables["invoices"] = [{**row, "order": row["order"]["id"]} for row in tables["invoices"]]
    tables["subscriptions"] = [{**row, "secret": bool(row["secret"])} for row in tables["subscriptions"]]
    return {**tables, "bulk_waiting": platform.bulk.waiting()}


def _plain(_: Any, __: Any, value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
