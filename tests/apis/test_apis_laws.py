"""Every platform keeps every law that its emulator can play."""

import pytest

from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, NotProvenError
from pullpush_sdk.testing.conformance.saboteurs import sabotaged
from tests.apis.subjects import NAMES, subject_of

SUBJECTS = {name: subject_of(name) for name in NAMES}
CASES = [(name, law, kind) for name, each in SUBJECTS.items() for law in LAWS for kind in law.types(each)]
UNPROVEN = {
    # These writes name the SKU themselves: which of two is meant, the platform says.
    "destination-guesses-no-match": {("bigcommerce", "stocklevel"), ("zid", "stocklevel")},
    # BigCommerce, HubSpot and WooCommerce tell a number that nothing of ours is named by; Square and Zid delete none.
    "webhook-tells-deletions": {
        ("bigcommerce", "order"),
        ("bigcommerce", "product"),
        ("hubspot", "contact"),
        ("square", "order"),
        ("woocommerce", "contact"),
        ("woocommerce", "product"),
        ("zid", "order"),
    },
}
"""Law to the platforms and canonical types whose samples do not show what it needs."""
HEARD = [
    ("webhook-refuses-forgeries", "square", "order"),
    ("webhook-says-what-a-poll-reads", "bigcommerce", "product"),
    ("webhook-says-what-a-poll-reads", "hubspot", "contact"),
    ("webhook-says-what-a-poll-reads", "stripe", "invoice"),
    ("webhook-says-what-a-poll-reads", "xero", "invoice"),
    ("webhook-says-what-a-poll-reads", "zid", "product"),
    ("webhook-tells-deletions", "square", "contact"),
    ("webhook-tells-deletions", "stripe", "contact"),
    ("webhook-tells-deletions", "woocommerce", "order"),
    ("webhook-tells-deletions", "zid", "product"),
    ("source-tells-no-dead-record", "bigcommerce", "order"),
    ("source-tells-no-dead-record", "zid", "contact"),
    ("source-reads-everything", "bigcommerce", "stocklevel"),
    ("source-keeps-unknown-apart-from-zero", "square", "stocklevel"),
    ("source-misses-no-change", "stripe", "invoice"),
    ("source-misses-no-change", "hubspot", "call"),
    ("source-bears-shared-instants", "square", "contact"),
    ("destination-guesses-no-match", "woocommerce", "stocklevel"),
    ("destination-ends-with-the-newest", "xero", "contact"),
]
"""What is proven only because the made shop plays what samples show of it: each is tried with a broken connector."""


@pytest.mark.parametrize(("name", "law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_platform_that_is_described_only_keeps_the_law(name, law, kind):
    effort = Effort(examples=1, seed=5)
    if (name, kind) in UNPROVEN.get(law.name, ()):
        with pytest.raises(NotProvenError):
            law.run(SUBJECTS[name], kind, effort)
    else:
        law.run(SUBJECTS[name], kind, effort)


@pytest.mark.parametrize(("law", "name", "kind"), HEARD)
def test_whoever_breaks_what_is_proven_is_caught(law, name, kind):
    tried = next(each for each in LAWS if each.name == law)
    with pytest.raises(BrokenLawError):
        tried.run(sabotaged(SUBJECTS[name], law), kind, Effort(examples=3, seed=1))
