"""What canonical type the records of a list are: by the words of its path, its schema and its tags, and by its fields.

A name alone is not enough: `sort_order` is no order, `order_items` are no products, and a balance of money no stock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import attrs

from pullpush_sdk.openapi import Shape, singular, words_of
from pullpush_sdk.openapi.lists import GENERIC, NO_NOUNS, PAGING_NAMES, fixed_parts, telling_part

from .nouns import BEHIND, BOUND, FITTING, HOLDERS, LINES, OF_SCHEMAS, OTHER, SIGNS, VAGUE
from .shapes import SketchedOperation
from .synonyms import TYPE_WORDS

__all__ = ["is_inner", "named_part", "types_of"]

_LEAST = 0.45


@attrs.frozen(kw_only=True)
class _Told:
    """The words that speak of a list: of its path and its record's schema, those that path and tags share, and those
    of the record's fields.
    """

    path: Sequence[str]
    schema: Sequence[str]
    shared: AbstractSet[str]
    fields: AbstractSet[str]


def types_of(operation: SketchedOperation, record: Shape) -> Iterator[tuple[str, float]]:
    """Canonical types that the records may be, with a certainty."""
    if _holds_lines(operation.path):
        return
    names = [word for name in _names(record) for word in name.split("_")]
    told = _Told(
        path=_head(words_of(named_part(operation.path)), BEHIND),
        schema=_head(words_of(record.name), BEHIND | OF_SCHEMAS),
        shared={singular(word) for part in operation.path.split("/") for word in words_of(part)}
        & {singular(word) for word in words_of(operation.words)},
        fields={*names, *map(singular, names)},
    )
    for canonical_type, nouns in TYPE_WORDS.items():
        worth = max(_noun(canonical_type, noun, told) - 0.02 * place for place, noun in enumerate(nouns))
        signs = SIGNS[canonical_type]
        if worth <= 0 or not (signs.any & told.fields or _is_open(record)):
            continue
        worth += 0.03 * min(len((signs.any | signs.more) & told.fields), 4) if signs.any & told.fields else -0.25
        worth += _place(operation)
        if is_inner(operation.path):
            if canonical_type == "product" and _parent(operation.path) & LINES:
                continue
            worth -= 0.2
        if worth >= _LEAST:
            yield canonical_type, round(min(worth, 0.99), 2)


def _noun(kind: str, noun: str, told: _Told) -> float:
    """How much a list seems to be one of this noun's things, by names; 0: not at all."""
    words = noun.split("_")
    vague = noun in VAGUE.get(kind, ())
    if vague and not SIGNS[kind].more & told.fields:
        return 0.0
    named, said = _called(kind, told.path, words), _called(kind, told.schema, words)
    if named or (told.path and "".join(told.path) == noun.replace("_", "")):
        worth = named or 0.84
    elif said:
        worth = 0.65 * said
    elif set(words) <= told.shared and not told.path:
        worth = 0.4
    else:
        return 0.0
    return (worth + (0.05 if named and said else 0.0)) * (0.85 if vague else 1.0)


def _called(kind: str, name: Sequence[str], words: Sequence[str]) -> float:
    """How much a name speaks of a noun: 0.84 where it is the noun, less for what stands before it."""
    if name[-len(words) :] != words:
        return 0.0
    before = name[: -len(words)]
    if kind == "product" and set(before) & LINES:
        return 0.0
    if any(word in OTHER for word in before):
        return 0.5
    return 0.84 if not before else 0.8 if set(before) <= FITTING else 0.64


def _head(words: Sequence[str], empty: AbstractSet[str] = frozenset()) -> list[str]:
    """The words of a name that say what it is: without verbs in front, without what stands behind `by` or `with`."""
    found = [singular(word) for word in words if word not in NO_NOUNS]
    for index, word in enumerate(found):
        if index and word in BOUND:
            found = found[:index]
            break
    while len(found) > 1 and found[-1] in empty:
        found.pop()
    while len(found) > 1 and found[0] in empty:
        found.pop(0)
    return found


def named_part(path: str) -> str:
    """The part of a path that says what is listed; `items` where nothing but a section stands before it."""
    told = telling_part(path)
    last = next(reversed(fixed_parts(path)), "")
    nouns = {noun for names in TYPE_WORDS.values() for noun in names} | LINES
    if words_of(last) in (("items",), ("item",)) and last != told and _head(words_of(told))[-1:] != []:
        return told if set(_head(words_of(told))) & nouns else last
    return told


def _is_open(record: Shape) -> bool:
    """Whether the fields of a record stand in an object of which the document does not say what it holds."""
    return any(each.kind == "object" and not each.properties and name in HOLDERS
               for name, each in record.properties.items())  # fmt: skip


def _names(record: Shape) -> set[str]:
    """The names of a record's fields, with those of one object in it that holds them all."""
    found = {"_".join(words_of(name)): each for name, each in record.properties.items()}
    for name, inner in list(found.items()):
        if inner.kind == "object" and (name in HOLDERS or len(found) <= 2):
            found |= {"_".join(words_of(each)): shape for each, shape in inner.properties.items()}
    return set(found)


def _place(operation: SketchedOperation) -> float:
    """What the address and the parameters say for a list of everything, and against it."""
    path = operation.path
    worth = 0.04 if any("_".join(words_of(each.name)) in PAGING_NAMES for each in operation.params) else 0.0
    worth -= 0.08 * path.count("{") + (0.06 if operation.method == "POST" else 0.0)
    worth -= 0.02 * max(0, path.count("/") - 3)
    worth -= 0.1 if {"mine", "me"} & {part.lower() for part in fixed_parts(path)} else 0.0
    needed = [each for each in operation.params if each.required and each.place == "query" and each.fixed is None
              and "_".join(words_of(each.name)) not in PAGING_NAMES]  # fmt: skip
    return worth - min(0.3, 0.1 * len(needed))


def _holds_lines(path: str) -> bool:
    """Whether what is listed are the lines of records: `/orders/items`, `/carts/{id}/lines`."""
    last = words_of(next(reversed(fixed_parts(path)), ""))
    return last in (("items",), ("lines",), ("item",), ("line",)) and bool(_parent(path) & LINES)


def _parent(path: str) -> set[str]:
    """The words of the part before the last one, singular."""
    *before, _ = [*fixed_parts(path), ""][:-1] or [""]
    return {singular(word) for part in before[-1:] for word in words_of(part)}


def is_inner(path: str) -> bool:
    """Whether the list belongs to one record of another: `/carts/mine/items`, `/orders/{id}/lines`."""
    nouns = {noun for names in TYPE_WORDS.values() for noun in names} | LINES
    *before, _ = [*fixed_parts(path), ""][:-1] or [""]
    if not any(singular("_".join(words_of(part))) in nouns for part in before):
        return False
    inside = re.search(r"\{[^{}]*\}/[^{}]*$", path) is not None
    return inside or bool(set(words_of(fixed_parts(path)[-1])) & GENERIC)
