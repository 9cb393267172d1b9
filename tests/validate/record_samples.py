"""Record a platform plugin's samples from its sandbox: `python -m tests.validate.record_samples NAME…`.

The sandboxes are held against the vendors' own documents; what they answer is what the samples show. Each sample holds
the pages of one type's lists, what is looked up on the way, its webhooks, and a refusal.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx

from pullpush_sdk.plugins import Plugins, find_sources, load_plugins
from pullpush_sdk.sandbox import ChangeError, Sandbox, serve
from pullpush_sdk.testing.conformance import Shop, Subject
from pullpush_sdk.validate.child._probes import in_small_pages

Json = Any
ROOT = Path(__file__).parents[2]
RECORDS = 9
PAGES = 3
"""Answers kept of each endpoint: the first."""
_HOUR = 3600.0
_TOLD = frozenset({"content-type", "authorization", "link"})
_EDITS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("product_create", {"sku": "SAMPLE-1", "title": "Sample", "price": "12.50"}),
    ("stock", {"sku": "SAMPLE-1", "quantity": 3}),
    ("customer_create", {"email": "sample@example.com", "name": "Ada Sample"}),
    ("cart_create", {"items": [{"sku": "SAMPLE-1", "quantity": 1}], "email": "sample@example.com"}),
    ("order_create", {"items": [{"sku": "SAMPLE-1", "quantity": 1}], "email": "sample@example.com"}),
)


class Tape:
    """An ASGI app that hands everything on to the sandbox's, and keeps requests with their answers."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.kept: list[dict[str, Json]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        sent, answered, started = bytearray(), bytearray(), {}

        async def hear() -> Any:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def say(message: Any) -> None:
            started.update(message if message["type"] == "http.response.start" else {})
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, hear, say)
        query = scope["query_string"].decode()
        self.kept.append(
            {
                "request": {
                    "method": scope["method"],
                    "path": scope["path"] + (f"?{query}" if query else ""),
                    "headers": _headers(scope["headers"]),
                    "body": _body(bytes(sent)),
                },
                "answer": {
                    "status": started["status"],
                    "headers": _headers(started["headers"]),
                    "body": _body(bytes(answered)),
                },
            }
        )


def _headers(raw: Any) -> dict[str, str]:
    pairs = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in raw}
    if pairs.get("authorization", "").startswith("OAuth "):
        pairs["authorization"] = "OAuth {{signature}}"
    return {key: value for key, value in pairs.items() if key in _TOLD or key.startswith("x-")}


def _body(content: bytes) -> Json:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")


def subject_of(name: str) -> Subject:
    """The plugin, asking for a few records a page."""
    sources = [
        attrs.evolve(each, load=lambda load=each.load: in_small_pages(load()))
        for each in find_sources()
        if each.name == name
    ]
    plugins: Plugins = load_plugins(sources)
    return Subject.of(plugins, name)


async def record(name: str) -> dict[str, Json]:
    """The samples of a platform, by name."""
    subject = subject_of(name)
    tapes: list[Tape] = []
    make = subject.sandbox

    def taped(options: Any) -> Sandbox:
        sandbox = make(options)
        tapes.append(Tape(sandbox.app))
        return attrs.evolve(sandbox, app=tapes[-1])

    subject = attrs.evolve(subject, sandbox=taped, records=RECORDS)
    samples: dict[str, Json] = {}
    for canonical_type in sorted(subject.loaded.connector.reads):
        async with subject.shop() as shop:
            _, cursor = await shop.sweep(canonical_type)
            _edit(shop)
            shop.clock.advance(_HOUR)
            await shop.sweep(canonical_type, cursor)
            seen = _chosen(tapes[-1].kept)
            tapes[-1].kept.clear()
            await _refused(shop, seen)
            seen += tapes[-1].kept
            samples[canonical_type] = {"exchanges": [_without_secrets(each, shop) for each in seen]}
    if subject.loaded.connector.webhooks and (heard := await _heard(subject)):
        samples["webhooks"] = {"webhooks": heard}
    return samples


