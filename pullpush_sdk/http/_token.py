"""Access tokens as values, and where they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import attrs

from pullpush_sdk.canonical import dumps, instant_text, loads, parse_instant


@attrs.frozen(kw_only=True)
class Token:
    """What a platform gave us to speak with; its repr shows no credential.

    `expires_at` None means that nobody said; `base_url` is a session's own. `extra` keeps what else the answer said
    (scope, account). `bootstrap` is the fingerprint of the settings that this chain of tokens began with, empty where
    it began with an exchange. `unaided` says that the credentials bring the next one, without a person.
    """

    access: str = attrs.field(repr=False)
    refresh: str | None = attrs.field(default=None, repr=False)
    expires_at: datetime | None = None
    base_url: str | None = None
    obtained_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    bootstrap: str = attrs.field(default="", repr=False)
    unaided: bool = attrs.field(default=False, eq=False, repr=False)

    def to_json(self) -> bytes:
        """The token as JSON, credentials included: encrypt it before it touches a disk."""
        return dumps(
            {
                "access": self.access,
                "refresh": self.refresh,
                "expiresAt": instant_text(self.expires_at) if self.expires_at else None,
                "baseUrl": self.base_url,
                "obtainedAt": instant_text(self.obtained_at) if self.obtained_at else None,
                "extra": dict(self.extra),
                "bootstrap": self.bootstrap,
                "unaided": self.unaided,
            }
        )

    @classmethod
    def from_json(cls, text: bytes) -> Token:
        """The token that `to_json` wrote."""
        value = loads(text)
        return cls(
            access=value["access"],
            refresh=value["refresh"],
            expires_at=parse_instant(value["expiresAt"]) if value["expiresAt"] else None,
            base_url=value["baseUrl"],
            obtained_at=parse_instant(value["obtainedAt"]) if value["obtainedAt"] else None,
            extra=value["extra"],
            bootstrap=value["bootstrap"],
            unaided=value.get("unaided", False),
        )


def fingerprint(*texts: str | None) -> str:
    """Tells whether settings changed, without keeping them."""
    return hashlib.sha256("\0".join(text or "" for text in texts).encode()).hexdigest()


class TokenStore(Protocol):
    """Where one connection's token is kept between runs and shared between processes."""

    async def load(self) -> Token | None:
        """The token saved last by any process, None if there is none."""
        ...

    async def save(self, token: Token) -> None:
        """Returns when the token is durable and every process's `load` gives it."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Held by at most one task of one process at a time; freed by the system when its process dies."""
        ...
