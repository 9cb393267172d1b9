"""What the store remembers of a flow beside its log: its state, its last sync, and how far it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, cast

import attrs

from pullpush_sdk.canonical import instant_text, parse_instant
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import FlowConfig

from ._report import SyncReport

Json = Any
State = Literal["shadow", "active", "paused"]
STATES: tuple[State, ...] = ("shadow", "active", "paused")


async def flow_state(engine: Engine, flow: FlowConfig) -> State:
    """Where the flow stands: what was chosen last, else what the file starts it with."""
    kept = await engine.recall(f"flow-state/{flow.name}")
    return cast("State", kept) if kept in STATES else flow.state


async def set_flow_state(engine: Engine, flow: FlowConfig, state: State) -> State:
    """Choose a flow's state; the one before.

    A flow that leaves shadow reads everything again at its next sync: what was only looked at is delivered now. One
    that was in error is tried again at once.
    """
    before = await flow_state(engine, flow)
    if before == "shadow" and state != "shadow":  # also by way of a pause
        await engine.remember(f"flow-again/{flow.name}", dict.fromkeys(flow.types, "start"))
    if before != "shadow" and state == "shadow":
        await engine.remember(f"flow-shadow-since/{flow.name}", instant_text(datetime.now(UTC)))
    await engine.remember(f"flow-state/{flow.name}", state)
    await keep_trouble(engine, flow.name, None)
    return before


async def shadow_since(engine: Engine, flow: FlowConfig) -> datetime | None:
    """When the flow went into shadow; None where it began there."""
    kept = await engine.recall(f"flow-shadow-since/{flow.name}")
    return parse_instant(kept) if isinstance(kept, str) else None


async def read_again(engine: Engine, flow: FlowConfig, canonical_type: str) -> Literal["start", "running"] | None:
    """Whether a type is to be read from the beginning, or is in the middle of that; None where neither."""
    kept = await engine.recall(f"flow-again/{flow.name}")
    phase = kept.get(canonical_type) if isinstance(kept, dict) else None
    return cast("Literal['start', 'running']", phase) if phase in {"start", "running"} else None


async def set_read_again(
    engine: Engine, flow: FlowConfig, canonical_type: str, phase: Literal["start", "running"] | None
) -> None:
    """Note how far the reading from the beginning is; None when it is complete."""
    kept = await engine.recall(f"flow-again/{flow.name}")
    phases = {**kept} if isinstance(kept, dict) else {}
    phases.pop(canonical_type, None)
    if phase is not None:
        phases[canonical_type] = phase
    await engine.remember(f"flow-again/{flow.name}", phases or None)


@attrs.frozen(kw_only=True)
class Import:
    """The first reading of a type: how many records it brought so far, and when it was complete (None: not yet)."""

    read: int
    since: datetime
    ended: datetime | None = None


async def imports_of(engine: Engine, flow: str) -> dict[str, Import]:
    """The first readings of a flow's types; those that have not begun are left out."""
    kept = await engine.recall(f"flow-import/{flow}")
    return {
        name: Import(
            read=each["read"],
            since=datetime.fromisoformat(each["since"]),
            ended=datetime.fromisoformat(each["ended"]) if each["ended"] else None,
        )
        for name, each in (kept.items() if isinstance(kept, dict) else ())
    }


async def keep_import(engine: Engine, flow: str, canonical_type: str, found: Import) -> None:
    """Note how far a first reading is."""
    kept = await engine.recall(f"flow-import/{flow}")
    ended = instant_text(found.ended) if found.ended else None
    each = {"read": found.read, "since": instant_text(found.since), "ended": ended}
    await engine.remember(f"flow-import/{flow}", {**(kept if isinstance(kept, dict) else {}), canonical_type: each})


@attrs.frozen(kw_only=True)
class Trouble:
    """Why a flow cannot go on by itself.

    `side` is `source`, `destination` or `set-up`; `failures` counts how often in a row it was tried since;
    `next_try` is when it is tried again.
    """

    side: str
    reason: str
    since: datetime
    failures: int
    next_try: datetime

    def to_json(self) -> dict[str, Json]:
        """As it is kept and shown."""
        times = {"since": instant_text(self.since), "nextTry": instant_text(self.next_try)}
        return {"side": self.side, "reason": self.reason, "failures": self.failures, **times}


async def flow_trouble(engine: Engine, flow: str) -> Trouble | None:
    """The trouble that a flow is in, None where it is in none."""
    kept = await engine.recall(f"flow-error/{flow}")
    if not isinstance(kept, dict):
        return None
    times = (datetime.fromisoformat(kept["since"]), datetime.fromisoformat(kept["nextTry"]))
    return Trouble(
        side=kept["side"], reason=kept["reason"], failures=kept["failures"], since=times[0], next_try=times[1]
    )


async def keep_trouble(engine: Engine, flow: str, trouble: Trouble | None) -> None:
    """Note the trouble that a flow is in; None where it has ended."""
    await engine.remember(f"flow-error/{flow}", None if trouble is None else trouble.to_json())


async def shown_state(engine: Engine, flow: FlowConfig) -> str:
    """The state that people see: the chosen one, or `error` where a flow that should run cannot."""
    state = await flow_state(engine, flow)
    return "error" if state != "paused" and await flow_trouble(engine, flow.name) is not None else state


async def keep_last_sync(engine: Engine, report: SyncReport, at: datetime, redactor: Redactor) -> None:
    """Note how a sync ended, for `pullpush status`."""
    error = redactor.text(report.error_text)
    value = {"at": instant_text(at), "ok": report.ok, "error": error, "interrupted": report.interrupted}
    await engine.remember(f"flow-last-sync/{report.flow}", value)


async def last_sync(engine: Engine, flow: str) -> dict[str, Json] | None:
    """The value of `keep_last_sync`, None before the first sync."""
    kept = await engine.recall(f"flow-last-sync/{flow}")
    return kept if isinstance(kept, dict) else None
