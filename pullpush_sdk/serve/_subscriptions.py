"""Webhooks registered at the platforms, and registered again where a platform dropped them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Finding
from pullpush_sdk.engine.policy import describe
from pullpush_sdk.flows import End, Supervisor

__all__ = ["keep_subscribed"]

_log = logging.getLogger("pullpush.run")

_EVERY = 3_600.0
_SOON = 5.0


async def keep_subscribed(
    supervisor: Supervisor, names: Sequence[str], public_url: str, *, stop: asyncio.Event, clock: Clock
) -> None:
    """Register the webhooks of these connections at `PUBLIC_URL/webhooks/NAME` now and every hour, until `stop`.

    What fails is logged and tried again a little later; a platform that takes no registrations is left alone.
    """
    base = public_url.rstrip("/")
    while not stop.is_set():
        done = [await _subscribe(supervisor.source(name), f"{base}/webhooks/{name}") for name in names]
        await _pause(stop, _EVERY if all(done) else _SOON, clock)


async def _subscribe(end: End | None, url: str) -> bool:
    """Whether nothing is left to do for now."""
    if end is None:
        return False
    name = end.connection.name
    asked = end.loaded.hook.pullpush_subscribe(connection=end.connection, url=url)
    if asked is None:
        return True
    try:
        findings: Sequence[Finding] = await asked
    except Exception as error:  # noqa: BLE001 - whatever a connector raises is tried again
        _log.warning("webhooks of %s are not registered: %s", name, describe(error), extra={"connection": name})
        return False
    for each in findings:
        level, hint = (logging.INFO, "") if each.ok else (logging.WARNING, f" ({each.hint})" if each.hint else "")
        _log.log(level, "%s: %s %s%s", name, each.name, each.message, hint, extra={"connection": name})
    return True


async def _pause(stop: asyncio.Event, seconds: float, clock: Clock) -> None:
    waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
