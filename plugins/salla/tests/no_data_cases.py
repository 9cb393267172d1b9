"""Every way in which Salla shows a stock figure, and what it means: a number, or None for "no data".

Each case: its name, the merchant's edit of a sandbox, the SKU to look at, and the quantity expected of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Edit = Callable[[Any], Mapping[str, Any]]


def _branch(control: Any) -> int:
    return int(control.dump()["branches"][0]["id"])


def _stock(**values: Any) -> Edit:
    def edit(control: Any) -> Mapping[str, Any]:
        return dict(control.change("stock", branch=_branch(control), **values))

    return edit


CASES: list[tuple[str, Edit, str, int | None]] = [
    ("counted, some left", _stock(sku="SKU-00001", quantity=7, unlimited=False), "SKU-00001", 7),
    ("counted, none left: a real zero", _stock(sku="SKU-00001", quantity=0, unlimited=False), "SKU-00001", 0),
    ("unlimited with a zero beside it", _stock(sku="SKU-00001", quantity=0, unlimited=True), "SKU-00001", None),
    ("unlimited with a number beside it", _stock(sku="SKU-00001", quantity=412, unlimited=True), "SKU-00001", None),
    ("number missing", _stock(sku="SKU-00001", quantity=None, unlimited=False), "SKU-00001", None),
    ("unlimited without a number", _stock(sku="SKU-00001", quantity=None, unlimited=True), "SKU-00001", None),
    ("a variant's real zero", _stock(sku="SKU-00003-M", quantity=0, unlimited=False), "SKU-00003-M", 0),
    ("an unlimited variant", _stock(sku="SKU-00003-M", quantity=5, unlimited=True), "SKU-00003-M", None),
    (
        "the common word for no data",
        lambda control: control.change("stock", sku="SKU-00001", quantity=None),
        "SKU-00001",
        None,
    ),
    ("the common word for zero", lambda control: control.change("stock", sku="SKU-00001", quantity=0), "SKU-00001", 0),
    (
        "sold out by the merchant's switch, pieces left",
        lambda control: (
            control.change("stock", sku="SKU-00001", branch=_branch(control), quantity=3, unlimited=False),
            control.change("product", sku="SKU-00001", status="out"),
        )[1],
        "SKU-00001",
        3,
    ),
]
