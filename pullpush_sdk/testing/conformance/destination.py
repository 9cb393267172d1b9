"""Laws of writing: once however often it is tried, exact, only what was said, and never a guess.

What is written comes from a shop of the same platform: whatever it tells must be writable to its twin, or be refused
with a reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, StockLevel, to_sparse
from pullpush_sdk.connector import Delivery, Event, Outcome, Result, outcome_of
from pullpush_sdk.errors import PullPushError, RecordError, TransientError

from ._journal import note
from ._lacks import NOTHING_HELD, not_written
from ._law import BrokenLawError, Effort, Law, broken, not_proven
from ._subject import Shop, Subject, meaning
from ._truth import held

__all__ = ["LAWS"]

Json = Any
_TRIES = 40
"""Attempts after which every delivery must have ended under random faults."""
_LOST = ("lost_answer", "truncate", "reset")
_OTHERS: Mapping[str, Sequence[str]] = {
    "order": ("product", "stocklevel"),
    "invoice": ("product", "stocklevel", "order"),
}
"""Canonical type to what must be there before."""
_PLENTY = 1000
"""How much of everything a twin has where it must be able to sell."""


def deliveries(subject: Subject, events: Sequence[Event], *, run: str = "a") -> list[Delivery]:
    """Events as the engine would hand them over, unknown stock left out."""
    found = []
    for position, event in enumerate(events, start=1):
        kind = subject.types[event.type]
        if kind.no_data(event.record):
            continue
        found.append(
            Delivery(
                id=f"law-{run}-{position}",
                kind=kind,
                verb=event.verb,
                key=kind.key(event.record),
                identity=kind.identity(event.record),
                payload=to_sparse(event.record),
                version=event.version,
                position=position,
                fields=event.fields,
            )
        )
    return found


async def push(shop: Shop, canonical_type: str, batch: Sequence[Delivery]) -> list[Outcome]:
    """Outcomes in the batch's order, sent in the connector's own batch size; an error about records is an outcome."""
    loaded, outcomes = shop.subject.loaded, []
    size = loaded.connector.batch.get(canonical_type, 1)
    for start in range(0, len(batch), size):
        some = batch[start : start + size]
        try:
            answer = await loaded.hook.pullpush_push(
                connection=shop.connection, canonical_type=canonical_type, batch=some
            )
        except TransientError as error:
            answer = [attrs.evolve(outcome_of(error), maybe_applied=True) for _ in some]
        except RecordError as error:
            if len(some) > 1:
                answer = [each for one in some for each in await push(shop, canonical_type, [one])]
            else:
                answer = [outcome_of(error)]
        if len(answer) != len(some):
            broken(f"a batch of {len(some)} had {len(answer)} outcomes")
        outcomes += answer
        note(_pushed(canonical_type, some, answer))
    return outcomes


def _pushed(canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> str:
    """A push for people: what was in it, and how it ended."""
    ends = dict(Counter(outcome.result.value for outcome in outcomes))
    if len(batch) == 1:
        return f"push {canonical_type} {dict(batch[0].payload)}: {outcomes[0].result.value}"
    keys = ", ".join(delivery.key for delivery in batch[:3]) + (", …" if len(batch) > 3 else "")
    return f"push {len(batch)} of {canonical_type} ({keys}): {', '.join(f'{n} {end}' for end, n in ends.items())}"


async def push_until_done(shop: Shop, canonical_type: str, batch: Sequence[Delivery]) -> list[Outcome]:
    """As the engine does: what may be tried again is tried again, after the platform's index lag."""
    lag = shop.subject.loaded.connector.index_lag.get(canonical_type, 0.0)
    outcomes: dict[str, Outcome] = {}
    waiting = list(batch)
    for _ in range(_TRIES):
        answers = await push(shop, canonical_type, waiting)
        again = []
        for delivery, outcome in zip(waiting, answers, strict=True):
            outcomes[delivery.id] = outcome
            if outcome.result is Result.RETRY:
                unsure = delivery.maybe_applied or outcome.maybe_applied
                again.append(attrs.evolve(delivery, attempt=delivery.attempt + 1, maybe_applied=unsure))
        if not again:
            return [outcomes[delivery.id] for delivery in batch]
        waiting = again
        shop.clock.advance(lag + 61)
    left = {delivery.key: outcomes[delivery.id].reason for delivery in waiting}
    return broken(f"after {_TRIES} attempts these had not ended: {dict(list(left.items())[:3])}")


