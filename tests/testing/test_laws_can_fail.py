"""Every law is broken by the connector that was made to break it, and says so in a way that helps."""

from __future__ import annotations

import functools

import pytest

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, NotProvenError, Subject
from pullpush_sdk.testing.conformance.saboteurs import SABOTEURS, sabotaged

PLUGINS = load_plugins()
OTHERS = {"source-outlives-its-token": "magento"}
"""Laws that a platform makes hard to break: the client of Shopify's connector gets a new token by itself."""
TYPES = {
    "source-goes-on-from-every-page": "product",
    "source-ends-on-a-repeated-page": "order",
    "destination-leaves-alone-what-is-not-said": "contact",
}


@functools.cache
def subject_of(law):
    return Subject.of(PLUGINS, OTHERS.get(law, "shopify"))


def type_of(law):
    if law.name in TYPES:
        return TYPES[law.name]
    types = law.types(subject_of(law.name))
    return "stocklevel" if "stocklevel" in types else "product"


@functools.cache
def message_of(law):
    """What a law says about its saboteur."""
    with pytest.raises(BrokenLawError) as caught:
        law.run(sabotaged(subject_of(law.name), law.name), type_of(law), Effort(examples=8, seed=1))
    return str(caught.value)


def test_every_law_has_its_saboteur():
    assert set(SABOTEURS) == {law.name for law in LAWS}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_a_broken_connector_breaks_the_law(law):
    name, lines = type_of(law), message_of(law).splitlines()
    connector = subject_of(law.name).loaded.name
    assert lines[0] == f"{connector} breaks the law {law.name} for {name}"
    parts = [line[2:9].rstrip() for line in lines[1:] if line[2:9].strip()]
    assert parts == ["law:", "seen:", "after:", "seed:", "Fix:", "again:"]
    text = " ".join(" ".join(lines).split())
    assert law.says in text
    assert law.fix in text
    assert "seed: 1 " in text
    assert lines[-1] == f"  again: pytest -k {law.name}-{name} --pullpush-seed=1 --pullpush-effort=8"
    assert len(lines) <= 30
    assert all(len(line) <= 110 for line in lines[:-1]), "it is read in a terminal"


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_good_connector_keeps_the_law(law):
    """What the saboteur breaks was whole before: the law finds the mistake, not the platform."""
    try:
        law.run(subject_of(law.name), type_of(law), Effort(examples=2, seed=1))
    except NotProvenError as why:
        pytest.fail(f"the sandbox cannot play it: {why}")


def test_the_smallest_history_is_shown():
    law = next(law for law in LAWS if law.name == "source-misses-no-change")
    text = message_of(law)
    assert "after: 1. before the first page: stock of record 0 set to " in text
    assert "2. " not in text


def test_the_whole_message():
    """As an author reads it."""
    law = next(law for law in LAWS if law.name == "webhook-keeps-what-it-cannot-read")
    assert (
        message_of(law)
        == """\
shopify breaks the law webhook-keeps-what-it-cannot-read for stocklevel
  law:   a body that means nothing is told as an error about it, and so becomes a dead letter with the raw
         body
  seen:  a body that is no JSON raises KeyError: 'data'
  after: 1. a webhook with the body b'<html>not now</html>' arrives
  seed:  1
  Fix:   raise FieldError where a part is missing; no KeyError, no TypeError, no event made of nothing
  again: pytest -k webhook-keeps-what-it-cannot-read-stocklevel --pullpush-seed=1 --pullpush-effort=8"""
    )
