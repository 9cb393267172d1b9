"""From the shop's own webhook, sent by the sandbox, over the receiver and its look-up into the log of a flow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.serve import Target, listen, make_server, webhook_routes, work_inbox

SPEC = FlowSpec(name="main", source="shop", destination="erp", types=("stocklevel", "product"))
SECRETS = {
    "access_token": "shpat_sandbox00000000000000000000000",
    "client_secret": "shpss_sandbox00000000000000000000000",
}


def test_a_change_in_the_shop_arrives_by_its_webhook(play: Any, tmp_path: Path) -> None:
    """Subscribed, signed, kept, looked up, and logged once although it was sent twice."""

    async def scenario(shop: Any) -> None:
        target = Target(
            connection=shop.connection, loaded=shop.loaded, flows=lambda kind: [SPEC] if kind in SPEC.types else []
        )
        url = f"sqlite:///{tmp_path}/store.db"
        async with open_engine(url, clock=SystemClock(), types=shop.connection.types) as engine, engine.hold():
            app = Starlette(routes=webhook_routes(lambda name: target if name == "shop" else None, engine))
            listener, server = listen("127.0.0.1", 0), make_server(app)
            serving = asyncio.ensure_future(server.serve(sockets=[listener]))
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/shop"
            assert all(each.ok for each in await shop.hook.pullpush_subscribe(connection=shop.connection, url=address))
            await shop.faults({"fault": "webhook_duplicate", "times": 1})
            await shop.change("stock", sku="SKU-00001", quantity=17)
            while not await engine.inbox.status():  # noqa: ASYNC110 - the sandbox sends when it likes
                await asyncio.sleep(0.01)
            await work_inbox(
                lambda _name: target, engine, stop=asyncio.Event(), until_idle=True, backoff=Backoff(base=0.01)
            )
            server.should_exit = True
            await serving
            (event, *more) = await engine.events_of_key("main", "stocklevel", "SKU-00001")
            assert (event.payload["quantity"], more) == (17, [])
            assert not await engine.dead_letters()

    play(scenario, records=1, secrets=SECRETS)
