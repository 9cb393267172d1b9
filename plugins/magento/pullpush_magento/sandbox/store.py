"""The shop's records and what the endpoints do to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_magento.sandbox.seed import SOURCES, make_customers, make_orders, make_products, make_stock, stamp
from pullpush_sdk.sandbox import ChangeError, SandboxClock

__all__ = ["Refusal", "Store"]

Json = Any

_HOLDS_STOCK = ("simple", "virtual", "downloadable")


class Refusal(Exception):  # noqa: N818 - a business answer, not a failure of the sandbox
    """What the shop does not accept: status, message, and the values of its placeholders."""

    def __init__(self, status: int, message: str, parameters: Json = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message} if parameters is None else {"message": message, "parameters": parameters}


class Store:
    """Products, stock, orders and customers."""

    def __init__(self, *, records: int, clock: SandboxClock) -> None:
        self._records, self._clock = records, clock
        self.reset()

    def reset(self) -> None:
        """As seeded."""
        now, some = self._clock.now(), (self._records + 1) // 2
        self.products: list[dict[str, Json]] = make_products(self._records, now)
        self.stock_items, self.source_items = make_stock(self.products)
        self.orders: list[dict[str, Json]] = make_orders(some, now)
        self.customers: list[dict[str, Json]] = make_customers(some, now)

    def dump(self) -> Json:
        """Everything, as it is held."""
        return {
            "products": self.products,
            "stock_items": self.stock_items,
            "source_items": list(self.source_items.values()),
            "sources": list(SOURCES),
            "orders": self.orders,
            "customers": self.customers,
        }

    def product(self, sku: str) -> dict[str, Json]:
        """The product with that SKU.

        Raises:
            Refusal: 404.
        """
        for product in self.products:
            if product["sku"] == sku:
                return product
        raise Refusal(404, "The product that was requested doesn't exist. Verify the product and try again.")

    def stock_item(self, sku: str) -> Json:
        """The stock item of a product; 404 like the product's own."""
        return self.stock_items[self.product(sku)["sku"]]

    def children(self, sku: str) -> list[Json]:
        """The children of a configurable product."""
        links = self.product(sku)["extension_attributes"].get("configurable_product_links", ())
        return [product for product in self.products if product["id"] in links]

    def save_product(self, given: Mapping[str, Json], *, sku: str | None = None) -> Json:
        """Create, or overwrite the parts that are given."""
        wanted = str(sku or given.get("sku") or "")
        held = next((product for product in self.products if product["sku"] == wanted), None)
        if held is None:
            for field in ("name", "price", "attribute_set_id"):
                if given.get(field) is None:
                    raise Refusal(400, 'The "%1" attribute value is empty. Set the attribute and try again.', [field])
            key = max((product["id"] for product in self.products), default=0) + 1
            held = {"id": key, "sku": wanted, "type_id": "simple", "status": 1, "visibility": 4, "weight": None}
            held |= {"created_at": stamp(self._clock.now()), "custom_attributes": [], "extension_attributes": {}}
            self.products.append(held)
            self.stock_items[wanted] = {"item_id": key, "qty": 0, "manage_stock": True, "is_in_stock": False}
        own = {each["attribute_code"]: each for each in held["custom_attributes"]}
        own |= {each["attribute_code"]: each for each in given.get("custom_attributes") or ()}
        held |= {key: value for key, value in given.items() if value is not None and key != "custom_attributes"}
        held |= {"custom_attributes": list(own.values()), "updated_at": stamp(self._clock.now())}
        return held

    def save_source_items(self, rows: Json) -> Json:
        """Overwrite or create rows. A SKU that no product has is stored without a word."""
        if not isinstance(rows, list) or not rows:
            raise Refusal(400, "Input data is empty")
        types = {product["sku"]: product["type_id"] for product in self.products}
        for row in rows:
            for field in ("quantity", "status"):
                if isinstance(row.get(field), bool) or not isinstance(row.get(field), int | float):
                    raise Refusal(400, '"%field" should be numeric.', {"field": field})
            if row["status"] not in (0, 1):
                raise Refusal(400, '"%field" should a known status.', {"field": "status"})
            if row.get("source_code") not in {source["source_code"] for source in SOURCES}:
                raise Refusal(400, "Could not save Source Item")
            if types.get(row.get("sku"), "simple") not in _HOLDS_STOCK:
                raise Refusal(400, "Could not save Source Item: the product type holds no stock")
        for row in rows:
            self._put(row["sku"], row["source_code"], row["quantity"], row["status"])
        return []

    def _put(self, sku: str, source: str, quantity: float, status: int) -> None:
        self.source_items[sku, source] = {
            "sku": sku,
            "source_code": source,
            "quantity": quantity,
            "status": status,
        }
        if source == "default" and sku in self.stock_items:
            self.stock_items[sku] |= {"qty": quantity, "is_in_stock": status == 1}

    def change_stock(self, values: Mapping[str, Json]) -> Json:
        """Edit stock by hand."""
        sku = str(values.get("sku"))
        if sku not in self.stock_items:
            raise ChangeError(f"no product has the SKU {sku!r}")
        if "quantity" in values:
            self._put(sku, str(values.get("source", "default")), values["quantity"], int(values["quantity"] > 0))
        if "manage_stock" in values:
            self.stock_items[sku]["manage_stock"] = bool(values["manage_stock"])
        return self.stock_items[sku]

    def change_product(self, values: Mapping[str, Json]) -> Json:
        """Edit a product by hand; its parent's own time stands still."""
        try:
            product = self.product(str(values.get("sku")))
        except Refusal as refusal:
            raise ChangeError(str(refusal)) from None
        product |= {key: values[key] for key in ("price", "name") if key in values}
        product["updated_at"] = stamp(self._clock.now())
        return {"id": product["id"]}

    def change_order(self, values: Mapping[str, Json]) -> Json:
        """Move an order to another state."""
        order = next((each for each in self.orders if each["increment_id"] == values.get("increment_id")), None)
        if order is None:
            raise ChangeError(f"no order has the number {values.get('increment_id')!r}")
        order |= {"state": str(values.get("state", order["state"])), "updated_at": stamp(self._clock.now())}
        return {"entity_id": order["entity_id"]}
