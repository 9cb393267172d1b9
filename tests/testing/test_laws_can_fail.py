"""Every law is broken by the connector that was made to break it, and says so in a way that helps."""

from __future__ import annotations

import pytest

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, Subject
from pullpush_sdk.testing.conformance.saboteurs import SABOTEURS, sabotaged

SUBJECT = Subject.of(load_plugins(), "shopify")
STOCK_OR_PRODUCT = {"source-goes-on-from-every-page": "product", "source-ends-on-a-repeated-page": "order"}


def test_every_law_has_its_saboteur():
    assert set(SABOTEURS) == {law.name for law in LAWS}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_broken_connector_breaks_the_law(law):
    canonical_type = STOCK_OR_PRODUCT.get(law.name, "stocklevel")
    with pytest.raises(BrokenLawError) as caught:
        law.run(sabotaged(SUBJECT, law.name), canonical_type, Effort(examples=8, seed=1))
    message = str(caught.value)
    assert f"breaks the law {law.name} for {canonical_type}" in message
    assert law.says in message
    assert law.fix in message
    assert "seed: 1" in message


def test_the_smallest_history_is_shown():
    law = next(law for law in LAWS if law.name == "source-misses-no-change")
    with pytest.raises(BrokenLawError) as caught:
        law.run(sabotaged(SUBJECT, law.name), "stocklevel", Effort(examples=8, seed=1))
    assert str(caught.value).count("after page ") == 1
