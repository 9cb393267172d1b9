"""What the shop holds: plain mutable records; all rules about them stand elsewhere.

Every record has `id` (the number), `created_at` and `updated_at` (aware UTC, with microseconds that the API does
not print), and `gid`, the id that the API shows.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from pullpush_shopify.sandbox._money import Bag

__all__ = [
    "Address",
    "BulkJob",
    "Checkout",
    "CheckoutLine",
    "Company",
    "Customer",
    "Item",
    "Level",
    "Location",
    "Metafield",
    "Order",
    "OrderLine",
    "Picture",
    "Product",
    "Record",
    "Subscription",
    "TaxLine",
    "Variant",
    "Weight",
]


@attrs.define(kw_only=True, eq=False)
class Record:
    """Anything with an id of its own."""

    kind: ClassVar[str] = ""
    id: int
    created_at: datetime
    updated_at: datetime

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/{self.kind}/{self.id}"


@attrs.define(kw_only=True, eq=False)
class Location(Record):
    """A place that holds stock; `level_number` is the number in the ids of its levels."""

    kind: ClassVar[str] = "Location"
    name: str
    level_number: int
    is_active: bool = True


@attrs.define(kw_only=True, eq=False)
class Level(Record):
    """The stock of one item at one location. `id` is the item's; the location's number stands in the gid.

    `sold` is what the platform calls committed, `counted_at` the time of the available quantity.
    """

    kind: ClassVar[str] = "InventoryLevel"
    item: Item
    location: Location
    available: int = 0
    sold: int = 0
    incoming: int = 0
    is_active: bool = True
    counted_at: datetime | None = None

    @property
    def gid(self) -> str:
        return f"gid://shopify/InventoryLevel/{self.location.level_number}?inventory_item_id={self.item.id}"

    @property
    def on_hand(self) -> int:
        """What lies on the shelf: available and sold but not yet sent."""
        return self.available + self.sold


@attrs.frozen
class Weight:
    """How heavy one piece is; `unit` is the platform's word."""

    value: Decimal
    unit: str


@attrs.define(kw_only=True, eq=False)
class Item(Record):
    """What is counted: one per variant."""

    kind: ClassVar[str] = "InventoryItem"
    sku: str | None
    tracked: bool = True
    requires_shipping: bool = True
    weight: Weight | None = None
    variant: Variant = attrs.field(init=False)
    levels: dict[int, Level] = attrs.field(factory=dict)


@attrs.define(kw_only=True, eq=False)
class Metafield(Record):
    """A value that an app or the merchant keeps at a record; the namespace is the resolved one."""

    kind: ClassVar[str] = "Metafield"
    namespace: str
    key: str
    type: str
    value: str


@attrs.define(kw_only=True, eq=False)
class Variant(Record):
    """One buyable form of a product; `metafields` by namespace and key."""

    kind: ClassVar[str] = "ProductVariant"
    product: Product
    item: Item
    title: str
    price: Decimal
    position: int
    compare_at_price: Decimal | None = None
    barcode: str | None = None
    policy: str = "DENY"
    taxable: bool = True
    options: list[tuple[str, str]] = attrs.field(factory=list)
    metafields: dict[tuple[str, str], Metafield] = attrs.field(factory=dict)

    @property
    def sku(self) -> str | None:
        return self.item.sku

    @property
    def stock(self) -> int:
        """Available at all locations together; 0 for what is not counted."""
        if not self.item.tracked:
            return 0
        return sum(level.available for level in self.item.levels.values() if level.is_active)


@attrs.define(kw_only=True, eq=False)
class Picture:
    """A picture of a product; it has no address until the platform is done with it."""

    kind: ClassVar[str] = "MediaImage"
    id: int
    url: str
    alt: str | None = None
    status: str = "READY"

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/MediaImage/{self.id}"


@attrs.define(kw_only=True, eq=False)
class Product(Record):
    """A product with at least one variant."""

    kind: ClassVar[str] = "Product"
    handle: str
    title: str
    description_html: str = ""
    status: str = "ACTIVE"
    vendor: str = ""
    product_type: str = ""
    tags: list[str] = attrs.field(factory=list)
    published_at: datetime | None = None
    media: list[Picture] = attrs.field(factory=list)
    variants: list[Variant] = attrs.field(factory=list)


@attrs.define(kw_only=True, eq=False)
class Address:
    """A postal address; None where unknown."""

    kind: ClassVar[str] = "MailingAddress"
    id: int
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province_code: str | None = None
    country_code: str | None = None
    zip: str | None = None
    phone: str | None = None

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/MailingAddress/{self.id}?model_name=Address"

    @property
    def name(self) -> str | None:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None


@attrs.frozen(kw_only=True)
class Company:
    """A business that buys; the sandbox keeps its name only."""

    kind: ClassVar[str] = "Company"
    id: int
    name: str

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/Company/{self.id}"


