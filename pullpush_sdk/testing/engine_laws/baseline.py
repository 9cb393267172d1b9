"""Laws of a first import: it is no news, it lets what comes live go first, and it does not starve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from pullpush_sdk.connector import Delivery, Outcome

from .bench import Bench, contact, flow_of, order, stock

__all__ = ["LAWS"]


@attrs.frozen
class _Told:
    """An observer that keeps what it was told."""

    delivered_keys: list[str] = attrs.field(factory=list)
    dead: list[str] = attrs.field(factory=list)

    def delivered(self, flow: str, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:  # noqa: ARG002
        assert len(batch) == len(outcomes)
        self.delivered_keys.extend(each.key for each in batch)

    def dead_letter(self, flow: str, canonical_type: str, reasons: Mapping[str, str]) -> None:  # noqa: ARG002
        self.dead.extend(reasons.values())


async def an_import_is_no_news_also_after_a_crash(bench: Bench) -> None:
    """Its deliveries and dead letters are told to no observer; those of other events in the same batch are."""
    flow = flow_of()
    await bench.append(flow, stock("a", 1, 1), stock("bad", 1, 1), baseline=True)
    await bench.append(flow, stock("news", 1, 1), stock("bad news", 1, 1))
    await bench.crash()

    def answer(delivery: Delivery) -> Outcome:
        assert delivery.baseline is (delivery.key in {"a", "bad"})
        return Outcome.dead(f"{delivery.key} is refused") if "bad" in delivery.key else Outcome.delivered()

    bench.destination.answer = answer
    told = _Told()
    await bench.drain(flow, observer=told)
    assert sorted(told.delivered_keys) == ["bad news", "news"]
    assert told.dead == ["bad news is refused"]
    assert len(await bench.engine.dead_letters()) == 2, "they are kept like any other"


async def a_change_of_something_imported_is_news(bench: Bench) -> None:
    """What supersedes a state of the import is told of."""
    flow = flow_of()
    await bench.append(flow, stock("a", 1, 1), baseline=True)
    await bench.append(flow, stock("a", 2, 2))
    told = _Told()
    await bench.drain(flow, observer=told)
    assert told.delivered_keys == ["a"]
    assert bench.destination.quantities("a") == [2]


async def an_import_that_is_read_late_overwrites_nothing(bench: Bench) -> None:
    """A newer event that came meanwhile wins by the gate."""
    flow = flow_of()
    await bench.append(flow, stock("a", 9, 2))
    await bench.drain(flow)
    await bench.append(flow, stock("a", 1, 1), baseline=True)
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [9]


async def a_live_event_does_not_wait_for_an_import(bench: Bench) -> None:
    """With hundreds of imported records waiting, what comes live is among the next to go."""
    flow = flow_of("contact", batch={"contact": 1}, concurrency=1)
    stop = asyncio.Event()

    async def answer(_delivery: Delivery) -> Outcome:
        if len(bench.destination.writes) == 10:
            await bench.append(flow, contact("live@example.com", "Live", 2))
        if len(bench.destination.writes) == 40:
            stop.set()
        return Outcome.delivered()

    bench.destination.answer = answer
    people = [contact(f"c{number:03}@example.com", "C", 1) for number in range(300)]
    draining = asyncio.ensure_future(bench.drain(flow, stop=stop, until_idle=False))
    await asyncio.sleep(0)
    await bench.append(flow, *people, baseline=True)
    await draining
    keys = [write.key for write in bench.destination.writes]
    assert keys.index("live@example.com") < 15, keys


async def a_stream_of_live_events_does_not_starve_an_import(bench: Bench) -> None:
    """However much comes live, the import goes on."""
    flow = flow_of("order", batch={"order": 1}, concurrency=1)
    stop = asyncio.Event()
    count = 0

    async def answer(delivery: Delivery) -> Outcome:
        nonlocal count
        count += 1
        if delivery.baseline and delivery.key == "i4":
            stop.set()
        assert count < 200, "the import starves"
        await bench.append(flow, order(f"live{count}", "processing", 2))
        return Outcome.delivered()

    bench.destination.answer = answer
    draining = asyncio.ensure_future(bench.drain(flow, stop=stop, until_idle=False))
    await bench.append(flow, *(order(f"i{number}", "processing", 1) for number in range(5)), baseline=True)
    await bench.append(flow, order("live", "processing", 2))
    await draining
    bench.destination.expect(count < 200, "the import starves")


LAWS = (
    an_import_is_no_news_also_after_a_crash,
    a_change_of_something_imported_is_news,
    an_import_that_is_read_late_overwrites_nothing,
    a_live_event_does_not_wait_for_an_import,
    a_stream_of_live_events_does_not_starve_an_import,
)
