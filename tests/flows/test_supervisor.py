"""Flows that go on: schedules, states while running, trouble and recovery, imports. Real sandboxes and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from pullpush_sdk.canonical import StockLevel
from pullpush_sdk.connector import Event, Page, version_of
from pullpush_sdk.errors import UnavailableError
from pullpush_sdk.flows import (
    Desk,
    Supervisor,
    flow_trouble,
    imports_of,
    open_supervisor,
    running,
    shown_state,
)
from pullpush_sdk.http import Redactor

OFTEN = '[flows.main.schedule]\ndefault = "every 1s"\n'
BY_HAND = '[flows.main.schedule]\ndefault = "manual"\n'


async def until(check: Callable[[], Any], seconds: float = 20.0) -> None:
    """Until a condition holds; a coroutine function is awaited."""
    async with asyncio.timeout(seconds):
        while True:
            found = check()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


@attrs.define(kw_only=True)
class Running:
    supervisor: Supervisor
    desk: Desk
    stop: asyncio.Event
    task: asyncio.Task[None]


@asynccontextmanager
async def run(world: Any, clock: Any, **options: Any) -> AsyncIterator[Running]:
    """The world's flows under a supervisor; stopped gracefully at the end."""
    stop = asyncio.Event()
    redactor = Redactor()
    async with (
        world.engine.hold(),
        open_supervisor(
            world.project, world.plugins, world.engine, redactor=redactor, clock=clock, **options
        ) as supervisor,
    ):
        desk = Desk(
            project=world.project, plugins=world.plugins, engine=world.engine, redactor=redactor, stop=stop,
            clock=clock, supervisor=supervisor,
        )  # fmt: skip
        task = asyncio.ensure_future(supervisor.run(stop))
        try:
            yield Running(supervisor=supervisor, desk=desk, stop=stop, task=task)
        finally:
            stop.set()
            await task


def test_what_changes_at_the_source_arrives_without_anybody_asking(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=12, more=OFTEN) as world, run(world, hurry):
            await until(lambda: len(world.quantities(world.right)) == 12)
            world.store(world.left).put("stocklevel", {"sku": "S003", "quantity": 41, "locationId": None})
            await until(lambda: world.quantities(world.right)["S003"] == 41)

    asyncio.run(go())


def test_types_are_first_read_in_the_flows_order_each_delivered_before_the_next(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=20, more=OFTEN) as world, run(world, hurry):
            await until(lambda: len(world.store(world.right).writes) == 40)
            kinds = [kind for kind, _ in world.store(world.right).writes]
            assert kinds == ["product"] * 20 + ["stocklevel"] * 20

    asyncio.run(go())


def test_a_flow_that_is_paused_and_activated_while_it_runs_obeys_at_once(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=5, more=OFTEN) as world, run(world, hurry) as it:
            await until(lambda: len(world.quantities(world.right)) == 5)
            await it.desk.handlers()["flow_state"]({"flow": "main", "state": "paused"})
            before = world.left.control.log.after(0)[-1]["n"]
            world.store(world.left).put("stocklevel", {"sku": "S001", "quantity": 99, "locationId": None})
            answered = await it.desk.handlers()["sync_now"]({"flows": ["main"]})
            assert "paused" in answered[0]["notes"][0]
            assert not [each for each in world.left.control.log.after(before) if each["path"] != "/locations"]
            assert world.quantities(world.right)["S001"] == 1
            await it.desk.handlers()["flow_state"]({"flow": "main", "state": "active"})
            await until(lambda: world.quantities(world.right)["S001"] == 99)

    asyncio.run(go())


def test_a_shadow_flow_that_is_activated_while_it_runs_misses_nothing(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=9, state="shadow", more=OFTEN) as world, run(world, hurry) as it:

            async def seen() -> bool:
                counts = await world.engine.counts("main")
                return counts.get("stocklevel", {}).get("shadowed") == 9

            await until(seen)
            assert not world.store(world.right).writes
            await it.desk.handlers()["flow_state"]({"flow": "main", "state": "active"})
            await until(lambda: world.quantities(world.right) == {f"S{n:03}": n for n in range(9)})

    asyncio.run(go())


