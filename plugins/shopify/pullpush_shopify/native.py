"""Single records, read and mapped exactly as the manifest reads and maps whole lists of them.

Fields, maps and the documents that drain nested lists stand in `connector.yaml` only: what a webhook or a write gives
back is the same event that the next poll would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes, to_sparse
from pullpush_sdk.connector import Connection, version_of
from pullpush_sdk.manifest import Attach, Manifest, Resource
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

from .graphql import ask
from .records import FUNCTIONS

Json = Any


def resource_of(connection: Connection, name: str) -> Resource:
    """A resource of the connector's manifest."""
    manifest: Manifest = connection.connector.manifest
    return manifest.resources[name]


def fragments_of(connection: Connection, name: str) -> str:
    """The fragments of a resource's list document: what is read of one record."""
    listed = resource_of(connection, name).list
    assert listed is not None
    assert listed.query is not None
    return listed.query[listed.query.index("fragment ") :]


async def read(connection: Connection, resource: str, document: str, variables: Mapping[str, Json]) -> Json:
    """The data of a query that names fragments of a resource."""
    return await ask(connection, f"{document}\n{fragments_of(connection, resource)}", variables)


async def product_by_id(connection: Connection, gid: str) -> Json:
    """A product with all of its variants, None where there is none."""
    data = await read(
        connection, "products", "query ProductById($id: ID!) { product(id: $id) { ...Product } }", {"id": gid}
    )
    return await drained(connection, "products", data["product"])


async def order_by_id(connection: Connection, gid: str) -> Json:
    """An order with all of its lines, None where there is none or it is older than the app may see."""
    data = await read(connection, "orders", "query OrderById($id: ID!) { order(id: $id) { ...Order } }", {"id": gid})
    return await drained(connection, "orders", data["order"])


async def customer_by_id(connection: Connection, gid: str) -> Json:
    """A customer, None where there is none."""
    query = "query CustomerById($id: ID!) { customer(id: $id) { ...Customer } }"
    return (await read(connection, "customers", query, {"id": gid}))["customer"]


async def drained(connection: Connection, resource: str, record: Json) -> Json:
    """The record with the rest of its nested lists, which the platform cuts off without a word; None stays None."""
    for attach in resource_of(connection, resource).attach:
        if record is None:
            return None
        record = await _filled(connection, attach, record)
    return record


async def _filled(connection: Connection, attach: Attach, record: Mapping[str, Json]) -> Json:
    field = attach.into.partition(".")[0]
    found, page = list(record[field]["nodes"]), record[field]["pageInfo"]
    assert attach.request.query is not None
    while page["hasNextPage"]:
        variables = {"id": record["id"], "first": attach.pagination.size, "after": page["endCursor"]}
        data = await ask(connection, attach.request.query, variables)
        (parent,) = data.values()
        if parent is None:
            return None
        found += parent[field]["nodes"]
        page = parent[field]["pageInfo"]
    return {**record, field: {"nodes": found, "pageInfo": page}}


def record_of(connection: Connection, resource: str, native: Json) -> Any:
    """The canonical record of a native one.

    Raises:
        FieldError: it cannot be mapped, say for want of a SKU.
    """
    found = resource_of(connection, resource)
    return _mapped(connection, f"one of {resource}", found.canonical_type, found.canonical_map, native)


def body_of(connection: Connection, topic: str, body: Json) -> Any:
    """The canonical record of a webhook's body, by its handler's own map.

    Raises:
        FieldError: it cannot be mapped.
    """
    handler = connection.connector.manifest.webhook.handlers[topic]
    return _mapped(connection, f"body of {topic}", handler.canonical_type, handler.map, body)


def is_invoice(connection: Connection, order: Mapping[str, Json]) -> bool:
    """Whether an order counts as an invoice: it was paid, in part at least."""
    wanted = resource_of(connection, "invoices").where
    return all(order[name] in words for name, words in wanted.items())


def returned(connection: Connection, resource: str, native: Json) -> tuple[str, dict[str, Json] | None, int | None]:
    """What an outcome says of a written record: its native id, the record as it is there now, and its version.

    A product without a SKU has no canonical form: then there is an id only.
    """
    kind = connection.types[resource_of(connection, resource).canonical_type]
    if resource == "products" and not any(each["sku"] for each in native["variants"]["nodes"]):
        return native["id"], None, None
    record = record_of(connection, resource, native)
    moment = kind.updated_at(record)
    return native["id"], to_sparse(record), None if moment is None else version_of(moment)


# The manifest is part of this package: a map, compiled at its first use, serves every connection.
_MAPS: dict[str, CompiledMap] = {}


def _mapped(connection: Connection, name: str, canonical_type: str, rules: Mapping[str, Json], native: Json) -> Any:
    if name not in _MAPS:
        own = {f"shopify:{key}": function for key, function in FUNCTIONS.items()}
        functions = Functions().extended(own, owner="shopify")
        kind = CanonicalTypes()[canonical_type]
        _MAPS[name] = compile_map(parse_map(rules)[0], kind, functions, name=f"shopify {name}")
    context = {"settings": connection.settings, "item": None, "page": {}, "request": {}}
    return _MAPS[name].one(native, context)
