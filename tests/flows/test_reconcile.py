"""Preview and reconcile over two warehouses: only differences go, nothing is taken away, and then nothing differs."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import Order, OrderStatus, StockLevel
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Event, Outcome, Page
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import RemoteError
from pullpush_sdk.flows import Desk, Silent, compare_flow, last_reconcile, reconcile_flow
from pullpush_sdk.flows._compare import compare_type
from pullpush_sdk.flows._spill import Spill
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import engine_url


async def preview(world: Any, **options: Any) -> dict[str, dict[str, int]]:
    """What differs, per type."""
    flow = world.project.flow("main")
    async with compare_flow(
        world.project, world.plugins, world.engine, flow, redactor=Redactor(), **options
    ) as comparison:
        return {each.type: {name: n for name, n in each.counts.items() if n} for each in comparison.types}


async def reconcile(world: Any, **options: Any) -> Any:
    async with world.engine.hold():
        flow = world.project.flow("main")
        return await reconcile_flow(world.project, world.plugins, world.engine, flow, redactor=Redactor(), **options)


def put(
    world: Any, side: str, record: Mapping[str, Any], kind: str = "stocklevel", identity: str | None = None
) -> None:
    world.store(getattr(world, side)).put(kind, record)


def level(sku: str, quantity: int | None, location: str | None = None) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "locationId": location}


class Snapshot:
    """A hook that gives events page by page, as a manifest's does."""

    plugin_name = "manifest"

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = iter(events)

    async def __call__(self, **_: Any) -> AsyncIterator[Page]:
        while some := list(itertools.islice(self._events, 100)):
            yield Page(events=some, cursor=None)

    def get_hookimpls(self) -> list[Any]:
        return [self]


def end_of(name: str, kind: str, events: Iterable[Event]) -> Any:
    hook = SimpleNamespace(pullpush_snapshot=Snapshot(events))
    loaded = SimpleNamespace(name=name, connector=SimpleNamespace(snapshots={kind}), hook=hook)
    return SimpleNamespace(loaded=loaded, connection=SimpleNamespace(name=name))


quantities = st.dictionaries(st.sampled_from("ABCDEF"), st.none() | st.integers(0, 3))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quantities, quantities, st.booleans())
def test_a_reconcile_writes_each_difference_once_and_nothing_else(
    make_world: Any, tmp_path: Path, source: dict[str, int | None], there: dict[str, int | None], synced: bool
) -> None:
    async def go() -> None:
        shutil.rmtree(tmp_path / ".pullpush", ignore_errors=True)  # of the example before
        async with make_world(records=0, types='["stocklevel"]') as world:
            for sku, quantity in source.items():
                put(world, "left", level(sku, quantity))
            if synced:
                await world.sync()
                world.store(world.right).rows.clear()
            for sku, quantity in there.items():
                put(world, "right", level(sku, quantity))
            before = len(world.store(world.right).writes)
            known = {sku: quantity for sku, quantity in source.items() if quantity is not None}
            report = await reconcile(world)
            assert report.ok, report
            assert world.quantities(world.right) == {**there, **known}
            written = [identity.rstrip("|") for _, identity in world.store(world.right).writes[before:]]
            assert sorted(written) == sorted(sku for sku, quantity in known.items() if there.get(sku, -1) != quantity)
            (counts,) = (await preview(world)).values()
            assert not counts.keys() & {"added", "changed"}
            assert counts.get("missing", 0) == len(there.keys() - source.keys())
            assert counts.get("unknown", 0) == len(source.keys() - known.keys())

    asyncio.run(go())


def test_how_a_destination_holds_what_it_got_is_no_difference_until_a_side_changes(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=3, types='["product"]') as world:
            right = world.store(world.right)
            keep = right.put

            def trimmed(kind: str, record: Mapping[str, Any], identity: str | None = None) -> None:
                keep(kind, {**record, "title": record["title"][:5]}, identity)

            right.put = trimmed
            await world.sync()
            assert await preview(world) == {"product": {"changed": 3}}
            report = await reconcile(world)
            assert report.counts["product"]["delivered"] == 3
            assert await preview(world) == {"product": {"held": 3}}
            assert (await reconcile(world)).counts["product"]["delivered"] == 0
            keep("product", {"sku": "S001", "title": "Other"})
            put(world, "left", {"sku": "S002", "title": "Thing two"}, "product")
            assert await preview(world) == {"product": {"held": 1, "changed": 2}}
            await reconcile(world)
            assert await preview(world) == {"product": {"held": 3}}

    asyncio.run(go())


