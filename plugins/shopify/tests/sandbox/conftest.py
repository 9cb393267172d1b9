from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pullpush_shopify.sandbox import build
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve


class Board:
    """One loopback server for the whole session; every app on it has a path of its own."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self._runner = asyncio.Runner()
        self._serving = serve(self._dispatch)
        self.address = self._runner.run(self._serving.__aenter__())

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        name, _, rest = scope["path"].removeprefix("/").partition("/")
        await self.apps[name]({**scope, "path": f"/{rest}", "root_path": f"/{name}"}, receive, send)

    def close(self) -> None:
        self._runner.run(self._serving.__aexit__(None, None, None))
        self._runner.close()


class Served:
    """An ASGI app on the board and a client for it."""

    def __init__(self, board: Board, app: Any) -> None:
        name = f"app{len(board.apps)}"
        board.apps[name] = app
        self.address = f"{board.address}/{name}"
        self.http = httpx.Client(base_url=self.address)

    def close(self) -> None:
        self.http.close()


class Shop(Served):
    """A served sandbox with a frozen clock, and the calls that tests make."""

    version = "2026-10"

    def __init__(self, board: Board, **options: Any) -> None:
        self.clock = SandboxClock(source=lambda: 0.0)
        options.setdefault("rate_limits", False)
        self.sandbox = build(SandboxOptions(clock=self.clock, **options))
        self.control = self.sandbox.control
        self.token = self.sandbox.secrets["access_token"]
        super().__init__(board, self.sandbox.app)

    def post(self, query: str, variables: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.http.post(
            f"/admin/api/{self.version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": self.token, **headers},
        )

    def answer(self, query: str, /, **variables: Any) -> dict[str, Any]:
        response = self.post(query, variables)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, query: str, /, **variables: Any) -> Any:
        answer = self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def change(self, kind: str, **values: Any) -> dict[str, Any]:
        response = self.http.post("/_sandbox/change", json={"kind": kind, **values})
        assert response.status_code == 200, response.text
        return response.json()

    def writes(self) -> list[dict[str, Any]]:
        log = self.http.get("/_sandbox/log").json()
        return [entry["write"] for entry in log if entry["method"] == "WRITE"]

    def violations(self) -> dict[str, int]:
        return self.http.get("/_sandbox/violations").json()

    def level(self, sku: str) -> dict[str, Any]:
        return next(level for level in self.control.dump()["levels"] if level["sku"] == sku)


class Receiver(Served):
    """Takes webhooks; answers `status`."""

    def __init__(self, board: Board) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(board, Starlette(routes=[Route("/hook", self._take, methods=["POST"])]))
        self.url = f"{self.address}/hook"

    async def _take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        return Response(status_code=self.status)


@pytest.fixture(scope="session")
def board() -> Iterator[Board]:
    """The session's server."""
    serving = Board()
    yield serving
    serving.close()


@pytest.fixture
def make_shop(board: Board) -> Iterator[Callable[..., Shop]]:
    """A factory of served sandboxes; all are closed at the end."""
    shops: list[Shop] = []

    def make(**options: Any) -> Shop:
        shops.append(Shop(board, **options))
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def receiver(board: Board) -> Iterator[Receiver]:
    """A loopback server that takes webhooks."""
    taking = Receiver(board)
    yield taking
    taking.close()
