"""Writing products: found by SKU, then only what differs is sent; quantities are never touched.

A new product with variants takes several requests, any of which may be the last one that is answered. It carries
its SKU itself until its variants have theirs, so that the next attempt finds it and goes on where this one ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb
from pullpush_sdk.errors import TransientError
from pullpush_sdk.http import Answer, Call

from .answers import REFUSED, fields_of, refusal, said
from .catalogue import Row, find_rows, forget
from .prices import amount, price_body, prices_of, wanted_prices
from .store import currency_of
from .variants import has_several, missing_options, native_of, options_of, variant_body

Json = Any

_AMOUNTS = ("price", "compareAtPrice", "costPrice")
_GTIN_LENGTHS = (8, 12, 13, 14)
_MOST_IMAGES = 10


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per product, in the batch's order."""
    return await push_each(batch, lambda delivery: _write(_Work(connection=connection, delivery=delivery)))


@attrs.define(kw_only=True)
class _Work:
    """One product on its way: what was written so far, and what a person should know of it."""

    connection: Connection
    delivery: Delivery
    written: bool = False
    notes: list[str] = attrs.field(factory=list)

    @property
    def payload(self) -> Mapping[str, Json]:
        """The canonical product."""
        return self.delivery.payload

    async def send(self, method: str, url: str, body: Json) -> Answer:
        """One write in the connection's language; a 422 is an answer."""
        answer = await self.connection.client.send(
            Call(
                method=method,
                url=url,
                headers={"Content-Language": str(self.connection.settings.get("language", "en"))},
                body=dumps(body),
                content_type="application/json",
                accepts=REFUSED,
            )
        )
        self.written = self.written or answer.status not in REFUSED
        return answer

    def done(self, product: Json) -> Outcome:
        """Written, or nothing to write; what an earlier attempt may have written counts as written."""
        native_id, reason = str(product["id"]), "; ".join(self.notes)
        if self.written or self.delivery.maybe_applied:
            return attrs.evolve(Outcome.delivered(native_id=native_id), reason=reason)
        return Outcome.unchanged(reason, native_id=native_id)


async def _write(work: _Work) -> Outcome:
    payload, sku = work.payload, work.payload["sku"]
    found = await _find(work.connection, payload)
    products = {row.product["id"] for row in found}
    if len(found) > 1:
        names = ", ".join(sorted(row.name for row in found))
        return Outcome.dead(f"SKU {sku!r} is there more than once: {names}; make it unique, then retry")
    if work.delivery.verb is Verb.DELETED:
        return await _hide(work, found[0]) if found else Outcome.unchanged(f"Salla has no product with SKU {sku!r}")
    if foreign := await _foreign_currency(work):
        return Outcome.dead(foreign)
    if products:
        return await _update(work, found[0])
    if work.delivery.fields is not None:
        return Outcome.dead(f"Salla has no product with SKU {sku!r}, and a partial event cannot create it")
    return await _create(work)


async def _find(connection: Connection, payload: Mapping[str, Json]) -> list[Row]:
    """What carries the product's SKU, else that of one of its variants."""
    skus = [payload["sku"], *(variant.get("sku") for variant in payload.get("variants") or ())]
    for sku in dict.fromkeys(each for each in skus if each):
        if found := await find_rows(connection, sku):
            return found
    return []


async def _foreign_currency(work: _Work) -> str:
    """Why the prices cannot be written, empty where they can: a price is never taken for one in another currency."""
    records = [work.payload, *(work.payload.get("variants") or ())]
    if all(record.get(name) is None for record in records for name in _AMOUNTS):
        return ""
    stated, own = work.payload.get("currency"), await currency_of(work.connection)
    if stated == own:
        return ""
    return f"SKU {work.payload['sku']!r} is priced in {stated or 'no stated currency'}, the Salla store sells in {own}"


async def _hide(work: _Work, row: Row) -> Outcome:
    """A product that is gone elsewhere is hidden: deleting would take its history along."""
    if row.variant is not None and len(row.product.get("skus") or ()) > 1 and not has_several(work.payload):
        work.notes.append("a single variant cannot be hidden")
    elif row.product.get("status") != "hidden":
        answer = await work.send("PUT", f"/products/{row.product['id']}", {"status": "hidden"})
        if answer.status in REFUSED:
            return refusal("to hide the product", answer)
    return work.done(row.product)


