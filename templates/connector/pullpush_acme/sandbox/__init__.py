"""Acme on this machine: its wire format, nothing of its connector."""

from __future__ import annotations

from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, SandboxOptions, Violations, instrument

from . import access
from .app import Platform
from .edits import DELETIONS, edits

# <webhooks>
from .outbox import Announcer

# </webhooks>
from .store import Store

__all__ = ["build"]


def build(options: SandboxOptions) -> Sandbox:
    """A shop with `options.records` records of each kind."""
    clock = options.make_clock()
    faults = FaultPlan()
    store = Store(clock, records=options.records, seed=options.seed)
    # <webhooks>
    announcer = Announcer(store, clock=clock, faults=faults, url=options.extra.get("webhook_url"))
    # </webhooks>
    platform = Platform(
        store,
        access.Access(clock),
        # <webhooks>
        announcer,
        # </webhooks>
    )
    control = Control(
        name="acme",
        clock=clock,
        log=RequestLog(),
        faults=faults,
        violations=Violations(clock),
        dump=lambda: store.tables,
        reset=store.reset,
        changes=edits(store),
        contents=store.contents(),
        # A row that is gone makes the ones behind it move to earlier pages, whatever the pages are counted by.
        shifting=frozenset(DELETIONS),
        # <webhooks>
        outbox=announcer.outbox,
        # </webhooks>
    )
    secrets = {
        **access.SECRETS,
        # <webhooks>
        "webhook_secret": announcer.secret,
        # </webhooks>
    }
    return Sandbox(
        name="acme",
        app=instrument(platform.app, control),
        settings=access.SETTINGS,
        secrets=secrets,
        control=control,
    )
