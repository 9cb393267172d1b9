"""`searchCriteria` and `fields`: filters, order, pages, and the parts of an answer that were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["Criteria", "pick", "read_criteria"]

Json = Any

_FILTER = re.compile(
    r"searchCriteria\[(?:filter_groups|filterGroups)\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_type|conditionType)\]"
)
_SORT = re.compile(r"searchCriteria\[(?:sort_orders|sortOrders)\]\[(\d+)\]\[(field|direction)\]")
_SIZE = re.compile(r"searchCriteria\[(?:page_size|pageSize)\]")
_PAGE = re.compile(r"searchCriteria\[(?:current_page|currentPage)\]")


def _key(value: Json) -> tuple[int, Decimal, str]:
    """A value as it is compared: numbers by amount, everything else as text."""
    try:
        return (0, Decimal(str(value)), "")
    except InvalidOperation:
        return (1, Decimal(0), str(value))


_CONDITIONS: Mapping[str, Callable[[Json, str], bool]] = {
    "eq": lambda held, given: _key(held) == _key(given),
    "neq": lambda held, given: _key(held) != _key(given),
    "gt": lambda held, given: _key(held) > _key(given),
    "gteq": lambda held, given: _key(held) >= _key(given),
    "lt": lambda held, given: _key(held) < _key(given),
    "lteq": lambda held, given: _key(held) <= _key(given),
    "in": lambda held, given: str(held) in given.split(","),
    "nin": lambda held, given: str(held) not in given.split(","),
}


class Criteria:
    """One search: groups of filters (any within a group, all groups), sort orders, a page."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, dict[str, str]]] = {}
        self.sorts: dict[str, dict[str, str]] = {}
        self.size: int | None = None
        self.page = 1

    def answer(self, rows: Iterable[Mapping[str, Json]], *, key: Mapping[str, str], repeats: bool) -> Json:
        """The page with its total. `key` renames search fields; `repeats`: a page behind the last is the last."""
        found = [row for row in rows if self._matches(row, key)]
        for _, sort in sorted(self.sorts.items(), reverse=True):
            field = key.get(sort["field"], sort["field"])
            found.sort(key=lambda row, f=field: _key(row.get(f, "")), reverse=sort.get("direction") != "ASC")  # type: ignore[misc]
        shown = found
        if self.size:
            last = max(1, -(-len(found) // self.size))
            number = min(max(self.page, 1), last) if repeats else max(self.page, 1)
            shown = found[(number - 1) * self.size : number * self.size]
        return {"items": shown, "search_criteria": {"current_page": self.page}, "total_count": len(found)}

    def _matches(self, row: Mapping[str, Json], key: Mapping[str, str]) -> bool:
        return all(any(self._holds(row, each, key) for each in group.values()) for group in self.groups.values())

    @staticmethod
    def _holds(row: Mapping[str, Json], given: Mapping[str, str], key: Mapping[str, str]) -> bool:
        field = key.get(given["field"], given["field"])
        condition = _CONDITIONS[given.get("condition_type", "eq")]
        return condition(row.get(field, ""), given.get("value", ""))


def read_criteria(query: Mapping[str, str]) -> Criteria | None:
    """The criteria of a query; None where it names none, which the platform refuses."""
    criteria, named = Criteria(), "searchCriteria" in query
    for name, value in query.items():
        if (match := _FILTER.fullmatch(name)) is not None:
            part = match[3].replace("conditionType", "condition_type")
            criteria.groups.setdefault(match[1], {}).setdefault(match[2], {})[part] = value
        elif (match := _SORT.fullmatch(name)) is not None:
            criteria.sorts.setdefault(match[1], {})[match[2]] = value
        elif _SIZE.fullmatch(name):
            criteria.size = int(value)
        elif _PAGE.fullmatch(name):
            criteria.page = int(value)
        else:
            continue
        named = True
    return criteria if named else None


def pick(value: Json, fields: str) -> Json:
    """The parts that `fields` names: `items[sku,price],total_count`."""
    return _pick(value, _tree(fields))


def _tree(fields: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    above, name = [tree], ""
    for sign in fields + ",":
        if sign not in "[],":
            name += sign
            continue
        if name:
            above[-1][name] = {}
        if sign == "[":
            above.append(above[-1][name])
        elif sign == "]":
            above.pop()
        name = ""
    return tree


def _pick(value: Json, tree: Mapping[str, Any]) -> Json:
    if not tree:
        return value
    if isinstance(value, list):
        return [_pick(each, tree) for each in value]
    return {name: _pick(value[name], inner) for name, inner in tree.items() if name in value}