async def _update(work: _Work, row: Row) -> Outcome:
    """Write what differs; a single form that is one variant of many there changes that variant only."""
    product, payload = row.product, work.payload
    rows = product.get("skus") or []
    unfinished = _is_unfinished(work, product)
    if has_several(payload) and not rows and not unfinished:
        return Outcome.dead(
            f"Salla has SKU {payload['sku']!r} as a product without options, here it has variants; "
            "give it options there, then retry"
        )
    record = payload if has_several(payload) else _single(payload)
    if row.variant is not None and not has_several(payload):
        refused = await _write_variant(work, {**record, "sku": None}, row.variant)
        if refused is not None or len(rows) > 1:
            return refused or work.done(product)
    body = _differences(record, product)
    if body:
        answer = await work.send("PUT", f"/products/{product['id']}", body)
        if answer.status in REFUSED:
            return refusal("the product", answer)
        # A variant without a price of its own follows the product's: compare with what they cost now.
        product = {**product, **(answer.json().get("data") or {})}
    return await _complete(work, product, fresh=unfinished)


def _is_unfinished(work: _Work, product: Json) -> bool:
    """Whether an earlier attempt may have begun this product: it has its SKU, and nobody gave it stock since."""
    counted = product.get("unlimited_quantity") or str(product.get("quantity") or 0) != "0"
    return work.delivery.maybe_applied and product.get("sku") == work.payload["sku"] and not counted


def _single(payload: Mapping[str, Json]) -> Mapping[str, Json]:
    """A product in one form: what it is silent about, its only variant may say."""
    first: Mapping[str, Json] = (payload.get("variants") or ({},))[0]
    said_there = {name: first[name] for name in ("barcode", *_AMOUNTS) if name in first}
    return {**said_there, **{name: each for name, each in payload.items() if each is not None or name not in first}}


def _differences(payload: Mapping[str, Json], product: Json) -> dict[str, Json]:
    """What differs between record and product, of the fields that the record speaks of; amounts compare as numbers."""
    body = price_body(wanted_prices(payload, prices_of(product)), product)
    if payload.get("title") and payload["title"] != product.get("name"):
        body["name"] = payload["title"]
    if "description" in payload and (payload["description"] or "") != (product.get("description") or ""):
        body["description"] = payload["description"] or ""
    cost = payload.get("costPrice")
    if cost is not None and Decimal(cost) != amount(product.get("cost_price")):
        body["cost_price"] = Decimal(cost)
    gtin = _gtin(payload.get("barcode"))
    # That of a product in several forms belongs to one of them.
    is_single = not product.get("skus") and not has_several(payload)
    if gtin is not None and is_single and gtin != product.get("gtin"):
        body["gtin"] = gtin
    return body | _status(payload.get("status"), product)


def _status(wanted: str | None, product: Json) -> dict[str, Json]:
    """`out` is as good as `sale`; a product without a picture stays hidden whatever is written."""
    is_hidden = product.get("status") == "hidden"
    if wanted == "active" and is_hidden and product.get("images"):
        return {"status": "sale"}
    if wanted in ("hidden", "draft", "archived") and not is_hidden:
        return {"status": "hidden"}
    return {}


def _gtin(barcode: Json) -> str | None:
    """A barcode that Salla takes for a GTIN, None for any other."""
    return barcode if isinstance(barcode, str) and barcode.isdecimal() and len(barcode) in _GTIN_LENGTHS else None


async def _create(work: _Work) -> Outcome:
    """A new product; a SKU that is taken after all means that somebody was quicker, or an answer was lost."""
    payload, sku = work.payload, work.payload["sku"]
    variants = payload.get("variants") or []
    record = _single(payload)
    prices = wanted_prices(record, None)
    if not payload.get("title") or prices is None:
        lacking = "a price" if payload.get("title") else "a title"
        return Outcome.dead(f"SKU {sku!r} is not in Salla yet and cannot be created without {lacking}")
    if has_several(payload) and options_of(variants) is None:
        return Outcome.dead(f"the variants of SKU {sku!r} cannot be told apart by options; Salla makes them of those")
    cost, gtin = record.get("costPrice"), None if has_several(payload) else _gtin(record.get("barcode"))
    body = {
        "name": payload["title"],
        "description": payload.get("description"),
        "product_type": "product",
        "sku": sku,
        **price_body(prices, None),
        "cost_price": None if cost is None else Decimal(cost),
        "gtin": gtin,
        **_status(payload.get("status"), {}),
    }
    answer = await work.send("POST", "/products", {name: value for name, value in body.items() if value is not None})
    if answer.status not in REFUSED:
        forget(work.connection)
        return await _complete(work, answer.json()["data"], fresh=True)
    found = await _find(work.connection, payload) if "sku" in fields_of(answer) else []
    return await _update(work, found[0]) if len(found) == 1 else refusal("the new product", answer)


