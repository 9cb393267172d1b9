from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import attrs
import httpx
import pullpush_salla.sandbox
from pullpush_salla.sandbox.switches import Switches

from pullpush_sdk.sandbox import SandboxOptions, serve

_ALLOWED = ("pullpush_salla.sandbox", "pullpush_sdk.sandbox", "pullpush_sdk.errors", "starlette", "attrs")


def test_it_shares_nothing_with_the_connector():
    """Imports: itself, the toolkit, errors, starlette, attrs and the standard library."""
    outside = set()
    for file in Path(pullpush_salla.sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            outside |= {name for name in names if name.startswith(("pullpush", "httpx", "msgspec", "cattrs"))}
    assert all(name.startswith(_ALLOWED) for name in outside), outside


def test_every_switch_is_documented():
    """The package docstring names each, and no other."""
    documented = pullpush_salla.sandbox.__doc__
    assert [f.name for f in attrs.fields(Switches) if f"`{f.name}`" not in documented] == []


def test_over_a_socket_with_webhooks_and_a_lost_answer(receiver, address):
    """A write whose answer is lost was carried out, is in the log, and its webhook arrives by itself."""
    sandbox = pullpush_salla.sandbox.build(SandboxOptions(records=10, time_scale=60))
    headers = {"Authorization": f"Bearer {sandbox.secrets['access_token']}"}

    async def main():
        async with (
            serve(sandbox.app) as url,
            httpx.AsyncClient(base_url=url, headers=headers) as client,
        ):
            hook = {"event": "product.price.updated", "url": address}
            assert (await client.post("/admin/v2/webhooks/subscribe", json=hook)).status_code == 200
            plan = [{"match": {"method": "POST", "path": "/admin/v2/products/*"}, "fault": "lost_answer", "times": 1}]
            await client.post("/_sandbox/faults", json=plan)
            lost = False
            try:
                await client.post("/admin/v2/products/sku/SKU-00001/price", json={"price": 9})
            except httpx.RemoteProtocolError:
                lost = True
            assert lost
            product = (await client.get("/admin/v2/products/sku/SKU-00001")).json()["data"]
            assert product["price"]["amount"] == 9
            log = (await client.get("/_sandbox/log")).json()
            assert [(e["fault"], e["body"]) for e in log if e["path"].endswith("/price")] == [
                ("lost_answer", {"price": 9})
            ]
            async with asyncio.timeout(10):
                while not receiver.posts:
                    await client.get("/_sandbox/webhooks")
            state = (await client.get("/_sandbox/state")).json()
            assert len(state["products"]) == 10
            assert sandbox.secrets["client_secret"] not in str(state)

    asyncio.run(main())


def test_a_replaced_variant_is_gone(open_shop):
    """A second option makes new variants; the old ids are unknown then."""
    shop = open_shop()
    product = shop.data("/products/sku/SKU-00003-S")
    old = product["skus"][0]["id"]
    body = {"name": "Colour", "values": [{"name": "red"}]}
    shop.post(f"/products/{product['id']}/options", body)
    assert shop.get(f"/products/variants/{old}").status_code == 404
    assert shop.get("/products/sku/SKU-00003-S").status_code == 404
