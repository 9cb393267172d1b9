"""Requests and records in the platform's own form: lists, searches, and one native record as a canonical one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pullpush_sdk.canonical import dumps, to_sparse
from pullpush_sdk.connector import Connection
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.http import Answer, Call
from pullpush_sdk.manifest import Pagination, Request, Response
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

from .functions import FUNCTIONS

Json = Any
Item = TypeVar("Item")

LIST = Response(records="items", total="total_count")
KEY = "searchCriteria[filterGroups][9][filters][0]"
_PER_SEARCH = 20  # filters of one address: it must stay shorter than servers allow


def criteria(groups: Sequence[Sequence[tuple[str, str, Json]]], *, key: str, after: str = "gt") -> dict[str, Json]:
    """Search parameters: groups of (field, condition, value), any of a group, all groups; in the order of a key.

    Every page asks for what lies behind the last key of the one before, so that rows may come and go meanwhile.
    """
    params: dict[str, Json] = {}
    for number, group in enumerate(groups):
        for index, (field, condition, value) in enumerate(group):
            place = f"searchCriteria[filterGroups][{number}][filters][{index}]"
            params |= {f"{place}[field]": field, f"{place}[conditionType]": condition, f"{place}[value]": value}
    params |= {f"{KEY}[field]": key, f"{KEY}[conditionType]": after, f"{KEY}[value]": "" if after != "gt" else "0"}
    params |= {"searchCriteria[sortOrders][0][field]": key, "searchCriteria[sortOrders][0][direction]": "ASC"}
    return params | {"searchCriteria[pageSize]": "{{page_size}}"}


def found(
    connection: Connection,
    path: str,
    *groups: Sequence[tuple[str, str, Json]],
    fields: str | None = None,
    shown: str = "id",
    key: str = "entity_id",
) -> AsyncGenerator[Json, None]:
    """The rows of a list that match; `key` is the field that orders it, `shown` its name in the rows."""
    # Values go in by name: whatever stands in one, it is not read as a template.
    values = {f"v{i}_{j}": part[2] for i, group in enumerate(groups) for j, part in enumerate(group)}
    named = [[(*part[:2], f"{{{{v{i}_{j}}}}}") for j, part in enumerate(group)] for i, group in enumerate(groups)]
    params = criteria(named, key=key)
    if fields is not None:
        params["fields"] = f"items[{fields}],total_count"
    pages = Pagination(kind="keyset", cursor_param=f"{KEY}[value]", key=shown)
    return iter_records(
        connection, Request(path=f"/{{{{store_code}}}}/V1/{path}", params=params), pages, LIST, **values
    )


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in order, at most `size` together."""
    some: list[Item] = []
    for item in items:
        some.append(item)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


async def products_by_sku(
    connection: Connection, skus: Iterable[str], *, fields: str | None = None
) -> dict[str, list[Json]]:
    """Every product that has exactly one of these SKUs, by SKU.

    One filter per SKU, since a comma would break a list; the database does not tell letters by their case, so what it
    finds is compared again.
    """
    wanted = list(dict.fromkeys(skus))
    rows: dict[str, list[Json]] = {sku: [] for sku in wanted}
    for some in chunks(wanted, _PER_SEARCH):
        group = [("sku", "eq", sku) for sku in some]
        async for row in found(connection, "products", group, fields=fields):
            if row["sku"] in rows:
                rows[row["sku"]].append(row)
    return rows


async def products_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Json]:
    """Products by their ids, which hold no comma."""
    rows: dict[str, Json] = {}
    for some in chunks(dict.fromkeys(ids), 100):
        async for row in found(connection, "products", [("entity_id", "in", ",".join(some))]):
            rows[str(row["id"])] = row
    return rows


async def send(
    connection: Connection,
    method: str,
    path: str,
    body: Json = None,
    *,
    idempotent: bool | None = None,
    accepts: frozenset[int] = frozenset(),
) -> Answer:
    """One request below the store view, or at an absolute path that begins with `/`."""
    return await connection.client.send(
        Call(
            method=method,
            url=path if path.startswith("/") else f"/{connection.settings['store_code']}/V1/{path}",
            body=None if body is None else dumps(body),
            content_type=None if body is None else "application/json",
            idempotent=idempotent,
            accepts=accepts,
        )
    )


def record_of(connection: Connection, resource: str, native: Mapping[str, Json]) -> Any:
    """A native record as a canonical one, by the resource's map.

    Raises:
        FieldError: a value does not fit.
    """
    return map_of(connection, resource).one(native, context_of(connection))


def wire_of(record: Any) -> Mapping[str, Json]:
    """A canonical record as a wire object, for what a write returned."""
    return to_sparse(record)


def context_of(connection: Connection) -> dict[str, Json]:
    """What rules may read beside the record."""
    return {"settings": connection.settings, "item": None, "page": {}, "request": {}}


def map_of(connection: Connection, resource: str) -> CompiledMap:
    """The resource's map, compiled once per connection."""
    memo = f"magento.map.{resource}"
    if memo not in connection.memo:
        declared = connection.connector.manifest.resources[resource]
        functions = Functions({f"magento:{name}": function for name, function in FUNCTIONS.items()}, owner="magento")
        kind = connection.types[declared.canonical_type]
        connection.memo[memo] = compile_map(parse_map(declared.canonical_map)[0], kind, functions, name=resource)
    compiled: CompiledMap = connection.memo[memo]
    return compiled
