"""The receiver as an OpenAPI document."""

from __future__ import annotations

from typing import Any

__all__ = ["openapi"]

Json = Any

_ERROR = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {"error": {"type": "string"}},
            "required": ["error"],
            "additionalProperties": False,
        }
    }
}
_AFTER = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}}}
_REFUSALS = {
    "400": "The query cannot be read.",
    "401": "The request does not prove where it comes from.",
    "404": "No connection of this name receives webhooks, or this is no handshake.",
    "405": "Neither a webhook nor a handshake.",
    "408": "The body came too slowly.",
    "413": "The body is larger than the limit.",
    "415": "The body is compressed.",
    "431": "The headers are larger than the limit.",
    "503": "It cannot be kept now; send it again.",
}


def openapi(version: str) -> Json:
    """The document, OpenAPI 3.1."""
    connection = {"name": "connection", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    refusals = {
        status: {"description": text, "content": _ERROR, **({"headers": _AFTER} if status == "503" else {})}
        for status, text in _REFUSALS.items()
    }
    token = {
        "description": "The token that the handshake asks for.",
        "content": {"text/plain": {}, "application/json": {}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "PullPush webhook receiver", "version": version},
        "paths": {
            "/webhooks/{connection}": {
                "parameters": [connection],
                "post": {
                    "operationId": "receive",
                    "summary": "Keep a webhook durably; its events follow.",
                    "requestBody": {"content": {"application/json": {"schema": {}}, "*/*": {"schema": {}}}},
                    "responses": {"2XX": {"description": "Kept, or known already."}, **refusals},
                },
                "get": {
                    "operationId": "challenge",
                    "summary": "Answer a platform's handshake.",
                    "responses": {"200": token, **refusals},
                },
            }
        },
    }
