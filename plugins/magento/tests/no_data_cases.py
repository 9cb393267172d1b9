"""Every documented way in which the platform has no number for a SKU, and every real number beside it.

`CASES` holds (name, edit, SKU, expected, switches): `edit` gets the sandbox's control before the sweep; `expected` is
the quantity at the source `default` afterwards, None where nothing is known. `switches` go to the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from pullpush_sdk.sandbox import Control

Edit = Callable[[Control], object]

LEGACY: Mapping[str, str] = {"inventory": "legacy"}
SOURCES: Mapping[str, str] = {}


def _stock(**values: object) -> Edit:
    return lambda control: control.change("stock", **values)


CASES: list[tuple[str, Edit, str, Decimal | int | None, Mapping[str, str]]] = [
    ("real zero", _stock(sku="MG-0000", quantity=0), "MG-0000", 0, SOURCES),
    ("real number", _stock(sku="MG-0000", quantity=7), "MG-0000", 7, SOURCES),
    ("fraction", _stock(sku="MG-0000", quantity=2.25), "MG-0000", Decimal("2.25"), SOURCES),
    ("below zero with backorders", _stock(sku="MG-0000", quantity=-3, backorders=1), "MG-0000", -3, SOURCES),
    ("stock not managed", _stock(sku="MG-0000", quantity=None), "MG-0000", None, SOURCES),
    ("not managed, with a number", _stock(sku="MG-0000", manage_stock=False), "MG-0000", None, SOURCES),
    ("product gone, row left", lambda c: c.change("product_delete", sku="MG-0000"), "MG-0000", None, SOURCES),
    ("source switched off", lambda c: c.change("source", source="default", enabled=False), "MG-0000", None, SOURCES),
    ("no row at the source", _stock(sku="MG-0007", backorders=0), "MG-0007", None, SOURCES),
    ("configurable product", _stock(sku="MG-0004", qty=0), "MG-0004", None, SOURCES),
    ("bundle", _stock(sku="MG-0006", qty=0), "MG-0006", None, SOURCES),
    ("legacy real zero", _stock(sku="MG-0000", quantity=0), "MG-0000", 0, LEGACY),
    ("legacy real number", _stock(sku="MG-0000", quantity=7), "MG-0000", 7, LEGACY),
    ("legacy not managed", _stock(sku="MG-0000", quantity=None), "MG-0000", None, LEGACY),
    ("legacy null", _stock(sku="MG-0000", qty=None), "MG-0000", None, LEGACY),
    ("legacy configurable product", _stock(sku="MG-0004", qty=0), "MG-0004", None, LEGACY),
]
