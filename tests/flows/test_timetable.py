from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.flows._timetable import Timetable
from pullpush_sdk.project import Cron, Every, Manual

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_jobs_that_never_ran_are_due_at_once_in_the_flows_order_but_for_cron() -> None:
    jobs = {"product": Every(60), "stocklevel": Every(30), "order": Cron("0 2 * * *"), "contact": Manual()}
    table = Timetable(jobs, {}, now=START, share=0.5)
    assert table.due(START) == ["product", "stocklevel"]
    for name in ("product", "stocklevel"):
        table.began(name, START)
    assert table.due(START) == []
    assert table.wait(START) == 30
    assert table.due(at(60)) == ["product", "stocklevel"]
    assert table.next("order", START) == datetime(2026, 3, 2, 2, 0, 5, tzinfo=UTC)
    assert table.next("contact", START) is None


def test_missed_times_are_made_up_for_once() -> None:
    table = Timetable({"stocklevel": Every(30)}, {"stocklevel": at(-3600)}, now=START, share=0.0)
    assert table.due(START) == ["stocklevel"]
    table.began("stocklevel", START)
    assert table.due(at(29)) == []
    table.began("stocklevel", at(30))  # and a run that took five intervals
    assert table.due(at(180)) == ["stocklevel"]
    table.began("stocklevel", at(180))
    assert table.due(at(181)) == []


def test_a_cron_time_that_was_missed_while_nobody_ran_is_made_up_for() -> None:
    nightly = Cron("0 2 * * *", "Europe/Oslo")
    table = Timetable({"order": nightly}, {"order": at(-86_400)}, now=START, share=0.0)
    assert table.due(START) == ["order"]
    table.began("order", START)
    assert table.next("order", START) == datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_flows_are_spread_by_at_most_a_tenth_of_the_interval() -> None:
    for share in (0.0, 0.25, 1.0):
        table = Timetable({"a": Every(40)}, {"a": at(-30)}, now=START, share=share)
        assert table.next("a", START) == at(10 + 4 * share)
        table = Timetable({"a": Every(86_400)}, {"a": at(-86_400)}, now=START, share=share)
        assert table.next("a", START) == at(10 * share)


def test_a_failure_is_tried_again_soon_at_growing_intervals_and_as_late_as_the_platform_asks() -> None:
    table = Timetable({"order": Cron("0 2 * * *")}, {"order": START}, now=START, share=0.0)
    for wait in (5, 10, 20, 40, 80, 160, 300, 300):
        table.began("order", START)
        table.failed("order", START)
        assert table.next("order", START) == at(wait)
    table.failed("order", START, after=900.0)
    assert table.next("order", START) == at(900)
    table.began("order", at(900))
    table.went("order")
    table.failed("order", at(900))
    assert table.next("order", at(900)) == at(905)


def test_a_failure_is_tried_again_soon_also_where_the_interval_is_long_and_no_faster_than_the_wait() -> None:
    for interval in (1, 3600):
        table = Timetable({"a": Every(interval)}, {}, now=START, share=0.0)
        for wait in (5, 10, 20):
            table.began("a", START)
            table.failed("a", START)
            assert table.next("a", START) == at(wait)


def test_what_somebody_asks_for_is_due_whatever_its_schedule() -> None:
    table = Timetable({"a": Manual(), "b": Every(60)}, {"b": START}, now=START, share=0.0)
    assert table.wait(START) == 60
    table.ask(["a", "b"])
    assert table.due(START) == ["a", "b"]
    assert table.wait(START) == 0
    table.began("a", START)
    assert table.due(START) == ["b"]


def test_a_wall_clock_that_is_set_back_puts_nothing_off() -> None:
    table = Timetable({"a": Every(60)}, {}, now=START, share=0.0)
    table.began("a", START)
    back = at(-86_400)
    assert table.due(back) == []
    assert table.wait(back) == 60


@given(
    seconds=st.integers(1, 10_000),
    share=st.floats(0, 1),
    steps=st.lists(st.tuples(st.floats(0, 50_000), st.booleans()), max_size=20),
)
def test_a_job_never_runs_twice_within_its_interval_and_is_never_forgotten(
    seconds: int, share: float, steps: list[tuple[float, bool]]
) -> None:
    table = Timetable({"a": Every(seconds)}, {}, now=START, share=share)
    now, began = START, None
    for passed, took_long in steps:
        now += timedelta(seconds=passed)
        due = table.due(now)
        waited = began is None or (now - began).total_seconds() >= seconds
        assert bool(due) is waited
        if due:
            table.began("a", now)
            began = now
            now += timedelta(seconds=seconds * 3 if took_long else 0)
            table.went("a")
