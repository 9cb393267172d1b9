from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pullpush_sdk.engine.upkeep import Upkeep
from pullpush_sdk.errors import ProjectError, PullPushError, StoreFullError
from pullpush_sdk.flows import set_flow_state


def counts(report: Any, kind: str, *names: str) -> tuple[int, ...]:
    return tuple(report.counts[kind][name] for name in names)


def test_a_flow_delivers_everything_once_and_then_nothing(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=25) as world:
            report = await world.sync()
            assert report.ok, report
            assert counts(report, "product", "read", "delivered") == (25, 25)
            assert counts(report, "stocklevel", "read", "delivered") == (25, 25)
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(25)}
            again = await world.sync()
            assert again.ok
            assert counts(again, "stocklevel", "read", "delivered") == (0, 0)

    asyncio.run(go())


def test_types_run_in_the_flows_order(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=12, types='["stocklevel", "product"]') as world:
            await world.sync()
            kinds = [kind for kind, _ in world.store(world.right).writes]
            assert kinds == ["stocklevel"] * 12 + ["product"] * 12

    asyncio.run(go())


def test_no_data_is_skipped_and_zero_is_written(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=0) as world:
            left, right = world.store(world.left), world.store(world.right)
            for sku, quantity in (("known", 0), ("unknown", None)):
                left.put("stocklevel", {"sku": sku, "quantity": quantity, "locationId": None})
                right.put("stocklevel", {"sku": sku, "quantity": 9, "locationId": None})
            report = await world.sync()
            assert counts(report, "stocklevel", "read", "delivered", "skipped", "dead") == (2, 1, 1, 0)
            assert world.quantities(world.right) == {"known": 0, "unknown": 9}
            assert report.ok

    asyncio.run(go())


def test_a_record_that_is_refused_is_a_dead_letter_and_its_neighbours_go(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=5) as world:
            world.store(world.right).refuse.add("S002|")
            report = await world.sync()
            assert counts(report, "stocklevel", "delivered", "dead") == (4, 1)
            assert not report.ok
            (letter,) = await world.engine.dead_letters()
            assert (letter.type, letter.key) == ("stocklevel", "S002")

    asyncio.run(go())


def test_what_the_connectors_own_code_gets_wrong_is_a_dead_letter(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=2) as world:
            world.store(world.left).put("stocklevel", {"sku": "bad", "quantity": "many", "locationId": None})
            report = await world.sync()
            assert counts(report, "stocklevel", "read", "delivered", "dead") == (3, 2, 1)

    asyncio.run(go())


def test_shadow_writes_nothing_and_activating_misses_nothing(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=15, state="shadow") as world:
            report = await world.sync()
            assert report.state == "shadow"
            assert counts(report, "product", "read", "shadowed", "delivered") == (15, 15, 0)
            assert not world.store(world.right).writes
            await world.activate()
            live = await world.sync()
            assert live.ok, live
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(15)}
            third = await world.sync()
            assert counts(third, "stocklevel", "read") == (0,)

    asyncio.run(go())


def test_activating_by_way_of_a_pause_misses_nothing_either(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=6, state="shadow") as world:
            await world.sync()
            await set_flow_state(world.engine, world.project.flow("main"), "paused")
            await world.activate()
            assert (await world.sync()).ok
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(6)}

    asyncio.run(go())


def test_a_paused_flow_does_nothing_and_says_so(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=5, state="paused") as world:
            report = await world.sync()
            assert not world.store(world.right).writes
            assert report.ok
            assert "paused" in report.notes[0]

    asyncio.run(go())


def test_a_source_that_fails_midway_loses_nothing(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=25, types='["stocklevel"]') as world:
            answers = [{"fault": "status", "status": 400, "match": {"path": "/stocklevel"}, "skip": 2, "times": 1}]
            world.left.control.faults.replace(answers)
            report = await world.sync()
            assert isinstance(report.error, PullPushError)
            assert counts(report, "stocklevel", "read", "delivered") == (14, 14)
            world.left.control.faults.replace([])
            rest = await world.sync()
            assert counts(rest, "stocklevel", "read", "delivered") == (11, 11)
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(25)}

    asyncio.run(go())


def test_wrong_credentials_at_the_destination_stop_the_flow_and_keep_what_was_read(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with make_world(records=25) as world:
            world.right.control.faults.replace([{"fault": "status", "status": 401, "match": {"method": "POST"}}])
            report = await world.sync()
            assert report.error is not None
            assert report.waiting > 0
            assert not await world.engine.dead_letters()
            world.right.control.faults.replace([])
            assert (await world.sync()).ok
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(25)}

    asyncio.run(go())


def test_stop_ends_after_the_page_and_the_next_run_goes_on(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=40, types='["stocklevel"]') as world:
            stop = asyncio.Event()

            class StopAfterFirstPage:
                def flow_started(self, flow: str, state: str) -> None: ...
                def type_started(self, flow: str, canonical_type: str) -> None: ...
                def counted(self, flow: str, canonical_type: str, *, read: int = 0, settled: int = 0) -> None:
                    if read:
                        stop.set()

            report = await world.sync(stop=stop, progress=StopAfterFirstPage())
            assert report.interrupted
            assert 0 < counts(report, "stocklevel", "read")[0] < 40
            assert (await world.sync()).ok
            writes = [identity for _, identity in world.store(world.right).writes]
            assert len(writes) == len(set(writes)) == 40

    asyncio.run(go())


