"""Writing customers: found by their mail address, of which a website has one account only.

An address book that is written is written whole: addresses that a request does not list are deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb, version_of

from .addresses import lacking, names_of, native_address
from .answers import MISSING, REFUSED, refusal
from .native import found, record_of, send, wire_of

Json = Any

_OWN = ("id", "email", "firstname", "lastname", "website_id", "store_id", "group_id", "taxvat", "addresses")
_COMPARED = ("firstname", "lastname", "company", "street", "city", "postcode", "country_id", "telephone")


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per contact, in the batch's order."""
    return await push_each(batch, lambda delivery: _write(connection, delivery))


async def customers_of(connection: Connection, email: str) -> list[Json]:
    """The accounts with a mail address; several where the shop keeps them apart by website."""
    rows = found(connection, "customers/search", [("email", "eq", email)])
    return [row async for row in rows if row["email"].casefold() == email.casefold()]


async def _write(connection: Connection, delivery: Delivery) -> Outcome:
    payload, email = delivery.payload, (delivery.payload.get("email") or "").strip()
    if delivery.verb is Verb.DELETED:
        return Outcome.unchanged("a customer of Magento is not deleted by a sync: their orders would lose them")
    if not email:
        return Outcome.dead(f"contact {delivery.key} has no mail address; Magento knows customers by theirs")
    held = await customers_of(connection, email)
    if len(held) > 1:
        names = ", ".join(str(row["id"]) for row in held)
        return Outcome.dead(f"{email} has several accounts in Magento: customers {names}; say which, then retry")
    if not held and delivery.fields is not None:
        return Outcome.dead(f"Magento has no customer {email}, and a partial event cannot create one")
    if held:
        return await _update(connection, delivery, held[0])
    return await _create(connection, payload, email)


async def _create(connection: Connection, payload: Mapping[str, Json], email: str) -> Outcome:
    first, last = names_of(payload)
    if not first:
        return Outcome.dead(f"contact {email} has no name; Magento needs a first and a last one")
    addresses, note = await _addresses(connection, payload, ())
    body: dict[str, Json] = {"email": email, "firstname": first, "lastname": last}
    body |= {"taxvat": payload["taxId"]} if payload.get("taxId") else {}
    body |= {"addresses": addresses} if addresses else {}
    answer = await send(connection, "POST", "customers", {"customer": body}, idempotent=False, accepts=REFUSED)
    if answer.status in REFUSED:
        return refusal(f"the customer {email}", answer)
    return _done(connection, answer.json(), note)


async def _update(connection: Connection, delivery: Delivery, row: Json) -> Outcome:
    """Write what differs of what the record speaks of; everything else is sent as it is."""
    answer = await send(connection, "GET", f"customers/{row['id']}", accepts=MISSING)
    if answer.status in MISSING:
        return Outcome.retry(f"customer {row['id']} was deleted in Magento a moment ago", after=1.0)
    held = answer.json()
    payload, body = delivery.payload, {name: held[name] for name in _OWN if name in held}
    first, last = names_of(payload)
    if first and {"name", "firstName", "lastName"} & payload.keys():
        body |= _names(payload, held, first, last)
    if "taxId" in payload and (payload["taxId"] or "") != (held.get("taxvat") or ""):
        body["taxvat"] = payload["taxId"] or ""
    addresses, note = await _addresses(connection, payload, held.get("addresses") or ())
    if addresses is not None:
        body["addresses"] = addresses
    if body == {name: held[name] for name in _OWN if name in held} and not delivery.maybe_applied:
        return Outcome.unchanged(note, native_id=str(held["id"]))
    answer = await send(connection, "PUT", f"customers/{held['id']}", {"customer": body}, accepts=REFUSED)
    if answer.status in REFUSED:
        return refusal(f"the customer {held['email']}", answer)
    return _done(connection, answer.json(), note)


def _names(payload: Mapping[str, Json], held: Json, first: str | None, last: str | None) -> dict[str, Json]:
    """The names, unless the record's whole name is what the two held ones make already."""
    together = f"{held['firstname']} {held['lastname']}".strip()
    said_whole = not (payload.get("firstName") and payload.get("lastName"))
    return {} if said_whole and payload.get("name") == together else {"firstname": first, "lastname": last}


async def _addresses(
    connection: Connection, payload: Mapping[str, Json], held: Sequence[Json]
) -> tuple[list[Json] | None, str]:
    """The address book to write, None where it stays; and what of the record it cannot hold."""
    given = payload.get("addresses")
    if given:
        return await _book(connection, payload, held)
    wanted = {"company": payload.get("company"), "telephone": payload.get("phone")}
    wanted = {name: value for name, value in wanted.items() if value}
    at = next((index for index, each in enumerate(held) if each.get("default_billing")), None)
    if at is None:
        return None, "company and phone stand in an address, and there is none" if wanted else ""
    changed = {**held[at], **wanted}
    return ([*held[:at], changed, *held[at + 1 :]] if changed != held[at] else None), ""


async def _book(
    connection: Connection, payload: Mapping[str, Json], held: Sequence[Json]
) -> tuple[list[Json] | None, str]:
    """The record's addresses in their order, each with the id of one that is there already and says the same."""
    book, left_out, same = [], [], len(payload["addresses"]) == len(held)
    company = payload.get("company")
    for number, address in enumerate(payload["addresses"]):
        native, region, key = await native_address(connection, address, payload)
        if missing := lacking(native):
            left_out.append(f"address {number + 1} lacks {', '.join(missing)}")
            continue
        if key is not None or region:
            native["region"] = {"region": region, "region_code": address.get("provinceCode"), "region_id": key or 0}
            if key is not None:
                native["region_id"] = key
        twin = next((each for each in held if _is_like(native, each)), None)
        same = same and twin is not None
        book.append({**native, **({"id": twin["id"]} if twin else {})})
    if left_out:
        return None, f"the address book stays: {'; '.join(left_out)}"
    if same:
        return None, ""
    main = next((each for each in book if company and each.get("company") == company), book[0])
    main |= {"default_billing": True, "default_shipping": True}
    return book, ""


def _is_like(native: Mapping[str, Json], held: Mapping[str, Json]) -> bool:
    return all(native.get(name) == held.get(name) for name in _COMPARED)


def _done(connection: Connection, native: Json, note: str) -> Outcome:
    record = record_of(connection, "customers", native)
    outcome = Outcome.delivered(
        native_id=str(native["id"]),
        returned=wire_of(record),
        version=version_of(record.updated_at) if record.updated_at else None,
    )
    return attrs.evolve(outcome, reason=note)
