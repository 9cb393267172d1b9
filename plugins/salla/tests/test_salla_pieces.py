"""Giving the pieces of an order back: exactly once, whatever is lost on the way and whoever sells meanwhile."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import attrs
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

SKU, VARIANT = "SKU-00001", "SKU-00003-M"
BUYERS = [{"name": f"Buyer {n}", "phone": f"+96651111111{n}", "email": f"b{n}@example.com"} for n in range(2)]
FAULTS = ("lost_answer", "reset", "truncate", "503")
STEPS = (
    ("POST", "*/orders"),
    ("POST", "*/histories"),
    ("GET", "*/histories"),
    ("POST", "*/quantities/bulk"),
    ("GET", "*/quantities/audit"),
    ("POST", "*/status"),
)


def rule(method, path, fault):
    """A fault that happens once."""
    if fault == "503":
        return {"match": {"method": method, "path": path}, "fault": "status", "status": 503, "times": 4}
    return {"match": {"method": method, "path": path}, "fault": fault, "times": 4}


def order_of(w, buyer, quantity):
    """A canonical order of one product and one variant, shipped, at the store's prices."""
    state = w.state()["products"]
    prices = {p["sku"]: p["regular_price"] for p in state}
    prices |= {v["sku"]: v["price"] for p in state for v in p["variants"]}
    lines = {SKU: quantity, VARIANT: 1}
    total = sum(prices[sku] * n + (prices[sku] * n * 15 + 50) // 100 for sku, n in lines.items())
    return {
        "orderId": buyer["email"],
        "status": "shipped",
        "financialStatus": "paid",
        "currency": "SAR",
        "totalAmount": str(Decimal(total) / 100),
        "taxesIncluded": False,
        "createdAt": w.sandbox.control.clock.now().isoformat(),
        "customer": buyer,
        "lineItems": [
            {"sku": sku, "title": sku, "quantity": n, "unitPrice": str(Decimal(prices[sku]) / 100)}
            for sku, n in lines.items()
        ],
    }


def stock_of(w):
    """What the default branch has of both."""
    state = w.state()["products"]
    rows = [(p["sku"], p["stock"]) for p in state] + [(v["sku"], v["stock"]) for p in state for v in p["variants"]]
    return {sku: sum(n or 0 for n in stock["by_branch"].values()) for sku, stock in rows if sku in (SKU, VARIANT)}


@attrs.define
class Waiting:
    """A delivery that is not settled, as the engine holds it."""

    payload: dict
    attempt: int = 0
    due: float = 0.0
    lost: bool = False
    outcome: object = None


async def settle(w, waiting, *, crash, after_turn):
    """Push what is due, earliest first, until all is settled; as the engine does after lost answers."""
    clock = w.sandbox.control.clock
    for turn in range(40):
        left = sorted((each for each in waiting if each.outcome is None), key=lambda each: each.due)
        if not left:
            return
        one = left[0]
        clock.advance(max(0.0, one.due - clock.seconds()))
        one.attempt += 1
        (outcome,) = await w.push("order", one.payload, attempt=one.attempt, maybe_applied=one.lost)
        after_turn(turn)
        if crash and turn % 2 == 0:
            w.connection.memo.clear()
        if outcome.result != "retry":
            one.outcome = outcome
        one.lost = one.lost or outcome.maybe_applied
        one.due = clock.seconds() + max(w.loaded.connector.index_lag["order"], outcome.after or 0)
    raise AssertionError([each.payload["orderId"] for each in waiting if each.outcome is None])


@attrs.frozen(kw_only=True)
class Trouble:
    """What happens while two orders are entered: faults, restarts, the queue's delay, and sales by turn."""

    faults: list = attrs.field(factory=list)
    crash: bool = True
    delay: int = 0
    sold: list = attrs.field(factory=list)
    quantities: tuple = (2, 2)


@given(
    trouble=st.builds(
        Trouble,
        faults=st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(FAULTS)), max_size=4),
        crash=st.booleans(),
        delay=st.sampled_from([0, 120]),
        sold=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1, 2])), max_size=3),
        quantities=st.sampled_from([(2, 2), (2, 1)]),
    )
)
@example(trouble=Trouble(faults=[(STEPS[3], "lost_answer")], delay=120, sold=[(0, 2)]))
@example(trouble=Trouble(faults=[(STEPS[3], "reset")]))
@example(trouble=Trouble(faults=[(STEPS[1], "lost_answer")], sold=[(0, 2), (1, 2)]))
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_pieces_go_back_exactly_once(world_now, trouble):
    """Two orders with the same goods, answers lost at any step, restarts, a slow queue, and real sales beside."""

    async def run():
        async with world_now(extra={"bulk_delay": str(trouble.delay), "index_lag": "20"}) as w:
            for sku in (SKU, VARIANT):
                w.change("stock", sku=sku, quantity=100)
            before, orders = stock_of(w), len(w.state()["orders"])
            w.faults(*(rule(*step, fault) for step, fault in trouble.faults))
            sales = []

            def sell(turn):
                for quantity in [each for at, each in trouble.sold if at == turn]:
                    w.change("order_create", items=[{"sku": SKU, "quantity": quantity}])
                    sales.append(quantity)

            waiting = [Waiting(order_of(w, *each)) for each in zip(BUYERS, trouble.quantities, strict=True)]
            await settle(w, waiting, crash=trouble.crash, after_turn=sell)
            w.faults()
            w.sandbox.control.clock.advance(trouble.delay + 1)
            await w.asked()
            before[SKU] -= sum(sales)
            made = len(w.state()["orders"]) - orders - len(sales)
            return before, stock_of(w), made, [each.outcome for each in waiting]

    expected, now, made, outcomes = asyncio.run(run())
    assert [(each.result, each.reason) for each in outcomes] == [("delivered", ""), ("delivered", "")]
    assert made == 2
    assert now == expected


