"""An answer that was lost, a search that does not know yet, a process that was killed: never a second one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pullpush_sdk.testing.clock import VirtualClock
from tests.matrix import goods
from tests.matrix.world import ORDERS_ALLOWED, PLATFORMS, PLUGINS, End, world

LAG = {"linnworks": "50", "magento": "8", "salla": "25", "shopify": "50"}
"""Seconds for which the platform's searches miss what is new; a bit less than its connector waits."""
MAKERS = {"order": goods.order, "contact": goods.contact, "invoice": goods.invoice}
CELLS = [
    pytest.param(name, kind, id=f"{kind}-into-{name}")
    for name in PLATFORMS
    for kind in MAKERS
    if kind in PLUGINS.connector(name).connector.writes
]
WRITES = {"shopify": {"method": "POST", "body": "*mutation*"}}
TRIES = 6
"""Writing requests of one delivery whose answers are lost in turn."""


def ends(destination):
    extra = {"index_lag": LAG[destination]} | ({"order_mail": "off"} if destination == "magento" else {})
    settings = ORDERS_ALLOWED.get(destination, {})
    return End(connector="shopify", records=0), End(
        connector=destination, records=0, seed=1, extra=extra, settings=settings
    )


async def made(both, destination, kind, name):
    """The record to write; an invoice's order is there before."""
    if kind != "invoice":
        return MAKERS[kind](destination, name)
    await both.give("order", goods.order(destination, f"O-{name}"))
    await both.until_done()
    both.clock.advance(120)
    return goods.invoice(destination, name, order_id=f"O-{name}")


def types_of(kind):
    return ["order", "invoice"] if kind == "invoice" else [kind]


def accounted(both, kind, before, letters):
    """One more at the destination, or none and a letter."""
    more = len(goods.held(both, kind)) - before
    assert more <= 1, "a second one was made"
    assert more == 1 or letters, "it is not there, and nobody says so"
    return more


@pytest.mark.parametrize(("destination", "kind"), CELLS)
def test_a_lost_answer_makes_no_second_one(destination, kind, tmp_path, monkeypatch):
    """The answer to the first, second, ... writing request is lost, while searches lag."""

    async def run():
        left, right = ends(destination)
        async with world(tmp_path, monkeypatch.setenv, left, right, types_of(kind)) as both:
            goods.stocked(both)
            arrived, hit = 0, 0
            for skip in range(TRIES):
                record = await made(both, destination, kind, f"L{skip}")
                before = len(goods.held(both, kind))
                match = WRITES.get(destination, {"method": "POST"})
                rule = {"fault": "lost_answer", "match": match, "skip": skip, "times": 1}
                faults = both.boxes["right"].control.faults
                faults.replace([rule])
                await both.give(kind, record)
                await both.until_done()
                hit += faults.rules[0].fired
                faults.replace([])
                arrived += accounted(both, kind, before, await both.letters())
                both.clock.advance(300)
            return arrived, hit, await both.letters()

    arrived, hit, letters = asyncio.run(run())
    assert hit, "no answer was lost"
    assert arrived == TRIES, letters


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("destination", "kind"), CELLS)
def test_a_killed_process_makes_no_second_one(destination, kind, tmp_path, monkeypatch):
    """`pullpush sync` is killed when the platform has carried out a write and before its answer came."""

    async def run():
        left, right = ends(destination)
        clock = VirtualClock(start=datetime.now(UTC))
        async with world(tmp_path, monkeypatch.setenv, left, right, types_of(kind), clock=clock) as both:
            goods.stocked(both)
            record = await made(both, destination, kind, "K1")
            await both.give(kind, record)
            before = len(goods.held(both, kind))
            await both.close()
            both.boxes["right"].control.faults.replace(
                [{"fault": "slow", "seconds": 3600, "match": _creating(destination, kind)}]
            )
            await killed(tmp_path, lambda: len(goods.held(both, kind)) > before)
            both.boxes["right"].control.faults.replace([])
            assert len(goods.held(both, kind)) == before + 1
            await both.open()
            both.clock.advance(1)
            await both.until_done()
            return accounted(both, kind, before, await both.letters()), await both.letters()

    more, letters = asyncio.run(run())
    assert more == 1
    assert not letters


def _creating(destination, kind):
    """The request that makes the record."""
    if destination == "shopify":
        return {"body": "*orderCreate*" if kind == "order" else "*customerSet*"}
    path = {
        ("linnworks", "order"): "*CreateOrders",
        ("magento", "order"): "*payment-information",
        ("magento", "contact"): "*/V1/customers",
        ("magento", "invoice"): "*/invoice",
        ("salla", "order"): "*/orders",
        ("salla", "contact"): "*/customers",
    }[destination, kind]
    return {"path": path, "method": "P*"}


async def killed(folder, is_done):
    """Run a sync in a process of its own and kill it as soon as `is_done`."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("pullpush")),
        "--project",
        str(folder / "pullpush.toml"),
        "sync",
        "there",
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(30):
            while not is_done():
                assert process.returncode is None, (await process.stdout.read()).decode()
                await asyncio.sleep(0.01)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_every_destination_is_here():
    found = json.dumps(sorted({cell.values[0] for cell in CELLS}))
    assert found == json.dumps(sorted(PLATFORMS))
