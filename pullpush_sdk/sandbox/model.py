"""What a sandbox is asked for, and what it is."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from starlette.types import ASGIApp

from pullpush_sdk.sandbox.clock import SandboxClock
from pullpush_sdk.sandbox.control import Control

__all__ = ["Sandbox", "SandboxOptions"]


@attrs.frozen(kw_only=True)
class SandboxOptions:
    """How to build a sandbox; the same options and seed give the same store.

    Attributes:
        records: how many products (or rows) to seed; 0 = an empty store.
        seed: of the data and of everything random.
        time_scale: sandbox seconds per second; limits, token lives and delays are counted on that clock.
        rate_limits: whether the platform's limits are enforced.
        extra: switches of one platform, listed in its sandbox's package docstring. `log_file` is known to all:
            the path of a file that receives the request log as JSON lines.
        clock: used instead of a clock made from `time_scale`; for tests that own the time.
    """

    records: int = attrs.field(default=50, validator=attrs.validators.ge(0))
    seed: int = 0
    time_scale: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    rate_limits: bool = True
    extra: Mapping[str, str] = attrs.field(factory=dict)
    clock: SandboxClock | None = None

    def make_clock(self) -> SandboxClock:
        """The clock that a sandbox built with these options runs on."""
        return self.clock or SandboxClock(scale=self.time_scale)


@attrs.frozen(kw_only=True)
class Sandbox:
    """A platform on this machine.

    Attributes:
        name: of the connector that it stands for.
        app: the ASGI app, control routes included.
        settings: the settings of a connection that points at it, without its address, which `serve` gives.
        secrets: credentials that it accepts; not shown by `repr`.
        control: its clock, log, fault plan and state, for tests in the same process.
    """

    name: str
    app: ASGIApp
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = attrs.field(repr=False)
    control: Control
