"""The laws of delivery as runnable checks, the same for every engine and free of any test framework.

`ALL_LAWS` are plain async functions over a `Bench`; `run_law` runs one against an engine. `EngineMachine` (in
`machine`, needs hypothesis) plays random histories with crashes against a simple model. An engine is offered as an
`EngineUnderTest`: how to open it, and how to kill it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from . import baseline, conflicts, failures, inbox, ordering, own_records, repeats, routing, upkeep
from .bench import Bench, Destination, EngineUnderTest

__all__ = ["ALL_LAWS", "Bench", "Destination", "EngineUnderTest", "Law", "run_law"]

Law = Callable[[Bench], Awaitable[None]]

ALL_LAWS: tuple[Law, ...] = (
    *ordering.LAWS,
    *repeats.LAWS,
    *failures.LAWS,
    *routing.LAWS,
    *baseline.LAWS,
    *upkeep.LAWS,
    *inbox.LAWS,
    *own_records.LAWS,
    *conflicts.LAWS,
)
"""Every law, each with a docstring that states it."""


async def run_law(law: Law, under_test: EngineUnderTest) -> None:
    """Run one law against a fresh store.

    Raises:
        AssertionError: the engine breaks the law.
    """
    async with Bench(under_test) as bench:
        await law(bench)
        assert not bench.destination.broken, bench.destination.broken
