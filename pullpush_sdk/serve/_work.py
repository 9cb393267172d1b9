"""Pieces of the inbox under way: what is to be turned into events, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pullpush_sdk.connector import Event, WebhookRequest
from pullpush_sdk.declarative import Labels
from pullpush_sdk.engine.inbox import DeadRequest, Kept, LookUp
from pullpush_sdk.engine.ports import FlowSpec

from ._target import Target

__all__ = ["Done", "Row", "Work", "works_of"]


@attrs.define(kw_only=True, eq=False)
class Row:
    """A request under way: how many of its items are `left`, and the dead letters that are stored with the last.

    `flow` names the only flow that it is for, None for all. `has_id` says that the request as a whole has a transport
    id, which is then no item's own.
    """

    id: int
    connection: str
    target: Target
    flow: str | None
    has_id: bool
    left: int = 0
    dead: list[DeadRequest] = attrs.field(factory=list)


@attrs.define(kw_only=True, eq=False)
class Work:
    """A request, or one item of the batch that it holds.

    `lane` names the record that it is about: works of one lane are done in order. `is_plain` says that it needs no
    look-up. `request` is None while it waits and memory is spared: it is read again when its turn comes; `size` is the
    length of its body while it is there.
    """

    row: Row
    item: int
    event: str
    lane: tuple[str, ...]
    is_plain: bool
    request: WebhookRequest | None
    tried: LookUp | None = None
    size: int = 0

    @property
    def flows(self) -> Sequence[tuple[FlowSpec, str]]:
        """The flows that lack this work's events if it fails, each with a canonical type that it may be about."""
        target = self.row.target
        handler = target.webhook.handlers.get(self.event) if target.webhook is not None else None
        types = target.types if handler is None else [handler.canonical_type]
        found = {flow.name: (flow, name) for name in reversed(types) for flow in target.flows(name)}
        return [each for name, each in sorted(found.items()) if self.row.flow in (None, name)]


@attrs.frozen(kw_only=True)
class Done:
    """What came of a work: its events, or the reason why there are none."""

    work: Work
    request: WebhookRequest | None = None
    events: Sequence[Event] = ()
    reason: str = ""
    answer: str = ""


def works_of(kept: Kept, target: Target, labels: Labels | None) -> list[Work]:
    """The works of a request in its order: one, or one per item of a batch that the manifest alone understands."""
    requests: Sequence[WebhookRequest] = (kept.request,)
    has_id = False
    if labels is not None and target.is_generic and labels.webhook.array_path is not None:
        requests, has_id = labels.items(kept.request), labels.label(kept.request).transport_id is not None
    row = Row(id=kept.id, connection=kept.connection, target=target, flow=kept.flow, has_id=has_id, left=len(requests))
    return [_work(row, kept, number, request, labels) for number, request in enumerate(requests)]


def _work(row: Row, kept: Kept, number: int, request: WebhookRequest, labels: Labels | None) -> Work:
    target, event, is_plain = row.target, kept.event, False
    lane: tuple[str, ...] = (row.connection,)
    if labels is not None:
        event, native = labels.record_of(request)
        handler = labels.webhook.handlers.get(event)
        kind = handler.canonical_type if handler is not None else ""
        lane = (row.connection, kind, native) if native else (row.connection, kind)
        is_plain = target.is_generic and (handler is None or not handler.refetch)
    return Work(
        row=row, item=number, event=event, lane=lane, is_plain=is_plain, request=request, tried=kept.tried.get(number)
    )
