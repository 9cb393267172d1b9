"""The rate budget's laws, under any schedule."""

from __future__ import annotations

import asyncio
import heapq
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullpush_sdk.errors import RateLimitedError
from pullpush_sdk.http import Call, RateBudget, Throttle, call_of
from pullpush_sdk.http._cost import CostReader, CostReport
from pullpush_sdk.manifest import GraphQLCost, Limits, PathLimit, Request
from pullpush_sdk.testing.clock import VirtualClock

gaps = st.lists(st.floats(0, 5) | st.just(0.0), min_size=1, max_size=120)


@given(gaps=gaps, requests=st.integers(1, 12), per=st.floats(0.05, 20), burst=st.none() | st.integers(1, 15))
def test_no_window_wherever_it_begins_sees_more_than_the_rate(gaps, requests, per, burst):
    budget, now, starts = RateBudget(Limits(requests=requests, per=per, burst=burst)), 0.0, []
    for gap in gaps:
        now += gap
        while (seconds := budget.wait(now)) > 0:
            now += seconds
        budget.take(now)
        starts.append(now)
    for index in range(len(starts) - requests):
        assert starts[index + requests] - starts[index] >= per - 1e-8


trips = st.lists(
    st.tuples(st.floats(0, 3) | st.just(0.0), st.floats(0, 0.9), st.floats(0, 1)), min_size=1, max_size=120
)


@given(trips=trips, requests=st.integers(1, 12))
def test_no_window_of_the_platform_sees_more_however_late_calls_arrive(trips, requests):
    """Each call takes a part of a window and arrives at some moment of it, out of order with others."""
    budget, now, arrivals, pending = RateBudget(Limits(requests=requests, per=1.0)), 0.0, [], []

    def answered(until):
        while pending and pending[0][0] <= until:
            at, _, booked = heapq.heappop(pending)
            budget.done(booked, at)

    for number, (gap, latency, part) in enumerate(trips):
        now += gap
        answered(now)
        while (seconds := budget.wait(now)) > 0:
            # Answers that come meanwhile are taken in at their own time, as by a client that is asleep.
            answered(now + seconds)
            now += seconds
        heapq.heappush(pending, (now + latency, number, budget.take(now)))
        arrivals.append(now + latency * part)
    arrivals.sort()
    for index in range(len(arrivals) - requests):
        assert arrivals[index + requests] - arrivals[index] >= 1.0 - 1e-8


@given(gaps=gaps, requests=st.integers(2, 12), burst=st.integers(1, 5))
def test_at_most_a_burst_goes_at_once_and_the_rest_keeps_the_pace(gaps, requests, burst):
    budget, now, starts = RateBudget(Limits(requests=requests, per=1.0, burst=burst)), 0.0, []
    for gap in gaps:
        now += gap
        while (seconds := budget.wait(now)) > 0:
            now += seconds
        budget.take(now)
        starts.append(now)
    pace = 1.0 / requests
    for first in range(len(starts)):
        for last in range(first + 1, len(starts)):
            # k calls beyond the burst take at least k paces.
            assert starts[last] - starts[first] >= (last - first + 1 - burst) * pace - 1e-6


@given(requests=st.integers(1, 50), per=st.floats(0.1, 60))
def test_an_idle_connection_never_waits_and_a_full_one_no_longer_than_it_must(requests, per):
    budget = RateBudget(Limits(requests=requests, per=per))
    for _ in range(requests):
        assert budget.wait(100.0) == 0
        budget.take(100.0)
    assert budget.wait(100.0) == pytest.approx(per, abs=0.002)
    assert budget.wait(100.0 + per + 0.001) == 0


@settings(deadline=None)
@given(
    delays=st.lists(st.floats(0, 3), min_size=1, max_size=25),
    requests=st.integers(1, 4),
    concurrency=st.integers(1, 4),
)
def test_concurrent_callers_keep_the_rate_the_cap_and_their_order(delays, requests, concurrency):
    clock = VirtualClock()
    throttle = Throttle(Limits(requests=requests, per=10.0, concurrency=concurrency), clock)
    starts: list[float] = []
    order: list[int] = []
    running = most = 0

    async def caller(number: int, delay: float) -> None:
        nonlocal running, most
        async with throttle.place(Call()):
            starts.append(clock.monotonic())
            order.append(number)
            running += 1
            most = max(most, running)
            await clock.sleep(delay)
            running -= 1

    async def everybody() -> None:
        await asyncio.gather(*(caller(number, delay) for number, delay in enumerate(delays)))

    asyncio.run(everybody())
    assert order == sorted(order)
    assert most <= concurrency
    assert all(later - earlier >= 10.0 - 1e-8 for earlier, later in zip(starts, starts[requests:], strict=False))


