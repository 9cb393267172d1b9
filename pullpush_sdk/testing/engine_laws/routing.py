"""Laws of two-way flows, shadow and locations."""

from __future__ import annotations

from decimal import Decimal

from pullpush_sdk.connector import Delivery, Outcome, Verb
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import FlowSpec

from .bench import Bench, flow_of, order, product, stock

__all__ = ["LAWS"]


def _pair(canonical_type: str = "stocklevel") -> tuple[FlowSpec, FlowSpec]:
    """Two flows between the same two connections, each reading what the other writes."""
    there = flow_of(canonical_type, readers=("erp-to-shop",))
    back = flow_of(canonical_type, name="erp-to-shop", source="erp", destination="shop", readers=("shop-to-erp",))
    return there, back


async def echo_is_not_sent_back(bench: Bench) -> None:
    """Our own write comes back as an event: it changes nothing, however the number is written."""
    there, back = _pair()
    await bench.append(there, stock("a", 5, 1))
    await bench.append(back, stock("other", 1, 1))
    await bench.drain(there)
    assert (await bench.append(back, stock("a", Decimal("5.00"), 2))).unchanged == 1
    assert (await bench.append(back, stock("a", 5, 3))).unchanged == 1, "the last known state again"
    await bench.drain(back)
    assert [write.key for write in bench.destination.writes] == ["a", "other"]


async def echo_may_come_before_the_answer(bench: Bench) -> None:
    """Own writes are stored before the push."""
    there, back = _pair()
    await bench.append(back, stock("other", 1, 1))
    await bench.append(there, stock("a", 5, 1))

    async def answer(_delivery: Delivery) -> Outcome:
        assert (await bench.append(back, stock("a", 5, 2))).unchanged == 1
        return Outcome.delivered(returned={"sku": "a", "quantity": 5})

    bench.destination.answer = answer
    await bench.drain(there)
    assert (await bench.append(back, stock("a", 6, 3))).waiting == 1


async def echo_is_known_as_the_platform_returned_it(bench: Bench) -> None:
    """It may trim, round and reorder; its own ids are no content."""
    there, back = _pair("product")
    await bench.append(back, product("zz", "other", 1))
    await bench.append(there, product("a", " Mug ", 1, price=Decimal("9.99"), product_id="S1"))
    bench.destination.answer = lambda _delivery: Outcome.delivered(
        returned={"sku": "a", "title": "Mug", "price": "10.0", "productId": "E77"}
    )
    await bench.drain(there)
    seen = product("a", "Mug", 2, price=Decimal("10.00"), product_id="E77", vendor="ours")
    assert (await bench.append(back, seen)).unchanged == 1


async def change_back_to_an_old_value_passes(bench: Bench) -> None:
    """Only an event equal to a write not yet seen back is an echo; a change clears what was pending."""
    there, back = _pair()
    await bench.append(back, stock("other", 1, 1))
    await bench.append(there, stock("a", 5, 1))
    await bench.drain(there)
    assert (await bench.append(back, stock("a", 6, 2))).waiting == 1, "somebody changed it before the echo"
    assert (await bench.append(back, stock("a", 5, 3))).waiting == 1, "and changed it back"
    await bench.drain(back)
    assert bench.destination.state["a|"]["quantity"] == 5


async def written_state_is_no_longer_known(bench: Bench) -> None:
    """What the other flow wrote, or saw change, ends what this flow knows: an equal old value must be sent again."""
    there, back = _pair()
    await bench.append(there, stock("a", 5, 1))
    await bench.append(back, stock("other", 1, 1))
    await bench.drain(there)
    await bench.append(back, stock("a", 5, 2))
    await bench.append(back, stock("a", 7, 3))
    assert (await bench.append(there, stock("a", 5, 4))).waiting == 1, "the destination holds 7 by now"
    await bench.drain(there)
    bench.clock.advance(7200)
    await bench.drain(back)
    assert (await bench.append(there, stock("a", 5, 6))).waiting == 1


async def own_write_explains_for_an_hour_only(bench: Bench) -> None:
    """After that an equal event is a change."""
    there, back = _pair()
    await bench.append(back, stock("other", 1, 1))
    await bench.append(there, stock("a", 5, 1))
    await bench.drain(there)
    bench.clock.advance(3601)
    assert (await bench.append(back, stock("a", 5, 2))).waiting == 1


