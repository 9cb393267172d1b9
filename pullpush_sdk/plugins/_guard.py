"""Around every call into a plugin while it is loaded: what it raises, prints, or takes too long for stays its own.

In one process there is no fence against everything: a plugin that calls `os._exit`, crashes the interpreter or hangs in
native code takes the program with it. `pullpush validate` runs connectors in a child process for that reason.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import attrs

from pullpush_sdk.errors import PluginError, PullPushError

__all__ = ["guarded", "import_limit"]

_log = logging.getLogger("pullpush.plugins")

_LIMIT = 20.0
_VARIABLE = "PULLPUSH_IMPORT_LIMIT"
_AGAIN = 0.5  # seconds between one interruption and the next, where a plugin catches the first
_SHOWN = 200


def import_limit() -> float:
    """Seconds that one plugin may take to be imported: PULLPUSH_IMPORT_LIMIT, else 20; 0 sets no limit."""
    try:
        return max(0.0, float(os.environ.get(_VARIABLE, _LIMIT)))
    except ValueError:
        _log.warning("%s is no number of seconds; %g s are allowed", _VARIABLE, _LIMIT)
        return _LIMIT


@attrs.define
class _Interrupted:
    """What came from outside of the plugin while it had the thread."""

    by_user: bool = False
    by_clock: bool = False


class _Printed(io.StringIO):
    """What a plugin prints; on a flush it goes to the log at once: its next step may end the process."""

    def __init__(self, source: object) -> None:
        super().__init__()
        self._source = source

    def flush(self) -> None:
        """Log what was printed since the last time, in one line."""
        if text := " ".join(self.getvalue().split()):
            _log.warning("%s printed while it was loaded: %s", self._source, text[:_SHOWN])
        self.seek(0)
        self.truncate()


@contextmanager
def guarded(source: object, what: str, *, limit: float = 0.0) -> Iterator[None]:
    """Run a piece of a plugin; what it prints goes to the log.

    `what` says what it does, for messages. `limit` is in seconds, 0 for none; it holds in the main thread only, where
    signals arrive.

    Raises:
        PluginError: it raised anything, SystemExit and KeyboardInterrupt of its own included, or took too long. A
            Ctrl-C of the user stays one.
    """
    printed = _Printed(source)
    seen = _Interrupted()
    try:
        with contextlib.redirect_stdout(printed), _watched(seen, limit):
            yield
    except PluginError:
        raise
    except BaseException as error:
        if seen.by_user:
            raise
        if not seen.by_clock:
            raise PluginError(f"{source} {what}: {_words(error)}") from error
        raise _too_slow(source, what, limit) from error
    finally:
        printed.flush()
    if seen.by_clock:  # it caught the interruption
        raise _too_slow(source, what, limit)


def _words(error: BaseException) -> str:
    if isinstance(error, PullPushError):
        return str(error)
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"it ended the program ({said})" if isinstance(error, SystemExit) else said


def _too_slow(source: object, what: str, limit: float) -> PluginError:
    return PluginError(
        f"{source} {what}: it took longer than {limit:g} s",
        hint=f"nothing is to be fetched or computed on import; {_VARIABLE} sets how many seconds are allowed",
    )


@contextmanager
def _watched(seen: _Interrupted, limit: float) -> Iterator[None]:
    """Tell signals of the user and of the clock from what the plugin raises itself."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        seen.by_user = True
        raise KeyboardInterrupt

    def expired(_number: int, _frame: FrameType | None) -> None:
        seen.by_clock = True
        raise TimeoutError("the time for loading a plugin is over")

    # Another handler of Ctrl-C is the program's own way to stop: it stays.
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with contextlib.ExitStack() as stack:
        if ours:
            stack.enter_context(_handling(signal.SIGINT, interrupted))
        if limit:
            stack.enter_context(_handling(signal.SIGALRM, expired))
            stack.enter_context(_timer(limit))
        yield


@contextmanager
def _handling(number: signal.Signals, handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def _timer(limit: float) -> Iterator[None]:
    """An alarm after `limit`; one that somebody had set before goes on afterwards."""
    started = time.monotonic()
    before, interval = signal.setitimer(signal.ITIMER_REAL, limit, _AGAIN)
    try:
        yield
    finally:
        left = max(before - (time.monotonic() - started), 0.001) if before else 0.0
        signal.setitimer(signal.ITIMER_REAL, left, interval)
