"""Two warehouses that copy each other, with real servers and a real store: they come to rest, and the owner wins."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.errors import ProjectError

_BACK = """
[flows.back]
source = "right"
destination = "left"
types = ["stocklevel"]
state = "active"
"""
FLOWS = ("main", "back")
_ORDERS = """
[flows.there]
source = "left"
destination = "right"
types = ["order"]
owner = {order = "source"}
"""


def owner(side: str) -> str:
    return f'owner = {{stocklevel = "{side}"}}\n' if side else ""


def put(world: Any, side: str, sku: str, quantity: int | None, at: str | None = None) -> None:
    record = {"sku": sku, "quantity": quantity, "locationId": None}
    world.store(getattr(world, side)).put("stocklevel", record | ({"updatedAt": at} if at else {}))


async def settle(world: Any) -> None:
    for _ in range(3):
        for flow in FLOWS:
            assert (await world.sync(flow)).error is None


def writes(world: Any) -> int:
    return len(world.store(world.left).writes) + len(world.store(world.right).writes)


changes = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["left", "right"]), st.sampled_from(["A", "B"]), st.integers(0, 3)),
        st.sampled_from(FLOWS),
    ),
    max_size=12,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, st.sampled_from(["", "source", "destination"]))
def test_changes_on_both_sides_reach_a_fixed_point(
    make_world: Any, tmp_path: Path, history: list[Any], side: str
) -> None:
    """After the last outside change both sides are equal, and nothing at all is written any more."""

    async def go() -> None:
        shutil.rmtree(tmp_path / ".pullpush", ignore_errors=True)  # of the example before
        async with make_world(records=0, types='["stocklevel"]', more=owner(side) + _BACK) as world:
            await settle(world)
            last: dict[str, dict[str, int]] = {}
            for step in history:
                if isinstance(step, str):
                    await world.sync(step)
                    last.clear()  # the first sync that sees both settles what came before
                    await settle(world)
                    continue
                where, sku, quantity = step
                if world.quantities(getattr(world, where)).get(sku) != quantity:
                    last.setdefault(sku, {})[where] = quantity
                put(world, where, sku, quantity)
            await settle(world)
            held = world.quantities(world.left)
            assert held == world.quantities(world.right)
            owns = {"source": "left", "destination": "right"}.get(side)
            for sku, by_side in last.items():
                assert held[sku] in by_side.values()
                if owns in by_side:
                    assert held[sku] == by_side[owns]
            before = writes(world)
            await settle(world)
            assert writes(world) == before

    asyncio.run(go())


@pytest.mark.parametrize(("side", "first"), [(s, f) for s in ("source", "destination") for f in FLOWS])
def test_the_owner_wins_whichever_flow_runs_first(make_world: Any, side: str, first: str) -> None:
    async def go() -> None:
        async with make_world(records=4, types='["stocklevel"]', more=owner(side) + _BACK) as world:
            await settle(world)
            put(world, "left", "S001", 50)
            put(world, "right", "S001", 60)
            put(world, "right", "S002", 70)
            before = writes(world)
            await world.sync(first)
            await settle(world)
            expected = {"S000": 0, "S001": 50 if side == "source" else 60, "S002": 70, "S003": 3}
            assert world.quantities(world.left) == world.quantities(world.right) == expected
            assert writes(world) - before == 2

    asyncio.run(go())


@pytest.mark.parametrize(("side", "expected"), [("source", 50), ("destination", 60)])
def test_conflicts_are_told_place_by_place_where_locations_are_mapped(
    make_world: Any, side: str, expected: int
) -> None:
    more = owner(side) + '[flows.main.locations]\n"n1" = "r1"\n"n2" = "r2"\n' + _BACK
    more += '[flows.back.locations]\n"r1" = "n1"\n"r2" = "n2"\n'
    places = {"left": ["n1", "n2"], "right": ["r1", "r2"]}

    def at(world: Any, where: str) -> dict[tuple[str, str], int]:
        rows = world.store(getattr(world, where)).rows["stocklevel"].values()
        return {(row["sku"], row["locationId"][1]): row["quantity"] for _, row in rows}

    async def go() -> None:
        async with make_world(records=0, types='["stocklevel"]', more=more, locations=places) as world:
            for where, location, quantity in (("left", "n1", 1), ("left", "n2", 2)):
                world.store(getattr(world, where)).put(
                    "stocklevel", {"sku": "A", "quantity": quantity, "locationId": location}
                )
            await settle(world)
            for where, location, quantity in (("left", "n1", 50), ("right", "r1", 60), ("right", "r2", 70)):
                world.store(getattr(world, where)).put(
                    "stocklevel", {"sku": "A", "quantity": quantity, "locationId": location}
                )
            await settle(world)
            assert at(world, "left") == at(world, "right") == {("A", "1"): expected, ("A", "2"): 70}

    asyncio.run(go())


def test_without_an_owner_the_newest_change_wins(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=0, types='["stocklevel"]', more=_BACK) as world:
            put(world, "left", "A", 5, "2026-03-01T08:00:05Z")
            put(world, "right", "A", 6, "2026-03-01T08:00:02Z")
            put(world, "left", "B", 5, "2026-03-01T08:00:02Z")
            put(world, "right", "B", 6, "2026-03-01T08:00:05Z")
            await settle(world)
            assert world.quantities(world.left) == world.quantities(world.right) == {"A": 5, "B": 6}

    asyncio.run(go())


def test_a_side_without_data_takes_part_in_no_conflict(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=2, types='["stocklevel"]', more=owner("destination") + _BACK) as world:
            await settle(world)
            put(world, "right", "S001", None)
            put(world, "left", "S001", 9)
            await settle(world)
            assert world.quantities(world.left)["S001"] == 9
            assert world.quantities(world.right)["S001"] == 9

    asyncio.run(go())


def test_reconcile_leaves_to_the_owner_what_it_owns(make_world: Any) -> None:
    async def go() -> None:
        from pullpush_sdk.flows import reconcile_flow
        from pullpush_sdk.http import Redactor

        async with make_world(records=3, types='["stocklevel"]', more=owner("destination") + _BACK) as world:
            await settle(world)
            right = world.store(world.right).rows["stocklevel"]
            revision, record = right["S001|"]
            right["S001|"] = (revision, record | {"quantity": 77})  # a change that no cursor shows
            reports = {}
            for name in FLOWS:
                async with world.engine.hold():
                    flow = world.project.flow(name)
                    reports[name] = await reconcile_flow(
                        world.project, world.plugins, world.engine, flow, redactor=Redactor()
                    )
            assert "pullpush reconcile back" in reports["main"].notes[0]
            assert world.quantities(world.left)["S001"] == world.quantities(world.right)["S001"] == 77

    asyncio.run(go())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (owner("source"), "no flow goes the other way"),
        (owner("source") + _BACK + 'owner = {stocklevel = "source"}\n', "disagree on who owns stocklevel"),
        (_ORDERS, "each platform gives order ids of its own"),
    ],
)
def test_owners_that_decide_nothing_are_refused(make_world: Any, more: str, words: str) -> None:
    async def go() -> None:
        async with make_world(records=0, types='["stocklevel"]', more=more) as world:
            with pytest.raises(ProjectError, match=words):
                await world.sync("there" if "flows.there" in more else "main")

    asyncio.run(go())
