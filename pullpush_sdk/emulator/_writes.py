"""Writes with their state: which records a recorded write creates, updates or deletes, and what it answers."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Asked, Exchange
from pullpush_sdk.sandbox import SandboxClock, Violations

from ._answers import Refusals, Reply, echoed, replaced
from ._changes import add, blank, overlaid, remove, stamped, typed
from ._endpoints import ID_NAMES, Endpoint, segments_of
from ._leaves import Place, at, leaves, put, tables
from ._plans import Plan, fields_in, items_of, likest, objects_in, plan_of
from ._shop import Collection, Record, Shop

__all__ = ["Writes"]

Json = Any
Listed = Callable[[Json], list[Any]]
_INVALID = (422, 400, 409, 404)
_WORD = re.compile(r"\w+")
_BRACES = re.compile(r"\{([^{}]+)\}")


class Writes:
    """Carries out the recorded writes of one platform."""

    def __init__(self, shop: Shop, refusals: Refusals, clock: SandboxClock, violations: Violations) -> None:
        self._shop = shop
        self._refusals = refusals
        self._clock = clock
        self._violations = violations
        self._plans: dict[int, Plan] = {}

    def carry_out(self, endpoint: Endpoint, asked: Asked) -> Reply:
        """One write: the state changed, and the answer as recorded with what is there now."""
        plan = self._plan(endpoint)
        exchange = likest(endpoint, asked, plan)
        refusal = self._refusal(endpoint, plan, asked)
        if refusal is not None:
            return self._refused(refusal, asked)
        if exchange.effect is not None:
            return self._effect(exchange, endpoint, asked)
        if plan.collection is None:
            return _reply(exchange, asked, [], None)
        if "delete" in plan.ways:
            return self._delete(endpoint, plan.collection, asked, exchange)
        return self._put(endpoint, plan, plan.collection, asked, exchange)

    def _put(self, endpoint: Endpoint, plan: Plan, collection: Collection, asked: Asked, exchange: Exchange) -> Reply:
        items = items_of(asked.sent, plan)
        if not items or not all(isinstance(each, Mapping) for each in items):
            return self._refusals.reply(_INVALID, asked, "the body is not of the recorded form", endpoint)
        values = endpoint.values(asked)
        targets = [
            self._target(collection, item, {} if plan.many and len(items) > 1 else values, plan) for item in items
        ]
        missing = [index for index, target in enumerate(targets) if target is None and "create" not in plan.ways]
        if missing:
            return self._missing(
                endpoint, asked, items, missing, (lambda sent: items_of(sent, plan)) if plan.many else None
            )
        written = []
        for item, target in zip(items, targets, strict=True):
            if target is None or "update" not in plan.ways:
                written.append(self._create(collection, item, endpoint, plan))
            else:
                self._update(collection, target, item)
                written.append(target)
        return _reply(exchange, asked, written, collection)

    def _target(self, collection: Collection, item: Json, values: Mapping[str, str], plan: Plan) -> Record | None:
        if values:
            return collection.named(values)
        names = [name for name in collection.names if item.get(name) not in (None, "")]
        named = {name: item[name] for name in names if ID_NAMES.search(name)} or {n: item[n] for n in names[:1]}
        return collection.named(named) if named and "update" in plan.ways else None

    def _update(self, collection: Collection, record: Record, item: Mapping[str, Json]) -> None:
        known = collection.fields
        for name, value in item.items():
            if name in known or name in record:
                record[name] = typed(known.get(name), value)
        stamped(record, self._clock.now(), collection, sent=item)

    def _create(self, collection: Collection, item: Mapping[str, Json], endpoint: Endpoint, plan: Plan) -> Record:
        record = blank(collection)
        for exchange in endpoint.recorded:
            sent: Json = next(iter(items_of(exchange.sent, plan)), {})
            shown = at(exchange.body, _object(exchange.body, collection) or ())
            if exchange.ok and isinstance(shown, Mapping) and isinstance(sent, Mapping):
                # What the platform filled in by itself; what it repeats is this request's business.
                record |= {k: copy.deepcopy(v) for k, v in shown.items() if k not in sent and k in collection.fields}
        record |= {name: typed(collection.fields.get(name), item[name]) for name in item if name in collection.fields}
        if item.get(collection.key) in (None, ""):
            record[collection.key] = collection.fresh(collection.key)
        stamped(record, self._clock.now(), collection, created=True, sent=item)
        add(collection, record, self._clock.now())
        return record

    def _delete(self, endpoint: Endpoint, collection: Collection, asked: Asked, exchange: Exchange) -> Reply:
        record = collection.named(endpoint.values(asked))
        if record is None:
            return self._refusals.reply((404,), asked, "there is no such record", endpoint)
        remove(collection, record)
        return _reply(exchange, asked, [record], collection)

    def _missing(
        self, endpoint: Endpoint, asked: Asked, items: Sequence[Json], missing: Sequence[int], listed: Listed | None
    ) -> Reply:
        """The refusal of items that name no record; `listed` finds the items of a request that has several."""
        self._violations.count("unknown_record")
        exchange = next((each for each in self._refusals.of(endpoint) if each.meaning in _INVALID), None)
        if exchange is None:
            named = "; ".join(f"{index}: {_shown(items[index])}" for index in missing)
            return self._refusals.reply((404, 422, 400), asked, f"no such record: {named}", endpoint)
        if listed is None:
            return self._refused(exchange, asked)
        refused: Json = next((each for each in listed(exchange.sent) if _is_named(each, exchange.body)), {})
        item = items[missing[0]]
        renamed = {str(value): str(item.get(name, "")) for name, value in refused.items() if isinstance(value, str)}
        body = _numbered(replaced(exchange.body, renamed), missing[0])
        return Reply(status=exchange.status, headers=exchange.answer_headers, body=body)

    def _refused(self, exchange: Exchange, asked: Asked) -> Reply:
        self._violations.count("refused")
        body = echoed(exchange.body, exchange, asked)
        return Reply(status=exchange.status, headers=exchange.answer_headers, body=body)

    def _refusal(self, endpoint: Endpoint, plan: Plan, asked: Asked) -> Exchange | None:
        """The recorded refusal that fits a request: of one that lacks what accepted ones have, or repeats a name."""
        given = [each for each in items_of(asked.sent, plan) if isinstance(each, Mapping)]
        accepted = [set(fields_in(each)) for one in endpoint.recorded for each in items_of(one.sent, plan)]
        common: set[str] = set.intersection(*accepted) if accepted else set()
        for exchange in self._refusals.of(endpoint):
            if exchange.meaning not in _INVALID:
                continue
            refused = [each for each in items_of(exchange.sent, plan) if isinstance(each, Mapping)]
            lacking = {name for each in refused for name in common - set(fields_in(each))}
            lacking = _told_of(lacking, exchange.body) or lacking
            if any(lacking - set(fields_in(each)) for each in given):
                return exchange
            if not lacking and plan.ways == {"create"} and self._repeats(plan.collection, refused, given):
                return exchange
        return None

    def _repeats(self, collection: Collection | None, refused: Sequence[Json], given: Sequence[Json]) -> bool:
        """Whether a request names a record that is there, where a refused one did so when it was recorded."""
        if collection is None:
            return False
        for name in collection.names:
            known = {str(each.get(name)) for each in collection.recorded}
            if any(str(each.get(name)) in known for each in refused):
                return any(each.get(name) is not None and collection.find(name, each[name]) for each in given)
        return False

    def _effect(self, exchange: Exchange, endpoint: Endpoint, asked: Asked) -> Reply:
        """What the sample itself says that a write does."""
        effect = exchange.effect
        assert effect is not None
        items = _each(effect, asked.sent)
        homes = [self._listed(_addressed(str(effect.get("list", "")), item, asked)) for item in items]
        if not any(homes):
            return _reply(exchange, asked, [], None)
        found = []
        for item, home in zip(items, homes, strict=True):
            match = {name: _ruled(rule, item, asked) for name, rule in effect.get("match", {}).items()}
            found.append(home.named(match) if match and home is not None else None)
        missing = [index for index, each in enumerate(found) if each is None]
        creates = effect.get("verb") in ("create", "upsert") or not effect.get("match")
        if missing and not creates:
            listed = (lambda sent: _each(effect, sent)) if effect.get("each") else None
            return self._missing(endpoint, asked, items, missing, listed)
        written = [
            self._affected(home, record, item, effect, asked)
            for home, record, item in zip(homes, found, items, strict=True)
            if home is not None
        ]
        return _reply(exchange, asked, written, homes[0])

    def _affected(
        self, collection: Collection, record: Record | None, item: Json, effect: Mapping[str, Json], asked: Asked
    ) -> Record:
        if effect.get("verb") == "delete" and record is not None:
            remove(collection, record)
            return record
        is_new = record is None
        if record is None:
            record = blank(collection)
            record[collection.key] = collection.fresh(collection.key)
        rules = {**(effect.get("match", {}) if is_new else {}), **effect.get("set", {})}
        for name, rule in rules.items():
            value = _ruled(rule, item, asked)
            if value is UNSET or "." in name:
                continue  # what the request does not say stays; a part of a field is set with the field
            mine = record.get(name)
            is_part = isinstance(mine, dict) and isinstance(value, Mapping)
            record[name] = {**mine, **value} if is_part and mine else typed(collection.fields.get(name), value)
        stamped(record, self._clock.now(), collection, created=is_new, sent=rules)
        if is_new:
            add(collection, record, self._clock.now())
        return record

    def _listed(self, path: str) -> Collection | None:
        """The collection of a list's path; after it may stand words of a call's body (`/jsonrpc res.partner`)."""
        path, *words = path.split()[:4] or [""]
        wanted = list(segments_of(path))
        for each in self._shop.collections:
            for one in each.lists:
                marks = {str(value) for value in one.marks.values()}
                if list(one.segments)[-len(wanted) :] == wanted and wanted and marks >= set(words):
                    return each
        return self._shop.below(path)

    def _plan(self, endpoint: Endpoint) -> Plan:
        if id(endpoint) not in self._plans:
            self._plans[id(endpoint)] = plan_of(endpoint, self._shop)
        return self._plans[id(endpoint)]


def _ruled(rule: Json, item: Json, asked: Asked) -> Json:
    """A value of an effect: `$.path` of the item, `$$.path` of the whole body, `@path[n]` a segment, else itself."""
    if not isinstance(rule, str):
        return rule
    if rule.startswith("@path["):
        return segments_of(asked.path)[int(rule[6:-1])]
    if rule.startswith("@query."):
        return dict(asked.params).get(rule.removeprefix("@query."))
    if rule.startswith("$$"):
        return read_path(asked.sent, rule[1:])
    return read_path(item, rule) if rule.startswith("$") else rule


def _addressed(path: str, item: Json, asked: Asked) -> str:
    """The path of an effect's list with what the item says in its braces: `/places/{$.place}/items`."""
    return _BRACES.sub(lambda found: str(_ruled(found[1], item, asked)), path)


