"""What an order comes to: the platform reckons it from lines, postage and discount, to the penny."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["line_of", "totals_of"]

Json = Any

_PENNY = Decimal("0.01")


def line_of(values: Mapping[str, Json], item: Mapping[str, Json] | None, *, row: str) -> dict[str, Json]:
    """An order's line from the names of `ChannelOrderItem`, folded; `item` is what it is linked to, if anything."""
    quantity, inclusive = int(values["qty"]), bool(values.get("taxcostinclusive", True))
    rate = Decimal(str(values.get("taxrate") or 0))
    percent = Decimal(str(values.get("linediscount") or 0))
    gross = Decimal(str(values["priceperunit"])) * quantity
    charged = _rounded(gross * (100 - percent) / 100)
    net = _rounded(charged * 100 / (100 + rate)) if inclusive else charged
    with_tax = charged if inclusive else charged + _rounded(charged * rate / 100)
    return {
        "RowId": row,
        "StockItemId": item["StockItemId"] if item else "00000000-0000-0000-0000-000000000000",
        "StockItemIntId": 0,
        "ItemNumber": str(values.get("itemnumber") or ""),
        "SKU": item["ItemNumber"] if item else None,
        "ItemSource": "",
        "Title": item["ItemTitle"] if item else values.get("itemtitle") or "",
        "ChannelSKU": values.get("channelsku"),
        "ChannelTitle": values.get("itemtitle") or "",
        "Quantity": quantity,
        "PricePerUnit": float(Decimal(str(values["priceperunit"]))),
        "UnitCost": float(item["PurchasePrice"]) if item else 0.0,
        "Discount": float(percent),
        "DiscountValue": float(_rounded(gross) - charged),
        "TaxRate": float(rate),
        "Cost": float(net),
        "CostIncTax": float(with_tax),
        "SalesTax": 0.0,
        "TaxCostInclusive": inclusive,
        "IsService": bool(values.get("isservice", False)),
        "IsUnlinked": item is None,
        "CompositeSubItems": [],
    }


def totals_of(lines: Iterable[Mapping[str, Json]], *, postage: Json, discount: Json) -> dict[str, Json]:
    """The amounts of `TotalsInfo`."""
    with_tax = [Decimal(str(line["CostIncTax"])) for line in lines]
    net = [Decimal(str(line["Cost"])) for line in lines]
    subtotal, post, less = sum(with_tax, Decimal(0)), Decimal(str(postage or 0)), Decimal(str(discount or 0))
    return {
        "Subtotal": float(subtotal),
        "PostageCost": float(_rounded(post)),
        "PostageCostExTax": float(_rounded(post)),
        "Tax": float(subtotal - sum(net, Decimal(0))),
        "TotalDiscount": float(_rounded(less)),
        "TotalCharge": float(_rounded(subtotal + post - less)),
    }


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_PENNY, ROUND_HALF_UP)
