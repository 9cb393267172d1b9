"""Why nothing was drafted from a document, in words for the person who asked for it."""

from __future__ import annotations

import re

from pullpush_sdk.openapi import records_of

from .shapes import Sketch, SketchedOperation

__all__ = ["why_nothing"]

_SHOWN = 4


def why_nothing(sketch: Sketch) -> str:
    """What a platform's requests lack for a list of canonical records."""
    operations = sketch.operations
    if not operations:
        return "the document describes no requests: its `paths` are empty, or nothing stands below them"
    reading = [each for each in operations if each.method == "GET"]
    told = f"of its {len(operations)} requests" if len(operations) > 1 else "its one request"
    lists = [each for each in operations if _lists(each)]
    if lists:
        names = ", ".join(each.path for each in lists[:_SHOWN]) + (" …" if len(lists) > _SHOWN else "")
        return f"none of the lists that it describes ({names}) holds records of a canonical type"
    if not reading:
        return f"{told} {'none reads' if len(operations) > 1 else 'does not read'}: there is no GET"
    if all(each.answer is None for each in reading):
        return f"{told} {'none says' if len(operations) > 1 else 'does not say'} what its answer looks like"
    return f"{told} {'none answers' if len(operations) > 1 else 'does not answer'} with a list of objects"


def _lists(operation: SketchedOperation) -> bool:
    if operation.answer is None or operation.method not in ("GET", "POST"):
        return False
    if re.search(r"\}[^/]*/?$", operation.path):
        return False
    return records_of(operation.path, operation.answer) is not None
