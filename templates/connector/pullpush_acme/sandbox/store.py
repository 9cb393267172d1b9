"""What the shop holds: tables of rows, and the rows that it starts with."""

from __future__ import annotations

# <type:product|type:stocklevel|type:order|type:invoice|type:cart>
import random

# </type:product|type:stocklevel|type:order|type:invoice|type:cart>
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pullpush_sdk.sandbox import ChangeError, SandboxClock

__all__ = ["Row", "Store", "UniqueError"]

Row = dict[str, Any]

UNIQUE = {
    # <type:product>
    "products": "sku",
    # </type:product>
    # <type:stocklevel>
    "stock": "sku",
    # </type:stocklevel>
    # <type:order>
    "orders": "reference",
    # </type:order>
    # <type:contact>
    "customers": "email",
    # </type:contact>
    # <type:call>
    "calls": "reference",
    # </type:call>
    # <type:invoice>
    "invoices": "reference",
    # </type:invoice>
    # <type:cart>
    "carts": "reference",
    # </type:cart>
}
"""Table to the field by which a row may be asked for, and which no two rows share."""

KINDS = {
    # <type:product>
    "products": "product",
    # </type:product>
    # <type:stocklevel>
    "stock": "stock",
    # </type:stocklevel>
    # <type:order>
    "orders": "order",
    # </type:order>
    # <type:contact>
    "customers": "customer",
    # </type:contact>
    # <type:call>
    "calls": "call",
    # </type:call>
    # <type:invoice>
    "invoices": "invoice",
    # </type:invoice>
    # <type:cart>
    "carts": "cart",
    # </type:cart>
}
"""Table to the word for its records that the laws of conformance know."""


class UniqueError(ChangeError):
    """Two rows would share what only one may have."""


