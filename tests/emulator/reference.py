"""A small platform of any paging dialect, and its own client: the oracle that an emulator is compared with."""

import asyncio
import json
import math
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

from pullpush_sdk.emulator import Exchange, Samples

BASE = "https://api.dialect.example/v1"


@attrs.frozen(kw_only=True)
class Dialect:
    """How one platform divides its list."""

    kind: str  # page, offset, cursor, after, link, next_url, graphql
    part: str = "query"  # query, json or form: where inputs travel
    pager: str = "page"
    size: str | None = "per_page"
    start: int = 1
    default: int = 2
    table: tuple[str, ...] = ("data",)
    total: tuple[str, ...] | None = None
    pages: tuple[str, ...] | None = None
    more: tuple[str, ...] | None = None
    echo: tuple[str, ...] | None = None
    relative: bool = False
    said: bool = True  # whether the first request names its page

    @property
    def numbered(self):
        return self.kind in ("page", "offset") or (self.kind in ("link", "next_url") and self.pager == "page")


@attrs.frozen(kw_only=True)
class Ask:
    method: str
    path: str
    params: tuple = ()
    body: object = None
    form: bool = False


def put(body, place, value):
    for step in place[:-1]:
        body = body.setdefault(step, {})
    body[place[-1]] = value


def answer(dialect, rows, ask):
    """The platform: (headers, body) of a request."""
    inputs = dict(ask.params) if dialect.part == "query" else dict(ask.body or {})
    if dialect.kind == "graphql":
        inputs = dict(ask.body["variables"])
    size = int(inputs.get(dialect.size) or dialect.default) if dialect.size else dialect.default
    begin = _begin(dialect, rows, inputs.get(dialect.pager), size)
    shown = rows[begin : begin + size]
    more = begin + size < len(rows)
    headers, body = {}, {}
    records = [{"cursor": f"r{begin + n + 1}", "node": row} for n, row in enumerate(shown)]
    listed = records if dialect.kind == "graphql" else shown
    if dialect.table:
        put(body, dialect.table, listed)
    else:
        body = listed
    for place, value in (
        (dialect.total, len(rows)),
        (dialect.pages, max(1, math.ceil(len(rows) / size))),
        (dialect.more, more),
        (dialect.echo, begin if dialect.kind == "offset" else dialect.start + begin // size),
    ):
        if place is not None:
            put(body, place, value)
    following = dialect.start + begin // size + 1 if dialect.numbered else f"r{begin + size}"
    if dialect.kind in ("cursor", "graphql"):
        put(body, ("paging", "next") if dialect.kind == "cursor" else ("data", "things", "pageInfo", "endCursor"),
            following if more or (dialect.kind == "graphql" and shown) else None)  # fmt: skip
    if dialect.kind in ("link", "next_url"):
        pairs = [pair for pair in ask.params if pair[0] != dialect.pager] + [(dialect.pager, str(following))]
        url = ("" if dialect.relative else "https://api.dialect.example") + f"{ask.path}?{urlencode(pairs)}"
        if dialect.kind == "link" and more:
            headers["link"] = f'<{url}>; rel="next"'
        elif dialect.kind == "next_url":
            put(body, ("links", "next"), url if more else None)
    return headers, body


def _begin(dialect, rows, value, size):
    if value in (None, ""):
        return 0
    if dialect.kind == "after":
        return next(n + 1 for n, row in enumerate(rows) if str(row["id"]) == str(value))
    if dialect.kind == "offset":
        return int(value)
    return (int(value) - dialect.start) * size if dialect.numbered else int(str(value)[1:])


def first(dialect, size):
    inputs = {dialect.size: size} if dialect.size else {}
    if dialect.kind == "page" and dialect.said:
        inputs[dialect.pager] = dialect.start
    if dialect.kind == "offset" and dialect.said:
        inputs[dialect.pager] = 0
    return _ask(dialect, inputs)


def _ask(dialect, inputs):
    if dialect.kind == "graphql":
        name = dialect.pager
        fields = "edges { cursor node { id name } } pageInfo { hasNextPage endCursor }"
        query = f"query Things(${name}: String) {{ things(after: ${name}) {{ {fields} }} }}"
        return Ask(method="POST", path="/v1/graphql", body={"query": query, "variables": inputs})
    if dialect.part == "query":
        return Ask(method="GET", path="/v1/things", params=tuple((k, str(v)) for k, v in inputs.items()))
    return Ask(method="POST", path="/v1/things/search", body=inputs, form=dialect.part == "form")


def following(dialect, ask, headers, body, size):
    """The client's next request after an answer, None at the end."""
    shown = body
    for step in dialect.table:
        shown = shown[step]
    inputs = dict(ask.params) if dialect.part == "query" else dict(ask.body or {})
    if dialect.kind == "link":
        found = headers.get("link")
        return _goto(found[1 : found.index(">")]) if found else None
    if dialect.kind == "next_url":
        return _goto(body["links"]["next"]) if body["links"]["next"] else None
    if dialect.kind == "graphql":
        info = body["data"]["things"]["pageInfo"]
        inputs = ask.body["variables"]
        return _ask(dialect, {**inputs, dialect.pager: info["endCursor"]}) if info["hasNextPage"] else None
    if dialect.kind == "cursor":
        found = body["paging"]["next"]
        return _ask(dialect, {**inputs, dialect.pager: found}) if found else None
    if not shown or len(shown) < size:
        return None
    if dialect.kind == "after":
        return _ask(dialect, {**inputs, dialect.pager: shown[-1]["id"]})
    now = inputs.get(dialect.pager)
    now = int(now) if now is not None else (dialect.start if dialect.kind == "page" else 0)
    return _ask(dialect, {**inputs, dialect.pager: now + (1 if dialect.kind == "page" else len(shown))})


def _goto(url):
    parts = urlsplit(url)
    return Ask(method="GET", path=parts.path, params=tuple(parse_qsl(parts.query)))


def walk(dialect, answering, size, most=40):
    """Requests with their answers, page by page, as the platform's client reads it."""
    ask, found = first(dialect, size), []
    while ask is not None and len(found) < most:
        headers, body = answering(ask)
        found.append((ask, headers, body))
        ask = following(dialect, ask, headers, body, size if dialect.size else dialect.default)
    return found


def recorded(exchanges):
    """A walk as samples."""
    found = []
    for ask, headers, body in exchanges:
        kind = {"content-type": "application/x-www-form-urlencoded" if ask.form else "application/json"}
        sent = None if ask.body is None else json.loads(json.dumps(ask.body))
        if ask.form:
            sent = {k: str(v) for k, v in sent.items()}
        found.append(
            Exchange(
                method=ask.method,
                path=ask.path,
                params=ask.params,
                headers=kind if sent is not None else {},
                sent=sent,
                answer_headers=headers,
                body=json.loads(json.dumps(body)),
            )
        )
    return Samples(exchanges=found)


def asks(app):
    """An answering function over an ASGI app, without a socket between."""

    async def one(ask):
        messages = []
        content = b""
        headers = []
        if ask.body is not None:
            content = urlencode(ask.body).encode() if ask.form else json.dumps(ask.body).encode()
            headers = [(b"content-type", b"application/x-www-form-urlencoded" if ask.form else b"application/json")]
        scope = {
            "type": "http",
            "method": ask.method,
            "path": ask.path,
            "query_string": urlencode(ask.params).encode(),
            "headers": headers,
        }

        async def receive():
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message):
            messages.append(message)

        await app(scope, receive, send)
        assert messages[0]["status"] == 200, messages
        return (
            {name.decode(): value.decode() for name, value in messages[0]["headers"]},
            json.loads(b"".join(each.get("body", b"") for each in messages[1:])),
        )

    return lambda ask: asyncio.run(one(ask))
