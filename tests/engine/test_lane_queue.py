"""Live events go before an import's, and neither starves the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.engine.lane_queue import LaneQueue


def queue(most: int = 100) -> LaneQueue:
    store: Any = SimpleNamespace()
    return LaneQueue(CanonicalTypes()["order"], store, 1, most=most)


def test_a_live_event_goes_before_a_thousand_of_an_import() -> None:
    lanes = queue(most=2000)
    lanes.wake([f"i{n}" for n in range(1000)], background=True)
    lanes.wake(["live"])
    assert lanes.pop(1) == ["live"]


def test_a_key_of_the_import_that_changes_meanwhile_goes_first_and_once() -> None:
    lanes = queue()
    lanes.wake(["a", "b", "c"], background=True)
    lanes.wake(["c"])
    assert lanes.pop(1) == ["c"]
    lanes.had_turn("c", due=None, rest=False)
    assert [lanes.pop(1) for _ in range(2)] == [["a"], ["b"]]
    assert not lanes.ready


def test_a_stream_of_live_events_leaves_the_import_every_fourth_turn() -> None:
    lanes = queue()
    lanes.wake([f"i{n}" for n in range(5)], background=True)
    turns = []
    for number in range(20):
        lanes.wake([f"live{number}"])
        (key,) = lanes.pop(1)
        turns.append(key[0])
        lanes.had_turn(key, due=None, rest=False)
    assert turns.count("i") == 5
    assert "".join(turns) == "llli" * 5


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["live", "import", "turn", "back"]), st.sampled_from("abcdef"), st.booleans()),
        max_size=80,
    )
)
def test_every_key_that_was_woken_gets_a_turn_and_never_two_at_once(steps: list[tuple[str, str, bool]]) -> None:
    lanes = queue()
    wanted: set[str] = set()
    under_way: list[str] = []
    for step, key, flag in steps:
        if step in {"live", "import"}:
            lanes.wake([key], background=step == "import")
            wanted.add(key)
        elif step == "turn":
            for found in lanes.pop(2):
                assert found not in under_way
                under_way.append(found)
                wanted.discard(found)
        elif under_way:
            found = under_way.pop()
            if flag:
                lanes.put_back([found])
                wanted.add(found)
            else:
                lanes.had_turn(found, due=None, rest=False)
    for found in under_way:
        lanes.had_turn(found, due=None, rest=False)
    while lanes.ready:
        for found in lanes.pop(3):
            wanted.discard(found)
            lanes.had_turn(found, due=None, rest=False)
    assert wanted == set()
    assert not lanes._live
