"""Where something stands in a document, and what was found wrong there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from pullpush_sdk.errors import Problem

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


def below(place: str, key: object) -> str:
    """The JSON path of a key or list index under `place`: `$.a`, `$.a[0]`, `$.a["x.y"]`."""
    if isinstance(key, int) and not isinstance(key, bool):
        return f"{place}[{key}]"
    text = str(key)[:80]
    if _PLAIN.fullmatch(text):
        return f"{place}.{text}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{place}["{escaped}"]'


def meant(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, or all of them where none is close."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word[:80], names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not names:
        return "none is known here"
    return "one of " + ", ".join(names[:40]) + (", …" if len(names) > 40 else "")


class Findings:
    """Collects problems; every one has a place."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, code: str, message: str, place: str, hint: str = "") -> None:
        """Note one problem; `code` is stable and kebab case."""
        self.problems.append(Problem(message=message, path=place, hint=hint, code=f"mapping-{code}"))
