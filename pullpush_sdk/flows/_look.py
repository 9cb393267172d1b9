"""How flows stand right now, beyond their counts: how late, how fast, what went wrong, whose tokens run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import OUTCOMES, DeadFilter, DeadGroup, Engine, FlowStatus
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.project import Project
from pullpush_sdk.project.connect import token_file_name, token_files

from ._reconcile import last_reconcile

__all__ = ["FlowLook", "TokenLook", "look_at_flow", "look_at_tokens"]

Json = Any

_SOON = timedelta(days=7)
_CAUSES = 3


@attrs.frozen(kw_only=True)
class FlowLook:
    """`lag` is the age of the longest waiting delivery in seconds, None where nothing waits; `rate` how many
    deliveries ended within the last minute; `causes` the largest groups of dead letters.
    """

    lag: float | None
    rate: int
    last_reconcile: Json
    causes: Sequence[DeadGroup]


@attrs.frozen(kw_only=True)
class TokenLook:
    """A connection whose access ends: `renews` says that it is renewed by itself. `mend` is empty where all is well."""

    connection: str
    expires_at: datetime | None
    renews: bool
    mend: str


async def look_at_flow(engine: Engine, flow: str, known: FlowStatus | None, clock: Clock) -> FlowLook:
    """A flow by name, of which the engine told `known`, None where it has seen nothing of it."""
    oldest = None if known is None else known.oldest
    return FlowLook(
        lag=None if oldest is None else max((clock.now() - oldest).total_seconds(), 0.0),
        rate=0 if known is None else sum(known.last_minute.get(name, 0) for name in OUTCOMES),
        last_reconcile=await last_reconcile(engine, flow),
        causes=(await engine.dead_groups(DeadFilter(flow=flow)))[:_CAUSES],
    )


async def look_at_tokens(project: Project, clock: Clock) -> list[TokenLook]:
    """Stored tokens that end, by connection; nothing is renewed or made by looking."""
    stores = dict(token_files(project))
    found = []
    for config in project.connections.values():
        store = stores.get(token_file_name(config))
        if store is None:
            continue
        try:
            token = await store.load()
        except PullPushError as error:
            found.append(TokenLook(connection=config.name, expires_at=None, renews=False, mend=str(error)))
            continue
        if token is not None and token.expires_at is not None:
            renews = token.refresh is not None or token.unaided
            mend = "" if renews else _mend(config.name, token.expires_at, clock.now())
            found.append(TokenLook(connection=config.name, expires_at=token.expires_at, renews=renews, mend=mend))
    return found


def _mend(connection: str, expires_at: datetime, now: datetime) -> str:
    if expires_at - now > _SOON:
        return ""
    ended = "has run out" if expires_at <= now else "runs out soon"
    return f"its token {ended} and is not renewed by itself: pullpush auth {connection}"
