"""Which endpoints the recorded traffic shows: lists, single records, writes, and answers that are always the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pullpush_sdk.openapi.lists import BESIDE_RECORDS
from pullpush_sdk.samples import Exchange

from ._endpoints import ID_NAMES, Endpoint, Kind, bare, core_of, identifying, segments_of
from ._graphql import operation_of
from ._inputs import Where, inputs_of, instant_of, is_placeholder, moment_in, number_of
from ._leaves import Place, at, leaves, tables
from ._paging import infer_paging

__all__ = ["endpoints_of", "main_table", "time_field"]

Json = Any
_READS = re.compile(r"(^|[/_.\-])(search|query|list|find|filter|read|get|fetch|select|lookup|retrieve)", re.IGNORECASE)
_WRITES = re.compile(
    r"(^|[/_.\-])(create|update|upsert|write|set|save|add|delete|remove|import|adjust|cancel|put)",
    re.IGNORECASE,
)
_SELECTORS = frozenset(
    {"method", "action", "service", "model", "operation", "request", "type", "call", "entity", "resource", "object"}
)
_POSITIONAL = frozenset({"args", "params", "arguments"})
_MODIFIED = re.compile(r"upd|modif|chang|touch|write", re.IGNORECASE)


def endpoints_of(
    exchanges: Iterable[Exchange], *, fixed: int = 0, described: Sequence[Endpoint] = ()
) -> list[Endpoint]:
    """Every endpoint of the accepted requests; the first `fixed` segments of a path name no record. Of `described`
    ones, those of a document, it is known which segments are open.
    """
    accepted = [each for each in exchanges if each.ok]
    known = _known(accepted)
    groups: dict[tuple[Any, ...], list[Exchange]] = defaultdict(list)
    fields: dict[tuple[Any, ...], tuple[str, ...]] = {}
    kinds: dict[tuple[Any, ...], Kind] = {}
    for exchange in accepted:
        segments, names = _as_described(exchange, described) or _opened(exchange, known, fixed)
        kind = _kind(exchange, segments)
        operation = operation_of(exchange.sent)
        tells: Any = operation.words if operation else tuple(_marks(exchange).items())
        keyed = tuple(sorted(_keyed(exchange, known))) if kind == "fixed" else ()
        key = (exchange.method, segments, tells, "record" if keyed else kind, keyed)
        groups[key].append(exchange)
        fields[key] = names
        kinds[key] = "record" if keyed else kind
    found = [_endpoint(kinds[key], fields[key], recorded, key) for key, recorded in groups.items()]
    order: Sequence[Kind] = ("list", "record", "write", "fixed")
    return sorted(found, key=lambda each: order.index(each.kind))


def _endpoint(kind: Kind, fields: tuple[str, ...], recorded: list[Exchange], key: tuple[Any, ...]) -> Endpoint:
    method, segments, _, _, keyed = key
    shown: dict[str, Any] = {}
    if kind == "list":
        table = _table_of(recorded)
        rows = [row for each in recorded for row in at(each.body, table) or ()]
        core = core_of(rows)
        records = [record for row in rows if isinstance(record := at(row, core), Mapping)]
        shown = {
            "table": table,
            "core": core,
            "paging": infer_paging(recorded, table),
            **_filters(recorded, table, core),
        }
        shown["order"] = _order(recorded[0], table, core)
        if not shown["times"] and records:
            shown["times"] = time_field(records)
    elif kind == "record":
        shown = {"table": _place_of_record(recorded[0], fields, dict(keyed))}
    return Endpoint(
        kind=kind,
        method=method,
        segments=segments,
        fields=fields,
        keyed=dict(keyed),
        marks=_marks(recorded[0]) if operation_of(recorded[0].sent) is None else {},
        operation=operation_of(recorded[0].sent),
        recorded=recorded,
        **shown,
    )


def _kind(exchange: Exchange, segments: tuple[str | None, ...]) -> Kind:
    if not _is_read(exchange):
        return "write"
    has_table = main_table(exchange) is not None
    if segments and segments[-1] is None:
        return "record"
    if has_table:
        return "list"
    return "record" if None in segments else "fixed"


def _is_read(exchange: Exchange) -> bool:
    """Whether a request only asks: by its method, else its words, else an answer that lists more than was sent."""
    if exchange.kind is not None:
        return exchange.kind == "read"
    if exchange.effect is not None or exchange.method in ("PUT", "PATCH", "DELETE"):
        return False
    if exchange.method in ("GET", "HEAD"):
        return True
    operation = operation_of(exchange.sent)
    if operation is not None:
        return operation.kind != "mutation"
    words = [exchange.path, *(str(each) for each in _marks(exchange).values())]
    if any(_WRITES.search(each) for each in words):
        return any(re.search(r"search_read|list|search$", each) for each in words)
    if any(_READS.search(each) for each in words):
        return True
    if exchange.status == 201 or any(rows for _, rows in tables(exchange.sent)):
        return False
    rows = max((len(rows) for _, rows in tables(exchange.body)), default=0)
    return rows > 0 and not _repeats(exchange)


def _repeats(exchange: Exchange) -> bool:
    """Whether an answer says again most of what was sent, as answers to writes do."""
    sent = [(place[-1], value) for place, value in leaves(exchange.sent) if place and value not in (None, "")]
    answered = {(str(place[-1]), str(value)) for place, value in leaves(exchange.body) if place}
    repeated = sum((str(name), str(value)) in answered for name, value in sent)
    return bool(sent) and repeated * 2 >= len(sent)


def main_table(exchange: Exchange) -> Place | None:
    """The place of the largest list of objects that is not below a record; the shallowest of equal ones.

    What stands beside records, as errors do, is a list of them only where there is no other one.
    """
    found = [
        (BESIDE_RECORDS.isdisjoint(map(str, place)), len(rows), -len(place), place)
        for place, rows in tables(exchange.body)
    ]
    return max(found, key=lambda each: each[:3])[3] if found else None


def _table_of(recorded: Sequence[Exchange]) -> Place:
    """The main table of the answer that shows most."""
    found = [(len(at(each.body, place) or ()), place) for each in recorded if (place := main_table(each)) is not None]
    return max(found, key=lambda each: each[0])[1]


def _known(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Values that name records, with their field."""
    found: dict[str, str] = {}
    for exchange in exchanges:
        place = main_table(exchange)
        if place is None:
            continue
        rows = at(exchange.body, place)
        records = [record for row in rows if isinstance(record := at(row, core_of(rows)), Mapping)]
        names = identifying(records)
        names += [name for name in (records[0] if records else ()) if ID_NAMES.search(name) and name not in names]
        for name in names:
            for value in (record.get(name) for record in records):
                if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
                    found.setdefault(str(value), name)
    return found