async def _complete(work: _Work, product: Json, *, fresh: bool) -> Outcome:
    """Options, variants and pictures of a product that is there; `fresh` means that it may still be in the making."""
    try:
        if has_several(work.payload):
            # Options make the variants anew: never where somebody gave one a SKU.
            if fresh and not any(row.get("sku") for row in product.get("skus") or ()):
                product, refused = await _add_options(work, product)
                if refused is not None:
                    return refused
            if refused := await _write_variants(work, product):
                return refused
        if not product.get("images") and await _add_images(work, product):
            return await _shown_as_wanted(work, product) or work.done(product)
    except TransientError as error:
        # The next attempt must know that part of it may be there.
        error.maybe_applied = error.maybe_applied or work.written
        raise
    return work.done(product)


async def _add_options(work: _Work, product: Json) -> tuple[Json, Outcome | None]:
    """The product with the options that it lacked, and the refusal of one."""
    lacking = missing_options(options_of(work.payload["variants"]) or {}, product)
    for name, values in lacking.items():
        body = {"name": name, "type": "radio", "display_type": "text", "values": [{"name": value} for value in values]}
        answer = await work.send("POST", f"/products/{product['id']}/options", body)
        if answer.status in REFUSED:
            return product, refusal(f"the option {name!r}", answer)
    if lacking:
        answer = await work.connection.client.send(Call(url=f"/products/{product['id']}"))
        product = answer.json()["data"]
    return product, None


async def _write_variants(work: _Work, product: Json) -> Outcome | None:
    """Every variant's differences; None where all went well."""
    # The product gives its own SKU up last, then the variant that needs it is written.
    own = product.get("sku")
    variants = sorted(work.payload["variants"], key=lambda variant: bool(own) and variant.get("sku") == own)
    lacking: list[str] = []
    for variant in variants:
        native = native_of(variant, product)
        if native is None:
            lacking.append(variant.get("sku") or str(variant.get("options")))
            continue
        if own and variant.get("sku") == own and native.get("sku") != own:
            answer = await work.send("PUT", f"/products/{product['id']}", {"sku": ""})
            if answer.status in REFUSED:
                return refusal("to move the SKU to a variant", answer)
        if refused := await _write_variant(work, variant, native):
            return refused
    if lacking:
        return Outcome.dead(
            f"product {product['id']} in Salla lacks the variants {', '.join(lacking)}; "
            "add their values to its options there, then retry (the rest was written)"
        )
    return None


async def _write_variant(work: _Work, variant: Json, native: Json) -> Outcome | None:
    body = variant_body(variant, native)
    if not body:
        return None
    answer = await work.send("PUT", f"/products/variants/{native['id']}", body)
    return refusal(f"variant {native['id']}", answer) if answer.status in REFUSED else None


async def _shown_as_wanted(work: _Work, product: Json) -> Outcome | None:
    """A first picture makes a product visible, which must stay hidden where the record says so; the refusal of that."""
    answer = await work.connection.client.send(Call(url=f"/products/{product['id']}"))
    body = _status(work.payload.get("status"), answer.json()["data"])
    if not body:
        return None
    answer = await work.send("PUT", f"/products/{product['id']}", body)
    return refusal("the status of the product", answer) if answer.status in REFUSED else None


async def _add_images(work: _Work, product: Json) -> bool:
    """Pictures by address, in order; one that is refused is noted, it does not hold the product back.

    Whether any was added.
    """
    before = len(work.notes)
    media = [
        each for each in work.payload.get("media") or () if each.get("url") and each.get("kind") in (None, "image")
    ]
    for each in media[:_MOST_IMAGES]:
        body, content_type = _form({"original": each["url"], "alt": each.get("alt")})
        call = Call(
            method="POST",
            url=f"/products/{product['id']}/images",
            body=body,
            content_type=content_type,
            accepts=REFUSED,
        )
        answer = await work.connection.client.send(call)
        work.written = work.written or answer.status not in REFUSED
        if answer.status in REFUSED:
            work.notes.append(f"Salla refused a picture: {said(fields_of(answer))}")
    return len(work.notes) - before < len(media[:_MOST_IMAGES])


def _form(fields: Mapping[str, str | None]) -> tuple[bytes, str]:
    """Fields as multipart/form-data, the only form that the route takes; and its content type."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
        if value
    ]
    return f"{''.join(parts)}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
