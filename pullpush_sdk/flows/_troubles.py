"""The state `error` of one flow: how it is entered, how long it is waited out, and how it is left."""

from __future__ import annotations

import logging
from datetime import timedelta

import attrs

from pullpush_sdk.errors import ContractError, PullPushError, StoreError

from ._states import Trouble, flow_trouble, keep_trouble
from ._surroundings import Surroundings

_log = logging.getLogger("pullpush.flows")

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 600.0


@attrs.define(kw_only=True, eq=False)
class Troubles:
    """What a flow is in trouble with: `now`, None where it is not. `count` is how often it got into any.

    `refused` is why the store did not take the latest note of it, empty where it did.
    """

    flow: str
    here: Surroundings
    now: Trouble | None = None
    count: int = 0
    refused: str = ""
    _again: float = 0.0

    async def load(self) -> None:
        """Learn from the store what an earlier process noted."""
        self.now = await flow_trouble(self.here.engine, self.flow)

    def is_with(self, side: str) -> bool:
        """Whether that side is what cannot go on."""
        return self.now is not None and self.now.side == side

    async def enter(self, side: str, error: Exception) -> None:
        """A side cannot go on: say so, and note when it is tried again; each time in a row it waits twice as long."""
        clock = self.here.clock
        before = self.now if self.is_with(side) else None
        failures = before.failures + 1 if before is not None else 1
        wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 20), _LONGEST_WAIT)
        known = isinstance(error, PullPushError)
        words = str(error) if known else f"unexpected {type(error).__name__}: {error}"
        self.now = Trouble(
            side=side,
            reason=self.here.redactor.text(words),
            since=before.since if before is not None else clock.now(),
            failures=failures,
            next_try=clock.now() + timedelta(seconds=wait),
        )
        self.count += 1
        self._again = clock.monotonic() + wait
        _log.error(
            "flow %s is in error: %s",
            self.flow,
            words,
            extra={"flow": self.flow, "side": side, "next_try_seconds": wait},
            exc_info=None if known and not isinstance(error, ContractError) else error,
        )
        await self._keep()

    async def over(self, side: str) -> None:
        """A side was seen to work."""
        if self.is_with(side):
            self.now = None
            _log.info("flow %s works again", self.flow, extra={"flow": self.flow, "side": side})
            await self._keep()

    def seconds_left(self) -> float:
        """How long to wait before the next try."""
        return max(self._again - self.here.clock.monotonic(), 0.0) if self.now is not None else 0.0

    async def _keep(self) -> None:
        # A store that refuses a note is told of elsewhere; it must not end a push that went well.
        try:
            await keep_trouble(self.here.engine, self.flow, self.now)
        except StoreError as error:
            self.refused = self.here.redactor.text(str(error))
        else:
            self.refused = ""
