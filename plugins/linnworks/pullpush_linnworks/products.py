"""Writing products as stock items: found by SKU; what differs is laid over the whole item, which is then sent.

A new item's id is made from its SKU: the platform takes an id once, so that a repeat cannot make a second item.
Variants are items of their own, each with its SKU. Levels are never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import attrs

from pullpush_sdk import Connection, Delivery, Outcome, Verb, outcome_of
from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Result
from pullpush_sdk.declarative import page_of
from pullpush_sdk.errors import RecordError, RejectedError, TransientError
from pullpush_sdk.http import Call

from .answers import ask, message_of
from .items import find_items, unclear

Json = Any

CREATE = "/api/Inventory/AddInventoryItem"
READ = "/api/Inventory/GetInventoryItemById"
REPLACE = "/api/Inventory/UpdateInventoryItem"
ARCHIVE = "/api/Inventory/ArchiveInventoryItems"

_SPACE = UUID("0f5b6f3e-6c0e-5f0a-9a1c-6a2f0d9b7c11")
_NO_ID = "00000000-0000-0000-0000-000000000000"
_REFUSED = frozenset({400})
_TEXTS = {"title": "ItemTitle", "description": "MetaData", "barcode": "BarcodeNumber"}
_OF_ONE_THING = ("price", "costPrice", "barcode")
_AMOUNTS = {"price": "RetailPrice", "costPrice": "PurchasePrice"}


@attrs.frozen(kw_only=True)
class _Item:
    """One stock item as a product (or one of its variants) wants it: native names, only what was said."""

    sku: str
    wanted: Mapping[str, Json]

    @property
    def new_id(self) -> str:
        """The id that this item gets if it is new."""
        return str(uuid5(_SPACE, self.sku))


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per product, in the batch's order."""
    plans = [_plan(connection, delivery) for delivery in batch]
    skus = {each.sku for plan in plans if not isinstance(plan, Outcome) for each in plan}
    try:
        found = await find_items(connection, skus) if skus else {}
    except (RecordError, TransientError) as error:
        return [outcome_of(error)] * len(batch)
    of = {delivery.id: plan for delivery, plan in zip(batch, plans, strict=True)}
    return await push_each(batch, lambda each: _outcome(connection, each, of[each.id], found), together=True)


def _plan(connection: Connection, delivery: Delivery) -> Outcome | list[_Item]:
    """The items that the product consists of here, or the outcome of one that cannot be written."""
    payload = delivery.payload
    variants = [each for each in payload.get("variants") or () if isinstance(each, Mapping)]
    skus = [each.get("sku") for each in variants]
    if len(variants) < 2 and skus in ([], [None], [payload["sku"]]):
        # A single variant is the product itself; what only it says is the product's.
        single = {name: each[name] for each in variants for name in _OF_ONE_THING if each.get(name) is not None}
        items = [_Item(sku=payload["sku"], wanted=_wanted({**single, **payload}))]
    else:
        doubled = sorted(str(sku) for sku, count in Counter(skus).items() if count > 1 and sku)
        if not all(skus):
            return Outcome.dead(f"product {delivery.key}: a variant without SKU cannot be an item of its own")
        if doubled:
            return Outcome.dead(f"product {delivery.key} has several variants with SKU {', '.join(doubled)}")
        items = [_Item(sku=str(each["sku"]), wanted=_wanted(payload, each)) for each in variants]
    has_price = any(name in each.wanted for each in items for name in _AMOUNTS.values())
    own, stated = connection.settings.get("currency"), payload.get("currency")
    if has_price and delivery.verb is not Verb.DELETED and (own is None or stated != own):
        return Outcome.dead(
            f"product {delivery.key} is priced in {stated or 'no stated currency'}, "
            + (f"the Linnworks account in {own}" if own else "and no currency of the account is set: set `currency`")
        )
    return items


