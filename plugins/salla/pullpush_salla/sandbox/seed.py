"""Seeded data: the same options give the same store, with every oddity that the platform's records show.

Product n (from 1) has the SKU `SKU-{n:05}`; its last digit says what it is:

| n mod 10 | kind |
| --- | --- |
| 1, 2 | counted stock (2: with a running sale) |
| 3 | variants `SKU-00003-S`, `-M`, own SKU empty; 13, 33, ... have a third one without SKU, unlimited, stock null |
| 4 | counted, product quantity as text |
| 5 | unlimited, with a misleading number beside the flag (0, 5 or 412) |
| 6 | counted and really zero |
| 7 | quantity null, flag false: unknown |
| 8 | counted, status `hidden` |
| 9 | counted and above zero, status `out` |
| 0 | counted, managed by branches; every second one a service without SKU, unlimited |
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from pullpush_salla.sandbox.records import (
    Branch,
    Cart,
    Customer,
    History,
    Invoice,
    Line,
    Option,
    OptionValue,
    Order,
    Product,
    Stock,
    Variant,
)
from pullpush_salla.sandbox.words import BUILT_IN, Words

__all__ = [
    "SEED_START",
    "seed_branches",
    "seed_carts",
    "seed_customers",
    "seed_invoices",
    "seed_orders",
    "seed_products",
]

# A fixed past: data must not depend on the day on which a sandbox is built.
SEED_START = datetime(2025, 1, 1, 6, 0, tzinfo=UTC)

_GOODS: tuple[Words, ...] = (
    ("قميص قطن", "Cotton shirt"),
    ("كوب قهوة", "Coffee mug"),
    ("حقيبة جلد", "Leather bag"),
    ("عطر خشبي", "Woody perfume"),
    ("سماعة رأس", "Headphones"),
    ("دفتر ملاحظات", "Notebook"),
    ("مصباح مكتب", "Desk lamp"),
)
_PEOPLE = (("نورة", "العتيبي"), ("Omar", "Haddad"), ("سارة", "القحطاني"), ("Maya", "Nasser"), ("فهد", "الدوسري"))
_SIZES: tuple[tuple[str, Words], ...] = (("S", ("صغير", "Small")), ("M", ("وسط", "Medium")), ("L", ("كبير", "Large")))
_MISLEADING = (0, 5, 412)


def seed_branches(count: int) -> list[Branch]:
    """The default branch first; from the third on every third one is inactive."""
    return [
        Branch(
            349_994_000 + n,
            (f"الفرع {n}", f"Branch {n}") if n > 1 else ("الرئيسي", "Main"),
            is_default=n == 1,
            active=n % 3 != 0 or n < 3,
        )
        for n in range(1, count + 1)
    ]


def seed_products(count: int, branches: list[Branch], rng: random.Random) -> list[Product]:
    """Products 1 to `count`, oldest first."""
    ids = [branch.id for branch in branches]
    return [_product(n, ids, rng) for n in range(1, count + 1)]


def _product(n: int, branches: list[int], rng: random.Random) -> Product:
    kind = n % 10
    goods = _GOODS[n % len(_GOODS)]
    updated = SEED_START + timedelta(minutes=11 * n)
    product = Product(
        id=1_100_000_000 + n,
        number=n,
        name=(f"{goods[0]} {n}", f"{goods[1]} {n}"),
        sku=f"SKU-{n:05d}",
        regular_price=rng.randrange(500, 90_000),
        stock=_counted(branches, rng),
        updated_at=updated,
        cost=rng.randrange(100, 400),
        gtin=f"62810{n:08d}"[-13:],
        sold=rng.randrange(0, 300),
        notify_quantity=3 if n % 2 else None,
        categories=(700_000_000 + n % 5,),
    )
    if kind == 2:
        product.sale_price = product.regular_price * 3 // 4
    elif kind == 3:
        _add_variants(product, branches, rng)
    elif kind == 4:
        product.quantity_as_text = True
    elif kind == 5:
        product.stock = Stock(unlimited=True, by_branch={branches[0]: _MISLEADING[n // 10 % 3]})
    elif kind == 6:
        product.stock = Stock(unlimited=False, by_branch=dict.fromkeys(branches, 0))
    elif kind == 7:
        product.stock = Stock(unlimited=False, by_branch=dict.fromkeys(branches))
    elif kind == 8:
        product.status = "hidden"
    elif kind == 9:
        product.status = "out"
    elif n % 20:
        product.managed_by_branches = True
    else:
        product.type, product.sku, product.gtin = "service", "", None
        product.stock = Stock(unlimited=True, by_branch={branches[0]: 0})
    return product


def _counted(branches: list[int], rng: random.Random) -> Stock:
    return Stock(unlimited=False, by_branch={branch: rng.randrange(4, 200) for branch in branches})


def _add_variants(product: Product, branches: list[int], rng: random.Random) -> None:
    n = product.number
    sizes = _SIZES[: 2 + (n // 10) % 2]
    values = [OptionValue(1_200_000_000 + n * 10 + i, name) for i, (_, name) in enumerate(sizes)]
    product.options = [Option(1_300_000_000 + n, ("المقاس", "Size"), values)]
    for i, (suffix, _) in enumerate(sizes):
        variant = Variant(
            id=1_400_000_000 + n * 10 + i,
            product_id=product.id,
            sku=f"{product.sku}-{suffix}",
            values=(values[i].id,),
            stock=_counted(branches, rng),
            updated_at=product.updated_at,
            price=product.regular_price + i * 250,
            barcode=f"{product.gtin}{i}",
        )
        if i == 2:
            variant.sku, variant.barcode = None, None
            variant.stock = Stock(unlimited=True, by_branch=dict.fromkeys(branches))
        product.variants.append(variant)
    product.sku = ""
    # A number nobody maintains: a reader that takes it for the variants' stock is wrong.
    product.stock = Stock(unlimited=False, by_branch={branches[0]: 1})


def seed_customers(count: int, rng: random.Random) -> list[Customer]:
    """Every fourth has no mail address; mobile codes come with and without the plus sign."""
    customers = []
    for n in range(1, count + 1):
        first, last = _PEOPLE[rng.randrange(len(_PEOPLE))]
        created = SEED_START + timedelta(minutes=23 * n)
        customers.append(
            Customer(
                id=1_600_000_000 + n,
                first_name=first,
                last_name=f"{last} {n}",
                mobile=f"5{n:08d}",
                mobile_code="+966" if n % 3 else "966",
                email="" if n % 4 == 0 else f"customer{n}@example.com",
                created_at=created,
                updated_at=created + timedelta(hours=n % 48),
                gender="male" if n % 2 else "female",
                birthday="1990-05-17" if n % 5 == 0 else None,
            )
        )
    return customers


def seed_orders(
    count: int, products: list[Product], customers: list[Customer], branch: Branch, rng: random.Random
) -> list[Order]:
    """Oldest first; every fifth is a guest's, every eleventh has no customer at all, every third is untaxed.

    The first is completed.
    """
    if not products:
        return []
    statuses = [status.id for status in BUILT_IN.values()]
    orders = []
    for n in range(1, count + 1):
        created = SEED_START + timedelta(minutes=37 * n)
        updated = created + timedelta(minutes=rng.randrange(0, 5000))
        status = statuses[(n * 5 + 1) % len(statuses)]
        lines = [_line(n, i, products[rng.randrange(len(products))], rng) for i in range(1 + n % 3)]
        order = Order(
            id=1_700_000_000 + n,
            reference_id=40_000_000 + n,
            created_at=created,
            updated_at=updated,
            status_id=status,
            payment_method=("bank", "cod", "mada", "credit_card")[n % 4],
            lines=lines,
            customer=_buyer(n, customers, created),
            branch_id=branch.id,
            shipping=(0, 1304, 2500)[n % 3],
            cash_on_delivery=1200 if n % 4 == 1 else 0,
            coupon="SAVE10" if n % 6 == 0 else None,
        )
        if order.coupon:
            for line in order.lines:
                line.discount = line.total // 10
        order.histories.append(History(1_800_000_000 + n, status, "", updated))
        orders.append(order)
    return orders


def _line(n: int, i: int, product: Product, rng: random.Random) -> Line:
    variant = product.variants[rng.randrange(len(product.variants))] if product.variants else None
    price = variant.price if variant and variant.price is not None else product.price
    return Line(
        id=1_900_000_000 + n * 4 + i,
        product_id=product.id,
        variant_id=variant.id if variant else None,
        sku=(variant.sku or "") if variant else product.sku,
        name=product.name,
        quantity=rng.randrange(1, 5),
        unit=price,
        taxed=n % 3 != 0,
    )


def _buyer(n: int, customers: list[Customer], at: datetime) -> Customer | None:
    if n % 11 == 0:
        return None
    if n % 5 == 0 or not customers:
        return Customer(None, "زائر", str(n), f"59{n:07d}", "+966", "", at, at)
    return customers[n % len(customers)]


def seed_invoices(orders: list[Order]) -> list[Invoice]:
    """One for every completed order."""
    completed = BUILT_IN["completed"].id
    done = [order for order in orders if order.status_id == completed]
    return [
        Invoice(2_000_000_000 + n, 600_000 + n, order, "Tax Invoice", order.updated_at)
        for n, order in enumerate(done, start=1)
    ]


def seed_carts(count: int, products: list[Product], customers: list[Customer], rng: random.Random) -> list[Cart]:
    """Oldest first; every fourth has been purchased since."""
    if not products or not customers:
        return []
    carts = []
    for n in range(1, count + 1):
        created = SEED_START + timedelta(minutes=97 * n)
        lines = [_line(3_000_000 + n, i, products[rng.randrange(len(products))], rng) for i in range(1 + n % 2)]
        customer = customers[n % len(customers)]
        status = "purchased" if n % 4 == 0 else "active"
        carts.append(Cart(2_100_000_000 + n, created, created + timedelta(minutes=5), customer, lines, status))
    return carts
