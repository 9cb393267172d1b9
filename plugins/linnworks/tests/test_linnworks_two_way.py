"""Two accounts that are each other's source: after the last change from outside nobody writes any more."""

from __future__ import annotations

import asyncio
import random

import pytest
from pullpush_linnworks import hooks

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve

PLUGINS = load_plugins([Source(name="linnworks", distribution="pullpush-linnworks", load=lambda: hooks)])
DEFAULT = "00000000-0000-0000-0000-000000000000"
WRITES = ("SetStockLevel", "AddInventoryItem", "UpdateInventoryItem", "CreateOrders", "CancelOrder", "ChangeStatus")


def _table(name, url, sandbox, setenv):
    lines = [f"[connections.{name}]", 'connector = "linnworks"', f'sandbox = "{url}"']
    lines += [f'{key} = "{value}"' for key, value in sandbox.settings.items()]
    for key, secret in sandbox.secrets.items():
        setenv(f"{name}_{key}".upper(), secret)
        lines.append(f'{key} = {{env = "{f"{name}_{key}".upper()}"}}')
    return "\n".join(lines)


def _flow(name, source, destination):
    return (
        f'[flows.{name}]\nsource = "{source}"\ndestination = "{destination}"\n'
        f'types = ["product", "stocklevel", "order"]\nstate = "active"\n\n'
        f'[flows.{name}.locations]\n"{DEFAULT}" = "{DEFAULT}"\n'
    )


def _writes(sandbox):
    return [each["path"].split("/")[-1] for each in sandbox.control.log.after() if each["path"].endswith(WRITES)]


def _available(sandbox):
    found = {}
    for item in sandbox.control.dump()["items"]:
        for row in item["_levels"]:
            if row["location"] == DEFAULT and row["MinimumLevel"] >= 0 and not item["_composite"]:
                found[item["ItemNumber"]] = row["StockLevel"] - row["InOrders"]
    return found


async def _between(folder, setenv, scenario):
    boxes = {
        name: hooks.pullpush_sandbox(options=SandboxOptions(records=records, seed=seed, rate_limits=False))
        for name, records, seed in (("left", 10, 0), ("right", 0, 1))
    }
    async with serve(boxes["left"].app) as left, serve(boxes["right"].app) as right:
        parts = [_table("left", left, boxes["left"], setenv), _table("right", right, boxes["right"], setenv)]
        parts += [_flow("there", "left", "right"), _flow("back", "right", "left")]
        (folder / FILE_NAME).write_text("\n\n".join(parts))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=PLUGINS.types)
        async with engine, engine.hold():

            async def rounds(count):
                for _ in range(count):
                    for flow in ("there", "back"):
                        report = await sync_flow(
                            project, PLUGINS, engine, project.flow(flow), redactor=Redactor(), max_wait=20
                        )
                        assert report.error is None, report

            await scenario(boxes, rounds)


async def _cancelled_over_there(boxes, rounds):
    """An order of the left that is cancelled on the right is cancelled on the left, once."""
    order = next(each for each in boxes["left"].control.dump()["orders"] if not each["Processed"])
    boxes["right"].control.change("order_status", order=order["OrderId"], status="cancelled")
    for box in boxes.values():
        box.control.log.clear()
    await rounds(2)
    assert order["_cancelled"]
    assert [_writes(box) for box in boxes.values()] == [["CancelOrder"], []]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, 2])
def test_two_accounts_come_to_rest(tmp_path, monkeypatch, seed):
    """Changes of levels, of what orders have taken, and of items, on both sides."""
    chance = random.Random(seed)

    async def scenario(boxes, rounds):
        await rounds(2)
        for box in boxes.values():
            box.control.log.clear()
        await rounds(1)
        assert [_writes(box) for box in boxes.values()] == [[], []]
        shared = sorted(_available(boxes["left"]).keys() & _available(boxes["right"]).keys())
        assert len(shared) > 5
        for number in range(8):
            box, sku = boxes[chance.choice(["left", "right"])], chance.choice(shared)
            if number % 3 == 0:
                box.control.change("stock", sku=sku, location=DEFAULT, in_orders=chance.randrange(9))
            elif number % 3 == 1:
                box.control.change("stock", sku=sku, location=DEFAULT, quantity=chance.randrange(50))
            else:
                box.control.change("product", sku=sku, title=f"Title {number}", price=float(number))
            if chance.random() < 0.5:
                await rounds(1)
        await rounds(2)
        left, right = _available(boxes["left"]), _available(boxes["right"])
        assert {sku: left[sku] for sku in shared} == {sku: right[sku] for sku in shared}
        for box in boxes.values():
            box.control.log.clear()
        await rounds(2)
        assert [_writes(box) for box in boxes.values()] == [[], []]
        await _cancelled_over_there(boxes, rounds)
        sources = [order["GeneralInfo"]["Source"] for order in boxes["left"].control.dump()["orders"]]
        assert "PULLPUSH" not in sources

    asyncio.run(_between(tmp_path, monkeypatch.setenv, scenario))