def _as_described(
    exchange: Exchange, described: Sequence[Endpoint]
) -> tuple[tuple[str | None, ...], tuple[str, ...]] | None:
    """The segments and fields by which a document has this path, None where it has not."""
    found = [(score, each) for each in described if (score := each.fits(exchange)) is not None]
    best = max(found, key=lambda each: each[0])[1] if found else None
    return None if best is None else (best.segments, best.fields)


def _opened(exchange: Exchange, known: Mapping[str, str], fixed: int) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """A path's segments, those open that name a record; and the fields whose values they are."""
    own: dict[str, str] = {}
    for body in (exchange.body, exchange.sent):
        for place, value in leaves(body):
            if place and ID_NAMES.search(str(place[-1])) and isinstance(value, str | int) and str(value):
                own.setdefault(str(value), str(place[-1]))
    segments: list[str | None] = []
    fields: list[str] = []
    for index, part in enumerate(segments_of(exchange.path)):
        name = None if index <= fixed else known.get(bare(part)) or own.get(bare(part))
        segments.append(part if name is None else None)
        if name is not None:
            fields.append(name)
    return tuple(segments), tuple(fields)


def _keyed(exchange: Exchange, known: Mapping[str, str]) -> list[tuple[Where, str]]:
    """Inputs that name the record that the answer holds."""
    answered = {str(value): str(place[-1]) for place, value in leaves(exchange.body) if place}
    found = []
    for where, value in inputs_of(exchange).items():
        text = str(value)
        if is_placeholder(value) or not text or isinstance(value, bool) or text not in answered:
            continue
        if ID_NAMES.search(answered[text]) or text in known:
            found.append((where, known.get(text, answered[text])))
    return found


