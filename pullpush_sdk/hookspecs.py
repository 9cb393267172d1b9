"""Every extension point: the contract of a connector.

A connector implements the hooks of `ConnectorSpec` in one module, named by an entry point of the group `pullpush`;
what it leaves out, its manifest answers. Implementations take only the arguments they need. A hook may return None
to say "not I": the manifest's generic implementation is asked next. Hooks are called per page and per batch, never
per record, in the runtime's event loop: they may await, they must not block.

`ExtensionSpec` hooks are called once at start-up, all of them. `ObserverSpec` hooks are told of what happened; an
exception in one is logged and changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from datetime import datetime

    from pullpush_sdk.canonical import CanonicalType
    from pullpush_sdk.connector import (
        Connection,
        Connector,
        Delivery,
        Event,
        Finding,
        Location,
        Outcome,
        Page,
        WebhookRequest,
    )

Json = Any

hookspec = pluggy.HookspecMarker("pullpush")
hookimpl = pluggy.HookimplMarker("pullpush")
"""Marks a function as an implementation of the hook of its name."""


class ConnectorSpec:
    """The hooks of one connector."""

    @hookspec(firstresult=True)
    def pullpush_connector(self) -> Connector | None:
        """Say who this connector is. Called once when it is loaded; no I/O.

        A connector with a manifest returns `connector_from(__package__)`; abilities are computed from it and from
        the hooks that its module implements.
        """

    @hookspec(firstresult=True)
    def pullpush_check(self, connection: Connection) -> Awaitable[Sequence[Finding]] | None:
        """Look whether the connection works: endpoint reached, credentials good, permissions granted.

        Called by `pullpush check`. Each failure carries its mend. Remote errors may be raised; they are shown.
        """

    @hookspec(firstresult=True)
    def pullpush_locations(self, connection: Connection) -> Awaitable[Sequence[Location]] | None:
        """List the stock locations, those out of use not `active`; an empty list means one place.

        Called before a flow of `stocklevel` starts.
        """

    @hookspec(firstresult=True)
    def pullpush_pull(self, connection: Connection, canonical_type: str, cursor: Json) -> AsyncIterator[Page] | None:
        """Read what changed since `cursor`, page by page, oldest first where the platform can.

        `cursor` is None at the very first read: everything. The iterator ends when this sweep is complete; the last
        page's cursor is where the next sweep starts. Raise RemoteError for the platform's failures: the pages that
        were yielded are kept.
        """

    @hookspec(firstresult=True)
    def pullpush_snapshot(self, connection: Connection, canonical_type: str) -> AsyncIterator[Page] | None:
        """Read the whole current state, for preview and reconcile. Cursors of its pages are ignored."""

    @hookspec(firstresult=True)
    def pullpush_records(
        self, connection: Connection, canonical_type: str, native_ids: Sequence[str]
    ) -> Awaitable[Mapping[str, Any]] | None:
        """The canonical records that these ids of the platform (`Event.native_id`) stand for now; of those that are
        gone, none.

        Asked where two records seem to carry one SKU: has one of them been deleted, or got another? A record needs to
        hold no more than what identifies it. Without it the runtime reads a snapshot.
        """

    @hookspec(firstresult=True)
    def pullpush_remap(
        self, connection: Connection, canonical_type: str, native: bytes, origin: str, read_at: datetime
    ) -> Awaitable[Event] | None:
        """Map a record again that `pullpush_pull` or `pullpush_receive` rejected, after its map was mended.

        `native` and `origin` are those of the Reject. The event may be no newer than `read_at`. Raise FieldError where
        it still cannot be mapped.
        """

    @hookspec(firstresult=True)
    def pullpush_verify(self, connection: Connection, request: WebhookRequest) -> bool | None:
        """Whether this webhook is genuine, over its raw bytes and in constant time; no I/O, no awaiting."""

    @hookspec(firstresult=True)
    def pullpush_receive(self, connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]] | None:
        """The events of a genuine webhook, in its order. It may look things up; it may be called again."""

    @hookspec(firstresult=True)
    def pullpush_push(
        self, connection: Connection, canonical_type: str, batch: Sequence[Delivery]
    ) -> Awaitable[Sequence[Outcome]] | None:
        """Write a batch; return one outcome per delivery, in the batch's order.

        The batch never holds two deliveries of one identity and no unknown stock. Raise for what concerns the whole
        connection (credentials, no network): all deliveries stay and are tried again as the error says.
        """

    @hookspec(firstresult=True)
    def pullpush_subscribe(self, connection: Connection, url: str) -> Awaitable[Sequence[Finding]] | None:
        """Register the platform's webhooks at `url`, and again those that were lost. Idempotent."""

    @hookspec(firstresult=True)
    def pullpush_sandbox(self, options: Any) -> Any:
        """The platform's emulator: a `pullpush_sdk.sandbox.Sandbox` for `SandboxOptions`. Import it inside."""


