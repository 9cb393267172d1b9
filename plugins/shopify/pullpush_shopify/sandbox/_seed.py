"""The seeded shop: products `SKU-00001`, `SKU-00002`, ..., and everything that real shops surprise connectors with.

Which record is special depends on its number alone, so that a small shop has one of each. Of product number i:

| rule | what |
| --- | --- |
| i % 10 == 3 | two sizes, `SKU-00003-S` and `-M`; 13, 33, ... have a third one without SKU |
| i % 50 == 0 | five sizes: the plain SKU, then `-V2` to `-V5` |
| i % 9 == 4 | not tracked: GraphQL shows available 0, webhooks null |
| i % 25 == 17 | its level is inactive and keeps its figure |
| i % 6 == 2 / i % 40 == 23 | zero / oversold |
| i % 30 == 29 / i % 60 == 58 | draft / archived |

Orders, half as many as products: guests, point of sale without any e-mail, deleted variants, edits, a second
currency, cancelled, refunded, older than sixty days. Customers and abandoned checkouts are fewer still.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from pullpush_shopify.sandbox._model import (
    Address,
    Checkout,
    CheckoutLine,
    Company,
    Customer,
    Item,
    Level,
    Location,
    Order,
    OrderLine,
    Picture,
    Product,
    TaxLine,
    Variant,
    Weight,
)
from pullpush_shopify.sandbox._money import ZERO, Bag, to_minor
from pullpush_shopify.sandbox._store import Store
from pullpush_shopify.sandbox._totals import settle

__all__ = ["fill"]

_SIZES = ("S", "M", "L", "XL", "XXL")
_NAMES = ("Aisha", "Badr", "Dana", "Faisal", "Huda", "Ibrahim", "Layla", "Omar", "Reem", "Yusuf")
_FAMILIES = ("Al-Harbi", "Al-Qahtani", "Haddad", "Khan", "Mansour", "Nasser", "Saleh", "Zahrani")
_CITIES = (("Riyadh", "SA", "11564"), ("Jeddah", "SA", "21442"), ("Dubai", "AE", "00000"), ("Berlin", "DE", "10115"))
_NOUNS = ("Lamp", "Chair", "Mug", "Scarf", "Backpack", "Notebook", "Watch", "Carpet", "Tea set", "Headphones")
_STATES = (
    ("PAID", "FULFILLED"),
    ("PAID", "UNFULFILLED"),
    ("PENDING", "UNFULFILLED"),
    ("PAID", "PARTIALLY_FULFILLED"),
    ("AUTHORIZED", "UNFULFILLED"),
    ("REFUNDED", "RESTOCKED"),
    ("PARTIALLY_PAID", "UNFULFILLED"),
    ("PAID", "ON_HOLD"),
    ("VOIDED", "UNFULFILLED"),
)
_UNITS = ("KILOGRAMS", "GRAMS", "POUNDS", "OUNCES")
_VAT = Decimal("0.15")
_BUYER_RATE = Decimal("0.2457")


def fill(store: Store, *, records: int, locations: int, now: datetime) -> None:
    """Put the seeded records into an empty store; the same seed and `now` give the same shop."""
    seed = _Seed(store, now)
    for number in range(locations):
        seed.add_location(number)
    for number in range(1, records + 1):
        seed.add_product(number)
    for number in range(1, (records + 3) // 4 + 1 if records else 1):
        seed.add_customer(number)
    for number in range(1, records // 2 + 1):
        seed.add_order(number)
    for number in range(1, records // 10 + 1):
        seed.add_checkout(number)


class _Seed:
    def __init__(self, store: Store, now: datetime) -> None:
        self.store = store
        self.now = now
        self.random = random.Random(store.random.random())
        self.sellable: list[Variant] = []
        self.customers: list[Customer] = []

    def _past(self, days: float) -> datetime:
        return self.now - timedelta(seconds=self.random.uniform(60, days * 86_400))

    def add_location(self, number: int) -> None:
        """The first location is the shop's own."""
        store = self.store
        born = self.now - timedelta(days=900)
        name = "Shop location" if number == 0 else f"Warehouse {number}"
        identity = store.new_id("Location")
        # The number in level ids is one of the location, yet another than the location's.
        location = Location(
            id=identity, created_at=born, updated_at=born, name=name, level_number=identity + 36_966_570_752
        )
        store.locations[location.id] = location

    def add_product(self, number: int) -> None:
        """Product number `number` with its variants and levels."""
        store, dice = self.store, self.random
        updated = self._past(30)
        created = updated - timedelta(days=dice.randint(1, 300))
        title = f"{dice.choice(_NOUNS)} {number:05d}"
        status = "DRAFT" if number % 30 == 29 else "ARCHIVED" if number % 60 == 58 else "ACTIVE"
        product = Product(
            id=store.new_id("Product"),
            created_at=created,
            updated_at=updated,
            handle=f"product-{number:05d}",
            title=title,
            description_html=f"<p>{title}, made to last.</p>",
            status=status,
            vendor=f"Vendor {number % 5 + 1}",
            product_type=title.rsplit(" ", 1)[0],
            tags=sorted({f"tag-{number % 3}", f"season-{number % 4}"}),
            published_at=created if status == "ACTIVE" else None,
            media=[self._picture(number, position) for position in range(number % 3)],
        )
        price = Decimal(dice.randint(500, 90_000)).scaleb(-2)
        for sku, options in _variants(number):
            self._add_variant(product, number, sku, options, price)
        store.add_product(product)

    def _picture(self, number: int, position: int) -> Picture:
        """Every tenth product's picture is not ready yet: it has no address."""
        return Picture(
            id=self.store.new_id("MediaImage"),
            url=f"https://cdn.shopify.example/files/product-{number:05d}-{position}.jpg",
            alt=f"Picture {position + 1}" if position else None,
            status="PROCESSING" if number % 10 == 4 else "READY",
        )

    def _add_variant(
        self, product: Product, number: int, sku: str | None, options: list[tuple[str, str]], price: Decimal
    ) -> None:
        store = self.store
        position = len(product.variants) + 1
        created, updated = product.created_at, product.updated_at
        item = Item(
            id=store.new_id("InventoryItem"),
            created_at=created,
            updated_at=updated,
            sku=sku,
            tracked=number % 9 != 4,
            weight=Weight(Decimal(number % 40 + 1) / 4, _UNITS[number % 4]) if number % 5 else None,
        )
        item.variant = Variant(
            id=store.new_id("ProductVariant"),
            created_at=created,
            updated_at=updated,
            product=product,
            item=item,
            title=options[0][1],
            price=to_minor(price + 5 * (position - 1), store.currency),
            compare_at_price=to_minor(price + 20, store.currency) if number % 10 == 1 else None,
            barcode=f"62810{number:06d}{position:02d}" if number % 4 else None,
            position=position,
            policy="CONTINUE" if number % 15 == 8 else "DENY",
            options=options,
        )
        product.variants.append(item.variant)
        if product.status == "ACTIVE" and sku is not None:
            self.sellable.append(item.variant)
        for index, location in enumerate(store.locations.values()):
            if not index or self.random.random() >= 0.2:
                self._add_level(item, location, number, is_second=index == 1)

    def _add_level(self, item: Item, location: Location, number: int, *, is_second: bool) -> None:
        available = 0
        if item.tracked and number % 6 != 2:
            available = -2 if number % 40 == 23 else self.random.randint(1, 200)
        item.levels[location.id] = Level(
            id=item.id,
            created_at=item.created_at,
            updated_at=item.updated_at,
            item=item,
            location=location,
            available=available,
            sold=self.random.randint(0, 3) if available > 3 else 0,
            is_active=number % 25 != 17 and not (is_second and number % 8 == 5),
            counted_at=item.updated_at,
        )

    def add_customer(self, number: int) -> None:
        """Every ninth has a phone only, every seventh no address, every tenth buys for a company."""
        store, dice = self.store, self.random
        updated = self._past(60)
        first, last = dice.choice(_NAMES), dice.choice(_FAMILIES)
        phone_only = number % 9 == 8
        customer = Customer(
            id=store.new_id("Customer"),
            created_at=updated - timedelta(days=dice.randint(0, 400)),
            updated_at=updated,
            first_name=first,
            last_name=None if number % 12 == 5 else last,
            email=None if phone_only else f"buyer{number:05d}@example.com",
            phone=f"+9665{number:08d}" if phone_only or number % 3 == 0 else None,
            state="ENABLED" if number % 2 else "DISABLED",
            note="Prefers the evening." if number % 6 == 1 else None,
            tags=["vip"] if number % 5 == 0 else [],
            marketing_state="SUBSCRIBED" if number % 3 == 1 and not phone_only else "NOT_SUBSCRIBED",
        )
        if number % 10 == 7:
            customer.company = Company(id=store.new_id("Company"), name=f"{last} Trading")
        if number % 7:
            customer.addresses.append(self._address(customer))
        self.customers.append(customer)
        store.customers[customer.id] = customer

    def _address(self, customer: Customer | None) -> Address:
        dice = self.random
        city, country, code = dice.choice(_CITIES)
        return Address(
            id=self.store.new_id("MailingAddress"),
            first_name=customer.first_name if customer else dice.choice(_NAMES),
            last_name=customer.last_name if customer else dice.choice(_FAMILIES),
            company=customer.company.name if customer and customer.company else None,
            address1=f"{dice.randint(1, 200)} King Fahd Road",
            city=city,
            country_code=country,
            zip=code,
            phone=customer.phone if customer else None,
        )

    def _bag(self, amount: Decimal, buyer_currency: str) -> Bag:
        shop = self.store.currency
        amount = to_minor(amount, shop)
        rate = Decimal(1) if buyer_currency == shop else _BUYER_RATE
        return Bag(amount, shop, to_minor(amount * rate, buyer_currency), buyer_currency)

    def add_order(self, number: int) -> None:
        """Order number `number`; see the module's table of what is special."""
        if not self.sellable:
            return
        store, dice = self.store, self.random
        created = self.now - timedelta(days=95) if number % 25 == 24 else self._past(50)
        buyer_currency = "EUR" if number % 13 == 12 and store.currency != "EUR" else store.currency
        guest = number % 6 == 5
        customer = None if guest or not self.customers else dice.choice(self.customers)
        financial, fulfillment = _STATES[number % len(_STATES)]
        store.order_number += 1
        address = self._address(customer)
        order = Order(
            id=store.new_id("Order"),
            created_at=created,
            updated_at=min(self.now, created + timedelta(hours=dice.randint(0, 48))),
            processed_at=created,
            number=store.order_number,
            name=f"#{store.order_number}",
            confirmation_number="".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=9)),
            currency=store.currency,
            buyer_currency=buyer_currency,
            customer=customer,
            email=None if number % 12 == 11 else customer.email if customer else f"guest{number:05d}@example.com",
            source_name="pos" if number % 12 == 11 else "web",
            tags=["gift"] if number % 8 == 0 else [],
            taxes_included=number % 5 == 3,
            financial_status=financial,
            fulfillment_status=fulfillment,
            billing=address,
            shipping_address=None if number % 12 == 11 else address,
            company=customer.company if customer else None,
            discount_codes=["TENOFF"] if number % 10 == 7 else [],
            gateways=["manual"] if financial in ("PAID", "PARTIALLY_PAID", "REFUNDED") else [],
            shipping=self._bag(Decimal(15) if number % 3 else ZERO, buyer_currency),
            lines=[],
        )
        for position in range(1 + number % 3):
            order.lines.append(self._line(order, number, position))
        if number % 17 == 16:
            order.cancelled_at = order.closed_at = order.updated_at
            order.cancel_reason, order.financial_status = "CUSTOMER", "REFUNDED"
        if number % 9 == 8:
            order.lines[0].current_quantity -= 1
            order.financial_status = "PARTIALLY_REFUNDED"
        settle(order)
        if customer is not None:
            customer.order_count += 1
            customer.spent += order.received.shop - order.refunded.shop
        store.orders[order.id] = order

    def _line(self, order: Order, number: int, position: int) -> OrderLine:
        dice = self.random
        variant = dice.choice(self.sellable)
        quantity = 2 if number % 9 == 8 else dice.randint(1, 4)
        price = self._bag(variant.price, order.buyer_currency)
        gross = price * quantity
        line = OrderLine(
            id=self.store.new_id("LineItem"),
            title=variant.product.title,
            variant_title=None if variant.title == "Default Title" else variant.title,
            vendor=variant.product.vendor,
            sku=variant.sku,
            quantity=quantity,
            current_quantity=quantity,
            price=price,
            discount=gross.part(Decimal("0.1")) if number % 10 == 7 else gross.zero,
            variant=variant,
            product=variant.product,
        )
        if number % 11 == 10 and position == 0:
            line.variant = line.product = None
            line.sku = None if number % 22 == 10 else f"GONE-{number:05d}"
        taxed = gross - line.discount
        rate = _VAT / (1 + _VAT) if order.taxes_included else _VAT
        line.taxes.append(TaxLine(title="VAT", rate=_VAT, amount=taxed.part(rate)))
        return line

    def add_checkout(self, number: int) -> None:
        """A checkout that was left behind, every fourth completed later."""
        if not self.sellable:
            return
        store, dice = self.store, self.random
        created = self._past(20)
        lines = []
        for _ in range(1 + number % 2):
            variant = dice.choice(self.sellable)
            quantity, price = dice.randint(1, 3), self._bag(variant.price, store.currency)
            lines.append(
                CheckoutLine(
                    id=store.new_id("AbandonedCheckoutLineItem"),
                    title=variant.product.title,
                    quantity=quantity,
                    price=price,
                    discount=(price * quantity).part(Decimal("0.1")) if number % 3 == 0 else price.zero,
                    sku=variant.sku,
                    variant=variant,
                )
            )
        checkout = Checkout(
            id=store.new_id("AbandonedCheckout"),
            created_at=created,
            updated_at=created + timedelta(minutes=dice.randint(1, 50)),
            name=f"#{30_000_000 + number}",
            token=f"{dice.getrandbits(128):032x}",
            lines=lines,
            customer=dice.choice(self.customers) if self.customers and number % 3 else None,
            completed_at=created + timedelta(hours=5) if number % 4 == 0 else None,
            discount_codes=["TENOFF"] if number % 3 == 0 else [],
        )
        store.checkouts[checkout.id] = checkout


def _variants(number: int) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """SKU and options of every variant; the numbers and suffixes are shared by all the sandboxes of this project."""
    sku = f"SKU-{number:05d}"
    if number % 50 == 0:
        skus: list[str | None] = [sku, *(f"{sku}-V{position}" for position in range(2, 6))]
    elif number % 10 == 3:
        skus = [f"{sku}-S", f"{sku}-M", *([None] if number // 10 % 2 else [])]
    else:
        return [(sku, [("Title", "Default Title")])]
    return [(each, [("Size", size)]) for each, size in zip(skus, _SIZES, strict=False)]