def test_sync_now_reads_and_delivers_a_flow_that_is_never_polled_by_itself(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=8, more=BY_HAND) as world, run(world, hurry) as it:
            (report,) = await it.desk.handlers()["sync_now"]({"flows": ["main"], "max_wait": 100})
            assert report["ok"], report
            assert report["counts"]["stocklevel"]["delivered"] == 8
            requests = len(world.left.control.log.after(0))
            (report,) = await it.desk.handlers()["sync_now"]({"flows": ["main"], "max_wait": 100})
            assert report["counts"]["stocklevel"]["read"] == 0
            assert len(world.left.control.log.after(0)) > requests

    asyncio.run(go())


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_revoked_token_is_the_state_error_and_mending_it_is_enough(make_world: Any, hurry: Any, side: str) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=6, more=OFTEN) as world:
            broken = world.store(getattr(world, side))
            async with run(world, hurry):
                await until(lambda: len(world.quantities(world.right)) == 6)
                token, broken.token = broken.token, "revoked"
                world.store(world.left).put("stocklevel", {"sku": "S001", "quantity": 50, "locationId": None})
                flow = world.project.flow("main")
                await until(lambda: is_error(world, flow))
                trouble = await flow_trouble(world.engine, "main")
                assert trouble is not None
                assert trouble.side == ("source" if side == "left" else "destination")
                assert trouble.reason.startswith(f"{side}: ")
                assert not await world.engine.dead_letters()
                broken.token = token
                await until(lambda: world.quantities(world.right)["S001"] == 50)
                await until(lambda: is_state(world, flow, "active"))

    asyncio.run(go())


async def is_error(world: Any, flow: Any) -> bool:
    return await shown_state(world.engine, flow) == "error"


async def is_state(world: Any, flow: Any, state: str) -> bool:
    return await shown_state(world.engine, flow) == state


def test_what_was_read_is_delivered_while_the_source_is_in_error(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=5, types='["stocklevel"]', more=OFTEN) as world:
            world.right.control.faults.replace([{"fault": "status", "status": 503, "match": {"method": "POST"}}])
            async with run(world, hurry):

                async def waiting() -> bool:
                    return (await world.engine.counts("main")).get("stocklevel", {}).get("waiting") == 5

                await until(waiting)
                world.store(world.left).token = "revoked"
                await until(lambda: is_error(world, world.project.flow("main")))
                world.right.control.faults.replace([])
                await until(lambda: len(world.quantities(world.right)) == 5)

    asyncio.run(go())


def test_activating_a_flow_in_error_tries_it_at_once(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=3, more=OFTEN) as world:
            store = world.store(world.left)
            token, store.token = store.token, "revoked"
            async with run(world, hurry) as it:
                flow = world.project.flow("main")
                runner = it.supervisor.runners["main"]
                # Far enough into the growing waits that only activating can explain a quick recovery.
                await until(lambda: runner.troubles.now is not None)
                runner.troubles.now = attrs.evolve(runner.troubles.now, failures=9)
                runner.try_again()
                await until(lambda: runner.troubles.now is not None and runner.troubles.now.failures == 10)
                store.token = token
                await it.desk.handlers()["flow_state"]({"flow": "main", "state": "active"})
                await until(lambda: len(world.quantities(world.right)) == 3, seconds=8)
                assert await shown_state(world.engine, flow) == "active"

    asyncio.run(go())


