"""What the store holds. Amounts are minor units, instants aware UTC, ids as the platform's (9 to 10 digits)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from pullpush_salla.sandbox.money import TAX_PERCENT, share
from pullpush_salla.sandbox.words import Words

__all__ = [
    "Branch",
    "Cart",
    "Customer",
    "History",
    "Invoice",
    "Line",
    "Option",
    "OptionValue",
    "Order",
    "Product",
    "Stock",
    "Subscription",
    "Variant",
]


@attrs.define
class Stock:
    """Quantities by branch id; None = the platform shows null. With `unlimited` the numbers mean nothing."""

    unlimited: bool
    by_branch: dict[int, int | None]

    def total(self) -> int | None:
        """Sum over the branches that have a number; None where none has."""
        known = [quantity for quantity in self.by_branch.values() if quantity is not None]
        return sum(known) if known else None


@attrs.define
class OptionValue:
    """A value of an option; `extra_price` is added to a line that chose it."""

    id: int
    name: Words
    extra_price: int = 0


@attrs.define
class Option:
    """What a buyer chooses (a size); every combination of values is a variant."""

    id: int
    name: Words
    values: list[OptionValue]


@attrs.define
class Variant:
    """A combination of option values; `sku` may be None. `price` None = the product's price counts."""

    id: int
    product_id: int
    sku: str | None
    values: tuple[int, ...]
    stock: Stock
    updated_at: datetime
    price: int | None = None
    sale_price: int | None = None
    cost: int | None = None
    barcode: str | None = None
    mpn: str | None = None
    gtin: str | None = None


@attrs.define
class Product:
    """`stock` of a product with variants is a number that nobody maintains.

    `quantity_as_text` makes the product's own quantity a string, as older records have it.
    """

    id: int
    number: int
    name: Words
    sku: str
    regular_price: int
    stock: Stock
    updated_at: datetime
    type: str = "product"
    description: Words = ("", "")
    sale_price: int | None = None
    cost: int | None = None
    status: str = "sale"
    quantity_as_text: bool = False
    managed_by_branches: bool = False
    waits_for_image: bool = False
    images: int = 1
    notify_quantity: int | None = None
    sold: int = 0
    gtin: str | None = None
    mpn: str | None = None
    weight: str = "0.5"
    categories: tuple[int, ...] = ()
    options: list[Option] = attrs.field(factory=list)
    variants: list[Variant] = attrs.field(factory=list)

    @property
    def price(self) -> int:
        """The selling price: the sale price while there is one."""
        return self.regular_price if self.sale_price is None else self.sale_price


@attrs.define
class Branch:
    """A place that holds stock."""

    id: int
    name: Words
    is_default: bool
    active: bool = True


@attrs.define
class Customer:
    """A guest has `id` None and exists inside its order only; `email` may be empty."""

    id: int | None
    first_name: str
    last_name: str
    mobile: str
    mobile_code: str
    email: str
    created_at: datetime
    updated_at: datetime
    gender: str = "male"
    birthday: str | None = None
    country_code: str = "SA"
    groups: tuple[int, ...] = ()


@attrs.define
class Line:
    """`unit` is the price without tax and with the chosen options' prices; `discount` is the whole line's."""

    id: int
    product_id: int
    variant_id: int | None
    sku: str
    name: Words
    quantity: int
    unit: int
    discount: int = 0
    taxed: bool = True

    @property
    def total(self) -> int:
        """Without tax, before discount: what the platform calls the line's total."""
        return self.unit * self.quantity

    @property
    def tax(self) -> int:
        """Tax of what is left after the discount, rounded per line."""
        return share(self.total - self.discount, TAX_PERCENT) if self.taxed else 0


@attrs.define
class History:
    """One change of an order's status."""

    id: int
    status_id: int
    note: str
    created_at: datetime


@attrs.define
class Order:
    """An order; `customer` None where nobody is known, `shipping` and `cash_on_delivery` without tax."""

    id: int
    reference_id: int
    created_at: datetime
    updated_at: datetime
    status_id: int
    payment_method: str
    lines: list[Line]
    customer: Customer | None
    branch_id: int
    shipping: int = 0
    cash_on_delivery: int = 0
    coupon: str | None = None
    source: str = "store"
    draft: bool = False
    receiver: dict[str, Any] = attrs.field(factory=dict)
    ship_to: dict[str, Any] = attrs.field(factory=dict)
    histories: list[History] = attrs.field(factory=list)

    @property
    def sub_total(self) -> int:
        """All lines, without tax, before discounts."""
        return sum(line.total for line in self.lines)

    @property
    def discount(self) -> int:
        """All lines' discounts."""
        return sum(line.discount for line in self.lines)

    @property
    def tax(self) -> int:
        """Of the lines, and of shipping where anything is taxed."""
        taxed = any(line.taxed for line in self.lines)
        return sum(line.tax for line in self.lines) + (share(self.shipping, TAX_PERCENT) if taxed else 0)

    @property
    def total(self) -> int:
        """Exactly sub_total - discount + shipping + cash_on_delivery + tax."""
        return self.sub_total - self.discount + self.shipping + self.cash_on_delivery + self.tax


@attrs.define
class Cart:
    """An abandoned cart; `status` is `active` or `purchased`."""

    id: int
    created_at: datetime
    updated_at: datetime
    customer: Customer
    lines: list[Line]
    status: str = "active"

    @property
    def subtotal(self) -> int:
        """All lines, without tax."""
        return sum(line.total for line in self.lines)

    @property
    def total(self) -> int:
        """With tax."""
        return self.subtotal + sum(line.tax for line in self.lines)


@attrs.define
class Invoice:
    """A tax invoice or credit note of an order; `reference_id` is the invoice that a credit note takes back."""

    id: int
    number: int
    order: Order
    type: str
    created_at: datetime
    reference_id: int | None = None


@attrs.define
class Subscription:
    """`strategy` None = never set; `secret` empty = the app's webhook secret."""

    id: int
    name: str
    event: str
    url: str
    version: int
    rule: str
    headers: dict[str, str]
    strategy: str | None = None
    secret: str = ""
