"""Products, configurable ones and the attributes that variants differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pullpush_magento.sandbox.offers import FILTERED, checked, with_filtered
from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["Catalog"]

Json = Any
Row = dict[str, Json]

_SCOPED = ("name", "status")
"""Fields whose value may differ between store views."""


class Catalog:
    """What the product endpoints do."""

    def __init__(self, state: State) -> None:
        self._state = state

    def listed(self, asked: Asked) -> Iterator[Row]:
        """Every product as a store view shows it, without its stock item."""
        rows = (_seen(row, asked.store) for row in self._state.products.values())
        return map(with_filtered, rows) if any(value in FILTERED for _, value in asked.query) else rows

    def one(self, asked: Asked) -> Row:
        """A product by itself shows its stock item, a list does not."""
        row = self._state.product(asked.named["sku"])
        seen = _seen(row, asked.store)
        more = {**seen["extension_attributes"], "stock_item": self._state.stock_items[row["id"]]}
        return {**_public(seen), "extension_attributes": more}

    def save(self, asked: Asked) -> Row:
        """Create, or overwrite the parts that are given; without a store code for one store view only."""
        given: Mapping[str, Json] = asked.part("product")
        sku = str(asked.named.get("sku") or given.get("sku") or "")
        if not sku.strip():
            raise Refusal(400, 'The "%1" attribute value is empty. Set the attribute and try again.', ["sku"])
        row = self._state.product(sku) if self._state.has(sku) else self._new(sku, given)
        custom = {each["attribute_code"]: each for each in given.get("custom_attributes") or ()}
        self._check(row, given, custom)
        day, null = self._state.wall_clock().date(), self._state.switches.special_null
        attributes = checked(row["custom_attributes"], custom, day, null=null)
        scoped = {} if asked.store == "all" else {name: given[name] for name in _SCOPED if given.get(name) is not None}
        if scoped and row["id"] in self._state.products:
            row.setdefault("_views", {}).setdefault(asked.store, {}).update(scoped)
        plain = {
            name: value
            for name, value in given.items()
            if value is not None and name not in ("custom_attributes", "extension_attributes", "sku", "id", *scoped)
        }
        if row["id"] not in self._state.products:
            plain |= scoped
            self._state.add_product(row)
        row |= {**plain, "custom_attributes": attributes, "updated_at": self._state.now()}
        return {**_public(_seen(row, asked.store)), "extension_attributes": row["extension_attributes"] or []}

    def _new(self, sku: str, given: Mapping[str, Json]) -> Row:
        for field in ("name", "attribute_set_id"):
            if given.get(field) is None:
                raise Refusal(400, 'The "%1" attribute value is empty. Set the attribute and try again.', [field])
        if given.get("type_id", "simple") == "simple" and given.get("price") is None:
            raise Refusal(400, 'The "%1" attribute value is empty. Set the attribute and try again.', ["price"])
        now = self._state.now()
        return {
            "id": self._state.next("product", self._state.products),
            "sku": sku,
            "price": 0,
            "status": 1,
            "visibility": 4,
            "type_id": "simple",
            "created_at": now,
            "updated_at": now,
            "extension_attributes": {"website_ids": [1]},
            "product_links": [],
            "options": [],
            "media_gallery_entries": [],
            "tier_prices": [],
            "custom_attributes": [],
        }

    def _check(self, row: Row, given: Mapping[str, Json], custom: dict[str, Json]) -> None:
        """Values that do not fit; the URL key comes of the name where none is given, and is taken once only."""
        if "price" in given and given["price"] is not None and not isinstance(given["price"], int | float):
            words = (
                'Error occurred during "%1" processing. The "%2" value\'s type is invalid. The "%3" type was expected.'
            )
            raise Refusal(400, words, ["price", given["price"], "float"])
        if row["id"] not in self._state.products and "url_key" not in custom:
            key = "-".join(str(given["name"]).casefold().split())
            custom["url_key"] = {"attribute_code": "url_key", "value": key}
        if "url_key" in custom:
            taken = {
                each["value"]
                for other in self._state.products.values()
                if other is not row
                for each in other["custom_attributes"]
                if each["attribute_code"] == "url_key"
            }
            if custom["url_key"]["value"] in taken:
                raise Refusal(400, "URL key for specified store already exists.")

    def delete(self, asked: Asked) -> bool:
        """A product is gone for good; nothing tells of it afterwards."""
        self._state.drop_product(asked.named["sku"])
        return True

    # Configurable products

    def children(self, asked: Asked) -> list[Row]:
        """The children of a configurable product."""
        links = self._state.product(asked.named["sku"])["extension_attributes"].get("configurable_product_links", ())
        return [_public(_seen(self._state.products[key], asked.store)) for key in links]

    def add_option(self, asked: Asked) -> int:
        """One more attribute that children differ in."""
        parent, option = self._configurable(asked.named["sku"]), asked.part("option")
        attribute = self._attribute(option.get("attribute_id"))
        known = {each["value"] for each in attribute["options"]}
        for value in option.get("values") or ():
            if str(value.get("value_index")) not in known:
                raise Refusal(400, 'Option value "%1" does not exist', [value.get("value_index")])
        options = parent["extension_attributes"].setdefault("configurable_product_options", [])
        if any(str(each["attribute_id"]) == str(option["attribute_id"]) for each in options):
            raise Refusal(400, "An error occurred while saving the option. Please try to save again.")
        key: int = self._state.next("option", [each["id"] for each in options])
        options.append({"position": 0, **option, "attribute_id": str(option["attribute_id"]), "id": key})
        options[-1]["product_id"] = parent["id"]
        parent["updated_at"] = self._state.now()
        return key

    def add_child(self, asked: Asked) -> bool:
        """Link a simple product; it needs a value of every option, and no other child may have the same."""
        parent, child = self._configurable(asked.named["sku"]), self._state.product(str(asked.part("childSku")))
        links = parent["extension_attributes"].setdefault("configurable_product_links", [])
        if child["id"] in links:
            raise Refusal(400, "The product is already attached.")
        codes = [
            self._attribute(each["attribute_id"])["attribute_code"]
            for each in parent["extension_attributes"].get("configurable_product_options", ())
        ]
        if not codes:
            raise Refusal(400, "The parent product doesn't have configurable product options.")
        mine = _values(child, codes)
        if None in mine:
            code = codes[mine.index(None)]
            raise Refusal(
                400, 'The child product doesn\'t have the "%1" attribute value. Verify the value and try again.', [code]
            )
        if any(_values(self._state.products[key], codes) == mine for key in links):
            raise Refusal(
                400, 'Products "%1" and "%2" have the same set of attribute values.', [parent["sku"], child["sku"]]
            )
        links.append(child["id"])
        return True

    def _configurable(self, sku: str) -> Row:
        row = self._state.product(sku)
        if row["type_id"] != "configurable":
            raise Refusal(400, "The product isn't a configurable product: %1", [sku])
        return row

    def _attribute(self, key: Json) -> Row:
        for each in self._state.attributes:
            if str(key) in (str(each["attribute_id"]), each["attribute_code"]):
                return each
        raise Refusal(404, 'The attribute with a "%1" ID doesn\'t exist. Verify the attribute and try again.', [key])

    def add_attribute_option(self, asked: Asked) -> str:
        """One more value of an attribute; the answer is its id."""
        attribute, option = self._attribute(asked.named["code"]), asked.part("option")
        label = str(option.get("label") or "")
        if not label or any(each["label"] == label for each in attribute["options"]):
            raise Refusal(400, 'Admin store attribute option label "%1" is already exists.', [label])
        key = str(self._state.next("value", [int(each["value"] or 0) for each in attribute["options"]] + [300]))
        attribute["options"].append({"label": label, "value": key})
        return key


def _values(row: Row, codes: list[str]) -> list[Json]:
    own = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]}
    return [None if own.get(code) in (None, "") else str(own[code]) for code in codes]


def _seen(row: Row, store: str) -> Row:
    views = row.get("_views", {}).get(store)
    return {**row, **views} if views else row


def _public(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
