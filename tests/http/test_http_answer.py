from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.http import Answer
from pullpush_sdk.http._call import Headers

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answered(*headers):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Answer(status=200, headers=Headers(raw), body=b"", started_at=NOON, url="https://a.example/")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sun, 01 Mar 2026 11:58:00 GMT", datetime(2026, 3, 1, 11, 58, tzinfo=UTC)),
        ("Sun, 01 Mar 2026 13:58:00 +0200", datetime(2026, 3, 1, 11, 58, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_the_platforms_own_clock_is_read_where_it_can_be(text, moment):
    assert answered(("Date", text)).said_at == moment


def test_an_answer_without_a_date_says_nothing():
    assert answered().said_at is None


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_date_breaks_an_answer(text):
    said = answered(("Date", text)).said_at
    assert said is None or said.tzinfo is UTC
