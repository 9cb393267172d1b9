"""Reading from Acme's sandbox: no account, no network."""

from __future__ import annotations

import asyncio

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import Subject

SHOP = Subject.of(load_plugins(only="acme"), "acme")
CONNECTOR = SHOP.loaded.connector


def test_every_field_of_every_map_is_told() -> None:
    """A rule whose path leads nowhere fails here."""

    async def told() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        async with SHOP.shop() as shop:
            for kind in sorted(CONNECTOR.reads):
                events, _ = await shop.sweep(kind)
                records = [to_sparse(event.record) for event in events]
                found[kind] = {name for record in records for name, value in record.items() if value is not None}
        return found

    fields = asyncio.run(told())
    for resource in CONNECTOR.manifest.resources.values():
        wanted = {target.split(".")[0] for target in resource.canonical_map}
        assert wanted - fields[resource.canonical_type] == set(), resource.name
