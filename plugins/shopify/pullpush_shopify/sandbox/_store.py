"""The shop's records, their indexes, the search index's lag, and the one way to change a record's time."""

from __future__ import annotations

import random
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from pullpush_sdk.sandbox import SandboxClock
from pullpush_shopify.sandbox._fields import LISTS, ListSpec
from pullpush_shopify.sandbox._model import (
    BulkJob,
    Checkout,
    Customer,
    Item,
    Level,
    Location,
    Order,
    Product,
    Record,
    Subscription,
    Variant,
)
from pullpush_shopify.sandbox._paging import Rows
from pullpush_shopify.sandbox._search import Search, parse_search

__all__ = ["DEPTH_LIMIT", "Store"]

# A filtered list ends here, whatever lies behind.
DEPTH_LIMIT = 25_000

_CACHED_LISTS = 64
_LEVEL = re.compile(r"gid://shopify/InventoryLevel/(\d+)\?inventory_item_id=(\d+)")
_KINDS = (
    "AbandonedCheckout",
    "AbandonedCheckoutLineItem",
    "BulkOperation",
    "Company",
    "CompanyContact",
    "Customer",
    "InventoryAdjustmentGroup",
    "InventoryItem",
    "LineItem",
    "Location",
    "MailingAddress",
    "Order",
    "Product",
    "ProductSetOperation",
    "ProductVariant",
    "WebhookSubscription",
    "Metafield",
    "MediaImage",
)
_FIRST_ID = {kind: 1_000_000_000_000 * (1 + index) for index, kind in enumerate(_KINDS)}


@attrs.define
class _Stale:
    """What the search index still holds of a record: nothing (`is_new`), or the time and SKU of before."""

    until: datetime
    is_new: bool
    updated_at: datetime
    sku: str | None


class _StaleView:
    """A record as the search index still sees it."""

    def __init__(self, record: Any, stale: _Stale) -> None:
        self._record = record
        self.updated_at = stale.updated_at
        self.sku = stale.sku

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)


