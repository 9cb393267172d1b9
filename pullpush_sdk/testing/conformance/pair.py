"""Laws of two-way flows: two shops that copy each other come to rest, and then agree."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import attrs

from pullpush_sdk.connector import Connector, Delivery, Event, Outcome, Result
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.manifest import written_fields
from pullpush_sdk.sandbox import ChangeError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine import memory_engine

from ._history import KINDS, Edit, Known, kinds_for, play, try_histories
from ._lacks import no_edit
from ._law import Effort, Law, broken, not_proven
from ._subject import Shop, Subject, meaning, newest

__all__ = ["LAWS", "Way"]

_ROUNDS = 12
"""Rounds within which two shops must have come to rest after the last outside change."""
_QUIET = 2
"""Rounds without a write that count as rest."""


@attrs.define(kw_only=True)
class Way:
    """One direction of a two-way flow, and how many writes it made."""

    flow: FlowSpec
    source: Shop
    destination: Shop
    engine: Engine
    writes: int = 0
    last: str = ""

    @property
    def _type(self) -> str:
        return self.flow.types[0]

    async def turn(self) -> None:
        """One poll and the delivery of what it brought."""
        cursor = await self.engine.checkpoint(self.flow.name, self._type)
        async for page in self.source.pages(self._type, cursor):
            await self.engine.append(self.flow, self._type, page)
        report = await self.engine.drain(self.flow, self._push)
        if report.error is not None:
            broken(f"the flow stopped: {report.error}")

    async def _push(self, canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        hook = self.destination.subject.loaded.hook
        outcomes: Sequence[Outcome] = await hook.pullpush_push(
            connection=self.destination.connection, canonical_type=canonical_type, batch=batch
        )
        for delivery, outcome in zip(batch, outcomes, strict=True):
            if outcome.result is Result.DELIVERED:
                self.writes += 1
                self.last = f"{self.flow.name} wrote {dict(delivery.payload)}"
        return outcomes


def comes_to_rest(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """After the last change from outside two shops stop writing, and hold the same."""

    async def asked() -> list[str]:
        async with subject.shop() as shop:
            kinds = kinds_for(shop, canonical_type)
            return [kind for kind in kinds if not kind.endswith("_delete")]  # a deletion is not carried over by default

    kinds = asyncio.run(asked())
    if not kinds:
        not_proven(no_edit(KINDS.get(canonical_type, ())))
    try_histories(effort, kinds, lambda history: asyncio.run(_rested(subject, canonical_type, history)))


async def _rested(subject: Subject, canonical_type: str, history: Sequence[Edit]) -> None:
    clock = VirtualClock()
    async with (
        subject.shop(clock=clock) as left,
        subject.shop(clock=clock) as right,
        memory_engine(clock=clock, types=subject.types) as engine,
    ):
        ways = _both_ways(subject, canonical_type, left, right, engine)
        await _rest(ways)
        kind = subject.types[canonical_type]
        keys = sorted({kind.key(event.record) for event in (await _state(left, canonical_type)).values()})
        known = Known(keys=keys, sold=())
        for made, edit in enumerate(history):
            clock.advance(edit.wait)
            with suppress(ChangeError):
                play((left, right)[edit.after_page % 2], edit, known, made)
            if edit.which % 3 == 0:
                await ways[edit.which % 2].turn()
        await _rest(ways)
        compared = _compared(subject.loaded.connector, canonical_type)
        here, there = await _state(left, canonical_type), await _state(right, canonical_type)
        for identity in here.keys() & there.keys():
            if canonical_type == "stocklevel" and None in (
                here[identity].record.quantity,
                there[identity].record.quantity,
            ):
                continue  # what one side does not know is left alone at the other
            one, other = meaning(here[identity].record), meaning(there[identity].record)
            differs = [
                name
                for name in sorted(one.keys() | other.keys())
                if one.get(name) != other.get(name) and (compared is None or name in compared)
            ]
            if differs:
                name = differs[0]
                broken(
                    f"at rest {identity} has {name} {one.get(name)!r} in one shop and {other.get(name)!r} in the other"
                )


def _compared(connector: Connector, canonical_type: str) -> frozenset[str] | None:
    """The fields in which two shops must agree, None for all: what is only read stays as each shop has it.

    So does everything where the manifest declares a create alone.
    """
    push = connector.manifest.push.get(canonical_type) if connector.manifest is not None else None
    if push is not None and push.create is not None and push.update is None and push.bulk is None:
        return frozenset()
    return written_fields(push)


def _both_ways(subject: Subject, canonical_type: str, left: Shop, right: Shop, engine: Engine) -> tuple[Way, Way]:
    connector = subject.loaded.connector
    there = FlowSpec(
        name="there",
        source="left",
        destination="right",
        types=(canonical_type,),
        batch={canonical_type: connector.batch.get(canonical_type, 1)},
        index_lag=connector.index_lag,
        readers=("back",),
    )
    back = attrs.evolve(there, name="back", source="right", destination="left", readers=("there",))
    return (
        Way(flow=there, source=left, destination=right, engine=engine),
        Way(flow=back, source=right, destination=left, engine=engine),
    )


async def _rest(ways: tuple[Way, Way]) -> None:
    """Turns of both ways until nothing is written any more."""
    quiet = 0
    for _ in range(_ROUNDS):
        before = sum(way.writes for way in ways)
        for way in ways:
            way.source.clock.advance(1)
            await way.turn()
        quiet = quiet + 1 if sum(way.writes for way in ways) == before else 0
        if quiet == _QUIET:
            return
    broken(
        f"after {_ROUNDS} rounds the shops still write to each other; the last: {' and '.join(w.last for w in ways)}"
    )


async def _state(shop: Shop, canonical_type: str) -> dict[str, Event]:
    return newest(shop, (await shop.sweep(canonical_type))[0])


LAWS: tuple[Law, ...] = (
    Law(
        name="pair-comes-to-rest",
        says="two shops that copy each other stop writing after the last change from outside, and then agree",
        fix="`returned` and `version` of an outcome; read the quantity that you write; what a write rounds or trims",
        ability="both",
        check=comes_to_rest,
        only=frozenset({"stocklevel", "product", "contact"}),
    ),
)