def test_cancelling_at_any_moment_loses_nothing(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=30, types='["stocklevel"]') as world:
            for steps in (5, 40, 90, 200):
                task = asyncio.ensure_future(world.sync())
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            report = await world.sync()
            assert report.error is None, report
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(30)}

    asyncio.run(go())


def test_what_an_end_cannot_do_is_refused_before_anything_is_opened(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(types='["invoice", "stokclevel"]') as world:
            with pytest.raises(ProjectError) as caught:
                await world.sync()
            text = str(caught.value)
            assert "depot does not read invoice" in text
            assert "a warehouse sends no bills" in text
            assert "no canonical type 'stokclevel'" in text
            assert not world.left.control.log.after(0)

    asyncio.run(go())


def test_several_locations_need_a_map_and_the_map_to_fill_in_is_shown(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(locations={"left": ["north", "south"], "right": ["one"]}) as world:
            with pytest.raises(ProjectError, match="needs a map of stock locations") as caught:
                await world.sync()
            assert "[flows.main.locations]" in caught.value.hint
            assert '"north" = "?"' in caught.value.hint
            assert not world.store(world.right).writes

    asyncio.run(go())


def test_one_location_on_each_side_needs_no_map(make_world: Any) -> None:
    async def go() -> None:
        async with make_world(records=0, locations={"left": ["north"], "right": ["one"]}) as world:
            world.store(world.left).put("stocklevel", {"sku": "A", "quantity": 4, "locationId": "north"})
            assert (await world.sync()).ok
            ((_, record),) = world.store(world.right).rows["stocklevel"].values()
            assert (record["locationId"], record["quantity"]) == ("one", 4)

    asyncio.run(go())


def test_a_sum_adds_the_known_quantities(make_world: Any) -> None:
    async def go() -> None:
        more = '[flows.main.locations]\n"one" = {sum = ["north", "south"]}'
        async with make_world(records=0, more=more, locations={"left": ["north", "south"], "right": ["one"]}) as world:
            for place, quantity in (("north", 4), ("south", 3)):
                world.store(world.left).put("stocklevel", {"sku": "A", "quantity": quantity, "locationId": place})
            assert (await world.sync()).ok
            assert world.quantities(world.right) == {"A": 7}

    asyncio.run(go())


def test_a_map_that_names_unknown_locations_is_refused_with_the_nearest(make_world: Any) -> None:
    async def go() -> None:
        more = '[flows.main.locations]\n"nroth" = "one"\n"South" = "two"'
        async with make_world(more=more, locations={"left": ["north", "south"], "right": ["one"]}) as world:
            with pytest.raises(ProjectError) as caught:
                await world.sync()
            text = str(caught.value)
            assert "did you mean 'north'?" in text
            assert "locations go by id: 'south'" in text
            assert "destination has no location 'two'" in text

    asyncio.run(go())


def test_a_flow_matches_by_a_field_only_where_its_destination_can_find_by_it(make_world: Any) -> None:
    async def go() -> None:
        more = '[flows.main.match]\nproduct = "barcode"\n'
        async with make_world(types='["product"]', more=more) as world:
            with pytest.raises(ProjectError) as caught:
                await world.sync()
            assert "depot does not find product records by barcode" in str(caught.value)
            assert "it finds them by: sku" in str(caught.value)

    asyncio.run(go())


def test_flows_of_both_ways_match_by_the_same_field(make_world: Any) -> None:
    async def go() -> None:
        more = """
[flows.back]
source = "right"
destination = "left"
types = ["product"]
[flows.back.match]
product = "barcode"
"""
        async with make_world(types='["product"]', more=more) as world:
            with pytest.raises(ProjectError, match="'back' goes the other way and matches product by another field"):
                await world.sync()

    asyncio.run(go())


def test_a_record_without_the_field_that_a_flow_matches_by_is_a_dead_letter(make_world: Any, plugins: Any) -> None:
    import attrs

    loaded = plugins.connectors["depot"]
    able = attrs.evolve(loaded.connector, matches={"product": frozenset({"barcode"})})
    more = '[flows.main.match]\nproduct = "barcode"\n'

    async def go() -> None:
        async with make_world(records=0, types='["product"]', more=more) as world:
            world.plugins = attrs.evolve(plugins, connectors={"depot": attrs.evolve(loaded, connector=able)})
            left = world.store(world.left)
            for sku, barcode in (("A", "400"), ("B", "400"), ("C", None)):
                left.put("product", {"sku": sku, "barcode": barcode})
            report = await world.sync()
            assert counts(report, "product", "read", "dead") == (3, 1)
            (letter,) = await world.engine.dead_letters()
            assert "barcode is blank" in letter.reason
            # Two records of one barcode are one thing to this flow, in the order in which they were read.
            assert world.store(world.right).writes == [("product", "400"), ("product", "400")]

    asyncio.run(go())


def test_a_full_store_ends_the_reading_and_what_was_read_is_delivered(make_world: Any) -> None:
    """The next runs, with room made by retention, read on from there until everything has arrived."""

    async def go() -> None:
        async with make_world(records=400, types='["stocklevel"]') as world:
            world.engine._space.upkeep = Upkeep(max_size=220_000, min_free=0)
            full = 0
            for _ in range(40):
                report = await world.sync()
                assert report.waiting == 0
                if report.error is None:
                    break
                assert isinstance(report.error, StoreFullError)
                full += 1
                async with world.engine.hold():
                    await world.engine.prune()
            assert report.ok
            assert full
            assert world.quantities(world.right) == {f"S{n:03}": n for n in range(400)}

    asyncio.run(go())
