"""`pullpush run --public-url`: the platform itself tells of a change, and it arrives without a poll."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from .both_shops import both_shops


@pytest.mark.timeout(120)
def test_webhooks_are_registered_and_a_change_arrives_by_them() -> None:
    async def scenario() -> None:
        async with both_shops(records=3, seed=5, schedule="manual") as shops, httpx.AsyncClient() as client:
            await shops.start("--public-url", shops.url)
            async with asyncio.timeout(30):
                while "shopify: webhook inventory_levels/update was registered" not in shops.log():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            shops.sent["SKU-00001"] = 4321
            address = shops.world.project.connection("shopify").sandbox
            edit = {"kind": "stock", "sku": "SKU-00001", "quantity": 4321}
            assert (await client.post(f"{address}/_sandbox/change", json=edit)).status_code == 200
            await shops.until_settled(client, 30)
            counted = (await client.get(f"{shops.url}/metrics")).text
            assert 'pullpush_webhooks_total{connection="shopify",status="200"}' in counted
            assert await shops.stop() == 0

    asyncio.run(scenario())
