"""Calls of a connector's hooks while flows run: what its own code does wrong is named with its distribution."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pullpush_sdk.connector import Event, Page
from pullpush_sdk.errors import ConnectorFaultError, PullPushError, UnavailableError

from ._load import LoadedConnector

__all__ = ["asked", "faults_of", "listed", "pages_of"]

_log = logging.getLogger("pullpush.plugins")
_HINT = "a mistake in the connector: tell its author; --debug shows the traceback"


@contextmanager
def faults_of(loaded: LoadedConnector, hook: str) -> Iterator[None]:
    """Around a piece of a connector's own code.

    Raises:
        ConnectorFaultError: it raised what is no error of ours; names distribution, hook and line.
        UnavailableError: a client of its own could not reach the platform.
    """
    try:
        yield
    except PullPushError:
        raise
    except (ConnectionError, TimeoutError) as error:
        raise UnavailableError(f"{loaded.name}: {type(error).__name__}: {error}", maybe_applied=True) from error
    except Exception as error:
        _log.debug("%s failed in %s", loaded.source or loaded.name, hook, exc_info=error)
        raise _fault(loaded, hook, f"{_place(error)}{type(error).__name__}: {error}") from error


async def asked(loaded: LoadedConnector, hook: str, **arguments: Any) -> Any:
    """What a hook answers once awaited, None where nobody implements it.

    Raises:
        ConnectorFaultError, UnavailableError: see `faults_of`; also for what is not awaitable.
    """
    with faults_of(loaded, hook):
        answer = getattr(loaded.hook, hook)(**arguments)
    if answer is None:
        return None
    if not inspect.isawaitable(answer):
        raise _fault(loaded, hook, f"returned {type(answer).__name__}, expected an awaitable")
    with faults_of(loaded, hook):
        found = await answer
    if found is None:
        raise _fault(loaded, hook, "gave None once it was awaited")
    return found


async def listed(loaded: LoadedConnector, hook: str, kind: type, **arguments: Any) -> list[Any] | None:
    """The same for a hook that answers with a list; every item is of `kind`."""
    answer = await asked(loaded, hook, **arguments)
    if answer is None:
        return None
    if isinstance(answer, str | bytes) or not hasattr(answer, "__iter__"):
        raise _fault(loaded, hook, f"gave {type(answer).__name__}, expected a list of {kind.__name__}")
    with faults_of(loaded, hook):
        items = list(answer)
    for each in items:
        if not isinstance(each, kind):
            raise _fault(loaded, hook, f"gave a list with {type(each).__name__} in it, expected {kind.__name__}")
    return items


def pages_of(loaded: LoadedConnector, hook: str, **arguments: Any) -> AsyncGenerator[Page, None] | None:
    """The pages of `pullpush_pull` or `pullpush_snapshot`, None where nobody implements it.

    Raises:
        ConnectorFaultError, UnavailableError: see `faults_of`; while they are read, too, and for what is no page.
    """
    with faults_of(loaded, hook):
        pages = getattr(loaded.hook, hook)(**arguments)
    if pages is None:
        return None
    if not hasattr(pages, "__anext__") and not hasattr(pages, "__aiter__"):
        raise _fault(loaded, hook, f"returned {type(pages).__name__}, expected an async iterator of Page")
    return _read(loaded, hook, pages)


async def _read(loaded: LoadedConnector, hook: str, pages: Any) -> AsyncGenerator[Page, None]:
    reader = aiter(pages)
    try:
        while True:
            with faults_of(loaded, hook):
                try:
                    page = await anext(reader)
                except StopAsyncIteration:
                    return
            if not isinstance(page, Page):
                raise _fault(loaded, hook, f"gave {type(page).__name__}, expected a Page")
            if wrong := {type(each).__name__ for each in page.events if type(each) is not Event}:
                raise _fault(loaded, hook, f"gave a page with {', '.join(sorted(wrong))} among its events")
            yield page
    finally:
        close = getattr(reader, "aclose", None)
        if close is not None:
            await close()


def _fault(loaded: LoadedConnector, hook: str, words: str) -> ConnectorFaultError:
    return ConnectorFaultError(f"{loaded.source or loaded.name}: {hook}: {words}", hint=_HINT)


def _place(error: BaseException) -> str:
    """Where it came out of the connector: the innermost line that is neither ours nor Python's."""
    ours, python = Path(__file__).parents[1], Path(traceback.__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        library = file.is_relative_to(python) and "site-packages" not in file.parts
        if not file.is_relative_to(ours) and not library and "pluggy" not in file.parts and file.suffix:
            return f"{'/'.join(file.parts[-2:])}:{frame.lineno}: "
    return ""
