"""Every endpoint: method, path, handler, and the resource that a caller needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pullpush_magento.sandbox.access import Access
from pullpush_magento.sandbox.catalog import Catalog
from pullpush_magento.sandbox.checkout import Checkout
from pullpush_magento.sandbox.offers import FILTERED
from pullpush_magento.sandbox.people import People
from pullpush_magento.sandbox.queue import Queue
from pullpush_magento.sandbox.sales import Sales
from pullpush_magento.sandbox.search import read_criteria
from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.stock import Stock
from pullpush_magento.sandbox.wire import Asked, Handler, Refusal, Routes

__all__ = ["Endpoints"]

Json = Any

_ID = {"entity_id": "id"}
_PRODUCTS, _SOURCES, _SALES = "Magento_Catalog::products", "Magento_InventoryApi::source", "Magento_Sales::actions_view"
_ROWS = "Magento_InventoryApi::stock_source_item_assign"
_CUSTOMERS, _CARTS, _STOCK = (
    "Magento_Customer::manage",
    "Magento_Cart::manage",
    "Magento_CatalogInventory::cataloginventory",
)


class Endpoints:
    """The routes over one state."""

    def __init__(self, state: State, access: Access) -> None:
        self._state, self._access = state, access
        self.routes, self.queue, self._turn = Routes(), Queue(state), 0
        self._catalog, self._people = Catalog(state), People(state)
        self._add_access()
        self._add_catalog()
        self._add_stock()
        self._add_people()
        self._add_carts()
        self._add_sales()
        self._add_shop()

    def _add(self, method: str, path: str, handler: Handler, resource: str | None) -> None:
        self.routes.add(method, path, handler, resource)

    def _list(
        self, path: str, rows: Callable[[Asked], Iterable[Json]], resource: str, key: Mapping[str, str] | None = None
    ) -> None:
        def search(asked: Asked) -> Json:
            criteria = read_criteria(asked.query)
            if criteria is None:
                raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"})
            criteria.check(self._state.switches)
            self._turn += 1
            found = self._state.listed(rows(asked))
            return criteria.answer(found, key=key or {}, switches=self._state.switches, turn=self._turn)

        self._add("GET", path, search, resource)

    def _add_access(self) -> None:
        access = self._access
        self._add("POST", "integration/admin/token", lambda asked: access.admin_token(asked.body), None)
        self._add("POST", "tfa/provider/google/authenticate", lambda asked: access.two_factor_token(asked.body), None)
        self._add(
            "POST",
            "integration/customer/token",
            lambda asked: access.customer_token(self._people.find(asked.body.get("username")), asked.body),
            None,
        )
        self._add("GET", "customers/me", self._me, None)

    def _me(self, asked: Asked) -> Json:
        if asked.customer_id is None:
            raise Refusal(401, "The consumer isn't authorized to access %resources.", {"resources": "self"})
        return self._people.one(Asked(method="GET", store="default", path=(), named={"id": str(asked.customer_id)}))

    def _add_catalog(self) -> None:
        catalog = self._catalog
        self._list("products", catalog.listed, _PRODUCTS, {**_ID, **FILTERED})
        self._add("POST", "products", catalog.save, _PRODUCTS)
        self._add("GET", "products/{sku}", catalog.one, _PRODUCTS)
        self._add("PUT", "products/{sku}", catalog.save, _PRODUCTS)
        self._add("DELETE", "products/{sku}", catalog.delete, _PRODUCTS)
        self._list("products/attributes", lambda _: self._state.attributes, "Magento_Catalog::attributes_attributes")
        self._add("POST", "products/attributes/{code}/options", catalog.add_attribute_option, _PRODUCTS)
        self._add("GET", "products/attribute-sets/{id}/attributes", lambda _: self._state.attributes, _PRODUCTS)
        self._add("GET", "configurable-products/{sku}/children", catalog.children, _PRODUCTS)
        self._add("POST", "configurable-products/{sku}/options", catalog.add_option, _PRODUCTS)
        self._add("POST", "configurable-products/{sku}/child", catalog.add_child, _PRODUCTS)

    def _add_stock(self) -> None:
        stock = Stock(self._state)
        self._add("GET", "stockItems/lowStock", stock.low, _STOCK)
        self._add("GET", "stockItems/{sku}", stock.item, _STOCK)
        self._add("PUT", "products/{sku}/stockItems/{item}", stock.save_item, _PRODUCTS)
        if self._state.switches.inventory == "legacy":
            return
        self._list("inventory/sources", lambda _: stock.sources(), _SOURCES)
        self._list("inventory/source-items", lambda _: self._state.source_items.values(), _ROWS)
        self._add("POST", "inventory/source-items", stock.save_sources, _ROWS)
        self._add("POST", "inventory/source-items-delete", stock.delete_sources, _ROWS)
        self._list("inventory/stocks", lambda _: [{"stock_id": 1, "name": "Default Stock"}], _SOURCES)
        links = [{"stock_id": 1, "source_code": "default", "priority": 1}]
        links.append({"stock_id": 1, "source_code": "east", "priority": 2})
        self._list("inventory/stock-source-links", lambda _: links, _SOURCES)
        self._add(
            "GET",
            "inventory/stock-resolver/website/{code}",
            lambda _: {"stock_id": 1, "name": "Default Stock"},
            _SOURCES,
        )
        self._add("GET", "inventory/get-product-salable-quantity/{sku}/{stock}", stock.salable_quantity, _SOURCES)
        self._add("GET", "inventory/are-products-salable", stock.are_salable, _SOURCES)
        self._add("GET", "inventory/dump-stock-index-data/website/{code}", self._dump_index(stock), _SOURCES)
        self._add("GET", "inventory/export-stock-salable-qty/website/{code}", self._export(stock), _SOURCES)

    def _dump_index(self, stock: Stock) -> Handler:
        return lambda asked: [
            {name: row[name] for name in ("sku", "qty", "is_salable")} for row in stock.dump_index(asked)
        ]

    def _export(self, stock: Stock) -> Handler:
        def export(asked: Asked) -> Json:
            self._turn += 1
            return stock.export(asked, self._turn)

        return export

    def _add_people(self) -> None:
        people = self._people
        self._list("customers/search", lambda _: self._state.customers.values(), _CUSTOMERS, _ID)
        self._add("POST", "customers", people.create, None)
        self._add("GET", "customers/{id}", people.one, _CUSTOMERS)
        self._add("PUT", "customers/{id}", people.save, _CUSTOMERS)
        self._add("DELETE", "customers/{id}", people.delete, "Magento_Customer::delete")

    def _add_carts(self) -> None:
        checkout = Checkout(self._state)
        self._list("carts/search", lambda _: self._state.carts.values(), _CARTS, _ID)
        self._add("POST", "guest-carts", checkout.guest, None)
        self._add("POST", "customers/{id}/carts", checkout.of_customer, _CARTS)
        for prefix, resource in (("guest-carts/{cart}", None), ("carts/{cart}", _CARTS)):
            self._add("GET", prefix, checkout.show, resource)
            self._add("GET", f"{prefix}/items", checkout.items, resource)
            self._add("POST", f"{prefix}/items", checkout.add, resource)
            self._add("POST", f"{prefix}/estimate-shipping-methods", checkout.shipping_methods, resource)
            self._add("POST", f"{prefix}/shipping-information", checkout.ship, resource)
            self._add("GET", f"{prefix}/totals", checkout.totals, resource)
            self._add("PUT", f"{prefix}/order", checkout.place, resource)

    def _add_sales(self) -> None:
        sales, state = Sales(self._state), self._state
        self._list("orders", lambda _: state.orders.values(), _SALES)
        self._list("orders/items", lambda _: sales.order_items(), _SALES)
        self._add("GET", "orders/{id}", sales.order, _SALES)
        self._add("POST", "orders", sales.save_raw, "Magento_Sales::create")
        self._add("PUT", "orders/create", sales.save_raw, "Magento_Sales::create")
        self._add("POST", "orders/{id}/comments", sales.comment, "Magento_Sales::comment")
        self._add("POST", "orders/{id}/cancel", sales.cancel, "Magento_Sales::cancel")
        self._add("POST", "orders/{id}/hold", sales.hold, "Magento_Sales::hold")
        self._add("POST", "orders/{id}/unhold", sales.unhold, "Magento_Sales::unhold")
        self._list("invoices", lambda _: state.invoices.values(), "Magento_Sales::sales_invoice")
        self._add("GET", "invoices/{id}", sales.invoice, "Magento_Sales::sales_invoice")
        self._add("POST", "order/{order}/invoice", sales.make_invoice, "Magento_Sales::invoice")

    def _add_shop(self) -> None:
        countries = self._state.countries
        self._add("GET", "store/storeConfigs", lambda _: self._stores(), "Magento_Backend::store")
        self._add("GET", "store/websites", lambda _: self._websites(), "Magento_Backend::store")
        self._add("GET", "modules", lambda _: self._modules(), "Magento_Backend::all")
        self._add("GET", "directory/countries", lambda _: countries, None)
        self._add("GET", "directory/countries/{id}", self._country, None)
        self._add(
            "GET", "bulk/{uuid}/status", self.queue.status, "Magento_Logging::system_magento_logging_bulk_operations"
        )
        detailed = "Magento_Logging::system_magento_logging_bulk_operations"
        self._add("GET", "bulk/{uuid}/detailed-status", lambda asked: self.queue.status(asked, detailed=True), detailed)
        self._add("GET", "bulk/{uuid}/operation-status/{status}", self.queue.count, detailed)

    def _country(self, asked: Asked) -> Json:
        for each in self._state.countries:
            if each["id"] == asked.named["id"]:
                return each
        raise Refusal(404, "The country isn't available.")

    def _stores(self) -> Json:
        switches = self._state.switches
        stores = [self._store(1, "default", 1, switches.currency)]
        return [*stores, self._store(2, "second", 2, switches.second_currency)] if switches.second_currency else stores

    def _store(self, key: int, code: str, website: int, currency: str) -> Json:
        base = "https://magento.example/"
        urls = {
            f"{start}base_{kind}url": base for start in ("", "secure_") for kind in ("", "link_", "static_", "media_")
        }
        return {
            "id": key,
            "code": code,
            "website_id": website,
            "locale": "en_US",
            "base_currency_code": currency,
            "default_display_currency_code": currency,
            "timezone": self._state.switches.timezone,
            "weight_unit": "lbs",
            **urls,
        }

    def _websites(self) -> Json:
        listed = [{"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0}]
        listed.append({"id": 1, "code": "base", "name": "Main Website", "default_group_id": 1})
        if self._state.switches.second_currency:
            listed.append({"id": 2, "code": "other", "name": "Other Website", "default_group_id": 2})
        return listed

    def _modules(self) -> list[str]:
        modules = ["Magento_Store", "Magento_Catalog", "Magento_CatalogInventory", "Magento_Sales", "Magento_Quote"]
        own = ["Magento_Inventory", "Magento_InventoryApi", "Magento_InventorySalesApi"]
        return modules if self._state.switches.inventory == "legacy" else modules + own
