"""Canonical orders as the platform's inputs. Pure: a payload in, what to send out, with every sum checked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import money_text
from pullpush_sdk.errors import RejectedError

from .items import Found
from .status import FINANCIAL_STATUS, FULFILLMENT_STATUS, PAID_BY_STATUS

Json = Any
Payload = Mapping[str, Json]

_ZERO = Decimal(0)
_RATE = Decimal("0.000001")
_ADDRESS = {
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "provinceCode": "provinceCode",
    "postalCode": "zip",
    "phone": "phone",
}


def creation_of(
    payload: Payload, *, key: str, found: Found, custom_lines: bool = False, capture: bool = False
) -> tuple[dict[str, Json], Decimal]:
    """The input of `orderCreate`, and the total that the order must have there.

    With `custom_lines`, a SKU that the shop does not have becomes a line without a product; with `capture`, the whole
    amount of a paid order is recorded as received.

    Raises:
        RejectedError: it is in another currency than the shop's, a line lacks what a line needs, its SKU is there not
            at all or several times, or the parts do not add up to the total to the minor unit.
    """
    currency = payload.get("currency")
    if currency != found.currency:
        named = f"in {currency}" if currency else "in no named currency"
        raise RejectedError(f"the order is {named}, and the shop keeps its books in {found.currency}")
    body = _Amounts(payload)
    lines = payload.get("lineItems") or ()
    if not lines:
        raise RejectedError("an order without lines cannot be created in Shopify")
    _check_skus(lines, found, custom_lines=custom_lines)
    is_shipped = bool(payload.get("shippingAddress"))
    order: dict[str, Json] = {
        "currency": currency,
        "sourceIdentifier": key,
        "sourceName": "pullpush",
        "taxesIncluded": body.taxes_included,
        "lineItems": [_line(line, body, found, is_shipped=is_shipped) for line in lines],
        **_plain(payload),
        **_statuses(payload),
    }
    body.check()
    if body.order_tax:
        order["taxLines"] = [body.tax_line(body.order_tax, body.taxable)]
    if body.discount:
        code = payload.get("discountCodes") or "DISCOUNT"
        order["discountCode"] = {"itemFixedDiscountCode": {"code": code, "amountSet": body.bag(body.discount)}}
    if body.shipping or payload.get("shippingMethod"):
        title = payload.get("shippingMethod") or "Shipping"
        order["shippingLines"] = [{"title": title, "priceSet": body.bag(body.shipping)}]
    for name in ("billingAddress", "shippingAddress"):
        if payload.get(name):
            order[name] = address_of(payload[name])
    if customer := _customer(payload):
        order["customer"] = {"toUpsert": customer}
    if capture and order.get("financialStatus") == "PAID" and body.total:
        order["transactions"] = [{"kind": "SALE", "status": "SUCCESS", "amountSet": body.bag(body.total)}]
    return order, body.total


def _check_skus(lines: Sequence[Payload], found: Found, *, custom_lines: bool) -> None:
    """Every SKU must be one item of the shop: a guess would count against the wrong one.

    Raises:
        RejectedError: some are not; all of them are named.
    """
    skus = list(dict.fromkeys(line["sku"] for line in lines if line.get("sku")))
    twice = [f"{sku} ({', '.join(item.id for item in found.of(sku))})" for sku in skus if len(found.of(sku)) > 1]
    if twice:
        raise RejectedError(f"several items have the SKU {'; '.join(twice)}", hint="make it unique in Shopify")
    missing = [sku for sku in skus if not found.of(sku)]
    if missing and not custom_lines:
        hint = "create the product first, or switch on the setting custom_lines"
        raise RejectedError(f"no item has the SKU {', '.join(missing)}", hint=hint)


class _Amounts:
    """An order's sums, from its payload; taxes are taken from the lines only where those add up to the order's."""

    def __init__(self, payload: Payload) -> None:
        self.lines: Sequence[Payload] = payload.get("lineItems") or ()
        self.currency = payload["currency"]
        self.taxes_included = bool(payload.get("taxesIncluded"))
        self.gross = sum((_amount(line, "unitPrice") * _pieces(line) for line in self.lines), _ZERO)
        self.shipping = _amount(payload, "shippingAmount")
        of_lines = sum((_amount(line, "discount") for line in self.lines), _ZERO)
        self.discount = _amount(payload, "discountAmount") or of_lines
        line_taxes = sum((_amount(line, "tax") for line in self.lines), _ZERO)
        self.tax = line_taxes if payload.get("taxAmount") is None else _amount(payload, "taxAmount")
        self.by_line = line_taxes == self.tax
        self.order_tax = _ZERO if self.by_line else self.tax
        self.total = self.sum if payload.get("totalAmount") is None else _amount(payload, "totalAmount")

    @property
    def taxable(self) -> Decimal:
        """What taxes are reckoned on."""
        return self.gross - self.discount + self.shipping

    @property
    def sum(self) -> Decimal:
        """What the parts add up to."""
        return self.taxable + (_ZERO if self.taxes_included else self.tax)

    def check(self) -> None:
        """Whether the parts add up to the total; nothing is written that the shop's books would not show."""
        if self.sum != self.total:
            tax = "included" if self.taxes_included else f"+ {self.tax} tax"
            raise RejectedError(
                f"the order's total is {self.total}, but {self.gross} lines - {self.discount} discount"
                f" + {self.shipping} shipping {tax} make {self.sum}",
                hint="map the missing part, or taxesIncluded",
            )

    def bag(self, amount: Decimal) -> dict[str, Json]:
        """An amount as the platform takes it."""
        return {"shopMoney": {"amount": money_text(amount), "currencyCode": self.currency}}

    def tax_line(self, tax: Decimal, base: Decimal) -> dict[str, Json]:
        """A tax with its amount; the rate is worked out, since the platform wants one."""
        net = base - tax if self.taxes_included else base
        rate = (tax / net).quantize(_RATE) if net > 0 else _ZERO
        return {"title": "Tax", "rate": money_text(rate), "priceSet": self.bag(tax)}


