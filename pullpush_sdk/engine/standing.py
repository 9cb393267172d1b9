"""What an engine tells of single identities: where their latest delivery stands, and what shadow would have changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

__all__ = ["Shadowed", "Standing"]

Json = Any


@attrs.frozen(kw_only=True)
class Standing:
    """The latest delivery of one identity by a flow that writes.

    `state` is waiting, dead or an outcome; empty where the delivery is no longer kept. `written_id` is the id that the
    destination gave the record, None where no delivery returned one.
    """

    state: str = ""
    written_id: str | None = None


@attrs.frozen(kw_only=True)
class Shadowed:
    """One delivery that ended in shadow; `would` is field to (value known before, value it would write).

    A value that was never seen is None, as is one that is known to be empty.
    """

    position: int
    type: str
    key: str
    identity: str
    verb: str
    at: datetime
    would: Mapping[str, tuple[Json, Json]]
