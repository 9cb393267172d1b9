"""A deliberately broken connector for every law: a law that no mistake can break proves nothing.

Each takes a good connector and makes one mistake that real connectors make.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.testing.conformance._subject import Subject

from . import hearing, reading, writing
from ._hooks import Sabotage

__all__ = ["SABOTEURS", "sabotaged"]

SABOTEURS: Mapping[str, Sabotage] = {**reading.SABOTEURS, **writing.SABOTEURS, **hearing.SABOTEURS}
"""Law to what breaks it: the hooks of a good connector in, those of a broken one out."""


def sabotaged(subject: Subject, law: str) -> Subject:
    """The subject with the mistake that the law is there to find."""
    loaded: LoadedConnector = subject.loaded
    return attrs.evolve(subject, loaded=attrs.evolve(loaded, hook=SABOTEURS[law](loaded.hook)))
