"""The state behind an emulated platform: one collection of records per kind of thing that its lists show."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.mapping import read_path

from ._conditions import Condition, meets_all
from ._endpoints import ID_NAMES, Endpoint, identifying, segments_of
from ._inputs import Where, inputs_of, instant_of, moment_in
from ._leaves import at
from ._moments import latest, shifted
from ._records import make_records, named_by, unique_records, varied

__all__ = ["Collection", "Shop"]

Json = Any
_LEAST = 2
_FRESH = timedelta(minutes=1)  # an edit right at the start must be the latest change
_BEFORE = timedelta(hours=1)
Record = dict[str, Json]


@attrs.define(eq=False)
class Collection:
    """Records of one kind, in the platform's order; `key` is the field that tells them apart, empty where several do.

    `names` are all fields that tell them apart, `views` the fields that each list shows of them. `beside` are
    collections that hold a row for each of these records, with the field that both name it by.
    """

    key: str
    names: Sequence[str]
    lists: list[Endpoint] = attrs.field(factory=list)
    views: dict[str, frozenset[str]] = attrs.field(factory=dict)
    recorded: list[Record] = attrs.field(factory=list)
    seeded: list[Record] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)
    made: int = 0
    beside: Sequence[tuple[Collection, str]] = ()

    @property
    def fields(self) -> dict[str, Json]:
        """Every field with a recorded value."""
        return {name: value for record in reversed(self.recorded) for name, value in record.items()}

    def reset(self) -> None:
        """The records as seeded."""
        self.records = copy.deepcopy(self.seeded)
        self.made = 0

    def find(self, field: str, value: Json) -> Record | None:
        """The record whose field says this, None where none does."""
        wanted = str(value)
        return next((each for each in self.records if field in each and str(each[field]) == wanted), None)

    def named(self, values: Mapping[str, Json]) -> Record | None:
        """The record that has all of these values; a field that it does not have may be any that names it."""
        for record in self.records if values else ():
            if all(_has(record, field, value, self.names) for field, value in values.items()):
                return record
        return None

    def had(self, values: Mapping[str, Json]) -> bool:
        """Whether a recorded record has one of these values."""
        return any(str(each.get(field)) == str(value) for field, value in values.items() for each in self.recorded)

    def shown(
        self, endpoint: Endpoint, inputs: Mapping[Where, Json], conditions: Sequence[Condition] = ()
    ) -> list[Record]:
        """The records that a request asks for, by the filters and in the order that the recorded traffic shows."""
        found = [each for each in self.records if meets_all(each, conditions)] if conditions else list(self.records)
        for where, field in endpoint.filters.items():
            if inputs.get(where) not in (None, ""):
                found = [each for each in found if str(each.get(field)) == str(inputs[where])]
        since = None
        if endpoint.since is not None:
            sample = next((v for each in endpoint.recorded if (v := inputs_of(each).get(endpoint.since))), None)
            since = moment_in(inputs.get(endpoint.since), endpoint.since.name, sample=sample)
        if since is not None and endpoint.times:
            times = [(each, instant_of(each.get(endpoint.times), endpoint.times)) for each in found]
            found = [each for each, moment in times if moment is None or moment >= since]
        if endpoint.order is not None:
            found = _sorted(found, *endpoint.order)
        fields = self.views.get(endpoint.name)
        return found if fields is None else [{k: v for k, v in each.items() if k in fields} for each in found]

    def fresh(self, field: str) -> Json:
        """A value of this field that no record has."""
        sample = next((each[field] for each in self.recorded if each.get(field) not in (None, "")), None)
        if sample is None:
            return None
        while True:
            self.made += 1
            value = varied(sample, 7_000 + self.made)
            if self.find(field, value) is None:
                return value


def _shared_name(mine: Collection, theirs: Collection) -> str:
    """The text by which each record of `theirs`, one for each, names a record of `mine`; empty where none does."""
    for name in theirs.names:
        known, named = ([each.get(name) for each in side.recorded] for side in (mine, theirs))
        is_text = len(named) > 1 and all(isinstance(each, str) for each in named)
        if is_text and name in mine.names and set(named) <= set(map(str, known)):
            return name
    return ""


def _has(record: Record, field: str, value: Json, names: Sequence[str]) -> bool:
    if field in record:
        return str(record[field]) == str(value)
    if "." in field:
        return str(read_path(record, field)) == str(value)
    return any(str(record.get(name)) == str(value) for name in names)


def _sorted(records: list[Record], field: str, latest_first: bool) -> list[Record]:
    def moment(record: Record) -> float:
        found = instant_of(record.get(field), field)
        return found.timestamp() if found is not None else 0.0

    return sorted(records, key=moment, reverse=latest_first)


class Shop:
    """All collections of a platform."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        number: int,
        growing: frozenset[str],
        named: frozenset[str],
        now: datetime,
    ) -> None:
        """`growing` names the lists that are filled to `number` records; others stay as recorded.

        What was recorded after `now`, the shop's own time, is moved to before it, all by the same.
        """
        self._number = number
        self._named = named
        self.collections: list[Collection] = []
        self._of: dict[str, Collection] = {}
        self._below: dict[tuple[str, tuple[str, ...]], Collection] = {}
        grows: set[int] = set()
        for endpoint in endpoints:
            if endpoint.kind == "list" and None not in endpoint.segments and endpoint.rows:
                collection = self._joined(endpoint)
                self._of[endpoint.name] = collection
                if endpoint.name in growing:
                    grows.add(id(collection))
        for endpoint in endpoints:
            if endpoint.kind == "record" and endpoint.fields and endpoint.operation is None:
                self._add_unlisted(endpoint, grows)
        self._endpoints = endpoints
        self._move(now)
        for collection in self.collections:
            rows = unique_records(collection.recorded, collection.key)
            wanted = number if id(collection) in grows else len(rows)
            collection.recorded = [dict(each) for each in rows]
            collection.seeded = make_records(rows, wanted, key=collection.key, named=named)
        for collection in self.collections:
            others = [each for each in self.collections if each is not collection and not self._has_creation(each)]
            fields = [(each, field) for each in others if (field := _shared_name(collection, each))]
            collection.beside = fields if self._has_creation(collection) else ()
        self.reset()

    def _has_creation(self, collection: Collection) -> bool:
        """Whether requests make records of it."""
        places = [each.segments for each in collection.lists]
        return any(
            each.method == "POST" and each.kind != "list" and each.segments in places for each in self._endpoints
        )

    def _add_unlisted(self, endpoint: Endpoint, grows: set[int]) -> None:
        """A collection of what was recorded one by one and stands in no list."""
        shown = [(each, at(each.body, endpoint.table)) for each in endpoint.recorded]
        rows = [dict(row) for _, row in shown if isinstance(row, Mapping)]
        home = self.home(endpoint, frozenset(rows[0])) if rows else None
        if len(rows) < _LEAST or any(home is not None and home.had(endpoint.values(each)) for each, _ in shown):
            return
        found = Collection(
            key=next(iter(identifying(rows)), ""), names=identifying(rows), lists=[endpoint], recorded=list(rows)
        )
        found.views[endpoint.name] = frozenset(name for row in rows for name in row)
        self.collections.append(found)
        grows.add(id(found))

    def below(self, path: str) -> Collection | None:
        """The records of the list at the end of this path, one that belongs to a record."""
        for endpoint in self._endpoints:
            given = segments_of(path)
            fitting = endpoint.segments[len(endpoint.segments) - len(given) :]
            if endpoint.kind != "list" or None not in fitting or len(fitting) != len(given):
                continue
            if all(mine in (None, theirs) for mine, theirs in zip(fitting, given, strict=True)):
                opened = [theirs for mine, theirs in zip(fitting, given, strict=True) if mine is None]
                return self.of(endpoint, dict(zip(endpoint.fields, opened, strict=True)))
        return None

    def _move(self, now: datetime) -> None:
        newest = latest([each.recorded for each in self.collections])
        if newest is not None and newest > now - _FRESH:
            by = timedelta(seconds=int((now - _BEFORE - newest).total_seconds()))
            for each in self.collections:
                each.recorded = shifted(each.recorded, by)

    def _joined(self, endpoint: Endpoint) -> Collection:
        """The collection that shows the same records already, else a new one."""
        rows = endpoint.rows
        key = _key_of(endpoint)
        names = identifying(unique_records(rows, key)) if key else named_by(rows[0])
        for each in self.collections:
            if each.key == key and _same_kind(each.recorded, rows, key):
                break
        else:
            each = Collection(key=key, names=names)
            self.collections.append(each)
        each.recorded += rows
        each.lists.append(endpoint)
        each.views[endpoint.name] = frozenset(name for row in rows for name in row)
        return each

    def reset(self) -> None:
        """Every collection as seeded."""
        self._below.clear()
        for each in self.collections:
            each.reset()

    def dump(self) -> dict[str, list[Record]]:
        """The whole state as JSON, by the lists that show it."""
        return {" + ".join(each.views): each.records for each in self.collections}

    def of(self, endpoint: Endpoint, values: Mapping[str, str]) -> Collection | None:
        """The records of a list; of one that belongs to a record, those of the record that `values` name."""
        if None not in endpoint.segments:
            return self._of.get(endpoint.name)
        if not endpoint.rows or not values:
            return None
        parent = (endpoint.name, tuple(values.values()))
        if parent not in self._below:
            self._below[parent] = self._part(endpoint, values)
        return self._below[parent]

    def _part(self, endpoint: Endpoint, values: Mapping[str, str]) -> Collection:
        """What a record's own list holds: as recorded for the recorded ones, else the like with names of its own."""
        key = _key_of(endpoint)
        own = [each for each in endpoint.recorded if endpoint.values(each) == dict(values)]
        if own:
            seeded = unique_records(attrs.evolve(endpoint, recorded=own).rows, key)
        else:
            place = len(self._below) + 1
            first = unique_records(attrs.evolve(endpoint, recorded=endpoint.recorded[:1]).rows, key)
            copies = make_records(first, len(first) * (place + 1), key=key, named=self._named)
            given = dict(zip(endpoint.values(endpoint.recorded[0]).values(), values.values(), strict=True))
            seeded = [_renamed(each, given) for each in copies[len(first) * place :]]
        made = [dict(each) for each in seeded]
        found = Collection(
            key=key, names=identifying(made) if key else named_by(made[0] if made else {}), recorded=made, seeded=made
        )
        found.reset()
        return found

    def home(self, endpoint: Endpoint, fields: frozenset[str]) -> Collection | None:
        """The collection that an endpoint is about: by its path, then by the `fields` that it speaks of."""
        scored = [(_closeness(each, endpoint), len(fields & each.fields.keys()), each) for each in self.collections]
        close = [each for each in scored if each[1] and (each[0] > 0 or each[1] * 2 >= len(fields))]
        return max(close, key=lambda each: each[:2])[2] if close else None

    def knows(self, values: Mapping[str, str]) -> bool:
        """Whether any record is named so."""
        return any(all(each.find(field, value) is not None for field, value in values.items()) for each in self._all())

    def _all(self) -> Iterator[Collection]:
        yield from self.collections
        yield from self._below.values()


