"""An order as Linnworks takes it, if Linnworks would reckon it to the same total.

The platform adds up by itself: lines at their unit price, postage with tax, less one discount for the whole order
(`ChannelOrder` in the vendor's specification). What it would come to is reckoned here first, to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs

from .functions import SOURCE

Json = Any

PAID = frozenset({"paid", "processing", "partially_shipped", "shipped", "delivered", "completed"})
SHIPPED = frozenset({"shipped", "delivered", "completed"})

_CENT = Decimal("0.01")
_RATE = Decimal("0.01")
_ZERO = Decimal(0)
_ADDRESS = {
    "company": "Company",
    "address1": "Address1",
    "address2": "Address2",
    "city": "Town",
    "postalCode": "PostCode",
    "country": "Country",
    "countryCode": "MatchCountryCode",
}


@attrs.frozen(kw_only=True)
class Reckoning:
    """What the platform makes of an order: `rates` are percents of tax, one per line."""

    inclusive: bool
    rates: Sequence[Decimal]
    postage: Decimal
    discount: Decimal


def is_paid(payload: Mapping[str, Json]) -> bool:
    """Whether the buyer has paid, as far as the order says."""
    financial = payload.get("financialStatus")
    return financial == "paid" if financial else payload.get("status") in PAID


def problems_of(payload: Mapping[str, Json]) -> list[str]:
    """What keeps the lines from being lines of Linnworks, in words; empty where nothing does."""
    lines = payload.get("lineItems") or ()
    found = [] if lines else ["it has no lines"]
    for line in lines:
        shown, quantity = f"the line {line.get('title') or line.get('sku') or '?'!r}", line.get("quantity")
        if not line.get("sku"):
            found.append(f"{shown} has no SKU")
        if not isinstance(quantity, int) or quantity < 1:
            found.append(f"{shown} has the quantity {quantity}; Linnworks sells whole pieces")
        if line.get("unitPrice") is None:
            found.append(f"{shown} has no price")
    return found


def reckon(payload: Mapping[str, Json]) -> Reckoning | str:
    """How the order is entered so that its total comes out, or why it cannot be."""
    if payload.get("totalAmount") is None:
        return "it says no total"
    stated = payload.get("taxesIncluded")
    failures = []
    for inclusive in (True, False) if stated is None else (bool(stated),):
        reckoned = _reckon(payload, inclusive=inclusive)
        if isinstance(reckoned, Reckoning):
            return reckoned
        failures.append(reckoned)
    return failures[0]


def _reckon(payload: Mapping[str, Json], *, inclusive: bool) -> Reckoning | str:
    lines = payload["lineItems"]
    total, tax = _amount(payload["totalAmount"]), _amount(payload.get("taxAmount"))
    sums = [_amount(line["unitPrice"]) * line["quantity"] for line in lines]
    rates = _rates(payload, sums, inclusive=inclusive)
    postage = _amount(payload.get("shippingAmount"))
    charged = sums
    if not inclusive:
        # Postage is sent with its tax: what the lines' own taxes leave of the order's.
        taxes = [_rounded(amount * rate / 100) for amount, rate in zip(sums, rates, strict=True)]
        charged = [_rounded(amount) + added for amount, added in zip(sums, taxes, strict=True)]
        postage += max(tax - sum(taxes, _ZERO), _ZERO)
    comes_to = sum(map(_rounded, charged), _ZERO) + postage
    if comes_to == total:
        return Reckoning(inclusive=inclusive, rates=rates, postage=postage, discount=_ZERO)
    on_lines = sum((_amount(line.get("discount")) for line in lines), _ZERO)
    on_order = _amount(payload.get("discountAmount"))
    if comes_to - total in (on_order, on_lines, on_order + on_lines) and comes_to > total:
        return Reckoning(inclusive=inclusive, rates=rates, postage=postage, discount=comes_to - total)
    return (
        f"its lines and shipping come to {comes_to} in Linnworks, its discounts to {on_order or on_lines}, "
        f"and it says {total}"
    )


def _rates(payload: Mapping[str, Json], sums: Sequence[Decimal], *, inclusive: bool) -> list[Decimal]:
    """The percent of tax in (or on) each line: by its own tax, else as the whole order's tax says."""
    whole, base = _amount(payload.get("taxAmount")), sum(sums, _ZERO)
    shared = _percent(whole, base, inclusive=inclusive)
    rates = []
    for line, amount in zip(payload["lineItems"], sums, strict=True):
        known = line.get("tax")
        net = _amount(line.get("total")) if inclusive and line.get("total") is not None else amount
        rates.append(shared if known is None else _percent(_amount(known), net, inclusive=inclusive))
    return rates


