"""What a sandbox lacks that a law needs, each with the one thing that mends it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "HEARS_NOTHING",
    "NOTHING_HELD",
    "NOT_COUNTED",
    "NO_DELETION_HEARD",
    "NO_STOCK_HEARD",
    "TOO_FEW_EDITED",
    "no_deletion",
    "no_edit",
    "not_written",
]

NOTHING_HELD = "the sandbox has no record of this type: seed one, or record a list that shows one"
NOT_COUNTED = "the sandbox counts no stock: seed, or record, stock with a quantity"
TOO_FEW_EDITED = "the sandbox can edit less than two records of this type: seed more, and let the edit find them by key"
HEARS_NOTHING = (
    "the sandbox sends no webhook about an edit of this type: record one with its headers, or let the sandbox's"
    " outbox tell of it; if the platform sends none, no handler speaks of the type"
)
NO_STOCK_HEARD = "the sandbox sends no webhook about stock: record one of a stock edit, or let the outbox tell of it"
NO_DELETION_HEARD = (
    "the sandbox sends no webhook about a deletion: if the platform sends one, record it, or let the outbox tell of it"
)


def no_edit(kinds: Iterable[str]) -> str:
    """That a sandbox plays none of these edits."""
    names = ", ".join(f"`{kind}`" for kind in kinds)
    return (
        f"the sandbox plays no edit of this type: let `Control.changes` have {names};"
        " one that is made of samples plays what their lists show with key and fields"
        if names
        else "people edit nothing of this type"
    )


def no_deletion(kind: str) -> str:
    """That a sandbox plays no deletion."""
    return (
        f"the sandbox plays no deletion of this type: where the platform has one, let `Control.changes` have `{kind}`"
    )


def not_written(reason: str = "") -> str:
    """That a sandbox took nothing that was written; the first reason, where there is one."""
    first = f"; the first reason: {reason}" if reason else ""
    return f"nothing of this type can be written to the sandbox{first}"
