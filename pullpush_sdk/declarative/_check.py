"""Looking whether a connection works, and which stock locations it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing

from pullpush_sdk.connector import Connection, Finding, Location
from pullpush_sdk.errors import AuthError, ContractError, RemoteError
from pullpush_sdk.http import call_of
from pullpush_sdk.manifest import Locations, Manifest

from ._connector import resources_of
from ._listing import ListReader
from ._values import at, is_like, values_of


async def check(manifest: Manifest, connection: Connection) -> Sequence[Finding]:
    """The manifest's own check request, or the first page of each readable list, one finding for each."""
    if manifest.check is not None:
        return [await _account(manifest, connection)]
    types = dict.fromkeys(resource.canonical_type for resource in manifest.resources.values())
    return [await _first_page(manifest, connection, name) for name in types if resources_of(manifest, name)]


async def _account(manifest: Manifest, connection: Connection) -> Finding:
    assert manifest.check is not None
    try:
        answer = await connection.client.send(call_of(manifest.check.request, values_of(connection)))
    except RemoteError as error:
        return _failure("credentials" if isinstance(error, AuthError) else "endpoint", error)
    who = at(answer.json(), manifest.check.identity) if manifest.check.identity else None
    return Finding(name="credentials", ok=True, message=f"accepted by {manifest.title}" + (f" as {who}" if who else ""))


async def _first_page(manifest: Manifest, connection: Connection, canonical_type: str) -> Finding:
    resource = resources_of(manifest, canonical_type)[0]
    outer = resource.for_each
    try:
        if outer is not None:
            await anext(ListReader.of(outer.list, outer.pagination, outer.response).pages(connection, {}))
        else:
            assert resource.list is not None
            reader = ListReader.of(resource.list, resource.pagination, resource.response)
            await anext(reader.pages(connection, {"since": None, "item": None}))
    except RemoteError as error:
        return _failure(f"read {canonical_type}", error)
    return Finding(name=f"read {canonical_type}", ok=True, message=f"the list of {resource.name} answers")


def _failure(name: str, error: RemoteError) -> Finding:
    said = f": {error.answer}" if error.answer else ""
    return Finding(name=name, ok=False, message=f"{error.message}{said}", hint=error.hint)


async def locations(declared: Locations, connection: Connection) -> Sequence[Location]:
    """The platform's stock locations, in use or not.

    Raises:
        ContractError: one of them has no id.
    """
    found: list[Location] = []
    reader = ListReader.of(declared.list, declared.pagination, declared.response)
    async with aclosing(reader.pages(connection, {})) as pages:
        async for page in pages:
            found += [_location(declared, record) for record in page.records if isinstance(record, Mapping)]
    return found


def _location(declared: Locations, record: Mapping[str, object]) -> Location:
    found = at(record, declared.id)
    if found is None or found == "":
        raise ContractError(f"a location has no id at {declared.id}", hint="look at locations.id in the manifest")
    return Location(
        id=str(found),
        name=str(at(record, declared.name) or ""),
        active=is_like(record, declared.active),
    )
