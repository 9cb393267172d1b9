"""Two Salla stores in both directions: after the last edit by hand, silence."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import find_sources, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve


@attrs.define
class Pair:
    boxes: Any
    project: Any
    plugins: Any
    engine: Any

    async def settle(self, most=6):
        """Sync both ways until a round delivers nothing; how many rounds that took, None where it never ends."""
        for number in range(1, most + 1):
            delivered = 0
            for flow in ("there", "back"):
                async with self.engine.hold():
                    report = await sync_flow(
                        self.project,
                        self.plugins,
                        self.engine,
                        self.project.flow(flow),
                        redactor=Redactor(),
                        max_wait=20,
                    )
                assert report.error is None, report
                delivered += sum(counts["delivered"] for counts in report.counts.values())
            if not delivered:
                return number
        return None

    def writes(self):
        """The writing requests so far, by side."""
        return Counter(
            side
            for side, box in self.boxes.items()
            for entry in box.control.log.after(0)
            if entry["method"] != "GET" and entry["path"].startswith("/admin")
        )


@asynccontextmanager
async def pair(folder, setenv, types):
    plugins = load_plugins([each for each in find_sources() if each.name == "salla"])
    box = plugins.connector("salla").hook.pullpush_sandbox
    boxes = {
        name: box(options=SandboxOptions(records=10, seed=3, rate_limits=False, time_scale=100, extra={"orders": "0"}))
        for name in ("left", "right")
    }
    async with serve(boxes["left"].app) as left, serve(boxes["right"].app) as right:
        lines = []
        for name, url in (("left", left), ("right", right)):
            lines += [f"[connections.{name}]", 'connector = "salla"', f'sandbox = "{url}"']
            for key, secret in boxes[name].secrets.items():
                setenv(f"{name}_{key}".upper(), secret)
                lines.append(f'{key} = {{env = "{f"{name}_{key}".upper()}"}}')
        for flow, source, destination in (("there", "left", "right"), ("back", "right", "left")):
            lines += [f"[flows.{flow}]", f'source = "{source}"', f'destination = "{destination}"', f"types = {types}"]
            lines += ['state = "active"']
        (folder / FILE_NAME).write_text("\n".join(lines).replace("'", '"') + "\n")
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=plugins.types)
        async with engine:
            yield Pair(boxes, project, plugins, engine)


def shown(box, kind):
    """What matters of a store: stock, products or customers."""
    state = box.control.dump()
    if kind == "stocklevel":
        rows = [(p["sku"], p["stock"]) for p in state["products"] if not p["variants"]]
        rows += [(v["sku"], v["stock"]) for p in state["products"] for v in p["variants"]]
        return {
            sku: sum(n or 0 for n in stock["by_branch"].values())
            for sku, stock in rows
            if sku and not stock["unlimited"]
        }
    if kind == "product":
        return {p["sku"]: (p["name"][1], p["regular_price"], p["sale_price"]) for p in state["products"] if p["sku"]}
    return {
        c["email"]: (c["first_name"], c["last_name"], c["mobile_code"], c["mobile"])
        for c in state["customers"]
        if c["email"]
    }


EDITS = {
    "stocklevel": [("left", {"sku": "SKU-00001", "quantity": 4}), ("right", {"sku": "SKU-00002", "quantity": 0})],
    "product": [
        ("left", {"sku": "SKU-00001", "title": "Left name", "price": "12.34"}),
        ("right", {"sku": "SKU-00002", "title": "Right name", "price": "5"}),  # has a running sale, which this ends
        ("left", {"sku": "SKU-00001", "price": "10", "compare_at": "12.34"}),
        ("right", {"sku": "SKU-00001", "price": "11"}),
    ],
    "contact": [
        ("left", {"email": "l@example.com", "name": "Left Buyer"}),
        ("right", {"email": "r@example.com", "name": "Right Buyer"}),
    ],
}
WORDS = {"stocklevel": "stock", "product": "product", "contact": "customer_create"}


@pytest.mark.parametrize("kind", EDITS)
def test_two_stores_come_to_rest_with_the_same_content(tmp_path, monkeypatch, kind):
    """Edits on both sides reach the other one; then two more rounds write nothing at all."""

    async def run():
        async with pair(tmp_path, monkeypatch.setenv, [kind]) as world:
            first = await world.settle()
            for side, values in EDITS[kind]:
                world.boxes[side].control.clock.advance(60)
                world.boxes[side].control.change(WORDS[kind], **values)
                second = await world.settle()
            before = world.writes()
            quiet = [await world.settle(most=1), await world.settle(most=1)]
            return first, second, quiet, before == world.writes(), {n: shown(b, kind) for n, b in world.boxes.items()}

    first, second, quiet, is_silent, held = asyncio.run(run())
    assert first is not None
    assert second is not None
    assert quiet == [1, 1]
    assert is_silent
    assert held["left"] == held["right"]
