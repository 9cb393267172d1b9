"""Sessions: permanent credentials in, a token and a server of its own out; dead after twenty quiet minutes."""

from __future__ import annotations

import hashlib
import uuid

import attrs

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["Session", "Sessions"]

_IDLE = 20 * 60.0


@attrs.define(kw_only=True)
class Session:
    """One session: `path` is the first part of its server's address."""

    token: str
    path: str
    used: float


class Sessions:
    """The credentials of one account and the sessions that they opened."""

    def __init__(self, *, seed: int, clock: SandboxClock) -> None:
        self._seed = seed
        self._clock = clock
        self.application_id, self.application_secret, self.installation_token = map(self._guid, ("app", "key", "inst"))
        self.opened: list[Session] = []

    def open(self, application_id: object, secret: object, token: object) -> Session | None:
        """A new session, None for wrong credentials."""
        if (application_id, secret, token) != (self.application_id, self.application_secret, self.installation_token):
            return None
        number = len(self.opened) + 1
        server = f"s{hashlib.sha256(f'{self._seed} {number}'.encode()).hexdigest()[:8]}"
        session = Session(token=self._guid(f"session {number}"), path=server, used=self._clock.seconds())
        self.opened.append(session)
        return session

    def alive(self, token: str, path: str | None) -> bool:
        """Whether the token opens this server (None: the regional host, which takes any session); a use counts."""
        for session in self.opened:
            if session.token == token and path in (None, session.path):
                if self._clock.seconds() - session.used > _IDLE:
                    return False
                session.used = self._clock.seconds()
                return True
        return False

    def expire(self) -> int:
        """Every session ends now; how many there were."""
        for session in self.opened:
            session.used = self._clock.seconds() - _IDLE - 1
        return len(self.opened)

    def _guid(self, purpose: str) -> str:
        return str(uuid.UUID(hashlib.sha256(f"linnworks {self._seed} {purpose}".encode()).hexdigest()[:32], version=4))
