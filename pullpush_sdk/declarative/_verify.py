"""Whether a webhook is genuine: its signature over the raw bytes, or its token, compared in constant time."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from datetime import datetime

import attrs

from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.manifest import Verification, Webhook, placeholders, render

_DIGESTS = {"hmac-sha256": "sha256", "hmac-sha1": "sha1", "hmac-sha512": "sha512"}
_KNOWN_PREFIXES = ("sha256=", "sha1=", "sha512=")
_SIGNED = re.compile(r"\{\{\s*(body|timestamp)\s*\}\}")
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


@attrs.frozen(kw_only=True)
class Verifier:
    """One verification with the secrets of one connection, made ready.

    `keys` are the secrets that may have signed, none where one that is needed is not set. `content` makes the signed
    bytes from a body and the timestamp header's value.
    """

    verification: Verification
    keys: tuple[bytes, ...] = attrs.field(repr=False)
    content: Callable[[bytes, str], bytes]
    equal: Callable[[bytes, bytes], bool] = hmac.compare_digest

    @classmethod
    def of(cls, verification: Verification, connection: Connection) -> Verifier:
        """The verifier of a connection."""
        keys = tuple(text.encode() for text in _secrets(verification, connection))
        return cls(verification=verification, keys=keys, content=_content(verification.signed))

    def accepts(self, request: WebhookRequest) -> bool:
        """Whether one of the secrets signed this request."""
        how = self.verification
        sent = _without_prefix(how, request.headers.get(how.header.lower(), ""))
        stamp = ""
        if how.timestamp_header is not None:
            stamp = request.headers.get(how.timestamp_header.lower(), "")
            if not _is_fresh(stamp, request.received_at, how.tolerance):
                return False
        if how.kind == "header-token":
            expected = self.keys
        else:
            body = self.content(request.body, stamp)
            expected = tuple(_signature(how, key, body) for key in self.keys)
        given = sent.encode()
        # All are compared, always: how long it takes must not tell which one matched.
        matches = [self.equal(given, each) for each in expected]
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


def _content(template: str) -> Callable[[bytes, str], bytes]:
    parts = _SIGNED.split(template)
    if parts == ["", "body", ""]:
        return lambda body, _stamp: body
    # Texts and names take turns.
    pieces = [text.encode() if index % 2 == 0 else text for index, text in enumerate(parts)]

    def content(body: bytes, stamp: str) -> bytes:
        filled = {"body": body, "timestamp": stamp.encode()}
        return b"".join(filled[piece] if isinstance(piece, str) else piece for piece in pieces)

    return content


def _signature(verification: Verification, key: bytes, content: bytes) -> bytes:
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
