"""Customers with an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["People"]

Json = Any
Row = dict[str, Json]

_TAKEN = "A customer with the same email address already exists in an associated website."
_SPELLINGS = {"defaultShipping": "default_shipping", "defaultBilling": "default_billing", "countryId": "country_id"}


class People:
    """What the customer endpoints do."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, email: Json) -> Row | None:
        """The account of an address."""
        wanted = str(email).casefold()
        return next((each for each in self._state.customers.values() if each["email"].casefold() == wanted), None)

    def one(self, asked: Asked) -> Row:
        """One account; 404 where it is gone."""
        return _public(self._held(asked.named["id"]))

    def create(self, asked: Asked) -> Row:
        """A new account; the shop writes a welcome mail to it."""
        given: Mapping[str, Json] = asked.part("customer")
        self._check(given, None)
        key, now = self._state.next("customer", self._state.customers), self._state.now()
        row: Row = {"id": key, "group_id": 1, "store_id": 1, "website_id": 1, "created_in": "Default Store View"}
        row |= {"disable_auto_group_change": 0, "created_at": now, "_password": asked.body.get("password")}
        self._state.customers[key] = self._state.fresh(row)
        self._write(row, given)
        self._state.mail("welcome", row["email"])
        return _public(row)

    def save(self, asked: Asked) -> Row:
        """Overwrite the account; addresses that are not listed are deleted."""
        row, given = self._held(asked.named["id"]), asked.part("customer")
        self._check(given, row)
        self._write(row, given)
        return _public(row)

    def delete(self, asked: Asked) -> bool:
        """The account is gone for good."""
        del self._state.customers[self._held(asked.named["id"])["id"]]
        return True

    def _held(self, key: str) -> Row:
        row = self._state.customers.get(int(key)) if key.isdecimal() else None
        if row is None:
            words = "No such entity with %fieldName = %fieldValue"
            raise Refusal(404, words, {"fieldName": "customerId", "fieldValue": key})
        return row

    def _check(self, given: Mapping[str, Json], held: Row | None) -> None:
        for field, name in (("email", "email"), ("firstname", "First Name"), ("lastname", "Last Name")):
            if not str(given.get(field) or "").strip():
                raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})
        if "@" not in str(given["email"]):
            raise Refusal(400, '"%1" is not a valid email address.', ["Email"])
        other = self.find(given["email"])
        if other is not None and other is not held:
            raise Refusal(400, _TAKEN)
        for address in given.get("addresses") or ():
            known = {_SPELLINGS.get(name, name): value for name, value in address.items()}
            for field in ("firstname", "lastname", "street", "city", "country_id", "telephone", "postcode"):
                if not known.get(field):
                    raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": field})
            if known["country_id"] == "US" and not (known.get("region") or {}).get("region_id"):
                raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "regionId"})

    def _write(self, row: Row, given: Mapping[str, Json]) -> None:
        row |= {name: value for name, value in given.items() if name not in ("id", "addresses")}
        old = {each["id"] for each in row.get("addresses", ())}
        addresses = []
        for each in given.get("addresses") or ():
            address = {_SPELLINGS.get(name, name): value for name, value in each.items()}
            key = address.get("id") if address.get("id") in old else None
            taken = [one["id"] for person in self._state.customers.values() for one in person.get("addresses", ())]
            address |= {"id": key or self._state.next("address", taken), "customer_id": row["id"]}
            for kind in ("default_billing", "default_shipping"):
                if address.get(kind):
                    row[kind] = str(address["id"])
                else:
                    address.pop(kind, None)
            addresses.append(address)
        row["addresses"] = addresses
        row["updated_at"] = self._state.now()
        self._state.announce("contact", row)


def _public(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
