"""Webhooks of Adobe Commerce: signed with a private key of the shop, and no more than a hint.

The header holds a signature (SHA-256, RSA) over the base64 text of the body ([3], signature-verification). The fields
of the body are the merchant's choice; one of them must be the record's id.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pullpush_sdk.connector import Connection, Event, WebhookRequest, version_of
from pullpush_sdk.errors import FieldError

from .native import found, record_of

Json = Any

_HEADER = "x-adobe-commerce-webhook-signature"
_LISTS = {"order": ("orders", "entity_id"), "invoice": ("invoices", "entity_id"), "contact": ("customers/search", "id")}
"""Canonical type to its list, and the name of the id in its rows."""
_RESOURCES = {"order": "orders", "invoice": "invoices", "contact": "customers"}
_DEEP = 4  # levels of the body in which the id is looked for


def is_genuine(connection: Connection, request: WebhookRequest) -> bool:
    """Whether the shop's key signed this body; False as well where the settings hold no key or none that reads."""
    pem = connection.settings.get("webhook_public_key")
    if not pem:
        return False
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who takes webhooks pays for it
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(str(pem).encode())
        signature = base64.b64decode(request.headers.get(_HEADER, ""), validate=True)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, base64.b64encode(request.body), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


async def receive(connection: Connection, request: WebhookRequest) -> Sequence[Event]:
    """The record that a webhook is about, read again; none for an event that is not known or a record that is gone.

    Raises:
        FieldError: the body is not JSON or holds no id.
        RemoteError: the record cannot be read now.
    """
    kind = request.query.get("event", "")
    if kind not in _LISTS:
        return ()
    path, shown = _LISTS[kind]
    key = _id_in(request)
    observed = version_of(connection.clock.now())
    rows = [row async for row in found(connection, path, [("entity_id", "eq", key)], shown=shown)]
    records = [record_of(connection, _RESOURCES[kind], row) for row in rows]
    if kind == "invoice":
        from .invoices import counted  # noqa: PLC0415 - beside its only use

        records = await counted(connection, records)
    types = connection.types[kind]
    return [
        Event(
            type=kind, record=record, version=version_of(moment) if (moment := types.updated_at(record)) else observed
        )
        for record in records
    ]


def _id_in(request: WebhookRequest) -> str:
    try:
        body = request.json()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FieldError(f"the webhook's body is not JSON: {error}") from None
    for part in _objects(body, _DEEP):
        for name in ("entity_id", "id"):
            if isinstance(part.get(name), str | int) and str(part[name]).isdecimal():
                return str(part[name])
    hint = "add the field entity_id (id for customers) to the webhook in the shop"
    raise FieldError("the webhook's body holds no id", target="entity_id", hint=hint)


def _objects(value: Json, depth: int) -> Iterator[Mapping[str, Json]]:
    """The objects of a body, outer ones first."""
    if isinstance(value, Mapping):
        yield value
        if depth:
            for each in value.values():
                yield from _objects(each, depth - 1)
