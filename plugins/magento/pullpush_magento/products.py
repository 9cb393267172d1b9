"""Products once each: children of configurable products leave the top level and get the words of their options.

The list shows a child like any other product and does not say whose child it is; a configurable product names its
children and its options by ids only. Both are looked up once at the beginning of a sweep.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import attrs

from pullpush_sdk import UNSET, Connection, Page
from pullpush_sdk.canonical import Product, ProductOption, Variant
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.manifest import Request

Json = Any

ATTRIBUTES = "/{{store_code}}/V1/products/attributes"
_FIELDS = "items[id,extension_attributes[configurable_product_links,configurable_product_options]],total_count"


@attrs.frozen(kw_only=True)
class Attribute:
    """What variants may differ in: its code in the children, its name, and its values by id."""

    code: str
    label: str
    values: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Family:
    """Ids of all children, and the attributes by id that tell them apart."""

    children: frozenset[str]
    attributes: Mapping[str, Attribute]


async def arranged(connection: Connection, pages: AsyncGenerator[Page, None]) -> AsyncGenerator[Page, None]:
    """The pages of the manifest's sweep without children at the top level, options in words."""
    async with aclosing(pages):
        family = await _family(connection)
        async for page in pages:
            kept = [event for event in page.events if event.record.product_id not in family.children]
            events = [attrs.evolve(event, record=_worded(event.record, family)) for event in kept]
            yield attrs.evolve(page, events=events)


async def _family(connection: Connection) -> Family:
    resource = connection.connector.manifest.resources["configurables"]
    request = attrs.evolve(resource.list, params={**resource.list.params, "fields": _FIELDS})
    children: set[str] = set()
    wanted: set[str] = set()
    async for parent in iter_records(connection, request, resource.pagination, resource.response):
        more = parent.get("extension_attributes") or {}
        children |= {str(child) for child in more.get("configurable_product_links") or ()}
        wanted |= {str(option["attribute_id"]) for option in more.get("configurable_product_options") or ()}
    return Family(children=frozenset(children), attributes=await _attributes(connection, wanted))


async def _attributes(connection: Connection, wanted: set[str]) -> Mapping[str, Attribute]:
    if not wanted:
        return {}
    resource = connection.connector.manifest.resources["configurables"]
    place = "searchCriteria[filter_groups][0][filters][0]"
    params = {
        f"{place}[field]": "attribute_id",
        f"{place}[condition_type]": "in",
        f"{place}[value]": ",".join(sorted(wanted)),
        "searchCriteria[sortOrders][0][field]": "attribute_id",
        "searchCriteria[sortOrders][0][direction]": "ASC",
    }
    request = Request(path=ATTRIBUTES, params=params)
    return {
        str(each["attribute_id"]): Attribute(
            code=each["attribute_code"],
            label=each.get("default_frontend_label") or each["attribute_code"],
            values={str(option["value"]): option["label"] for option in each.get("options") or ()},
        )
        async for each in iter_records(connection, request, resource.pagination, resource.response)
    }


def _worded(product: Product, family: Family) -> Product:
    """The product with names of options and values where the map could give ids only."""
    if product.options is UNSET or not product.options:
        return product
    used = [family.attributes[str(each.name)] for each in product.options if str(each.name) in family.attributes]
    variants = [_variant(each, used) for each in product.variants or ()]
    options = tuple(
        ProductOption(name=each.label, values=tuple(dict.fromkeys(_chosen(variants, each.label)))) for each in used
    )
    return attrs.evolve(product, options=options, variants=tuple(variants))


def _variant(variant: Variant, used: list[Attribute]) -> Variant:
    extensions = dict(variant.extensions or {})
    own = {each["attribute_code"]: each["value"] for each in extensions.pop("attributes", None) or ()}
    options = {
        each.label: each.values.get(str(own[each.code]), str(own[each.code])) for each in used if each.code in own
    }
    return attrs.evolve(variant, options=options, extensions=extensions or UNSET)


def _chosen(variants: list[Variant], label: str) -> list[str]:
    return [variant.options[label] for variant in variants if variant.options and label in variant.options]
