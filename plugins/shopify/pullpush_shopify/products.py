"""Writing products: found by SKU, created whole, updated by what is said and differs, never losing a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Result, Verb, outcome_of
from pullpush_sdk.errors import ContractError, RejectedError, TransientError

from .graphql import ask, check_errors, gid
from .graphql import write as send
from .items import Found, Item, find_items, newest_items
from .native import drained, fragments_of, product_by_id, returned
from .product_body import changes_of, creation_of, missing_variants, variant_additions, variant_changes

Json = Any

_CREATE = """
mutation CreateProduct($input: ProductSetInput!) {
  productSet(input: $input, synchronous: true) { product { id } userErrors { code field message } }
}
"""
_UPDATE = """
mutation UpdateProduct($product: ProductUpdateInput!) {
  productUpdate(product: $product) { product { ...Product } userErrors { field message } }
}
"""
_UPDATE_VARIANTS = """
mutation UpdateVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: false) {
    product { ...Product }
    userErrors { code field message }
  }
}
"""
_ADD_VARIANTS = """
mutation AddVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $product, variants: $variants) {
    product { ...Product }
    userErrors { code field message }
  }
}
"""


async def push(connection: Connection, batch: Sequence[Delivery]) -> list[Outcome]:
    """One outcome per delivery, in the batch's order; one search serves all of them."""
    try:
        found = await find_items(connection, (sku for delivery in batch for sku in skus_of(delivery.payload)))
    except TransientError as error:
        return [outcome_of(error)] * len(batch)
    return await push_each(batch, lambda delivery: _push_one(connection, delivery, found), together=True)


def skus_of(payload: Mapping[str, Json]) -> list[str]:
    """Every SKU that a product may be found by: its own and its variants'."""
    variants = payload.get("variants") or ()
    return list(dict.fromkeys(sku for sku in (payload["sku"], *(each.get("sku") for each in variants)) if sku))


async def _push_one(connection: Connection, delivery: Delivery, found: Found) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return await _archive(connection, await _find(connection, delivery, found))
    _check_currency(delivery, found.currency)
    product = await _find(connection, delivery, found)
    if product is not None:
        return await _update(connection, delivery, product)
    if delivery.fields is not None:
        return Outcome.dead(f"no product has the SKU {delivery.key}, and a part of one cannot create it")
    return await _create(connection, delivery)


def _check_currency(delivery: Delivery, shops: str) -> None:
    """A price in another currency is not a price here.

    Raises:
        RejectedError: it has prices in another currency than the shop's, or nobody knows in which.
    """
    payload = delivery.payload
    variants = payload.get("variants") or ()
    if not any(each.get(name) is not None for each in (payload, *variants) for name in ("price", "compareAtPrice")):
        return
    currency = payload.get("currency")
    if currency != shops:
        named = f"in {currency}" if currency else "in no named currency"
        raise RejectedError(
            f"the price of {delivery.key} is {named}, and the shop's prices are in {shops}",
            hint="map a price in the shop's currency, or leave the price out",
        )


async def _find(connection: Connection, delivery: Delivery, found: Found) -> Json:
    """The product that holds these SKUs, None where none does.

    Raises:
        RejectedError: several do; a guess could overwrite the wrong one.
    """
    if delivery.native_id:
        product = await product_by_id(connection, gid("Product", delivery.native_id))
        if product is not None:
            return product
    holders = _holders(delivery, found.items)
    if len(holders) > 1:
        names = ", ".join(sorted(holders))
        raise RejectedError(f"the SKUs of {delivery.key} belong to several products: {names}", hint="make them unique")
    if not holders and (found.unsettled or delivery.maybe_applied):
        # Somebody made items a moment ago, we perhaps; if it was this product, another one must not be made.
        holders = _holders(delivery, await newest_items(connection, skus_of(delivery.payload)))
    return await product_by_id(connection, holders.pop()) if holders else None


def _holders(delivery: Delivery, items: Mapping[str, Sequence[Item]]) -> set[str]:
    found = (item.product for sku in skus_of(delivery.payload) for item in items.get(sku, ()))
    return {product for product in found if product is not None}


async def _create(connection: Connection, delivery: Delivery) -> Outcome:
    try:
        data = await send(connection, _CREATE, {"input": creation_of(delivery.payload)})
    except ContractError as error:
        return Outcome.retry(str(error), answer=error.answer, maybe_applied=True)
    check_errors(data["productSet"], "the product")
    created = data["productSet"]["product"]["id"]
    try:
        product = await product_by_id(connection, created)
    except TransientError:
        return Outcome.delivered(native_id=created)  # it is there; how it looks there, the next poll tells
    return Outcome.delivered(native_id=created) if product is None else await _written(connection, product)


async def _update(connection: Connection, delivery: Delivery, product: Mapping[str, Json]) -> Outcome:
    fields = changes_of(delivery.payload, product)
    variants, _ = variant_changes(delivery.payload, product)
    additions, left = variant_additions(missing_variants(delivery.payload, product), product)
    reason = f"variants that do not fit the product's options were not added: {', '.join(left)}" if left else ""
    if not fields and not variants and not additions:
        return Outcome.unchanged(reason, native_id=product["id"])
    fragments = fragments_of(connection, "products")
    if fields:
        data = await ask(connection, f"{_UPDATE}\n{fragments}", {"product": {"id": product["id"], **fields}})
        check_errors(data["productUpdate"], "the product's change")
        product = data["productUpdate"]["product"]
    if variants:
        # Amounts are absolute: repeating the same change does no more than once.
        variables = {"product": product["id"], "variants": variants}
        data = await ask(connection, f"{_UPDATE_VARIANTS}\n{fragments}", variables)
        check_errors(data["productVariantsBulkUpdate"], "the variants' change")
        product = data["productVariantsBulkUpdate"]["product"]
    if additions:
        # Two variants with the same option values cannot be: what was added by a lost answer is found as a variant.
        variables = {"product": product["id"], "variants": additions}
        data = await send(connection, f"{_ADD_VARIANTS}\n{fragments}", variables)
        check_errors(data["productVariantsBulkCreate"], "the new variants")
        product = data["productVariantsBulkCreate"]["product"]
    return await _written(connection, product, reason)


async def _archive(connection: Connection, product: Json) -> Outcome:
    if product is None or product["status"] == "ARCHIVED":
        return Outcome.unchanged("there is no such product" if product is None else "it is archived already")
    variables = {"product": {"id": product["id"], "status": "ARCHIVED"}}
    data = await ask(connection, f"{_UPDATE}\n{fragments_of(connection, 'products')}", variables)
    check_errors(data["productUpdate"], "to archive the product")
    return Outcome.delivered(native_id=product["id"])


async def _written(connection: Connection, product: Mapping[str, Json], reason: str = "") -> Outcome:
    whole = await drained(connection, "products", product)
    native_id, record, version = returned(connection, "products", whole)
    return Outcome(result=Result.DELIVERED, reason=reason, native_id=native_id, returned=record, version=version)
