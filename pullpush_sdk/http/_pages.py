"""How a listing goes on: (state, what the answer showed) to the next state, or the end. Pure, nothing is kept.

A paginator may be shared and a state may be stored; the caller sends `state.step` and reports a `Seen`. A listing
always ends: a cursor that comes again, a page that comes for ever, and more pages than the cap are errors that say so.

A page that equals the one before is no error yet: a list that grows at its front by just one page, between two
requests, shows it again. Then the page before is asked for once more. What was pushed back cannot stand where it
stood, unless as much went away again; a platform that ignores the page parameter shows it there too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from pullpush_sdk.canonical import loads
from pullpush_sdk.errors import ContractError
from pullpush_sdk.manifest import Pagination, Response
from pullpush_sdk.mapping import read_path

MAX_PAGES = 100_000
# Equal answers after the first one: forward, back and forward again. A list would have to grow, shrink and grow by just
# one page between four requests, without saying another total.
_MOST_REPEATS = 3

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s;=,]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]*))", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Step:
    """What one page's request adds: query parameters, GraphQL variables, or a whole URL in place of the request's.

    In a request with a JSON body `variables` are its fields, by dotted path; with a form its fields by name.
    """

    params: Mapping[str, Any] = attrs.field(factory=dict)
    variables: Mapping[str, Any] = attrs.field(factory=dict)
    url: str | None = None


@attrs.frozen(kw_only=True)
class PageState:
    """Where a listing stands before a page is read.

    `number` is the page number or record offset that the step asks for, `pages` how many pages and `read` how many
    records came before. `known_pages` and `known_total` are what the platform last said there is. `body` is the last
    page and `records` what was decoded of it, to know a repeated one; `repeats` how many answers in turn were the same
    again.
    """

    step: Step
    number: int = 0
    pages: int = 0
    read: int = 0
    known_pages: int | None = None
    known_total: int | None = None
    cursor: str | None = attrs.field(default=None, repr=False)
    milestone: str | None = attrs.field(default=None, repr=False)
    repeats: int = 0
    body: bytes = attrs.field(default=b"", repr=False, eq=False)
    records: Sequence[Any] = attrs.field(default=(), repr=False, eq=False)

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON, to be stored; the last page itself is left out."""
        left = (_FIELDS.body, _FIELDS.records)
        return attrs.asdict(self, filter=lambda field, value: field not in left and value != field.default)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> PageState:
        """The state that `dump` gave; raises TypeError for anything else."""
        return cls(**{**stored, "step": Step(**stored["step"])})


_FIELDS = attrs.fields(PageState)


@attrs.frozen(kw_only=True)
class Seen:
    """What an answer showed: the number of records, the values at the paths that `wants` names (None where missing),
    the `Link` header, the body itself, and of its records what was decoded.
    """

    count: int
    values: Mapping[str, Any] = attrs.field(factory=dict)
    link: str | None = None
    body: bytes = attrs.field(default=b"", repr=False)
    records: Sequence[Any] = attrs.field(default=(), repr=False)


class Paginator(Protocol):
    """One kind of listing."""

    def wants(self) -> tuple[str, ...]:
        """The paths that `Seen.values` must hold."""
        ...

    def first(self) -> PageState:
        """Before the first page."""
        ...

    def at(self, cursor: str) -> PageState:
        """Before the page that a cursor, learnt elsewhere, leads to; a counted listing has none: ValueError."""
        ...

    def next(self, state: PageState, seen: Seen) -> PageState | None:
        """Before the page after the one that `state` asked for, None at the end.

        Raises:
            ContractError: the listing repeats itself, names no way on, or has more pages than the cap.
        """
        ...

    def ahead(self, state: PageState) -> PageState | None:
        """The state after `state` where it is known without the page; None where it is not, or there is none.

        The page may be fetched early; it counts only if `next` then gives the same `step`.
        """
        ...