def _closeness(collection: Collection, endpoint: Endpoint) -> int:
    """How many fixed segments the endpoint's path shares with a list of the collection beyond what all lists share."""
    best = 0
    for each in collection.lists:
        fixed = [part for part in each.segments if part is not None]
        if list(endpoint.segments[: len(fixed)]) == fixed and (endpoint.operation is None):
            best = max(best, len(fixed))
    return best


def _walks(endpoint: Endpoint) -> list[list[Record]]:
    """The recorded rows of a list, together those of one walk's pages; of a page asked for twice the later."""
    pages = {str(sorted(inputs_of(each).items(), key=str)): each for each in endpoint.recorded}
    walks: dict[str, list[Record]] = {}
    for each in pages.values():
        kept = sorted((item for item in inputs_of(each).items() if item[0] != endpoint.paging.pager), key=str)
        rows = walks.setdefault(str(kept), [])
        rows += [row for row in attrs.evolve(endpoint, recorded=[each]).rows if row not in rows]
    return [rows for rows in walks.values() if rows]


def _key_of(endpoint: Endpoint) -> str:
    """The field that tells a list's records apart, empty where it takes several."""
    walks = _walks(endpoint)
    several = [rows for rows in walks if len(rows) > 1] or walks[:1]
    if not several:
        return ""
    names = [name for name in identifying(several[0]) if all(name in identifying(rows) for rows in several)]
    ids = [name for name in names if ID_NAMES.search(name)]
    if not ids and named_by(several[0][0]):
        return ""
    return next(iter([*ids, *names]), "")


