"""The platform's side of webhooks, played by hand: samples signed as the platform signs, and recorded ones again."""

from ._fresh import freshened
from ._outgoing import Outgoing, Ways, outgoing
from ._post import Answered, address_of, post
from ._recorded import as_sample, holds, read_recorded
from ._samples import Sample, choose, samples_of

__all__ = [
    "Answered",
    "Outgoing",
    "Sample",
    "Ways",
    "address_of",
    "as_sample",
    "choose",
    "freshened",
    "holds",
    "outgoing",
    "post",
    "read_recorded",
    "samples_of",
]