def _wanted(product: Mapping[str, Json], variant: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """What is said of an item; a null text is empty, a null amount is not known and stays as it is."""
    own = {name: value for name, value in (variant or {}).items() if value is not None}
    # A barcode is that of one thing: variants do not share the product's.
    one = {**product, **own} if variant is None else {**product, "barcode": own.get("barcode"), **own}
    said = {name: native for name, native in _TEXTS.items() if name in product or name in own}
    wanted: dict[str, Json] = {native: str(one[name] or "") for name, native in said.items()}
    for name, native in _AMOUNTS.items():
        if one.get(name) is not None:
            wanted[native] = Decimal(str(one[name]))
    if variant is not None and product.get("title"):
        parts = [
            str(product["title"]),
            str(variant.get("title") or " / ".join((variant.get("options") or {}).values())),
        ]
        wanted["ItemTitle"] = " - ".join(part for part in dict.fromkeys(parts) if part)
    if not wanted.get("ItemTitle", "x"):
        del wanted["ItemTitle"]  # an item without a title is refused
    return wanted


async def _outcome(
    connection: Connection, delivery: Delivery, plan: Outcome | list[_Item], found: Mapping[str, Sequence[Json]]
) -> Outcome:
    if isinstance(plan, Outcome):
        return plan
    problems = [unclear(each.sku, found[each.sku]) for each in plan if len(found[each.sku]) > 1]
    if problems:
        return Outcome.dead("; ".join(problems))
    try:
        if delivery.verb is Verb.DELETED:
            return await _archive(connection, [each for item in plan for each in found[item.sku]])
        missing = [each.sku for each in plan if not found[each.sku]]
        if missing and delivery.fields is not None:
            return Outcome.dead(
                f"Linnworks has no active item with SKU {', '.join(missing)}, and a partial event cannot create it"
            )
        done = [
            await _write(connection, each, next(iter(found[each.sku]), None), maybe_applied=delivery.maybe_applied)
            for each in plan
        ]
    except (RecordError, TransientError) as error:
        return outcome_of(error)
    native = next((item for item, _ in done if item["ItemNumber"] == delivery.payload["sku"]), done[0][0])
    if not any(written for _, written in done):
        return Outcome.unchanged("Linnworks holds it like this already", native_id=native["StockItemId"])
    returned = _returned(connection, native) if len(plan) == 1 else None
    return Outcome.delivered(native_id=native["StockItemId"], returned=returned)


async def _write(connection: Connection, item: _Item, held: Json | None, *, maybe_applied: bool) -> tuple[Json, bool]:
    """The item as it is then, and whether anything was written, by this attempt or an earlier one."""
    if held is None:
        created, existing = await _create(connection, item)
        if existing is None:
            return created, True
        held, maybe_applied = existing, True
    if not _differences(item, held):
        return held, maybe_applied
    call = Call(url=READ, params={"id": held["StockItemId"]})
    whole = (await connection.client.send(call)).json()
    # The call replaces the item: whatever is left out of it is cleared.
    changed = {**whole, **_differences(item, whole)}
    await ask(connection, REPLACE, {"inventoryItem": changed})
    return changed, True


def _differences(item: _Item, held: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in item.wanted.items() if not _same(held.get(name), value)}


async def _create(connection: Connection, item: _Item) -> tuple[Json, Json | None]:
    """The new item; or, where an earlier attempt made it, the item that is there.

    Raises:
        RejectedError: the platform refuses it, and it is not our own of an earlier attempt.
    """
    body = {
        "StockItemId": item.new_id,
        "ItemNumber": item.sku,
        "ItemTitle": item.sku,
        # The account's own default.
        "MinimumLevel": None,
        # The country's rate.
        "TaxRate": -1,
        "CategoryId": _NO_ID,
        **item.wanted,
    }
    answer = await ask(connection, CREATE, {"inventoryItem": body}, accepts=_REFUSED)
    if answer.status not in _REFUSED:
        return {"CategoryName": "Default", **body}, None
    # The look-up by SKU may not show a new item yet; by its id it is there at once.
    found = await connection.client.send(Call(url=READ, params={"id": item.new_id}, accepts=_REFUSED))
    held = None if found.status in _REFUSED else found.json()
    if isinstance(held, Mapping) and held.get("ItemNumber") == item.sku:
        return body, held
    raise RejectedError(
        f"Linnworks refused the new item {item.sku!r}",
        status=answer.status,
        answer=message_of(answer),
        hint="an archived item keeps its SKU: unarchive it, or give one of them another SKU",
    )


async def _archive(connection: Connection, items: Sequence[Json]) -> Outcome:
    if not items:
        return Outcome.unchanged("Linnworks has no active item with this SKU")
    ids = [each["StockItemId"] for each in items]
    await ask(connection, ARCHIVE, {"parameters": {"InventoryItemIds": ids, "SelectedRegions": []}})
    return Outcome(result=Result.DELIVERED, native_id=ids[0])


def _returned(connection: Connection, native: Json) -> Mapping[str, Json] | None:
    """The item as its reader will show it: what is written here is not everything that an item has."""
    page = page_of(connection, "products", [native], started=connection.clock.now())
    return to_sparse(page.events[0].record) if page.events else None


def _same(held: Json, wanted: Json) -> bool:
    if isinstance(wanted, Decimal):
        return held is not None and Decimal(str(held)) == wanted
    return bool((held or "") == wanted)
