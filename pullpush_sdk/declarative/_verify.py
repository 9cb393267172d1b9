"""Whether a webhook is genuine: its signature over the raw bytes, or its token, compared in constant time."""

from __future__ import annotations

import base64
import hmac
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.manifest import Verification, Webhook, placeholders, render

_DIGESTS = {"hmac-sha256": "sha256", "hmac-sha1": "sha1", "hmac-sha512": "sha512"}
_KNOWN_PREFIXES = ("sha256=", "sha1=", "sha512=")
_SIGNED = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
_MOST_SIGNATURES = 5
_MEMO = "declarative/webhook-verifiers"
_MILLISECONDS = 10**11  # seconds do not reach this number before the year 5138


def is_trusted(webhook: Webhook, connection: Connection, request: WebhookRequest) -> bool:
    """Whether a webhook proves itself in one of the manifest's ways; without a way none does."""
    proofs = [each for each in (webhook.verification, *webhook.alternatives) if each is not None]
    # All are tried, always: how long it takes must not tell which one matched.
    matches = [is_genuine(proof, connection, request) for proof in proofs]
    return any(matches)


def is_genuine(verification: Verification, connection: Connection, request: WebhookRequest) -> bool:
    """Whether the request was signed with the connection's secret, and not too long ago where it says when.

    A secret setting named `previous_…` beside the one that the template names is accepted too, so that a rotation
    refuses nothing. Without a secret nothing is genuine.
    """
    if verification.kind == "none":
        return True
    known: dict[int, Verifier] = connection.memo.setdefault(_MEMO, {})
    verifier = known.get(id(verification))
    if verifier is None or verifier.verification is not verification:
        verifier = known[id(verification)] = Verifier.of(verification, connection)
    return verifier.accepts(request)


def recording_verifies(
    verification: Verification, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]
) -> bool | None:
    """Whether a recorded webhook (header names in lower case) was signed so, whenever that was.

    None where the recording lacks what it takes to tell: the secret, or a setting that is part of the signed text.
    """
    if verification.kind == "none" or not placeholders(verification.secret) <= secrets.keys():
        return None
    ageless = attrs.evolve(verification, tolerance=math.inf)
    signed = set(_SIGNED.findall(verification.signed)) - {"body", "timestamp"}
    if any("." not in name and name not in secrets for name in signed):
        return None
    keys = (str(render(verification.secret, secrets)).encode(),)
    request = WebhookRequest(headers=headers, query={}, body=body, received_at=datetime.now(UTC))
    return Verifier(verification=ageless, keys=keys, content=_content(verification.signed, secrets)).accepts(request)


@attrs.frozen(kw_only=True)
class Verifier:
    """One verification with the secrets of one connection, made ready.

    `keys` are the secrets that may have signed, none where one that is needed is not set. `content` makes the signed
    bytes from a body and the timestamp header's value.
    """

    verification: Verification
    keys: tuple[bytes, ...] = attrs.field(repr=False)
    content: Callable[[bytes, Mapping[str, Any]], bytes | None]
    equal: Callable[[bytes, bytes], bool] = hmac.compare_digest

    @classmethod
    def of(cls, verification: Verification, connection: Connection) -> Verifier:
        """The verifier of a connection."""
        keys = tuple(text.encode() for text in _secrets(verification, connection))
        return cls(verification=verification, keys=keys, content=_content(verification.signed, connection.settings))

    def accepts(self, request: WebhookRequest) -> bool:
        """Whether one of the secrets signed this request."""
        how = self.verification
        header = request.headers.get(how.header.lower(), "")
        pairs = header_pairs(header) if how.field or how.timestamp_field else []
        sent = [value for name, value in pairs if name == how.field][:_MOST_SIGNATURES] if how.field else [header]
        fields, stamp = dict(pairs), ""
        if how.timestamp_header is not None or how.timestamp_field is not None:
            stamp = fields.get(how.timestamp_field or "", "")
            if how.timestamp_header is not None:
                stamp = request.headers.get(how.timestamp_header.lower(), "")
            if not _is_fresh(stamp, request.received_at, how.tolerance):
                return False
        if how.kind == "header-token":
            expected = self.keys
        else:
            body = self.content(request.body, {"timestamp": stamp, "headers": request.headers, "fields": fields})
            if body is None:
                return False
            expected = tuple(signature(how, key, body) for key in self.keys)
        # All are compared, always: how long it takes must not tell which one matched.
        matches = [self.equal(_without_prefix(how, one).encode(), each) for one in sent for each in expected]
        return any(matches)


