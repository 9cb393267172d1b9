"""Random histories of two platforms that copy each other: needs hypothesis.

Both sides change the same records at once; what they tell arrives late and in pieces; flows deliver one after the other
or at the same time; writes are refused, or carried out and their answers lost; the process is killed. Whenever it is
left alone, both sides come to rest, equal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from .bench import Bench, EngineUnderTest
from .two_sides import OrderSide, Pair

__all__ = ["OrderPairMachine", "StockPairMachine"]

_sides = st.integers(0, 1)
_answers = st.lists(st.sampled_from(["good", "refused", "lost"]), max_size=4)
_STATUSES = ("pending", "processing", "completed", "cancelled")


class _PairMachine(RuleBasedStateMachine):
    """Give a subclass `under_test`: a function that makes an engine over a fresh store, and one that cleans up."""

    under_test: ClassVar[Callable[[], tuple[EngineUnderTest, Callable[[], None]]]]
    pair: Pair

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        engine, self._clean_up = type(self).under_test()
        self.bench = Bench(engine)
        self.run(self.bench.__aenter__())

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        """Wait for something."""
        return self._loop.run_until_complete(step)

    @rule(side=_sides, number=st.integers(1, 3))
    def hear(self, side: int, number: int) -> None:
        """Some of what a side told arrives."""
        self.run(self.pair.hear(side, number))

    @rule(side=_sides, answers=_answers)
    def drain(self, side: int, answers: Any) -> None:
        """One flow delivers."""
        self.pair.sides[1 - side].answers = answers
        self.run(self.pair.drain(side))

    @rule()
    def drain_both(self) -> None:
        """Both flows deliver at the same time."""
        self.run(self.pair.drain(0, 1))

    @rule()
    def time_passes(self) -> None:
        """A little."""
        self.run(self.pair.tick())

    @rule()
    def killed(self) -> None:
        """The process dies."""
        self.run(self.bench.crash())

    @rule()
    def left_alone(self) -> None:
        """Nobody changes anything for a while."""
        for side in self.pair.sides:
            side.answers = []
        self.run(self.pair.at_rest())
        self.are_equal()

    def are_equal(self) -> None:
        """Both sides hold the same."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Leave it alone at the end."""
        try:
            if hasattr(self, "pair"):
                self.left_alone()
        finally:
            self.run(self.bench.__aexit__(None, None, None))
            self._loop.close()
            self._clean_up()


class StockPairMachine(_PairMachine):
    """Two warehouses, with and without an owner, with times and with counters as versions."""

    @initialize(owner=st.sampled_from([None, 0, 1]), moments=st.booleans())
    def begin(self, owner: int | None, moments: bool) -> None:
        """Choose the flows."""
        self.pair = Pair.of_stock(self.bench, owner=owner, moments=moments)

    @rule(side=_sides, sku=st.sampled_from("xy"), quantity=st.integers(0, 4))
    def count(self, side: int, sku: str, quantity: int) -> None:
        """Somebody counts a shelf."""
        self.pair.sides[side].set(sku, quantity)

    def are_equal(self) -> None:
        """Every quantity."""
        assert self.pair.sides[0].held == self.pair.sides[1].held


class OrderPairMachine(_PairMachine):
    """Two shops that enter each other's orders, and carry statuses both ways."""

    @initialize(moments=st.booleans())
    def begin(self, moments: bool) -> None:
        """Choose the flows; both shops have one order."""
        self.pair = Pair.of_orders(self.bench, moments=moments)
        self._placed = 0
        self.place(0)
        self.run(self.pair.settle())

    @precondition(lambda self: self._placed < 3)
    @rule(side=_sides)
    def place(self, side: int) -> None:
        """A customer orders."""
        shop = self.pair.sides[side]
        assert isinstance(shop, OrderSide)
        shop.place()
        self._placed += 1

    @rule(side=_sides, number=st.integers(0, 3), status=st.sampled_from(_STATUSES))
    def change_status(self, side: int, number: int, status: str) -> None:
        """Somebody changes the status of an order in one shop."""
        held = self.pair.sides[side].held
        if held:
            id_ = sorted(held)[number % len(held)]
            self.pair.sides[side].set(id_, (status, held[id_][1]))

    @rule(side=_sides, number=st.integers(0, 3), note=st.sampled_from(["a", "b"]))
    def change_note(self, side: int, number: int, note: str) -> None:
        """Something else of an order changes, and its status is told along."""
        held = self.pair.sides[side].held
        if held:
            id_ = sorted(held)[number % len(held)]
            self.pair.sides[side].set(id_, (held[id_][0], note))

    def are_equal(self) -> None:
        """Each order once in each shop, with one status."""
        statuses = [sorted(status for status, _ in side.held.values()) for side in self.pair.sides]
        assert statuses[0] == statuses[1]
        assert len(statuses[0]) == self._placed
