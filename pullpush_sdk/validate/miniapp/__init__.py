"""The submission checklist of MiniApp documents: 47 rules over the document as it is written.

Their numbers are those of the format's description; what each says stands in the catalogue, `rules/miniapp.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

from . import _auth, _listing, _packaged, _requests, _sync, _webhook
from ._document import MiniApp

__all__ = ["MiniApp", "check"]


def check(case: Case) -> Iterator[Problem]:
    """Every rule that concerns the document; a bare block is judged by what it could hold only."""
    if not case.is_miniapp or case.document is None or not isinstance(case.document.value, dict):
        return
    if case.loaded is None and not case.document.value.keys() & {"ns", "sync", "auth", "triggers", "webhook"}:
        return
    app = MiniApp.of(case.document)
    for part in (_listing, _auth, _requests, _webhook, _sync, _packaged):
        yield from part.check(case, app)