def _renamed(record: Record, given: Mapping[str, str]) -> Record:
    """A record with its parent's names in the place of another parent's."""
    return {
        name: (type(value)(given[str(value)]) if isinstance(value, str | int) and str(value) in given else value)
        for name, value in record.items()
    }


def _same_kind(known: Sequence[Record], rows: Sequence[Record], key: str) -> bool:
    """Whether two lists show the same things: common names, most fields shared, and these mostly equal.

    Numbers that count from one and times of one import say nothing: customers and orders may share them.
    """
    mine = {str(each.get(key)): each for each in known}
    common = [(mine[str(each.get(key))], each) for each in rows if str(each.get(key)) in mine]
    telling = [
        {name for name, value in each.items() if name != key and instant_of(value, name) is None}
        for each in (known[0], rows[0])
    ]
    shared = [(a[name], b[name]) for a, b in common for name in telling[0] & telling[1] & a.keys() & b.keys()]
    if not common or any(isinstance(a, dict | list) and a != b for a, b in shared):
        return False
    names = {name for name in telling[0] & telling[1] if ID_NAMES.search(name)}
    if any(all(name in a and name in b and str(a[name]) != str(b[name]) for a, b in common) for name in names):
        return False  # of each two one name is the same and another one never is
    least = min(map(len, telling))
    alike = sum(str(a) == str(b) for a, b in shared)
    return len(shared) * 2 >= least * len(common) and len(shared) > len(common) and alike * 10 >= len(shared) * 6
