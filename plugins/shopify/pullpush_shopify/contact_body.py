"""Canonical contacts as the platform's inputs. Pure: a payload and what is there, in; what to send, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .order_body import address_of, names_of

Json = Any
Payload = Mapping[str, Json]

_TEXTS = {"note": "note", "language": "locale"}
_ADDRESS_FIELDS = ("firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "zip", "phone")


def changes_of(payload: Payload, customer: Payload | None) -> dict[str, Json]:
    """What `customerSet` must write: the fields that are present and differ; everything present for a new customer.

    Consent to marketing is never written: only the buyer can give it.
    """
    there = customer or {}
    changes = _names(payload, there)
    for name, native in _TEXTS.items():
        if name in payload and (payload[name] or "") != (there.get(native) or ""):
            changes[native] = payload[name] or ""
    if changes.get("locale") == "":
        del changes["locale"]  # a customer cannot be without one
    phone = (there.get("defaultPhoneNumber") or {}).get("phoneNumber")
    if payload.get("phone") and payload["phone"] != phone:
        changes["phone"] = payload["phone"]
    if "tags" in payload and set(payload["tags"] or ()) != set(there.get("tags") or ()):
        changes["tags"] = list(payload["tags"] or ())
    addresses = _addresses(payload, there)
    if addresses is not None:
        changes["addresses"] = addresses
    return changes


def _names(payload: Payload, there: Payload) -> dict[str, Json]:
    if not any(name in payload for name in ("name", "firstName", "lastName")):
        return {}
    first, last = names_of(payload)
    full = " ".join(part for part in (there.get("firstName"), there.get("lastName")) if part)
    if not payload.get("firstName") and not payload.get("lastName") and (payload.get("name") or "") == full:
        return {}  # how a name is split is each platform's own
    wanted = {"firstName": first, "lastName": last}
    return {name: value for name, value in wanted.items() if value != (there.get(name) or "")}


def _addresses(payload: Payload, there: Payload) -> list[dict[str, Json]] | None:
    """The whole list to write, None where it needs no change.

    The platform replaces its list by what it gets. Addresses that only the shop has are kept behind those that came:
    the other side may know one address of a customer only.
    """
    held = [_input_of(each) for each in there.get("addresses") or ()]
    wanted = [address_of(each) for each in payload.get("addresses") or ()]
    wanted = [each for each in wanted if each]
    company = payload.get("company")
    if company and not there.get("companyContactProfiles"):
        wanted = _with_company(wanted or held, company)
    known = [_comparable(each) for each in held]
    if all(_comparable(each) in known for each in wanted):
        return None
    news = [_comparable(each) for each in wanted]
    return wanted + [each for each in held if not _is_within(_comparable(each), news)]


def _with_company(addresses: list[dict[str, Json]], company: str) -> list[dict[str, Json]]:
    """A company is a part of the first address here."""
    if not addresses:
        return [{"company": company}]
    first, *others = addresses
    return [{**first, "company": first.get("company") or company}, *others]


def _input_of(address: Payload) -> dict[str, Json]:
    found = {name: address[name] for name in _ADDRESS_FIELDS if address.get(name)}
    country = address.get("countryCodeV2")
    return found | ({"countryCode": country} if country else {})


def _comparable(address: Payload) -> dict[str, str]:
    return {name: str(value).strip() for name, value in address.items() if value}


def _is_within(held: Mapping[str, str], news: list[dict[str, str]]) -> bool:
    """Whether a new address says all that this one does; it then takes its place."""
    return any(held.items() <= new.items() for new in news)
