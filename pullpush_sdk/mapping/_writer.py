"""Source text under construction: lines, indentation, fresh names, and the constants that the code is bound to.

What an author wrote never becomes source text. It goes into the table of constants, and the code names it by a
name made here (`K3`); names, numbers and layout of the source are ours alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Writer:
    """Lines of one function and the values its names stand for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self._seen: dict[tuple[str, Any], str] = {}
        self._depth = 1
        self._names = 0

    def line(self, text: str) -> None:
        """One line at the current indentation."""
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """The lines written within stand under `head`."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def name(self, prefix: str = "v") -> str:
        """A name that no line used yet."""
        self._names += 1
        return f"{prefix}{self._names}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name of a constant; equal texts, classes and functions share one."""
        key = (prefix, (value.__class__, value) if value.__class__ is str else id(value))
        if key not in self._seen:
            self._seen[key] = f"{prefix}{len(self.constants)}"
            self.constants[self._seen[key]] = value
        return self._seen[key]

    def function(self, head: str, arguments: str) -> str:
        """The whole source: constants are keyword defaults, which the interpreter reads as fast as locals."""
        bound = textwrap.wrap(", ".join(f"{name}={name}" for name in self.constants), 100)
        return "\n".join([f"def {head}(", *(f"    {line}" for line in (arguments, *bound)), "):", *self.lines, ""])
