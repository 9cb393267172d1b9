"""Every form in which Linnworks says that it has no number of a SKU, and the real zeros beside them.

`CASES` are (name, edit, sku, expected): `edit` takes the sandbox's control and makes the situation; `expected` is the
quantity that is read at the Default location, None where there is no data (a null or no event at all).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DEFAULT = "00000000-0000-0000-0000-000000000000"

Edit = Callable[[Any], Any]


def _stock(sku: str, **values: Any) -> Edit:
    return lambda control: control.change("stock", sku=sku, location=DEFAULT, **values)


def _nothing(_: Any) -> None:
    """As seeded."""


def _composite_tracked(control: Any) -> None:
    control.change("stock", sku="LW-0007", location=DEFAULT, minimum_level=-1, level=9)


CASES: list[tuple[str, Edit, str, int | None]] = [
    ("a real zero", _stock("LW-0000", quantity=0), "LW-0000", 0),
    ("a real zero beside open orders", _stock("LW-0005", quantity=0), "LW-0005", 0),
    ("everything is ordered", _stock("LW-0000", level=4, in_orders=4), "LW-0000", 0),
    ("oversold", _stock("LW-0000", level=0, in_orders=2), "LW-0000", -2),
    ("no longer tracked", _stock("LW-0000", quantity=None), "LW-0000", None),
    ("untracked with a number left over", _stock("LW-0000", level=7, minimum_level=-1), "LW-0000", None),
    ("untracked as seeded", _nothing, "LW-0002", None),
    ("an untracked composite", _composite_tracked, "LW-0007", None),
    ("a variation parent holds nothing", _nothing, "LW-0006", None),
    (
        "no row at the location",
        lambda control: control.change("stock_row_delete", sku="LW-0000", location=DEFAULT),
        "LW-0000",
        None,
    ),
    (
        "the location keeps no stock",
        lambda control: control.change("location", location=DEFAULT, trackable=False),
        "LW-0000",
        None,
    ),
    ("the item is archived", lambda control: control.change("product_delete", sku="LW-0000"), "LW-0000", None),
]
