"""Every platform keeps every law that its emulator can play."""

import pytest

from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError
from tests.apis.subjects import NAMES, subject_of

SUBJECTS = {name: subject_of(name) for name in NAMES}
CASES = [(name, law, kind) for name, each in SUBJECTS.items() for law in LAWS for kind in law.types(each)]
NO_EDIT = {
    ("bigcommerce", "stocklevel"),
    ("hubspot", "call"),
    ("square", "stocklevel"),
    ("stripe", "invoice"),
    ("xero", "invoice"),
}
"""Nobody edits calls and invoices there; a SKU names no stock record that stands in lists per location, or in the
details only."""
NO_NAME = {("bigcommerce", "contact"), ("hubspot", "contact"), ("square", "contact"), ("woocommerce", "contact")}
"""The name is joined from two fields: an edit of it cannot be read backwards."""
KEY_UNSHOWN = {("bigcommerce", "stocklevel"), ("square", "stocklevel")}
"""A list does not show the key: the made shop cannot say what it holds."""
NO_DELETION = {
    ("square", "order"),
    *((name, kind) for name in ("bigcommerce", "woocommerce", "zid") for kind in ("contact", "order", "product")),
    ("xero", "contact"),
}
UNHEARD = {
    ("bigcommerce", "product"),
    ("hubspot", "contact"),
    ("square", "contact"),
    ("square", "order"),
    ("stripe", "contact"),
    ("stripe", "invoice"),
    ("woocommerce", "contact"),
    ("woocommerce", "product"),
    ("xero", "invoice"),
    ("zid", "order"),
    ("zid", "product"),
}
"""No recorded webhook is about an edit of these that the made shop can play."""
NO_DELETION_HEARD = {*NO_DELETION, ("hubspot", "contact"), ("square", "contact"), ("stripe", "contact")}
UNPROVEN = {
    "source-reads-everything": KEY_UNSHOWN,
    "source-misses-no-change": NO_EDIT,
    "source-keeps-unknown-apart-from-zero": KEY_UNSHOWN,
    "source-bears-shared-instants": NO_EDIT | NO_NAME,
    "source-bears-a-skewed-clock": NO_EDIT,
    "source-tells-no-dead-record": NO_DELETION,
    "destination-guesses-no-match": {(name, "stocklevel") for name in ("bigcommerce", "woocommerce", "zid")},
    "destination-ends-with-the-newest": {("xero", "contact")},
    "pair-comes-to-rest": NO_EDIT,
    "webhook-refuses-forgeries": UNHEARD,
    "webhook-twice-is-once": UNHEARD,
    "webhook-says-what-a-poll-reads": UNHEARD,
    "webhook-keeps-what-it-cannot-read": UNHEARD,
    "webhook-tells-deletions": NO_DELETION_HEARD,
}
"""Law to the platforms and canonical types whose samples do not show what it needs."""


@pytest.mark.parametrize(("name", "law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_platform_that_is_described_only_keeps_the_law(name, law, kind):
    effort = Effort(examples=1, seed=5)
    if (name, kind) in UNPROVEN.get(law.name, ()):
        with pytest.raises(NotProvenError):
            law.run(SUBJECTS[name], kind, effort)
    else:
        law.run(SUBJECTS[name], kind, effort)