class Bucket:
    """A GraphQL platform's bucket of points, as documented: the full price is reserved, the difference returns."""

    def __init__(self, maximum: float, rate: float) -> None:
        self.maximum, self.rate, self.available, self.at = maximum, rate, maximum, 0.0
        self.throttled = 0

    def ask(self, now: float, requested: float, actual: float) -> CostReport:
        self.available = min(self.maximum, self.available + (now - self.at) * self.rate)
        self.at = now
        enough = self.available >= requested - 1e-6
        if enough:
            self.available -= actual
        else:
            self.throttled += 1
        return CostReport(requested, self.available, self.maximum, self.rate, throttled=not enough)


@given(
    prices=st.dictionaries(st.sampled_from("abc"), st.floats(1, 900), min_size=1),
    plan=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 2), st.floats(0.1, 1)), min_size=1, max_size=60),
    rate=st.floats(10, 500),
)
def test_known_prices_are_never_throttled(prices, plan, rate):
    budget, bucket, now = RateBudget(Limits()), Bucket(1000, rate), 0.0
    names = sorted(prices)
    for which, gap, part in plan:
        operation = names[which % len(names)]
        price = prices[operation]
        now += gap
        while (seconds := budget.wait(now, operation, hint=price)) > 0:
            now += seconds
        reserved = budget.take(now, operation, hint=price)
        budget.learn(now, operation, bucket.ask(now, price, price * part))
        budget.done(reserved, now)
    assert bucket.throttled == 0


@given(
    steps=st.lists(st.tuples(st.sampled_from(["ask", "run", "hear", "wait"]), st.integers(0, 9)), max_size=30),
    price=st.integers(5, 30),
    part=st.floats(0.1, 1),
)
@example(steps=[("ask", 1), ("run", 1), ("hear", 1), ("hear", 0), ("ask", 9), ("run", 9)], price=10, part=1)
def test_answers_that_overtake_each_other_promise_no_points_that_are_spent(steps, price, part):
    """Calls start, are paid for and are heard of in any order; none of them is refused for want of points."""
    budget, bucket, now = RateBudget(Limits()), Bucket(100, 10), 0.0
    first = budget.take(now, "list", hint=price)
    budget.learn(now, "list", bucket.ask(now, price, price * part), first)
    budget.done(first, now)
    waiting, answered = [], []
    for step, which in steps:
        if step == "wait":
            now += which / 10
        for _ in range(which + 1):
            if step == "ask" and budget.wait(now, "list", hint=price) <= 0:
                waiting.append(budget.take(now, "list", hint=price))
            elif step == "run" and waiting:
                answered.append((waiting.pop(0), bucket.ask(now, price, price * part)))
        if step == "hear" and answered:
            booked, report = answered.pop(which % len(answered))
            budget.learn(now, "list", report, booked)
            budget.done(booked, now)
    assert bucket.throttled == 0


def test_points_of_calls_under_way_are_not_spent_twice():
    budget = RateBudget(Limits())
    budget.learn(0.0, "list", CostReport(600.0, 1000.0, 1000.0, 100.0))
    reserved = budget.take(0.0, "list")
    assert budget.wait(0.0, "list") == pytest.approx(2.0)
    budget.done(reserved, 0.0)
    assert budget.wait(0.0, "list") == 0


def test_a_price_above_the_bucket_is_left_to_the_platform_to_refuse():
    budget = RateBudget(Limits())
    budget.learn(0.0, "huge", CostReport(5000.0, 1000.0, 1000.0, 100.0))
    assert budget.wait(0.0, "huge") == 0


def cost_answer(**block):
    return {"data": {"products": [{"extensions": {"cost": 1}}] * 3}, "extensions": {"cost": block}}


STATUS = {"maximumAvailable": 2000.0, "currentlyAvailable": 1954, "restoreRate": 100.0}