def _marks(exchange: Exchange) -> dict[Place, Json]:
    """Texts of a body that say what is asked for, as remote procedure calls have them."""
    if not isinstance(exchange.sent, Mapping) or exchange.method in ("GET", "PUT", "PATCH", "DELETE"):
        return {}
    if operation_of(exchange.sent) is not None:
        return {}
    is_call = "jsonrpc" in exchange.sent
    return {
        place: value
        for place, value in leaves(exchange.sent)
        if isinstance(value, str) and value and not is_placeholder(value) and _selects(place, is_call)
    }


def _selects(place: Place, is_call: bool) -> bool:
    name = place[-1]
    if isinstance(name, int):
        return is_call and len(place) > 1 and place[-2] in _POSITIONAL
    return name.lower() in _SELECTORS if is_call else name.lower() in ("action", "method") and len(place) == 1


def _filters(recorded: Sequence[Exchange], table: Place, core: Place) -> dict[str, Any]:
    """Inputs that a recorded answer shows to filter: by an equal field, or by time."""
    equal: dict[Where, str] = {}
    since: Where | None = None
    times = ""
    for exchange in recorded:
        rows = [each for row in at(exchange.body, table) or () if isinstance(each := at(row, core), Mapping)]
        for where, value in inputs_of(exchange).items():
            if is_placeholder(value):
                continue
            if moment_in(value, where.name) is not None and not re.search(r"before|until|max|to$|end", where.name):
                since = where
                times = (time_field(rows) if rows else "") or times
            elif (
                isinstance(where.place[-1], str)
                and rows
                and value
                and (name := _picked(where, value, rows, recorded, table))
            ):
                equal[where] = name
    return {"filters": equal, "since": since, "times": times}


def _picked(
    where: Where, value: Json, rows: Sequence[Mapping[str, Json]], recorded: Sequence[Exchange], table: Place
) -> str:
    """The field by which an input picks records: the one of its name, else one that names a record and has its value
    here and in no other answer.
    """
    shared = [str(name) for name in rows[0] if all(str(row.get(name)) == str(value) for row in rows)]
    own = [name for name in shared if name.lower() in (where.name, where.name.removesuffix("s"))]
    if own:
        return own[0]
    others = [row for each in recorded for row in at(each.body, table) or () if isinstance(row, Mapping)]
    telling = [name for name in shared if any(str(row.get(name)) != str(value) for row in others)]
    texts = isinstance(value, str) and len(value) > 3 and number_of(value) is None
    return next((name for name in telling if texts and (ID_NAMES.search(name) or "@" in str(value))), "")


def time_field(rows: Sequence[Mapping[str, Json]]) -> str:
    """The field that tells when a record changed, empty where none does."""
    fields = [name for name, value in rows[0].items() if instant_of(value, name) is not None]
    return next(iter(sorted(fields, key=lambda name: not _MODIFIED.search(name))), "")


def _order(exchange: Exchange, table: Place, core: Place) -> tuple[str, bool] | None:
    """The time field by which three or more different rows are sorted, None where none is."""
    rows = [each for row in at(exchange.body, table) or () if isinstance(each := at(row, core), Mapping)]
    if len(rows) < 3:
        return None
    for name in rows[0]:
        moments = [instant_of(row.get(name), name) for row in rows]
        known = [each for each in moments if each is not None]
        if len(known) == len(rows) and len(set(known)) > 2:
            if known == sorted(known):
                return name, False
            if known == sorted(known, reverse=True):
                return name, True
    return None


def _place_of_record(exchange: Exchange, fields: Sequence[str], keyed: Mapping[Where, str]) -> Place:
    """Where in an answer the object stands that has the value of the request's record."""
    wanted = {bare(part) for part in segments_of(exchange.path)}
    wanted |= {str(value) for where, value in inputs_of(exchange).items() if where in keyed}
    names = {*fields, *keyed.values()}
    return next(_holders(exchange.body, wanted, names), next(_holders(exchange.body, wanted, None), ()))


def _holders(body: Json, wanted: set[str], names: set[str] | None) -> Iterator[Place]:
    found = [
        place[:-1]
        for place, leaf in leaves(body)
        if place and str(leaf) in wanted and (names is None or place[-1] in names)
    ]
    yield from sorted(found, key=len)
