"""The connector that is judged, and a shop of its platform to judge it in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalTypes, dumps, fields_of, to_sparse
from pullpush_sdk.connector import Connection, Event, Page
from pullpush_sdk.emulator import emulate_connector
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.sandbox import Sandbox, SandboxClock, SandboxOptions
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.connections import connected

from ._journal import note, opening
from ._law import not_proven

__all__ = ["Shop", "Subject", "in_several_pages", "meaning", "newest"]

Json = Any
_SEVERAL = 3
"""Pages of which one is neither the first nor the last."""


@attrs.frozen(kw_only=True)
class Subject:
    """A connector under judgement.

    `sandbox` builds its platform for given options. `settings` and `secrets` are laid over those that the sandbox
    names; `extra` are switches of the sandbox. `records` is how many products a shop is seeded with, `many` how many
    where a law needs several pages; `many_of` the same for single types, whose records are fewer than products.
    `brief` is the same connector with pages of a few records, for laws that read a whole shop again and again.
    `webhook_switch` is the switch of the sandbox that takes the address of webhooks, where no subscription does.
    """

    loaded: LoadedConnector
    types: CanonicalTypes
    sandbox: Callable[[SandboxOptions], Sandbox]
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    secrets: Mapping[str, str] = attrs.field(factory=dict)
    extra: Mapping[str, str] = attrs.field(factory=dict)
    records: int = 12
    many: int = 300
    many_of: Mapping[str, int] = attrs.field(factory=dict)
    brief: LoadedConnector | None = None
    webhook_switch: str = "webhook_url"
    learned: dict[tuple[Any, ...], Any] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    """What fresh shops were found to hold, by what was asked of which shop: laws that start alike ask once."""

    @classmethod
    def of(cls, plugins: Plugins, name: str, **options: Any) -> Subject:
        """The installed connector of that name, with the sandbox that it ships, else one made from its samples.

        Raises:
            PluginError: no such connector is installed.
        """
        loaded = plugins.connector(name)
        return cls(
            loaded=loaded,
            types=plugins.types,
            sandbox=lambda given: _sandbox_of(loaded, given, plugins.types),
            **options,
        )

    @asynccontextmanager
    async def shop(
        self,
        *,
        records: int | None = None,
        seed: int = 0,
        clock: VirtualClock | None = None,
        skew: float = 0.0,
        switches: Mapping[str, str] | None = None,
        served: bool = False,
    ) -> AsyncIterator[Shop]:
        """A fresh shop, asked without a socket in between, or with `served` over loopback.

        Both sides share one clock, which jumps as soon as the connection waits: a law takes no longer than its
        requests. The platform's wall clock is `skew` seconds before ours, `switches` are laid over `extra`. The
        platform's own limits are off.
        """
        clock = clock or VirtualClock()
        options = SandboxOptions(
            records=self.records if records is None else records,
            seed=seed,
            rate_limits=False,
            extra={**self.extra, **(switches or {})},
            clock=SandboxClock(source=clock.monotonic, start=clock.now() + timedelta(seconds=skew)),
        )
        sandbox = self.sandbox(options)
        many = f"{options.records} records" if options.records else "nothing in it"
        ahead = f", its clock {skew:g} s ahead of ours" if skew else ""
        async with connected(
            self.loaded,
            sandbox,
            types=self.types,
            settings=self.settings,
            secrets=self.secrets,
            clock=clock,
            served=served,
        ) as connection:
            with opening(f"a shop with {many}{ahead}"):
                yield Shop(subject=self, sandbox=sandbox, connection=connection, clock=clock)


async def in_several_pages(subject: Subject, canonical_type: str) -> tuple[Subject, int]:
    """The connector, and how many records a shop needs, for several pages of a type: the fewest that will do."""
    asked = ("several pages", canonical_type)
    if subject.brief is not None and asked not in subject.learned:
        brief = attrs.evolve(subject, loaded=subject.brief)
        subject.learned[asked] = None
        for records in (subject.records, min(subject.records * 4, subject.many)):
            async with brief.shop(records=records) as shop:
                pages = len([1 async for _ in shop.pages(canonical_type)])
            if pages >= _SEVERAL:
                subject.learned[asked] = brief, records
                break
    found: tuple[Subject, int] | None = subject.learned.get(asked)
    if found is not None:
        return found
    return subject, subject.many_of.get(canonical_type, subject.many)


@attrs.frozen(kw_only=True)
class Shop:
    """A connection to a sandbox, as a law uses it."""

    subject: Subject
    sandbox: Sandbox
    connection: Connection
    clock: VirtualClock

    async def pages(self, canonical_type: str, cursor: Json = None) -> AsyncIterator[Page]:
        """One sweep, page by page."""
        where = "from the start" if cursor is None else f"on from {dumps(cursor).decode()}"
        note(f"read {canonical_type} {where}")
        hook = self.subject.loaded.hook
        async for page in hook.pullpush_pull(connection=self.connection, canonical_type=canonical_type, cursor=cursor):
            yield page

    async def sweep(self, canonical_type: str, cursor: Json = None) -> tuple[list[Event], Json]:
        """The events of one whole sweep, and where the next one starts."""
        events: list[Event] = []
        async for page in self.pages(canonical_type, cursor):
            events += page.events
            cursor = page.cursor if page.cursor is not None else cursor
        return events, cursor

    def edits(self, *kinds: str) -> list[str]:
        """Which of these merchant edits the sandbox can play."""
        return [kind for kind in kinds if kind in self.sandbox.control.changes]

    def edit(self, kind: str, **values: Any) -> Mapping[str, Any]:
        """A merchant edit, while nobody looks; numbers go in as JSON has them, as over the wire."""
        note(f"the merchant: {kind} {', '.join(f'{name}={value}' for name, value in values.items())}")
        return self.sandbox.control.change(kind, **{name: _json_number(value) for name, value in values.items()})

    def identity(self, event: Event) -> str:
        """The identity of an event's record."""
        return self.subject.types[event.type].identity(event.record)


