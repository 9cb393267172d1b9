"""How destinations hold what they were given: differences that a reconcile delivered and that are still there.

A platform trims, rounds, or has no place for a field. After a reconcile has delivered a record, what still differs is
the way in which the destination holds it. The pair of both contents is remembered, and is no difference until one of
the two changes. Kept in the store in buckets, so that any engine can hold it and a change rewrites little.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.engine.ports import Engine

__all__ = ["Settled", "pair_digest"]

Json = Any

_BUCKETS = 64


def pair_digest(written: Mapping[str, Json], held: Mapping[str, Json] | None) -> bytes:
    """Twelve bytes that tell two contents side by side from any other two; `held` None where there is nothing."""
    text = blake2b(dumps(_ordered(written)), digest_size=12)
    text.update(b"\0" + (b"" if held is None else dumps(_ordered(held))))
    return text.digest()


def _ordered(value: Json) -> Json:
    """Objects in a fixed order: platforms give free ones in another order each time."""
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


@attrs.define
class Settled:
    """What is remembered of one flow and type; load it before asking."""

    engine: Engine
    flow: str
    canonical_type: str
    _known: list[dict[str, str]] = attrs.field(factory=lambda: [{} for _ in range(_BUCKETS)])

    async def load(self) -> None:
        """Read what is remembered."""
        for number in range(_BUCKETS):
            kept = await self.engine.recall(self._name(number))
            self._known[number] = kept if isinstance(kept, dict) else {}

    def has(self, identity: str, digest: bytes) -> bool:
        """Whether exactly these two contents were found settled."""
        number, name = _place(identity)
        return self._known[number].get(name) == digest.hex()

    async def replace(self, pairs: Mapping[str, bytes]) -> None:
        """Remember these identities and no others."""
        fresh: list[dict[str, str]] = [{} for _ in range(_BUCKETS)]
        for identity, digest in pairs.items():
            number, name = _place(identity)
            fresh[number][name] = digest.hex()
        for number, bucket in enumerate(fresh):
            if bucket != self._known[number]:
                await self.engine.remember(self._name(number), bucket or None)
        self._known = fresh

    def _name(self, number: int) -> str:
        return f"flow-settled/{self.flow}/{self.canonical_type}/{number}"


def _place(identity: str) -> tuple[int, str]:
    digest = blake2b(identity.encode(), digest_size=9).digest()
    return digest[0] % _BUCKETS, digest[1:].hex()