def _line(line: Payload, amounts: _Amounts, found: Found, *, is_shipped: bool) -> dict[str, Json]:
    sku, title = line.get("sku"), line.get("title")
    if line.get("unitPrice") is None:
        raise RejectedError(f"the line {sku or title or '?'} has no price")
    if not title and not sku:
        raise RejectedError("a line has neither title nor SKU")
    body: dict[str, Json] = {
        "title": title or sku,
        "quantity": _pieces(line),
        "priceSet": amounts.bag(_amount(line, "unitPrice")),
        "requiresShipping": is_shipped,
    }
    items = found.of(sku) if sku else ()
    if sku:
        body["sku"] = sku
    if items and items[0].variant is not None:
        body["variantId"] = items[0].variant
    if line.get("variantTitle"):
        body["variantTitle"] = line["variantTitle"]
    tax = _amount(line, "tax")
    if tax and amounts.by_line:
        base = _amount(line, "unitPrice") * _pieces(line) - _amount(line, "discount")
        body["taxLines"] = [amounts.tax_line(tax, base)]
    return body


def _pieces(line: Payload) -> int:
    quantity = line.get("quantity")
    if quantity is None or quantity != int(quantity) or quantity < 1:
        shown = line.get("sku") or line.get("title") or "?"
        raise RejectedError(f"the line {shown} has the quantity {quantity}; Shopify takes whole pieces, at least one")
    return int(quantity)


def _amount(record: Payload, name: str) -> Decimal:
    """Money of a payload; what is not said is nothing."""
    value = record.get(name)
    return _ZERO if value is None else Decimal(value)


def _plain(payload: Payload) -> dict[str, Json]:
    found = {name: payload[name] for name in ("email", "phone", "note") if payload.get(name)}
    if payload.get("tags"):
        found["tags"] = list(payload["tags"])
    when = payload.get("processedAt") or payload.get("createdAt")
    return found | ({"processedAt": when} if when else {})


def _statuses(payload: Payload) -> dict[str, str]:
    paid = FINANCIAL_STATUS.get(payload.get("financialStatus") or "") or PAID_BY_STATUS.get(payload.get("status") or "")
    sent = FULFILLMENT_STATUS.get(payload.get("fulfillmentStatus") or "")
    return ({"financialStatus": paid} if paid else {}) | ({"fulfillmentStatus": sent} if sent else {})


def _customer(payload: Payload) -> dict[str, Json] | None:
    """Who bought, known by e-mail address; without one the order is a guest's."""
    customer = payload.get("customer") or {}
    email = customer.get("email") or payload.get("email")
    if not email:
        return None
    first, last = names_of(customer)
    return {"email": email} | ({"firstName": first} if first else {}) | ({"lastName": last} if last else {})


def names_of(person: Payload) -> tuple[str, str]:
    """First and last name; a name in one piece is split before its last word."""
    first, last = person.get("firstName") or "", person.get("lastName") or ""
    if not first and not last:
        first, _, last = (person.get("name") or "").strip().rpartition(" ")
    return first, last


def address_of(address: Payload) -> dict[str, Json]:
    """A postal address as the platform takes it; a country without a code of two letters is left out."""
    first, last = names_of(address)
    found = {native: address[name] for name, native in _ADDRESS.items() if address.get(name)}
    found |= ({"firstName": first} if first else {}) | ({"lastName": last} if last else {})
    country = (address.get("countryCode") or "").upper()
    return found | ({"countryCode": country} if len(country) == 2 and country.isalpha() else {})


def changes_of(payload: Payload, order: Payload) -> dict[str, Json]:
    """What `orderUpdate` must write: of what may change, the fields that are present and differ."""
    changes: dict[str, Json] = {}
    if "note" in payload and (payload["note"] or "") != (order["note"] or ""):
        changes["note"] = payload["note"] or ""
    if payload.get("email") and payload["email"].casefold() != (order["email"] or "").casefold():
        changes["email"] = payload["email"]
    if "tags" in payload and set(payload["tags"] or ()) != set(order["tags"]):
        changes["tags"] = list(payload["tags"] or ())
    if payload.get("shippingAddress"):
        wanted, there = address_of(payload["shippingAddress"]), order["shippingAddress"] or {}
        names = {name: "countryCodeV2" if name == "countryCode" else name for name in wanted}
        if any(value != there.get(names[name]) for name, value in wanted.items()):
            changes["shippingAddress"] = wanted
    return changes
