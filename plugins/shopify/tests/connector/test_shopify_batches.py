"""What became of each record of a batch is told, whatever happens to its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pullpush_sdk.connector import Result


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
