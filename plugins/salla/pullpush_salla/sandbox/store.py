"""The merchant's store: records with their indexes, and the edits that routes and merchant changes share.

Every edit says what happened by calling `events`; nothing else sends webhooks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import attrs

from pullpush_salla.sandbox import seed
from pullpush_salla.sandbox.records import (
    Branch,
    Cart,
    Customer,
    History,
    Invoice,
    Line,
    Order,
    Product,
    Stock,
    Subscription,
    Variant,
)
from pullpush_salla.sandbox.switches import Switches
from pullpush_salla.sandbox.words import BUILT_IN, STATUSES
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["STORE_ID", "Audit", "Store"]

STORE_ID = 1_305_146_709
_AUDIT_KEPT = 5000

Row = tuple[Product, Variant | None]


@attrs.frozen(kw_only=True)
class Audit:
    """One change of one quantity."""

    row: Row
    branch: int
    old: int | None
    new: int | None
    reason: str
    at: datetime


class Store:
    """All records of one merchant, oldest first; `notify(event, record)` is called after every edit."""

    def __init__(
        self,
        *,
        records: int,
        seed_number: int,
        switches: Switches,
        clock: SandboxClock,
        notify: Callable[[str, Any], None],
    ) -> None:
        self.switches = switches
        self.clock = clock
        self._records = records
        self._seed = seed_number
        self._notify = notify
        self.reset()

    def reset(self) -> None:
        """Back to the seed."""
        rng = random.Random(self._seed)
        wanted = self.switches
        self.branches = {b.id: b for b in seed.seed_branches(wanted.branches)}
        half = self._records // 2
        products = seed.seed_products(self._records, list(self.branches.values()), rng)
        customers = seed.seed_customers(half if wanted.customers is None else wanted.customers, rng)
        count = half if wanted.orders is None else wanted.orders
        orders = seed.seed_orders(count, products, customers, self.default_branch, rng)
        carts = seed.seed_carts(self._records // 5 if wanted.carts is None else wanted.carts, products, customers, rng)
        self.products = {p.id: p for p in products}
        self.customers = {int(c.id or 0): c for c in customers}
        self.orders = {o.id: o for o in orders}
        self.carts: dict[int, Cart] = {c.id: c for c in carts}
        self.invoices: dict[int, Invoice] = {i.id: i for i in seed.seed_invoices(orders)}
        self.subscriptions: dict[int, Subscription] = {}
        self.audit: list[Audit] = []
        self.variants: dict[int, Row] = {}
        self.by_sku: dict[str, Row] = {}
        self._indexed: dict[int, tuple[list[str], list[int]]] = {}
        for product in products:
            self._index(product)
        self._next_id = 2_200_000_000
        self._lists: dict[str, list[Any]] = {}

    def new_id(self) -> int:
        """An id that no record has."""
        self._next_id += 1
        return self._next_id

    @property
    def default_branch(self) -> Branch:
        """The branch that counts where none is named."""
        return next(branch for branch in self.branches.values() if branch.is_default)

    # Lists are kept until a record is added, removed or edited: a page of a large store must not sort it anew.

    def listed(self, name: str, make: Callable[[], Iterable[Any]]) -> list[Any]:
        """The list of this name, made once until the next edit."""
        if name not in self._lists:
            self._lists[name] = list(make())
        return self._lists[name]

    def in_list_order(self, records: Iterable[Any]) -> list[Any]:
        """Oldest-first records in the order in which the platform lists them."""
        rows = list(records)
        return rows[::-1] if self.switches.list_order == "newest" else rows

    def stock_rows(self) -> list[Row]:
        """One row per product without options, one per variant otherwise."""

        def make() -> Iterable[Row]:
            for product in self.in_list_order(self.products.values()):
                yield from ((product, variant) for variant in product.variants)
                if not product.variants:
                    yield product, None

        return self.listed("stock", make)

    def edited(self) -> None:
        """A record changed in a way that a list may show."""
        self._lists.clear()

    # Products.

    def add_product(self, product: Product) -> None:
        """Take in a new product with its variants."""
        self.products[product.id] = product
        self._index(product)
        self.edited()
        self._notify("product.created", product)

    def remove_product(self, product: Product) -> None:
        """Delete a product and free its SKUs."""
        del self.products[product.id]
        self._unindex(product)
        self.edited()
        self._notify("product.deleted", product)

    def touch_product(self, product: Product, *events: str) -> None:
        """A product was edited: index it anew, move its time, tell."""
        self._unindex(product)
        self._index(product)
        product.updated_at = self.clock.now()
        self.edited()
        for event in events:
            self._notify(event, product)

    def _index(self, product: Product) -> None:
        rows: list[tuple[str | None, Row]] = [(variant.sku, (product, variant)) for variant in product.variants]
        rows.append((product.sku, (product, None)))
        for sku, row in rows:
            if sku:
                self.by_sku[sku] = row
        self.variants.update({variant.id: (product, variant) for variant in product.variants})
        # Under what a product is found now: SKUs and variants may have changed by the time it is taken out.
        self._indexed[product.id] = ([sku for sku, _ in rows if sku], [variant.id for variant in product.variants])

    def _unindex(self, product: Product) -> None:
        skus, variants = self._indexed.pop(product.id, ((), ()))
        for sku in skus:
            if sku in self.by_sku and self.by_sku[sku][0] is product:
                del self.by_sku[sku]
                # Old data may hold a SKU twice: the other one is found by it now.
                other = next((each for each in self.products.values() if each.sku == sku and each is not product), None)
                if other is not None:
                    self.by_sku[sku] = (other, None)
        for variant_id in variants:
            self.variants.pop(variant_id, None)

    # Stock.

    def quantity(self, stock: Stock, branch: int | None) -> int | None:
        """What a read shows: of one branch, or without one the sum or the default branch's, as switched."""
        if branch is not None:
            return stock.by_branch.get(branch, 0)
        if self.switches.quantities_total == "default_branch":
            return stock.by_branch.get(self.default_branch.id, 0)
        return stock.total()

    def set_quantity(self, row: Row, branch: int, quantity: int | None, *, reason: str = "") -> None:
        """Set one number; a number may or may not clear the unlimited flag, as switched."""
        product, variant = row
        stock = variant.stock if variant else product.stock
        old = stock.by_branch.get(branch)
        stock.by_branch[branch] = quantity
        if quantity is not None and self.switches.number_clears_unlimited:
            stock.unlimited = False
        now = self.clock.now()
        self.audit.append(Audit(row=row, branch=branch, old=old, new=quantity, reason=reason, at=now))
        del self.audit[:-_AUDIT_KEPT]
        if variant:
            variant.updated_at = now
        if self.switches.stock_touches_updated_at:
            product.updated_at = now
        total = stock.total()
        limit = product.notify_quantity
        if limit is not None and total is not None and not stock.unlimited and total <= limit:
            self._notify("product.quantity.low", product)
        if self.switches.deprecated_events:
            self._notify("product.updated", product)

    # Orders and people.

    def add_order(self, order: Order) -> None:
        """Take in an order and take its lines out of counted stock."""
        self.orders[order.id] = order
        self._move_stock(order, -1)
        self.edited()
        self._notify("order.created", order)

    def set_status(self, order: Order, status_id: int, *, note: str = "", restore_items: bool = False) -> None:
        """Move an order on; a completed or restored one gets its invoice."""
        order.status_id = status_id
        order.updated_at = self.clock.now()
        history = History(self.new_id(), status_id, note, order.updated_at)
        order.histories.append(history)
        if restore_items:
            self._move_stock(order, +1)
        self.edited()
        self._notify("order.status.updated", (order, history))
        self._notify("order.updated", order)
        slug = STATUSES[status_id].slug
        if slug == "canceled":
            self._notify("order.cancelled", order)
        if slug in ("completed", "restored") and not self.invoices_of(order):
            self.add_invoice(order, "Tax Invoice")

    def _move_stock(self, order: Order, sign: int) -> None:
        for line in order.lines:
            self.move_line(order, line, sign * line.quantity)

    def move_line(self, order: Order, line: Line, pieces: int) -> None:
        """Add so many pieces of a line to the order's branch, where they are counted."""
        row = self.variants.get(line.variant_id) if line.variant_id else None
        product = self.products.get(line.product_id)
        if row is None and product is not None:
            row = (product, None)
        if row is None:
            return
        stock = row[1].stock if row[1] else row[0].stock
        have = stock.by_branch.get(order.branch_id)
        if not stock.unlimited and have is not None:
            self.set_quantity(row, order.branch_id, have + pieces, reason="order")

    def touch_order(self, order: Order, *events: str) -> None:
        """An order was edited."""
        order.updated_at = self.clock.now()
        self.edited()
        for event in ("order.updated", *events):
            self._notify(event, order)

    def invoices_of(self, order: Order) -> list[Invoice]:
        """Invoices and credit notes of an order, oldest first."""
        return [invoice for invoice in self.invoices.values() if invoice.order is order]

    def add_invoice(self, order: Order, kind: str) -> Invoice:
        """Issue an invoice or a credit note."""
        number = 600_000 + len(self.invoices) + 1
        first = next(iter(self.invoices_of(order)), None)
        invoice = Invoice(self.new_id(), number, order, kind, self.clock.now(), first.id if first else None)
        self.invoices[invoice.id] = invoice
        self.edited()
        self._notify("invoice.created", invoice)
        return invoice

    def add_customer(self, customer: Customer) -> None:
        """Take in a customer."""
        self.customers[int(customer.id or 0)] = customer
        self.edited()
        self._notify("customer.created", customer)

    def touch_customer(self, customer: Customer) -> None:
        """A customer was edited: move its time, tell."""
        customer.updated_at = self.clock.now()
        self.edited()
        self._notify("customer.updated", customer)

    def remove_customer(self, customer: Customer) -> None:
        """Delete a customer; orders keep what they knew of it."""
        del self.customers[int(customer.id or 0)]
        self.edited()

    def remove_order(self, order: Order) -> None:
        """Delete an order: it is listed no more."""
        del self.orders[order.id]
        self.edited()
        self._notify("order.deleted", order)

    def add_cart(self, cart: Cart) -> None:
        """A buyer left a cart behind."""
        self.carts[cart.id] = cart
        self.edited()
        self._notify("abandoned.cart", cart)

    def purchase_cart(self, cart: Cart) -> None:
        """The buyer came back and bought it."""
        cart.status = "purchased"
        cart.updated_at = self.clock.now()
        self.edited()
        self._notify("abandoned.cart.status.changed", cart)
        self._notify("abandoned.cart.purchased", cart)

    def status_for(self, slug: str) -> int | None:
        """The id of a built-in status."""
        status = BUILT_IN.get(slug)
        return status.id if status else None
