"""An engine by its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import SetupError

from .policy import Backoff
from .ports import Engine
from .upkeep import Upkeep

__all__ = ["open_engine"]

EngineHook = Callable[[str], Any]
"""An engine for a URL whose scheme is its own, None for any other: the hook `pullpush_engine`."""


def open_engine(
    url: str,
    *,
    clock: Clock,
    types: CanonicalTypes,
    backoff: Backoff | None = None,
    busy_seconds: float = 5.0,
    hook: EngineHook | None = None,
    upkeep: Upkeep | None = None,
    redact: Callable[[str], str] = str,
) -> Engine:
    """The engine of a URL, not yet entered.

    `sqlite:///relative/path`, `sqlite:////absolute/path`, or a scheme that `hook` knows. `sqlite://` keeps everything
    in memory. `busy_seconds` is how long the embedded engine waits for another program that has its file locked,
    `upkeep` what it keeps and how large it may become. `redact` hides secrets in the words of platforms and connectors
    before they are stored; a scheme of somebody else's looks after both itself.

    Raises:
        SetupError: nobody knows the scheme.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from .embedded import SqliteEngine  # noqa: PLC0415 - a backend is loaded when it is chosen

        path = unquote(rest.removeprefix("/"))
        return SqliteEngine(
            Path(path) if path else None,
            clock=clock,
            types=types,
            backoff=backoff,
            busy_seconds=busy_seconds,
            upkeep=upkeep,
            redact=redact,
        )
    engine: Engine | None = hook(url) if hook is not None else None
    if engine is None:
        raise SetupError(
            f"no engine knows the URL {url!r}",
            hint="use sqlite:///path, or install the plugin that offers this scheme",
        )
    return engine