def test_a_setting_that_is_mended_in_its_file_is_found_without_a_restart(
    make_world: Any, hurry: Any, tmp_path: Any
) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=3, more=OFTEN) as world:
            secret = tmp_path / "token"
            file = tmp_path / "pullpush.toml"
            file.write_text(file.read_text().replace('{env = "DEPOT_TOKEN"}', '{file = "token"}'))
            from pullpush_sdk.project import load_project

            world.project = load_project(tmp_path)
            async with run(world, hurry) as it:
                await until(lambda: it.supervisor.runners["main"].troubles.now is not None)
                trouble = it.supervisor.runners["main"].troubles.now
                assert trouble is not None
                assert trouble.side == "set-up"
                with pytest.raises(UnavailableError, match="takes no events yet"):
                    it.supervisor.flows_from("left", "stocklevel")
                secret.write_text(world.store(world.left).token)
                await it.desk.handlers()["sync_now"]({"flows": ["main"], "max_wait": 100})
                assert len(world.quantities(world.right)) == 3
                (spec,) = it.supervisor.flows_from("left", "stocklevel")
                assert spec.name == "main"
                assert it.supervisor.flows_from("left", "order") == []
                assert it.supervisor.source("left") is not None
                assert it.supervisor.source("right") is None

    asyncio.run(go())


def test_a_destination_that_is_down_makes_no_dead_letters_and_the_backlog_goes_by_itself(
    make_world: Any, hurry: Any
) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=30, types='["stocklevel"]', more=OFTEN) as world:
            world.right.control.faults.replace([{"fault": "status", "status": 503, "match": {"method": "POST"}}])
            async with run(world, hurry) as it:
                await until(lambda: "right" in world.engine.resting())

                async def told() -> bool:
                    kept = await running(world.engine)
                    return kept is not None and "right" in kept["resting"]

                await until(told)
                world.store(world.left).put("stocklevel", {"sku": "late", "quantity": 1, "locationId": None})

                async def read() -> bool:
                    return (await world.engine.counts("main"))["stocklevel"]["read"] == 31

                await until(read)
                assert it.supervisor.runners["main"].troubles.now is None
                world.right.control.faults.replace([])
                await until(lambda: len(world.quantities(world.right)) == 31)
                assert not await world.engine.dead_letters()

    asyncio.run(go())


def test_a_source_that_is_down_is_read_again_by_itself_and_is_no_error(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=4, types='["product"]', more=OFTEN) as world:
            world.left.control.faults.replace([{"fault": "status", "status": 503, "match": {"path": "/product"}}])
            async with run(world, hurry) as it:
                runner = it.supervisor.runners["main"]
                await until(lambda: runner.shown()["polls"]["product"]["error"])
                assert runner.troubles.now is None
                world.left.control.faults.replace([])
                await until(lambda: len(world.store(world.right).writes) == 4)
                await until(lambda: not runner.shown()["polls"]["product"]["error"])

    asyncio.run(go())


def test_a_stop_finishes_what_is_under_way_and_the_next_start_repeats_nothing(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=25, more=OFTEN) as world:
            world.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 0.2}])
            async with run(world, hurry):
                await until(lambda: world.store(world.right).writes)
            world.right.control.faults.replace([])
            assert 0 < len(world.store(world.right).writes) < 50
            async with run(world, hurry):
                await until(lambda: len(world.quantities(world.right)) == 25)
            writes = world.store(world.right).writes
            assert len(writes) == len(set(writes)) == 50

    asyncio.run(go())


