"""The store's request budget: per plan and minute, and a separate one for customers."""

from __future__ import annotations

import math

from pullpush_salla.sandbox.wire import ApiError
from pullpush_sdk.sandbox import Admission, SandboxClock, Violations, WindowLimit

__all__ = ["Limits"]

# No figure is published for the basic plan; 60 is what the page's header examples show.
_PER_MINUTE = {"basic": 60, "plus": 120, "pro": 360, "special": 720}
_BLOCK_SECONDS = 300  # how long a restriction lasts is not published
_BLOCKED = ("تم تقييد الوصول مؤقتاً", "Access is restricted for a while")
_WORDS = ("تجاوزت الحد المسموح من الطلبات", "Too many requests")


class Limits:
    """Counts requests of one store."""

    def __init__(
        self, *, plan: str, clock: SandboxClock, violations: Violations, enforced: bool, abuse_after: int = 0
    ) -> None:
        self._plan = plan
        self._abuse_after = abuse_after
        self._clock = clock
        self._violations = violations
        self._enforced = enforced
        self.reset()

    def reset(self) -> None:
        """Full budgets."""
        self._store = WindowLimit(limit=_PER_MINUTE[self._plan], window=60, overflow=1, clock=self._clock)
        self._customers = WindowLimit(limit=500, window=600, clock=self._clock)
        self._refused_in_a_row = 0
        self._blocked_until = float("-inf")

    def admit(self, path: str) -> dict[str, str]:
        """Count one request; the headers of its answer.

        Raises:
            ApiError: 429, with `Retry-After`; 403 for a while after many refusals in a row.
        """
        if not self._enforced:
            return {}
        if self._clock.seconds() < self._blocked_until:
            raise ApiError(403, _BLOCKED, code="forbidden")
        admission, meter = self._store.take(), "store"
        if admission.allowed and path.startswith("/admin/v2/customers"):
            admission, meter = self._customers.take(), "customers"
        headers = self._headers(admission)
        if not admission.allowed:
            wait = math.ceil(admission.retry_after)
            self._violations.refused(meter, admission.retry_after)
            self._refused_in_a_row += 1
            if self._abuse_after and self._refused_in_a_row >= self._abuse_after:
                self._violations.count("blocked")
                self._blocked_until, self._refused_in_a_row = self._clock.seconds() + _BLOCK_SECONDS, 0
            raise ApiError(429, _WORDS, headers={**headers, "Retry-After": str(wait)})
        self._refused_in_a_row = 0
        return headers

    def _headers(self, admission: Admission) -> dict[str, str]:
        reset = self._clock.now().timestamp() + admission.reset_after
        return {
            "X-RateLimit-Limit": str(int(admission.limit)),
            "X-RateLimit-Remaining": str(int(admission.remaining)),
            "X-RateLimit-Reset": str(math.ceil(reset)),
        }
