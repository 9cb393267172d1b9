"""Mapping alone and with decoding: a compiled map against a mapping written by hand to the same class.

Run: python benchmarks/bench_mapping.py [records]. Prints records a second and the ratio; the best of some rounds,
so that a busy machine tells less.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import BUILT_IN, UNSET, Product, ProductStatus, dumps, loads
from pullpush_sdk.mapping import Functions, compile_map, parse_map, project

PRODUCT = next(kind for kind in BUILT_IN if kind.name == "product")
PAGE = 200
ROUNDS = 9
MAP = {
    "sku": "sku",
    "productId": {"path": "id", "transform": "toString"},
    "title": "name",
    "description": "description",
    "price": "price.amount",
    "currency": "price.currency",
    "status": {
        "path": "status",
        "transform": "lookup",
        "table": {"sale": "active", "out": "hidden"},
        "default": "unknown",
    },
    "barcode": {"paths": ["gtin", "mpn"], "transform": "coalesce"},
    "weight": "weight",
    "updatedAt": "updated_at",
}


def record(number: int) -> dict[str, Any]:
    return {
        "id": 100_000 + number,
        "sku": f"SKU-{number:06}",
        "name": f"Product number {number}",
        "description": "Words that describe it. " * 10,
        "price": {"amount": Decimal(f"{number % 900}.50"), "currency": "SAR"},
        "sale_price": {"amount": 0, "currency": "SAR"},
        "status": "sale" if number % 3 else "out",
        "gtin": None if number % 2 else f"62800{number:08}",
        "mpn": f"M{number}",
        "weight": Decimal("0.35"),
        "updated_at": "2026-01-31T08:00:00+03:00",
        "images": [
            {"id": at, "url": f"https://cdn.test/{number}/{at}.jpg", "alt": "seen from a side"} for at in range(4)
        ],
        "options": [{"name": "Size", "values": [{"id": at, "name": "SML"[at]} for at in range(3)]}],
        "metadata": {"title": "For search", "description": "For search engines " * 8, "url": "/p/" + str(number)},
    }


WORDS = {"sale": ProductStatus.ACTIVE, "out": ProductStatus.HIDDEN}


def by_hand(records: list[dict[str, Any]]) -> list[Product]:
    """What a careful author would write: absent is not null, the same values for good records, no checks."""
    made = []
    for each in records:
        price = each.get("price") or {}
        amount = price.get("amount", UNSET)
        if amount is not None and amount is not UNSET and amount.__class__ is not Decimal:
            amount = Decimal(amount)
        number = each.get("id", UNSET)
        if number is not None and number is not UNSET:
            number = str(number)
        status = each.get("status", UNSET)
        if status is not None and status is not UNSET:
            status = WORDS.get(status, ProductStatus.UNKNOWN)
        moment = each.get("updated_at", UNSET)
        if moment:
            moment = datetime.fromisoformat(moment).astimezone(UTC)
        made.append(
            Product(
                sku=each["sku"],
                product_id=number,
                title=each.get("name", UNSET),
                description=each.get("description", UNSET),
                price=amount,
                currency=price.get("currency", UNSET),
                status=status,
                barcode=each.get("gtin") or each.get("mpn", UNSET),
                weight=each.get("weight", UNSET),
                updated_at=moment,
            )
        )
    return made


def rate(work: Callable[[], object], records: int) -> float:
    """Records a second in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return records / best


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    spec, problems = parse_map(MAP)
    assert not problems, problems
    compiled = compile_map(spec, PRODUCT, Functions(), name="bench")
    pages = [[record(at) for at in range(start, start + PAGE)] for start in range(0, count, PAGE)]
    texts = [dumps({"data": page}) for page in pages]
    decoder = project(spec, records_path="data")
    plain = [loads(text)["data"] for text in texts]
    typed = [decoder.decode(text).records for text in texts]
    for page, other in zip(plain, typed, strict=True):
        assert by_hand(page) == compiled.many(page, {}).records == compiled.many(other, {}).records
    rates = {
        "by hand": rate(lambda: [by_hand(page) for page in plain], count),
        "compiled": rate(lambda: [compiled.many(page, {}).records for page in plain], count),
        "compiled, projected": rate(lambda: [compiled.many(page, {}).records for page in typed], count),
        "decode + by hand": rate(lambda: [by_hand(loads(text)["data"]) for text in texts], count),
        "decode + compiled": rate(lambda: [compiled.many(loads(text)["data"], {}).records for text in texts], count),
        "projected decode + compiled": rate(
            lambda: [compiled.many(decoder.decode(text).records, {}).records for text in texts], count
        ),
    }
    for name, each in rates.items():
        base = rates["decode + by hand" if "decode" in name else "by hand"]
        print(f"{name:30} {each:10,.0f} records/s   time x {base / each:.2f} of by hand")


if __name__ == "__main__":
    main()
