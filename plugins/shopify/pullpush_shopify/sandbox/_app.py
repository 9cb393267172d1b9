"""The HTTP side: tokens, the GraphQL endpoint, results of bulk operations, staged uploads."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pullpush_shopify.sandbox._bulk import advance
from pullpush_shopify.sandbox._call import Call, Desk
from pullpush_shopify.sandbox._graphql import Engine, Tariff
from pullpush_shopify.sandbox._oauth import Grants, signed_query
from pullpush_shopify.sandbox._resolve import API_VERSIONS, OLDEST

__all__ = ["Office"]

_VERSION = re.compile(r"\d{4}-(01|04|07|10)")
_BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
_RESULT_LIFE_DAYS = 7


@attrs.frozen(kw_only=True)
class Office:
    """The platform's HTTP surface over one shop."""

    desk: Desk
    engine: Engine
    grants: Grants
    tariff: Tariff
    client_id: str
    client_secret: str = attrs.field(repr=False)

    def app(self) -> Starlette:
        """The ASGI app, control routes not included."""
        return Starlette(
            routes=[
                Route("/admin/api/{version}/graphql.json", self.graphql, methods=["POST"]),
                Route("/admin/oauth/access_token", self.token, methods=["POST"]),
                Route("/admin/oauth/authorize", self.authorize),
                Route("/_bulk/{name}", self.bulk_result),
                Route("/_staged", self.upload, methods=["POST"]),
            ]
        )

    async def graphql(self, request: Request) -> Response:
        """`POST /admin/api/{version}/graphql.json`"""
        version = answering_version(request.path_params["version"])
        if version is None:
            return _json({"errors": "Not Found"}, 404)
        headers = {"X-Shopify-API-Version": version}
        if not self.grants.is_valid(request.headers.get("x-shopify-access-token")):
            self.desk.violations.count("unauthorized")
            return _json({"errors": _BAD_TOKEN}, 401, headers)
        try:
            given = json.loads(await request.body())
        except ValueError:
            return _json({"errors": "Bad Request"}, 400, headers)
        if not isinstance(given, dict):
            return _json({"errors": "Bad Request"}, 400, headers)
        advance(self.desk)
        call = self.call(version, str(request.base_url).rstrip("/"))
        answer = self.engine.answer(given, call, self.tariff)
        return _json(answer.body, answer.status, {**headers, **answer.headers})

    def call(self, version: str, address: str) -> Call:
        """A call with the rights of the installed app."""
        return Call(desk=self.desk, engine=self.engine, scopes=self.desk.granted, version=version, address=address)

    async def token(self, request: Request) -> Response:
        """`POST /admin/oauth/access_token`, form or JSON"""
        body = await request.body()
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                given = json.loads(body)
            except ValueError:
                given = {}
        else:
            given = dict(parse_qsl(body.decode("utf-8", errors="replace")))
        grant = self.grants.answer(given if isinstance(given, dict) else {})
        return _json(grant.body, grant.status)

    async def authorize(self, request: Request) -> Response:
        """`GET /admin/oauth/authorize`: the merchant says yes at once; on to the callback with a signed query"""
        given = request.query_params
        target = given.get("redirect_uri", "")
        if given.get("client_id") != self.client_id or not target:
            return _json({"error": "invalid_request"}, 400)
        values = {
            "code": self.grants.new_code(),
            "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmU",
            "shop": f"{self.desk.store.shop}.myshopify.com",
            "timestamp": str(int(self.desk.store.now().timestamp())),
        }
        if "state" in given:
            values["state"] = given["state"]
        joined = "&" if "?" in target else "?"
        return RedirectResponse(f"{target}{joined}{signed_query(values, self.client_secret)}", status_code=302)

    async def bulk_result(self, request: Request) -> Response:
        """The file of a bulk operation, for seven days"""
        number, _, secret = request.path_params["name"].removesuffix(".jsonl").partition("-")
        job = self.desk.store.jobs.get(int(number)) if number.isdecimal() else None
        if job is None or job.secret != secret or job.completed_at is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        if (self.desk.store.now() - job.completed_at).days >= _RESULT_LIFE_DAYS:
            return Response("<Error><Code>ExpiredToken</Code></Error>", 400, media_type="application/xml")
        return Response(job.file, media_type="application/jsonl")

    async def upload(self, request: Request) -> Response:
        """Where staged uploads go: a multipart form with the given parameters, the file last"""
        parts = _form(request.headers.get("content-type", ""), await request.body())
        key = parts.get("key", b"").decode()
        if key not in self.desk.uploads or "file" not in parts:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        self.desk.uploads[key] = parts["file"]
        return Response(status_code=201)


def answering_version(asked: str) -> str | None:
    """The version that answers a path: dead ones fall forward; None for one that does not exist."""
    known = [handle for handle, _ in API_VERSIONS]
    if asked in known or asked == "unstable":
        return asked
    return OLDEST if _VERSION.fullmatch(asked) and asked < OLDEST else None


def _json(body: Any, status: int, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(text, status, headers=dict(headers or {}), media_type="application/json")


def _form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart form by name."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            parts[name] = payload
    return parts
