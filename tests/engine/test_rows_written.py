"""Rows are stored as they were given, whatever they have in common and however many statements it takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.engine.embedded import _rows

_VALUES = st.sampled_from((None, 0, 1, 2**62, "", "1", "a", b"", b"a"))
_ROWS = st.lists(st.tuples(_VALUES, _VALUES, _VALUES, _VALUES), max_size=8)


@given(_ROWS, st.integers(1, 40), st.booleans())
def test_rows_come_back_as_they_were_given(some: list[tuple[object, ...]], times: int, twice: bool) -> None:
    rows = [(number, *row, row[0] if twice else number) for number, row in enumerate(some * times)]
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE kept (number, a, b, c, d, again)")
        _rows.write(db, "kept", ("number", "a", "b", "c", "d", "again"), rows)
        assert db.execute("SELECT * FROM kept ORDER BY number").fetchall() == rows
