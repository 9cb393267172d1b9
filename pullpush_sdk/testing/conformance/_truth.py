"""What a shop really holds, by its sandbox's own books: the oracle of the laws that say "everything"."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pullpush_sdk.connector import Event, Page
from pullpush_sdk.emulator import written_as
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

from ._law import broken, not_proven
from ._subject import Shop, newest

__all__ = ["WORDS", "books", "held", "holds_what_was_told", "same_books"]

Json = Any
WORDS: Mapping[str, str] = {"stocklevel": "stock", "contact": "customer"}
"""Canonical type to the word for its records in a sandbox, where it is another one."""


def holds_what_was_told(shop: Shop, canonical_type: str, pages: Sequence[Page]) -> None:
    """Every record that the shop holds was told or rejected, nothing else was, and known stock is what it is.

    Raises:
        BrokenLawError: something is missing, invented, or another quantity.
        NotProvenError: the sandbox does not say what it holds.
    """
    word = WORDS.get(canonical_type, canonical_type)
    listed = shop.sandbox.control.contents.get(word)
    if listed is None:
        not_proven(f"the sandbox does not say which {word} records it holds (Control.contents)")
    held = [(row, frozenset(map(str, row["keys"]))) for row in listed()]
    events = [event for page in pages for event in page.events]
    rejects = sum(len(page.rejects) for page in pages)
    told = [(event, frozenset(_names(shop, event))) for event in events]
    _nothing_is_missing(held, {name for _, names in told for name in names}, rejects)
    if canonical_type == "stocklevel":
        _stock_agrees([row for row, _ in held], events)


def _nothing_is_missing(
    held: Sequence[tuple[Mapping[str, Json], Collection[str]]], told: set[str], rejects: int
) -> None:
    missing = [row["keys"][0] for row, keys in held if not told.intersection(keys)]
    if len(missing) > rejects:
        broken(f"the shop holds {len(held)} records, and {_some(missing)} never came (rejected: {rejects})")


def _stock_agrees(held: Sequence[Mapping[str, Json]], events: Sequence[Event]) -> None:
    told = {(event.record.sku, event.record.location_id): event.record.quantity for event in events}
    for row in held:
        places = [place for place in ((key, row.get("location")) for key in row["keys"]) if place in told]
        if "quantity" in row and places and told[places[0]] != row["quantity"]:
            sku, location = places[0]
            broken(f"the shop has {row['quantity']} of {sku} at {location}, told was {told[places[0]]}")


def _names(shop: Shop, event: Event) -> Iterator[str]:
    """By what a record may be known: its key, its numbers, and the SKUs of its variants."""
    record = event.record
    kind = shop.subject.types[event.type]
    yield str(kind.key(record))
    for field in (*kind.identified_by, "productId", "contactId"):
        value = getattr(record, _python_name(field), None)
        if value:
            yield str(value)
    if event.native_id:
        yield str(event.native_id)
    yield str(kind.key(record)).rpartition(":")[2]
    for variant in getattr(record, "variants", None) or ():
        if variant.sku:
            yield str(variant.sku)


def _python_name(wire: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in wire)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(map(str, names[:5]))}{more}"


async def held(shop: Shop, canonical_type: str) -> dict[str, Event]:
    """The shop's present state: as its connector reads it, else as its own books have what the connector writes.

    Raises:
        NotProvenError: the connector does not read the type, and the books cannot be read either.
    """
    if canonical_type in shop.subject.loaded.connector.reads:
        return newest(shop, (await shop.sweep(canonical_type))[0])
    word, reader = WORDS.get(canonical_type, canonical_type), _reader(shop, canonical_type)
    listed = shop.sandbox.control.contents.get(word)
    rows = [row.get("native") for row in listed()] if listed is not None else [None]
    if reader is None or not all(isinstance(row, Mapping) for row in rows):
        not_proven(
            f"the connector does not read {canonical_type}: give it a list, or let push.{canonical_type}.find look up"
            f" what is there and the sandbox show its {word} records (`native` in Control.contents)"
        )
    mapped = reader.many(rows, {"item": None, "page": {}, "request": {}, "settings": shop.connection.settings})
    return newest(shop, [Event(type=canonical_type, record=each, version=1) for each in mapped.records])


def _reader(shop: Shop, canonical_type: str) -> CompiledMap | None:
    """The connector's writes of a type, read backwards."""
    manifest, key = shop.subject.loaded.connector.manifest, f"conformance.written.{canonical_type}"
    if key not in shop.connection.memo:
        push = None if manifest is None else manifest.push.get(canonical_type)
        resource = None if push is None else written_as(push)
        kind = shop.subject.types[canonical_type]
        shop.connection.memo[key] = resource and compile_map(
            parse_map(resource.canonical_map)[0], kind, Functions(), name=f"written_{canonical_type}"
        )
    found: CompiledMap | None = shop.connection.memo[key]
    return found


def books(shop: Shop) -> Mapping[str, str]:
    """Every table of the shop as text, to be compared later; figures about the load are none of its records."""
    held = shop.sandbox.control.dump()
    tables = held.items() if isinstance(held, Mapping) else [("all", held)]
    return {name: json.dumps(rows, default=str, sort_keys=True) for name, rows in tables if _is_table(rows)}


def _is_table(rows: Json) -> bool:
    values = list(rows.values()) if isinstance(rows, Mapping) else rows if isinstance(rows, list) else []
    return not values or any(isinstance(each, Mapping | list) for each in values)


def same_books(before: Mapping[str, str], after: Mapping[str, str], by: str) -> None:
    """Nothing in the shop is another than before.

    Raises:
        BrokenLawError: something is.
    """
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            old, new = before.get(name, ""), after.get(name, "")
            at = next((n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
            start = max(0, at - 60)
            broken(f"{by} changed {name} of the shop: …{old[start : at + 60]}… became …{new[start : at + 60]}…")
