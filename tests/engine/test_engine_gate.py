"""The gate and coalescing, against the plain definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.engine.gate import NEVER, Gate, Row, plan_lane
from pullpush_sdk.engine.ports import Ended


def row(pos: int, identity: str = "i", version: int = 1, **changes: object) -> Row:
    made = Row(pos, "k", identity, "updated", version, None, b"{}", b"", 0, 0, maybe_applied=False)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


rows = st.lists(
    st.tuples(st.sampled_from("xyz"), st.integers(0, 5), st.booleans(), st.sampled_from([0, 0, 0, 50])), max_size=12
).map(
    lambda parts: [
        row(pos, identity, version, fields=frozenset({"status"}) if partial else None, due=due)
        for pos, (identity, version, partial, due) in enumerate(parts, start=1)
    ]
)


@given(rows, st.dictionaries(st.sampled_from("xyz"), st.tuples(st.integers(0, 5), st.integers(0, 3))))
def test_every_row_is_accounted_for_and_order_kept(lane: list[Row], applied: dict[str, tuple[int, int]]) -> None:
    gates = {identity: Gate(mark) for identity, mark in applied.items()}
    plan = plan_lane(lane, gates, coalesce=True, together=True, room=99, now=10)
    ended = {each.pos for each, _, _ in plan.ended}
    sent = [each.pos for each in plan.send]
    assert sent == sorted(sent)
    assert not ended & set(sent)
    assert plan.rest == bool({each.pos for each in lane} - ended - set(sent))
    stale = {each.pos for each, outcome, _ in plan.ended if outcome is Ended.STALE}
    assert stale == {each.pos for each in lane if each.mark < applied.get(each.identity, NEVER)}
    identities = [each.identity for each in plan.send]
    assert len(set(identities)) == len(identities)


@given(rows)
def test_newest_of_each_identity_is_never_superseded(lane: list[Row]) -> None:
    plan = plan_lane(lane, {}, coalesce=True, together=True, room=99, now=10)
    lost = [each for each, outcome, _ in plan.ended if outcome is Ended.SUPERSEDED]
    assert all(each.fields is None for each in lost), "partials are never coalesced"
    for each in lost:
        assert any(
            other.mark > each.mark and other.identity == each.identity and other.fields is None
            for other in lane
            if other not in lost
        )


def test_nothing_overtakes_a_row_in_back_off() -> None:
    plan = plan_lane([row(1, due=50), row(2, "j")], {}, coalesce=True, together=True, room=9, now=10)
    assert (plan.send, plan.due) == ([], 50)


def test_successor_inherits_wait_doubt_and_creation() -> None:
    first = row(1, due=50, maybe_applied=True, verb="created")
    plan = plan_lane([first, row(2, version=2)], {}, coalesce=True, together=True, room=9, now=10)
    (heir,) = plan.changed
    assert (heir.pos, heir.due, heir.maybe_applied, heir.verb) == (2, 50, True, "created")
    assert (plan.send, plan.due) == ([], 50)


def test_room_is_kept() -> None:
    lane = [row(pos, str(pos)) for pos in range(1, 6)]
    assert len(plan_lane(lane, {}, coalesce=True, together=True, room=3, now=0).send) == 3
    assert len(plan_lane(lane, {}, coalesce=False, together=False, room=3, now=0).send) == 1


def test_partials_of_newer_fields_are_taken_out() -> None:
    gate = Gate((1, 1), {"status": (9, 5)})
    full, partial = row(6, version=7), row(7, version=8, fields=frozenset({"status"}))
    plan = plan_lane([full, partial], {"i": gate}, coalesce=False, together=False, room=1, now=0)
    assert plan.send == [full]
    assert full.without == frozenset({"status"})
    assert [(each.pos, outcome) for each, outcome, _ in plan.ended] == [(7, Ended.STALE)]
