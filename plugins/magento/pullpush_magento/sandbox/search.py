"""`searchCriteria` and `fields`: filters, order, pages, and the parts of an answer that were asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import attrs

from pullpush_magento.sandbox.switches import Switches
from pullpush_magento.sandbox.wire import Refusal

__all__ = ["Criteria", "pick", "read_criteria"]

Json = Any
Row = Mapping[str, Json]

_FILTER = re.compile(
    r"searchCriteria\[(?:filter_groups|filterGroups)\]\[(\d+)\]\[filters\]\[(\d+)\]\[(field|value|condition_type|conditionType)\]"
)
_SORT = re.compile(r"searchCriteria\[(?:sort_orders|sortOrders)\]\[(\d+)\]\[(field|direction)\]")
_SIZE = re.compile(r"searchCriteria\[(?:page_size|pageSize)\]")
_PAGE = re.compile(r"searchCriteria\[(?:current_page|currentPage)\]")
_DEFAULT_SIZE = 20  # where input limits are on


def _key(value: Json) -> tuple[int, Decimal, str]:
    """A value as the database compares it: numbers by amount, text without regard to case."""
    return _key_of(str(int(value) if isinstance(value, bool) else value))


@lru_cache(maxsize=200_000)
def _key_of(text: str) -> tuple[int, Decimal, str]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return (1, Decimal(0), text.casefold())
    return (0, number, "") if number.is_finite() else (1, Decimal(0), text.casefold())


def _like(held: Json, given: str) -> bool:
    return fnmatchcase(str(held).casefold(), given.casefold().replace("%", "*").replace("_", "?"))


def _listed(held: Json, given: str) -> bool:
    """Comma lists: a value that holds a comma is never found."""
    return _key(held) in [_key(each) for each in given.split(",")]


def _in_set(held: Json, given: str) -> bool:
    return given in str(held).split(",")


_CONDITIONS: Mapping[str, Callable[[Json, str], bool]] = {
    "eq": lambda held, given: _key(held) == _key(given),
    "neq": lambda held, given: _key(held) != _key(given),
    "gt": lambda held, given: _key(held) > _key(given),
    "gteq": lambda held, given: _key(held) >= _key(given),
    "moreq": lambda held, given: _key(held) >= _key(given),
    "from": lambda held, given: _key(held) >= _key(given),
    "lt": lambda held, given: _key(held) < _key(given),
    "lteq": lambda held, given: _key(held) <= _key(given),
    "to": lambda held, given: _key(held) <= _key(given),
    "in": _listed,
    "nin": lambda held, given: not _listed(held, given),
    "like": _like,
    "nlike": lambda held, given: not _like(held, given),
    "finset": _in_set,
    "nfinset": lambda held, given: not _in_set(held, given),
}


@attrs.define(kw_only=True)
class Criteria:
    """One search: groups of filters (any within a group, all groups), sort orders, a page."""

    groups: dict[str, dict[str, dict[str, str]]] = attrs.field(factory=dict)
    sorts: dict[str, dict[str, str]] = attrs.field(factory=dict)
    size: int | None = None
    page: int = 1

    def check(self, switches: Switches) -> None:
        """Apply the input limits where the shop has them on.

        Raises:
            Refusal: 400, the page is larger than the limit, or a condition is unknown.
        """
        if switches.input_limits == "on":
            if self.size is not None and self.size > switches.page_limit:
                raise Refusal(400, "Maximum SearchCriteria pageSize is %max", {"max": switches.page_limit})
            self.size = self.size or min(_DEFAULT_SIZE, switches.page_limit)
        for each in (part for group in self.groups.values() for part in group.values()):
            if each.get("condition_type", "eq") not in {*_CONDITIONS, "null", "notnull"} or "field" not in each:
                raise report_of_sql()

    def answer(self, rows: Iterable[Row], *, key: Mapping[str, str], switches: Switches, turn: int) -> Json:
        """The page with its total. `key` renames search fields; `turn` decides how ties fall.

        Rows that the sort does not tell apart stand in another order each time, as a database gives them.
        """
        groups = [_any_of(list(group.values()), key) for group in self.groups.values()]
        found = [row for row in rows if all(matches(row) for matches in groups)]
        if found and turn % 2:
            found.reverse()
        for _, sort in sorted(self.sorts.items(), reverse=True):
            field = key.get(sort.get("field", ""), sort.get("field", ""))
            # Descending where nothing is said.
            down = sort.get("direction", "DESC").upper() != "ASC"
            found.sort(key=lambda row, f=field: _key(row.get(f, "")), reverse=down)  # type: ignore[misc]
        shown: Json = [_public(row) for row in self._page_of(found, switches)]
        if not shown and switches.empty_items == "null":
            shown = None
        return {"items": shown, "search_criteria": self._echo(), "total_count": len(found)}

    def _page_of(self, found: Sequence[Row], switches: Switches) -> Sequence[Row]:
        if not self.size:
            return found
        last = max(1, -(-len(found) // self.size))
        number = max(self.page, 1)
        if switches.past_last_page == "repeat":
            number = min(number, last)
        return found[(number - 1) * self.size : number * self.size]

    def _echo(self) -> Json:
        groups = [
            {
                "filters": [
                    {"field": "", "value": "", "condition_type": "eq", **each} for _, each in sorted(group.items())
                ]
            }
            for _, group in sorted(self.groups.items())
        ]
        shown: dict[str, Json] = {"filter_groups": groups}
        if self.sorts:
            shown["sort_orders"] = [{"direction": "DESC", **each} for _, each in sorted(self.sorts.items())]
        if self.size is not None:
            shown |= {"page_size": self.size, "current_page": self.page}
        return shown


def _any_of(filters: Sequence[Mapping[str, str]], key: Mapping[str, str]) -> Callable[[Row], bool]:
    """Whether a row fits one of the filters of a group; many "equals" of one field are one look-up."""
    fields = {key.get(each["field"], each["field"]) for each in filters}
    if len(fields) == 1 and all(each.get("condition_type", "eq") == "eq" for each in filters):
        (field,) = fields
        wanted = {_key(each.get("value", "")) for each in filters}
        return lambda row: row.get(field) is not None and _key(row[field]) in wanted
    return lambda row: any(_holds(row, each, key) for each in filters)


def _holds(row: Row, given: Mapping[str, str], key: Mapping[str, str]) -> bool:
    field, condition = key.get(given["field"], given["field"]), given.get("condition_type", "eq")
    held = row.get(field)
    if condition in ("null", "notnull"):
        return (held is None) is (condition == "null")
    return held is not None and _CONDITIONS[condition](held, given.get("value", ""))


def _public(row: Row) -> Json:
    """A row without what only the sandbox knows of it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def report_of_sql() -> Refusal:
    """A column or condition that the database does not know."""
    return Refusal(400, "Invalid search criteria: %1", ["column or condition not found"])


def read_criteria(query: Iterable[tuple[str, str]]) -> Criteria | None:
    """The criteria of a query; None where it names none, which the platform refuses."""
    criteria, named = Criteria(), False
    for name, value in query:
        if (match := _FILTER.fullmatch(name)) is not None:
            part = match[3].replace("conditionType", "condition_type")
            criteria.groups.setdefault(match[1], {}).setdefault(match[2], {})[part] = value
        elif (match := _SORT.fullmatch(name)) is not None:
            criteria.sorts.setdefault(match[1], {})[match[2]] = value
        elif _SIZE.fullmatch(name):
            criteria.size = int(value or 0) or None
        elif _PAGE.fullmatch(name):
            criteria.page = int(value or 0)
        elif name != "searchCriteria":
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
    if not tree or value is None:
        return value
    if isinstance(value, list):
        return [_pick(each, tree) for each in value]
    return {name: _pick(value[name], inner) for name, inner in tree.items() if name in value}