@attrs.define(kw_only=True, eq=False)
class Customer(Record):
    """A buyer with an account; e-mail and phone are unique where given."""

    kind: ClassVar[str] = "Customer"
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    locale: str = "en"
    state: str = "DISABLED"
    marketing_state: str = "NOT_SUBSCRIBED"
    tax_exempt: bool = False
    tags: list[str] = attrs.field(factory=list)
    addresses: list[Address] = attrs.field(factory=list)
    company: Company | None = None
    order_count: int = 0
    spent: Decimal = Decimal(0)

    @property
    def display_name(self) -> str:
        name = " ".join(part for part in (self.first_name, self.last_name) if part)
        return name or self.email or self.phone or ""


@attrs.define(kw_only=True, eq=False)
class TaxLine:
    """A tax on one line or on shipping."""

    title: str
    rate: Decimal
    amount: Bag


@attrs.define(kw_only=True, eq=False)
class OrderLine:
    """One line; `quantity` as ordered, `current_quantity` after edits; a deleted variant is None."""

    kind: ClassVar[str] = "LineItem"
    id: int
    title: str
    quantity: int
    current_quantity: int
    price: Bag
    discount: Bag
    sku: str | None = None
    variant_title: str | None = None
    vendor: str | None = None
    variant: Variant | None = None
    product: Product | None = None
    taxes: list[TaxLine] = attrs.field(factory=list)

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/LineItem/{self.id}"

    @property
    def name(self) -> str:
        return f"{self.title} - {self.variant_title}" if self.variant_title else self.title


@attrs.define(kw_only=True, eq=False)
class Order(Record):
    """An order. The `total_*` and `current_*` bags are written by `_totals.recalculate` alone."""

    kind: ClassVar[str] = "Order"
    number: int
    name: str
    currency: str
    buyer_currency: str
    processed_at: datetime
    lines: list[OrderLine]
    shipping: Bag
    confirmation_number: str = ""
    customer: Customer | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    po_number: str | None = None
    source_name: str | None = "web"
    source_identifier: str | None = None
    tags: list[str] = attrs.field(factory=list)
    test: bool = False
    taxes_included: bool = False
    financial_status: str | None = "PENDING"
    fulfillment_status: str = "UNFULFILLED"
    return_status: str = "NO_RETURN"
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    billing: Address | None = None
    shipping_address: Address | None = None
    company: Company | None = None
    discount_codes: list[str] = attrs.field(factory=list)
    gateways: list[str] = attrs.field(factory=list)
    order_taxes: list[TaxLine] = attrs.field(factory=list)
    received: Bag = attrs.field(init=False)
    refunded: Bag = attrs.field(init=False)
    subtotal: Bag = attrs.field(init=False)
    total_tax: Bag = attrs.field(init=False)
    total_discounts: Bag = attrs.field(init=False)
    total: Bag = attrs.field(init=False)
    current_subtotal: Bag = attrs.field(init=False)
    current_tax: Bag = attrs.field(init=False)
    current_total: Bag = attrs.field(init=False)
    outstanding: Bag = attrs.field(init=False)


@attrs.define(kw_only=True, eq=False)
class CheckoutLine:
    """One line of a checkout that was left behind."""

    kind: ClassVar[str] = "AbandonedCheckoutLineItem"
    id: int
    title: str
    quantity: int
    price: Bag
    discount: Bag
    sku: str | None = None
    variant: Variant | None = None

    @property
    def gid(self) -> str:
        """The id that the API shows."""
        return f"gid://shopify/AbandonedCheckoutLineItem/{self.id}"

    @property
    def total(self) -> Bag:
        """What the line costs, its discount taken off."""
        return self.price * self.quantity - self.discount


@attrs.define(kw_only=True, eq=False)
class Checkout(Record):
    """A checkout that was left behind; `token` is its key in webhooks."""

    kind: ClassVar[str] = "AbandonedCheckout"
    name: str
    token: str
    lines: list[CheckoutLine]
    customer: Customer | None = None
    completed_at: datetime | None = None
    discount_codes: list[str] = attrs.field(factory=list)
    note: str = ""

    @property
    def total(self) -> Bag:
        """The lines' sum; a checkout of the sandbox has neither tax nor shipping."""
        bags = [line.total for line in self.lines]
        return sum(bags[1:], bags[0])

    @property
    def gross(self) -> Bag:
        """The lines' sum before discounts."""
        bags = [line.price * line.quantity for line in self.lines]
        return sum(bags[1:], bags[0])


@attrs.define(kw_only=True, eq=False)
class Subscription(Record):
    """A webhook subscription made through the API."""

    kind: ClassVar[str] = "WebhookSubscription"
    topic: str
    uri: str
    format: str = "JSON"
    name: str | None = None
    filter: str | None = None
    include_fields: list[str] = attrs.field(factory=list)


@attrs.define(kw_only=True, eq=False)
class BulkJob(Record):
    """A bulk operation; `due_at` is when it is done, in seconds of the sandbox clock."""

    kind: ClassVar[str] = "BulkOperation"
    type: str
    query: str
    started: float
    status: str = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    file: bytes = b""
    object_count: int = 0
    root_object_count: int = 0
    secret: str = ""
    run: Any = None