@pytest.mark.parametrize(
    ("body", "report"),
    [
        (
            cost_answer(requestedQueryCost=46, actualQueryCost=None, throttleStatus=STATUS),
            CostReport(46.0, 1954.0, 2000.0, 100.0),
        ),
        (
            {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": {"cost": {"requestedQueryCost": 2500, "throttleStatus": STATUS}},
            },
            CostReport(2500.0, 1954.0, 2000.0, 100.0, throttled=True),
        ),
        ({"errors": "[API] Invalid API key", "data": None}, CostReport()),
        ({"errors": [{"message": "x"}, {"message": "y", "extensions": {"code": 3}}]}, CostReport()),
        ({"extensions": {"cost": {"requestedQueryCost": None}}}, CostReport()),
        ({"extensions": None}, CostReport()),
        ([], CostReport()),
    ],
)
def test_the_cost_block_is_read_and_nothing_else_decoded(body, report):
    assert CostReader(GraphQLCost()).read(json.dumps(body).encode()) == report


def test_no_json_is_no_report_and_other_paths_may_be_named():
    assert CostReader(GraphQLCost()).read(b"<html>") == CostReport()
    other = GraphQLCost(requested="meta.price", available="meta.left", maximum="top", restore_rate="meta.deep.rate")
    body = {"meta": {"price": 3, "left": 9, "deep": {"rate": 1}}, "top": 10}
    assert CostReader(other).read(json.dumps(body).encode()) == CostReport(3.0, 9.0, 10.0, 1.0)


async def test_a_throttled_answer_with_status_200_waits_for_its_points_and_is_asked_again(kit):
    clock = VirtualClock()
    low = {"maximumAvailable": 1000.0, "currentlyAvailable": 100.0, "restoreRate": 50.0}
    throttled = {
        "errors": [{"extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": 400, "throttleStatus": low}},
    }
    limits = Limits(cost=GraphQLCost())
    request = Request(method="POST", path="/graphql", query="query Products { products { id } }")
    call = call_of(request, {})
    assert call.operation == "Products"
    async with (
        kit.platform(kit.script(kit.json(throttled), kit.json({"data": 1}))) as platform,
        kit.client(platform.url, clock=clock, limits=limits) as client,
    ):
        assert (await client.send(call)).json() == {"data": 1}
    assert clock.slept[0] == 6.0


async def test_a_wait_beyond_our_patience_fails_at_once_with_the_time_to_come_back():
    clock = VirtualClock()
    throttle = Throttle(Limits(), clock)
    throttle.pause(Call(), 500)
    with pytest.raises(RateLimitedError) as caught:
        async with throttle.place(Call()):
            pytest.fail("it must not start")
    assert caught.value.retry_after == 500
    assert clock.slept == []