def test_the_first_reading_is_no_news_and_what_follows_is(make_world: Any, hurry: Any, plugins: Any) -> None:
    told: list[str] = []

    class Watcher:
        @staticmethod
        def pullpush_delivered(flow: str, batch: Any) -> None:
            told.extend(f"{flow} {each.identity}" for each in batch)

        @staticmethod
        def pullpush_dead_letter(flow: str, reasons: Any) -> None:
            told.extend(f"{flow} dead {why}" for why in reasons.values())

    async def go() -> None:
        from pullpush_sdk.hookspecs import hookimpl

        watcher = Watcher()
        for name in ("pullpush_delivered", "pullpush_dead_letter"):
            hookimpl(getattr(watcher, name))
        plugins.host.register(watcher)
        try:
            async with (
                make_world(clock=hurry, records=7, types='["stocklevel"]', more=OFTEN) as world,
                run(world, hurry),
            ):
                world.store(world.right).refuse.add("S004|")

                async def over() -> bool:
                    found = (await imports_of(world.engine, "main")).get("stocklevel")
                    return found is not None and found.ended is not None and found.read == 7

                await until(over)
                await until(lambda: len(world.quantities(world.right)) == 6)
                assert told == []
                assert [each.key for each in await world.engine.dead_letters()] == ["S004"]
                world.store(world.left).put("stocklevel", {"sku": "S001", "quantity": 10, "locationId": None})
                world.store(world.left).put("stocklevel", {"sku": "S004", "quantity": 10, "locationId": None})
                await until(lambda: len(told) == 3)
                assert "main S001|" in told
                assert any("dead" in each for each in told)
        finally:
            plugins.host.unregister(watcher)

    asyncio.run(go())


def test_an_import_that_is_interrupted_goes_on_as_an_import(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=30, types='["stocklevel"]', more=OFTEN) as world:
            answers = [{"fault": "status", "status": 503, "match": {"path": "/stocklevel", "method": "GET"}, "skip": 2}]
            world.left.control.faults.replace(answers)
            async with run(world, hurry):

                async def partly() -> bool:
                    return (await world.engine.counts("main")).get("stocklevel", {}).get("read") == 14

                await until(partly)
            found = (await imports_of(world.engine, "main"))["stocklevel"]
            assert found.ended is None
            world.left.control.faults.replace([])
            async with run(world, hurry):
                await until(lambda: len(world.quantities(world.right)) == 30)

                async def over() -> bool:
                    return (await imports_of(world.engine, "main"))["stocklevel"].ended is not None

                await until(over)

    asyncio.run(go())


def test_reconcile_is_called_by_its_schedule(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        more = '[flows.main.schedule]\ndefault = "manual"\nreconcile = "every 1s"\n'
        async with make_world(clock=hurry, records=3, more=more) as world, run(world, hurry) as it:

            def polled() -> Any:
                return it.supervisor.shown()["flows"]["main"]["polls"]["reconcile"]

            # What differs right after a delivery is how the destination holds it: not before a comparison that found
            # nothing is over.
            await until(lambda: polled()["read"] == 0 and polled()["ended"] is not None)
            assert world.quantities(world.right) == {"S000": 0, "S001": 1, "S002": 2}
            right = world.store(world.right).rows["stocklevel"]
            revision, record = right["S001|"]
            right["S001|"] = (revision, record | {"quantity": 77})  # nothing but a comparison shows it
            await until(lambda: world.quantities(world.right)["S001"] == 1)
            assert polled()["error"] == ""

    asyncio.run(go())


def test_a_reconcile_on_request_goes_through_what_runs_the_flow(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        more = '[flows.main.schedule]\ndefault = "manual"\n'
        async with make_world(clock=hurry, records=3, more=more) as world, run(world, hurry) as it:
            report = await it.supervisor.reconcile("main", types=["stocklevel"], max_wait=60.0, stop=asyncio.Event())
            assert report.ok, report
            assert report.compared["stocklevel"]["added"] == 3
            assert world.quantities(world.right) == {"S000": 0, "S001": 1, "S002": 2}
            again = await it.supervisor.reconcile("main", types=["stocklevel"], max_wait=60.0, stop=asyncio.Event())
            assert again.compared["stocklevel"]["equal"] == 3

    asyncio.run(go())


def test_connections_are_opened_once_for_all_flows_and_settings_of_a_flow_are_its_own(
    make_world: Any, hurry: Any
) -> None:
    async def go() -> None:
        more = """
[flows.other]
source = "left"
destination = "right"
types = ["order"]
state = "active"
[flows.other.destination_settings]
page = 3
"""
        async with make_world(clock=hurry, records=1, more=more) as world, run(world, hurry) as it:
            await until(lambda: all(each.spec for each in it.supervisor.runners.values()))
            pool = it.supervisor.here.connections
            async with (
                pool.use_both(world.project.flow("main")) as (source, plain),
                pool.use_both(world.project.flow("other")) as (same, own),
            ):
                assert source.connection is same.connection
                assert own.connection.client is plain.connection.client
                assert (plain.connection.settings["page"], own.connection.settings["page"]) == (10, 3)

    asyncio.run(go())


def stock(sku: str, quantity: int, version: int) -> Page:
    """What a webhook brings: one event and no cursor."""
    record = StockLevel(sku=sku, quantity=quantity)
    return Page(events=[Event(type="stocklevel", record=record, version=version)], cursor=None)


def test_what_a_webhook_brings_does_not_wait_for_the_import_and_wins_over_its_older_state(
    make_world: Any, hurry: Any
) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=0, types='["stocklevel"]', more=BY_HAND) as world:
            left, right = world.store(world.left), world.store(world.right)
            for number in range(200):
                at = "2020-01-01T00:00:00Z"
                left.put("stocklevel", {"sku": f"S{number:03}", "quantity": 1, "locationId": None, "updatedAt": at})
            world.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 0.02}])
            async with run(world, hurry) as it:
                importing = asyncio.ensure_future(it.desk.handlers()["sync_now"]({"flows": ["main"], "max_wait": 100}))
                await until(lambda: right.writes)
                (spec,) = it.supervisor.flows_from("left", "stocklevel")
                now = version_of(hurry.now())
                await world.engine.append(spec, "stocklevel", stock("live", 7, now))
                await world.engine.append(spec, "stocklevel", stock("S199", 7, now))
                await importing
                order = [identity for _, identity in right.writes]
                assert len(order) >= 201
                assert order.index("live|") < 150
                assert world.quantities(world.right)["S199"] == 7

    asyncio.run(go())