@pytest.mark.parametrize("lost", [True, False])
def test_where_no_list_tells_a_person_is_told(world, lost):
    """A store whose list of changes shows nothing of the SKU: nothing is given back on a guess."""

    async def run():
        async with world() as w:
            w.change("stock", sku=SKU, quantity=100)
            payload = order_of(w, BUYERS[0], 2)
            empty = {"status": 200, "success": True, "data": [], "cursor": {"current": 1, "next": 1}}
            hidden = {"match": {"path": "*/quantities/audit"}, "fault": "status", "status": 200, "body": empty}
            w.faults({**hidden, "times": 100}, rule("POST", "*/quantities/bulk", "lost_answer" if lost else "reset"))
            waiting = Waiting(payload)
            await settle(w, [waiting], crash=True, after_turn=lambda _: None)
            return waiting.outcome, stock_of(w)[SKU]

    outcome, left = asyncio.run(run())
    assert outcome.result == "delivered"
    assert f"{SKU!r} (2 taken by the order)" in outcome.reason
    assert left == (100 if lost else 98)


def test_a_refusal_is_told(world):
    """The order is there all the same."""

    async def run():
        async with world() as w:
            payload = order_of(w, BUYERS[0], 2)
            body = {"status": 422, "success": False, "error": {"code": "error", "message": "no", "fields": {}}}
            w.faults({"match": {"path": "*/bulk"}, "fault": "status", "status": 422, "body": body, "times": 9})
            return await w.push("order", payload)

    (outcome,) = asyncio.run(run())
    assert outcome.result == "delivered"
    assert "refused to take pieces back" in outcome.reason


def test_the_history_of_an_order_says_what_went_back(world):
    """Two notes, in words that a person can read, for an order that moves no stock; none where it takes its pieces."""

    async def run(takes):
        async with world(settings={"order_takes_stock": takes}) as w:
            (outcome,) = await w.push("order", order_of(w, BUYERS[0], 2))
            (row,) = (each for each in w.state()["orders"] if str(each["id"]) == outcome.native_id)
            return [each["note"] for each in row["histories"] if each["note"]]

    begun, done = asyncio.run(run(False))
    assert begun.startswith("PullPush returns pieces ")
    assert f"{SKU} x2 after 0, {VARIANT} x1 after 0" in begun
    assert done.startswith("PullPush returned the pieces ")
    assert asyncio.run(run(True)) == []
