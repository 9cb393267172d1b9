"""Random histories with crashes, against a model that knows nothing of engines.

Two flows, one of stock levels (a state type, two locations) and one of orders (full and partial events), get pages
with repeats, ties, unknown stock and versions out of order; pushes are delivered, refused, retried, unsure or fail as
a whole; the process is killed between steps and in the middle of pushes; dead letters are retried; time passes, the
clock is set back, retention runs. At every push the destination checks order, overlap and staleness; in the end it
must hold what the model says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pullpush_sdk.clock import steady_now
from pullpush_sdk.connector import Delivery, Event, Outcome, version_of
from pullpush_sdk.engine.ports import DeadFilter, FlowSpec
from pullpush_sdk.errors import RejectedError, RequestTimeoutError, UnavailableError

from .bench import Bench, EngineUnderTest, flow_of, order, stock
from .model import Model, content

__all__ = ["EngineMachine"]

_STOCK = flow_of(batch={"stocklevel": 3}, concurrency=3)
_ORDERS = flow_of("order", name="orders", batch={"order": 3}, concurrency=3)

_versions = st.integers(1, 6)
_stock_events = st.builds(
    lambda sku, quantity, version, location: stock(sku, quantity, version, location=location),
    st.sampled_from(["a", "b"]),
    st.sampled_from([None, 0, 3, 5]),
    _versions,
    st.sampled_from(["x", "y"]),
)
_order_events = st.builds(
    lambda order_id, status, version, partial, note: order(
        order_id, status, version, fields=["status"] if partial else None, note=note
    ),
    st.sampled_from(["o1", "o2", "o3"]),
    st.sampled_from(["pending", "paid", "shipped"]),
    _versions,
    st.booleans(),
    st.sampled_from(["one", "two"]),
)
_answers = st.lists(
    st.sampled_from(["ok", "ok", "ok", "retry", "unsure", "dead", "timeout", "down", "rejected", "bug"]),
    max_size=12,
)


class EngineMachine(RuleBasedStateMachine):
    """Give a subclass `under_test`: a function that makes an engine over a fresh store, and one that cleans up."""

    under_test: Callable[[], tuple[EngineUnderTest, Callable[[], None]]]

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        engine, self._clean_up = type(self).under_test()
        self._bench = Bench(engine)
        self._run(self._bench.__aenter__())
        self._models = {_STOCK.name: Model(), _ORDERS.name: Model()}
        self._last: dict[str, Sequence[Event]] = {}
        self._marks: dict[tuple[str, str], tuple[int, int]] = {}
        self._answers: Iterator[str] = iter(())
        self._bench.destination.answer = self._answer

    def _run(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(step)

    def _answer(self, delivery: Delivery) -> Outcome | Exception:
        """The next answer of the history; everything is delivered when it has no more."""
        answer = next(self._answers, "ok")
        errors: dict[str, Exception] = {
            "timeout": RequestTimeoutError("no answer"),
            "down": UnavailableError("connection refused"),
            "rejected": RejectedError("batch refused"),
            "bug": KeyError("bug"),
        }
        if answer in errors:
            return errors[answer]
        if answer == "retry":
            return Outcome.retry("busy")
        if answer == "dead":
            return Outcome.dead("refused")
        self._not_stale(delivery)
        return Outcome.retry("unsure", maybe_applied=True) if answer == "unsure" else Outcome.delivered()

    def _not_stale(self, delivery: Delivery) -> None:
        """No write may go below what was written of an identity before, field by field."""
        mark = (delivery.version, delivery.position)
        for field in content(delivery.payload):
            place = (delivery.identity, field)
            last = self._marks.get(place, mark)
            self._bench.destination.expect(last <= mark, f"{place}: {mark} was written after {last}")
            self._marks[place] = mark

    def _append(self, flow: FlowSpec, events: Sequence[Event]) -> None:
        model, now = self._models[flow.name], version_of(steady_now(self._bench.clock))
        for event in events:
            model.append(_identity(event), event, now)
        self._last[flow.name] = events
        self._run(self._bench.append(flow, *events, cursor=model.read))

    @rule(events=st.lists(_stock_events, min_size=1, max_size=6))
    def stock_page(self, events: list[Event]) -> None:
        """Stock levels arrive."""
        self._append(_STOCK, events)

    @rule(events=st.lists(_order_events, min_size=1, max_size=4))
    def order_page(self, events: list[Event]) -> None:
        """Orders arrive."""
        self._append(_ORDERS, events)

    @rule(flow=st.sampled_from([_STOCK, _ORDERS]))
    def page_again(self, flow: FlowSpec) -> None:
        """The source is read again."""
        self._append(flow, self._last.get(flow.name, []))

    @rule(flow=st.sampled_from([_STOCK, _ORDERS]), answers=_answers)
    def drain(self, flow: FlowSpec, answers: list[str]) -> None:
        """Deliver, with some answers that are not good."""
        self._answers = iter(answers)
        report = self._run(self._bench.drain(flow, max_wait=5.0))
        assert report.error is None

    @rule(flow=st.sampled_from([_STOCK, _ORDERS]), applies=st.booleans(), answers=_answers)
    def killed_while_pushing(self, flow: FlowSpec, applies: bool, answers: list[str]) -> None:
        """The process dies during a push, which may or may not have happened."""
        self._answers = iter([each for each in answers if each in ("ok", "retry", "dead", "unsure")])
        self._run(self._bench.waits_at_push(flow, applies=applies))

    @rule()
    def killed(self) -> None:
        """The process dies with nothing under way."""
        self._run(self._bench.crash())

    @rule(seconds=st.sampled_from([1, 60, 3600, 8 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        """The clock goes on."""
        self._bench.clock.advance(seconds)

    @rule()
    def prune(self) -> None:
        """Retention runs; what it removes may change nothing that is delivered."""
        self._run(self._bench.engine.prune())

    @rule()
    def clock_is_set_back(self) -> None:
        """Somebody sets the machine's clock."""
        self._bench.clock.set_back(600)

    @rule(flow=st.sampled_from([_STOCK, _ORDERS]))
    def retry_dead_letters(self, flow: FlowSpec) -> None:
        """Somebody gives the dead letters of a flow another chance."""
        self._run(self._bench.engine.retry_dead(DeadFilter(flow=flow.name)))

    @invariant()
    def no_push_broke_a_law(self) -> None:
        """Order, overlap and staleness as the destination saw them."""
        assert not self._bench.destination.broken, self._bench.destination.broken

    @invariant()
    def everything_is_accounted_for(self) -> None:
        """Every event that was read waits or has one outcome; the checkpoint is that of the last page."""
        for flow in (_STOCK, _ORDERS):
            model = self._models[flow.name]
            if model.read:
                assert self._run(self._bench.tally(flow))["read"] == model.read
                assert self._run(self._bench.engine.checkpoint(flow.name, flow.types[0])) == model.read

    def teardown(self) -> None:
        """Deliver what is left, dead letters too, and compare the destination with the model."""
        try:
            self._answers = iter(())
            for flow in (_STOCK, _ORDERS):
                self._finish(flow)
            held = self._bench.destination.state
            expected = {name: state for model in self._models.values() for name, state in model.state().items()}
            assert {name: content(payload) for name, payload in held.items()} == expected
        finally:
            self._run(self._bench.__aexit__(None, None, None))
            self._loop.close()
            self._clean_up()

    def _finish(self, flow: FlowSpec) -> None:
        report = self._run(self._bench.drain(flow, max_wait=86_400.0))
        self._run(self._bench.engine.retry_dead(DeadFilter(flow=flow.name)))
        report = self._run(self._bench.drain(flow, max_wait=86_400.0))
        assert report.waiting == 0
        assert not self._run(self._bench.engine.dead_letters(DeadFilter(flow=flow.name)))


def _identity(event: Event) -> str:
    record = event.record
    return f"{record.sku}|{record.location_id}" if event.type == "stocklevel" else str(record.order_id)
