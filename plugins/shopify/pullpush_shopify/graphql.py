"""Asking the Admin API: documents and variables in, data out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import RejectedError
from pullpush_sdk.http import Call

Json = Any

PATH = "/graphql.json"

_NAME = re.compile(r"\b(?:query|mutation)\s+(\w+)")
_SHOWN = 500


async def ask(connection: Connection, document: str, variables: Mapping[str, Json] | None = None) -> Json:
    """The data of a query, or of a mutation that may be repeated without harm."""
    return await _send(connection, document, variables or {}, repeatable=True)


async def write(connection: Connection, document: str, variables: Mapping[str, Json]) -> Json:
    """The data of a mutation whose repetition would do more than once would.

    Raises:
        TransientError: `maybe_applied` says whether it may have happened although no answer came.
    """
    return await _send(connection, document, variables, repeatable=False)


async def _send(connection: Connection, document: str, variables: Mapping[str, Json], *, repeatable: bool) -> Json:
    named = _NAME.search(document)
    call = Call(
        method="POST",
        url=PATH,
        body=dumps({"query": document, "variables": variables}),
        content_type="application/json",
        idempotent=repeatable,
        operation=named[1] if named else "",
    )
    answer = await connection.client.send(call)
    return answer.json()["data"]


def check_errors(payload: Mapping[str, Json], doing: str, *, field: str = "userErrors") -> None:
    """Whether a mutation's payload says that it was carried out.

    Raises:
        RejectedError: it does not; the platform's own words are its answer.
    """
    errors = payload.get(field)
    if errors:
        raise RejectedError(f"Shopify refused {doing}: {errors[0]['message']}", answer=words_of(errors))


def words_of(errors: Sequence[Mapping[str, Json]]) -> str:
    """User errors as text: code, place and message of each, cut."""
    texts = []
    for error in errors:
        place = ".".join(error.get("field") or ())
        texts.append(" ".join(part for part in (error.get("code"), place, error["message"]) if part))
    return "; ".join(texts)[:_SHOWN]


def gid(kind: str, number: str) -> str:
    """The global id of a record: Location, 42 -> gid://shopify/Location/42."""
    return number if number.startswith("gid://") else f"gid://shopify/{kind}/{number}"


def quoted(value: str) -> str:
    """A value as the search syntax takes it, exact: 'A 1', "O'Neill".

    Without quotation marks the platform cuts a value at its first colon or space.
    """
    if "\\" not in value and "'" not in value:
        return f"'{value}'"
    if "\\" not in value and '"' not in value:
        return f'"{value}"'
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def any_of(field: str, values: Sequence[str]) -> str:
    """A search for records whose field is one of the values."""
    return " OR ".join(f"{field}:{quoted(value)}" for value in values)
