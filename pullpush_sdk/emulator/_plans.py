"""What a recorded write does: to which records, by which objects of its body, in which ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from pullpush_sdk.samples import Asked, Exchange

from ._endpoints import Endpoint, segments_of
from ._leaves import Place, at, leaves, tables
from ._shop import Collection, Shop

__all__ = ["Plan", "fields_in", "items_of", "likest", "objects_in", "plan_of"]

Json = Any


@attrs.frozen(kw_only=True)
class Plan:
    """What a write endpoint does: to which collection, with the objects at which place, in which ways.

    `place` is a list's where `many`, whose items have their objects at `inner`. `ways` are create, update and
    delete, as recorded.
    """

    collection: Collection | None
    place: Place = ()
    many: bool = False
    inner: Place = ()
    ways: frozenset[str] = frozenset()


def plan_of(endpoint: Endpoint, shop: Shop) -> Plan:
    """What the recorded requests of a write endpoint show that it does."""
    exchange = endpoint.recorded[0]
    best: tuple[int, Place, bool, Place, Collection | None] = (0, (), False, (), None)
    found = [(place, many, (), names) for place, many, names in objects_in(exchange.sent)]
    for place, many, inner, names in [*found, *_wrapped(exchange.sent)]:
        home = shop.home(endpoint, frozenset(names))
        overlap = len(names & home.fields.keys()) if home is not None else 0
        if overlap > best[0]:
            best = (overlap, place, many, inner, home)
    _, place, many, inner, collection = best
    if collection is None:
        shown = {str(place[-1]) for place, _ in leaves(exchange.body) if place} | set(endpoint.fields)
        collection = shop.home(endpoint, frozenset(shown))
    plan = Plan(collection=collection, place=place, many=many, inner=inner)
    if collection is None:
        return plan
    return attrs.evolve(plan, ways=frozenset(_way(endpoint, each, plan, collection) for each in endpoint.recorded))


def _way(endpoint: Endpoint, exchange: Exchange, plan: Plan, collection: Collection) -> str:
    """What a recorded write did: it created where it was answered so, or named a new record by a name of its own."""
    words = [*segments_of(exchange.path), *(endpoint.operation.roots if endpoint.operation else ())]
    words += [str(each) for each in endpoint.marks.values()]
    if exchange.method == "DELETE" or any("delete" in each.lower() or "remove" in each.lower() for each in words):
        return "delete"
    if endpoint.fields:
        return "update"
    named = {
        name: each for each in items_of(exchange.sent, plan) for name in collection.names if name in fields_in(each)
    }
    if named and not collection.key and len(named) == len(collection.names):
        return "update"
    if exchange.status == 201 or any("create" in each.lower() for each in words[-3:]):
        return "create"
    if any("update" in each.lower() for each in words[-3:]):
        return "update"
    for item in items_of(exchange.sent, plan):
        for name in collection.names:
            if isinstance(item, Mapping) and any(str(item.get(name)) == str(r.get(name)) for r in collection.recorded):
                return "update"
    return "create"


def likest(endpoint: Endpoint, asked: Asked, plan: Plan) -> Exchange:
    """The recorded exchange whose body is most like a request's."""
    given = {name for each in items_of(asked.sent, plan) for name in fields_in(each)}
    return max(
        endpoint.recorded,
        key=lambda one: len(given & {n for each in items_of(one.sent, plan) for n in fields_in(each)}),
    )


def objects_in(sent: Json, place: Place = ()) -> Iterator[tuple[Place, bool, set[str]]]:
    """Objects and lists of objects in a body, the outer ones first: place, whether a list, and their names."""
    for where, rows in tables(sent):
        if rows:
            yield (*place, *where), True, {str(name) for row in rows for name in row}
    if isinstance(sent, Mapping):
        yield place, False, set(map(str, sent))
        for name, each in sent.items():
            if isinstance(each, Mapping):
                yield from (found for found in objects_in(each, (*place, name)) if not found[1])


def _wrapped(sent: Json) -> Iterator[tuple[Place, bool, Place, set[str]]]:
    """Objects inside of a list's items, as platforms have them that take changes of several kinds."""
    for where, rows in tables(sent):
        for name in rows[0] if rows else ():
            if all(isinstance(each.get(name), Mapping) for each in rows):
                yield where, True, (name,), {str(key) for each in rows for key in each[name]}


def items_of(sent: Json, plan: Plan) -> list[Json]:
    """The objects of a request's body that a plan speaks of."""
    found = at(sent, plan.place)
    if plan.many:
        return [at(each, plan.inner) for each in found] if isinstance(found, list) else []
    return [found] if isinstance(found, Mapping) else []


def fields_in(item: Json) -> list[str]:
    """The fields of an object that hold something."""
    return [str(name) for name, value in item.items() if value not in (None, "")] if isinstance(item, Mapping) else []
