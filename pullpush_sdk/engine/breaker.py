"""A rest for a destination that does not answer: one breaker per destination connection, in memory.

After five failures in a row it opens; attempts made while it is open or being probed are not spent, so an outage of
an hour makes no dead letters. Then one push at a time probes; the first that is answered closes it.
"""

from __future__ import annotations

import attrs

__all__ = ["Breaker"]

_THRESHOLD = 5
_FIRST_REST = 1.0
_LONGEST_REST = 300.0


@attrs.define
class Breaker:
    """Times are monotonic seconds.

    `down_since` is when it opened, None while pushes are answered.
    """

    down_since: float | None = None
    until: float = 0.0
    _failures: int = 0
    _keys: set[str] = attrs.field(factory=set)
    _rest: float = _FIRST_REST
    _probing: bool = False

    def wait(self, now: float) -> float:
        """Seconds until a push may be tried; zero where one may now."""
        if self.down_since is None:
            return 0.0
        return max(self.until - now, 0.0)

    @property
    def busy(self) -> bool:
        """Whether the one probe of an open breaker is under way."""
        return self._probing

    def begin(self) -> bool:
        """A push starts; says whether it is a probe."""
        if self.down_since is None:
            return False
        self._probing = True
        return True

    def answered(self) -> None:
        """The destination answered, whatever it said."""
        self.down_since = None
        self._failures, self._rest, self._probing = 0, _FIRST_REST, False
        self._keys.clear()

    def failed(self, now: float, *, outage: bool, key: str, probe: bool) -> None:
        """A push got no answer (`outage`), or each of its deliveries is to be retried.

        The latter may lie in the one record, so it counts as an outage only when five different keys met it.
        """
        self._failures += 1
        if len(self._keys) < _THRESHOLD:
            self._keys.add(key)
        if probe:
            self._probing = False
            self._rest = min(self._rest * 2, _LONGEST_REST)
            self.until = now + self._rest
        elif self.down_since is None and self._failures >= _THRESHOLD and (outage or len(self._keys) >= _THRESHOLD):
            self.down_since, self.until = now, now + self._rest

    def abandoned(self) -> None:
        """The probe ended without telling anything about the destination."""
        self._probing = False
