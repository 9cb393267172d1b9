"""How the platform reads arguments and writes refusals and times.

A method of the old API has named arguments. They come as the properties of a JSON object, as fields of a form (objects
as JSON text), or in the query string (lists as JSON text); names are taken in any case. Some methods take one object
without a name, which is then the body itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

__all__ = ["NO_DATE", "Refusal", "argument", "folded", "items_of", "problem", "read_arguments", "refused", "stamp"]

Json = Any

NO_DATE = "0001-01-01T00:00:00Z"
_FORM = "application/x-www-form-urlencoded"


class Refusal(Exception):  # noqa: N818 - a business answer, not a failure of the sandbox
    """What the account does not accept; answered 400 with the text."""


def refused(message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Response:
    """An error of the old API: its text in `Message`."""
    return JSONResponse({"Message": message}, status_code=status, headers=dict(headers or {}))


def problem(status: int, title: str, detail: str = "", errors: Mapping[str, list[str]] | None = None) -> Response:
    """An error of the new API (RFC 7807)."""
    body: dict[str, Json] = {"type": f"https://httpstatuses.io/{status}", "title": title, "status": status}
    body |= {"detail": detail, "instance": "/v2/orders"}
    if errors:
        body["Errors"] = dict(errors)
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


async def read_arguments(request: Request) -> Mapping[str, Json]:
    """The arguments of a call, names folded.

    Raises:
        Refusal: not readable.
    """
    if request.method == "GET":
        return _texts(request.query_params.multi_items())
    body = await request.body()
    if request.headers.get("content-type", "").startswith(_FORM):
        return _texts(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal(f"Invalid JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refusal("The request is invalid: an object was expected")
    names: Mapping[str, Json] = folded(value)
    return names


def _texts(pairs: list[tuple[str, str]]) -> Mapping[str, Json]:
    """Arguments of a form or query string: what begins like JSON is JSON, a repeated name is refused."""
    found: dict[str, Json] = {}
    for name, text in pairs:
        if name.lower() in found:
            raise Refusal(f"The request is invalid: {name} is given more than once")
        found[name.lower()] = folded(_value(name, text))
    return found


def _value(name: str, text: str) -> Json:
    if text[:1] not in ("{", "[") and text not in ("true", "false", "null"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refusal(f"The request is invalid: {name}: {error}") from None


def folded(value: Json) -> Json:
    """A JSON value with the names of its objects in lower case: the platform takes them in any."""
    if isinstance(value, dict):
        return {name.lower(): folded(each) for name, each in value.items()}
    return [folded(each) for each in value] if isinstance(value, list) else value


def items_of(value: Json, name: str) -> list[Json]:
    """A list argument; a comma list or a single value is refused.

    Raises:
        Refusal: it is none.
    """
    if not isinstance(value, list):
        raise Refusal(f"The request is invalid: {name} is not a list")
    return value


def argument(arguments: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """An object argument; where the caller forgot the wrapper it is not there."""
    value = arguments.get(name)
    if not isinstance(value, dict):
        raise Refusal(f"The request is invalid: {name} is missing")
    return value


def stamp(moment: datetime, *, seconds: bool = False, offset: bool = False) -> str:
    """An instant as the platform writes it: UTC, up to seven digits of a second, trailing zeros cut."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    # The clock counts millionths; the last digit stands for the platform's finer count.
    fraction = "" if seconds or not moment.microsecond else f"{moment.microsecond:06d}3".rstrip("0")
    return f"{text}{'.' if fraction else ''}{fraction}{'+00:00' if offset else 'Z'}"
