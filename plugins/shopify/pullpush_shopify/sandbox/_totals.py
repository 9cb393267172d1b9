"""An order's sums, exact to the minor unit of both currencies."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pullpush_shopify.sandbox._model import Order, OrderLine, TaxLine
from pullpush_shopify.sandbox._money import Bag

__all__ = ["line_total", "recalculate", "settle", "unit_after_discounts"]

_HALF = Decimal("0.5")


def line_total(line: OrderLine) -> Bag:
    """What a line costs as ordered, discounts taken off, taxes aside."""
    return line.price * line.quantity - line.discount


def unit_after_discounts(line: OrderLine) -> Bag:
    """What one piece costs, discounts taken off."""
    return line_total(line).part(Decimal(1) / line.quantity) if line.quantity else line.price


def recalculate(order: Order) -> None:
    """Write every total of `order` from its lines, shipping and taxes; payments stay as they are."""
    nothing = order.shipping.zero
    order.subtotal = _sum((line_total(line) for line in order.lines), nothing)
    order.total_discounts = _sum((line.discount for line in order.lines), nothing)
    order.total_tax = _sum((tax.amount for tax in _taxes(order)), nothing)
    order.current_subtotal = _sum((_current_total(line) for line in order.lines), nothing)
    current_taxes = (tax.amount.part(_share(line)) for line in order.lines for tax in line.taxes)
    order.current_tax = _sum(current_taxes, _sum((tax.amount for tax in order.order_taxes), nothing))
    order.total = order.subtotal + order.shipping
    order.current_total = order.current_subtotal + order.shipping
    if not order.taxes_included:
        order.total += order.total_tax
        order.current_total += order.current_tax
    if order.cancelled_at is not None and order.financial_status in ("REFUNDED", "VOIDED"):
        order.current_total = nothing
    order.outstanding = nothing
    if order.financial_status in ("PENDING", "AUTHORIZED", "PARTIALLY_PAID", None):
        order.outstanding = order.current_total - (order.received - order.refunded)


def settle(order: Order) -> None:
    """Write what was received and refunded so that it agrees with the order's financial status."""
    nothing = order.shipping.zero
    order.received = order.refunded = nothing
    recalculate(order)
    if order.financial_status in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED"):
        order.received = order.total
    elif order.financial_status == "PARTIALLY_PAID":
        order.received = order.total.part(_HALF)
    if order.financial_status == "REFUNDED":
        order.refunded = order.received
    elif order.financial_status == "PARTIALLY_REFUNDED":
        order.refunded = order.total - order.current_total
    recalculate(order)


def _taxes(order: Order) -> Iterable[TaxLine]:
    for line in order.lines:
        yield from line.taxes
    yield from order.order_taxes


def _share(line: OrderLine) -> Decimal:
    """How much of a line is left after edits."""
    return Decimal(line.current_quantity) / line.quantity if line.quantity else Decimal(0)


def _current_total(line: OrderLine) -> Bag:
    if line.current_quantity == line.quantity:
        return line_total(line)
    return line.price * line.current_quantity - line.discount.part(_share(line))


def _sum(bags: Iterable[Bag], start: Bag) -> Bag:
    total = start
    for bag in bags:
        total += bag
    return total
