"""Puts a sandbox together from its options."""

from __future__ import annotations

from collections.abc import Mapping

from pullpush_sdk.errors import ProjectError
from pullpush_sdk.sandbox import (
    Control,
    FaultPlan,
    LeakyBucket,
    OutgoingWebhook,
    RequestLog,
    Sandbox,
    SandboxOptions,
    Violations,
    WebhookOutbox,
    instrument,
)
from pullpush_shopify.sandbox._app import Office
from pullpush_shopify.sandbox._call import Call, Desk
from pullpush_shopify.sandbox._change import changes
from pullpush_shopify.sandbox._contents import contents_of
from pullpush_shopify.sandbox._dump import dump
from pullpush_shopify.sandbox._graphql import Engine, Tariff
from pullpush_shopify.sandbox._oauth import SCOPES, Grants
from pullpush_shopify.sandbox._seed import fill
from pullpush_shopify.sandbox._store import DEPTH_LIMIT, Store
from pullpush_shopify.sandbox._webhooks import RETRY_AFTER, Sender

__all__ = ["build"]

_VERSION = "2026-10"
_LOG_CAPACITY = 200_000
_ANSWER_WITHIN = 5.0
_SECRETS = {
    "access_token": "shpat_sandbox00000000000000000000000",
    "client_id": "sandbox-client",
    "client_secret": "shpss_sandbox00000000000000000000000",
}
_KNOWN = (
    "bucket",
    "compliance_url",
    "currency",
    "default_status",
    "depth_limit",
    "index_lag",
    "late_bodies",
    "locations",
    "log_file",
    "orders_per_minute",
    "restore_rate",
    "scopes",
    "shop",
    "throttle_http",
)


def build(options: SandboxOptions) -> Sandbox:
    """A sandbox with its shop seeded; see the package's docstring for `options.extra`.

    Raises:
        ProjectError: a switch is unknown or its value cannot be read.
    """
    switches = _Switches(options.extra)
    clock = options.make_clock()
    violations, faults = Violations(clock), FaultPlan()
    log = RequestLog(capacity=_LOG_CAPACITY, file=options.extra.get("log_file"))
    born = clock.now()
    scopes = switches.scopes
    senders: list[Sender] = []

    def given_up(webhook: OutgoingWebhook) -> None:
        senders[-1].given_up(webhook)

    outbox = WebhookOutbox(
        clock=clock,
        faults=faults,
        retry_after=RETRY_AFTER,
        timeout=_ANSWER_WITHIN,
        given_up=given_up,
    )

    def seeded() -> Store:
        store = Store(
            clock=clock,
            currency=switches.text("currency", "SAR"),
            seed=options.seed,
            shop=switches.text("shop", "sandbox-store"),
            index_lag=switches.number("index_lag", 0),
            depth_limit=int(switches.number("depth_limit", DEPTH_LIMIT)),
            default_status=switches.text("default_status", ""),
        )
        fill(store, records=options.records, locations=int(switches.number("locations", 1)), now=born)
        sender = Sender(
            store,
            outbox,
            secret=_SECRETS["client_secret"],
            version=_VERSION,
            is_late=switches.text("late_bodies", "no") == "yes",
            compliance_url=switches.text("compliance_url", ""),
        )
        store.emit = sender.emit
        store.uninstalled = grants.revoke
        senders[:] = [sender]
        return store

    grants = Grants(clock=clock, violations=violations, scopes=scopes, accepted=_SECRETS)
    per_minute = int(switches.number("orders_per_minute", 0)) or None
    desk = Desk(store=seeded(), log=log, violations=violations, granted=frozenset(scopes), orders_per_minute=per_minute)
    tariff = Tariff(
        bucket=LeakyBucket(
            capacity=switches.number("bucket", 2000),
            per_second=switches.number("restore_rate", 100),
            clock=clock,
        ),
        violations=violations,
        status=int(switches.number("throttle_http", 200)),
        is_enforced=options.rate_limits,
    )
    office = Office(
        desk=desk,
        engine=Engine(),
        grants=grants,
        tariff=tariff,
        client_id=_SECRETS["client_id"],
        client_secret=_SECRETS["client_secret"],
    )

    def reset() -> None:
        desk.store = seeded()
        desk.clear()
        office.grants.clear()
        tariff.bucket.give_back(tariff.bucket.capacity)

    def merchant() -> Call:
        call = office.call(_VERSION, "")
        call.scopes = frozenset(SCOPES)
        return call

    control = Control(
        name="shopify",
        clock=clock,
        log=log,
        faults=faults,
        violations=violations,
        dump=lambda: dump(desk.store),
        reset=reset,
        changes=changes(merchant, office.engine),
        contents=contents_of(lambda: desk.store),
        outbox=outbox,
    )
    return Sandbox(
        name="shopify",
        app=instrument(office.app(), control),
        settings={"shop": desk.store.shop},
        secrets=dict(_SECRETS),
        control=control,
    )


class _Switches:
    """Reads `extra`; every value is text."""

    def __init__(self, extra: Mapping[str, str]) -> None:
        unknown = sorted(set(extra) - set(_KNOWN))
        if unknown:
            known = ", ".join(_KNOWN)
            raise ProjectError(f"the Shopify sandbox has no switch {', '.join(unknown)}", hint=f"known: {known}")
        self._extra = extra

    def text(self, name: str, default: str) -> str:
        """The switch as it is."""
        return self._extra.get(name, default)

    def number(self, name: str, default: float) -> float:
        """The switch as a number, 0 or more; whole numbers stay whole."""
        text = self._extra.get(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not value >= 0:
            raise ProjectError(f"the Shopify sandbox's switch {name} must be a number, not {text!r}")
        return int(value) if value.is_integer() else value

    @property
    def scopes(self) -> tuple[str, ...]:
        """The granted scopes."""
        text = self._extra.get("scopes")
        if text is None:
            return SCOPES
        return tuple(part.strip() for part in text.split(",") if part.strip())
