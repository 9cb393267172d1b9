"""Whatever happens to answers, however often a delivery comes again: one order, one product, one customer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.connector import Result

THINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "order": (
        "orders",
        {
            "orderId": "ONCE-1",
            "currency": "SAR",
            "totalAmount": "10.00",
            "lineItems": [{"title": "Lamp", "quantity": 1, "unitPrice": "10.00"}],
            "email": "once@example.com",
        },
    ),
    "product": ("products", {"sku": "ONCE-1", "title": "Once", "price": "5.00", "currency": "SAR"}),
    "contact": ("customers", {"email": "once@example.com", "name": "Only Once"}),
}
FAULTS = st.lists(st.sampled_from(["lost_answer", "truncate", "reset", "busy", "none"]), max_size=5)


def rule(fault: str) -> list[dict[str, Any]]:
    match = {"match": {"body": "*mutation*"}}
    if fault == "none":
        return []
    return [{**match, "fault": "status", "status": 503} if fault == "busy" else {**match, "fault": fault}]


@pytest.mark.parametrize("kind", list(THINGS))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=FAULTS, lag=st.sampled_from(["0", "30", "3600"]))
def test_one_delivery_makes_one_thing(play: Any, kind: str, faults: list[str], lag: str) -> None:
    listed, payload = THINGS[kind]

    async def scenario(shop: Any) -> None:
        before = len((await shop.state())[listed])
        maybe, outcome = False, None
        for attempt, fault in enumerate([*faults, "none"], 1):
            await shop.faults(*rule(fault))
            delivery = shop.delivery(kind, payload, attempt=attempt, maybe_applied=maybe)
            (outcome,) = await shop.push(kind, delivery)
            assert outcome.result is not Result.DEAD, outcome
            # A delivery that went through comes again only after a crash, and then as one that may have.
            maybe = maybe or outcome.maybe_applied or outcome.result is not Result.RETRY
            shop.clock.advance(outcome.after or 1)
        assert outcome is not None
        assert outcome.result in (Result.DELIVERED, Result.UNCHANGED), outcome
        assert len((await shop.state())[listed]) == before + 1

    play(scenario, records=1, extra={"index_lag": lag})