def test_what_is_refused_stays_a_difference(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=3, types='["stocklevel"]') as world:
            world.store(world.right).refuse.add("S001|")
            report = await reconcile(world)
            assert not report.ok
            assert report.counts["stocklevel"]["dead"] == 1
            assert await preview(world) == {"stocklevel": {"equal": 2, "added": 1}}
            world.store(world.right).refuse.clear()
            assert (await reconcile(world)).ok
            assert await preview(world) == {"stocklevel": {"equal": 3}}

    asyncio.run(go())


def test_locations_are_mapped_and_what_is_not_mapped_is_left_alone(make_world: Any) -> None:
    async def go() -> None:
        more = '[flows.main.locations]\n"north" = "one"'
        places = {"left": ["north", "south"], "right": ["one", "two"]}
        async with make_world(records=0, types='["stocklevel"]', more=more, locations=places) as world:
            put(world, "left", level("A", 4, "north"))
            put(world, "left", level("A", 9, "south"))
            put(world, "left", level("B", None, "north"))
            put(world, "right", level("A", 1, "one"))
            put(world, "right", level("A", 7, "two"))
            put(world, "right", level("B", 7, "one"))
            found = {"changed": 1, "missing": 1, "unknown": 1, "unmapped": 1}
            assert await preview(world) == {"stocklevel": found}
            assert (await reconcile(world)).ok
            rows = world.store(world.right).rows["stocklevel"].values()
            assert sorted((row["sku"], row["locationId"], row["quantity"]) for _, row in rows) == [
                ("A", "one", 4),
                ("A", "two", 7),
                ("B", "one", 7),
            ]
            assert await preview(world) == {"stocklevel": {"equal": 1, "missing": 1, "unknown": 1, "unmapped": 1}}

    asyncio.run(go())


def test_a_sum_is_compared_as_it_would_be_written(make_world: Any) -> None:
    async def go() -> None:
        more = '[flows.main.locations]\n"one" = {sum = ["north", "south"]}'
        places = {"left": ["north", "south"], "right": ["one"]}
        async with make_world(records=0, types='["stocklevel"]', more=more, locations=places) as world:
            put(world, "left", level("A", 4, "north"))
            put(world, "left", level("A", 3, "south"))
            put(world, "right", level("A", 5, "one"))
            assert await preview(world) == {"stocklevel": {"changed": 1}}
            assert (await reconcile(world)).ok
            assert world.quantities(world.right) == {"A": 7}
            # A place that knows nothing now counts as it was last known, here as in a sync.
            put(world, "left", level("A", None, "south"))
            await world.sync()
            assert await preview(world) == {"stocklevel": {"equal": 1}}
            assert world.quantities(world.right) == {"A": 7}

    asyncio.run(go())


def test_orders_are_paired_by_the_id_that_the_destination_gave(make_world: Any) -> None:
    """The engine knows it from the delivery; an order of the same number there is another one."""

    async def go() -> None:
        async with make_world(records=0, types='["product"]') as world:
            kind = world.plugins.types["order"]
            spec = FlowSpec(name="orders", source="left", destination="right", types=("order",))

            def order(id_: str, status: OrderStatus = OrderStatus.PENDING) -> Event:
                return Event(type="order", version=1, record=Order(order_id=id_, status=status))

            async def push(_kind: str, batch: Any) -> Any:
                return [Outcome.delivered(native_id=f"gid://there/Order/90{each.key}") for each in batch]

            async with world.engine.hold():
                await world.engine.append(spec, "order", Page(events=[order("1"), order("2")], cursor=None))
                await world.engine.drain(spec, push)
            left = end_of("left", "order", [order("1"), order("2", OrderStatus.COMPLETED), order("3")])
            right = end_of("right", "order", [order("901"), order("902"), order("1", OrderStatus.CANCELLED)])
            flow = SimpleNamespace(name="orders")
            work: Any = SimpleNamespace(
                engine=world.engine, spec=spec, source=left, destination=right, flow=flow, progress=Silent(),
                clock=SystemClock(),
            )  # fmt: skip
            with Spill() as spill:
                found = await compare_type(work, kind, spill)
                changed = [(each.key, each.fields[0].new) for each in found.differences("changed")]
                assert changed == [("2", "completed")]
                assert [each.key for each in found.differences("added")] == ["3"]
                assert [each.key for each in found.differences("missing")] == ["1"]
                assert found.counts["equal"] == 1

    asyncio.run(go())


