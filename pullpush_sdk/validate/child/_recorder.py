"""The requests and answers between a connector and a sandbox, kept as evidence."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from pullpush_sdk.http import Redactor

Json = Any
_MOST = 400
_LONGEST = 20_000


class Recorder:
    """Keeps the first exchanges of each law, redacted; secrets are hidden before anything is kept."""

    def __init__(self) -> None:
        self.kept: list[Json] = []
        self.redactor = Redactor()
        self.during = ""
        self.enabled = True

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The app, listened to; its control routes are left out."""

        async def listened(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith("/_sandbox") or not self._wanted():
                await app(scope, receive, send)
                return
            sent, answered = bytearray(), bytearray()
            status: list[int | None] = [None]
            headers: dict[str, str] = {}

            async def hear() -> MutableMapping[str, Any]:
                message = await receive()
                sent.extend(message.get("body", b""))
                return message

            async def say(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    status[0] = message["status"]
                    headers.update(
                        {key.decode("latin-1"): value.decode("latin-1") for key, value in message["headers"]}
                    )
                answered.extend(message.get("body", b""))
                await send(message)

            try:
                await app(scope, hear, say)
            finally:
                self._keep(scope, bytes(sent), status[0], headers, bytes(answered))

        return listened

    def _wanted(self) -> bool:
        return self.enabled and len(self.kept) < _MOST

    def _keep(self, scope: Scope, sent: bytes, status: int | None, headers: dict[str, str], answered: bytes) -> None:
        asked = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        path = self.redactor.url(scope["path"] + (f"?{query}" if query else ""))
        self.kept.append(
            {
                "during": self.during,
                "request": {
                    "method": scope["method"],
                    "path": path,
                    "headers": self.redactor.headers(asked),
                    "body": self._body(sent),
                },
                "answer": {"status": status, "headers": self.redactor.headers(headers), "body": self._body(answered)},
            }
        )

    def _body(self, content: bytes) -> Json:
        text = self.redactor.url(content.decode("utf-8", "replace"))
        if len(text) > _LONGEST:
            return {"omitted_characters": len(text)}
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError):
            return text
