"""A platform that hands over its tokens by webhook alone, received by a whole `pullpush run`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from pullpush_sdk.cli._session import Session
from pullpush_sdk.cli._snippets import sandbox_connection
from pullpush_sdk.cli.sandbox import build_sandbox
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.http import FileTokenStore
from pullpush_sdk.project import FILE_NAME, Project, engine_url, ensure_state_dir, load_project, token_key
from pullpush_sdk.sandbox import Sandbox, SandboxOptions, serve
from pullpush_sdk.serve import Serving, listen, run_project

FLOW = """
[flows.stock]
source = "salla"
destination = "shopify"
types = ["stocklevel"]
state = "active"
"""


@attrs.define(kw_only=True)
class Installed:
    """A store into which the app is not installed yet, and the running project that waits for its token."""

    shop: Sandbox
    project: Project
    engine: Engine
    url: str
    http: httpx.AsyncClient
    posts: list[tuple[dict[str, str], bytes]] = attrs.field(factory=list)

    async def state(self) -> str:
        ready = (await self.http.get(f"{self.url}/health/ready")).json()
        return str(ready["checks"]["flows"]["states"]["stock"])

    async def until(self, check: Callable[[str], bool]) -> None:
        async with asyncio.timeout(30):
            while not check(await self.state()):  # noqa: ASYNC110 - asked as a monitor asks
                await asyncio.sleep(0.02)

    async def install(self) -> None:
        """The merchant installs the app; what the platform posts is kept, and sent by `post`."""
        self.shop.control.change("authorize")
        await self.shop.control.outbox.flush()

    async def post(self, headers: dict[str, str], body: bytes) -> int:
        wanted = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
        return (await self.http.post(f"{self.url}/webhooks/salla", content=body, headers=wanted)).status_code

    @property
    def token_file(self) -> Path:
        return self.project.state_dir / "tokens" / "salla.sandbox"

    async def token(self) -> Any:
        return await FileTokenStore(self.token_file, [token_key(self.project).decode()]).load()


@asynccontextmanager
async def installed(folder: Path) -> AsyncIterator[Installed]:
    session, stop, posts = Session(), asyncio.Event(), []

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        posts.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with AsyncExitStack() as stack:
        stack.callback(session.close)
        outside = await stack.enter_async_context(serve(keep))
        extra = {"webhooks": "manual", "app_webhook_url": outside}
        parts, boxes = [], {}
        for name, given in (("salla", extra), ("shopify", {})):
            box = boxes[name] = build_sandbox(session, name, SandboxOptions(records=2, rate_limits=False, extra=given))
            address = await stack.enter_async_context(serve(box.app))
            kept = folder / "secrets" / name
            kept.mkdir(parents=True)
            for secret, text in box.secrets.items():
                (kept / secret).write_text(text)
            files = {secret: {"file": f"secrets/{name}/{secret}"} for secret in box.secrets}
            lines = sandbox_connection(name, name, box, address, files).splitlines()
            brought = ("access_token", "refresh_token") if name == "salla" else ()
            parts.append("\n".join(line for line in lines if not line.startswith(brought)))
        (folder / FILE_NAME).write_text("\n\n".join([*parts, FLOW]))
        project = load_project(folder)
        ensure_state_dir(project)
        plugins = session.plugins
        engine = await stack.enter_async_context(
            open_engine(engine_url(project), clock=SystemClock(), types=plugins.types)
        )
        listener = stack.enter_context(listen("127.0.0.1", 0))
        serving = Serving(listener=listener)
        running = asyncio.ensure_future(
            run_project(project, plugins, engine, redactor=session.redactor, serving=serving, stop=stop)
        )
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        found = Installed(
            shop=boxes["salla"], project=project, engine=engine, url=serving.address, http=http, posts=posts
        )
        try:
            yield found
        finally:
            stop.set()
            await running


@pytest.mark.timeout(120)
def test_a_token_by_webhook_brings_a_flow_out_of_error_and_no_copy_takes_it_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with installed(tmp_path) as app:
            await app.until(lambda state: state == "error")
            await app.install()
            ((headers, body),) = [each for each in app.posts if b"app.store.authorize" in each[1]]
            granted = json.loads(body)["data"]["access_token"]

            # One that somebody made up changes nothing, nor does one without proof.
            forged = body.replace(granted.encode(), b"x" * len(granted))
            unsigned = {name: value for name, value in headers.items() if "signature" not in name.lower()}
            assert await app.post(headers, forged) == 401
            assert await app.post(unsigned, body) == 401
            assert not app.token_file.exists()
            assert await app.state() == "error"

            # The real one is taken although the flow never was open, and the flow goes on by itself.
            assert await app.post(headers, body) == 200
            await app.until(lambda state: state == "active")
            first = await app.token()
            assert first.access == granted
            stored = app.token_file.read_bytes()
            assert granted.encode() not in stored
            assert app.token_file.stat().st_mode & 0o077 == 0
            assert not await app.engine.inbox.status(), "a token is kept in the token store and nowhere else"
            for file in app.project.state_dir.glob("pullpush.db*"):
                assert granted.encode() not in file.read_bytes()

            # A later installation brings a newer one; the platform then tries the first delivery once more.
            app.shop.control.clock.advance(60)
            await app.install()
            (newer,) = [each for each in app.posts if b"app.store.authorize" in each[1]][1:]
            assert await app.post(*newer) == 200
            second = await app.token()
            assert second.access == json.loads(newer[1])["data"]["access_token"] != granted
            assert await app.post(headers, body) == 200
            assert await app.token() == second
            assert granted not in caplog.text

    asyncio.run(scenario())
