"""Writing to Acme's sandbox: no account, no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pullpush_sdk.canonical import from_wire
from pullpush_sdk.connector import Delivery, Result, Verb
from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import Subject

SHOP = Subject.of(load_plugins(only="acme"), "acme")
CONNECTOR = SHOP.loaded.connector

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    # <type:product>
    "product": {"sku": "NEW-1", "title": "Lamp", "price": "9.50", "currency": "EUR"},
    # </type:product>
    # <type:stocklevel>
    "stocklevel": {"sku": "ACME-0001", "quantity": 0},
    # </type:stocklevel>
    # <type:order>
    "order": {"orderId": "A-1", "currency": "EUR", "totalAmount": "9.50", "status": "paid"},
    # </type:order>
    # <type:contact>
    "contact": {"email": "new@example.com", "name": "New"},
    # </type:contact>
    # <type:call>
    "call": {"callId": "C-1", "direction": "inbound", "duration": 61},
    # </type:call>
    # <type:invoice>
    "invoice": {"invoiceId": "I-1", "amount": "9.50", "currency": "EUR", "status": "paid"},
    # </type:invoice>
    # <type:cart>
    "cart": {"cartId": "K-1", "currency": "EUR", "totalAmount": "9.50"},
    # </type:cart>
}


def test_what_is_written_is_there_once_and_whole() -> None:
    """Every type that is written, twice: the second time nothing is added."""

    async def written() -> None:
        async with SHOP.shop() as shop:
            for kind in sorted(CONNECTOR.writes):
                delivery = _delivery(kind, EXAMPLES[kind])
                sizes = []
                for _ in range(2):
                    (outcome,) = await SHOP.loaded.hook.pullpush_push(
                        connection=shop.connection, canonical_type=kind, batch=[delivery]
                    )
                    assert outcome.result is Result.DELIVERED, outcome.reason
                    sizes.append(sum(len(rows) for rows in shop.sandbox.control.dump().values()))
                assert sizes[0] == sizes[1], kind
                everything = json.dumps(shop.sandbox.control.dump())
                assert all(str(value) in everything for value in EXAMPLES[kind].values() if value not in _WORDS), kind

    asyncio.run(written())


_WORDS = ("paid", "inbound")
"""What the platform has other words for."""


def _delivery(kind: str, payload: Mapping[str, Any]) -> Delivery:
    known = SHOP.types[kind]
    record = from_wire(known, dict(payload))
    key = known.key(record)
    return Delivery(
        id=key, kind=known, verb=Verb.UPDATED, key=key, identity=known.identity(record), payload=payload,
        version=1, position=1,
    )  # fmt: skip