async def test_a_virtual_clock_wakes_sleepers_in_the_order_of_their_times():
    clock, woken = VirtualClock(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    cancelled = asyncio.ensure_future(sleeper(1.0))
    others = [asyncio.ensure_future(sleeper(seconds)) for seconds in (5.0, 2.0, 0.0, 3.0)]
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(*others)
    assert woken == [(0.0, 0.0), (2.0, 2.0), (3.0, 3.0), (5.0, 5.0)]
    clock.advance(1)
    assert (clock.now() - VirtualClock().now()).total_seconds() == 6.0
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


@settings(deadline=None)
@given(calls=st.lists(st.sampled_from(["/a", "/b", "/c"]), min_size=1, max_size=40), concurrency=st.integers(1, 3))
def test_each_path_keeps_a_rate_of_its_own(calls, concurrency):
    """No path's window sees more than its number, and none waits for another's."""
    clock = VirtualClock()
    limits = Limits(requests=3, per=10.0, burst=3, concurrency=concurrency, per_path=True, paths={"/b": 5})
    throttle = Throttle(limits, clock)
    starts: dict[str, list[float]] = {path: [] for path in calls}

    async def caller(path: str) -> None:
        async with throttle.place(Call(url=f"https://shop.example{path}?n=1" if path == "/c" else path)):
            starts[path].append(clock.monotonic())

    async def everybody() -> None:
        await asyncio.gather(*(caller(path) for path in calls))

    asyncio.run(everybody())
    for path, times in starts.items():
        number = 5 if path == "/b" else 3
        assert all(later - earlier >= 10.0 - 1e-8 for earlier, later in zip(times, times[number:], strict=False))
        # The last of n calls starts when the path's own rate lets it, whatever the others do.
        assert times[-1] <= 10.0 * len(times) / number + 0.1


async def test_a_refusal_pauses_only_the_path_that_it_was_about():
    clock = VirtualClock()
    throttle = Throttle(Limits(requests=5, per=10.0, per_path=True), clock)
    throttle.pause(Call(url="/a"), 60)
    async with throttle.place(Call(url="/b")):
        assert clock.monotonic() == 0
    async with throttle.place(Call(url="/a")):
        assert clock.monotonic() >= 60


@given(
    gaps=st.lists(st.tuples(st.floats(0, 2), st.booleans()), min_size=1, max_size=60),
    requests=st.integers(1, 5),
    narrow=st.integers(1, 4),
    per=st.floats(0.5, 20),
)
@settings(deadline=None)
def test_a_path_with_a_budget_of_its_own_keeps_both(gaps, requests, narrow, per):
    """No window sees more of that path than its budget, none more of all."""
    limits = Limits(requests=requests, per=1.0, concurrency=3, also=[PathLimit(path="/few", requests=narrow, per=per)])
    starts = asyncio.run(_starts(gaps, limits))
    few = [at for is_few, at in starts if is_few]
    for at, most, window in (([at for _, at in starts], requests, 1.0), (few, narrow, per)):
        assert all(at[n + most] - at[n] >= window - 1e-6 for n in range(len(at) - most))
    assert len(starts) == len(gaps)


async def _starts(gaps, limits):
    """Which kind of call started when; a call takes no time."""
    clock, starts = VirtualClock(), []
    throttle = Throttle(limits, clock, patience=1e6)

    async def one(at, is_few):
        await clock.sleep(at)
        async with throttle.place(Call(url="/few/1" if is_few else "/many")):
            starts.append((is_few, clock.monotonic()))

    at, tasks = 0.0, []
    for gap, is_few in gaps:
        at += gap
        tasks.append(one(at, is_few))
    await asyncio.gather(*tasks)
    return starts


async def test_other_paths_pass_a_path_that_waits():
    """A long wait of the narrow budget takes no place and no turn."""
    clock = VirtualClock()
    narrow = PathLimit(path="/few", requests=1, per=100.0)
    throttle, done = Throttle(Limits(concurrency=1, also=[narrow]), clock), []

    async def one(url):
        async with throttle.place(Call(url=url)):
            done.append((url, clock.monotonic()))

    await asyncio.gather(*(one(url) for url in ("/few", "/few", "/few", "/many", "/many")))
    assert [url for url, _ in done] == ["/few", "/many", "/many", "/few", "/few"]
    assert [round(at) for _, at in done] == [0, 0, 0, 100, 200]


async def test_an_empty_narrow_budget_stops_its_path_only(kit):
    """The header of an answer speaks of the budget that its request is counted in."""

    def answer(request):
        left = {"X_Left": "0", "X_Reset": "30"} if request.path == "/few" else {}
        return kit.json({}, **left)

    narrow = PathLimit(path="/few", requests=50, per=100.0)
    limits = Limits(remaining_header="X-Left", reset_header="X-Reset", also=[narrow])
    clock = VirtualClock()
    async with kit.platform(answer) as platform, kit.client(platform.url, limits=limits, clock=clock) as client:
        await client.send(Call(url="/few"))
        await client.send(Call(url="/many"))
        assert clock.monotonic() == 0
        await client.send(Call(url="/few"))
        assert clock.monotonic() >= 30


@given(gaps=gaps, first=st.integers(1, 12), then=st.integers(1, 12), at=st.integers(0, 60))
def test_a_rate_that_changes_holds_from_then_on(gaps, first, then, at):
    """Every window that begins after the change keeps the new rate, the others the larger of both."""
    budget, now, starts = RateBudget(Limits(requests=first, per=1.0)), 0.0, []
    for index, gap in enumerate(gaps):
        if index == at:
            budget.allow(then)
        now += gap
        while (seconds := budget.wait(now)) > 0:
            now += seconds
        budget.take(now)
        starts.append(now)
    for index in range(len(starts)):
        most = then if index >= at else max(first, then)
        if index + most < len(starts):
            assert starts[index + most] - starts[index] >= 1.0 - 1e-8


async def test_an_answer_states_the_rate(kit):
    """A platform that allows less than the manifest says is believed after its first answer; nonsense is not."""
    stated = iter(["3", "none", "0", "-1", *["3"] * 20])
    clock = VirtualClock()
    limits = Limits(requests=100, per=10.0, limit_header="X-Limit", concurrency=1)
    async with (
        kit.platform(lambda _: kit.json({}, X_Limit=next(stated))) as platform,
        kit.client(platform.url, limits=limits, clock=clock) as client,
    ):
        for _ in range(7):
            await client.send(Call(url="/x"))
    assert 20 <= clock.monotonic() <= 21