def paginator(pagination: Pagination, response: Response, *, max_pages: int = MAX_PAGES) -> Paginator:
    """The paginator that a manifest describes."""
    if pagination.kind == "none":
        return _Single()
    if pagination.kind in ("page", "offset"):
        return _Counted(pagination, response, max_pages)
    if pagination.kind == "keyset":
        return _Keyed(pagination, response, max_pages)
    return _Chained(pagination, response, max_pages)


class _Single:
    """One answer is all."""

    def wants(self) -> tuple[str, ...]:
        return ()

    def first(self) -> PageState:
        return PageState(step=Step())

    def at(self, cursor: str) -> PageState:
        raise ValueError(f"a single answer has no page at cursor {cursor!r}")

    def next(self, state: PageState, seen: Seen) -> PageState | None:  # noqa: ARG002 - the protocol's
        return None

    def ahead(self, state: PageState) -> PageState | None:  # noqa: ARG002 - the protocol's
        return None


class _Counted:
    """Pages by number or by offset.

    The end is what the platform says, in this order: `has_next` false, the last of `total_pages`, `total` records
    read. Where it says nothing, a page shorter than the size we asked for is the last. An empty page always is. A
    repeated page is not the last, though, unless it was asked for behind the end: first comes the page before it again.
    """

    def __init__(self, pagination: Pagination, response: Response, max_pages: int) -> None:
        self._by_page = pagination.kind == "page"
        self._param = pagination.page_param if self._by_page else pagination.offset_param
        self._start = pagination.start if self._by_page else 0
        self._size = min(pagination.size, pagination.max_size or pagination.size)
        self._size_params = {} if pagination.size_param is None else {pagination.size_param: self._size}
        self._in_body = pagination.place == "body"
        self._response = response
        self._max_pages = max_pages

    def wants(self) -> tuple[str, ...]:
        response = self._response
        return _named(response.total, response.total_pages, response.has_next)

    def first(self) -> PageState:
        return PageState(step=self._step(self._start), number=self._start)

    def at(self, cursor: str) -> PageState:
        raise ValueError(f"a counted listing has no page at cursor {cursor!r}")

    def next(self, state: PageState, seen: Seen) -> PageState | None:
        response = self._response
        pages, read = state.pages + 1, state.read + seen.count
        known_pages = _count_at(response.total_pages, seen)
        known_total = _count_at(response.total, seen)
        has_next = _flag_at(response.has_next, seen)
        if seen.count == 0 or has_next is False:
            return None
        if has_next is None and _is_behind(known_pages, known_total, state.pages, state.read):
            return None  # the list became shorter; some platforms show the last page there once more
        repeats = _repeats(state, seen, response.records)
        if repeats % 2:
            pages, read = state.pages - 1, state.read - seen.count
        elif has_next is None:
            if _is_behind(known_pages, known_total, pages, read):
                return None
            if known_pages is None and known_total is None and self._size_params and seen.count < self._size:
                return None
        _check_cap(pages, self._max_pages)
        # By what came, not by what was asked: a platform may cap the size without a word.
        stride = 1 if self._by_page else seen.count
        number = state.number - stride if repeats % 2 else state.number + stride
        return PageState(
            step=self._step(number),
            number=number,
            pages=pages,
            read=read,
            known_pages=known_pages,
            known_total=known_total,
            repeats=repeats,
            body=seen.body,
            records=seen.records,
        )

    def ahead(self, state: PageState) -> PageState | None:
        pages = state.pages + 1
        # The page in question is taken to be like those before it; `next` has the last word.
        average = state.read / state.pages if state.pages else 0
        if state.known_pages is not None:
            more = pages < state.known_pages
        elif state.known_total is not None and average:
            more = state.read + average < state.known_total
        else:
            more = False
        if not more or pages >= self._max_pages:
            return None
        number = state.number + (1 if self._by_page else round(average))
        return attrs.evolve(
            state,
            step=self._step(number),
            number=number,
            pages=pages,
            read=state.read + round(average),
            body=b"",
            records=(),
        )

    def _step(self, number: int) -> Step:
        names = {self._param: number, **self._size_params}
        return Step(variables=names) if self._in_body else Step(params=names)


