"""Writing products: simple ones in one request, configurable ones children first.

Everything is written for all store views (`/all/`), by `POST`, which creates or overwrites by SKU: no SKU stands in an
address, where a slash or a sign may be read otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb, version_of
from pullpush_sdk.errors import RejectedError, TransientError

from .answers import REFUSED, message_of
from .native import products_by_sku, send, wire_of
from .prices import Prices, own_attributes, price_body, prices_of, wanted_prices
from .products import PARENT_SUFFIX, canonical
from .shop import currencies_of, currency_of, first_day, wall_time
from .variants import Axes, axes_of, link

Json = Any

_STATUS = {"active": 1, "hidden": 1, "draft": 2, "archived": 2}
_VISIBLE, _NOT_ALONE, _OFF = 4, 1, 2
_PRICES = ("price", "compareAtPrice")


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per product, in the batch's order."""
    return await push_each(batch, lambda delivery: _outcome(connection, delivery))


async def _outcome(connection: Connection, delivery: Delivery) -> Outcome:
    moment = connection.clock.now()
    work = _Work(
        connection=connection,
        delivery=delivery,
        now=await wall_time(connection, moment),
        first_day=await first_day(connection, moment),
    )
    try:
        return await _write(work)
    except TransientError as error:
        error.maybe_applied = error.maybe_applied or work.written
        raise


@attrs.define(kw_only=True)
class _Work:
    """One product on its way, and whether anything was written yet.

    `now` is the store's wall clock, `first_day` that of an offer which starts at once.
    """

    connection: Connection
    delivery: Delivery
    now: datetime
    first_day: date
    written: bool = False

    @property
    def payload(self) -> Mapping[str, Json]:
        """The canonical product."""
        return self.delivery.payload

    async def save_priced(self, body: Mapping[str, Json], wanted: Prices | None, held: Json) -> Json:
        """The same with what makes its prices the wanted ones.

        Raises:
            RejectedError: as well where the shop leaves a special price as it was: some releases cannot take one away.
        """
        priced = price_body(wanted, held, self.now, self.first_day)
        custom = [*body.get("custom_attributes", ()), *priced.get("custom_attributes", ())]
        both = {**body, **priced, **({"custom_attributes": custom} if custom else {})}
        if held is not None and set(both) <= {"sku"}:
            return held
        native = await self.save(both)
        if priced and wanted is not None:
            self._check_prices(native, wanted)
        return native

    def _check_prices(self, native: Json, wanted: Prices) -> None:
        got = prices_of(native, self.now)
        if got is not None and (got.sale is None) != (wanted.sale is None):
            raise RejectedError(
                f"SKU {native['sku']!r} sells at {got.paid} in Magento after {wanted.paid} was written",
                hint="mend its special price and the dates of it there, then retry",
            )

    async def save(self, body: Mapping[str, Json]) -> Json:
        """Create or overwrite one product; writing the same twice changes nothing.

        Raises:
            RejectedError: the platform does not take it.
        """
        answer = await send(
            self.connection, "POST", "/all/V1/products", {"product": body}, idempotent=True, accepts=REFUSED
        )
        if answer.status in REFUSED:
            words = message_of(answer.body)
            raise RejectedError(f"Magento refused the product {body['sku']!r}: {words}", answer=words)
        self.written = True
        return answer.json()


async def _write(work: _Work) -> Outcome:
    payload, sku = work.payload, work.payload["sku"]
    variants = payload.get("variants") or []
    wanted = [sku, f"{sku}{PARENT_SUFFIX}", *(each["sku"] for each in variants if each.get("sku"))]
    rows = await products_by_sku(work.connection, wanted)
    for name, listed in rows.items():
        if len(listed) > 1:
            names = ", ".join(str(row["id"]) for row in listed)
            return Outcome.dead(
                f"SKU {name!r} is in Magento more than once: products {names}; make it unique, then retry"
            )
    known = {name: listed[0] for name, listed in rows.items() if listed}
    held = known.get(f"{sku}{PARENT_SUFFIX}") or known.get(sku)
    if work.delivery.verb is Verb.DELETED:
        return await _switch_off(work, held)
    if problem := await _priced_wrong(work):
        return Outcome.dead(problem)
    if held is None and work.delivery.fields is not None:
        return Outcome.dead(f"Magento has no product with SKU {sku!r}, and a partial event cannot create it")
    if len(variants) > 1:
        native = await _write_family(work, known)
    elif held is not None and held["type_id"] == "configurable":
        native = await _write_parent(work, held)
    else:
        native = await _write_simple(work, held)
    if not work.written and not work.delivery.maybe_applied:
        return Outcome.unchanged(native_id=str(native["id"]))
    record = await canonical(work.connection, native)
    version = version_of(record.updated_at) if record.updated_at else None
    return Outcome.delivered(native_id=str(native["id"]), returned=wire_of(record), version=version)


