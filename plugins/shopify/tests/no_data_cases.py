"""Every form in which Shopify says "no data" of a stock level, beside every real zero.

`CASES` holds (name, edit, sku, expected): the edit is made to a sandbox's `Control`, after which the level of the SKU
is read as `expected`; None where nothing is known, which is never written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

SKU = "SKU-00001"

Case = tuple[str, Callable[[Any], object], str, int | Decimal | None]


def _untracked(figure: int) -> Callable[[Any], object]:
    def edit(control: Any) -> None:
        control.change("stock", sku=SKU, quantity=figure)
        control.change("track", sku=SKU, tracked=False)

    return edit


CASES: list[Case] = [
    ("counted and stocked", lambda control: control.change("stock", sku=SKU, quantity=7), SKU, 7),
    ("none left", lambda control: control.change("stock", sku=SKU, quantity=0), SKU, 0),
    ("oversold", lambda control: control.change("stock", sku=SKU, quantity=-3), SKU, -3),
    ("not counted, which GraphQL shows as 0", _untracked(7), SKU, None),
    ("not counted, with 0 beneath", _untracked(0), SKU, None),
    ("the merchant stops counting", lambda control: control.change("stock", sku=SKU, quantity=None), SKU, None),
    (
        "no longer stocked there, with its last figure",
        lambda control: control.change("stock", sku=SKU, quantity=7, active=False),
        SKU,
        None,
    ),
    (
        "no longer stocked there, with 0",
        lambda control: control.change("stock", sku=SKU, quantity=0, active=False),
        SKU,
        None,
    ),
    (
        "a variant of a product with several",
        lambda control: control.change("stock", sku="SKU-00003-M", quantity=0),
        "SKU-00003-M",
        0,
    ),
]
