"""Protocols whose refusals come with status 200: GraphQL and JSON-RPC say them in the body.

Sources: the GraphQL specification, section 7.1 (`errors` is there, and not empty, wherever something failed), and
JSON-RPC 2.0, section 5 (`error` stands in place of `result`). Codes of GraphQL are no part of its specification; those
known here are what common servers send. A look at the bytes tells whether an answer may hold a refusal; only then it is
decoded, and of it only that part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from pullpush_sdk.errors import PullPushError, RateLimitedError
from pullpush_sdk.manifest import GraphQLCost

from ._call import Answer
from ._cost import CostReader
from ._status import refusal_of

Json = Any
Protocol = Literal["", "graphql", "jsonrpc"]

_DOCUMENT = re.compile(r"\s*(?:(?:query|mutation|fragment)\b[^{]*)?\{")
_REFUSED = 422
_CODES: Mapping[str, int] = {
    **dict.fromkeys(("UNAUTHENTICATED", "UNAUTHORIZED"), 401),
    **dict.fromkeys(("FORBIDDEN", "ACCESS_DENIED"), 403),
    **dict.fromkeys(("THROTTLED", "RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"), 429),
    **dict.fromkeys(("INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"), 500),
}
"""GraphQL's `extensions.code`, in capitals, to the status that it means; any other one is a refusal of the request."""
_INTERNAL = -32603
_SERVER = range(-32099, -31999)
_MEANT = frozenset({401, 403, 409, 429, *range(500, 600)})
"""Statuses that a code may be by itself. 404 is not among them: it may be the method that is not there."""
_SHOWN = 500
_COST = CostReader(GraphQLCost())


class _GraphQL(msgspec.Struct):
    errors: Any = None


class _Rpc(msgspec.Struct):
    error: Any = None


_GRAPHQL = msgspec.json.Decoder(_GraphQL)
_RPC: msgspec.json.Decoder[_Rpc | list[_Rpc]] = msgspec.json.Decoder(_Rpc | list[_Rpc])


def protocol_of(body: Json) -> Protocol:
    """What a request's JSON body speaks: `jsonrpc` names itself, a GraphQL document stands in `query`."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return ""
    if "jsonrpc" in first:
        return "jsonrpc"
    document = first.get("query")
    return "graphql" if isinstance(document, str) and _DOCUMENT.match(document) else ""


def spoken_refusal(answer: Answer, protocol: Protocol) -> PullPushError | None:
    """The error of an answer whose status is good and whose body says no; None where it says nothing of the sort.

    An answer with data beside its errors is refused, too: nobody knows whether what is missing was asked for in vain.
    """
    mark = b'"errors"' if protocol == "graphql" else b'"error"'
    if not protocol or not 200 <= answer.status < 300 or mark not in answer.body:
        return None
    try:
        return _of_graphql(answer) if protocol == "graphql" else _of_rpc(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # whoever decodes the answer says what is wrong with it


def _of_graphql(answer: Answer) -> PullPushError | None:
    found = _GRAPHQL.decode(answer.body).errors
    if not found:
        return None
    errors = found if isinstance(found, list) else [found]
    meant = [_graphql_status(each) for each in errors]
    # Of several the one that a person must see to counts first, then what passes by itself.
    status = next((each for each in (401, 403, _REFUSED) if each in meant), max(meant))
    said = "; ".join(_words(each) for each in errors)[:_SHOWN]
    error = refusal_of(answer, status, said)
    if isinstance(error, RateLimitedError) and error.retry_after is None:
        error.retry_after = _COST.read(answer.body).retry_after
    return error


def _graphql_status(error: Json) -> int:
    extensions = error.get("extensions") if isinstance(error, Mapping) else None
    if not isinstance(extensions, Mapping):
        return _REFUSED
    http = extensions.get("http")
    status = http.get("status") if isinstance(http, Mapping) else None
    return _meant(status) or _CODES.get(str(extensions.get("code", "")).upper(), _REFUSED)


def _of_rpc(answer: Answer) -> PullPushError | None:
    found = _RPC.decode(answer.body)
    error = next((each.error for each in (found if isinstance(found, list) else [found]) if each.error), None)
    if error is None:
        return None
    code = error.get("code") if isinstance(error, Mapping) else None
    is_inside = code == _INTERNAL or (isinstance(code, int) and code in _SERVER)
    return refusal_of(answer, 500 if is_inside else _meant(code) or _REFUSED, _words(error)[:_SHOWN])


def _meant(code: Json) -> int | None:
    return code if isinstance(code, int) and code in _MEANT else None


def _words(error: Json) -> str:
    message = error.get("message") if isinstance(error, Mapping) else error
    code = error.get("code") if isinstance(error, Mapping) else None
    return " ".join(str(part) for part in (code, message) if part is not None) or "no reason given"
