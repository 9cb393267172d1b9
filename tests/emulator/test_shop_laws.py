"""Connectors of platforms that are known by samples alone keep every law that their emulator can play."""

import pytest

from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError
from tests.emulator.shops import SHOPS, subject_of

SUBJECTS = {name: subject_of(name) for name in SHOPS}
NEEDS_MORE = (
    "source-bears-",
    "source-outlives-",
    "source-tells-",
    "destination-leaves-",
    "destination-guesses-",
    "destination-ends-with-",
    "pair-second-",
    "pair-round-",
    "webhook-",
)
"""Laws that need more edits, overlap or webhooks than the samples of these platforms show."""
TRIED = [law for law in LAWS if not law.name.startswith(NEEDS_MORE)]
CASES = [(name, law, kind) for name, each in SUBJECTS.items() for law in TRIED for kind in law.types(each)]


@pytest.mark.parametrize(("name", "law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_right_manifest_keeps_the_law(name, law, kind):
    try:
        law.run(SUBJECTS[name], kind, Effort(examples=3, seed=5))
    except NotProvenError as why:
        if law.name != "source-reads-everything" or kind != "stocklevel":
            pytest.fail(f"the emulator cannot play it: {why}")
