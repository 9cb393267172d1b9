"""What became of each record of a batch is told, whatever happens to its neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pullpush_shopify.batches import each

from pullpush_sdk.connector import Outcome, Result
from pullpush_sdk.errors import AuthError, RejectedError, UnavailableError


def outcomes_of(*results: Outcome | Exception) -> Any:
    async def push_one(delivery: Any) -> Outcome:
        result = results[delivery]
        if isinstance(result, Exception):
            raise result
        return result

    return asyncio.run(each(range(len(results)), push_one))  # type: ignore[arg-type]


def test_errors_of_one_record_are_its_outcome() -> None:
    found = outcomes_of(Outcome.delivered(), RejectedError("no"), UnavailableError("later", maybe_applied=True))
    assert [each.result for each in found] == [Result.DELIVERED, Result.DEAD, Result.RETRY]
    assert found[2].maybe_applied


def test_an_error_of_the_connection_is_raised_only_if_nothing_got_further() -> None:
    found = outcomes_of(Outcome.delivered(), AuthError("revoked"))
    assert [each.result for each in found] == [Result.DELIVERED, Result.RETRY]
    with pytest.raises(AuthError):
        outcomes_of(AuthError("revoked"), AuthError("revoked"))


@pytest.mark.parametrize("kind", ["product", "order", "stocklevel"])
def test_a_search_without_an_answer_writes_nothing_and_is_tried_again(play: Callable[..., Any], kind: str) -> None:
    payloads = {
        "product": {"sku": "SKU-00001", "title": "New"},
        "order": {"orderId": "1", "lineItems": [{"sku": "SKU-00001"}]},
        "stocklevel": {"sku": "SKU-00001", "quantity": 3, "locationId": "1"},
    }

    async def scenario(shop: Any) -> None:
        await shop.faults({"match": {"body": "*FindItems*"}, "fault": "status", "status": 503})
        outcomes = await shop.push(
            kind, shop.delivery(kind, payloads[kind]), shop.delivery(kind, payloads[kind], id="b")
        )
        assert [each.result for each in outcomes] == [Result.RETRY] * 2
        assert not [each for each in await shop.log() if each["method"] == "WRITE"]

    play(scenario, records=1)