class _Chained:
    """Every page names the next: by cursor, GraphQL cursor, Link header or URL."""

    def __init__(self, pagination: Pagination, response: Response, max_pages: int) -> None:
        self._kind = pagination.kind
        self._in_body = pagination.kind == "graphql" or pagination.place == "body"
        self._param = pagination.cursor_param
        size = min(pagination.size, pagination.max_size or pagination.size)
        self._size = {} if pagination.size_param is None else {pagination.size_param: size}
        self._path = response.next_url if pagination.kind == "next_url" else response.next_cursor
        self._has_next = response.has_next
        self._records = response.records
        self._max_pages = max_pages

    def wants(self) -> tuple[str, ...]:
        return _named(self._has_next) if self._kind == "link" else _named(self._path, self._has_next)

    def first(self) -> PageState:
        if self._in_body:
            return PageState(step=Step(variables=dict(self._size)))
        return PageState(step=Step(params=dict(self._size)))

    def at(self, cursor: str) -> PageState:
        return PageState(step=self._step(cursor), cursor=cursor, milestone=cursor)

    def next(self, state: PageState, seen: Seen) -> PageState | None:
        has_next = _flag_at(self._has_next, seen)
        if has_next is False:
            return None
        found = _next_link(seen.link) if self._kind == "link" else seen.values.get(self._path or "")
        cursor = None if found is None or found is False or found == "" else str(found)
        if cursor is None:
            if has_next:
                where = "its link" if self._kind == "link" else self._path
                raise ContractError(f"the answer says that there is more but {where} names no way on")
            return None
        pages = state.pages + 1
        _check_cycle(state, cursor)
        repeats = _repeats(state, seen, self._records)
        _check_cap(pages, self._max_pages)
        return PageState(
            step=self._step(found),
            pages=pages,
            read=state.read + seen.count,
            cursor=cursor,
            # Brent's: the milestone moves to the present cursor at every power of two, so that any cycle meets it.
            milestone=cursor if pages & (pages - 1) == 0 else state.milestone,
            repeats=repeats,
            body=seen.body,
            records=seen.records,
        )

    def ahead(self, state: PageState) -> PageState | None:  # noqa: ARG002 - the protocol's
        return None

    def _step(self, cursor: Any) -> Step:
        if self._kind in ("link", "next_url"):
            return Step(url=str(cursor))
        if self._in_body:
            return Step(variables={**self._size, self._param: cursor})
        return Step(params={**self._size, self._param: cursor})


