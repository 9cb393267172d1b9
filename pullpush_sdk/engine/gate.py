"""What may be sent of a lane, and what has been overtaken: pure decisions over logged events.

A lane is the waiting events of one key of one flow and type, in log order. The gate of an identity is the highest
(version, log position) that was applied. An event below it is stale. At an equal version the log decides, so a tie
is applied, and an older dead letter of the same second is stale.

A full event speaks of every field, a partial one of some. Each field has a gate of its own where a partial moved it:
a late full event must not take back what a newer partial wrote, so it goes without those fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from .ports import Ended

__all__ = ["NEVER", "Gate", "LanePlan", "Row", "plan_lane"]

Mark = tuple[int, int]
NEVER: Mark = (-(2**63), 0)
"""Below every version: nothing was applied yet."""


@attrs.define(slots=True)
class Row:
    """One waiting event of a lane.

    `baseline` says that a first import brought it; `without` names the fields that a newer partial has settled
    already; `written_id` is the destination's id that an earlier delivery of the identity returned.
    """

    pos: int
    key: str
    identity: str
    verb: str
    version: int
    fields: frozenset[str] | None
    payload: bytes
    digest: bytes
    attempts: int
    due: int
    maybe_applied: bool
    baseline: bool = False
    without: frozenset[str] = frozenset()
    written_id: str | None = None

    @property
    def mark(self) -> Mark:
        """What the gate compares."""
        return (self.version, self.pos)


@attrs.define
class Gate:
    """What was applied of one identity; `fields` holds the marks that partials set since the last full event.

    `dead_leader` is the log position of the first dead letter of an identity of which nothing was ever applied;
    `written_id` the destination's id of the record, where a delivery returned it.
    """

    applied: Mark = NEVER
    fields: Mapping[str, Mark] = attrs.field(factory=dict)
    dead_leader: int | None = None
    written_id: str | None = None


@attrs.define
class LanePlan:
    """What to do with a lane now.

    `send` can go together, in this order. `ended` have an outcome without being sent; `changed` are rows that took
    something over from what they superseded; `orphaned` wait for a dead letter (row, leader). `due` is when the lane
    can go on, None where it is not held back; `rest` says that rows remain behind what is sent.
    """

    send: list[Row] = attrs.field(factory=list)
    ended: list[tuple[Row, Ended, str]] = attrs.field(factory=list)
    changed: list[Row] = attrs.field(factory=list)
    orphaned: list[tuple[Row, int]] = attrs.field(factory=list)
    due: int | None = None
    rest: bool = False


def plan_lane(
    rows: Sequence[Row], gates: Mapping[str, Gate], *, coalesce: bool, together: bool, room: int, now: int
) -> LanePlan:
    """Decide over the first rows of a lane, in log order.

    `coalesce` lets newer states supersede older ones; `together` lets different identities of the key share a batch,
    at most `room` of them. `now` in microseconds.
    """
    plan = LanePlan()
    left = _admitted(rows, gates, plan)
    if coalesce and len(left) > 1:
        left = _coalesced(left, plan)
    taken: set[str] = set()
    for row in left:
        if row.due > now:
            if not plan.send:
                plan.due = row.due
            plan.rest = True
            break
        if row.identity in taken or len(plan.send) >= (room if together else 1):
            plan.rest = True
            break
        taken.add(row.identity)
        plan.send.append(row)
    return plan


def _admitted(rows: Iterable[Row], gates: Mapping[str, Gate], plan: LanePlan) -> list[Row]:
    left = []
    for row in rows:
        gate = gates.get(row.identity)
        if gate is None:
            left.append(row)
        elif row.mark < gate.applied:
            plan.ended.append((row, Ended.STALE, "a newer state was applied already"))
        elif row.fields is not None and gate.dead_leader is not None and gate.dead_leader < row.pos:
            plan.orphaned.append((row, gate.dead_leader))
        elif not gate.fields or _settle_fields(row, gate):
            left.append(row)
        else:
            plan.ended.append((row, Ended.STALE, "newer values of all its fields were applied already"))
    return left


def _settle_fields(row: Row, gate: Gate) -> bool:
    """Take the fields out that a newer partial wrote; False where nothing is left to say."""
    row.without = frozenset(name for name, mark in gate.fields.items() if mark > row.mark)
    return row.fields is None or not row.fields <= row.without


def _coalesced(rows: Sequence[Row], plan: LanePlan) -> list[Row]:
    """Keep the newest full state of each identity between its partials; the others are superseded by it."""
    newest: dict[str, Row] = {}
    left: list[Row] = []
    gone: set[int] = set()
    for row in rows:
        if row.fields is not None:
            newest.pop(row.identity, None)
        else:
            rival = newest.get(row.identity)
            winner = row if rival is None or row.mark > rival.mark else rival
            if rival is not None:
                loser = rival if winner is row else row
                gone.add(loser.pos)
                _take_over(winner, loser, plan)
            newest[row.identity] = winner
        left.append(row)
    return [row for row in left if row.pos not in gone]


def _take_over(winner: Row, loser: Row, plan: LanePlan) -> None:
    plan.ended.append((loser, Ended.SUPERSEDED, f"by log position {winner.pos}"))
    maybe = winner.maybe_applied or loser.maybe_applied
    due = max(winner.due, loser.due)  # the platform's wish to be left alone outlives the state that met it
    verb = "created" if "created" in (winner.verb, loser.verb) and winner.verb != "deleted" else winner.verb
    if (maybe, due, verb) != (winner.maybe_applied, winner.due, winner.verb):
        winner.maybe_applied, winner.due, winner.verb = maybe, due, verb
        if winner not in plan.changed:
            plan.changed.append(winner)
