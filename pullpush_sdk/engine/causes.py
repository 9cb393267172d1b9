"""Which failures are the same failure: the reason without what differs from record to record."""

from __future__ import annotations

import re
from hashlib import blake2b

__all__ = ["cause_of"]

_PARTICULAR = re.compile(r"""'[^']*'|"[^"]*"|\b[0-9a-f]{8,}\b|\d+(?:[.,]\d+)*""", re.IGNORECASE)


def cause_of(flow: str, canonical_type: str, reason: str) -> str:
    """Twelve hexadecimal digits that are equal for reasons that differ only in numbers, ids and quoted values."""
    shape = _PARTICULAR.sub("#", reason)
    return blake2b(f"{flow}\0{canonical_type}\0{shape}".encode(), digest_size=6).hexdigest()
