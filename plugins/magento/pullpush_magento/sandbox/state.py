"""Everything that the shop holds, and what every part of it needs: stamps, numbers, mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pullpush_magento.sandbox import seed, seed_sales
from pullpush_magento.sandbox.offers import final_price
from pullpush_magento.sandbox.switches import Switches
from pullpush_magento.sandbox.wire import Refusal
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["HOLDS_STOCK", "State"]

Json = Any
Row = dict[str, Json]

HOLDS_STOCK = ("simple", "virtual", "downloadable")


class State:
    """Products, stock, people, carts, orders, invoices; what left the shop: mails and captured payments.

    `announce` is told of every order, invoice and customer that was saved.
    """

    def __init__(self, *, records: int, clock: SandboxClock, switches: Switches) -> None:
        self._records, self.clock, self.switches = records, clock, switches
        self.announce: Callable[[str, Mapping[str, Json]], None] = lambda _kind, _value: None
        self.reset()

    def reset(self) -> None:
        """As seeded."""
        now, some, currency = self.clock.now(), (self._records + 1) // 2, self.switches.currency
        made = seed.products(self._records, now)
        self.products: dict[int, Row] = {each["id"]: each for each in made}
        self._by_sku = {each["sku"].casefold(): each["id"] for each in made}
        self.stock_items, self.source_items = seed.stock(made)
        if self.switches.inventory == "legacy":
            self.source_items = {}
        self.sources: list[Row] = seed.sources()
        self.attributes: list[Row] = seed.attributes()
        self.countries: list[Row] = seed.countries()
        self.customers: dict[int, Row] = {each["id"]: each for each in seed.customers(some, now)}
        orders = seed_sales.orders(some, made, currency, now)
        self.orders: dict[int, Row] = {each["entity_id"]: each for each in orders}
        self.invoices: dict[int, Row] = {each["entity_id"]: each for each in seed_sales.invoices(orders, now)}
        self.carts: dict[int, Row] = {each["id"]: each for each in seed_sales.carts(min(some, 30), currency, now)}
        self.reservations: Counter[str] = Counter()
        self.mails: list[Row] = []
        self.captures: list[Row] = []
        self._numbers: Counter[str] = Counter()

    def dump(self) -> Json:
        """Everything, as it is held."""
        return {
            "products": list(self.products.values()),
            "stock_items": {self.products[key]["sku"]: item for key, item in self.stock_items.items()},
            "source_items": list(self.source_items.values()),
            "sources": self.sources,
            "attributes": self.attributes,
            "orders": list(self.orders.values()),
            "invoices": list(self.invoices.values()),
            "customers": list(self.customers.values()),
            "carts": list(self.carts.values()),
            "reservations": dict(self.reservations),
            "mails": self.mails,
            "captures": self.captures,
        }

    def now(self) -> str:
        """This moment in the platform's writing."""
        return seed.stamp(self.clock.now())

    def wall_clock(self) -> datetime:
        """This moment in the store's time zone, without a zone and in whole seconds."""
        return self.clock.now().astimezone(ZoneInfo(self.switches.timezone)).replace(tzinfo=None, microsecond=0)

    def next(self, kind: str, taken: Iterable[int] = ()) -> int:
        """The next number of a kind, beyond those taken."""
        self._numbers[kind] = max(self._numbers[kind], max(taken, default=0)) + 1
        return self._numbers[kind]

    def fresh(self, row: Row) -> Row:
        """The row, not shown by lists before the index lag is over."""
        row["_listed_from"] = self.clock.seconds() + self.switches.index_lag
        return row

    def listed(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that lists show by now."""
        now = self.clock.seconds()
        return (row for row in rows if row.get("_listed_from", 0.0) <= now)

    def mail(self, kind: str, to: str, **more: Json) -> None:
        """A mail leaves the shop."""
        self.mails.append({"kind": kind, "to": to, **more})

    # Products are looked up by everybody; the database does not tell letters by their case.

    def product(self, sku: str) -> Row:
        """The product with that SKU.

        Raises:
            Refusal: 404.
        """
        key = self._by_sku.get(sku.casefold())
        if key is None:
            raise Refusal(404, "The product that was requested doesn't exist. Verify the product and try again.")
        return self.products[key]

    def has(self, sku: str) -> bool:
        """Whether a product has that SKU."""
        return sku.casefold() in self._by_sku

    def add_product(self, row: Row) -> None:
        """One more product, with a stock item that holds nothing."""
        self.products[row["id"]] = row
        self._by_sku[row["sku"].casefold()] = row["id"]
        self.stock_items[row["id"]] = {**seed.stock_item(row["id"], quantity=0), "is_in_stock": False}

    def rename_product(self, row: Row, sku: str) -> None:
        """A product gets another SKU, and its source items with it.

        Raises:
            Refusal: another product has it.
        """
        if self._by_sku.get(sku.casefold(), row["id"]) != row["id"]:
            raise Refusal(400, "The value specified in the SKU field would generate a SKU that already exists.")
        for old, code in [place for place in self.source_items if place[0] == row["sku"]]:
            self.source_items[sku, code] = {**self.source_items.pop((old, code)), "sku": sku}
        del self._by_sku[row["sku"].casefold()]
        self._by_sku[sku.casefold()] = row["id"]
        row |= {"sku": sku, "updated_at": self.now()}

    def drop_product(self, sku: str) -> None:
        """A product goes with its stock item; its source items stay as orphans, and links to it vanish."""
        row = self.product(sku)
        del self.products[row["id"]], self._by_sku[row["sku"].casefold()], self.stock_items[row["id"]]
        for each in self.products.values():
            links = each["extension_attributes"].get("configurable_product_links")
            if links and row["id"] in links:
                each["extension_attributes"]["configurable_product_links"] = [one for one in links if one != row["id"]]

    def final_price(self, row: Row) -> Json:
        """What a buyer pays for a product now."""
        return final_price(row, self.wall_clock(), end=self.switches.special_end)

    def salable(self, row: Row) -> tuple[Decimal, bool]:
        """Quantity for sale and whether it is: sources in use and reservations; 0 and true where it is not managed."""
        item = self.stock_items[row["id"]]
        if row["type_id"] not in HOLDS_STOCK:
            return Decimal(0), True
        if not item["manage_stock"]:
            return Decimal(0), True
        if self.switches.inventory == "legacy":
            held = Decimal(str(item["qty"] or 0))
        else:
            used = {each["source_code"] for each in self.sources if each["enabled"]}
            rows = (self.source_items.get((row["sku"], code)) for code in used)
            held = sum((Decimal(str(each["quantity"])) for each in rows if each), Decimal(0))
            held += Decimal(str(self.reservations[row["sku"]]))
        held -= Decimal(str(item["min_qty"]))
        return held, held > 0 or item["backorders"] > 0
