"""The platforms' limits in a real flow: none is broken, and most of what they allow is used.

A clock that jumps over waiting, and not the machine, says how long a run took; the long runs are on the machine's own
clock, fifty times as fast, but for Linnworks (twenty times) and Shopify (ten times), which allow more than a small
machine that is busy can ask for and answer.
Shares are counted where the platform counts, in its own units: points of Shopify's bucket, calls a minute of Linnworks'
busiest method and of Salla's store. Magento has no limit to use up.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from pullpush_sdk.testing.clock import VirtualClock
from tests.matrix.world import End, world

SCALE = 50
JUMPING = 0
"""Instead of a scale: nobody waits, and work takes no time."""
LEAST = 0.8


class FastClock:
    """The machine's clock, so many times as fast."""

    def __init__(self, scale):
        self._scale, self._start, self._began = scale, time.monotonic(), datetime.now(UTC)

    def monotonic(self):
        return (time.monotonic() - self._start) * self._scale

    def now(self):
        return self._began + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / self._scale)


@attrs.define
class Points:
    """In front of Shopify: adds up what each answer says that its query cost."""

    app: object
    spent: list = attrs.field(factory=list)

    async def __call__(self, scope, receive, send):
        body = bytearray()

        async def noting(message):
            body.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, noting)
        if scope["path"].endswith("/graphql.json"):
            cost = json.loads(bytes(body)).get("extensions", {}).get("cost", {})
            self.spent.append(cost.get("actualQueryCost") or 0)


def seconds_of(entries):
    """The platform's seconds from the first request to the last."""
    times = [datetime.fromisoformat(each["at"]).timestamp() for each in entries]
    return max(times) - min(times)


def shopify(both, points):
    """Points spent, of those in the bucket at first and those that came in."""
    entries = both.boxes["right"].control.log.after(0)
    return sum(points.spent) / (2000 + 100 * seconds_of(entries))


def linnworks(both, _):
    """Calls of the method that is called most, of 150 a minute."""
    entries = [each for each in both.boxes["right"].control.log.after(0) if "/api/" in each["path"]]
    # Every session has a server of its own; the quota is the method's.
    (method, count), *_ = Counter(each["path"].rsplit("/api/", 1)[1] for each in entries).most_common(1)
    assert method == "Inventory/AddInventoryItem"
    return count / (150 / 60 * seconds_of(entries))


def salla(both, _):
    """Calls of the store, of 120 a minute."""
    entries = [each for each in both.boxes["right"].control.log.after(0) if each["path"].startswith("/admin/")]
    return len(entries) / (120 / 60 * seconds_of(entries))


SHARES = {"linnworks": linnworks, "salla": salla, "shopify": shopify, "magento": None}
SOURCES = {"linnworks": "shopify", "salla": "shopify", "shopify": "magento", "magento": "shopify"}


async def run(folder, setenv, destination, records, scale):
    """Products into an empty shop with its limits on."""
    left = End(connector=SOURCES[destination], records=records)
    right = End(connector=destination, records=0, rate_limits=True)
    points = []

    def in_front(side, app):
        if side != "right" or destination != "shopify":
            return app
        points.append(Points(app))
        return points[0]

    clock = FastClock(scale) if scale else VirtualClock()
    async with world(folder, setenv, left, right, ["product"], clock=clock, in_front=in_front) as both:
        both.boxes["right"].control.log.clear()
        report = await both.sync()
        assert report.error is None, report
        assert not report.waiting
        share = SHARES[destination](both, points[0] if points else None) if SHARES[destination] else None
        entries = both.boxes["right"].control.log.after(0)
        return report.counts["product"], both.boxes["right"].control.violations.counts(), share, seconds_of(entries)


def judge(folder, setenv, destination, records, scale):
    counts, violations, share, seconds = asyncio.run(run(folder, setenv, destination, records, scale))
    print(f"{destination}: {dict(counts)} in {seconds:.0f} s of the platform, share {share}, {violations}")  # noqa: T201
    assert counts["delivered"] > 0.9 * counts["read"]
    assert not any(violations.values()), violations
    assert share is None or share >= LEAST, share


@pytest.mark.parametrize(
    ("destination", "records"), [("linnworks", 500), ("magento", 100), ("salla", 120), ("shopify", 200)]
)
def test_a_sync_breaks_no_limit_and_uses_what_it_has(destination, records, tmp_path, monkeypatch):
    judge(tmp_path, monkeypatch.setenv, destination, records, JUMPING)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("destination", "scale"),
    [
        *((destination, JUMPING) for destination in ("linnworks", "magento", "salla")),
        *((destination, SCALE) for destination in ("magento", "salla")),
        ("linnworks", 20),
        ("shopify", 10),
    ],
)
def test_matrix_budgets_with_five_thousand_products(destination, scale, tmp_path, monkeypatch):
    judge(tmp_path, monkeypatch.setenv, destination, 5_000, scale)
