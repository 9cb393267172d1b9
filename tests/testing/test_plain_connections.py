"""A connector in plain Python, without a manifest, is connected to its sandbox as well."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk import Connector, hookimpl
from pullpush_sdk.http import Call
from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, SandboxClock, Violations, instrument
from pullpush_sdk.testing.accounts import load_hooks
from pullpush_sdk.testing.connections import connected


class Hooks:
    """As a module's."""

    @hookimpl
    def pullpush_connector(self):
        settings = {"type": "object", "properties": {"colour": {"default": "red"}}}
        return Connector(name="plain", title="Plain", version="1.0", settings=settings, sign=sign)


def sign(call, values, _now):
    return call.signed({"X-Key": values["key"].reveal()})


async def shown(request):
    return JSONResponse({"key": request.headers["x-key"]})


def test_it_has_settings_secrets_and_a_signature():
    clock = SandboxClock()
    control = Control(
        name="plain",
        clock=clock,
        log=RequestLog(),
        faults=FaultPlan(),
        violations=Violations(clock),
        dump=dict,
        reset=lambda: None,
    )
    app = instrument(Starlette(routes=[Route("/shown", shown)]), control)
    sandbox = Sandbox(name="plain", app=app, settings={}, secrets={"key": "k-1"}, control=control)

    async def asked():
        async with connected(load_hooks(Hooks(), "plain"), sandbox) as connection:
            answer = await connection.client.send(Call(url="/shown"))
            return connection.settings, answer.json()

    assert asyncio.run(asked()) == ({"colour": "red"}, {"key": "k-1"})
