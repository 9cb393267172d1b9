"""Writing customers: found by mail address, then by mobile number, both of which are unique in Salla."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.http import Answer, Call
from pullpush_sdk.manifest import Request

from .answers import MISSING, REFUSED, fields_of, refusal
from .catalogue import LIST, PAGES
from .functions import phone

Json = Any

_TAKEN_AGAIN = 30.0  # seconds after which a customer that is there, but not found yet, is looked for again
_INTERNATIONAL = re.compile(r"\+[1-9]\d{7,14}")
# The calling codes of one and two digits (ITU-T E.164, annex); all others have three.
_TWO_DIGITS = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86"
)
_SHORT_CODES = {"1", "7", *_TWO_DIGITS.split(), "90", "91", "92", "93", "94", "95", "98"}


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per contact, in the batch's order."""
    return await push_each(batch, lambda delivery: _write(connection, delivery))


async def _write(connection: Connection, delivery: Delivery) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("a customer in Salla has orders and cannot be archived; delete it there")
    found = await _find(connection, delivery)
    if len(found) > 1:
        names = ", ".join(f"customer {each['id']}" for each in found)
        return Outcome.dead(f"mail address and mobile number of contact {delivery.key} belong to several: {names}")
    if found:
        return await _update(connection, delivery, found[0])
    if delivery.fields is not None:
        return Outcome.dead(f"Salla has no customer {delivery.key}, and a partial event cannot create one")
    return await _create(connection, delivery)


async def _find(connection: Connection, delivery: Delivery) -> list[Json]:
    """The customers that the contact may be: the one written before, else all with its mail address or number."""
    if delivery.native_id is not None:
        answer = await connection.client.send(Call(url=f"/customers/{delivery.native_id}", accepts=MISSING))
        if answer.status not in MISSING:
            return [answer.json()["data"]]
    return await known_by(connection, _email(delivery.payload), _number(delivery.payload))


async def known_by(connection: Connection, email: str | None, number: str | None) -> list[Json]:
    """The customers with exactly this mail address or this international number."""
    found: dict[Json, Json] = {}
    for keyword in (email, number and number[1:]):
        for each in await _search(connection, keyword) if keyword else ():
            has_email = email and str(each.get("email") or "").strip().casefold() == email.casefold()
            has_number = number and phone(each.get("mobile_code"), each.get("mobile")) == number
            if has_email or has_number:
                found[each["id"]] = each
    return list(found.values())


async def _search(connection: Connection, keyword: str) -> list[Json]:
    """What the keyword search shows: names and parts of numbers match too."""
    request = Request(path="/customers", params={"keyword": keyword})
    async with aclosing(iter_records(connection, request, PAGES, LIST)) as rows:
        return [row async for row in rows]


async def _update(connection: Connection, delivery: Delivery, customer: Json) -> Outcome:
    """Write what differs of what the contact speaks of; a customer keeps its name where the contact has none."""
    wanted, native_id = _body(delivery.payload), str(customer["id"])
    body = {name: value for name, value in wanted.items() if value != _now(customer, name)}
    if body.get("email", "").casefold() == str(_now(customer, "email")).casefold():
        body.pop("email", None)
    if "mobile" in body or "mobile_code_country" in body:
        same = phone(wanted["mobile_code_country"], wanted["mobile"]) == phone(
            customer.get("mobile_code"), customer.get("mobile")
        )
        for name in ("mobile", "mobile_code_country"):
            body.pop(name, None) if same else body.setdefault(name, wanted[name])
    if not body and delivery.maybe_applied:
        return Outcome.delivered(native_id=native_id)
    if not body:
        return Outcome.unchanged(native_id=native_id)
    answer = await _send(connection, "PUT", f"/customers/{customer['id']}", body)
    if answer.status in REFUSED:
        return refusal(f"the changes of customer {native_id}", answer)
    return Outcome.delivered(native_id=native_id)


def _now(customer: Json, name: str) -> Json:
    return customer.get("mobile_code" if name == "mobile_code_country" else name) or ""


async def _create(connection: Connection, delivery: Delivery) -> Outcome:
    """A new customer; Salla wants both names and a mobile number."""
    payload, body = delivery.payload, _body(delivery.payload)
    lacking = [
        name
        for name, key in (("a name", "first_name"), ("an international mobile number", "mobile"))
        if key not in body
    ]
    if lacking:
        stated = f" ({payload['phone']!r} is none)" if payload.get("phone") and "mobile" not in body else ""
        return Outcome.dead(f"contact {delivery.key} cannot become a customer without {' and '.join(lacking)}{stated}")
    # A single name stands for both: neither may be blank.
    body.setdefault("last_name", body["first_name"])
    answer = await _send(connection, "POST", "/customers", body)
    if answer.status not in REFUSED:
        return Outcome.delivered(native_id=str(answer.json()["data"]["id"]))
    if not {"email", "mobile"} & set(fields_of(answer)):
        return refusal(f"contact {delivery.key}", answer)
    # Taken: somebody was quicker, or an answer was lost and the search did not know it yet.
    found = await _find(connection, delivery)
    if len(found) == 1:
        return await _update(connection, delivery, found[0])
    if not found and delivery.maybe_applied and delivery.attempt < 5:
        return Outcome.retry("it may be in Salla already, whose search does not find it yet", after=_TAKEN_AGAIN)
    return refusal(f"contact {delivery.key}", answer)


async def _send(connection: Connection, method: str, url: str, body: Mapping[str, Json]) -> Answer:
    call = Call(method=method, url=url, body=dumps(body), content_type="application/json", accepts=REFUSED)
    return await connection.client.send(call)


def _body(payload: Mapping[str, Json]) -> dict[str, str]:
    """What a contact says, in Salla's words; what it is silent about, or Salla cannot keep blank, is left out."""
    first, last = payload.get("firstName"), payload.get("lastName")
    if not first and not last and payload.get("name"):
        first, _, last = str(payload["name"]).strip().partition(" ")
    stated = {"first_name": first or last, "last_name": last, "email": _email(payload)}
    body = {name: str(value) for name, value in stated.items() if value}
    number = _number(payload)
    if number is not None:
        body["mobile_code_country"], body["mobile"] = split_number(number)
    return body


def _email(payload: Mapping[str, Json]) -> str | None:
    email = payload.get("email")
    return email.strip() if isinstance(email, str) and email.strip() else None


def _number(payload: Mapping[str, Json]) -> str | None:
    """The contact's number in international form, None for any other."""
    text = re.sub(r"[\s().-]", "", str(payload.get("phone") or ""))
    text = f"+{text[2:]}" if text.startswith("00") else text
    return text if _INTERNATIONAL.fullmatch(text) else None


def split_number(number: str) -> tuple[str, str]:
    """Calling code with its `+`, and the rest, of an international number."""
    digits = number[1:]
    length = next((n for n in (1, 2) if digits[:n] in _SHORT_CODES), 3)
    return f"+{digits[:length]}", digits[length:]