class _Keyed:
    """Every page asks for what lies behind the last record of the one before, in the order of a key.

    Records that come and go meanwhile shift no page. `total` is that of the request: what is left, this page included.
    Where the platform names none and has no `has_next`, a page shorter than the size we asked for is the last. An
    empty page always is.
    """

    def __init__(self, pagination: Pagination, response: Response, max_pages: int) -> None:
        self._param = pagination.cursor_param
        self._asked = min(pagination.size, pagination.max_size or pagination.size)
        self._size = {} if pagination.size_param is None else {pagination.size_param: self._asked}
        self._keys = f"{response.records}[*].{pagination.key}" if response.records else f"[*].{pagination.key}"
        self._total = response.total
        self._has_next = response.has_next
        self._in_body = pagination.place == "body"
        self._max_pages = max_pages

    def wants(self) -> tuple[str, ...]:
        return _named(self._keys, self._total, self._has_next)

    def first(self) -> PageState:
        return PageState(step=Step(variables=dict(self._size)) if self._in_body else Step(params=dict(self._size)))

    def at(self, cursor: str) -> PageState:
        return PageState(step=self._step(cursor), cursor=cursor)

    def next(self, state: PageState, seen: Seen) -> PageState | None:
        left = _count_at(self._total, seen)
        if seen.count == 0:
            if left:
                raise ContractError(f"page {state.pages + 1} of the listing is empty, and says that {left} are left")
            return None
        has_next = _flag_at(self._has_next, seen)
        if has_next is False:
            return None
        if left is not None:
            if seen.count >= left:
                return None
        elif has_next is None and self._size and seen.count < self._asked:
            return None
        keys = seen.values.get(self._keys) or []
        if len(keys) < seen.count or keys[-1] is None:
            raise ContractError(f"a record of the listing has no key at {self._keys}", hint="check pagination.key")
        cursor = str(keys[-1])
        pages = state.pages + 1
        if cursor == state.cursor:
            raise ContractError(
                f"page {pages} of the listing ends where the one before ended, at {cursor}",
                hint="the platform seems to ignore the key's filter or order; check the request",
            )
        _check_cap(pages, self._max_pages)
        return PageState(step=self._step(keys[-1]), pages=pages, read=state.read + seen.count, cursor=cursor)

    def ahead(self, state: PageState) -> PageState | None:  # noqa: ARG002 - the protocol's
        return None

    def _step(self, cursor: Any) -> Step:
        names = {**self._size, self._param: cursor}
        return Step(variables=names) if self._in_body else Step(params=names)


def _named(*paths: str | None) -> tuple[str, ...]:
    return tuple(path for path in paths if path is not None)


def _count_at(path: str | None, seen: Seen) -> int | None:
    """A count that the answer may hold as number or digits; anything else is as good as not said."""
    value = None if path is None else seen.values.get(path)
    if value is None or isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _flag_at(path: str | None, seen: Seen) -> bool | None:
    value = None if path is None else seen.values.get(path)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return bool(value) if isinstance(value, (bool, int)) else None


def _next_link(header: str | None) -> str | None:
    """The target of rel=next in a Link header (RFC 8288)."""
    for target, params in _LINK.findall(header or ""):
        rel = _REL.search(params)
        if rel is not None and "next" in (rel[1] or rel[2] or "").lower().split():
            return str(target)
    return None


def _check_cycle(state: PageState, cursor: str) -> None:
    if cursor in (state.cursor, state.milestone):
        raise ContractError(
            f"the listing runs in a circle: after {state.pages + 1} pages it names a page that was read already",
            hint="check the paths of the pagination; the platform may ignore its own cursor",
        )


def _is_behind(known_pages: int | None, known_total: int | None, pages: int, read: int) -> bool:
    """Whether so many pages, or records where the platform counts no pages, are all that it says there is."""
    if known_pages is not None:
        return pages >= known_pages
    return known_total is not None and read >= known_total


def _repeats(state: PageState, seen: Seen, path: str | None) -> int:
    """How many answers in turn were the same again, this one included; 0 where it is another.

    Raises:
        ContractError: so many that the list cannot have moved.
    """
    if not seen.count or not _is_same(state, seen, path):
        return 0
    if state.repeats + 1 < _MOST_REPEATS:
        return state.repeats + 1
    raise ContractError(
        f"page {state.pages + 1} of the listing is the same as the one before, in {_MOST_REPEATS + 1} answers in turn",
        hint="the platform seems to ignore the page parameter; check its name and the pagination's kind",
    )


def _is_same(state: PageState, seen: Seen, path: str | None) -> bool:
    """Whether two pages hold the same records, whatever stands around them: a number of the page, a time."""
    if not seen.body or seen.body == state.body:
        return bool(seen.body)
    if not state.body or not seen.records or seen.records != state.records:
        return False
    # What is read of the records is the same: all of them may be.
    before, now = (read_path(loads(body), path or "$") for body in (state.body, seen.body))
    return bool(before == now)


def _check_cap(pages: int, max_pages: int) -> None:
    if pages >= max_pages:
        hint = "raise the page size or narrow the list"
        raise ContractError(f"the listing has more than {max_pages} pages", hint=hint)
