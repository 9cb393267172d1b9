"""Stock items, source items, what is salable; both kinds of stock are kept equal at the default source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_magento.sandbox.sales_rows import cents
from pullpush_magento.sandbox.search import read_criteria
from pullpush_magento.sandbox.seed import source_row
from pullpush_magento.sandbox.state import HOLDS_STOCK, State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["Stock"]

Json = Any

_SYNC_LIMIT = 20
_ASYNC_LIMIT = 5000


class Stock:
    """What the stock endpoints do."""

    def __init__(self, state: State) -> None:
        self._state = state

    def item(self, asked: Asked) -> Json:
        """The stock item of a product; 404 like the product's own."""
        return self._state.stock_items[self._state.product(asked.named["sku"])["id"]]

    def save_item(self, asked: Asked) -> int:
        """Overwrite the parts of a stock item that are given."""
        row, given = self._state.product(asked.named["sku"]), asked.part("stockItem")
        item = self._state.stock_items[row["id"]]
        if str(item["item_id"]) != asked.named["item"]:
            raise Refusal(
                404,
                'The stock item with the "%1" ID wasn\'t found. Verify the ID and try again.',
                [asked.named["item"]],
            )
        if "qty" in given and (isinstance(given["qty"], bool) or not isinstance(given["qty"], int | float | None)):
            raise Refusal(400, '"%field" should be numeric.', {"field": "qty"})
        item |= {name: value for name, value in given.items() if name in item and name not in ("item_id", "product_id")}
        if self._state.switches.inventory == "sources" and "qty" in given and row["type_id"] in HOLDS_STOCK:
            status = 1 if item["is_in_stock"] else 0
            self._state.source_items[row["sku"], "default"] = {
                **source_row(row["sku"], "default", item["qty"] or 0),
                "status": status,
            }
        return int(item["item_id"])

    def low(self, asked: Asked) -> Json:
        """Stock items with at most a quantity: ids, no SKUs."""
        most = float(asked.one("qty") or 0)
        found = [each for each in self._state.stock_items.values() if each["qty"] is not None and each["qty"] <= most]
        size, page = int(asked.one("pageSize") or 0) or len(found), max(int(asked.one("currentPage") or 1), 1)
        shown = found[(page - 1) * size : page * size]
        return {"items": shown, "search_criteria": {"filter_groups": []}, "total_count": len(found)}

    def save_sources(self, asked: Asked, *, is_async: bool = False) -> Json:
        """Overwrite or create rows. A SKU that no product has is stored without a word."""
        rows = asked.part("sourceItems")
        if not isinstance(rows, list) or not rows:
            raise Refusal(400, "Input data is empty")
        most = _ASYNC_LIMIT if is_async else _SYNC_LIMIT
        if self._state.switches.input_limits == "on" and len(rows) > most:
            parameters = {"type": "Magento\\InventoryApi\\Api\\Data\\SourceItemInterface", "max": most}
            raise Refusal(400, 'Maximum items of type "%type" is %max', parameters)
        for row in rows:
            self._check(row)
        for row in rows:
            self.put(str(row["sku"]), row["source_code"], row["quantity"], row["status"])
        return []

    def _check(self, row: Mapping[str, Json]) -> None:
        sku = str(row.get("sku") or "")
        if not sku.strip() or sku != sku.strip():
            raise Refusal(400, '"%field" can not be empty.', {"field": "sku"})
        for field in ("quantity", "status"):
            if isinstance(row.get(field), bool) or not isinstance(row.get(field), int | float):
                raise Refusal(400, "Validation Failed", errors=[_numeric(field)])
        if row["status"] not in (0, 1):
            raise Refusal(
                400,
                "Validation Failed",
                errors=[{"message": '"%field" should a known status.', "parameters": {"field": "status"}}],
            )
        if row.get("source_code") not in {source["source_code"] for source in self._state.sources}:
            raise Refusal(400, "Could not save Source Item")
        if self._state.has(sku):
            if self._state.product(sku)["type_id"] not in HOLDS_STOCK:
                raise Refusal(400, "Could not save Source Item: the product type holds no stock")
        elif self._state.switches.unknown_sku == "refused":
            raise Refusal(400, "Could not save Source Item")

    def put(self, sku: str, source: str, quantity: Json, status: int) -> None:
        """One row; at the default source the stock item follows."""
        if self._state.switches.inventory == "sources":
            self._state.source_items[sku, source] = {**source_row(sku, source, quantity), "status": status}
        if source == "default" and self._state.has(sku):
            item = self._state.stock_items[self._state.product(sku)["id"]]
            item |= {"qty": quantity, "is_in_stock": status == 1}

    def delete_sources(self, asked: Asked) -> Json:
        """Rows and their quantities are gone."""
        for row in asked.part("sourceItems"):
            self._state.source_items.pop((row.get("sku"), row.get("source_code")), None)
        return []

    def sources(self) -> list[dict[str, Json]]:
        """Every source; 404 in a shop without the inventory modules."""
        return self._state.sources

    def salable_quantity(self, asked: Asked) -> Json:
        """What can be sold; composite products have no such number."""
        row = self._state.product(asked.named["sku"])
        if row["type_id"] not in HOLDS_STOCK:
            words = "Can't check requested quantity for products without Source Items support."
            raise Refusal(400, words)
        quantity, is_salable = self._state.salable(row)
        return cents(quantity) if is_salable else 0

    def are_salable(self, asked: Asked) -> Json:
        """Whether products can be sold."""
        stock = int(asked.one("stockId") or 1)
        skus = [value for name, value in asked.query if name.startswith("skus[")]
        return [
            {
                "sku": sku,
                "stock_id": stock,
                "salable": self._state.has(sku) and self._state.salable(self._state.product(sku))[1],
            }
            for sku in skus
        ]

    def dump_index(self, _: Asked) -> list[Json]:
        """Salable quantities of everything; unmanaged and composite products read 0 alike."""
        found = []
        for row in self._state.products.values():
            quantity, is_salable = self._state.salable(row)
            found.append({"sku": row["sku"], "qty": cents(quantity), "is_salable": is_salable, "_id": row["id"]})
        return found

    def export(self, asked: Asked, turn: int) -> Json:
        """The same by pages."""
        criteria = read_criteria(asked.query)
        if criteria is None:
            raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"})
        criteria.check(self._state.switches)
        return criteria.answer(
            self.dump_index(asked), key={"entity_id": "_id"}, switches=self._state.switches, turn=turn
        )


def _numeric(field: str) -> Json:
    return {"message": '"%field" should be numeric.', "parameters": {"field": field}}
