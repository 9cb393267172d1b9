"""The sender's side of verification: a webhook signed as the manifest says that its platform signs.

The signed bytes and the digest are made by the very functions that verify, so that the two sides cannot differ; that a
platform signs so is shown by recorded webhooks only.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import Verification, Webhook, placeholders

from ._verify import Verifier, header_pairs, signature

__all__ = ["proofs_of", "signed", "without_proof"]

_MILLISECONDS = 10**11  # as in the verifier


def proofs_of(webhook: Webhook) -> Sequence[Verification]:
    """The ways in which a webhook may prove itself, in the manifest's order: `verification`, then `alternatives`."""
    return [each for each in (webhook.verification, *webhook.alternatives) if each is not None]


def signed(how: Verification, connection: Connection, request: WebhookRequest, moment: datetime) -> WebhookRequest:
    """The request with the headers that prove it, made with the connection's secret at `moment`.

    A stamp keeps the form that it had in the request (seconds, milliseconds, ISO 8601), else it is seconds. Headers
    that are signed too and are missing get an id. `kind: none` needs no proof: the request stays as it is.

    Raises:
        SetupError: a secret or another part of what is signed is not set; names it.
    """
    if how.kind == "none":
        return request
    verifier = Verifier.of(how, connection)
    if not verifier.keys:
        missing = [name for name in placeholders(how.secret) if not _is_set(connection, name)]
        raise SetupError(
            f"connection {connection.name!r} has no {', '.join(missing) or how.secret}: nothing can be signed",
            hint=f"set it in [connections.{connection.name}], as the platform shows it",
        )
    headers = {name: value for name, value in request.headers.items() if name != how.header.lower()}
    old = dict(header_pairs(request.headers.get(how.header.lower(), "")))
    stamp = ""
    if how.timestamp_header is not None:
        stamp = _stamp(request.headers.get(how.timestamp_header.lower(), ""), moment)
        headers[how.timestamp_header.lower()] = stamp
    fields: dict[str, str] = {}
    if how.timestamp_field is not None:
        fields[how.timestamp_field] = _stamp(old.get(how.timestamp_field, ""), moment)
        stamp = stamp or fields[how.timestamp_field]
    for name in placeholders(how.signed):
        group, _, key = name.partition(".")
        if group == "headers" and key.lower() not in headers:
            headers[key.lower()] = uuid.uuid4().hex
        elif group == "fields" and key not in fields:
            fields[key] = uuid.uuid4().hex
    proof = verifier.keys[0].decode()
    if how.kind != "header-token":
        content = verifier.content(request.body, {"timestamp": stamp, "headers": headers, "fields": fields})
        if content is None:
            raise SetupError(
                f"connection {connection.name!r} lacks a part of what is signed: {how.signed}",
                hint="set what the template names: a setting such as webhook_url",
            )
        proof = signature(how, verifier.keys[0], content).decode()
    proof = f"{how.prefix}{proof}"
    if how.field is not None:
        proof = ",".join([*(f"{name}={value}" for name, value in fields.items()), f"{how.field}={proof}"])
    headers[how.header.lower()] = proof
    return attrs.evolve(request, headers=headers)


def without_proof(webhook: Webhook, request: WebhookRequest) -> WebhookRequest:
    """The request without any header that could prove it."""
    names = {each.header.lower() for each in proofs_of(webhook)}
    return attrs.evolve(request, headers={name: value for name, value in request.headers.items() if name not in names})


def _is_set(connection: Connection, name: str) -> bool:
    values: Mapping[str, object] = {**connection.settings, **connection.secrets}
    return bool(values.get(name))


def _stamp(old: str, moment: datetime) -> str:
    """A moment in the form of an older one."""
    if old.isascii() and old.isdigit():
        return str(int(moment.timestamp() * (1000 if int(old) >= _MILLISECONDS else 1)))
    return moment.isoformat() if "T" in old else str(int(moment.timestamp()))
