"""A manifest carried out: the generic implementation of every hook that a document can describe."""

from ._connector import connector_from, connector_of, with_abilities
from ._hooks import ManifestHooks
from ._label import Label, Labels, challenge_answer, decoded
from ._listing import iter_records

__all__ = [
    "Label",
    "Labels",
    "ManifestHooks",
    "challenge_answer",
    "connector_from",
    "connector_of",
    "decoded",
    "iter_records",
    "with_abilities",
]