def test_a_paused_flow_keeps_what_webhooks_bring(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=0, state="paused", more=BY_HAND) as world, run(world, hurry) as it:
            await until(lambda: it.supervisor.runners["main"].spec is not None)
            (spec,) = it.supervisor.flows_from("left", "stocklevel")
            await world.engine.append(spec, "stocklevel", stock("kept", 7, version_of(hurry.now())))
            assert (await world.engine.counts("main"))["stocklevel"]["waiting"] == 1
            assert not world.store(world.right).writes
            await it.desk.handlers()["flow_state"]({"flow": "main", "state": "active"})
            await until(lambda: world.quantities(world.right) == {"kept": 7})

    asyncio.run(go())


def test_locations_are_known_from_before_where_a_platform_is_down_at_the_start(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        there = {"left": ["north"], "right": ["one"]}
        async with make_world(clock=hurry, records=0, more=BY_HAND, locations=there) as world:
            async with run(world, hurry) as it:
                await until(lambda: it.supervisor.runners["main"].spec is not None)
                first = it.supervisor.runners["main"].spec
            world.right.control.faults.replace([{"fault": "status", "status": 503}])
            async with run(world, hurry) as it:
                await until(lambda: it.supervisor.runners["main"].spec is not None)
                again = it.supervisor.runners["main"].spec
            assert first is not None
            assert again is not None
            assert again.locations == first.locations
            assert not again.locations.passes_through

    asyncio.run(go())


def test_a_stop_does_not_wait_for_a_platform_that_hangs_while_a_flow_is_opened(make_world: Any, hurry: Any) -> None:
    async def go() -> None:
        async with make_world(clock=hurry, records=1, more=OFTEN) as world:
            world.right.control.faults.replace([{"fault": "slow", "match": {"path": "/locations"}, "seconds": 60}])
            async with asyncio.timeout(20), run(world, hurry):
                await until(lambda: world.right.control.faults.rules[0].fired)

    asyncio.run(go())
