"""Incoming webhooks by a manifest: which event is it, what repeats it, and what does it say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes
from pullpush_sdk.connector import Connection, Event, Verb, WebhookRequest, version_of
from pullpush_sdk.errors import FieldError, ManifestError
from pullpush_sdk.manifest import Handler, Manifest, Part, Webhook
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

from ._native import native_id, native_paths
from ._reader import ResourceReader
from ._values import at

Json = Any


def brings_token(webhook: Webhook, request: WebhookRequest) -> bool:
    """Whether a request hands over credentials: such a body is dealt with at once and kept nowhere."""
    if not webhook.grants:
        return False
    try:
        body = request.json()
    except (ValueError, ArithmeticError, RecursionError):
        return False
    found = at(body, webhook.array_path) if webhook.array_path else None
    bodies = found if isinstance(found, list) else [body]
    return any(event_name(webhook, request, each) in webhook.grants for each in bodies)


def event_name(webhook: Webhook, request: WebhookRequest, body: Json) -> str:
    """The event's name by the manifest's map of names; empty where the request names none."""
    named = webhook.event_name
    if named is None:
        return ""
    parts = [text for part in named.parts if (text := part_text(part, request, body))]
    name = named.separator.join(parts)
    if not name and named.fallback is not None:
        name = part_text(named.fallback, request, body)
    return webhook.event_type_map.get(name, name)


def transaction_id(webhook: Webhook, name: str, request: WebhookRequest, body: Json) -> str | None:
    """What tells a repeated delivery of this event, None where the request carries nothing of the sort."""
    named = webhook.transaction_id
    if named is None:
        return None
    parts = [text for part in named.overrides.get(name, named.parts) if (text := part_text(part, request, body))]
    return named.separator.join(parts) or None


def part_text(part: Part, request: WebhookRequest, body: Json) -> str:
    """The text at one place of a request, empty where there is none."""
    if part.source == "header":
        return request.headers.get(part.path.lower(), "")
    if part.source == "query":
        return request.query.get(part.path, "")
    value = at(body, part.path)
    return "" if value is None or isinstance(value, Mapping | list) else str(value)


@attrs.define(kw_only=True)
class Receiver:
    """The handlers of one manifest, their maps compiled once."""

    webhook: Webhook
    types: CanonicalTypes
    maps: Mapping[str, CompiledMap]
    versions: Mapping[str, str]
    readers: Mapping[str, ResourceReader]
    contact: CompiledMap | None
    ids: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, manifest: Manifest, *, types: CanonicalTypes, functions: Functions) -> Receiver:
        """The receiver of a manifest that has a webhook section.

        Raises:
            MappingError: a handler's map does not compile.
        """
        assert manifest.webhook is not None
        maps, versions, readers, ids = {}, {}, {}, {}
        customer = manifest.webhook.customer
        contact = None
        if customer is not None:
            contact = compile_map(
                parse_map(customer.map)[0], types["contact"], functions, name=f"{manifest.name}_customer"
            )
        for name, handler in manifest.webhook.handlers.items():
            rules = handler.map
            if rules is None:
                assert handler.resource is not None
                rules = manifest.resources[handler.resource].canonical_map
            kind = types[handler.canonical_type]
            maps[name] = compile_map(parse_map(rules)[0], kind, functions, name=f"{manifest.name}_on_{name}")
            ids[name] = _ids_of(manifest, handler, kind)
            versions[name] = manifest.resources[handler.resource].version if handler.resource else "updated_at"
            if handler.refetch and handler.resource is not None:
                resource = manifest.resources[handler.resource]
                readers[name] = ResourceReader.of(resource, 0, name=manifest.name, types=types, functions=functions)
        return cls(
            webhook=manifest.webhook,
            types=types,
            maps=maps,
            versions=versions,
            readers=readers,
            contact=contact,
            ids=ids,
        )

    async def receive(self, connection: Connection, request: WebhookRequest) -> Sequence[Event]:
        """The events of one request, in its order; none for an event that no handler is for.

        Raises:
            FieldError: the body is not JSON, or a record in it cannot be mapped or identified.
            RemoteError: a record had to be read again, and the platform did not give it.
        """
        try:
            body = request.json()
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise FieldError(f"the webhook's body is not JSON: {error}") from None
        found = at(body, self.webhook.array_path) if self.webhook.array_path else None
        bodies = found if isinstance(found, list) else [body]
        return [event for each in bodies for event in await self._events(connection, request, each)]

    async def _events(self, connection: Connection, request: WebhookRequest, body: Json) -> Sequence[Event]:
        """The event of one body, and the contact inside it; none for a token, which is stored."""
        granted = self.webhook.grants.get(event_name(self.webhook, request, body))
        if granted is not None:
            fields = at(body, granted)
            # Nothing of it may be shown: it holds tokens.
            await connection.client.adopt_grant(fields if isinstance(fields, Mapping) else {})
            return ()
        event = await self._event(connection, request, body)
        if event is None:
            return ()
        contact = None if event.type == "contact" else self._contact(connection, request, body)
        return (event,) if contact is None else (event, contact)

    def _contact(self, connection: Connection, request: WebhookRequest, body: Json) -> Event | None:
        """The customer inside a webhook; None where there is none, or a guest whom nothing identifies."""
        if self.webhook.customer is None or self.contact is None:
            return None
        name = event_name(self.webhook, request, body)
        native = at(body, self.webhook.customer.overrides.get(name, self.webhook.customer.base_path))
        if not isinstance(native, Mapping):
            return None
        context = {"settings": connection.settings, "item": None, "page": {}, "request": {"body": body}}
        kind, record = self.types["contact"], self.contact.one(native, context)
        try:
            kind.identity(record)
        except FieldError:
            return None
        moment = kind.updated_at(record)
        transport_id = transaction_id(self.webhook, name, request, body)
        return Event(
            type="contact",
            record=record,
            version=version_of(request.received_at if moment is None else moment),
            transport_id=None if transport_id is None else f"{transport_id}:customer",
        )

    async def _event(self, connection: Connection, request: WebhookRequest, body: Json) -> Event | None:
        name = event_name(self.webhook, request, body)
        handler = self.webhook.handlers.get(name)
        if handler is None:
            return None
        native, observed = at(body, handler.data_path), request.received_at
        if name in self.readers:
            # What is read again is as old as the request that read it, not as the webhook.
            observed = connection.clock.now()
            given = dict(native) if isinstance(native, Mapping) else {}
            given |= {field: at(native, path) for field, path in handler.record.items()}
            try:
                native = await self.readers[name].whole(connection, given, named=True)
            except ManifestError as error:  # what the request is made of is not in the body: no fault of the set-up
                raise FieldError(f"the webhook names no record to read again: {error.message}") from error
        context = {"settings": connection.settings, "item": None, "page": {}, "request": {"body": body}}
        kind = self.types[handler.canonical_type]
        record = self.maps[name].one(native, context)
        kind.identity(record)  # of what nothing identifies the request is kept, not what the map made of it
        moment = kind.updated_at(record)
        known = self.versions[name] == "updated_at" and moment is not None
        return Event(
            type=handler.canonical_type,
            record=record,
            version=version_of(moment if known and moment is not None else observed),
            verb=Verb(handler.verb),
            fields=self.maps[name].fields if handler.partial else None,
            native_id=native_id(native, self.ids[name]),
            transport_id=transaction_id(self.webhook, name, request, body),
        )


def _ids_of(manifest: Manifest, handler: Handler, kind: CanonicalType) -> Sequence[str]:
    """Where the native id of a handler's record stands: as in its resource.

    A handler with a map of its own speaks of a record of the one resource of its type. Only what that resource says in
    so many words is believed of it, and only of an object inside the body: a body's own `id` is often the webhook's.
    """
    if handler.resource is not None:
        return native_paths(manifest.resources[handler.resource], kind)
    declared = [
        each.native_id
        for each in manifest.resources.values()
        if each.canonical_type == handler.canonical_type and each.native_id
    ]
    return declared[0] if len(declared) == 1 and handler.data_path not in ("", "$") else ()