async def _switch_off(work: _Work, held: Json) -> Outcome:
    """A product that is gone elsewhere is switched off: deleting would take its history along."""
    if held is None:
        return Outcome.unchanged(f"Magento has no product with SKU {work.payload['sku']!r}")
    if held["status"] != _OFF:
        await work.save({"sku": held["sku"], "status": _OFF})
    return (
        Outcome.delivered(native_id=str(held["id"])) if work.written else Outcome.unchanged(native_id=str(held["id"]))
    )


async def _priced_wrong(work: _Work) -> str:
    """Why the prices cannot be written, empty where they can: a price is never taken for one in another currency."""
    records = [work.payload, *(work.payload.get("variants") or ())]
    if all(record.get(name) is None for record in records for name in _PRICES):
        return ""
    sku, stated = work.payload["sku"], work.payload.get("currency")
    own, every = await currency_of(work.connection), await currencies_of(work.connection)
    if stated != own:
        return f"SKU {sku!r} is priced in {stated or 'no stated currency'}, the Magento shop's base currency is {own}"
    if len(every) > 1:
        names = ", ".join(sorted(every))
        return f"websites of the Magento shop have the base currencies {names}; a price of SKU {sku!r} counts in all"
    return ""


def _differences(wanted: Mapping[str, Json], held: Json) -> dict[str, Json]:
    """What differs between native values and the product that is there."""
    if held is None:
        return dict(wanted)
    own = own_attributes(held)
    body = {name: value for name, value in wanted.items() if name != "custom_attributes" and value != held.get(name)}
    custom = [
        each
        for each in wanted.get("custom_attributes", ())
        if str(own.get(each["attribute_code"]) or "") != str(each["value"])
    ]
    return body | ({"custom_attributes": custom} if custom else {})


def _native(record: Mapping[str, Json]) -> dict[str, Json]:
    """The parts of a product that the record speaks of but prices, in the platform's names; a title is never
    emptied.
    """
    body: dict[str, Json] = {}
    if record.get("title"):
        body["name"] = record["title"]
    if record.get("status") in _STATUS:
        body["status"] = _STATUS[record["status"]]
    if record.get("status") in ("hidden", "active"):
        body["visibility"] = _NOT_ALONE if record["status"] == "hidden" else _VISIBLE
    if record.get("weight") is not None:
        body["weight"] = record["weight"]
    if "description" in record:
        body["custom_attributes"] = [{"attribute_code": "description", "value": record["description"] or ""}]
    return body


def _kept_visibility(body: dict[str, Json], held: Json) -> dict[str, Json]:
    """In the catalogue only or in the search only is visible as well."""
    if held is not None and body.get("visibility") == _VISIBLE and held.get("visibility") in (2, 3):
        del body["visibility"]
    return body


async def _write_simple(work: _Work, held: Json) -> Json:
    record = work.payload
    only = (record.get("variants") or [{}])[0]
    weight = record.get("weight") or only.get("weight")
    body = _kept_visibility(_native({**record, "weight": weight}), held)
    # What a product does not say itself, its only variant may know.
    told = only if record.get("price") is None and only.get("price") is not None else record
    wanted = wanted_prices(told, prices_of(held, work.now))
    if held is None:
        return await _create(work, record["sku"], body, record.get("title"), wanted)
    return await work.save_priced({"sku": held["sku"], **_differences(body, held)}, wanted, held)


