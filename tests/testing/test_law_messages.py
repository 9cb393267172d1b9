"""What an author reads of a broken law: once, with the steps that lead there, whatever the connector raised."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs
import pytest

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, Subject
from pullpush_sdk.testing.conformance._journal import Journal
from pullpush_sdk.testing.conformance.saboteurs import sabotaged
from pullpush_sdk.testing.conformance.saboteurs._hooks import Hooks
from pullpush_sdk.validate.child import _probes

pytest_plugins = ["pytester"]
PLUGINS = load_plugins()
SHOPIFY = Subject.of(PLUGINS, "shopify")


def law_of(name):
    return next(law for law in LAWS if law.name == name)


def with_hooks(**hooks):
    """Shopify's connector with other hooks."""
    loaded = attrs.evolve(SHOPIFY.loaded, hook=Hooks(SHOPIFY.loaded.hook, **hooks))
    return attrs.evolve(SHOPIFY, loaded=loaded)


def test_a_write_that_goes_wrong_is_told_by_one_record():
    """The smallest batch that breaks the law, with what was pushed."""
    law = law_of("destination-writes-what-it-is-given")
    with pytest.raises(BrokenLawError) as caught:
        law.run(sabotaged(SHOPIFY, law.name), "stocklevel", Effort(examples=1))
    (push,) = [step for step in caught.value.steps if step.startswith("push")]
    assert push.startswith("push stocklevel {'sku': 'SKU-00001', 'quantity': 0")
    assert push.endswith("delivered")


@pytest.mark.parametrize("name", ["source-reads-everything", "source-misses-no-change"])
def test_whatever_is_raised_breaks_the_law_with_its_line(name):
    def pull(connection, canonical_type, cursor):
        raise ZeroDivisionError("boom")

    with pytest.raises(BrokenLawError) as caught:
        law_of(name).run(with_hooks(pullpush_pull=pull), "stocklevel", Effort(examples=1))
    assert "testing/test_law_messages.py:" in caught.value.seen
    assert "in pull: ZeroDivisionError: boom" in caught.value.seen
    assert caught.value.steps
    assert "again: pytest -k" in str(caught.value)


def test_the_message_stands_there_once(pytester):
    pytester.makepyfile("""
        from pullpush_sdk.testing.conformance import Law, suite
        from pullpush_sdk.testing.conformance._law import broken

        law = Law(name="l", says="s", fix="f", ability="both", only=frozenset({"product"}),
                  check=lambda *_: broken("it is so"))
        test_the_laws = suite([law], "shopify")
    """)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    told = result.stdout.str().partition("short test summary")[0]  # which repeats it, in full where CI is set
    assert told.count("it is so") == 1


def test_a_long_journal_shows_its_beginning_and_its_end():
    journal = Journal(steps=["a", *["same"] * 30, *[f"step {n}" for n in range(20)]])
    assert journal.shown() == [
        "a", "same (30 times)", "step 0", "… 14 more", *[f"step {n}" for n in range(15, 20)]
    ]  # fmt: skip


def test_webhooks_of_the_probes_arrive_at_the_shops_time():
    """A stamp that was signed by the sandbox's clock has to be fresh."""
    seen = []

    def verify(connection, request):
        seen.append(abs(request.received_at - connection.clock.now()))
        return SHOPIFY.loaded.hook.pullpush_verify(connection=connection, request=request)

    told = []
    subject = with_hooks(pullpush_verify=verify)
    asyncio.run(_probes._webhooks(subject, lambda what, **values: told.append((what, values))))
    assert seen
    assert max(seen) < timedelta(minutes=5)
    assert [values["refused"] for what, values in told if what == "webhooks"] == [0]
