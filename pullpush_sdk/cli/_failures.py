"""How failures reach a person: message and hint, no traceback; a bug leaves its traceback in a private file."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._output import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._session import Session

FAILED = 1
WRONG_USE = 2


def report(error: Exception, session: Session | None) -> int:
    """Show an error on standard error; the exit code that goes with it."""
    from pullpush_sdk.errors import PullPushError, SetupError

    if isinstance(error, OSError) and not isinstance(error, PullPushError):
        return _report_os_error(error, session)
    if not isinstance(error, PullPushError):
        return _report_bug(error, session)
    show_error(error, session)
    if session is not None and session.debug:
        click.echo(_redacted(_trace(error), session), err=True)
    return WRONG_USE if isinstance(error, SetupError) else FAILED


def show_error(error: Exception, session: Session | None) -> None:
    """`error:` with the message, its findings and its hint, on lines of their own."""
    message = getattr(error, "message", "") or str(error)
    say(f"error: {_redacted(message, session)}", colour="red")
    for problem in getattr(error, "problems", ()):
        say(f"  {_redacted(str(problem), session)}")
    if hint := getattr(error, "hint", ""):
        say(f"hint: {_redacted(hint, session)}", colour="yellow")


def set_up_logging(session: Session) -> Callable[[], None]:
    """Send our log to standard error, redacted: all of it with --debug, else each warning once and in one line.

    The function that comes back puts the log as it was: a command may run inside another program.
    """
    handler: logging.Handler = _Warnings(session)
    if session.debug:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_RedactingFormatter(session))
    logger = logging.getLogger("pullpush")
    handlers, level, propagates = list(logger.handlers), logger.level, logger.propagate

    def put_back() -> None:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagates

    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG if session.debug else logging.WARNING)
    logger.propagate = False
    return put_back


class _Warnings(logging.Handler):
    """Says a warning once, however often it is repeated; a traceback goes to a private file."""

    def __init__(self, session: Session) -> None:
        super().__init__(logging.WARNING)
        self._session = session
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = _redacted(record.getMessage(), self._session)
        if message in self._said:
            return
        self._said.add(message)
        say(f"{record.levelname.lower()}: {message}", colour="yellow")
        if record.exc_info and record.exc_info[1] is not None:
            file = _write_trace(_redacted(_trace(record.exc_info[1]), self._session), self._session)
            say(f"  the traceback is in {file}")


class _RedactingFormatter(logging.Formatter):
    def __init__(self, session: Session) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")
        self._session = session

    def format(self, record: logging.LogRecord) -> str:
        return _redacted(super().format(record), self._session)


def _report_os_error(error: OSError, session: Session | None) -> int:
    place = f" ({error.filename})" if error.filename else ""
    say(f"error: {_redacted(f'{error.strerror or error}{place}', session)}", colour="red")
    if session is not None and session.debug:
        click.echo(_redacted(_trace(error), session), err=True)
    return FAILED


def _report_bug(error: Exception, session: Session | None) -> int:
    text = _redacted(_trace(error), session)
    say(f"error: unexpected {type(error).__name__}: this is a bug in pullpush or in a connector", colour="red")
    if session is not None and session.debug:
        click.echo(text, err=True)
    else:
        say(f"The traceback is in {_write_trace(text, session)}; --debug shows it here.")
    return FAILED


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _write_trace(text: str, session: Session | None) -> Path:
    folder = session.state_dir if session is not None else None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    descriptor, name = tempfile.mkstemp(prefix=f"pullpush-error-{stamp}-", suffix=".log", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"pullpush {' '.join(sys.argv[1:2])}\n{text}")
    return Path(name)


def _redacted(text: str, session: Session | None) -> str:
    # Nothing has read a secret before the redactor exists.
    return session.redactor.text(text) if session is not None and "redactor" in session.__dict__ else text
