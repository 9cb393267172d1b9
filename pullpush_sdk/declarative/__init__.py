"""A manifest carried out: the generic implementation of every hook that a document can describe."""

from ._connector import connector_from, connector_of, with_abilities
from ._hooks import ManifestHooks
from ._label import Label, Labels, challenge_answer, decoded
from ._listing import Listing, iter_records
from ._rows import iter_pages, page_of
from ._sign import proofs_of, signed, without_proof
from ._verify import recording_verifies
from ._webhook import brings_token, event_name

__all__ = [
    "Label",
    "Labels",
    "Listing",
    "ManifestHooks",
    "brings_token",
    "challenge_answer",
    "connector_from",
    "connector_of",
    "decoded",
    "event_name",
    "iter_pages",
    "iter_records",
    "page_of",
    "proofs_of",
    "recording_verifies",
    "signed",
    "with_abilities",
    "without_proof",
]