def test_a_flow_in_shadow_or_paused_is_not_written_by_a_reconcile(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=3, state="shadow") as world:
            report = await reconcile(world)
            assert report.counts["stocklevel"]["shadowed"] == 3
            assert not world.store(world.right).writes
        async with make_world(records=3, state="paused") as world:
            report = await reconcile(world)
            assert "paused" in report.notes[0]
            assert not world.store(world.right).writes

    asyncio.run(go())


def test_the_last_reconcile_is_remembered_and_a_report_crosses_processes(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=3) as world:
            assert await last_reconcile(world.engine, "main") is None
            report = await reconcile(world, types=["stocklevel"])
            assert list(report.compared) == ["stocklevel"]
            kept = await last_reconcile(world.engine, "main")
            assert kept is not None
            assert kept["compared"]["stocklevel"]["added"] == 3
            assert type(report).from_json(report.to_json()).to_json() == report.to_json()

    asyncio.run(go())


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_snapshot_that_breaks_off_delivers_nothing(make_world: Any, side: str) -> None:
    async def go() -> None:
        async with make_world(records=25, types='["stocklevel"]') as world:
            await world.sync()
            world.store(world.left).put("stocklevel", level("S000", 99))
            writes = len(world.store(world.right).writes)
            fault = [{"fault": "status", "status": 401, "match": {"path": "/stocklevel"}, "skip": 1}]
            getattr(world, side).control.faults.replace(fault)
            with pytest.raises(RemoteError, match=f"^{side}: "):
                await reconcile(world)
            assert len(world.store(world.right).writes) == writes

    asyncio.run(go())


def test_whoever_holds_the_store_does_the_reconcile(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=3) as world:
            told: list[Any] = []
            shared = {"project": world.project, "plugins": world.plugins, "redactor": Redactor()}
            other = open_engine(engine_url(world.project), clock=SystemClock(), types=world.plugins.types)
            async with other, world.engine.hold():
                holder = Desk(engine=world.engine, **shared)
                over = asyncio.Event()
                serving = asyncio.ensure_future(world.engine.run_commands(holder.handlers(), stop=over))
                report = await Desk(engine=other, on_held=told.append, **shared).reconcile("main")
                over.set()
                await serving
            assert told
            assert report.ok
            assert report.compared["stocklevel"]["added"] == 3
            assert len(world.store(world.right).writes) == 6

    asyncio.run(go())


def test_memory_does_not_grow_with_the_number_of_records(make_world: Any) -> None:
    """Both sides lie on disk: comparing eight times as many records takes hardly more memory."""

    async def peak_of(world: Any, number: int) -> int:
        kind = world.plugins.types["stocklevel"]

        def side(name: str, quantity: int) -> Any:
            return end_of(
                name,
                "stocklevel",
                (
                    Event(type="stocklevel", version=1, record=StockLevel(sku=f"{at:08}", quantity=quantity))
                    for at in range(number)
                ),
            )

        spec = FlowSpec(name="f", source="left", destination="right", types=("stocklevel",))
        work: Any = SimpleNamespace(
            engine=world.engine, spec=spec, source=side("left", 1), destination=side("right", 2),
            flow=SimpleNamespace(name="f"), progress=Silent(), clock=SystemClock(),
        )  # fmt: skip

        with Spill() as spill:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            found = await compare_type(work, kind, spill)
            assert found.counts["changed"] == number
            return tracemalloc.get_traced_memory()[1] - before

    async def go() -> None:
        async with make_world(records=0) as world:
            tracemalloc.start()
            try:
                peaks = [await peak_of(world, number) for number in (500, 4_000)]
            finally:
                tracemalloc.stop()
            assert peaks[1] < 2 * peaks[0] + 500_000

    asyncio.run(go())
