"""Canonical addresses in the platform's form, and what it cannot do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.connector import Connection

from .functions import NO_NAME
from .shop import country_code, region_id

Json = Any

NEEDED = {
    "firstname": "first name",
    "lastname": "last name",
    "street": "street",
    "city": "city",
    "country_id": "country code",
    "postcode": "postal code",
    "telephone": "phone",
}
"""Native name to what a person calls it."""


def names_of(record: Mapping[str, Json]) -> tuple[str | None, str | None]:
    """First and last name, both needed: a whole name is parted at its last space, a single word gets a dash."""
    first, last = record.get("firstName"), record.get("lastName")
    if first and last:
        return first, last
    words = str(record.get("name") or first or last or "").strip()
    head, _, tail = words.rpartition(" ")
    if not words:
        return None, None
    return (head, tail) if head else (tail, NO_NAME)


async def native_address(
    connection: Connection, address: Mapping[str, Json], person: Mapping[str, Json]
) -> tuple[dict[str, Json], str | None, int | None]:
    """The address without its region, then the region's name and id.

    Names and phone may come from the person, the phone at last from the settings; a country without a code is looked
    up by its name.
    """
    first, last = names_of(address if names_of(address)[0] else person)
    street = [address[name] for name in ("address1", "address2") if address.get(name)]
    country = address.get("countryCode")
    if not country and address.get("country"):
        country = await country_code(connection, str(address["country"]))
    native = {
        "firstname": first,
        "lastname": last,
        "company": address.get("company") or person.get("company"),
        "street": street or None,
        "city": address.get("city"),
        "postcode": address.get("postalCode"),
        "country_id": country,
        "telephone": address.get("phone") or person.get("phone") or connection.settings.get("missing_phone"),
    }
    region = address.get("province") or address.get("provinceCode")
    key = None
    if country and region:
        key = await region_id(connection, country, (address.get("provinceCode"), address.get("province")))
    return {name: value for name, value in native.items() if value is not None}, region, key


def lacking(native: Mapping[str, Json]) -> list[str]:
    """What an address needs and has not, in words."""
    return [words for name, words in NEEDED.items() if not native.get(name)]
