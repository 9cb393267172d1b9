from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from pullpush_sdk.sandbox import (
    ChangeError,
    Control,
    FaultPlan,
    RequestLog,
    SandboxClock,
    Violations,
    WebhookOutbox,
    instrument,
)


class FakeTime:
    """A time source that moves only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def clock(fake_time: FakeTime) -> SandboxClock:
    return SandboxClock(source=fake_time)


class Toy:
    """The smallest platform: a list of writes, a page, instrumented."""

    def __init__(self, clock: SandboxClock, *, log_file: str | None = None, auto: bool = False) -> None:
        self.writes: list[Any] = []
        faults = FaultPlan()
        self.outbox = WebhookOutbox(clock=clock, faults=faults, retry_after=(300.0, 300.0), auto=auto)
        self.control = Control(
            name="toy",
            clock=clock,
            log=RequestLog(file=log_file),
            faults=faults,
            violations=Violations(clock),
            dump=lambda: {"writes": self.writes},
            reset=self.writes.clear,
            changes={"add": self._add},
            outbox=self.outbox,
        )
        routes = [Route("/items", self._items, methods=["GET", "POST"])]
        self.app: ASGIApp = instrument(Starlette(routes=routes), self.control)

    def _add(self, values: Any) -> dict[str, Any]:
        if "value" not in values:
            raise ChangeError("value is missing")
        self.writes.append(values["value"])
        return {"added": values["value"]}

    async def _items(self, request: Request) -> JSONResponse:
        if request.method == "POST":
            self.writes.append(json.loads(await request.body()))
        page = request.query_params.get("page", "1")
        return JSONResponse({"page": page, "pad": "x" * 1000})


@pytest.fixture
def make_toy(clock: SandboxClock) -> Callable[..., Toy]:
    return lambda **options: Toy(options.pop("clock", clock), **options)
