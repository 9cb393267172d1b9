"""How a platform signs its webhooks: found by trying until a recorded signature comes out, then done the same way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.manifest import Verification
from pullpush_sdk.samples import WebhookSample

from ._inputs import instant_of, number_of
from ._moments import like

__all__ = ["Signature", "signature_by", "signature_of"]

_HASHES: Mapping[str, Callable[..., Any]] = {
    "sha256": hashlib.sha256,
    "sha1": hashlib.sha1,
    "sha512": hashlib.sha512,
    "md5": hashlib.md5,
}
_ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hex": lambda digest: digest.hex(),
    "HEX": lambda digest: digest.hex().upper(),
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}
# What is signed, where `time` is the moment that travels beside the signature.
_MESSAGES: Mapping[str, Callable[[bytes, str, str], bytes]] = {
    "body": lambda body, time, url: body,  # noqa: ARG005 - one shape for all
    "time.body": lambda body, time, url: time.encode() + b"." + body,  # noqa: ARG005
    "time:body": lambda body, time, url: time.encode() + b":" + body,  # noqa: ARG005
    "timebody": lambda body, time, url: time.encode() + body,  # noqa: ARG005
    "v0:time:body": lambda body, time, url: b"v0:" + time.encode() + b":" + body,  # noqa: ARG005
    "bodytime": lambda body, time, url: body + time.encode(),  # noqa: ARG005
    "POSTurlbodytime": lambda body, time, url: b"POST" + url.encode() + body + time.encode(),
    "urlbody": lambda body, time, url: url.encode() + body,  # noqa: ARG005
}
_PART = re.compile(r"(?:^|,)\s*t=([^,]+)")


@attrs.frozen(kw_only=True)
class Signature:
    """One way to sign: the header, what stands before and after the signature in it, and how that is made.

    `kind` is a hash's name, or "token" where the secret itself is sent. `timed` is the header of the moment that is
    signed too, empty where it stands in the signature's own header as `t=`.
    """

    header: str
    secret: str
    kind: str
    encoding: str = "hex"
    message: str = "body"
    before: str = ""
    after: str = ""
    timed: str | None = None
    time_sample: str = ""

    def headers(self, body: bytes, secret: str, url: str, moment: datetime) -> dict[str, str]:
        """The headers that sign a body."""
        if self.kind == "token":
            return {self.header: f"{self.before}{secret}{self.after}"}
        time = "" if self.timed is None else str(like(self.time_sample, moment))
        text = _signed(self.kind, self.encoding, self.message, body, secret, url, time)
        before = self.before
        found = {} if not self.timed else {self.timed: time}
        if self.timed == "":
            before = before.replace(self.time_sample, time)
        return {**found, self.header: f"{before}{text}{self.after}"}


def _signed(kind: str, encoding: str, message: str, body: bytes, secret: str, url: str, time: str) -> str:  # noqa: PLR0917 - the parts of one formula
    content = _MESSAGES[message](body, time, url)
    return _ENCODINGS[encoding](hmac.new(secret.encode(), content, _HASHES[kind]).digest())


def signature_of(sample: WebhookSample) -> Signature | None:
    """The way in which a recorded webhook verifies with its recorded secret, None where none of the known ones does."""
    for name, secret in sample.secrets.items():
        for header, text in sample.headers.items():
            if secret and secret in text and len(secret) >= 4:
                before, _, after = text.partition(secret)
                return Signature(header=header, secret=name, kind="token", before=before, after=after)
            found = _tried(sample, name, secret, header, text)
            if found is not None:
                return found
    return None


def _tried(sample: WebhookSample, name: str, secret: str, header: str, text: str) -> Signature | None:
    if len(text) < 16:
        return None
    body = sample.body.encode()
    for timed, time in _times(sample, header, text):
        for message in _MESSAGES:
            if ("time" in message) != bool(time) or ("url" in message and not sample.url):
                continue
            for kind in _HASHES:
                for encoding in _ENCODINGS:
                    wanted = _signed(kind, encoding, message, body, secret, sample.url, time)
                    if wanted in text:
                        before, _, after = text.partition(wanted)
                        return Signature(
                            header=header,
                            secret=name,
                            kind=kind,
                            encoding=encoding,
                            message=message,
                            before=before,
                            after=after,
                            timed=timed,
                            time_sample=time,
                        )
    return None


def _times(sample: WebhookSample, header: str, text: str) -> Iterator[tuple[str | None, str]]:
    """Moments that may be signed too, each with where it stands; first of all none."""
    yield None, ""
    if (found := _PART.search(text)) is not None:
        yield "", found[1]
    for name, value in sample.headers.items():
        if name != header and (number_of(value) is not None or instant_of(value) is not None):
            yield name, value


def signature_by(verification: Verification, secret: str) -> Signature | None:
    """The way that a manifest tells, where no webhook was recorded; None where it verifies nothing."""
    if verification.kind == "none":
        return None
    kind = "token" if verification.kind == "header-token" else verification.kind.removeprefix("hmac-")
    return Signature(
        header=verification.header.lower(),
        secret=secret,
        kind=kind,
        encoding=verification.encoding,
        before=verification.prefix,
        timed=None,
    )
