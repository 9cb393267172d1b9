"""Fault scripts do what they say, and say what they do."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.sandbox import FaultPlan
from pullpush_sdk.testing.conformance import Subject
from pullpush_sdk.testing.faults import FaultScript, page, push, request, webhook
from pullpush_sdk.testing.strategies import fault_scripts

SCRIPT = FaultScript.of(
    page(2).answers(429, retry_after=1).then(500),
    push(3).loses_its_answer(),
    push(1, path="*/orders").is_cut(),
    webhook(2).comes_twice(),
)


def outcomes(script, methods):
    """What becomes of requests of these methods, by the sandbox's own plan."""
    plan = FaultPlan(script.rules())
    found = []
    for method in methods:
        rule = plan.pick({"method": method, "path": "/v1/products", "query": "", "body": ""})
        found.append("" if rule is None else str(rule.status if rule.fault == "status" else rule.fault))
    return found


def test_it_happens_when_it_was_said_to():
    methods = ["GET", "POST", "GET", "GET", "PUT", "GET", "PATCH", "POST"]
    assert outcomes(SCRIPT, methods) == ["", "", "429", "500", "", "", "lost_answer", ""]


def test_it_prints_itself():
    assert str(SCRIPT) == (
        "page 2: 429, retry after 1 s; page 3: 500; push 3: done, answer lost;"
        " push 1 (path */orders): done, answer cut; webhook 2: comes twice"
    )
    assert str(FaultScript()) == "nothing goes wrong"
    assert str(FaultScript.of(request(4).is_slow(2.5), page().comes_again())) == (
        "request 4: slow, 2.5 s; page 1: the same answer for ever"
    )


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from((429, 500, 503))), max_size=5, unique_by=lambda each: each[0]
    )
)
def test_faults_of_one_kind_fall_on_the_requests_of_their_numbers(wanted):
    script = FaultScript.of(*(page(number).answers(status) for number, status in wanted))
    found = outcomes(script, ["GET"] * 14)
    assert {number + 1: int(status) for number, status in enumerate(found) if status} == dict(wanted)


@given(fault_scripts())
def test_every_script_is_a_plan_that_the_sandbox_takes(script):
    plan = FaultPlan(script.rules())
    assert len(plan.rules) == len(script.faults)
    assert len(str(script).split("; ")) == max(1, len(script.faults))


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_a_seed_draws_the_same(seed):
    assert FaultScript.random(seed) == FaultScript.random(seed)
    assert len(FaultScript.random(seed).faults) == 5


def test_two_seeds_draw_different_scripts():
    assert len({str(FaultScript.random(seed)) for seed in range(10)}) > 5


def test_a_script_is_shrunk_one_fault_at_a_time():
    assert str(SCRIPT.without(0).without(0)).startswith("push 3")


def test_it_is_played_by_a_real_sandbox():
    subject = Subject.of(load_plugins(), "magento")

    async def played():
        async with subject.shop() as shop:
            FaultScript.of(page(2).answers(503)).play(shop.sandbox)
            events, _ = await shop.sweep("stocklevel")
            return len(events), [entry["fault"] for entry in shop.sandbox.control.log.after()]

    count, faults = asyncio.run(played())
    assert count
    assert [number for number, fault in enumerate(faults, start=1) if fault] == [2], "the client tries again"


@pytest.mark.parametrize("moment", ["comes_twice", "comes_late", "is_forged", "never_comes"])
def test_webhooks_suffer_too(moment):
    script = FaultScript.of(getattr(webhook(2), moment)())
    plan = FaultPlan(script.rules())
    assert plan.pick_webhook("product.updated") is None
    assert plan.pick_webhook("product.updated") is not None