async def told(shop: Shop, canonical_type: str) -> dict[str, Event]:
    """The shop's present state, after the platform's index has caught up."""
    shop.clock.advance(shop.subject.loaded.connector.index_lag.get(canonical_type, 0.0) + 1)
    return await held(shop, canonical_type)


async def given(subject: Subject, canonical_type: str, effort: Effort) -> list[Event]:
    """What there is to write: the records of a shop, stock with other quantities than the twin has."""
    asked = ("given", canonical_type, effort.seed)
    if asked not in subject.learned:
        subject.learned[asked] = await _read_to_be_given(subject, canonical_type, effort)
    return list(subject.learned[asked])


async def _read_to_be_given(subject: Subject, canonical_type: str, effort: Effort) -> list[Event]:
    async with subject.shop(seed=effort.seed) as shop:
        events = list((await held(shop, canonical_type)).values())
    if canonical_type != "stocklevel":
        return events
    changed = []
    for n, event in enumerate(events):
        record: StockLevel = event.record
        if record.quantity is None:
            continue
        quantity = 0 if n % 3 == 0 else 17 + n
        record = attrs.evolve(record, quantity=quantity, extensions=UNSET, updated_at=UNSET)
        changed.append(attrs.evolve(event, record=record))
    return changed


async def prepared(subject: Subject, canonical_type: str, shop: Shop, effort: Effort) -> None:
    """Put into the twin what the type needs there."""
    for needed in _OTHERS.get(canonical_type, ()):
        if needed in subject.loaded.connector.writes:
            events = await given(subject, needed, effort)
            if needed == "stocklevel":
                events = [attrs.evolve(each, record=attrs.evolve(each.record, quantity=_PLENTY)) for each in events]
            await push_until_done(shop, needed, deliveries(subject, events, run=needed))


def twin_of(subject: Subject, canonical_type: str) -> int | None:
    """How many records the twin has to begin with: none, but for stock, and for types whose needs nobody can write."""
    needs_goods = canonical_type == "stocklevel" or (
        canonical_type in _OTHERS
        and "product" in subject.loaded.connector.reads
        and "product" not in subject.loaded.connector.writes
    )
    return None if needs_goods else 0


