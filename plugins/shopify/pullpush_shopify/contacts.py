"""Writing contacts as customers: looked up by e-mail address or telephone, and set by the same.

`customerSet` with an identifier creates or changes the one customer that has the address: repeating it does no more
than once would, so that a lost answer never makes a second customer. It sends no mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb
from pullpush_sdk.errors import RejectedError

from .contact_body import changes_of
from .graphql import ask, check_errors, gid
from .native import customer_by_id, fragments_of, read, returned

Json = Any

_FIND = """
query FindCustomer($identifier: CustomerIdentifierInput!) {
  customerByIdentifier(identifier: $identifier) { ...Customer }
}
"""
_SET = """
mutation SetCustomer($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $identifier, input: $input) {
    customer { ...Customer }
    userErrors { code field message }
  }
}
"""


async def push(connection: Connection, batch: Sequence[Delivery]) -> list[Outcome]:
    """One outcome per delivery, in the batch's order."""
    return await push_each(batch, lambda delivery: _push_one(connection, delivery), together=True)


async def _push_one(connection: Connection, delivery: Delivery) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("Shopify keeps no archive of customers, and none is deleted from here")
    customer = await _find(connection, delivery)
    if customer is None and delivery.fields is not None:
        return Outcome.dead(f"there is no customer {delivery.key}, and a part of one cannot create it")
    changes = changes_of(delivery.payload, customer)
    if customer is not None and not changes:
        return Outcome.unchanged(native_id=customer["id"])
    identifier = {"id": customer["id"]} if customer is not None else _identifier(delivery)
    known = {} if "id" in identifier else identifier  # what identifies must stand in the input, too; an id must not
    variables = {"identifier": identifier, "input": {**changes, **known}}
    data = await ask(connection, f"{_SET}\n{fragments_of(connection, 'customers')}", variables)
    check_errors(data["customerSet"], "the customer")
    native_id, record, version = returned(connection, "customers", data["customerSet"]["customer"])
    return Outcome.delivered(native_id=native_id, returned=record, version=version)


def _identifier(delivery: Delivery) -> dict[str, str]:
    """By what the platform tells customers apart.

    Raises:
        RejectedError: there is neither e-mail address nor telephone.
    """
    for name in ("email", "phone"):
        if delivery.payload.get(name):
            return {name: delivery.payload[name]}
    hint = "map an e-mail address or a telephone number"
    raise RejectedError(f"{delivery.key} has neither e-mail address nor telephone: it could come twice", hint=hint)


async def _find(connection: Connection, delivery: Delivery) -> Mapping[str, Json] | None:
    """The customer as it is now, None where there is none; a deleted one is made anew."""
    if delivery.native_id:
        known = await customer_by_id(connection, gid("Customer", delivery.native_id))
        if known is not None:
            return dict(known)
    ((name, value),) = _identifier(delivery).items()
    wanted = {"emailAddress" if name == "email" else "phoneNumber": value}
    found: Mapping[str, Json] | None
    found = (await read(connection, "customers", _FIND, {"identifier": wanted}))["customerByIdentifier"]
    return found