def _percent(tax: Decimal, amount: Decimal, *, inclusive: bool) -> Decimal:
    base = amount - tax if inclusive else amount
    return (tax * 100 / base).quantize(_RATE, ROUND_HALF_UP) if base > 0 and tax > 0 else _ZERO


def order_body(payload: Mapping[str, Json], reckoned: Reckoning, settings: Mapping[str, Json], now: str) -> Json:
    """The `ChannelOrder`. No amount is refunded, no mail asked for; lines take stock only if the connection says so."""
    paid, received = is_paid(payload), payload.get("createdAt") or now
    shipped = payload.get("status") in SHIPPED and not settings.get("process_shipped")
    body: dict[str, Json] = {
        "Source": SOURCE,
        "SubSource": settings.get("order_subsource") or "PullPush",
        "ReferenceNumber": payload["orderId"],
        "ExternalReference": payload.get("orderNumber") or payload["orderId"],
        "Currency": payload["currency"],
        "ReceivedDate": received,
        "PaymentStatus": "Paid" if paid else "Unpaid",
        # Parked, nobody ships it here: it is on hold, or it was shipped where it comes from.
        "OrderState": "Park" if shipped or payload.get("status") == "on_hold" else "None",
        "AutomaticallyLinkBySKU": bool(settings.get("reserve_stock")),
        "UseChannelTax": True,
        "PostalServiceCost": reckoned.postage,
        "Discount": reckoned.discount,
        "OrderItems": [
            _line(number, line, rate, inclusive=reckoned.inclusive)
            for number, (line, rate) in enumerate(zip(payload["lineItems"], reckoned.rates, strict=True), start=1)
        ],
        "DeliveryAddress": _address(payload, "shippingAddress", "billingAddress"),
        "BillingAddress": _address(payload, "billingAddress", "shippingAddress"),
    }
    if paid:
        body["PaidOn"] = payload.get("processedAt") or received
    if reckoned.discount:
        body |= {"DiscountType": "AllEvenly", "DiscountTaxType": "DeductAfterTax"}
    name = (payload.get("customer") or {}).get("name")
    return {**body, "ChannelBuyerName": name} if name else body


def _line(number: int, line: Mapping[str, Json], rate: Decimal, *, inclusive: bool) -> Json:
    return {
        "ItemNumber": str(number),
        "ChannelSKU": line["sku"],
        "ItemTitle": line.get("title") or line["sku"],
        "Qty": line["quantity"],
        "PricePerUnit": _amount(line["unitPrice"]),
        "TaxRate": rate,
        "TaxCostInclusive": inclusive,
        "UseChannelTax": True,
        "LineDiscount": 0,
        "IsService": False,
    }


def _address(payload: Mapping[str, Json], first: str, second: str) -> Json:
    """An address with the buyer's name, mail and number where it has none of its own."""
    given = payload.get(first) or payload.get(second) or {}
    customer = payload.get("customer") or {}
    found = {native: given[name] for name, native in _ADDRESS.items() if given.get(name)}
    region = given.get("province") or given.get("provinceCode")
    names = " ".join(given[key] for key in ("firstName", "lastName") if given.get(key))
    own = " ".join(customer[key] for key in ("firstName", "lastName") if customer.get(key))
    rest = {
        "Region": region,
        "FullName": given.get("name") or names or customer.get("name") or own,
        "Company": found.get("Company") or customer.get("company"),
        "EmailAddress": given.get("email") or payload.get("email") or customer.get("email"),
        "PhoneNumber": given.get("phone") or payload.get("phone") or customer.get("phone"),
    }
    return {**found, **{name: value for name, value in rest.items() if value}}


def _amount(value: Json) -> Decimal:
    return _ZERO if value is None else Decimal(str(value))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
