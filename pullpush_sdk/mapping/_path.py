"""Path text to moves: `price.amount`, `$.data.id`, `items[0].sku`, `["a.b"]`, `rows[*].id`, `rows[?code=='ean'].value`.

The dialect is closed on purpose: no slices, scripts, functions or recursive descent. What it cannot say is a
problem at check time, never a surprise at run time.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .spec import Every, Index, Key, Move, Path, Where

LONGEST = 500
MOST_MOVES = 24
MOST_LOOPS = 3

_NAME = re.compile(r"""[^\s.\[\]"'?*$@(),|&<>={}\\]+""")
_INDEX = re.compile(r"\[(\d{1,6})\]")
_QUOTED = re.compile(r"""\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]""", re.DOTALL)
_WHERE = re.compile(
    r"""\[\?\s*(?P<keys>[^\s.\[\]"'?*$@(),|&<>={}\\]+(?:\.[^\s.\[\]"'?*$@(),|&<>={}\\]+)*)\s*==\s*"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<word>true|false|null|-?\d+(?:\.\d+)?))\s*\]""",
    re.DOTALL,
)
_WORDS = {"true": True, "false": False, "null": None}


def parse_path(text: str) -> Path:
    """Path text as a Path.

    Raises:
        ValueError: not a path of this dialect; the message says what stands where.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a path of {len(text)} characters; at most {LONGEST}")
    root, at = _root(text)
    moves: list[Move] = []
    fresh = at == 0 or text.startswith("@")
    while at < len(text):
        move, at = _move(text, at, bare=fresh)
        moves.append(move)
        fresh = False
    if not moves and root == "@":
        raise ValueError("@ alone names nothing; write for instance @settings.location")
    if not moves and not text:
        raise ValueError("an empty path; write $ for the record itself")
    if len(moves) > MOST_MOVES:
        raise ValueError(f"{len(moves)} moves; at most {MOST_MOVES}")
    if sum(isinstance(move, Every | Where) for move in moves) > MOST_LOOPS:
        raise ValueError(f"more than {MOST_LOOPS} wildcards and filters")
    return Path(text=text, root=root, moves=tuple(moves))


def _root(text: str) -> tuple[str, int]:
    if text.startswith("$$"):
        return "$$", 2
    if text.startswith("$"):
        return "$", 1
    if text.startswith("@"):
        return "@", 1
    return "$", 0


def _move(text: str, at: int, *, bare: bool) -> tuple[Move, int]:
    """One move and where the next begins; a `bare` name needs no dot before it."""
    if text[at] == "[":
        return _bracket(text, at)
    if text[at] == ".":
        at += 1
    elif not bare:
        raise ValueError(f"expected . or [ at character {at + 1}, got {text[at]!r}")
    found = _NAME.match(text, at)
    if not found:
        rest = text[at : at + 12]
        raise ValueError(f'expected a name at character {at + 1}, got {rest!r}; write other keys as ["…"]')
    return Key(found[0]), found.end()


def _bracket(text: str, at: int) -> tuple[Move, int]:
    if text.startswith("[*]", at):
        return Every(), at + 3
    if found := _INDEX.match(text, at):
        return Index(int(found[1])), found.end()
    if found := _QUOTED.match(text, at):
        return Key(_unescape(found[1] if found[1] is not None else found[2])), found.end()
    if found := _WHERE.match(text, at):
        return Where(tuple(found["keys"].split(".")), _equals(found)), found.end()
    raise ValueError(f"cannot read {text[at : at + 20]!r}; known are [0], [\"key\"], [*] and [?key=='word']")


def _equals(found: re.Match[str]) -> Any:
    for group in ("double", "single"):
        if found[group] is not None:
            return _unescape(found[group])
    word = found["word"]
    if word in _WORDS:
        return _WORDS[word]
    return Decimal(word) if "." in word else int(word)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
