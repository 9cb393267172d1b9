"""Two shops kept equal in both directions come to rest: after the last outside change nobody writes any more."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import find_sources, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve

KINDS = ("product", "contact", "stocklevel")


def _table(name, url, sandbox, setenv, *more):
    lines = [f"[connections.{name}]", 'connector = "magento"', f'sandbox = "{url}"', 'host = "magento.example"']
    for key, secret in sandbox.secrets.items():
        setenv(f"{name}_{key}".upper(), secret)
        lines.append(f'{key} = {{env = "{f"{name}_{key}".upper()}"}}')
    return "\n".join([*lines, *more])


def _flow(source, destination, kinds=KINDS):
    place = f"[flows.from_{source}.locations]\n" + "\n".join(f'"{each}" = "{each}"' for each in ("default", "east"))
    place = place if "stocklevel" in kinds else ""
    return (
        f'[flows.from_{source}]\nsource = "{source}"\ndestination = "{destination}"\n'
        f'types = {list(kinds)}\nstate = "active"\n{place}\n'.replace("'", '"')
    )


def _special(product):
    own = {each["attribute_code"]: each["value"] for each in product["custom_attributes"]}
    return None if own.get("special_price") is None else float(own["special_price"])


def _content(sandbox):
    """What both shops must agree in."""
    state = sandbox.control.dump()
    products = {
        p["sku"]: (p["name"], float(p["price"]), _special(p), p["type_id"], p["status"]) for p in state["products"]
    }
    people = {p["email"]: (p["firstname"], p["lastname"]) for p in state["customers"]}
    managed = {sku for sku, item in state["stock_items"].items() if item["manage_stock"]}
    rows = {
        (row["sku"], row["source_code"]): Decimal(str(row["quantity"]))
        for row in state["source_items"]
        if row["sku"] in managed and row["source_code"] != "old" and row["sku"] in products
    }
    return products, people, rows


def _writes(sandbox):
    return len([entry for entry in sandbox.control.log.after(0) if entry["method"] != "GET"])


async def _play(folder, setenv, loaded):
    boxes = {
        "left": loaded.connector("magento").hook.pullpush_sandbox(options=SandboxOptions(records=6, time_scale=20)),
        "right": loaded.connector("magento").hook.pullpush_sandbox(options=SandboxOptions(records=6, time_scale=20)),
    }
    async with serve(boxes["left"].app) as left, serve(boxes["right"].app) as right:
        tables = [_table("left", left, boxes["left"], setenv), _table("right", right, boxes["right"], setenv)]
        (folder / FILE_NAME).write_text("\n\n".join([*tables, _flow("left", "right"), _flow("right", "left")]))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=loaded.types)

        async def sync(source):
            report = await sync_flow(
                project, loaded, engine, project.flow(f"from_{source}"), redactor=Redactor(), max_wait=20
            )
            assert report.error is None, report

        async with engine, engine.hold():
            for source in ("left", "right"):
                await sync(source)
            boxes["left"].control.change("stock", sku="MG-0000", quantity=3)
            boxes["right"].control.change("product", sku="MG-0001", title="Renamed", price=7.5)
            boxes["right"].control.change("product", sku="MG-0000", price=0.5, compare_at=2)
            boxes["left"].control.change("product", sku="MG-0004-R", price=3, compare_at=4.5)
            boxes["left"].control.change("product", sku="MG-0003", price=2, compare_at=4)
            boxes["left"].control.change("customer_create", email="new@example.com", name="Ann Lee")
            boxes["right"].control.change("product_create", sku="NEW", title="New", price=5)
            for source in ("left", "right", "left", "right"):
                await sync(source)
            boxes["right"].control.change("product", sku="MG-0003", price=3)
            for source in ("left", "right", "left", "right"):
                await sync(source)
            before = [_writes(box) for box in boxes.values()]
            for source in ("left", "right", "left", "right"):
                await sync(source)
            after = [_writes(box) for box in boxes.values()]
            letters = [(letter.type, letter.key, letter.reason) for letter in await engine.dead_letters()]
    return boxes, before, after, letters


@pytest.mark.timeout(200)
def test_two_shops_come_to_rest(tmp_path, monkeypatch):
    """Edits on both sides reach the other one, and then it is silent."""
    loaded = load_plugins(find_sources())
    boxes, before, after, letters = asyncio.run(_play(tmp_path, monkeypatch.setenv, loaded))
    assert after == before
    left, right = _content(boxes["left"]), _content(boxes["right"])
    assert left[0] == right[0]
    assert left[1] == right[1]
    assert left[2] == right[2]
    assert left[0]["MG-0001"][:3] == ("Renamed", 7.5, None)
    assert left[0]["MG-0000"][1:3] == (2, 0.5)
    assert right[0]["MG-0004-R"][1:3] == (4.5, 3)
    assert left[0]["MG-0003"][1:3] == (3, None)
    assert left[2]["MG-0000", "default"] == right[2]["MG-0000", "default"] == 3
    assert "new@example.com" in right[1]
    assert not letters


async def _trade(folder, setenv, loaded):
    hook = loaded.connector("magento").hook
    boxes = [hook.pullpush_sandbox(options=SandboxOptions(records=2, time_scale=20)) for _ in range(2)]
    allowed = ("orders_reserve_stock = true", "orders_send_mail = true")
    async with serve(boxes[0].app) as left, serve(boxes[1].app) as right:
        tables = [_table("left", left, boxes[0], setenv, *allowed), _table("right", right, boxes[1], setenv, *allowed)]
        flows = [_flow("left", "right", ["order"]), _flow("right", "left", ["order"])]
        (folder / FILE_NAME).write_text("\n\n".join([*tables, *flows]))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=loaded.types)
        async with engine, engine.hold():
            for turn in range(4):
                if turn == 1:
                    boxes[0].control.change(
                        "order_create", items=[{"sku": "MG-0000", "quantity": 3}], email="x@example.com"
                    )
                for source in ("left", "right"):
                    flow = project.flow(f"from_{source}")
                    report = await sync_flow(project, loaded, engine, flow, redactor=Redactor(), max_wait=20)
                    assert report.error is None, report
    return [[o for o in box.control.dump()["orders"] if o["customer_email"] == "x@example.com"] for box in boxes]


@pytest.mark.timeout(200)
def test_an_order_does_not_come_back(tmp_path, monkeypatch):
    """What was placed for the other side is known as such when it is read there."""
    orders = asyncio.run(_trade(tmp_path, monkeypatch.setenv, load_plugins(find_sources())))
    assert [len(each) for each in orders] == [1, 1]
    assert orders[0][0]["grand_total"] == orders[1][0]["grand_total"] == 7.97
