"""Two shops, flows in both directions: after the last change from outside nothing is written any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from pullpush_shopify import hooks

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import Sandbox, SandboxOptions, serve

SKU, GONE = "SKU-00001", "SKU-00006"


def plugins() -> Any:
    return load_plugins([Source(name="shopify", distribution="pullpush-shopify", load=lambda: hooks)])


def levels(sandbox: Sandbox) -> dict[str, Any]:
    return {each["sku"]: each["available"] for each in sandbox.control.dump()["levels"] if each["tracked"]}


def writes(sandbox: Sandbox) -> Counter[str]:
    return Counter(each["path"] for each in sandbox.control.log.after(0) if each["method"] == "WRITE")


def described(urls: list[str], types: list[str]) -> str:
    lines = []
    for name, url in zip(("one", "two"), urls, strict=True):
        lines += [f"[connections.{name}]", 'connector = "shopify"', f'sandbox = "{url}"', 'shop = "sandbox-store"']
        lines.append(f'access_token = {{env = "{name.upper()}_TOKEN"}}')
    for source, destination in (("one", "two"), ("two", "one")):
        lines += [f"[flows.{source}_{destination}]", f'source = "{source}"', f'destination = "{destination}"']
        lines += [f"types = {types}".replace("'", '"'), 'state = "active"']
    return "\n".join(lines)


@pytest.mark.parametrize("types", [["product", "stocklevel"], ["contact"], ["product", "order"]], ids="-".join)
def test_both_ways_come_to_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, types: list[str]) -> None:
    loaded = plugins()
    hook = loaded.connector("shopify").hook
    boxes = [hook.pullpush_sandbox(options=SandboxOptions(records=8, seed=0, rate_limits=False)) for _ in range(2)]
    for name, box in zip(("ONE", "TWO"), boxes, strict=True):
        monkeypatch.setenv(f"{name}_TOKEN", box.secrets["access_token"])

    async def rounds(project: Any, engine: Any, count: int) -> list[Counter[str]]:
        """The writes of both shops, by round."""
        found = []
        for _ in range(count):
            before = [writes(box) for box in boxes]
            for name in ("one_two", "two_one"):
                report = await sync_flow(project, loaded, engine, project.flow(name), redactor=Redactor(), max_wait=20)
                assert report.error is None
            found.append(sum((writes(box) - old for box, old in zip(boxes, before, strict=True)), Counter()))
        return found

    async def run() -> None:
        async with AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(serve(box.app)) for box in boxes]
            (tmp_path / FILE_NAME).write_text(described(urls, types))
            project = load_project(tmp_path)
            ensure_state_dir(project)
            engine = await stack.enter_async_context(
                open_engine(engine_url(project), clock=SystemClock(), types=loaded.types)
            )
            await stack.enter_async_context(engine.hold())
            assert (await rounds(project, engine, 3))[-1] == Counter()
            one, two = (box.control.change for box in boxes)
            if "stocklevel" in types:
                one("stock", sku=SKU, quantity=77)
                two("stock", sku=GONE, quantity=0)
                two("product", sku=SKU, title="From the second shop")
            elif "contact" in types:
                one("customer", email="buyer00001@example.com", name="Changed Here")
                two("customer_create", email="fresh@example.com", name="Fresh Face")
            else:
                one("order_create", items=[{"sku": SKU, "quantity": 2}], email="fresh@example.com")
            assert sum((await rounds(project, engine, 4))[0].values()) > 0
            assert await rounds(project, engine, 2) == [Counter(), Counter()]

    asyncio.run(run())
    if "stocklevel" in types:
        assert levels(boxes[0])[SKU] == levels(boxes[1])[SKU] == 77
        assert levels(boxes[0])[GONE] == levels(boxes[1])[GONE] == 0
    elif "contact" in types:
        for box in boxes:
            names = {each["email"]: each["name"] for each in box.control.dump()["customers"]}
            assert names["buyer00001@example.com"] == "Changed Here"
            assert names["fresh@example.com"] == "Fresh Face"
    else:
        fresh = [sum(each["email"] == "fresh@example.com" for each in box.control.dump()["orders"]) for box in boxes]
        assert fresh == [1, 1]
