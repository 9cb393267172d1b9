"""Proof against a vendor's own documents: what a connector sent and what its sandbox answered, held against them.

`Recorder` stands before a sandbox's app and keeps every exchange. `Specification` reads an OpenAPI 2 or 3 document and
says how an exchange departs from it. `Deviations` is a data file of departures that have a reason; one that is no
longer needed is itself a failure.
"""

from ._deviations import Deviation, Deviations
from ._record import Exchange, Recorder
from ._spec import Finding, Specification

__all__ = ["Deviation", "Deviations", "Exchange", "Finding", "Recorder", "Specification"]
