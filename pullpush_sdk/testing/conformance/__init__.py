"""The laws that every connector must keep, tried against its own sandbox with faults, lost answers and a busy merchant.

In a connector's tests, with pytest and hypothesis installed:

    from pullpush_sdk.testing.conformance import LAWS, suite

    test_the_laws = suite(LAWS, "acme")

Each law is tried per canonical type. A failure names the law, the smallest history that breaks it, the seed, and what
to mend; see docs/how-to/conformance.md.
"""

from . import destination, destination_care, pair, pair_content, source, source_drift, source_state, webhook
from ._law import BrokenLawError, Effort, Law, NotProvenError
from ._subject import Shop, Subject
from ._suite import suite

__all__ = ["LAWS", "BrokenLawError", "Effort", "Law", "NotProvenError", "Shop", "Subject", "suite"]

LAWS: tuple[Law, ...] = (
    *source.LAWS,
    *source_state.LAWS,
    *source_drift.LAWS,
    *destination.LAWS,
    *destination_care.LAWS,
    *pair.LAWS,
    *pair_content.LAWS,
    *webhook.LAWS,
)
"""Every law: of reading, of writing, of both ways, of webhooks."""