async def write_that_did_not_happen_has_no_echo(bench: Bench) -> None:
    """A refused write explains nothing."""
    there, back = _pair()
    await bench.append(back, stock("other", 1, 1))
    await bench.append(there, stock("a", 5, 1))
    bench.destination.answer = lambda _delivery: Outcome.dead("refused")
    await bench.drain(there)
    assert (await bench.append(back, stock("a", 5, 2))).waiting == 1


async def shadow_writes_nothing_and_leaves_no_trace(bench: Bench) -> None:
    """It says what would change and moves the checkpoint; the active flow starts clean."""
    shadow, active = flow_of(state="shadow"), flow_of()
    await bench.append(shadow, stock("a", 5, 10), cursor="c1")
    report = await bench.drain(shadow)
    assert report.counts["stocklevel"]["shadowed"] == 1
    assert bench.destination.writes == []
    (event,) = await bench.engine.events_of_key(shadow.name, "stocklevel", "a")
    assert (event.state, event.shadow) == ("shadowed", True)
    assert await bench.engine.checkpoint(shadow.name, "stocklevel") == "c1"
    assert (await bench.append(active, stock("a", 5, 10))).waiting == 1
    assert (await bench.append(active, stock("b", 4, 9))).waiting == 1
    await bench.drain(active)
    assert bench.destination.quantities("a") == [5]
    await bench.tally(active)


async def locations_are_mapped(bench: Bench) -> None:
    """Each to its own; what the plan does not name is skipped."""
    flow = flow_of(locations=LocationPlan(moves={"w1": "north", "w2": "south"}))
    counts = await bench.append(
        flow, stock("a", 5, 1, location="w1"), stock("a", 6, 1, location="w2"), stock("a", 7, 1, location="w3")
    )
    assert counts.skipped == 1
    await bench.drain(flow)
    assert {write.payload["locationId"]: write.payload["quantity"] for write in bench.destination.writes} == {
        "north": 5,
        "south": 6,
    }


async def sum_is_of_the_known_quantities(bench: Bench) -> None:
    """Computed when it is sent; unknown members count for nothing, and null changes no known one."""
    flow = flow_of(locations=LocationPlan(sums={"all": ("w1", "w2", "w3")}))
    await bench.append(flow, stock("a", 5, 1, location="w1"), stock("a", Decimal("2.5"), 1, location="w2"))
    await bench.drain(flow)
    await bench.append(flow, stock("a", None, 2, location="w1"), stock("a", 0, 2, location="w2"))
    await bench.drain(flow)
    assert (await bench.append(flow, stock("a", 9, 1, location="w2"))).stale == 1
    assert (await bench.append(flow, stock("a", 0, 3, location="w2"))).unchanged == 1
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [Decimal("7.5"), 5]
    assert {write.payload["locationId"] for write in bench.destination.writes} == {"all"}
    await bench.tally(flow)


async def deletions_go_only_where_the_flow_says_so(bench: Bench) -> None:
    """Ignored and counted by default; stock is never deleted."""
    plain, archiving = flow_of("order"), flow_of("order", name="archiving", on_delete="archive")
    gone = order("a", "cancelled", 2, verb=Verb.DELETED)
    for flow in (plain, archiving):
        await bench.append(flow, order("a", "paid", 1), gone)
        await bench.drain(flow)
    assert (await bench.tally(plain))["ignored"] == 1
    assert [write.verb for write in bench.destination.writes] == ["updated", "updated", "deleted"]


async def paused_flow_keeps_what_comes(bench: Bench) -> None:
    """It stores, and delivers when it goes on."""
    paused = flow_of(state="paused")
    await bench.append(paused, stock("a", 5, 1))
    assert (await bench.drain(paused)).waiting == 1
    assert (await bench.drain(flow_of())).waiting == 0
    assert bench.destination.quantities("a") == [5]


LAWS = (
    echo_is_not_sent_back,
    echo_may_come_before_the_answer,
    echo_is_known_as_the_platform_returned_it,
    change_back_to_an_old_value_passes,
    written_state_is_no_longer_known,
    own_write_explains_for_an_hour_only,
    write_that_did_not_happen_has_no_echo,
    shadow_writes_nothing_and_leaves_no_trace,
    locations_are_mapped,
    sum_is_of_the_known_quantities,
    deletions_go_only_where_the_flow_says_so,
    paused_flow_keeps_what_comes,
)
