"""Every platform keeps every law that its emulator can play."""

import pytest

from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError
from tests.apis.subjects import NAMES, subject_of

SUBJECTS = {name: subject_of(name) for name in NAMES}
CASES = [(name, law, kind) for name, each in SUBJECTS.items() for law in LAWS for kind in law.types(each)]
EDITS = {"source-misses-no-change", "pair-comes-to-rest"}
UNPROVEN = {
    ("bigcommerce", "stocklevel"): {*EDITS, "source-keeps-unknown-apart-from-zero"},
    ("hubspot", "call"): EDITS,
    ("square", "stocklevel"): {*EDITS, "source-keeps-unknown-apart-from-zero"},
    ("stripe", "invoice"): EDITS,
    ("xero", "invoice"): EDITS,
}
"""Platform and canonical type to the laws that need a merchant's edit which the emulator cannot play: nobody edits
calls and invoices there, and a SKU names no stock record that stands in lists per location, or in the details only.
"""


@pytest.mark.parametrize(("name", "law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_platform_that_is_described_only_keeps_the_law(name, law, kind):
    effort = Effort(examples=2, seed=5)
    if law.name in UNPROVEN.get((name, kind), ()):
        with pytest.raises(NotProvenError):
            law.run(SUBJECTS[name], kind, effort)
    else:
        law.run(SUBJECTS[name], kind, effort)