def _secrets(verification: Verification, connection: Connection) -> list[str]:
    """The secrets that may have signed: the named one and, while it is being replaced, the one before it."""
    values = {**connection.settings, **{name: secret.reveal() for name, secret in connection.secrets.items()}}
    wanted = placeholders(verification.secret)
    for name in wanted:
        if not values.get(name):
            return []
    found = [str(render(verification.secret, values))]
    before = {name: values.get(f"previous_{name}") for name in wanted}
    if wanted and all(before.values()):
        found.append(str(render(verification.secret, {**values, **before})))
    # An empty key is one that everybody knows.
    return [text for text in found if text]


def header_pairs(header: str) -> list[tuple[str, str]]:
    """`t=1,v1=ab` as its pairs."""
    found = [part.strip().partition("=") for part in header.split(",")]
    return [(name.strip(), value.strip()) for name, _, value in found]


def _content(template: str, settings: Mapping[str, Any]) -> Callable[[bytes, Mapping[str, Any]], bytes | None]:
    """What makes the signed bytes, None where the request lacks a part of them; the body goes in as it came."""
    parts = _SIGNED.split(template)
    if parts == ["", "body", ""]:
        return lambda body, _given: body

    def content(body: bytes, given: Mapping[str, Any]) -> bytes | None:
        pieces = []
        # Texts and names take turns.
        for index, part in enumerate(parts):
            if index % 2 and part == "body":
                pieces.append(body)
            elif index % 2:
                value = {**settings, **given}.get(part) if "." not in part else _within(given, part)
                if not isinstance(value, str | int):
                    return None
                pieces.append(str(value).encode())
            else:
                pieces.append(part.encode())
        return b"".join(pieces)

    return content


def _within(given: Mapping[str, Any], name: str) -> Any:
    """`headers.x-time` or `fields.t`; header names are in lower case."""
    group, _, key = name.partition(".")
    return given.get(group, {}).get(key.lower() if group == "headers" else key)


def signature(verification: Verification, key: bytes, content: bytes) -> bytes:
    """The digest of the content in its declared encoding."""
    digest = hmac.digest(key, content, _DIGESTS[verification.kind])
    return digest.hex().encode() if verification.encoding == "hex" else base64.b64encode(digest)


def _without_prefix(verification: Verification, sent: str) -> str:
    """What the header says, without the declared prefix or, before a signature, the name of its algorithm."""
    if verification.prefix and sent.startswith(verification.prefix):
        sent = sent.removeprefix(verification.prefix)
    elif verification.kind != "header-token":
        for prefix in _KNOWN_PREFIXES:
            if sent.startswith(prefix):
                sent = sent.removeprefix(prefix)
                break
    is_hex = verification.kind != "header-token" and verification.encoding == "hex"
    return sent.lower() if is_hex else sent


def _is_fresh(stamp: str, now: datetime, tolerance: float) -> bool:
    """Whether a stamp (seconds or milliseconds since 1970, or an ISO 8601 instant) lies close to now."""
    if stamp.isascii() and stamp.isdigit() and len(stamp) <= 16:
        number = int(stamp)
        sent = number / 1000 if number >= _MILLISECONDS else float(number)
    else:
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            return False
        if moment.tzinfo is None:
            return False
        sent = moment.timestamp()
    return abs(now.timestamp() - sent) <= tolerance
