"""What answers say of their page: totals, page numbers, sizes, flags. Each is found by trying what would explain it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.samples import Exchange

from ._inputs import inputs_of, number_of
from ._leaves import Place, at, leaves

__all__ = ["Fact", "PageView", "facts_of"]

Json = Any
_PER_PAGE = re.compile(r"per|size|limit")
_TOTAL = re.compile(r"total|count|records|results|found|size")
_PAGES = re.compile(r"page")
_MORE = re.compile(r"next|more")
_CHANCE = 3  # a number this small equals the count of records by chance
_DONE = re.compile(r"last|done|complete|end|final|finished")


@attrs.frozen(kw_only=True)
class PageView:
    """One page as it is: of `total` records those from `begin` on, `count` of at most `size`; `start` is the number
    of the first page or record.
    """

    total: int
    begin: int
    count: int
    size: int
    start: int = 1

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return self.begin + self.count < self.total


_VALUES: Mapping[str, Callable[[PageView], Json]] = {
    "total": lambda page: page.total,
    "pages": lambda page: max(1, math.ceil(page.total / page.size)),
    "size": lambda page: page.size,
    "page": lambda page: page.start + page.begin // page.size,
    "begin": lambda page: page.begin,
    "from": lambda page: page.begin + 1,
    "to": lambda page: page.begin + page.count,
    "count": lambda page: page.count,
    "left": lambda page: page.total - page.begin - page.count,
    "more": lambda page: page.more,
    "done": lambda page: not page.more,
}


@attrs.frozen(kw_only=True)
class Fact:
    """One value that tells of its page: where it stands (`header`, or `place` of the body) and what it counts.

    `text` says that a number is written as text.
    """

    what: str
    place: Place = ()
    header: str = ""
    text: bool = False

    def value(self, page: PageView) -> Json:
        """What stands there on a page."""
        found = _VALUES[self.what](page)
        return str(found).lower() if self.text or self.header else found


@attrs.frozen(kw_only=True)
class _Walk:
    """Recorded pages of one walk through a list: how many records each has, how many came before it."""

    pages: Sequence[Exchange]
    counts: Sequence[int]
    begins: Sequence[int]
    start: int

    def explain(self, name: str, values: Sequence[int | None]) -> str:
        """What a number counts, empty where nothing explains it; names decide where several things would."""
        if len(set(values)) == 1:
            return self._constant(name, values[0] or 0)
        if list(values) == list(self.counts):
            return "count"
        numbers = {
            "page": [self.start + index for index in range(len(self.pages))],
            "begin": list(self.begins),
            "from": [begin + 1 for begin in self.begins],
            "to": [begin + count for begin, count in zip(self.begins, self.counts, strict=True)],
        }
        order = ("page", "begin", "from", "to") if _PAGES.search(name) else ("begin", "from", "to", "page")
        return next((what for what in order if numbers[what] == list(values)), "")

    def _constant(self, name: str, value: int) -> str:
        seen, several = sum(self.counts), len(self.pages) > 1
        full = sum(count > 0 for count in self.counts)
        if _PER_PAGE.search(name) and (value == self.counts[0] or self._is_input(value)):
            return "size"
        if _PAGES.search(name):
            told = (several or _TOTAL.search(name)) and value >= full and name not in ("page", "current_page")
            return "pages" if told else ""
        if value >= seen and (_TOTAL.search(name) or value == seen > _CHANCE):
            return "total"
        return "count" if several and set(self.counts) == {value} else ""

    def _is_input(self, value: int) -> bool:
        return any(number_of(each) == value for each in inputs_of(self.pages[0]).values())


def facts_of(pages: Sequence[Exchange], table: Place, begins: Sequence[int], *, start: int = 1) -> list[Fact]:
    """The facts that these pages of one walk show, in its order; `begins` are the records before each."""
    counts = [len(at(each.body, table) or ()) for each in pages]
    walk = _Walk(pages=pages, counts=counts, begins=begins, start=start)
    found = []
    for place, values, text in _bodies(pages):
        name = str(place[-1]).lower()
        is_flag = all(isinstance(each, bool) for each in values)
        what = _flag(name, values) if is_flag else walk.explain(name, [number_of(each) for each in values])
        if what:
            found.append(Fact(what=what, place=place, text=text))
    for name in pages[0].answer_headers:
        numbers = [number_of(each.answer_headers.get(name)) for each in pages]
        is_told = re.search(r"total|count|page", name) and not re.search(r"limit|length|age$", name)
        if None not in numbers and is_told and (what := walk.explain(name, numbers)):
            found.append(Fact(what=what, header=name))
    return found


def _bodies(pages: Sequence[Exchange]) -> Iterator[tuple[Place, list[Json], bool]]:
    """Numbers and flags that stand in every answer outside of lists, with their values in order."""
    for place, leaf in leaves(pages[0].body):
        if not place or any(isinstance(step, int) for step in place):
            continue
        values = [at(each.body, place) for each in pages]
        is_flag = all(isinstance(each, bool) for each in values)
        is_number = all(number_of(each) is not None for each in values)
        if is_flag or (is_number and (isinstance(leaf, int) or _TOTAL.search(str(place[-1]).lower()))):
            yield place, values, isinstance(leaf, str)


def _flag(name: str, values: Sequence[bool]) -> str:
    if len(values) < 2:
        return ""
    first, last = values[0], values[-1]
    if first and (not last or _MORE.search(name)):
        return "more" if not re.search(r"prev", name) else ""
    return "done" if not first and last and _DONE.search(name) else ""
