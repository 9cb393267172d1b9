"""Webhooks that two platforms dropped are registered again within the hour, without anybody's help."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx
import pytest

from pullpush_sdk.cli._demo_world import Shop, World, open_world
from pullpush_sdk.cli._session import Session
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.flows import open_supervisor
from pullpush_sdk.http import Redactor
from pullpush_sdk.sandbox import SandboxOptions
from pullpush_sdk.serve._subscriptions import keep_subscribed

URL = "https://hooks.example.com"


class Hours(SystemClock):
    """A real clock on which the next hour comes when it is called."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if seconds < 60:
            await super().sleep(seconds)
            return
        self.waits.append(seconds)
        await self.called.wait()
        self.called.clear()


def registered(shop: Shop) -> Sequence[Any]:
    found: Sequence[Any] = shop.sandbox.control.dump()["subscriptions"]
    return found


def names(shop: Shop) -> list[str]:
    return sorted(str(each.get("topic") or each.get("event")) for each in registered(shop))


async def drop_at_salla(world: World, http: httpx.AsyncClient, which: Sequence[Any]) -> None:
    address = world.project.connection("salla").sandbox
    headers = {"Authorization": f"Bearer {world.destination.sandbox.secrets['access_token']}"}
    for each in which:
        answer = await http.delete(
            f"{address}/admin/v2/webhooks/unsubscribe", params={"id": each["id"]}, headers=headers
        )
        assert answer.status_code == 202, answer.text


async def drop_at_shopify(world: World, http: httpx.AsyncClient, which: Sequence[Any]) -> None:
    address = world.project.connection("shopify").sandbox
    headers = {"X-Shopify-Access-Token": world.source.sandbox.secrets["access_token"]}
    document = "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId } }"
    for each in which:
        body = {"query": document, "variables": {"id": each["id"]}}
        answer = await http.post(f"{address}/admin/api/2026-10/graphql.json", json=body, headers=headers)
        assert answer.json()["data"]["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == each["id"]


@pytest.mark.timeout(120)
def test_what_two_platforms_dropped_is_registered_again() -> None:
    async def scenario() -> None:
        session, clock, stop = Session(), Hours(), asyncio.Event()
        options = SandboxOptions(records=1, rate_limits=False)
        async with (
            open_world(session, "shopify", "salla", options) as world,
            httpx.AsyncClient() as http,
            world.engine.hold(),
            open_supervisor(world.project, world.plugins, world.engine, redactor=Redactor()) as supervisor,
            supervisor.here.connections.use("shopify"),
            supervisor.here.connections.use("salla"),
        ):
            keeping = asyncio.ensure_future(
                keep_subscribed(supervisor, ["salla", "shopify"], URL, stop=stop, clock=clock)
            )

            async def round_(number: int) -> None:
                async with asyncio.timeout(60):
                    while len(clock.waits) < number:  # noqa: ASYNC110 - it tells nobody
                        await asyncio.sleep(0.01)

            await round_(1)
            before = {shop.name: names(shop) for shop in (world.source, world.destination)}
            assert all(len(each) > 3 for each in before.values()), before

            # One platform dropped one of them, the other all.
            await drop_at_shopify(world, http, registered(world.source)[:1])
            await drop_at_salla(world, http, registered(world.destination))
            assert len(names(world.source)) == len(before["shopify"]) - 1
            assert names(world.destination) == []

            clock.called.set()
            await round_(2)
            assert {shop.name: names(shop) for shop in (world.source, world.destination)} == before
            assert all(each["url"].startswith(f"{URL}/webhooks/salla") for each in registered(world.destination))
            assert clock.waits == [3_600.0, 3_600.0]
            stop.set()
            with suppress(asyncio.CancelledError):
                await keeping
        session.close()

    asyncio.run(scenario())
