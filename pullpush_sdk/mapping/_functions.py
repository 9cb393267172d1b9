"""The registered functions that `compute` may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pullpush_sdk.errors import PluginError


class Functions(Mapping[str, Callable[..., Any]]):
    """Functions by name, immutable: global ones (`slug`) and a connector's own (`shop:price`).

    A function gets the values of its paths, None for a missing one, or the whole record where the rule names no
    path. It returns a JSON value, an aware datetime, or None; it is pure and quick: it runs once per record.
    """

    def __init__(self, table: Mapping[str, Callable[..., Any]] | None = None, *, owner: str = "this project") -> None:
        self._table: dict[str, Callable[..., Any]] = dict(table or {})
        self._owners: dict[str, str] = dict.fromkeys(self._table, owner)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def owner(self, name: str) -> str:
        """Who registered a function: a distribution or connector name."""
        return self._owners[name]

    def extended(self, more: Mapping[str, Callable[..., Any]], *, owner: str = "this project") -> Functions:
        """These functions and `more`, which `owner` registers.

        Raises:
            PluginError: a name is taken; the message names both owners.
        """
        for name in more:
            if name in self._table:
                raise PluginError(
                    f"mapping function {name!r} is registered by {self._owners[name]} and by {owner}",
                    hint="rename one of them; a connector's own functions are named connector:function",
                )
        result = Functions({**self._table, **more})
        result._owners = {**self._owners, **dict.fromkeys(more, owner)}
        return result
