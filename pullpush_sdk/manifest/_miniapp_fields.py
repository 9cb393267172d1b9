"""Karzoun's content types and field names in canonical words: the fixed table, and maps translated by it.

Status words are a store's own, so they are kept as `nativeStatus`; the canonical status is looked up in Karzoun's
documented words, anything else is `unknown`. A target without a canonical field goes to `extensions`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pullpush_sdk.canonical import BUILT_IN, LineItem, fields_of

from ._document import Json
from ._miniapp_report import Block

CONTENT_TYPES = {
    "core:product": "product",
    "core:customer": "contact",
    "ecommerce:orders": "order",
    "ecommerce:abandonedCarts": "cart",
}
RESOURCE_KEYS = {"products": "product", "customers": "contact", "orders": "order", "abandonedCarts": "cart"}
RECORD_TYPES = {"order": "order", "abandonedCart": "cart", "customer": "contact", "product": "product"}
DOCUMENTED_RECORD_TYPES = ("order", "abandonedCart")

_NAMES: Mapping[str, Mapping[str, str]] = {
    "product": {
        "code": "productId",
        "name": "title",
        "unitPrice": "price",
        "type": "productType",
        "status": "nativeStatus",
        "slug": "handle",
        "externalUrl": "url",
    },
    "contact": {"code": "contactId", "primaryEmail": "email", "primaryPhone": "phone", "description": "note"},
    "order": {"code": "orderId", "status": "nativeStatus", "items": "lineItems"},
    "cart": {"code": "cartId", "status": "nativeStatus", "items": "lineItems"},
    "item": {"code": "productId", "name": "title", "totalAmount": "total"},
}
_STATUS: Mapping[str, Mapping[str, str]] = {
    "product": {"active": "active", "disabled": "hidden", "hidden": "hidden", "draft": "draft", "archived": "archived"},
    "order": {
        "created": "pending",
        "pending": "pending",
        "paid": "paid",
        "processing": "processing",
        "on hold": "on_hold",
        "on_hold": "on_hold",
        "shipped": "shipped",
        "delivered": "delivered",
        "completed": "completed",
        "cancelled": "cancelled",
        "canceled": "cancelled",
        "refunded": "refunded",
        "returned": "returned",
        "failed": "failed",
    },
    "cart": {"active": "active", "abandoned": "abandoned", "converted": "converted", "expired": "expired"},
}
_DIRECT = frozenset({"text", "number", "integer", "money", "instant", "boolean"})
_PLAIN_STEPS = frozenset({"toString", "coalesce", "trim", "lower", "upper"})


def canonical_map(block: Block, canonical_type: str, model_path: str) -> dict[str, Json]:
    """An `apiMapping`, handler mapping or customer mapping as a canonical map; nothing of it is dropped."""
    rules: dict[str, Json] = {}
    for name, rule in block.value.items():
        target = _target(canonical_type, name, rules)
        rules[target] = _items(rule) if target == "lineItems" else rule
        block.report.stands_for(f"{model_path}.{target}", block.at(name))
        if target == "nativeStatus" and (status := _status(canonical_type, rule)) is not None:
            rules["status"] = status
            block.report.stands_for(f"{model_path}.status", block.at(name))
    if canonical_type == "product" and "sku" not in rules and "productId" in rules:
        rules["sku"] = rules["productId"]
        block.report.stands_for(f"{model_path}.sku", block.at("code"))
    return rules


def _target(table: str, name: str, taken: Mapping[str, Json]) -> str:
    target = _NAMES[table].get(name, name)
    if target in taken or (target not in _NAMES[table].values() and name not in _same_named(table)):
        return f"extensions.{name}"
    return target


def _same_named(table: str) -> frozenset[str]:
    """Canonical fields that hold one plain value, by wire name."""
    records = {each.name: each.record for each in BUILT_IN} | {"item": LineItem}
    return frozenset(field.wire for field in fields_of(records[table]) if field.kind.name in _DIRECT)


def _items(rule: Json) -> Json:
    """The rule of line items, with the names of its item map translated."""
    if isinstance(rule, str):
        return {"path": rule, "transform": "mapItems"}
    if not isinstance(rule, dict):
        return rule
    if "transform" not in rule and ("path" in rule or "paths" in rule):
        rule = {**rule, "transform": "mapItems"}
    items = rule.get("items")
    if not isinstance(items, dict):
        return rule
    rules: dict[str, Json] = {}
    for name, each in items.items():
        rules[_target("item", name, rules)] = each
    return {**rule, "items": rules}


def _status(canonical_type: str, rule: Json) -> Json:
    """The canonical status of a status rule, None where its value cannot be looked up."""
    table = _STATUS.get(canonical_type)
    if table is None:
        return None
    source: dict[str, Json] = {"path": rule} if isinstance(rule, str) else dict(rule) if isinstance(rule, dict) else {}
    step = source.pop("transform", None)
    if (
        not source
        or set(source) - {"path", "paths"}
        or not (step is None or (isinstance(step, str) and step in _PLAIN_STEPS))
    ):
        return None
    lookup = {"transform": "lookup", "table": dict(table), "default": "unknown"}
    return {**source, "transform": [*([step] if step else []), "toString", "trim", "lower", lookup]}
