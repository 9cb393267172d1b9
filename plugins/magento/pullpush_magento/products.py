"""Products once each: children of configurable products leave the top level and stand as variants of their parent.

The list shows a child like any other product and does not say whose child it is; a configurable product names its
children and its options by ids only. Both are looked up: the families at the beginning of a sweep, children by page.

A child whose parent is deleted or lets go of it becomes a product of its own without being changed itself: no filter
by change shows it. So the cursor carries who was a child, and the next sweep asks for those that are none any more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk import UNSET
from pullpush_sdk.canonical import Product, ProductOption, Variant, whole
from pullpush_sdk.connector import Connection, Page
from pullpush_sdk.declarative import page_of

from .native import found, products_by_id, record_of
from .shop import currency_of

Json = Any

PARENT_SUFFIX = "-configurable"
"""Ends the SKU of a configurable product that was made for a product known by the SKU of its first variant."""

_FIELDS = "id,extension_attributes[configurable_product_links,configurable_product_options]"


@attrs.frozen(kw_only=True)
class Attribute:
    """What variants may differ in: its code in the children, its name, and its values by id."""

    code: str
    label: str
    values: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Family:
    """Ids of all children, the attributes by id that tell them apart, and the currency of every price."""

    children: frozenset[str]
    attributes: Mapping[str, Attribute]
    currency: str


async def arranged(
    connection: Connection, pages: AsyncGenerator[Page, None], cursor: Json
) -> AsyncGenerator[Page, None]:
    """The pages of the manifest's sweep from `cursor` without children at the top level, with variants, options in
    words; on the first page also the products that were children when the cursor was made.
    """
    async with aclosing(pages):
        family = await _family(connection)
        left = _numbers((cursor or {}).get("children", "")) - family.children
        async for page in pages:
            kept = [event for event in page.events if event.record.product_id not in family.children]
            rejects = list(page.rejects)
            if left:
                alone = await _alone(connection, left)
                kept, rejects, left = [*alone.events, *kept], [*alone.rejects, *rejects], set()
            links = [link for event in kept for link in _links(event.record)]
            children = await products_by_id(connection, links) if links else {}
            events = [attrs.evolve(event, record=_whole(event.record, family, children)) for event in kept]
            where = {**page.cursor, "children": _ranges(family.children)}
            yield attrs.evolve(page, events=events, rejects=rejects, cursor=where)


async def _alone(connection: Connection, ids: set[str]) -> Page:
    """The products of these ids that are still there."""
    started = connection.clock.now()
    rows = await products_by_id(connection, sorted(ids))
    return page_of(connection, "products", list(rows.values()), started=started)


def _ranges(ids: Iterable[str]) -> str:
    """Ids as `5-9,12`: those of one product's children mostly follow each other."""
    spans: list[list[int]] = []
    for each in sorted(map(int, ids)):
        if spans and each == spans[-1][1] + 1:
            spans[-1][1] = each
        else:
            spans.append([each, each])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _numbers(ranges: str) -> set[str]:
    """The ids of such a text."""
    found: set[str] = set()
    for span in filter(None, ranges.split(",")):
        first, _, last = span.partition("-")
        found.update(map(str, range(int(first), int(last or first) + 1)))
    return found


async def canonical(connection: Connection, native: Mapping[str, Json]) -> Product:
    """One native product as the sweep would show it."""
    record: Product = record_of(connection, _resource_of(native), native)
    links = _links(record)
    wanted = {str(option.name) for option in record.options or ()}
    family = Family(
        children=frozenset(),
        attributes=await _attributes(connection, wanted),
        currency=await currency_of(connection),
    )
    return _whole(record, family, await products_by_id(connection, links) if links else {})


async def carriers(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Product]:
    """The SKUs that these products carry now; one that is gone is left out."""
    rows = await products_by_id(connection, native_ids)
    return {native_id: Product(sku=row["sku"], title=row["name"]) for native_id, row in rows.items()}


def _resource_of(native: Mapping[str, Json]) -> str:
    return "configurables" if native.get("type_id") == "configurable" else "products"


async def _family(connection: Connection) -> Family:
    children: set[str] = set()
    wanted: set[str] = set()
    async for parent in found(connection, "products", [("type_id", "eq", "configurable")], fields=_FIELDS):
        more = parent.get("extension_attributes") or {}
        children |= {str(child) for child in more.get("configurable_product_links") or ()}
        wanted |= {str(option["attribute_id"]) for option in more.get("configurable_product_options") or ()}
    attributes = await _attributes(connection, wanted)
    return Family(children=frozenset(children), attributes=attributes, currency=await currency_of(connection))


async def _attributes(connection: Connection, wanted: set[str]) -> Mapping[str, Attribute]:
    if not wanted:
        return {}
    group = [("attribute_id", "in", ",".join(sorted(wanted)))]
    rows = found(connection, "products/attributes", group, shown="attribute_id", key="attribute_id")
    return {str(each["attribute_id"]): attribute_of(each) async for each in rows}


def attribute_of(native: Mapping[str, Json]) -> Attribute:
    """A native attribute; its values by id, blank ones left out."""
    return Attribute(
        code=native["attribute_code"],
        label=native.get("default_frontend_label") or native["attribute_code"],
        values={str(option["value"]): option["label"] for option in native.get("options") or () if option["value"]},
    )


def _links(product: Product) -> Sequence[str]:
    extensions = product.extensions or {}
    return [str(link) for link in extensions.get("links") or ()]


def _whole(product: Product, family: Family, children: Mapping[str, Json]) -> Product:
    """The product with its currency, and where it is configurable with variants and the names of its options."""
    product = attrs.evolve(product, currency=family.currency)
    links = _links(product)
    if not links and not product.options:
        return product
    used = [family.attributes[str(each.name)] for each in product.options or () if str(each.name) in family.attributes]
    variants = [_variant(children[link], used) for link in links if link in children]
    options = tuple(
        ProductOption(name=each.label, values=tuple(dict.fromkeys(_chosen(variants, each.label)))) for each in used
    )
    extensions = {name: value for name, value in (product.extensions or {}).items() if name != "links"}
    return attrs.evolve(
        product,
        sku=_shown_sku(product.sku, variants),
        options=options,
        variants=tuple(variants),
        extensions=extensions or UNSET,
    )


def _shown_sku(sku: str, variants: Sequence[Variant]) -> str:
    """A parent that took the suffix since its first variant has the SKU itself is known by that SKU."""
    plain = sku.removesuffix(PARENT_SUFFIX)
    return plain if plain != sku and any(each.sku == plain for each in variants) else sku


def _variant(native: Mapping[str, Json], used: Sequence[Attribute]) -> Variant:
    own = {each["attribute_code"]: each["value"] for each in native.get("custom_attributes") or ()}
    options = {
        each.label: each.values.get(str(own[each.code]), str(own[each.code])) for each in used if each.code in own
    }
    price, weight = native.get("price"), native.get("weight")
    return Variant(
        variant_id=str(native["id"]),
        sku=native["sku"],
        title=native.get("name", UNSET),
        price=UNSET if price is None else Decimal(str(price)),
        weight=UNSET if weight is None else whole(Decimal(str(weight))),
        options=options,
    )


def _chosen(variants: Sequence[Variant], label: str) -> list[str]:
    return [variant.options[label] for variant in variants if variant.options and label in variant.options]
