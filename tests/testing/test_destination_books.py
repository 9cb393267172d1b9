"""A connector that only writes is judged by its sandbox's books: proven where it is good, caught where it is not."""

import attrs
import pytest

from pullpush_sdk.emulator import written_as
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, NotProvenError
from pullpush_sdk.testing.conformance.saboteurs import sabotaged
from tests.apis.subjects import only_writing

WRITING = [law for law in LAWS if law.name.startswith("destination-")]
SUBJECT = only_writing("woocommerce")
CASES = [(law, kind) for law in WRITING for kind in law.types(SUBJECT)]
OUT_OF_REACH = {
    ("destination-tells-a-batch-apart", "stocklevel"),  # the mistake mixes up a batch, and these are written singly
    ("destination-loses-no-answer", "stocklevel"),  # the client repeats this write by itself until it is answered
}


def test_nothing_of_it_is_read():
    connector = SUBJECT.loaded.connector
    assert not connector.reads
    assert {kind for _, kind in CASES} == connector.writes == {"contact", "product", "stocklevel"}


@pytest.mark.parametrize(("law", "kind"), CASES, ids=lambda each: getattr(each, "name", each))
def test_what_only_writes_keeps_the_laws_of_writing(law, kind):
    law.run(SUBJECT, kind, Effort(examples=3, seed=1))


@pytest.mark.parametrize(
    ("law", "kind"),
    [(law, kind) for law, kind in CASES if (law.name, kind) not in OUT_OF_REACH],
    ids=lambda each: getattr(each, "name", each),
)
def test_what_only_writes_and_is_broken_is_caught(law, kind):
    with pytest.raises(BrokenLawError):
        law.run(sabotaged(SUBJECT, law.name), kind, Effort(examples=8, seed=1))


def test_without_a_look_up_nothing_is_proven_and_the_reason_says_what_to_do():
    """Zid's stock is written in bulk: nothing says where it could be looked up."""
    subject = only_writing("zid")
    law = next(law for law in WRITING if law.name == "destination-writes-twice-as-once")
    with pytest.raises(NotProvenError, match=r"give it a list, or let push\.stocklevel\.find look up"):
        law.run(subject, "stocklevel", Effort(examples=1))


def test_what_is_written_is_read_from_where_it_goes():
    push = SUBJECT.loaded.connector.manifest.push["product"]
    resource = written_as(push)
    assert resource.list == push.find.request
    assert resource.canonical_map["sku"] == "sku"
    assert resource.canonical_map["title"] == "name"
    assert resource.canonical_map["status"]["table"]["publish"] == "active"
    assert written_as(attrs.evolve(push, find=None)) is None