def _object(body: Json, collection: Collection) -> Place | None:
    """Where the object of an answer stands that shares most fields with a collection."""
    found = [(len(names & collection.fields.keys()), place) for place, many, names in objects_in(body) if not many]
    found += [
        (len(row.keys() & collection.fields.keys()), (*place, 0)) for place, rows in tables(body) for row in rows[:1]
    ]
    best = max(found, key=lambda each: each[0], default=(0, ()))
    return best[1] if best[0] else None


def _reply(exchange: Exchange, asked: Asked, written: Sequence[Record], collection: Collection | None) -> Reply:
    """The recorded answer with the written records where the recorded ones stood."""
    body = echoed(exchange.body, exchange, asked)
    if collection is not None and written:
        rows = [(place, rows) for place, rows in tables(body) if rows and rows[0].keys() & collection.fields.keys()]
        place = _object(body, collection)
        if rows and len(written) >= 1 and place is not None and place[: len(rows[0][0])] == rows[0][0]:
            where, recorded = rows[0]
            body = put(body, where, [overlaid(recorded[0], each) for each in written])
        elif place is not None:
            body = put(body, place, overlaid(at(body, place), written[0]))
    return Reply(status=exchange.status, headers=exchange.answer_headers, body=body)


def _each(effect: Mapping[str, Json], sent: Json) -> list[Json]:
    """The items that an effect speaks of."""
    items = read_path(sent, effect["each"]) if effect.get("each") else [sent]
    return [each for each in items if isinstance(each, Mapping)] if isinstance(items, list) else []


