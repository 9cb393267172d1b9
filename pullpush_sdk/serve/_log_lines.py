"""The log of a long-running process: one event a line, for people on a terminal and as JSON for machines.

Everything in this package logs through the standard library; structlog renders it, and secrets are taken out of the
finished line, so that no field, message or traceback can carry one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog

from pullpush_sdk.http import Redactor

LOG_FORMATS = ("auto", "text", "json")
_OURS = "pullpush"
_SERVER = "uvicorn.error"


@contextmanager
def log_to(stream: TextIO, *, redactor: Redactor, form: str = "auto", debug: bool = False) -> Iterator[None]:
    """Send our log to a stream while the block runs: `form` is one of LOG_FORMATS, `auto` means text on a terminal.

    The server's own warnings come along. Levels and handlers are put back afterwards.
    """
    as_json = form == "json" or (form == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(redactor, as_json=as_json, colours=not as_json and stream.isatty()))
    levels = {_OURS: logging.DEBUG if debug else logging.INFO, _SERVER: logging.WARNING}
    loggers = {name: logging.getLogger(name) for name in levels}
    before = {name: (list(each.handlers), each.level, each.propagate) for name, each in loggers.items()}
    for name, logger in loggers.items():
        logger.handlers[:] = [handler]
        logger.setLevel(levels[name])
        logger.propagate = False
    try:
        yield
    finally:
        for name, logger in loggers.items():
            logger.handlers[:], level, logger.propagate = before[name]
            logger.setLevel(level)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redactor: Redactor, *, as_json: bool, colours: bool) -> None:
        shape: structlog.types.Processor = (
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
            if as_json
            # Plain tracebacks: decorated ones show variables, and break secrets up where they colour them.
            else structlog.dev.ConsoleRenderer(
                colors=colours, pad_event_to=0, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
            )
        )
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                shape,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.ExtraAdder(),
            ],
        )
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The finished line without secrets."""
        return self._redactor.text(super().format(record))
