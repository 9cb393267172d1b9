"""How requests of a manifest go out and what their answers hold: limits, requests, pages, responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

Json = Any


@attrs.frozen(kw_only=True)
class Limits:
    """How hard the platform may be used.

    `requests` per `per` seconds, at most `concurrency` at once; `timeout` in seconds for one answer; `retries`
    beyond the first try of a request that may be repeated. `cost` names where a GraphQL answer states its budget.
    With `per_path` the rate holds for each path by itself; `paths` names the `requests` of paths with another number.
    `also` are narrower budgets of some paths, which hold beside the general one. `limit_header` names the header in
    which answers state how many requests `per` allows; what it says takes the place of `requests`.
    """

    requests: int | None = None
    per: float = 1.0
    burst: int | None = None
    concurrency: int = 4
    timeout: float = 30.0
    retries: int = 4
    remaining_header: str | None = None
    reset_header: str | None = None
    limit_header: str | None = None
    cost: GraphQLCost | None = None
    per_path: bool = False
    paths: Mapping[str, int] = attrs.field(factory=dict)
    also: Sequence[PathLimit] = ()


@attrs.frozen(kw_only=True)
class PathLimit:
    """A budget of the requests whose path, as the manifest and the connector write it, begins with `path`."""

    path: str
    requests: int
    per: float


@attrs.frozen(kw_only=True)
class GraphQLCost:
    """Where a GraphQL answer says what it cost; paths start at the answer's root."""

    requested: str = "extensions.cost.requestedQueryCost"
    available: str = "extensions.cost.throttleStatus.currentlyAvailable"
    maximum: str = "extensions.cost.throttleStatus.maximumAvailable"
    restore_rate: str = "extensions.cost.throttleStatus.restoreRate"
    throttled_code: str = "THROTTLED"


@attrs.frozen(kw_only=True)
class Request:
    """One request: `path` is relative to the base URL or absolute on a declared host.

    At most one of `json`, `form` and `query` (a GraphQL document, with `variables`) is set. Values are templates;
    a value that is one placeholder keeps its type. `idempotent` None means: by method (GET, PUT, DELETE are).
    """

    method: str = "GET"
    path: str = ""
    params: Mapping[str, Json] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    json: Json = None
    form: Mapping[str, Json] | None = None
    query: str | None = None
    variables: Mapping[str, Json] = attrs.field(factory=dict)
    idempotent: bool | None = None


@attrs.frozen(kw_only=True)
class Pagination:
    """How a list goes on.

    page: `page_param` counts from `start`; offset: `offset_param` counts records; cursor: `cursor_param` carries
    what `Response.next_cursor` names; link: the Link header's rel=next; next_url: `Response.next_url`; graphql: the
    variable `cursor_param` carries `Response.next_cursor` while `Response.has_next`; keyset: `cursor_param` carries the
    value at `key` of the last record (a filter "greater than" over a list sorted by it, so that no record is missed
    when others come and go meanwhile); none: one answer is all. `place` says where the parameters stand: in the query
    string, or in the request's JSON or form body, where a name may be a dotted path (`request.PageNumber`).
    """

    kind: Literal["none", "page", "offset", "cursor", "link", "next_url", "graphql", "keyset"] = "none"
    page_param: str = "page"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    size_param: str | None = None
    size: int = 100
    max_size: int | None = None
    start: int = 1
    place: Literal["query", "body"] = "query"
    key: str = "id"


@attrs.frozen(kw_only=True)
class Response:
    """Where a list answer keeps things; all are paths from its root, empty `records` means the root is the list.

    All but `records` and `errors` may name a header of the answer instead: `@headers.x-total`.

    `errors` names a list or text that makes the answer a failure although its status is 200 (GraphQL). `end_status`
    is a 4xx status with which the platform answers a page behind the last one, if the body holds `end_text` too, in
    any case.
    """

    records: str = ""
    total: str | None = None
    total_pages: str | None = None
    next_cursor: str | None = None
    has_next: str | None = None
    next_url: str | None = None
    errors: str | None = None
    end_status: int | None = None
    end_text: str = ""
