"""What the store remembers of a flow beside its log: its state, its last sync, and what is to be read again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, cast

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

    A flow that leaves shadow reads everything again at its next sync: what was only looked at is delivered now.
    """
    before = await flow_state(engine, flow)
    if before == "shadow" and state == "active":
        await engine.remember(f"flow-again/{flow.name}", dict.fromkeys(flow.types, "start"))
    if before != "shadow" and state == "shadow":
        await engine.remember(f"flow-shadow-since/{flow.name}", instant_text(datetime.now(UTC)))
    await engine.remember(f"flow-state/{flow.name}", state)
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


async def keep_last_sync(engine: Engine, report: SyncReport, at: datetime, redactor: Redactor) -> None:
    """Note how a sync ended, for `pullpush status`."""
    error = redactor.text(report.error_text)
    value = {"at": instant_text(at), "ok": report.ok, "error": error, "interrupted": report.interrupted}
    await engine.remember(f"flow-last-sync/{report.flow}", value)


async def last_sync(engine: Engine, flow: str) -> dict[str, Json] | None:
    """The value of `keep_last_sync`, None before the first sync."""
    kept = await engine.recall(f"flow-last-sync/{flow}")
    return kept if isinstance(kept, dict) else None
