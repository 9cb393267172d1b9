"""Where the records of each canonical type live in an emulated shop, and canonical fields written into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.manifest import Manifest, Resource
from pullpush_sdk.sandbox import ChangeError

from ._backwards import written_as
from ._changes import typed
from ._endpoints import Endpoint, segments_of
from ._fallback import Use, asked_by, meets, uses_of
from ._inverse import lookups, plain_paths
from ._leaves import Place, at
from ._notices import reaches
from ._places import place_of
from ._shop import Collection, Record, Shop

__all__ = ["Goods", "goods_of", "set_at", "written_uses"]

Json = Any
Parts = Callable[[], Sequence[tuple[str | None, Collection]]]
_NAMED = re.compile(r"\{\{\s*(?:record|item)\.([\w.]+)\s*\}\}")


@attrs.frozen(kw_only=True)
class Goods:
    """Where a canonical type lives: a resource, the collection that it reads, and the place of each field in it.

    `parts` are all the collections of a list that each record of another list has, with that record's name, which is
    None where there is one list. `whole` is a record with what only its details show.
    """

    resource: Resource
    collection: Collection
    places: Mapping[str, Place]
    parts: Parts
    whole: Callable[[Record], Record] = lambda record: record
    shifts: bool = False
    """Whether a record that is gone makes the ones behind it move to earlier pages."""

    @classmethod
    def of(
        cls, resource: Resource, collection: Collection, core: Place, parts: Parts, *, shifts: bool = False
    ) -> Goods:
        """The goods of a resource whose rows hold records at `core`; fields whose rules cannot be read backwards have
        no place.
        """
        found = {target: place_of(path) for target, path in plain_paths(resource.canonical_map).items()}
        places = {target: place[len(core) :] for target, place in found.items() if place[: len(core)] == core}
        return cls(resource=resource, collection=collection, places=places, parts=parts, shifts=shifts)

    @property
    def is_plain(self) -> bool:
        """Whether one list shows all that there is of a record."""
        return [name for name, _ in self.parts()] == [None] and self.resource.details is None

    def shows(self, field: str) -> bool:
        """Whether records hold a canonical field themselves: some fields come with their details only."""
        place = self.places.get(field, ())
        return bool(place) and any(reaches(self.whole(each), place) for each in self.collection.recorded)

    def is_choice(self, field: str) -> bool:
        """Whether the map takes a field from the first of several places that is not empty."""
        rule = self.resource.canonical_map.get(field)
        return isinstance(rule, Mapping) and len(rule.get("paths", ())) > 1

    def switches(self, field: str) -> bool:
        """Whether the map takes a field only under a condition."""
        rule = self.resource.canonical_map.get(field)
        return isinstance(rule, Mapping) and "when" in rule

    def find(self, field: str, value: Json, *, location: Json = None) -> Record | None:
        """The record of which a canonical field says this, at a location where one is named."""
        for parent, part in self.parts():
            for record in part.records:
                where = parent if parent is not None else at(record, self.places.get("locationId", ()))
                elsewhere = isinstance(where, str | int) and str(where) != str(location)
                if str(at(self.whole(record), self.places[field])) == str(value) and (
                    location is None or not elsewhere
                ):
                    return record
        return None

    def put(self, record: Record, field: str, value: Json) -> bool:
        """Write a canonical field into a record, false where its place cannot be told."""
        place = self.places.get(field)
        if not place:
            return False
        words = lookups(self.resource.canonical_map[field])
        if words and value is not None:
            if str(value) not in words:
                raise ChangeError(f"{field} {value!r} is no word of this platform", hint=", ".join(sorted(words)))
            value = words[str(value)]
        sample = next((each for r in self.collection.recorded if (each := at(r, place)) is not None), None)
        set_at(record, place, typed(sample, value))
        self._switch(record, field, value)
        return True

    def _switch(self, record: Record, field: str, value: Json) -> None:
        """Where the map reads a field only under a condition, make the condition say whether there is a value."""
        rule = self.resource.canonical_map[field]
        when = rule.get("when") if isinstance(rule, Mapping) else None
        if not isinstance(when, Mapping) or not isinstance(when.get("equals"), bool):
            return
        place = place_of(str(when["path"]))
        inner = at(record, place[:-1])
        if isinstance(inner, dict):
            inner[place[-1]] = when["equals"] if value is not None else not when["equals"]


def goods_of(
    manifest: Manifest, endpoints: Sequence[Endpoint], shop: Shop, values: Mapping[str, Json]
) -> dict[str, Goods]:
    """Canonical type to where its records live: of the first resource that reads a whole list of them, else of the
    list in which a write looks them up.
    """
    found: dict[str, Goods] = {}
    uses = list(uses_of(manifest))
    for use in [*uses, *written_uses(manifest)]:
        resource = use.resource
        if resource is None or use.kind != "list" or resource.canonical_type in found:
            continue
        lists = _lists(use, endpoints, manifest, values)
        parts = _parts(use, lists, uses, endpoints, shop, manifest, values)
        if parts is None:
            continue
        shifts = lists[0].paging.kind in ("page", "offset")
        goods = Goods.of(resource, parts()[0][1], lists[0].core, parts, shifts=shifts)
        whole = _with_details(use, uses, endpoints, shop, manifest, values)
        found[resource.canonical_type] = goods if whole is None else attrs.evolve(goods, whole=whole)
    return found


def written_uses(manifest: Manifest) -> list[Use]:
    """The lists in which writes look up what no resource reads."""
    read = {each.canonical_type for each in manifest.resources.values()}
    written = [(name, written_as(push)) for name, push in manifest.push.items() if push.canonical_type not in read]
    return [
        Use(place=f"$.push.{name}.find.request", kind="list", request=each.list, response=each.response, resource=each)
        for name, each in written
        if each is not None and each.list is not None
    ]


def _lists(use: Use, endpoints: Sequence[Endpoint], manifest: Manifest, values: Mapping[str, Json]) -> list[Endpoint]:
    asked = asked_by(use, manifest, values)
    return [each for each in endpoints if each.kind == "list" and meets(each, asked)]


def _parts(  # noqa: PLR0917 - what a list of lists is made of
    use: Use,
    lists: Sequence[Endpoint],
    uses: Sequence[Use],
    endpoints: Sequence[Endpoint],
    shop: Shop,
    manifest: Manifest,
    values: Mapping[str, Json],
) -> Parts | None:
    """The collections that a resource reads: one, or one for each record of the list that it goes through."""
    if not lists:
        return None
    inner, outer = lists[0], use.resource.for_each if use.resource is not None else None
    if None not in inner.segments:
        collection = next((one for each in lists if (one := shop.of(each, {})) is not None), None)
        return None if collection is None else lambda: [(None, collection)]
    around = next((each for each in uses if each.place == use.place.removesuffix("list") + "for_each.list"), None)
    parents = _lists(around, endpoints, manifest, values) if around is not None else []
    home = shop.of(parents[0], {}) if parents and None not in parents[0].segments else None
    named = _NAMED.findall(use.request.path)
    if home is None or outer is None or len(inner.fields) != 1 or len(named) != 1:
        return None

    def found() -> list[tuple[str | None, Collection]]:
        kept = [each for each in home.records if all(each.get(name) == value for name, value in outer.where.items())]
        names = [str(at(each, place_of(named[0]))) for each in kept]
        parts = [(name, shop.of(inner, {inner.fields[0]: name})) for name in names]
        return [(name, part) for name, part in parts if part is not None]

    return found if found() else None


def _with_details(  # noqa: PLR0917 - what a record's details are found by
    use: Use,
    uses: Sequence[Use],
    endpoints: Sequence[Endpoint],
    shop: Shop,
    manifest: Manifest,
    values: Mapping[str, Json],
) -> Callable[[Record], Record] | None:
    """A record with what its details show beside it, None where nothing is fetched for single records."""
    details = next((each for each in uses if each.place == use.place.removesuffix("list") + "details"), None)
    if details is None:
        return None
    asked = asked_by(details, manifest, values)
    endpoint = next((each for each in endpoints if each.kind == "record" and meets(each, asked)), None)
    named = [found for each in segments_of(details.request.path) for found in _NAMED.findall(each)]
    if endpoint is None or not endpoint.fields or len(named) != len(endpoint.fields):
        return None
    shown = at(endpoint.recorded[0].body, endpoint.table)
    home = shop.home(endpoint, frozenset(shown if isinstance(shown, dict) else ()))

    def whole(record: Record) -> Record:
        names = {field: at(record, place_of(path)) for field, path in zip(endpoint.fields, named, strict=True)}
        found = home.named(names) if home is not None else None
        return record if found is None or found is record else {**record, **found}

    return whole


def set_at(record: Json, place: Place, value: Json) -> None:
    """Put a value at a place; objects on the way are made.

    Raises:
        ChangeError: a step on the way is no object.
    """
    inner: Any = record
    try:
        for step in place[:-1]:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
        inner[place[-1]] = value
    except (TypeError, LookupError):
        raise ChangeError(f"the recorded record has nothing at {'.'.join(map(str, place))}") from None
