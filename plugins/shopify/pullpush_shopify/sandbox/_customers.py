"""Customers: create or replace by e-mail, phone or id, with the refusals as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_shopify.sandbox._call import Call, UserError, payload
from pullpush_shopify.sandbox._execute import Resolver
from pullpush_shopify.sandbox._model import Address, Customer

__all__ = ["MUTATIONS", "address_from", "find_customer", "new_customer", "write_customer"]

_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "taxExempt": "tax_exempt",
}


def find_customer(call: Call, *, email: str | None = None, phone: str | None = None) -> Customer | None:
    """The customer with this e-mail address or phone number."""
    for customer in call.store.customers.values():
        if email and (customer.email or "").casefold() == email.casefold():
            return customer
        if phone and customer.phone == phone:
            return customer
    return None


def new_customer(call: Call) -> Customer:
    """An empty customer, held by the store."""
    now = call.store.now()
    customer = Customer(id=call.store.new_id("Customer"), created_at=now, updated_at=now)
    call.store.customers[customer.id] = customer
    call.store.changed(customer, is_new=True)
    return customer


def write_customer(call: Call, customer: Customer, given: Mapping[str, Any], *, is_new: bool) -> None:
    """Write what is given; lists are replaced as a whole."""
    call.store.changed(customer)
    for name, attribute in _FIELDS.items():
        if name in given:
            setattr(customer, attribute, given[name] if given[name] != "" else None)
    if given.get("tags") is not None:
        customer.tags = sorted(set(given["tags"]))
    if given.get("addresses") is not None:
        customer.addresses = [address_from(call, each) for each in given["addresses"]]
    call.store.emit("customers/create" if is_new else "customers/update", customer)
    call.log_write("customer", customer=customer.gid, email=customer.email, mutation=call.mutation)


def address_from(call: Call, given: Mapping[str, Any]) -> Address:
    """An address from its input form."""
    return Address(
        id=call.store.new_id("MailingAddress"),
        first_name=given.get("firstName"),
        last_name=given.get("lastName"),
        company=given.get("company"),
        address1=given.get("address1"),
        address2=given.get("address2"),
        city=given.get("city"),
        province_code=given.get("provinceCode"),
        country_code=given.get("countryCode"),
        zip=given.get("zip"),
        phone=given.get("phone"),
    )


def _set_customer(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given = arguments["input"]
    customer, errors = _find(arguments.get("identifier"), given, call)
    errors = errors or _check(given, customer, call)
    if errors:
        return payload(customer=None, user_errors=errors)
    is_new = customer is None
    customer = customer or new_customer(call)
    write_customer(call, customer, given, is_new=is_new)
    return payload(customer=customer)


def _find(
    identifier: Mapping[str, Any] | None, given: Mapping[str, Any], call: Call
) -> tuple[Customer | None, list[UserError]]:
    at = ["input"]
    if identifier is not None and given.get("id"):
        message = "The id field is not allowed if identifier is provided."
        return None, [UserError(at, message, "ID_NOT_ALLOWED")]
    by_id = given.get("id") if identifier is None else identifier.get("id")
    if by_id:
        customer = call.store.by_gid("Customer", by_id)
        message = "Resource matching the identifier was not found."
        return customer, [] if customer else [UserError(at, message, "NOT_FOUND")]
    for name in ("email", "phone"):
        wanted = (identifier or {}).get(name)
        if not wanted:
            continue
        if given.get(name) is None:
            message = "The input field corresponding to the identifier is required."
            return None, [UserError(at, message, "MISSING_FIELD_REQUIRED")]
        if given[name] != wanted:
            message = "The identifier value does not match the value of the corresponding field in the input."
            return None, [UserError(at, message, "INPUT_MISMATCH")]
        return find_customer(call, **{name: wanted}), []
    return None, []


def _check(given: Mapping[str, Any], customer: Customer | None, call: Call) -> list[UserError]:
    at = ["input"]
    if "taxExempt" in given and given["taxExempt"] is None:
        return [UserError([*at, "taxExempt"], "Tax exempt is of unexpected type NilClass", "INVALID")]

    def value(name: str) -> Any:
        return given[name] if name in given else getattr(customer, _FIELDS[name], None)

    if not any(value(name) for name in ("firstName", "lastName", "email", "phone")):
        return [UserError(at, "A name, phone number, or email address must be present", "INVALID")]
    email = given.get("email")
    if email and ("@" not in email or any(char.isspace() for char in email)):
        return [UserError([*at, "email"], "Email is invalid", "INVALID")]
    errors = []
    for name in ("email", "phone"):
        holder = find_customer(call, **{name: given.get(name)})
        if holder is not None and holder is not customer:
            errors.append(UserError([*at, name], f"{name.capitalize()} has already been taken", "TAKEN"))
    return errors


MUTATIONS: Mapping[str, Resolver] = {"customerSet": _set_customer}
