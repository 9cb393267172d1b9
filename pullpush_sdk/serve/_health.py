"""`/health` says that the process lives, `/health/ready` whether it can take work, and why not.

A flow in error does not make the process unready: others run, and its webhooks are kept until it is mended. Turning
them away would lose what the platform does not send again. It is told under `degraded`.
"""

from __future__ import annotations

import os
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.canonical import instant_text
from pullpush_sdk.clock import Clock
from pullpush_sdk.flows import Supervisor

Json = Any

_SERVICE = "pullpush"
_NEEDED = ("store", "holder")
# The store is written every few seconds; when that has not worked for so long, it hangs.
_SILENCE = 30.0
# A webhook is taken out of the inbox within a second, look-ups included; after a burst it may be a few.
_LATE = 60.0


def health_routes(supervisor: Supervisor, *, clock: Clock) -> list[Route]:
    """The two routes; neither touches the store, so that asking costs nothing."""

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "service": _SERVICE})

    async def ready(_request: Request) -> JSONResponse:
        shown = readiness(supervisor, clock)
        return JSONResponse(shown, status_code=200 if shown["ok"] else 503)

    return [
        Route("/health", health, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
    ]


def readiness(supervisor: Supervisor, clock: Clock) -> dict[str, Json]:
    """`ok`, the `reasons` against it, what is `degraded`, and every check by name."""
    checks = {
        "store": _store(supervisor, clock),
        "holder": _holder(supervisor),
        "flows": _flows(supervisor),
        "destinations": _destinations(supervisor),
        "inbox": _inbox(supervisor, clock),
        "project": _project(supervisor),
    }
    bad = {name: each["reason"] for name, each in checks.items() if not each["ok"]}
    reasons = [reason for name, reason in bad.items() if name in _NEEDED]
    return {
        "ok": not reasons,
        "service": _SERVICE,
        "reasons": reasons,
        "degraded": [reason for name, reason in bad.items() if name not in _NEEDED],
        "checks": checks,
    }


def _store(supervisor: Supervisor, clock: Clock) -> Json:
    """Whether the store takes what is written to it."""
    silence = clock.monotonic() - supervisor.written_at
    trouble = next((each.store_trouble for each in supervisor.runners.values() if each.store_trouble), "")
    full = "" if supervisor.pressure is None else f"nothing new is taken: {supervisor.pressure.reason}"
    reason = supervisor.store_error or full or trouble
    if not reason and silence > _SILENCE:
        reason = f"the store has not answered for {silence:.0f} s"
    return {"ok": not reason, "reason": reason}


def _holder(supervisor: Supervisor) -> Json:
    """Whether this process is the one that works on the store."""
    holder = supervisor.holder
    ours = holder is not None and holder.pid == os.getpid()
    who = "nobody" if holder is None else f"process {holder.pid} on {holder.host}"
    return {
        "ok": ours,
        "reason": "" if ours else f"the store is held by {who}",
        "since": None if holder is None else instant_text(holder.since),
    }


def _flows(supervisor: Supervisor) -> Json:
    shown = {name: each.shown()["state"] for name, each in supervisor.runners.items()}
    bad = {
        name: trouble.reason
        for name, runner in supervisor.runners.items()
        if shown[name] == "error" and (trouble := runner.troubles.now) is not None
    }
    reason = "; ".join(f"flow {name} is in error: {why}" for name, why in bad.items())
    return {"ok": not bad, "reason": reason, "states": shown, "errors": bad}


def _destinations(supervisor: Supervisor) -> Json:
    resting = supervisor.shown()["resting"]
    reason = "; ".join(f"{name} does not answer and is given a rest until {until}" for name, until in resting.items())
    return {"ok": not resting, "reason": reason, "resting": resting}


def _inbox(supervisor: Supervisor, clock: Clock) -> Json:
    """Raw webhooks that are not in the logs yet; they are in trouble where tries failed, or where they wait long."""
    waiting, troubles = {}, []
    for each in supervisor.inbox:
        age = max((clock.now() - each.oldest).total_seconds(), 0.0)
        waiting[each.connection] = {
            "waiting": each.waiting, "oldestSeconds": round(age, 1), "failing": each.failing, "reason": each.reason
        }  # fmt: skip
        if each.failing:
            troubles.append(f"{each.failing} webhooks of {each.connection} are tried again: {each.reason}")
        elif age > _LATE:
            troubles.append(f"{each.waiting} webhooks of {each.connection} wait, the oldest for {age:.0f} s")
    return {"ok": not troubles, "reason": "; ".join(troubles), "connections": waiting}


def _project(supervisor: Supervisor) -> Json:
    """Whether what runs is what the project file says."""
    reason = "the project file was changed since the start: restart to use it" if supervisor.file_changed else ""
    return {"ok": not reason, "reason": reason}
