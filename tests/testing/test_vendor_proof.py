"""The proof machinery itself: what it must find, and what it must let pass."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.testing.vendor_proof import Deviation, Deviations, Exchange, Recorder, Specification

LAMP = {
    "type": "object",
    "required": ["sku"],
    "properties": {
        "sku": {"type": "string"},
        "price": {"type": "number", "nullable": True},
        "kind": {"enum": ["a"], "nullable": True},
        "parts": {"type": "array", "items": {"$ref": "#/definitions/lamp"}},
    },
    "additionalProperties": False,
}
TWO = {
    "swagger": "2.0",
    "basePath": "/api",
    "definitions": {"lamp": LAMP},
    "parameters": {"size": {"name": "page[size]", "in": "query"}},
    "paths": {
        "/lamps/{sku}": {
            "parameters": [{"name": "sku", "in": "path"}],
            "get": {
                "parameters": [{"$ref": "#/parameters/size"}, {"name": "q[0]", "in": "query", "required": True}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/lamp"}}, "default": {}},
            },
            "put": {
                "parameters": [{"name": "b", "in": "body", "required": True, "schema": {"$ref": "#/definitions/lamp"}}],
                "responses": {"200": {}},
            },
        },
        "/lamps/all": {"get": {"responses": {"200": {}}}},
    },
}
THREE = {
    "openapi": "3.0.0",
    "components": {"schemas": {"lamp": {**LAMP, "properties": {"sku": {"type": "string"}}}}},
    "paths": {
        "/lamps": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/lamp"}}},
                },
                "responses": {"2XX": {"content": {"application/json": {"schema": {"type": "array"}}}}},
            }
        }
    },
}


def _exchange(method, path, *, request=None, answer=None, status=200, query=()):
    return Exchange(
        method=method,
        path=path,
        query=query,
        request=request,
        has_request=request is not None,
        status=status,
        answer=answer,
        has_answer=answer is not None,
    )


def _found(document, exchange):
    return [str(each) for each in Specification(document=document).check(exchange)]


NEEDED = (("q[3]", "x"),)


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (_exchange("GET", "/api/lamps/a%2Fb", answer={"sku": "a", "price": None, "kind": None}, query=NEEDED), []),
        (_exchange("GET", "/api/lamps/a", answer={"sku": "a", "parts": [{"sku": "b"}]}, query=NEEDED), []),
        (_exchange("GET", "/api/lamps/a", answer={"sku": None}, query=NEEDED), ["at sku: expected string, found null"]),
        (
            _exchange("GET", "/api/lamps/a", answer={"sku": "a", "parts": [{}]}, query=NEEDED),
            ["at parts[]: sku is missing"],
        ),
        (_exchange("GET", "/api/lamps/a", answer={"sku": "a", "x": 1}, query=NEEDED), ["further properties: x"]),
        (_exchange("GET", "/api/lamps/a", answer={"sku": "a"}), ["at q[]: the parameter is required"]),
        (
            _exchange("GET", "/api/lamps/a", answer={"sku": "a"}, query=(*NEEDED, ("z", "1"))),
            ["at z: no such parameter"],
        ),
        (_exchange("GET", "/api/lamps/a", query=NEEDED), ["the answer is no JSON"]),
        (_exchange("GET", "/api/lamps/a", status=500, query=NEEDED), []),
        (_exchange("PUT", "/api/lamps/a", request={"sku": "a", "kind": "b"}), ["at kind: does not fit enum"]),
        (_exchange("PUT", "/api/lamps/a"), ["the body is required"]),
        (_exchange("PUT", "/api/lamps/a", request={"sku": "a"}, status=418), ["the document has no such answer"]),
        (_exchange("GET", "/api/lamps/all"), []),
        (_exchange("GET", "/api/lamps/all", request={}), ["the operation takes no body"]),
        (_exchange("POST", "/api/lamps/all"), ["the document has no such operation"]),
        (_exchange("GET", "/lamps/all"), ["the document has no such operation"]),
    ],
)
def test_an_exchange_against_version_two(exchange, words):
    """References, null where it is allowed, parameters of list form, fixed paths before named ones."""
    found = _found(TWO, exchange)
    assert len(found) == len(words), found
    assert all(word in text for word, text in zip(words, found, strict=True)), found


def test_an_exchange_against_version_three():
    """Bodies stand elsewhere, and statuses may be classes."""
    assert _found(THREE, _exchange("POST", "/lamps", request={"sku": "a"}, answer=[], status=201)) == []
    assert len(_found(THREE, _exchange("POST", "/lamps", request={"sku": 1}, answer={}, status=201))) == 2


def test_deviations_cover_what_they_name_and_must_be_needed(tmp_path):
    """A row that nothing needs is reported."""
    path = tmp_path / "deviations.yaml"
    path.write_text("- {operation: GET /lamps/*, place: sku, reason: known}\n- {operation: PUT *, reason: old}\n")
    deviations = Deviations.load(path)
    bad = _exchange("GET", "/api/lamps/a", answer={"sku": None, "price": "x"}, query=NEEDED)
    findings = Specification(document=TWO).check(bad)
    assert [each.place for each in deviations.unexplained([*findings, *findings])] == ["price"]
    assert [each.reason for each in deviations.unused()] == ["old"]
    assert not Deviation(operation="GET *", place="q[]", reason="x").covers(findings[0])


def test_what_passes_is_kept_as_it_was():
    """Both bodies whole, the path as it travelled; the panel is not part of it."""

    async def echo(request):
        return JSONResponse({"got": await request.json()}, 201)

    recorder = Recorder(app=Starlette(routes=[Route("/{rest:path}", echo, methods=["POST"])]))

    async def call(path):
        sent = [{"type": "http.request", "body": b'{"a"', "more_body": True}, {"type": "http.request", "body": b": 1}"}]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": []}

        async def receive():
            return sent.pop(0)

        async def send(_message):
            return None

        await recorder({**scope, "query_string": b"x=%2F&y="}, receive, send)

    asyncio.run(call("/a%2Fb"))
    asyncio.run(call("/_sandbox/log"))
    (exchange,) = recorder.exchanges
    assert (exchange.method, exchange.path, exchange.query) == ("POST", "/a%2Fb", (("x", "/"), ("y", "")))
    assert (exchange.request, exchange.status, exchange.answer) == ({"a": 1}, 201, {"got": {"a": 1}})