class Store:
    """Everything the shop holds. Ids are handed out by `new_id`; `version` moves with every change.

    `emit(topic, record)` is called for what would fire a webhook, `uninstalled()` when the merchant throws the app
    out; the sandbox puts its own functions there. `mails` are the messages that customers were sent, `hidden` the items
    that a merchant's edit stopped counting.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        currency: str,
        seed: int,
        shop: str,
        index_lag: float,
        depth_limit: int = DEPTH_LIMIT,
        default_status: str = "",
    ) -> None:
        self.clock = clock
        self.currency = currency
        self.shop = shop
        self.zone = ZoneInfo("Asia/Riyadh")
        self.random = random.Random(seed)
        self.index_lag = timedelta(seconds=index_lag)
        self.depth_limit = depth_limit
        self.default_status = default_status
        self.version = 0
        self.locations: dict[int, Location] = {}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.items: dict[int, Item] = {}
        self.customers: dict[int, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.checkouts: dict[int, Checkout] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.jobs: dict[int, BulkJob] = {}
        self.order_number = 1000
        self.mails: list[dict[str, str | None]] = []
        self.hidden: set[int] = set()
        self.uninstalled: Callable[[], None] = lambda: None
        self.emit: Callable[[str, Any], None] = lambda _topic, _record: None
        self._by_sku: dict[str, dict[int, Item]] = {}
        self._stale: dict[int, tuple[Record, _Stale]] = {}
        self._lists: OrderedDict[Any, tuple[int, Rows]] = OrderedDict()
        self._ids: dict[str, int] = {}
        self._holders: Mapping[str, Mapping[int, Any]] = {
            "products": self.products,
            "productVariants": self.variants,
            "inventoryItems": self.items,
            "orders": self.orders,
            "customers": self.customers,
            "abandonedCheckouts": self.checkouts,
            "locations": self.locations,
            "webhookSubscriptions": self.subscriptions,
        }
        self._kinds: Mapping[str, dict[int, Any]] = {
            "Product": self.products,
            "ProductVariant": self.variants,
            "InventoryItem": self.items,
            "Order": self.orders,
            "Customer": self.customers,
            "AbandonedCheckout": self.checkouts,
            "Location": self.locations,
            "WebhookSubscription": self.subscriptions,
            "BulkOperation": self.jobs,
        }

    def now(self) -> datetime:
        """The shop's instant, aware UTC."""
        return self.clock.now()

    def new_id(self, kind: str) -> int:
        """The next number for a record of this kind; kinds are far apart, so that ids are not mixed up by luck."""
        number = self._ids.get(kind, _FIRST_ID[kind]) + 32_768 + 7
        self._ids[kind] = number
        return number

    def changed(self, record: Record, *, is_new: bool = False, sku: str | None = None) -> None:
        """Note a change: new time, new version, and the index's memory of before.

        `sku` is the one of before the change, for records that are found by it.
        """
        now = self.now()
        if self.index_lag:
            known = self._stale.get(id(record))
            if known is None or known[1].until <= now:
                stale = _Stale(now, is_new, record.updated_at, sku or getattr(record, "sku", None))
                known = self._stale[id(record)] = (record, stale)
            known[1].until = now + self.index_lag
        record.updated_at = now
        self.version += 1

    def add_product(self, product: Product) -> None:
        """Hold a product with its variants, items and levels."""
        self.products[product.id] = product
        for variant in product.variants:
            self.add_variant(variant)

    def add_variant(self, variant: Variant) -> None:
        """Hold a variant and its item."""
        self.variants[variant.id] = variant
        self.items[variant.item.id] = variant.item
        self._index_sku(variant.item)
        self.version += 1

    def drop_variant(self, variant: Variant) -> None:
        """Forget a variant and its item; order lines that point at it lose it."""
        self.variants.pop(variant.id, None)
        self.items.pop(variant.item.id, None)
        self._by_sku.get((variant.sku or "").casefold(), {}).pop(variant.item.id, None)
        for order in self.orders.values():
            for line in order.lines:
                if line.variant is variant:
                    line.variant = None
        self.version += 1

    def drop_product(self, product: Product) -> None:
        """Forget a product and everything below it."""
        self.products.pop(product.id, None)
        for variant in list(product.variants):
            self.drop_variant(variant)
        for order in self.orders.values():
            for line in order.lines:
                if line.product is product:
                    line.product = None

    def drop_customer(self, customer: Customer) -> None:
        """Forget a customer; orders and checkouts that name it lose it."""
        self.customers.pop(customer.id, None)
        for order in self.orders.values():
            order.customer = None if order.customer is customer else order.customer
        for checkout in self.checkouts.values():
            checkout.customer = None if checkout.customer is customer else checkout.customer
        self.version += 1

    def set_sku(self, item: Item, sku: str | None) -> None:
        """Give an item another SKU."""
        self._by_sku.get((item.sku or "").casefold(), {}).pop(item.id, None)
        item.sku = sku or None
        self._index_sku(item)

    def items_with_sku(self, sku: str | None) -> list[Item]:
        """The items of exactly this SKU; SKUs are not unique."""
        found = self._by_sku.get(sku.casefold(), {}).values() if sku else ()
        return [item for item in found if item.sku == sku]

    def _index_sku(self, item: Item) -> None:
        if item.sku:
            self._by_sku.setdefault(item.sku.casefold(), {})[item.id] = item

    def level_rows(self, location: Location, query: str | None, *, inactive: bool) -> tuple[Rows, Search | None]:
        """The levels at a location, by item id."""

        def levels() -> Iterator[Level]:
            for item in self.items.values():
                level = item.levels.get(location.id)
                if level is not None and (inactive or level.is_active):
                    yield level

        return self._rows("inventoryLevels", (location.id, inactive), levels, query, "ID")

    def item_level_rows(self, item: Item, query: str | None, *, inactive: bool) -> tuple[Rows, Search | None]:
        """The levels of an item, by location."""
        levels = [level for level in item.levels.values() if inactive or level.is_active]
        if not query:
            return Rows([(level.location.id, level.id) for level in levels], levels), None
        spec = LISTS["inventoryLevels"]
        search = parse_search(query, spec.fields, self.zone, spec.text)
        found = self._filter(levels, search)
        return Rows([(level.location.id, level.id) for level in found], found, query), search

    def rows(
        self, name: str, query: str | None, sort: str, keep: Callable[[Any], bool] | None = None, tag: Any = None
    ) -> tuple[Rows, Search | None]:
        """The rows of a root list and its search, None without a query.

        `keep` leaves records out; `tag` tells one such rule from another in the cache.
        """
        source = self._holders[name]

        def records() -> Iterable[Any]:
            return source.values() if keep is None else filter(keep, source.values())

        return self._rows(name, tag, records, query, sort)

    def _rows(
        self, name: str, tag: Any, records: Callable[[], Iterable[Any]], query: str | None, sort: str
    ) -> tuple[Rows, Search | None]:
        spec = LISTS[name]
        search = parse_search(query, spec.fields, self.zone, spec.text) if query else None
        key = (name, tag, query, sort)
        held = self._lists.get(key)
        if held is not None and held[0] == self.version and not self._has_stale():
            self._lists.move_to_end(key)
            return held[1], search
        rows = self._sorted(name, spec, records, search, sort)
        if self._stale:
            # The same version will look different once the index has caught up.
            return rows, search
        self._lists[key] = (self.version, rows)
        if len(self._lists) > _CACHED_LISTS:
            self._lists.popitem(last=False)
        return rows, search

    def _sorted(
        self,
        name: str,
        spec: ListSpec,
        records: Callable[[], Iterable[Any]],
        search: Search | None,
        sort: str,
    ) -> Rows:
        if search is None:
            return Rows.sort(records(), spec.sorts[sort], sort)
        found = search.narrow(lambda index, value: self._find(name, index, value))
        found = self._filter(records() if found is None else found, search)
        rows = Rows.sort(found, spec.sorts[sort], f"{search.text}|{sort}")
        return Rows(rows.keys[: self.depth_limit], rows.records[: self.depth_limit], rows.binding)

    def _filter(self, records: Iterable[Any], search: Search) -> list[Any]:
        matches = search.matches()
        if not self._has_stale():
            return [record for record in records if matches(record)]
        return [record for record in records if self._indexed_match(record, matches)]

    def _indexed_match(self, record: Any, matches: Callable[[Any], bool]) -> bool:
        known = self._stale.get(id(record))
        if known is None:
            return matches(record)
        return not known[1].is_new and matches(_StaleView(record, known[1]))

    def _has_stale(self) -> bool:
        if self._stale:
            now = self.now()
            self._stale = {key: held for key, held in self._stale.items() if held[1].until > now}
        return bool(self._stale)

    def _find(self, name: str, index: str, value: str) -> list[Any]:
        if index == "sku":
            items = list(self._by_sku.get(value, {}).values())
            if self._stale:
                # The index may still find a record under its old SKU.
                items += [r for r, held in self._stale.values() if isinstance(r, Item) and held.sku]
            if name == "inventoryItems":
                return items
            variants = [item.variant for item in items]
            return variants if name == "productVariants" else [variant.product for variant in variants]
        if index == "id":
            number = value.rsplit("/", 1)[-1]
            record = self._holders[name].get(int(number)) if number.isdecimal() else None
            return [] if record is None else [record]
        field = {"source": "source_identifier", "email": "email", "handle": "handle"}[index]
        return [r for r in self._holders[name].values() if (getattr(r, field) or "").casefold() == value]

    def renumber(self, record: Record, number: int) -> None:
        """Hold a record under another number."""
        held = self._kinds[record.kind]
        if isinstance(record, Location):
            for item in self.items.values():
                if record.id in item.levels:
                    item.levels[number] = item.levels.pop(record.id)
        before, record.id = record.id, number
        moved = {number if key == before else key: each for key, each in held.items()}
        held.clear()
        held.update(moved)
        self.version += 1

    def by_gid(self, kind: str, gid: str) -> Any:
        """The record of a gid of that kind, or None."""
        head = f"gid://shopify/{kind}/"
        number = gid.removeprefix(head).partition("?")[0]
        if not gid.startswith(head) or not number.isdecimal():
            return None
        return self._kinds[kind].get(int(number))

    def level_by_gid(self, gid: str) -> Level | None:
        """The level of a gid, which names the location by a number of its own."""
        match = _LEVEL.fullmatch(gid)
        if match is None:
            return None
        item = self.items.get(int(match[2]))
        levels = item.levels.values() if item else ()
        return next((level for level in levels if level.location.level_number == int(match[1])), None)