class ExtensionSpec:
    """Hooks by which a distribution adds to the runtime; all implementations are called once, at start-up."""

    @hookspec
    def pullpush_functions(self) -> Mapping[str, Callable[..., Any]]:
        """Mapping functions by name. A connector's own are known as `connector:name`; a clash is an error."""

    @hookspec
    def pullpush_canonical_types(self) -> Sequence[CanonicalType]:
        """Further canonical types. A name that is taken is an error that names both distributions."""

    @hookspec(firstresult=True)
    def pullpush_engine(self, url: str) -> Any:
        """A delivery engine for this URL's scheme, None for a scheme that is not yours."""

    @hookspec
    def pullpush_rules(self) -> Sequence[Any]:
        """Further rules for `pullpush validate`; a rule code that is taken is an error."""

    @hookspec
    def pullpush_propose(
        self, canonical_type: str, fields: Sequence[Mapping[str, Any]]
    ) -> Sequence[Mapping[str, Any]] | None:
        """Better proposals for a drafted canonical map, from the native fields of one record; None where it has none.

        A field has `path`, `kind`, `format`, `enum` and `example`; a proposal has `target` (a canonical field), `rule`,
        `certainty` (0 to 1) and, if a person should look, `check`. The most certain one of each target is taken.
        """


class ObserverSpec:
    """Hooks that are told what happened: metrics, audit, alerts."""

    @hookspec
    def pullpush_delivered(
        self, flow: str, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]
    ) -> None:
        """A batch was pushed and its outcomes are stored. Called once per batch; must not block.

        Deliveries of a flow's first reading are no news and are left out; so are their dead letters below.
        """

    @hookspec
    def pullpush_dead_letter(self, flow: str, canonical_type: str, reasons: Mapping[str, str]) -> None:
        """Deliveries ended dead: delivery id to reason. Called once per batch that had any."""

    @hookspec
    def pullpush_page_read(  # noqa: PLR0917 - hooks are called by name
        self,
        flow: str,
        canonical_type: str,
        source: str,
        counts: Mapping[str, int],
        started: datetime,
        seconds: float,
    ) -> None:
        """A page of the source connection was read and its events are stored: how they were counted."""

    @hookspec
    def pullpush_pushed(  # noqa: PLR0917 - hooks are called by name
        self,
        flow: str,
        canonical_type: str,
        destination: str,
        size: int,
        outcomes: Mapping[str, int],
        started: datetime,
        seconds: float,
        error: str,
    ) -> None:
        """A push of `size` deliveries was answered: outcome to number, or why it failed as a whole."""

    @hookspec
    def pullpush_webhook_answered(
        self, connection: str, event: str, status: int, started: datetime, seconds: float
    ) -> None:
        """A webhook request was answered with an HTTP status; `event` is its name, empty where it was not told."""

    @hookspec
    def pullpush_flow_finished(self, flow: str, counts: Mapping[str, Mapping[str, int]]) -> None:
        """A sync of a flow ended: per canonical type, outcome to count."""
