"""The shop's own unit is the worker: four requests at once, never a fifth, and hardly ever one less."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pullpush_magento import hooks

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import Source, load_connector
from pullpush_sdk.sandbox import SandboxOptions
from pullpush_sdk.testing.connections import connected


async def _sweep(*, records: int, scale: float, latency: int) -> tuple[dict[str, int], float, int]:
    """Violations, the share of the workers' time that was used, and how many levels were read."""
    source = Source(name="magento", distribution="pullpush-magento", load=lambda: hooks)
    loaded: Any = load_connector(source, hooks, types=CanonicalTypes(), functions=Functions())
    switches = {"workers": "4", "latency": str(latency)}
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(records=records, time_scale=scale, extra=switches))
    async with connected(loaded, sandbox) as connection:
        pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="stocklevel", cursor=None)
        count = sum([len(page.events) async for page in pages])
    load = sandbox.control.dump()["load"]
    return sandbox.control.violations.counts(), load["busy"] / (4 * load["elapsed"]), count


def test_a_sweep_keeps_the_workers_busy_and_no_more():
    """At fifty times the speed, requests of three seconds each."""
    counts, share, levels = asyncio.run(_sweep(records=240, scale=50, latency=3000))
    assert counts == {"rate_limited": 0}
    assert levels > 240
    assert share >= 0.8, share


@pytest.mark.full
@pytest.mark.timeout(400)
def test_five_thousand_products_at_the_speed_of_the_wall_clock():
    """Two minutes of a shop that answers in ninety milliseconds."""
    counts, share, levels = asyncio.run(_sweep(records=5000, scale=1, latency=90))
    assert counts == {"rate_limited": 0}
    assert levels > 5000
    assert share >= 0.8, share
