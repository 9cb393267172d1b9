"""Listings: every record exactly once, always an end."""

from __future__ import annotations

import itertools
import json
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pullpush_sdk.errors import ContractError
from pullpush_sdk.http import PageState, Seen, paginator
from pullpush_sdk.manifest import Pagination, Response

KINDS = ("page", "offset", "cursor", "link", "next_url", "graphql")


@attrs.frozen(kw_only=True)
class Listing:
    """A platform's list of numbered records, as each kind of pagination shows it.

    `cap` is the largest page it gives whatever is asked; `says` is what it tells of the end.
    """

    kind: str
    count: int
    cap: int = 10_000
    says: frozenset[str] = frozenset()
    start: int = 1
    size: int = 10
    place: str = "query"

    @property
    def pagination(self) -> Pagination:
        return Pagination(
            kind=self.kind,
            size_param="size",
            size=self.size,
            start=self.start,
            cursor_param="after",
            place=self.place,
        )

    @property
    def response(self) -> Response:
        says = {name: name for name in ("total", "total_pages", "has_next") if name in self.says}
        return Response(next_cursor="cursor", next_url="url", **says)

    @property
    def is_url(self) -> bool:
        """Whether a page is known by its URL, which has no body."""
        return self.kind in ("link", "next_url")

    def answer(self, state: PageState) -> tuple[list[int], Seen]:
        step = state.step
        asked = {**step.params, **step.variables}
        assert not (step.params if self.place == "body" or self.kind == "graphql" else step.variables) or self.is_url
        given_size = min(int(asked.get("size", self.size)), self.cap)
        if self.kind == "page":
            first = (asked["page"] - self.start) * given_size
        elif self.kind == "offset":
            first = asked["offset"]
        elif step.url is not None:
            first = int(step.url.removeprefix("/list?at="))
        else:
            first = int(asked.get("after", "0"))
        records = list(range(first, min(first + given_size, self.count)))
        end = first + len(records)
        more = end < self.count
        values: dict[str, Any] = {
            "total": self.count,
            "total_pages": -(-self.count // given_size),
            "has_next": more,
            "cursor": str(end) if more else None,
            "url": f"/list?at={end}" if more else "",
        }
        link = f'</list?at=0>; rel="first", </list?at={end}>; title="a, b"; rel="next"' if more else '</x>; rel="first"'
        return records, Seen(count=len(records), values=values, link=link, body=repr((records, first)).encode())


def read(listing: Listing, *, most: int = 500) -> list[int]:
    """Everything that the paginator leads to."""
    pages = paginator(listing.pagination, listing.response)
    state: PageState | None = pages.first()
    records: list[int] = []
    for _ in range(most):
        if state is None:
            return records
        page, seen = listing.answer(state)
        assert set(pages.wants()) <= set(seen.values)
        records += page
        state = pages.next(state, seen)
    raise AssertionError("it does not end")


listings = st.builds(
    Listing,
    kind=st.sampled_from(KINDS),
    count=st.integers(0, 90),
    size=st.integers(1, 12),
    cap=st.integers(1, 20),
    start=st.integers(0, 1),
    place=st.sampled_from(["query", "body"]),
    says=st.frozensets(st.sampled_from(["total", "total_pages", "has_next"])),
)


@given(listings)
def test_every_record_is_read_exactly_once_for_every_kind_and_size(listing):
    counted = listing.kind in ("page", "offset")
    # A platform that cuts pages short in silence and says nothing of the end cannot be told from one that ends.
    assume(not counted or listing.says or listing.cap >= listing.size)
    assert read(listing) == list(range(listing.count))


@given(listings, st.integers(1, 4))
def test_what_is_fetched_ahead_is_what_is_asked_for_next(listing, depth):
    """Reading with prefetch gives the same pages, and no page beyond the end is fetched early."""
    assume(listing.says or listing.cap >= listing.size)
    pages = paginator(listing.pagination, listing.response)
    state = pages.first()
    for _ in range(200):
        early = list(itertools.islice(_ahead(pages, state), depth))
        _, seen = listing.answer(state)
        state_after = pages.next(state, seen)
        for number, guess in enumerate(early):
            if listing.kind == "page":
                assert listing.answer(guess)[0], "an empty page was fetched early"
            if number == 0 and state_after is not None:
                assert guess.step == state_after.step
        if early:
            assert state_after is not None
        if state_after is None:
            return
        state = state_after
    raise AssertionError("it does not end")


def _ahead(pages, state):
    while (state := pages.ahead(state)) is not None:
        yield state


def test_pages_of_a_known_number_are_known_ahead():
    listing = Listing(kind="page", count=95, says=frozenset({"total"}))
    pages = paginator(listing.pagination, listing.response)
    first = pages.first()
    assert pages.ahead(first) is None, "nothing is known before the first page"
    second = pages.next(first, listing.answer(first)[1])
    assert [state.number for state in _ahead(pages, second)] == [3, 4, 5, 6, 7, 8, 9, 10]


@given(listings, st.integers(0, 6))
def test_a_state_that_was_stored_goes_on_where_it_stood(listing, pages_before):
    counted = listing.kind in ("page", "offset")
    assume(not counted or listing.says or listing.cap >= listing.size)
    pages = paginator(listing.pagination, listing.response)
    state: PageState | None = pages.first()
    records: list[int] = []
    for number in range(200):
        if state is None:
            break
        if number == pages_before:
            state = PageState.load(state.dump())
        page, seen = listing.answer(state)
        records += page
        state = pages.next(state, seen)
    assert records == list(range(listing.count))


def _shown(kind: str, size: int, rows: list[Any], state: PageState, *, says: set[str], echoes: bool = False) -> Seen:
    """A page of rows as a platform of numbered pages shows it; `echoes` the number that was asked for."""
    asked = next(value for name, value in state.step.params.items() if name != "limit")
    first = (asked - 1) * size if kind == "page" else asked
    found = rows[first : first + size]
    known = {"total": len(rows), "total_pages": -(-len(rows) // size)}
    values = {name: value for name, value in known.items() if name in says}
    body = json.dumps({"data": found, **values, **({"asked": asked} if echoes else {})}).encode()
    return Seen(count=len(found), values=values, body=body, records=found)


def _numbered(kind: str, size: int, says: set[str]) -> Any:
    return paginator(
        Pagination(kind=kind, size_param="limit", size=size), Response(records="data", **{name: name for name in says})
    )


SAYS = st.sets(st.sampled_from(["total", "total_pages"]))


@given(
    kind=st.sampled_from(["page", "offset"]),
    size=st.integers(1, 4),
    length=st.integers(1, 20),
    says=SAYS,
    echoes=st.booleans(),
)
def test_a_page_that_comes_for_ever_is_named_soon(kind, size, length, says, echoes):
    """The platform ignores the page parameter, whatever it says of an end, and may echo the number all the same."""
    pages, rows = _numbered(kind, size, says), list(range(length))
    state = pages.first()

    def answer(state: PageState) -> Seen:
        first = _shown(kind, size, rows, pages.first(), says=says)
        asked = state.step.params if echoes else None
        return attrs.evolve(first, body=json.dumps({**json.loads(first.body), "asked": asked}).encode())

    for _ in range(3):
        state = pages.next(state, answer(state))
        if state is None:
            assert length <= size, "an end that nobody reached"
            return
    with pytest.raises(ContractError, match="same as the one before, in 4 answers"):
        pages.next(state, answer(state))


@given(
    kind=st.sampled_from(["page", "offset"]),
    size=st.integers(1, 4),
    length=st.integers(0, 20),
    says=st.tuples(SAYS, st.booleans()),
    data=st.data(),
)
def test_a_list_that_grows_at_its_front_is_never_refused(kind, size, length, says, data):
    """By a page or more, or by edits that bring what is last to the front: whoever stays where it is, is read."""
    says, echoes = says
    pages, rows = _numbered(kind, size, says), list(range(length))
    stayed, read, number, state = set(rows), set(), length, pages.first()
    for turn in itertools.count():
        shown = _shown(kind, size, rows, state, says=says, echoes=echoes)
        read |= set(shown.records)
        state = pages.next(state, shown)
        if state is None:
            break
        if turn < 12:
            for edits in data.draw(st.lists(st.booleans(), min_size=0, max_size=2 * size)):
                if edits and rows:
                    stayed.discard(rows.pop())
                rows.insert(0, number)
                number += 1
    assert stayed <= read


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_what_pushed_a_page_back_is_read_too(kind):
    """Every gap between requests brings just one page, and the total stays: only the records tell."""
    pages, rows, asked, state = _numbered(kind, 2, {"total"}), list("abcdef"), [], None
    state = pages.first()
    for _ in range(20):
        asked.append(state.number if kind == "page" else state.number // 2 + 1)
        shown = _shown(kind, 2, rows, state, says={"total"})
        state = pages.next(state, shown)
        if state is None:
            break
        if len(asked) in (1, 4):
            rows = [name.upper() for name in rows[-2:]] + rows[:-2]
    assert asked == [1, 2, 1, 2, 3, 2, 3]


def test_a_page_behind_the_end_of_a_shorter_list_may_be_the_last_one_again():
    """As some platforms answer; nothing is missing then, and nobody ignores a page."""
    pages = _numbered("page", 2, {"total"})
    first = Seen(count=2, values={"total": 4}, body=b'{"data": [1, 2], "total": 4}', records=[1, 2])
    again = Seen(count=2, values={"total": 2}, body=b'{"data": [1, 2], "total": 2}', records=[1, 2])
    assert pages.next(pages.next(pages.first(), first), again) is None


def test_new_links_to_the_same_records_are_named_soon():
    pages = paginator(Pagination(kind="link"), Response(records="$"))
    state = pages.first()
    with pytest.raises(ContractError, match="same as the one before"):
        for number in range(5):
            state = pages.next(state, Seen(count=1, link=f"</?at={number}>; rel=next", body=b"[1]", records=[1]))
    assert state.pages == 3


@given(lead=st.integers(0, 30), length=st.integers(1, 40))
def test_every_circle_of_cursors_is_found(lead, length):
    pages = paginator(Pagination(kind="cursor"), Response(next_cursor="cursor"))
    state = pages.first()
    with pytest.raises(ContractError, match="circle"):
        for number in range(10 * (lead + length) + 10):
            cursor = number if number < lead else lead + (number - lead) % length
            after = pages.next(state, Seen(count=1, values={"cursor": f"c{cursor}"}, body=str(number).encode()))
            assert after is not None
            state = after


def test_a_listing_without_end_stops_at_the_cap():
    pages = paginator(Pagination(kind="page"), Response(), max_pages=50)
    state = pages.first()
    with pytest.raises(ContractError, match="more than 50 pages"):
        for number in range(100):
            state = pages.next(state, Seen(count=3, body=str(number).encode()))


def test_more_without_a_way_on_breaks_the_contract():
    response = Response(next_cursor="c", has_next="more")
    pages = paginator(Pagination(kind="graphql", cursor_param="after", size_param="first", size=250), response)
    first = pages.first()
    assert first.step.variables == {"first": 250}
    with pytest.raises(ContractError, match="no way on"):
        pages.next(first, Seen(count=1, values={"c": None, "more": True}))
    following = pages.next(first, Seen(count=0, values={"c": "x", "more": True}))
    assert following is not None
    assert following.step.variables == {"first": 250, "after": "x"}, "an empty page in between is no end"
    assert pages.next(following, Seen(count=1, values={"c": "y", "more": False})) is None


def test_one_answer_is_all():
    pages = paginator(Pagination(), Response())
    assert pages.wants() == ()
    assert pages.ahead(pages.first()) is None
    assert pages.next(pages.first(), Seen(count=5)) is None


def test_a_size_is_kept_within_the_platforms_maximum_and_odd_counts_are_not_believed():
    pages = paginator(
        Pagination(kind="page", size_param="per_page", size=200, max_size=60, start=0), Response(total="t")
    )
    first = pages.first()
    assert first.step.params == {"page": 0, "per_page": 60}
    assert pages.next(first, Seen(count=60, values={"t": "61"})) is not None
    assert pages.next(first, Seen(count=60, values={"t": "many"})) is not None
    assert pages.next(first, Seen(count=59, values={"t": True})) is None
    assert pages.next(first, Seen(count=0, values={"t": 61})) is None


@pytest.mark.parametrize(
    ("header", "target"),
    [
        (None, None),
        ("", None),
        ('<https://x/?p=2>; rel="next"', "https://x/?p=2"),
        ("<https://x/?p=2>; rel=next", "https://x/?p=2"),
        ('<a>; rel="prev", <b,c;d>; rel="last next"', "b,c;d"),
        ('<a>; REL="Next"; title="t"', "a"),
        ('<a>; title="rel=next"', None),
        ('<a>; rel="nextpage"', None),
    ],
)
def test_link_headers(header, target):
    pages = paginator(Pagination(kind="link"), Response())
    after = pages.next(pages.first(), Seen(count=1, link=header))
    assert (after.step.url if after else None) == target


def _rows_after(rows: list[int], state: PageState, size: int, *, says: bool) -> Seen:
    """What a platform shows of a list filtered by its key: what lies behind it, in order."""
    after = int(state.step.params.get("after", 0))
    left = sorted(row for row in rows if row > after)
    values: dict[str, Any] = {"items[*].id": left[:size], "total": len(left) if says else None}
    return Seen(count=min(size, len(left)), values=values)


@given(
    rows=st.sets(st.integers(1, 60)),
    size=st.integers(1, 7),
    says=st.booleans(),
    edits=st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30),
)
def test_by_key_nothing_is_missed_while_rows_come_and_go(rows, size, says, edits):
    """Whoever was there from beginning to end is seen exactly once, in order; nobody is seen twice."""
    pages = paginator(
        Pagination(kind="keyset", cursor_param="after", size_param="size", size=size),
        Response(records="items", total="total"),
    )
    stayed, now, seen, state = set(rows), set(rows), [], pages.first()
    while state is not None:
        shown = _rows_after(sorted(now), PageState.load(state.dump()), size, says=says)
        seen += shown.values["items[*].id"]
        state = pages.next(state, shown)
        for comes, row in edits[:1]:
            (now.add if comes else now.discard)(row)
            stayed.discard(row) if not comes else None
        edits = edits[1:]
    assert seen == sorted(set(seen))
    assert stayed <= set(seen)


def test_a_key_that_is_ignored_or_missing_is_said():
    """A platform that does not know the filter would repeat itself for ever."""
    pages = paginator(Pagination(kind="keyset", cursor_param="after"), Response(records="items", total="total"))
    shown = Seen(count=2, values={"items[*].id": [1, 2], "total": 9})
    state = pages.next(pages.first(), shown)
    assert state is not None
    assert state.step.params == {"after": 2}
    with pytest.raises(ContractError, match="ends where the one before ended, at 2"):
        pages.next(state, shown)
    with pytest.raises(ContractError, match="no key"):
        pages.next(pages.first(), Seen(count=2, values={"items[*].id": [1], "total": 9}))
    with pytest.raises(ContractError, match="says that 9 are left"):
        pages.next(pages.first(), Seen(count=0, values={"items[*].id": [], "total": 9}))
    assert pages.at("7").step.params == {"after": "7"}
    assert pages.ahead(state) is None
