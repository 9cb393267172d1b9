"""Laws of two-way flows whose both sides change one record before either hears of the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import update_wrapper

from .bench import Bench
from .two_sides import OrderSide, Pair

__all__ = ["LAWS"]


def _with_owner(law: Callable[[Bench, int], Awaitable[None]], owner: int) -> Callable[[Bench], Awaitable[None]]:
    async def run(bench: Bench) -> None:
        await law(bench, owner)

    update_wrapper(run, law, assigned=("__doc__", "__module__"))
    run.__name__ = f"{law.__name__}_{('source', 'destination')[owner]}"
    return run


async def the_owners_change_goes_to_both_sides(bench: Bench, owner: int) -> None:
    """Whichever was heard of first, and whichever is newer."""
    for first in (0, 1):
        for newer in (0, 1):
            pair, sku = Pair.of_stock(bench, owner=owner), f"S{first}{newer}"
            pair.sides[0].set(sku, 1)
            await pair.settle()
            for side in (1 - newer, newer):
                pair.sides[side].set(sku, 10 + side)
                await pair.tick()
            await pair.hear(first)
            await pair.hear(1 - first)
            await pair.at_rest()
            assert [side.held[sku] for side in pair.sides] == [10 + owner] * 2, (first, newer)


async def the_owner_wins_although_its_change_was_overwritten_unheard(bench: Bench, owner: int) -> None:
    """The other side's change was delivered over it before anybody heard of it."""
    pair = Pair.of_stock(bench, owner=owner)
    pair.sides[0].set("x", 1)
    await pair.settle()
    pair.sides[owner].set("x", 7)
    pair.sides[1 - owner].set("x", 9)
    await pair.tick()
    await pair.hear(1 - owner)
    await pair.drain(1 - owner)
    await pair.at_rest()
    assert [side.held["x"] for side in pair.sides] == [7, 7]


async def without_an_owner_the_newest_change_wins(bench: Bench) -> None:
    """By the platforms' own times, whichever was heard of first."""
    for newest in (0, 1):
        for first in (0, 1):
            pair, sku = Pair.of_stock(bench), f"S{newest}{first}"
            pair.sides[0].set(sku, 1)
            await pair.settle()
            pair.sides[1 - newest].set(sku, 20)
            await pair.tick()
            pair.sides[newest].set(sku, 30)
            await pair.hear(first)
            await pair.hear(1 - first)
            await pair.at_rest()
            assert [side.held[sku] for side in pair.sides] == [30, 30], (newest, first)


async def where_versions_count_the_last_one_heard_of_wins(bench: Bench) -> None:
    """Counters of two platforms cannot be compared."""
    pair = Pair.of_stock(bench, moments=False)
    pair.sides[0].set("x", 1)
    await pair.settle()
    pair.sides[0].set("x", 5)
    pair.sides[1].set("x", 6)
    await pair.hear(1)
    await pair.hear(0)
    await pair.at_rest()
    assert [side.held["x"] for side in pair.sides] == [5, 5]


async def what_one_side_alone_changed_goes_across_whoever_owns_it(bench: Bench, owner: int) -> None:
    """Once, with one write."""
    pair = Pair.of_stock(bench, owner=owner)
    pair.sides[1 - owner].set("x", 4)
    await pair.at_rest()
    assert [side.held["x"] for side in pair.sides] == [4, 4]
    assert pair.written == 1


async def two_statuses_of_one_order_do_not_swap(bench: Bench) -> None:
    """Both shops change the status of one order at once: both end with the newer one, whichever was heard of first."""
    for newest in (0, 1):
        for first in (0, 1):
            pair, ids = await _ordered(bench)
            _status(pair, 1 - newest, ids, "completed")
            await pair.tick()
            _status(pair, newest, ids, "cancelled")
            await pair.tick()
            await pair.hear(first)
            if newest != first:
                await pair.drain(first)  # it is written over the newer one before anybody hears of that
            await pair.at_rest()
            assert _statuses(pair, ids) == ["cancelled", "cancelled"], (newest, first)


async def a_note_does_not_take_back_a_status(bench: Bench) -> None:
    """A record that changed in another field says its old status again: no change of it, and the field is not lost."""
    for first in (0, 1):
        pair, ids = await _ordered(bench)
        _status(pair, 1, ids, "completed")
        await pair.tick()
        pair.sides[0].set(ids[0], ("pending", "leave it at the door"))
        await pair.hear(first)
        await pair.hear(1 - first)
        await pair.at_rest()
        assert _statuses(pair, ids) == ["completed", "completed"], first
        assert pair.sides[1].held[ids[1]][1] == "leave it at the door"


_series = [0]


async def _ordered(bench: Bench) -> tuple[Pair, tuple[str, str]]:
    """An order of the first shop that the second one has too, and its two ids; each time in new flows."""
    pair = Pair.of_orders(bench)
    here, there = pair.sides
    assert isinstance(here, OrderSide)
    assert isinstance(there, OrderSide)
    _series[0] += 1
    here.first = 1_000 * _series[0]
    there.first = here.first + 500
    mine = here.place()
    await pair.settle()
    (theirs,) = there.held
    return pair, (mine, theirs)


def _status(pair: Pair, side: int, ids: tuple[str, str], status: str) -> None:
    _, note = pair.sides[side].held[ids[side]]
    pair.sides[side].set(ids[side], (status, note))


def _statuses(pair: Pair, ids: tuple[str, str]) -> list[str]:
    return [side.held[id_][0] for side, id_ in zip(pair.sides, ids, strict=True)]


_OWNED = (
    the_owners_change_goes_to_both_sides,
    the_owner_wins_although_its_change_was_overwritten_unheard,
    what_one_side_alone_changed_goes_across_whoever_owns_it,
)

LAWS = (
    *(_with_owner(law, owner) for law in _OWNED for owner in (0, 1)),
    without_an_owner_the_newest_change_wins,
    where_versions_count_the_last_one_heard_of_wins,
    two_statuses_of_one_order_do_not_swap,
    a_note_does_not_take_back_a_status,
)
