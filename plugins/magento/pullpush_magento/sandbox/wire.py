"""What travels: a request taken apart, the routes it may meet, and refusals in the platform's shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import attrs

__all__ = ["Asked", "Fatal", "Handler", "Refusal", "Routes", "report", "split_path"]

Json = Any


class Refusal(Exception):  # noqa: N818 - a business answer, not a failure of the sandbox
    """What the shop does not accept: status, message, and the values of its placeholders.

    `parameters` is an object for `%name` and a list for `%1`.
    """

    def __init__(self, status: int, message: str, parameters: Json = None, errors: Sequence[Json] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Json] = {"message": message}
        if errors:
            self.body["errors"] = list(errors)
        if parameters is not None:
            self.body["parameters"] = parameters


class Fatal(Refusal):
    """A fatal error of the interpreter has another shape."""

    def __init__(self) -> None:
        super().__init__(500, "Fatal Error")
        error = {"code": 500, "message": "Fatal Error: 'Allowed memory size of 792723456 bytes exhausted'"}
        self.body = {"messages": {"error": [error]}}


def report(number: int) -> Refusal:
    """Whatever else goes wrong inside: a report id for the shop's log."""
    words = "Internal Error. Details are available in Magento log file. Report ID: webapi-%s"
    return Refusal(500, words % f"{number:013x}")


@attrs.frozen(kw_only=True)
class Asked:
    """One request: its store code, the parts of its path, its parameters in order, its body."""

    method: str
    store: str
    path: tuple[str, ...]
    named: Mapping[str, str] = attrs.field(factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: Json = attrs.field(factory=dict)
    customer_id: int | None = None

    def one(self, name: str) -> str | None:
        """The last value of a parameter."""
        return dict(self.query).get(name)

    def part(self, name: str) -> Json:
        """A required part of the body.

        Raises:
            Refusal: 400 as the platform words it.
        """
        value = self.body.get(name) if isinstance(self.body, Mapping) else None
        if value is None:
            raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})
        return value


Handler = Callable[[Asked], Json]


def split_path(raw_path: str) -> tuple[str, ...]:
    """The decoded parts of a path: an encoded slash stays inside its part, a plus is a space."""
    return tuple(unquote_plus(part) for part in raw_path.strip("/").split("/"))


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Parameters in order; a plus is a space."""
    return parse_qsl(query, keep_blank_values=True)


class Routes:
    """Method and path to handler and the resource that a caller needs; None is anonymous."""

    def __init__(self) -> None:
        self._table: dict[tuple[str, int], list[tuple[tuple[str, ...], Handler, str | None]]] = {}

    def add(self, method: str, path: str, handler: Handler, resource: str | None) -> None:
        """One more; `{name}` in the path takes one part."""
        parts = tuple(path.strip("/").split("/"))
        self._table.setdefault((method, len(parts)), []).append((parts, handler, resource))

    def find(self, method: str, parts: tuple[str, ...]) -> tuple[Handler, str | None, dict[str, str]]:
        """The handler, its resource and the named parts; fixed parts win over named ones.

        Raises:
            Refusal: 404.
        """
        best: tuple[int, Handler, str | None, dict[str, str]] | None = None
        for wanted, handler, resource in self._table.get((method, len(parts)), ()):
            if all(mine == theirs or mine.startswith("{") for mine, theirs in zip(wanted, parts, strict=True)):
                named = {mine[1:-1]: theirs for mine, theirs in zip(wanted, parts, strict=True) if mine.startswith("{")}
                if best is None or len(named) < best[0]:
                    best = (len(named), handler, resource, named)
        if best is None:
            raise Refusal(404, "Request does not match any route.")
        return best[1], best[2], best[3]