def _json_number(value: Json) -> Json:
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == int(value) else float(value)


def _sandbox_of(loaded: LoadedConnector, options: SandboxOptions, types: CanonicalTypes) -> Sandbox:
    shipped: Sandbox | None = loaded.hook.pullpush_sandbox(options=options)
    if shipped is None and loaded.connector.manifest is None:
        not_proven(f"{loaded.name} ships no sandbox, and has no manifest to make one from")
    return shipped or emulate_connector(loaded.connector, options, types=types)


def newest(shop: Shop, events: Sequence[Event]) -> dict[str, Event]:
    """Per identity the event that the engine would end with: by version, at an equal version the later one."""
    found: dict[str, Event] = {}
    for event in events:
        identity = shop.identity(event)
        if identity not in found or event.version >= found[identity].version:
            found[identity] = event
    return found


_STAMPED = ("created_at", "updated_at", "processed_at", "issued_at", "paid_at", "due_at", "cancelled_at")
_NUMBERED = (
    "product_id",
    "order_id",
    "order_number",
    "invoice_id",
    "invoice_number",
    "contact_id",
    "call_id",
    "cart_id",
    "handle",
)
_NESTED = ("line_items", "customer", "addresses", "billing_address", "shipping_address", "variants", "media")
_OWN = frozenset((*_STAMPED, *_NUMBERED, *_NESTED, "url", "extensions", "native_status"))
"""Fields that a platform numbers or stamps itself, or whose parts it does."""


def meaning(record: Any) -> dict[str, Json]:
    """What a record says apart from what its platform numbers or stamps itself, by wire name."""
    wire = to_sparse(record)
    names = [field.wire for field in fields_of(type(record)) if field.name not in _OWN]
    return {name: wire[name] for name in names if name in wire}
