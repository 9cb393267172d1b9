"""Extract, map, JSON lines: the SDK's reader, or a loop written by hand, over the same server.

python -m benchmarks.extract sdk|hand|log PORT RECORDS
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

MANIFEST = {
    "manifest": 1,
    "name": "bench",
    "title": "Bench",
    "version": "1.0.0",
    "base_url": "https://api.bench.example",
    "resources": {
        "products": {
            "canonical_type": "product",
            "list": {"path": "/products"},
            "pagination": {"kind": "page", "size_param": "per_page", "size": 200},
            "response": {"records": "data", "total_pages": "pages"},
            "version": "updated_at",
            "canonical_map": {
                "sku": "sku",
                "productId": "id",
                "title": "name",
                "price": "price.amount",
                "currency": "price.currency",
                "compareAtPrice": {"paths": ["sale_price.amount", "regular_price.amount"], "transform": "coalesce"},
                "nativeStatus": "status",
                "url": {"paths": ["urls.customer", "url"], "transform": "coalesce"},
                "media": {
                    "path": "images",
                    "transform": "mapItems",
                    "items": {"url": "url", "alt": "alt", "position": "sort"},
                },
                "updatedAt": {"path": "updated_at", "transform": "toDateTime", "timezone": "Asia/Riyadh"},
            },
        }
    },
}


async def by_sdk(port, out):
    """The real connector, client and map; pages as they come, encoded to the wire form."""
    from pullpush_sdk.canonical import encode

    count = 0
    async with reading(port) as pages:
        async for page in pages:
            out.write(b"".join([encode(event.record) + b"\n" for event in page.events]))
            count += len(page.events)
    return count


async def by_log(port, out):
    """The same with the durable log in between: page and cursor in one transaction, fsynced, then read back."""
    from pullpush_sdk.canonical import BUILT_IN, CanonicalTypes, dumps
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.connector import Outcome
    from pullpush_sdk.engine.open import open_engine
    from pullpush_sdk.engine.ports import FlowSpec

    flow = FlowSpec(
        name="bench", source="a", destination="b", types=("product",), state="active", batch={"product": 200}
    )

    async def push(_canonical_type, batch):
        out.write(b"".join([dumps(delivery.payload) + b"\n" for delivery in batch]))
        return [Outcome.delivered() for _ in batch]

    count = 0
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        async with open_engine(url, clock=SystemClock(), types=CanonicalTypes(BUILT_IN)) as engine, engine.hold():
            async with reading(port) as pages:
                async for page in pages:
                    await engine.append(flow, "product", page)
                    count += len(page.events)
            await engine.drain(flow, push)
    return count


def reading(port):
    """An async context manager over the pages of one pull."""
    from contextlib import aclosing, asynccontextmanager
    from types import SimpleNamespace

    from pullpush_sdk import Connection, hookimpl
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.declarative import connector_of
    from pullpush_sdk.http import Client, Redactor, authenticator_of
    from pullpush_sdk.manifest import read_manifest
    from pullpush_sdk.plugins import Source, load_plugins

    manifest = read_manifest(json.dumps(MANIFEST), file="bench.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    plugins = load_plugins([Source(name="bench", distribution="bench", load=lambda: module)])
    loaded, clock, redactor = plugins.connector("bench"), SystemClock(), Redactor(())

    @asynccontextmanager
    async def opened():
        auth = authenticator_of(manifest.auth, {}, clock=clock, redactor=redactor)
        origin = f"http://127.0.0.1:{port}"
        async with Client(base_url=manifest.base_url, auth=auth, redactor=redactor, origin=origin) as client:
            connection = Connection(
                name="bench",
                connector=loaded.connector,
                settings={},
                secrets={},
                client=client,
                clock=clock,
                types=plugins.types,
            )
            pull = loaded.hook.pullpush_pull(connection=connection, canonical_type="product", cursor=None)
            async with aclosing(pull) as pages:
                yield pages

    return opened()


async def by_hand(port, out):
    """What a careful person writes for this one list: httpx, json with exact decimals, one dict per record."""
    from datetime import datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    import httpx

    zone, utc, count, page, total = ZoneInfo("Asia/Riyadh"), ZoneInfo("UTC"), 0, 1, 1
    async with httpx.AsyncClient() as client:
        while page <= total:
            url = f"http://127.0.0.1:{port}/products?page={page}&per_page=200"
            answer = await client.get(url, headers={"accept": "application/json"})
            body = json.loads(answer.content, parse_float=Decimal)
            total, lines = body["pages"], []
            for row in body["data"]:
                sale = row["sale_price"] or row["regular_price"]
                when = datetime.fromisoformat(row["updated_at"]).replace(tzinfo=zone).astimezone(utc)
                record = {
                    "sku": row["sku"],
                    "title": row["name"],
                    "description": None,
                    "price": str(Decimal(row["price"]["amount"])),
                    "currency": row["price"]["currency"],
                    "variants": None,
                    "productId": str(row["id"]),
                    "nativeStatus": row["status"],
                    "compareAtPrice": str(Decimal(sale["amount"])),
                    "media": [{"url": m["url"], "alt": m["alt"], "position": m["sort"]} for m in row["images"]],
                    "url": row["urls"]["customer"] or row.get("url"),
                    "updatedAt": when.replace(tzinfo=None).isoformat() + "Z",
                }
                lines.append(json.dumps(record, separators=(",", ":")))
            out.write(("\n".join(lines) + "\n").encode())
            count += len(lines)
            page += 1
    return count


def main():
    """One run; CPU is this process's own, the server's is not in it."""
    way, port = {"sdk": by_sdk, "hand": by_hand, "log": by_log}[sys.argv[1]], int(sys.argv[2])
    keep = Path(sys.argv[3]) if len(sys.argv) > 3 else Path("/dev/null")
    started, cpu = time.perf_counter(), time.process_time()
    with keep.open("wb") as out:
        count = asyncio.run(way(port, out))
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"records": count, "seconds": seconds, "cpu": used, "rss_mb": peak}))


if __name__ == "__main__":
    main()
