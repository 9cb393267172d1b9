"""The log of a long-running process: complete lines, of the asked form, and never a secret."""

from __future__ import annotations

import io
import json
import logging

import pytest

from pullpush_sdk.http import Redactor
from pullpush_sdk.serve import log_to

SECRET = 'tok"en-5ab0\\f1c2'


def written(form: str, *, terminal: bool = False, debug: bool = False) -> str:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    stream = Stream()
    log = logging.getLogger("pullpush.flows")
    with log_to(stream, redactor=Redactor([SECRET]), form=form, debug=debug):
        log.debug("only with debug")
        log.info("%s: read %d with %s", "main", 3, SECRET, extra={"flow": "main", "token": SECRET})
        try:
            raise ValueError(f"refused: {SECRET}")
        except ValueError as error:
            log.exception("failed", exc_info=error)
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("uvicorn.error").info("Started server process")
    log.error("after the block")
    return stream.getvalue()


def test_json_has_one_object_a_line_with_its_fields_and_no_secret() -> None:
    text = written("json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == ["main: read 3 with ***", "failed", "Invalid HTTP request received."]
    assert (lines[0]["flow"], lines[0]["token"], lines[0]["level"]) == ("main", "***", "info")
    assert "ValueError: refused: ***" in lines[1]["exception"]
    assert "5ab0" not in text


@pytest.mark.parametrize(
    ("form", "terminal", "as_json"), [("auto", False, True), ("auto", True, False), ("text", False, False)]
)
def test_a_terminal_gets_text_and_everything_else_json_unless_told(form: str, terminal: bool, as_json: bool) -> None:
    text = written(form, terminal=terminal)
    assert text.startswith("{") == as_json
    assert "main: read 3 with ***" in text
    assert "5ab0" not in text


def test_debug_lines_come_only_when_asked() -> None:
    assert "only with debug" not in written("json")
    assert "only with debug" in written("json", debug=True)


def test_levels_and_handlers_are_put_back() -> None:
    logger = logging.getLogger("pullpush")
    before = (list(logger.handlers), logger.level, logger.propagate)
    written("json")
    assert (list(logger.handlers), logger.level, logger.propagate) == before
