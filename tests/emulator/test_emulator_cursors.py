"""A cursor of an emulated list stands where it stood, whatever edits move meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.emulator._pages import _WITNESSES, _behind, _cursor


def rows(names):
    return [{"id": f"A,{name}"} for name in names]


def at(end, records):
    return _cursor(records[max(0, end - _WITNESSES) : end], end, "id")


@given(st.integers(min_value=6, max_value=40), st.data())
def test_a_record_that_moves_to_an_end_takes_no_cursor_with_it(size, data):
    """Every record that was not told yet is still behind the cursor, but for the one that moved to the front."""
    before = rows(range(size))
    end = data.draw(st.integers(min_value=5, max_value=size - 1))
    moved = data.draw(st.integers(min_value=0, max_value=size - 1))
    rest = [*before[:moved], *before[moved + 1 :]]
    for after, but in (([*rest, before[moved]], []), ([before[moved], *rest], [before[moved]])):
        left = after[_behind(at(end, before), after, "id") :]
        assert [each for each in before[end:] if each not in left and each not in but] == []


def test_a_list_that_stays_goes_on_where_it_was():
    """Also behind a page that is shorter than what a cursor names."""
    records = rows(range(9))
    assert [_behind(at(end, records), records, "id") for end in range(1, 10)] == list(range(1, 10))


def test_a_cursor_of_records_that_are_all_gone_counts():
    """And text that is no cursor of ours begins at the front."""
    assert _behind(at(5, rows(range(9))), rows(range(20, 40)), "id") == 5
    assert _behind("nonsense", rows(range(9)), "id") == 0