def _chosen(kept: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The first answers of each endpoint; parts of a path with a digit name a record, but for those of the version."""
    counts: dict[str, int] = {}
    chosen = []
    for each in kept:
        request = each["request"]
        asked = request["body"].get("query") if isinstance(request["body"], dict) else None
        shape = "/".join(
            "*" if any(letter.isdigit() for letter in part) else part
            for part in urlsplit(request["path"]).path.split("/")[3:]
        )
        place = f"{request['method']} {shape} {asked}"
        counts[place] = counts.get(place, 0) + 1
        if counts[place] <= PAGES:
            chosen.append(each)
    return chosen


def _edit(shop: Shop) -> None:
    """What a merchant and his customers do, as far as the sandbox plays it."""
    for kind, values in _EDITS:
        try:
            made = shop.edit(kind, **values)
        except (ChangeError, KeyError):
            continue
        if kind == "order_create" and shop.edits("order_status"):
            shop.edit("order_status", order=made["key"], status="completed")


async def _refused(shop: Shop, seen: list[dict[str, Json]]) -> None:
    """The first request of a list once more, with a credential that nobody has."""
    last = next((each["request"] for each in reversed(seen) if each["answer"]["status"] == 200), None)
    if last is None:
        return
    headers = {
        key: ("Bearer nobody" if value.startswith("Bearer ") else "nobody") if key in _secret_headers(last) else value
        for key, value in last["headers"].items()
    }
    async with serve(shop.sandbox.app) as address, httpx.AsyncClient(base_url=address) as client:
        content = json.dumps(last["body"]) if last["body"] is not None else None
        await client.request(last["method"], last["path"], headers=headers, content=content)


def _secret_headers(request: Mapping[str, Json]) -> list[str]:
    return [key for key in request["headers"] if "token" in key or key == "authorization"]


def _without_secrets(exchange: dict[str, Json], shop: Shop) -> dict[str, Json]:
    """The exchange with `{{name}}` where a secret stood."""
    text = json.dumps(exchange, ensure_ascii=False)
    hidden = {**shop.sandbox.secrets, **_tokens(exchange)}
    for name, value in sorted(hidden.items(), key=lambda each: -len(each[1])):
        text = text.replace(json.dumps(value)[1:-1], f"{{{{{name}}}}}")
    cleaned: dict[str, Json] = json.loads(text.replace("nobody", "{{nobody}}"))
    for part in (cleaned["request"], cleaned["answer"]):
        part["headers"] = {key: value for key, value in part["headers"].items() if value}
    return cleaned


def _tokens(exchange: dict[str, Json]) -> dict[str, str]:
    """The session's token that a log-in gave and later requests bear, as `{{session_token}}`."""
    body = exchange["answer"]["body"]
    given = body.get("Token") if isinstance(body, dict) else None
    borne = exchange["request"]["headers"].get("authorization", "")
    plain = borne if " " not in borne and "{" not in borne and borne != "nobody" else ""
    token = given or plain
    return {"session_token": token} if token else {}


async def _heard(subject: Subject) -> list[dict[str, Json]]:
    """One webhook of each event that the merchant's edits cause."""
    heard: dict[str, dict[str, Json]] = {}

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        told = {key: value for key, value in headers.items() if key.lower() in _TOLD or key.lower().startswith("x-")}
        query = dict(parse_qsl(scope["query_string"].decode()))
        heard.setdefault(_event(told, query, body), {"headers": told, "query": query, "body": body.decode()})

    async with serve(listen) as address, _telling(subject, f"{address}/hook") as shop:
        _edit(shop)
        while shop.sandbox.control.outbox is not None and await shop.sandbox.control.outbox.flush():
            pass
        signed = {name: value for name, value in shop.sandbox.secrets.items() if _signs(shop, name)}
    return [{**heard[event], **({"secrets": signed} if signed else {})} for event in sorted(heard)]


@asynccontextmanager
async def _telling(subject: Subject, url: str) -> AsyncIterator[Shop]:
    """A shop that sends its webhooks to `url`: registered by the connector, else by a switch of the sandbox."""
    async with subject.shop() as shop:
        subscribed = subject.loaded.hook.pullpush_subscribe(connection=shop.connection, url=url)
        if subscribed is not None:
            await subscribed
            yield shop
            return
    async with attrs.evolve(subject, extra={"events": url}).shop() as shop:
        yield shop


def _event(headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> str:
    topics = [value for key, value in headers.items() if key.lower().endswith("topic")]
    return topics[0] if topics else query.get("event") or str(json.loads(body).get("event", ""))


def _signs(shop: Shop, name: str) -> bool:
    manifest = shop.subject.loaded.connector.manifest
    return manifest.webhook is not None and f"{{{{{name}}}}}" in repr(manifest.webhook.verification)


def written(name: str, samples: Mapping[str, Json]) -> Iterator[Path]:
    """Write each sample into the plugin; where they were written."""
    folder = ROOT / "plugins" / name / f"pullpush_{name}" / "samples"
    folder.mkdir(exist_ok=True)
    for sample, value in samples.items():
        path = folder / f"{sample}.json"
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        yield path


if __name__ == "__main__":
    for platform in sys.argv[1:]:
        for each in written(platform, asyncio.run(record(platform))):
            sys.stdout.write(f"{each.relative_to(ROOT)} {each.stat().st_size // 1000} kB\n")
