from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.project._schedule import Cron, Every, Manual, Schedule, parse_schedule

INSTANTS = st.integers(0, 20 * 366 * 86_400).map(
    lambda each: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=each)
)


@pytest.mark.parametrize(
    ("text", "found", "shown"),
    [
        ("every 30s", Every(30), "every 30s"),
        ("every  90 s", Every(90), "every 90s"),
        ("every 120s", Every(120), "every 2m"),
        ("every 1d", Every(86_400), "every 1d"),
        ("manual", Manual(), "manual"),
        (" 0 2 * *  * ", Cron("0 2 * * *"), "0 2 * * * UTC"),
    ],
)
def test_a_schedule_is_read_and_shown(text: str, found: Schedule, shown: str) -> None:
    assert parse_schedule(text) == found
    assert str(found) == shown


def test_a_time_that_a_clock_change_skips_is_run_once_and_one_that_it_repeats_too() -> None:
    nightly = Cron("30 2 * * *", "Europe/Oslo")
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert nightly.next(spring) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert nightly.next(nightly.next(spring)) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    first = nightly.next(autumn)
    assert (first.day, nightly.next(first).day) == (25, 26)


@given(now=INSTANTS, text=st.sampled_from(["every 1s", "every 7h", "*/5 * * * *", "0 0 29 2 *", "15 8-18 * * 1-5"]),
       zone=st.sampled_from(["UTC", "Europe/Oslo", "Australia/Lord_Howe", "America/St_Johns"]))  # fmt: skip
def test_the_next_time_is_later_and_aware_utc(now: datetime, text: str, zone: str) -> None:
    found = parse_schedule(text, zone).next(now)
    assert found is not None
    assert found > now
    assert found.utcoffset() == timedelta(0)


@given(st.text(max_size=40) | st.text("0123456789*/-, every smhd", max_size=20))
def test_any_text_is_a_value_error_or_a_schedule_that_reads_as_it_is_shown(text: str) -> None:
    try:
        found = parse_schedule(text)
    except ValueError:
        return
    assert parse_schedule(str(found).removesuffix(" UTC")) == found
