"""How flows stand right now, beyond their counts: how late, how fast, what went wrong, whose tokens run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import DeadFilter, DeadGroup, Engine
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.http import FileTokenStore
from pullpush_sdk.project import FlowConfig, Project
from pullpush_sdk.project import token_key as key_of

from ._reconcile import last_reconcile

__all__ = ["FlowLook", "TokenLook", "look_at_flow", "look_at_tokens"]

Json = Any

_WINDOW = timedelta(minutes=5)
_SOON = timedelta(days=7)
_CAUSES = 3


@attrs.frozen(kw_only=True)
class FlowLook:
    """`lag` is the age of the longest waiting delivery in seconds, None where nothing waits; `rate` how many
    deliveries ended per minute over the last five; `causes` the largest groups of dead letters.
    """

    lag: float | None
    rate: float
    last_delivered: datetime | None
    last_reconcile: Json
    causes: Sequence[DeadGroup]


@attrs.frozen(kw_only=True)
class TokenLook:
    """A connection whose access ends: `renews` says that it is renewed by itself. `mend` is empty where all is well."""

    connection: str
    expires_at: datetime | None
    renews: bool
    mend: str


async def look_at_flow(engine: Engine, flow: FlowConfig, oldest: datetime | None, clock: Clock) -> FlowLook:
    """A flow whose longest waiting delivery was logged at `oldest`."""
    now = clock.now()
    pulse = await engine.pulse(flow.name, since=now - _WINDOW)
    return FlowLook(
        lag=None if oldest is None else max((now - oldest).total_seconds(), 0.0),
        rate=pulse.ended / (_WINDOW.total_seconds() / 60),
        last_delivered=pulse.last_delivered,
        last_reconcile=await last_reconcile(engine, flow.name),
        causes=(await engine.dead_groups(DeadFilter(flow=flow.name)))[:_CAUSES],
    )


async def look_at_tokens(project: Project, clock: Clock) -> list[TokenLook]:
    """Stored tokens that end, by connection; nothing is renewed or made by looking."""
    folder = project.state_dir / "tokens"
    if not folder.is_dir():
        return []
    found = []
    for config in project.connections.values():
        file = folder / (f"{config.name}.sandbox" if config.sandbox else config.name)
        if not file.exists():
            continue
        try:
            token = await FileTokenStore(file, [key_of(project).decode()]).load()
        except PullPushError as error:
            found.append(TokenLook(connection=config.name, expires_at=None, renews=False, mend=str(error)))
            continue
        if token is not None and token.expires_at is not None:
            renews = token.refresh is not None
            mend = "" if renews else _mend(config.name, token.expires_at, clock.now())
            found.append(TokenLook(connection=config.name, expires_at=token.expires_at, renews=renews, mend=mend))
    return found


def _mend(connection: str, expires_at: datetime, now: datetime) -> str:
    if expires_at - now > _SOON:
        return ""
    ended = "has run out" if expires_at <= now else "runs out soon"
    return f"its token {ended} and is not renewed by itself: pullpush auth {connection}"
