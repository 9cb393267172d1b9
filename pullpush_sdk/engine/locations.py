"""Where a stock level of the source goes at the destination.

Locations are never guessed: a plan names them, or says that there is nothing to name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

import attrs

from pullpush_sdk.canonical import whole

__all__ = ["LocationPlan", "Placement", "total"]

_EXACT = 100


@attrs.frozen
class Placement:
    """A place at the destination; `summed` says that its quantity is the sum over several places of the source."""

    location: str | None
    summed: bool = False


def _frozen_sums(sums: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {destination: tuple(sources) for destination, sources in sums.items()}


@attrs.frozen(kw_only=True)
class LocationPlan:
    """Source locations to destination locations.

    `moves` maps one to one. `sums` gives a destination location the sum of the known quantities of several source
    locations. Both empty: locations pass through as they are. Otherwise a location that the plan does not name is
    not delivered (`skipped`). The empty text stands for "no location".

    Raises:
        ValueError: a source location goes to two places, or two source locations are moved to one place.
    """

    moves: Mapping[str, str] = attrs.field(factory=dict)
    sums: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, converter=_frozen_sums)
    _places: Mapping[str, Placement] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        places: dict[str, Placement] = {}
        taken: dict[str, str] = {}
        for source, destination in self.moves.items():
            if destination in taken:
                raise ValueError(
                    f"locations {taken[destination]!r} and {source!r} both go to {destination!r}; sum them instead"
                )
            taken[destination] = source
            places[source] = Placement(destination or None)
        for destination, sources in self.sums.items():
            if destination in taken:
                raise ValueError(f"location {destination!r} is both a sum and the place of {taken[destination]!r}")
            for source in sources:
                if source in places:
                    raise ValueError(f"location {source!r} goes to two places; a second flow can feed the other one")
                places[source] = Placement(destination or None, summed=True)
        object.__setattr__(self, "_places", places)

    @property
    def passes_through(self) -> bool:
        """Whether locations stay as the source named them."""
        return not self._places

    def place(self, location: str | None) -> Placement | None:
        """Where a source location goes; None where the plan does not name it."""
        if not self._places:
            return Placement(location)
        return self._places.get(location or "")

    def members(self, destination: str | None) -> tuple[str, ...]:
        """The source locations whose sum a destination location shows."""
        return self.sums.get(destination or "", ())


def total(quantities: Iterable[int | Decimal | None]) -> int | Decimal | None:
    """The sum of the known quantities; None where not one is known."""
    known = [quantity for quantity in quantities if quantity is not None]
    with localcontext(prec=_EXACT):
        return whole(Decimal(sum(known))) if known else None
