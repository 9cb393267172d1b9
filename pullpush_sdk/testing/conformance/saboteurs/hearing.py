"""Broken ears: webhooks that are believed too easily, heard twice, or heard wrongly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CallStatus, CartStatus, InvoiceStatus, OrderStatus
from pullpush_sdk.connector import Event, Verb, WebhookRequest
from pullpush_sdk.errors import PullPushError

from ._hooks import Receive, Sabotage, hearing, verifying

__all__ = ["SABOTEURS"]

Json = Any
_COUNT = itertools.count(1)
_YEARS = 10**15


async def _counts_up(receive: Receive, request: WebhookRequest) -> Sequence[Event]:
    """Numbers the requests itself: a repetition has a number of its own."""
    return [attrs.evolve(event, transport_id=f"own-{next(_COUNT)}") for event in await receive(request)]


async def _arrival_is_news(receive: Receive, request: WebhookRequest) -> Sequence[Event]:
    """Whatever arrives is the newest, and says what the platform was about to do."""
    return [_older(event) for event in await receive(request)]


def _older(event: Event) -> Event:
    names: dict[str, dict[str, Json]] = {
        "stocklevel": {"quantity": 1},
        "product": {"title": "Before"},
        "contact": {"name": "Before"},
        "order": {"status": OrderStatus.FAILED},
        "invoice": {"status": InvoiceStatus.UNCOLLECTIBLE},
        "cart": {"status": CartStatus.EXPIRED},
        "call": {"status": CallStatus.BUSY},
    }
    record = attrs.evolve(event.record, **names.get(event.type, {}))
    return attrs.evolve(event, record=record, version=event.version + _YEARS)


async def _trips(receive: Receive, request: WebhookRequest) -> Sequence[Event]:
    """Takes every body for one that it knows."""
    try:
        return await receive(request)
    except PullPushError as error:
        raise KeyError("data") from error


async def _nothing_is_zero(receive: Receive, request: WebhookRequest) -> Sequence[Event]:
    events = await receive(request)
    return [
        attrs.evolve(each, record=attrs.evolve(each.record, quantity=0))
        if each.type == "stocklevel" and each.record.quantity is None
        else each
        for each in events
    ]


def _revives(good: Any) -> Any:
    """Tells what was deleted as it was when it was last seen."""
    last: list[Event] = []

    async def revived(receive: Receive, request: WebhookRequest) -> Sequence[Event]:
        del request, receive
        return [attrs.evolve(each, verb=Verb.UPDATED) for each in last]

    class Hooks:
        def __getattr__(self, name: str) -> Any:
            return getattr(good, name)

        async def pullpush_pull(self, **asked: Any) -> Any:
            async for page in good.pullpush_pull(**asked):
                last.extend(page.events)
                yield page

    return hearing(revived)(Hooks())


SABOTEURS: Mapping[str, Sabotage] = {
    "webhook-refuses-forgeries": verifying(lambda _request: True),
    "webhook-twice-is-once": hearing(_counts_up),
    "webhook-says-what-a-poll-reads": hearing(_arrival_is_news),
    "webhook-keeps-what-it-cannot-read": hearing(_trips),
    "webhook-keeps-unknown-apart-from-zero": hearing(_nothing_is_zero),
    "webhook-tells-deletions": _revives,
}
