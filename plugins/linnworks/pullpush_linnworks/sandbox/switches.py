"""The switches of a sandbox, checked once."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pullpush_sdk.errors import SetupError

__all__ = ["STATES", "Switches"]

STATES = ("AVAILABLE", "LOCKED_BASIC", "LOCKED_FULL", "MAINTENANCE")
_BOOLEANS = ("true", "false")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "quota_status": ("429", "400"),
    "retry_after": _BOOLEANS,
    "state": STATES,
    "search": ("kept", "live"),
    "stamps": ("ticks", "seconds"),
    "zone": ("Z", "offset"),
    "bulk_answer": ("full", "empty"),
    "sparse": ("false", "true"),
    "shuffle": ("false", "true"),
}
_FREE = ("currency", "index_lag", "log_file")


@attrs.define(kw_only=True)
class Switches:
    """What the package's docstring lists."""

    quota_status: int
    retry_after: bool
    state: str
    index_lag: float
    search: str
    stamps: str
    zone: str
    bulk_answer: str
    sparse: bool
    shuffle: bool
    currency: str

    @classmethod
    def of(cls, extra: Mapping[str, str]) -> Switches:
        """The switches that `SandboxOptions.extra` sets, the others by default.

        Raises:
            SetupError: an unknown switch or value; the message names what is known.
        """
        for name, value in extra.items():
            if name not in _WORDS and name not in _FREE:
                known = ", ".join(sorted([*_WORDS, *_FREE]))
                raise SetupError(f"unknown switch {name!r} of the linnworks sandbox", hint=f"one of {known}")
            if name in _WORDS and value not in _WORDS[name]:
                raise SetupError(f"the switch {name} is not {value!r}", hint=f"one of {', '.join(_WORDS[name])}")
        lag = extra.get("index_lag", "0")
        if not lag.replace(".", "", 1).isdecimal():
            raise SetupError(f"the switch index_lag is not {lag!r}", hint="a number of seconds")
        return cls(
            quota_status=int(extra.get("quota_status", "429")),
            retry_after=extra.get("retry_after", "true") == "true",
            state=extra.get("state", "AVAILABLE"),
            index_lag=float(lag),
            search=extra.get("search", "kept"),
            stamps=extra.get("stamps", "ticks"),
            zone=extra.get("zone", "Z"),
            bulk_answer=extra.get("bulk_answer", "full"),
            sparse=extra.get("sparse") == "true",
            shuffle=extra.get("shuffle") == "true",
            currency=extra.get("currency", "GBP"),
        )