class Store:
    """Tables by name: id to row, oldest first."""

    def __init__(self, clock: SandboxClock, *, records: int, seed: int) -> None:
        self._clock = clock
        self._records = records
        self._seed = seed
        self.changed: list[Callable[[str, Row, str], None]] = []
        """Each hears the table, the row, and whether it was `changed` or `deleted`."""
        self._numbers: dict[str, int] = {}
        self.tables: dict[str, dict[int, Row]] = {}
        self.reset()

    def reset(self) -> None:
        """The tables as seeded."""
        self.tables = {name: {} for name in UNIQUE}
        for name, rows in _seeded(self._records, self._seed):
            for number, row in enumerate(rows, start=1):
                # Four rows share each second: whoever reads by time must not lose the others.
                stamp = _text(self._clock.now() - timedelta(days=30) + timedelta(seconds=number // 4))
                self.tables[name][number] = {"id": number, **row, "created_at": stamp, "updated_at": stamp}
        self._numbers = {name: len(rows) for name, rows in self.tables.items()}

    def now(self) -> str:
        """The shop's time as its rows have it."""
        return _text(self._clock.now())

    def contents(self) -> Mapping[str, Callable[[], list[Row]]]:
        """What the shop really holds, in the words of its edits: what a reader's events are compared with."""

        def held(name: str) -> Callable[[], list[Row]]:
            def rows() -> list[Row]:
                listed = self.tables[name].values()
                return [{"keys": [str(row["id"]), *filter(None, [row[UNIQUE[name]]])], "native": row} for row in listed]

            return rows

        return {KINDS[name]: held(name) for name in UNIQUE}

    def add(self, name: str, values: Row, *, anyhow: bool = False) -> Row:
        """A new row; with `anyhow` also where another one has the same value in the table's unique field.

        Raises:
            UniqueError: another row has the same value in the table's unique field.
        """
        unique = UNIQUE[name]
        if not anyhow and values.get(unique) is not None and any(self.rows(name, unique, values[unique])):
            raise UniqueError(f"{unique} {values[unique]} is taken")
        self._numbers[name] += 1
        number = self._numbers[name]  # never given twice, not even where a row is gone
        stamp = _text(self._clock.now())
        row = {**values, "id": number, "created_at": stamp, "updated_at": stamp}
        self.tables[name][number] = row
        self._tell(name, row, "changed")
        return row

    def patch(self, name: str, number: int, values: Row) -> Row:
        """A row with other values; the rest of it stays."""
        kept = {"id": number, "created_at": self.tables[name][number]["created_at"]}
        row = {**self.tables[name][number], **values, **kept, "updated_at": _text(self._clock.now())}
        self.tables[name][number] = row
        self._tell(name, row, "changed")
        return row

    def remove(self, name: str, number: int) -> Row:
        """Take a row away; the ones behind it move to earlier pages."""
        row = self.tables[name].pop(number)
        self._tell(name, row, "deleted")
        return row

    def rows(self, name: str, field: str, value: Any) -> Iterator[Row]:
        """The rows that hold a value; compared as text, as query parameters are."""
        return (row for row in self.tables[name].values() if str(row.get(field)) == str(value))

    def _tell(self, name: str, row: Row, what: str) -> None:
        for listener in self.changed:
            listener(name, row, what)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# <type:product|type:order|type:invoice|type:cart>
def _prices(count: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [f"{dice.randint(1, 90)}.{dice.choice(('00', '50', '95'))}" for _ in range(count)]


# </type:product|type:order|type:invoice|type:cart>
# <type:stocklevel>
def _figures(count: int, seed: int) -> list[int]:
    dice = random.Random(seed + 1)
    return [dice.randint(1, 500) for _ in range(count)]


# </type:stocklevel>
def _seeded(count: int, seed: int) -> Iterator[tuple[str, list[Row]]]:
    """Table names with their first rows; zeros, blanks and nulls are among them."""
    numbers = range(1, count + 1)
    # <type:product>
    yield (
        "products",
        [
            {
                "sku": f"ACME-{n:04}",
                "name": f"Lamp {n}",
                "description": None if n % 5 == 0 else f"A lamp, number {n}.",
                "status": ("on_sale", "on_sale", "hidden", "draft")[n % 4],
                "price": {"amount": price, "currency": "EUR"},
                "barcode": None if n % 3 == 0 else f"40000000{n:05}",
                "brand": f"  Maker  {n % 4} ",
                "variants": [{"id": n * 10, "sku": f"ACME-{n:04}", "name": "Standard", "price": price}],
            }
            for n, price in zip(numbers, _prices(count, seed), strict=True)
        ],
    )
    # </type:product>
    # <type:stocklevel>
    yield (
        "stock",
        [
            # The figure of an item that nobody counts means nothing.
            {"sku": f"ACME-{n:04}", "tracked": n % 5 != 4, "on_hand": 0 if n % 5 == 3 else figure}
            for n, figure in zip(numbers, _figures(count, seed), strict=True)
        ],
    )
    # </type:stocklevel>
    # <type:order>
    yield (
        "orders",
        [
            {
                "reference": f"WEB-{1000 + n}",
                "number": str(1000 + n),
                "status": ("new", "paid", "processing", "shipped", "done", "cancelled")[n % 6],
                "currency": "EUR",
                "total": price,
                "tax": "0.00",
                "source": " web  shop ",
                "note": None if n % 2 else "Leave at the door",
                "customer": {"email": f"buyer{n}@example.com", "name": f"Buyer {n}"},
                "lines": [{"sku": f"ACME-{n:04}", "name": f"Lamp {n}", "quantity": 1, "price": price}],
            }
            for n, price in zip(numbers, _prices(count, seed), strict=True)
        ],
    )
    # </type:order>
    # <type:contact>
    yield (
        "customers",
        [
            {
                "email": f"person{n}@example.com",
                "name": f"Person {n}",
                "company": None if n % 2 else f"Company {n}",
                "phone": f"+4930000{n:04}",
                "note": " rings   twice ",
            }
            for n in numbers
        ],
    )
    # </type:contact>
    # <type:call>
    yield (
        "calls",
        [
            {
                "reference": f"CALL-{n}",
                "direction": "in" if n % 2 else "out",
                "seconds": 0 if n % 4 == 0 else 30 * n,
                "outcome": "missed" if n % 4 == 0 else "answered",
                "from": f"+4930000{n:04}",
                "to": "+493099",
                "started_at": f"2026-01-05T10:{n % 60:02}:00Z",
                "agent": f" Agent  {n % 3}",
            }
            for n in numbers
        ],
    )
    # </type:call>
    # <type:invoice>
    yield (
        "invoices",
        [
            {
                "reference": f"INV-{n}",
                "number": f"2026-{n:05}",
                "status": ("open", "paid", "void")[n % 3],
                "currency": "EUR",
                "total": price,
                "tax": "0.00",
                "note": None if n % 2 else " thank  you ",
                "lines": [{"sku": f"ACME-{n:04}", "name": f"Lamp {n}", "quantity": 1, "price": price}],
            }
            for n, price in zip(numbers, _prices(count, seed), strict=True)
        ],
    )
    # </type:invoice>
    # <type:cart>
    yield (
        "carts",
        [
            {
                "reference": f"CART-{n}",
                "status": ("open", "left", "bought")[n % 3],
                "currency": "EUR",
                "total": price,
                "coupon": " spring  sale" if n % 2 else None,
                "customer": {"email": f"buyer{n}@example.com", "name": f"Buyer {n}"},
                "lines": [{"sku": f"ACME-{n:04}", "name": f"Lamp {n}", "quantity": 2, "price": price}],
            }
            for n, price in zip(numbers, _prices(count, seed), strict=True)
        ],
    )
    # </type:cart>