def writes_what_it_is_given(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """What was delivered is there; what is not there was refused with a reason."""
    events = asyncio.run(given(subject, canonical_type, effort))
    if not events:
        not_proven(NOTHING_HELD)

    async def tried(events: Sequence[Event]) -> None:
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            await prepared(subject, canonical_type, shop, effort)
            before = sum(not is_own(identity, canonical_type) for identity in await told(shop, canonical_type))
            batch = deliveries(subject, events)
            outcomes = await push_until_done(shop, canonical_type, batch)
            after = await told(shop, canonical_type)
            _judge_outcomes(batch, outcomes)
            written = _delivered(batch, outcomes)
            if not written:
                broken(f"nothing was written; the first reason: {outcomes[0].reason}")
            if canonical_type == "stocklevel":
                _judge_stock(written, after)
                return
            named = [each for each in written if is_own(each.identity, canonical_type)]
            missing = [each.key for each in named if each.identity not in after]
            if missing:
                broken(f"{missing[:5]} were reported as written and are not there")
            numbered = sum(not is_own(identity, canonical_type) for identity in after) - before
            if numbered != len(written) - len(named):
                broken(f"{len(written) - len(named)} were reported as written, {numbered} more are there")

    _with_the_fewest(events, lambda some: asyncio.run(tried(some)))


def _with_the_fewest(events: Sequence[Event], check: Callable[[Sequence[Event]], None]) -> None:
    """Try a law on all records; where it breaks, tell it by one record that breaks it alone, or by half of them.

    Raises:
        BrokenLawError: by the fewest that were found in so many tries as there are records.
    """
    try:
        check(events)
    except BrokenLawError:
        for some in (*([event] for event in events), events[: len(events) // 2], events[len(events) // 2 :], events):
            check(some)
        raise


def is_own(identity: str, canonical_type: str) -> bool:
    """Whether an identity means the same record on every platform; others are numbers that each platform gives."""
    if canonical_type == "contact":
        return not identity.startswith("id:")  # of one without a mail address
    return canonical_type in ("stocklevel", "product")


def _delivered(batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> list[Delivery]:
    return [delivery for delivery, each in zip(batch, outcomes, strict=True) if each.result is Result.DELIVERED]


def _judge_outcomes(batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
    for delivery, outcome in zip(batch, outcomes, strict=True):
        if outcome.result in (Result.DEAD, Result.SKIPPED) and len(outcome.reason) < 10:
            broken(f"{delivery.key} ended {outcome.result.value} and the reason {outcome.reason!r} tells nobody why")


def _judge_stock(written: Sequence[Delivery], after: Mapping[str, Event]) -> None:
    for delivery in written:
        found = after.get(delivery.identity)
        quantity = None if found is None else found.record.quantity
        if quantity != delivery.payload["quantity"]:
            broken(f"{delivery.identity} was written as {delivery.payload['quantity']}, and reads {quantity}")


def writes_twice_as_once(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """The same deliveries once more, as after a crash, change nothing."""

    async def tried() -> None:
        events = await given(subject, canonical_type, effort)
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            await prepared(subject, canonical_type, shop, effort)
            batch = deliveries(subject, events)
            await push_until_done(shop, canonical_type, batch)
            once = await told(shop, canonical_type)
            again = [attrs.evolve(delivery, attempt=2, maybe_applied=True) for delivery in batch]
            await push_until_done(shop, canonical_type, again)
            twice = await told(shop, canonical_type)
            _same(once, twice, "the second time")

    asyncio.run(tried())


def loses_no_answer(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """With answers lost, cut and reset at random, the end is the same as without."""

    async def one(seed: int | None) -> dict[str, Json]:
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            await prepared(subject, canonical_type, shop, effort)
            if seed is not None:
                note(f"from now on answers of writes are lost, cut or reset at random (seed {seed})")
                shop.sandbox.control.faults.replace(
                    [
                        {"fault": fault, "match": {"method": method}, "probability": 0.5, "times": 4, "seed": seed + n}
                        for n, (fault, method) in enumerate((f, m) for f in _LOST for m in ("POST", "PUT", "PATCH"))
                    ]
                )
            await push_until_done(shop, canonical_type, batch)
            shop.sandbox.control.faults.replace([])
            return _shape(await told(shop, canonical_type), canonical_type)

    batch = deliveries(subject, asyncio.run(given(subject, canonical_type, effort)))
    if not batch:
        not_proven(NOTHING_HELD)
    clean = asyncio.run(one(None))
    for n in range(max(1, effort.examples // 3)):
        faulty = asyncio.run(one(effort.seed + 10 * n))
        if faulty != clean:
            extra = [key for key in faulty if key not in clean] or [key for key in clean if key not in faulty]
            differs = extra or [key for key in clean if clean[key] != faulty[key]]
            said = f"; {faulty.get(differs[0])} instead of {clean.get(differs[0])}"
            broken(f"with lost answers {len(faulty)} records came to be, without {len(clean)}; see {differs[:5]}{said}")


def _shape(state: Mapping[str, Event], canonical_type: str) -> dict[str, Json]:
    """What must be equal in two runs: everything that the platform did not number or stamp itself."""
    found: dict[str, Json] = {}
    for identity, event in state.items():
        wire = meaning(event.record)
        key = identity if is_own(identity, canonical_type) else str(sorted(wire.items(), key=str))
        while key in found:
            key += "'"
        found[key] = wire
    return found


def _same(before: Mapping[str, Event], after: Mapping[str, Event], when: str) -> None:
    if set(before) != set(after):
        broken(f"{when} these came or went: {sorted(set(before) ^ set(after))[:5]}")
    for identity, event in after.items():
        if meaning(event.record) != meaning(before[identity].record):
            broken(f"{when} {identity} changed from {meaning(before[identity].record)} to {meaning(event.record)}")


def refuses_what_is_not_there(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Stock of an unknown SKU is a dead letter that names it, and nothing else moves."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            levels = await told(shop, canonical_type)
            some = next(iter(levels.values()), None)
            if some is None:
                not_proven(NOTHING_HELD)
            record = StockLevel(sku="NO-SUCH-SKU-77", quantity=3, location_id=some.record.location_id)
            (outcome,) = await push_until_done(
                shop, canonical_type, deliveries(subject, [attrs.evolve(some, record=record)])
            )
            if outcome.result is not Result.DEAD or "NO-SUCH-SKU-77" not in outcome.reason:
                broken(f"the outcome was {outcome.result.value}: {outcome.reason!r}")
            _same(levels, await told(shop, canonical_type), "after the refusal")

    asyncio.run(tried())


def raises_what_concerns_the_connection(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """While the platform is down, whatever could be written otherwise is to be tried again."""

    async def tried() -> None:
        batch = deliveries(subject, await given(subject, canonical_type, effort))
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            await prepared(subject, canonical_type, shop, effort)
            usual = await push_until_done(shop, canonical_type, batch)
        batch = _delivered(batch, usual)[:5]
        if not batch:
            not_proven(not_written(usual[0].reason if usual else ""))
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            note("from now on every request is answered with 503")
            shop.sandbox.control.faults.replace([{"fault": "status", "status": 503, "body": "down"}])
            try:
                outcomes = await push(shop, canonical_type, batch)
            except PullPushError as error:
                broken(f"a platform that is down is told as {type(error).__name__}: {error}")
            for delivery, outcome in zip(batch, outcomes, strict=True):
                if outcome.result is not Result.RETRY:
                    broken(f"{delivery.key} ended {outcome.result.value} while the platform was down: {outcome.reason}")

    asyncio.run(tried())


LAWS: tuple[Law, ...] = (
    Law(
        name="destination-writes-what-it-is-given",
        says="what is reported as delivered is there, what is not there was refused with a reason",
        fix="the create and update bodies; an answer of 200 with errors inside it; outcomes in the batch's order",
        ability="write",
        check=writes_what_it_is_given,
    ),
    Law(
        name="destination-writes-twice-as-once",
        says="the same deliveries once more change nothing",
        fix="find before create, absolute instead of relative writes, an idempotency key",
        ability="write",
        check=writes_twice_as_once,
    ),
    Law(
        name="destination-loses-no-answer",
        says="with answers lost, cut and reset at random the end is the same as without",
        fix="a write that may have happened is looked up first (`maybe_applied`), after the platform's index lag",
        ability="write",
        check=loses_no_answer,
    ),
    Law(
        name="destination-refuses-what-is-not-there",
        says="stock of an unknown SKU is a dead letter that names it",
        fix="look the SKU up; some platforms answer 200 to a SKU that they do not know",
        ability="write",
        check=refuses_what_is_not_there,
        only=frozenset({"stocklevel"}),
    ),
    Law(
        name="destination-outlives-an-outage",
        says="while the platform is down every delivery is to be tried again, none is dead",
        fix="raise or return what is transient as transient (outcome_of does), `classify`",
        ability="write",
        check=raises_what_concerns_the_connection,
    ),
)
