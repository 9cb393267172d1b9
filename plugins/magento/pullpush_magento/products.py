"""Products once each: children of configurable products leave the top level and stand as variants of their parent.

The list shows a child like any other product and does not say whose child it is; a configurable product names its
children and its options by ids only. Both are looked up: the families at the beginning of a sweep, children by page.

A child whose parent is deleted or lets go of it becomes a product of its own without being changed itself: no filter
by change shows it. So the cursor carries who was a child, and the next sweep asks for those that are none any more.
It carries as well when the prices were told: offers begin and end by themselves (offers.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk import UNSET
from pullpush_sdk.canonical import Product, ProductOption, Variant, whole
from pullpush_sdk.connector import Connection, Page
from pullpush_sdk.declarative import page_of
from pullpush_sdk.errors import FieldError

from .native import found, products_by_id, record_of
from .offers import turned
from .prices import ENDS, SPECIAL, STARTS, Prices, offer_of, own_attributes, prices_at, prices_of
from .shop import currency_of, wall_time

Json = Any

PARENT_SUFFIX = "-configurable"
"""Ends the SKU of a configurable product that was made for a product known by the SKU of its first variant."""

_OWN = ("links", SPECIAL, STARTS, ENDS)
"""What the manifest puts among the extensions for this module alone."""
_FIELDS = "id,extension_attributes[configurable_product_links,configurable_product_options]"


@attrs.frozen(kw_only=True)
class Attribute:
    """What variants may differ in: its code in the children, its name, and its values by id."""

    code: str
    label: str
    values: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Family:
    """Ids of all children, the attributes by id that tell them apart, and the currency of every price.

    `now` is the moment of the prices by the store's wall clock: one for a whole sweep.
    """

    children: frozenset[str]
    attributes: Mapping[str, Attribute]
    currency: str
    now: datetime


async def arranged(
    connection: Connection, pages: AsyncGenerator[Page, None], cursor: Json
) -> AsyncGenerator[Page, None]:
    """The pages of the manifest's sweep from `cursor` without children at the top level, with variants, options in
    words; on the first page also the products that were children when the cursor was made, and those whose offer
    began or ended since.
    """
    async with aclosing(pages):
        now = connection.clock.now()
        family = await _family(connection, now)
        late = None if cursor is None else await _late(connection, cursor, family, now)
        async for page in pages:
            kept = [event for event in page.events if event.record.product_id not in family.children]
            rejects = list(page.rejects)
            if late is not None:
                kept, rejects, late = [*late.events, *kept], [*late.rejects, *rejects], None
            links = [link for event in kept for link in _links(event.record)]
            children = await products_by_id(connection, links) if links else {}
            events = [attrs.evolve(event, record=_whole(event.record, family, children)) for event in kept]
            where = {**page.cursor, "children": _ranges(family.children), "prices": now.isoformat()}
            yield attrs.evolve(page, events=events, rejects=rejects, cursor=where)


async def _late(connection: Connection, cursor: Json, family: Family, now: datetime) -> Page:
    """What no filter by change shows: who is no child any more and still there, and whose offer began or ended."""
    started = connection.clock.now()
    rows = await turned(connection, cursor.get("prices"), now)
    left = _numbers(cursor.get("children", "")) - family.children
    rows |= await products_by_id(connection, sorted(left)) if left else {}
    alone = [row for key, row in rows.items() if key not in family.children]
    return page_of(connection, "products", alone, started=started)


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
        now=await wall_time(connection, connection.clock.now()),
    )
    return _whole(record, family, await products_by_id(connection, links) if links else {})


async def carriers(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Product]:
    """The SKUs that these products carry now; one that is gone is left out."""
    rows = await products_by_id(connection, native_ids)
    return {native_id: Product(sku=row["sku"], title=row["name"]) for native_id, row in rows.items()}


def _resource_of(native: Mapping[str, Json]) -> str:
    return "configurables" if native.get("type_id") == "configurable" else "products"


async def _family(connection: Connection, now: datetime) -> Family:
    children: set[str] = set()
    wanted: set[str] = set()
    async for parent in found(connection, "products", [("type_id", "eq", "configurable")], fields=_FIELDS):
        more = parent.get("extension_attributes") or {}
        children |= {str(child) for child in more.get("configurable_product_links") or ()}
        wanted |= {str(option["attribute_id"]) for option in more.get("configurable_product_options") or ()}
    return Family(
        children=frozenset(children),
        attributes=await _attributes(connection, wanted),
        currency=await currency_of(connection),
        now=await wall_time(connection, now),
    )


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
    """The product with its currency and what is paid for it; where it is configurable with variants and the names of
    its options.
    """
    links = _links(product)
    own = {name: value for name, value in (product.extensions or {}).items() if name not in _OWN}
    product = attrs.evolve(product, currency=family.currency, extensions=own or UNSET, **_paid(product, family.now))
    if not links and not product.options:
        return product
    used = [family.attributes[str(each.name)] for each in product.options or () if str(each.name) in family.attributes]
    variants = [_variant(children[link], used, family.now) for link in links if link in children]
    options = tuple(
        ProductOption(name=each.label, values=tuple(dict.fromkeys(_chosen(variants, each.label)))) for each in used
    )
    return attrs.evolve(product, sku=_shown_sku(product.sku, variants), options=options, variants=tuple(variants))


def _paid(product: Product, now: datetime) -> dict[str, Json]:
    """What is paid now and what it was before, in place of the regular price; silent where a date cannot be read."""
    if not isinstance(product.price, Decimal):
        return {}
    try:
        return _told(prices_at(product.price, offer_of(product.extensions or {}), product.product_type, now))
    except FieldError:
        return {"price": UNSET}


def _told(prices: Prices | None) -> dict[str, Json]:
    """Prices as fields of a record: no offer is said, for it ends those elsewhere."""
    if prices is None:
        return {}
    return {"price": prices.paid, "compare_at_price": None if prices.sale is None else prices.regular}


def _shown_sku(sku: str, variants: Sequence[Variant]) -> str:
    """A parent that took the suffix since its first variant has the SKU itself is known by that SKU."""
    plain = sku.removesuffix(PARENT_SUFFIX)
    return plain if plain != sku and any(each.sku == plain for each in variants) else sku


def _variant(native: Mapping[str, Json], used: Sequence[Attribute], now: datetime) -> Variant:
    own = own_attributes(native)
    options = {
        each.label: each.values.get(str(own[each.code]), str(own[each.code])) for each in used if each.code in own
    }
    weight = native.get("weight")
    try:
        paid = _told(prices_of(native, now))
    except FieldError:  # a date that cannot be read: nothing is said of the price
        paid = {}
    return Variant(
        variant_id=str(native["id"]),
        sku=native["sku"],
        title=native.get("name", UNSET),
        weight=UNSET if weight is None else whole(Decimal(str(weight))),
        options=options,
        **paid,
    )


def _chosen(variants: Sequence[Variant], label: str) -> list[str]:
    return [variant.options[label] for variant in variants if variant.options and label in variant.options]
