"""An emulator of any platform, made from its recorded traffic: what `pullpush sandbox PATH` serves.

Wire behaviour (names of parameters, page sizes, places in answers, headers, signatures) comes from the samples, never
from the manifest under test alone: a manifest that misreads its platform fails here as it would there.
"""

from pullpush_sdk.samples import Exchange, Samples, WebhookSample, read_samples

from ._backwards import written_as
from ._emulate import Emulated, emulate, emulate_connector
from ._findings import NotProven
from ._moments import restamped
from ._paging import Paging, infer_paging

__all__ = [
    "Emulated",
    "Exchange",
    "NotProven",
    "Paging",
    "Samples",
    "WebhookSample",
    "emulate",
    "emulate_connector",
    "infer_paging",
    "read_samples",
    "restamped",
    "written_as",
]
