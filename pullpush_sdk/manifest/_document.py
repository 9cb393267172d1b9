"""A document that was read: its value, and where each part of it stands in the text.

Limits hold before and while a text is parsed, so that a hostile file costs little: 5 MB, 64 levels, 200,000 values.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs

from pullpush_sdk.errors import ManifestError, Problem

Json = Any
Format = Literal["yaml", "json", "js"]
Position = tuple[int, int]
"""Line and column, both from 1; columns count characters."""

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_ALIASES = 100
MAX_DIGITS = 1_000
MAX_EXPONENT = 9_999
MAX_PROBLEMS = 100

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_LAST_STEP = re.compile(r"""(\.[A-Za-z_$][A-Za-z0-9_$-]*|\[\d+\]|\["(?:[^"\\]|\\.)*"\])\Z""", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?(?:[eE]([+-]?\d+))?", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def below(path: str, key: str | int) -> str:
    """The JSON path of a key or index under `path`: `$.a`, `$.a[0]`, `$.a["x.y"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}"
    escaped = key[:80].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{path}["{escaped}"]'


def above(path: str) -> str | None:
    """The path that holds this one, None for the root."""
    step = _LAST_STEP.search(path)
    return path[: step.start()] if step else None


@attrs.frozen(kw_only=True)
class Document:
    """What a text says, as plain JSON values, and where.

    Fractions are Decimal from their own digits, whole numbers int. `positions` gives where a value begins, `keys`
    where its key does, both by JSON path.
    """

    value: Json
    file: str = ""
    format: Format = "json"
    positions: Mapping[str, Position] = attrs.field(factory=dict, repr=False, eq=False)
    keys: Mapping[str, Position] = attrs.field(factory=dict, repr=False, eq=False)

    def place(self, path: str, *, at_key: bool = False) -> Position | None:
        """Where a path stands, or else the nearest part around it; None where the document has no text."""
        if at_key and path in self.keys:
            return self.keys[path]
        found: str | None = path
        while found is not None and found not in self.positions:
            found = above(found)
        return self.positions.get(found or "$")

    def problem(self, message: str, path: str, hint: str = "", *, code: str = "", at_key: bool = False) -> Problem:
        """A problem with its place in the file."""
        line, column = self.place(path, at_key=at_key) or (None, None)
        return Problem(message=message, path=path, hint=hint, code=code, file=self.file, line=line, column=column)

    def located(self, problem: Problem) -> Problem:
        """The same problem with file, line and column of its path."""
        line, column = self.place(problem.path or "$") or (None, None)
        return attrs.evolve(problem, file=self.file, line=line, column=column)


class Lines:
    """Offsets of a text to positions."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text))]

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class ParseStopped(Exception):  # noqa: N818 - internal; leaves the package as a ManifestError
    """A text that cannot be read on from here."""

    def __init__(self, message: str, position: Position | None = None, hint: str = "", code: str = "syntax") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint
        self.code = code

    def problem(self, file: str) -> Problem:
        """As a finding."""
        line, column = self.position or (None, None)
        return Problem(
            message=self.message, hint=self.hint, code=f"manifest-{self.code}", file=file, line=line, column=column
        )


class Findings:
    """What a reader found wrong but could read on after; a hundred of them are enough."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file

    def add(self, message: str, path: str, place: Position, hint: str = "") -> None:
        """Notes one problem.

        Raises:
            ParseStopped: there are too many.
        """
        if len(self.problems) >= MAX_PROBLEMS:
            raise ParseStopped(f"more than {MAX_PROBLEMS} problems", place, code="limit")
        stop = ParseStopped(message, place, hint)
        self.problems.append(attrs.evolve(stop.problem(self._file), path=path))


def as_text(content: bytes | str, file: str) -> str:
    """The text of a document without its byte order mark.

    Raises:
        ManifestError: too large, not UTF-8, empty, or holding control characters.
    """
    try:
        return _as_text(content)
    except ParseStopped as stop:
        raise refuse(file, [stop.problem(file)]) from None


def _as_text(content: bytes | str) -> str:
    if len(content) > MAX_BYTES:
        raise ParseStopped(f"larger than {MAX_BYTES // 1_000_000} MB", hint="a manifest is small", code="limit")
    text = _decoded(content) if isinstance(content, bytes) else content
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ParseStopped("the file is empty", (1, 1), code="empty")
    if found := _CONTROL.search(text):
        message = f"the control character U+{ord(found[0]):04X}"
        raise ParseStopped(message, Lines(text).position(found.start()), "save the file as UTF-8 text", "encoding")
    if found := _SURROGATE.search(text):
        raise ParseStopped("half a surrogate pair", Lines(text).position(found.start()), code="encoding")
    return text


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ParseStopped("UTF-16, expected UTF-8", (1, 1), "save the file as UTF-8", "encoding")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        place = Lines(before).position(len(before))
        wrong = content[error.start]
        raise ParseStopped(f"byte 0x{wrong:02x} is not UTF-8", place, "save the file as UTF-8", "encoding") from None


def exact_number(text: str) -> int | Decimal:
    """A JSON number from its digits.

    Raises:
        ValueError: not a JSON number, or out of all proportion.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("not a number")
    if len(text) > MAX_DIGITS or (found[2] and (len(found[2]) > 6 or abs(int(found[2])) > MAX_EXPONENT)):
        raise ValueError("a number out of all proportion")
    if found[1] is None and found[2] is None:
        return int(text)
    return Decimal(text)


def refuse(file: str, problems: list[Problem]) -> ManifestError:
    """The error of a document that is not good."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ManifestError(f"{file or 'the document'} is not good: {count}", problems)