def _told_of(names: set[str], body: Json) -> set[str]:
    """Those of the fields that a refusal's words are about."""
    words = {word.lower() for _, text in leaves(body) if isinstance(text, str) for word in _WORD.findall(text)}
    return {name for name in names if name.rpartition(".")[2].lower() in words}


def _is_named(item: Json, body: Json) -> bool:
    """Whether a refusal speaks of an item of its request."""
    texts = [str(leaf) for _, leaf in leaves(body)]
    words = [value for value in item.values() if isinstance(value, str) and value] if isinstance(item, Mapping) else []
    return any(word in text for word in words for text in texts)


def _numbered(value: Json, index: int) -> Json:
    """A refusal with an item's index where the recorded one has the index of its own item."""
    if isinstance(value, dict):
        return {
            ".".join(str(index) if part.isdigit() else part for part in str(key).split(".")): (
                index if key in ("index", "item_index", "row") and isinstance(each, int) else _numbered(each, index)
            )
            for key, each in value.items()
        }
    return [_numbered(each, index) for each in value] if isinstance(value, list) else value


def _shown(item: Json) -> str:
    if not isinstance(item, Mapping):
        return str(item)[:80]
    return ", ".join(f"{name} {value}" for name, value in item.items() if ID_NAMES.search(str(name)))[:200]