async def _create(work: _Work, sku: str, body: Mapping[str, Json], title: Json, wanted: Prices | None) -> Json:
    """A simple product that is not there yet.

    Raises:
        RejectedError: it has no price.
    """
    if wanted is None:
        raise RejectedError(f"SKU {sku!r} is not in Magento yet and cannot be created without a price")
    return await work.save_priced(_new(work, sku, body, title, "simple"), wanted, None)


def _new(work: _Work, sku: str, body: Mapping[str, Json], title: Json, kind: str) -> dict[str, Json]:
    """The body of a product that is not there yet.

    An address is made of the name where none is given, and refused where another product's is the same: the SKU makes
    it one of its own.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", f"{title or ''} {sku}".casefold()).strip("-")
    custom = [*body.get("custom_attributes", ()), {"attribute_code": "url_key", "value": slug}]
    return {
        "name": title or sku,
        "attribute_set_id": work.connection.settings["attribute_set_id"],
        "type_id": kind,
        "status": _OFF,
        "visibility": _VISIBLE,
        **body,
        "sku": sku,
        "custom_attributes": custom,
    }


async def _write_parent(work: _Work, held: Json) -> Json:
    """A configurable product by itself: it has no price of its own, whatever the record says."""
    body = _differences(_kept_visibility(_native(work.payload), held), held)
    return await work.save({"sku": held["sku"], **body}) if body else held


# Configurable products


async def _write_family(work: _Work, known: Mapping[str, Json]) -> Json:
    """Children first, then the parent, its options, and what links them.

    Raises:
        RejectedError: the variants cannot be told apart, a SKU is missing or twice, or the shop lacks an attribute.
    """
    payload = work.payload
    variants: Sequence[Json] = payload["variants"]
    _check_skus(payload["sku"], variants)
    parent_sku = payload["sku"]
    if any(each["sku"] == parent_sku for each in variants):
        parent_sku += PARENT_SUFFIX
    parent = known.get(parent_sku)
    if parent is not None and parent["type_id"] != "configurable":
        raise RejectedError(
            f"SKU {parent_sku!r} is a {parent['type_id']} product in Magento, here it has variants",
            hint="make it a configurable product there, then retry",
        )
    axes = await axes_of(work.connection, payload, parent)
    children = [await _write_child(work, each, axes, known.get(each["sku"])) for each in variants]
    if parent is None:
        body = _native(payload)
        parent = await work.save(_new(work, parent_sku, body, payload.get("title"), "configurable"))
    else:
        parent = await _write_parent(work, parent)
    if await link(work.connection, parent, axes, children):
        work.written = True
        parent = (await products_by_sku(work.connection, [parent_sku]))[parent_sku][0]
    return parent


def _check_skus(sku: str, variants: Sequence[Json]) -> None:
    skus = [each.get("sku") for each in variants]
    if not all(skus):
        raise RejectedError(f"a variant of product {sku!r} has no SKU; Magento knows products by theirs")
    twice = sorted({str(each) for each in skus if skus.count(each) > 1})
    if twice:
        raise RejectedError(f"variants of product {sku!r} share the SKU {', '.join(twice)}; make them unique")


async def _write_child(work: _Work, variant: Json, axes: Axes, held: Json) -> Json:
    """One variant as a simple product with its values of the options."""
    title = variant.get("title") or " ".join(
        [work.payload.get("title") or variant["sku"], *variant["options"].values()]
    )
    record = {**variant, "title": variant.get("title") or (title if held is None else None)}
    told = work.payload if held is None and record.get("price") is None else record
    wanted = wanted_prices(told, prices_of(held, work.now))
    body = _native(record)
    body["custom_attributes"] = [*body.get("custom_attributes", ()), *axes.values_of(variant)]
    if held is None:
        status = _STATUS.get(str(work.payload.get("status")), 1)
        body = {"visibility": _NOT_ALONE, "status": status, **body}
        return await _create(work, variant["sku"], body, title, wanted)
    return await work.save_priced({"sku": held["sku"], **_differences(body, held)}, wanted, held)
