"""Connectors of platforms that are known by samples alone keep every law that their emulator can play."""

import pytest

from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError
from tests.emulator.shops import SHOPS, subject_of

SUBJECTS = {name: subject_of(name) for name in SHOPS}
CASES = [(name, law, kind) for name, each in SUBJECTS.items() for law in LAWS for kind in law.types(each)]
UNPROVEN = {
    "destination-guesses-no-match": {("quay", "stocklevel")},
    "webhook-tells-deletions": {("harbor", "product"), ("pier", "product")},
}
"""Law to the shops and canonical types whose samples do not show what it needs."""


@pytest.mark.parametrize(("name", "law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_right_manifest_keeps_the_law(name, law, kind):
    effort = Effort(examples=3, seed=5)
    if (name, kind) in UNPROVEN.get(law.name, ()):
        with pytest.raises(NotProvenError):
            law.run(SUBJECTS[name], kind, effort)
    else:
        law.run(SUBJECTS[name], kind, effort)
