"""Events made by a connector's own Python are checked once, where they enter; a manifest's map checks its own."""

from __future__ import annotations

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, from_wire, to_sparse
from pullpush_sdk.connector import Event, Page, Reject
from pullpush_sdk.errors import ContractError, FieldError
from pullpush_sdk.plugins import LoadedConnector

_MANIFEST = "manifest"


def is_written_in_python(loaded: LoadedConnector, hook: str) -> bool:
    """Whether the connector's own module implements a hook, be it beside its manifest."""
    return any(each.plugin_name != _MANIFEST for each in getattr(loaded.hook, hook).get_hookimpls())


def checked(page: Page, kind: CanonicalType) -> Page:
    """The page with every record that is no canonical record of `kind` turned into a reject.

    Raises:
        ContractError: an event names another type than was asked for.
    """
    events: list[Event] = []
    rejects: list[Reject] = []
    for event in page.events:
        if event.type != kind.name:
            raise ContractError(f"asked for {kind.name}, the connector gave an event of {event.type!r}")
        reject = _reject(event, kind)
        if reject is None:
            events.append(event)
        else:
            rejects.append(reject)
    return attrs.evolve(page, events=events, rejects=[*page.rejects, *rejects]) if rejects else page


def not_canonical(event: Event, kind: CanonicalType) -> FieldError | None:
    """What keeps an event from being one of `kind`; None where it is one."""
    if event.type != kind.name:
        return FieldError(f"asked for {kind.name}, the connector gave an event of {event.type!r}", target=kind.name)
    reject = _reject(event, kind)
    return None if reject is None else reject.error


def _reject(event: Event, kind: CanonicalType) -> Reject | None:
    record = event.record
    if type(record) is not kind.record:
        error = FieldError(f"not a {kind.record.__name__} but a {type(record).__name__}", target=kind.name)
        return Reject(native=dumps({"repr": repr(record)[:2000]}), error=error)
    try:
        wire = to_sparse(record)
    except (ValueError, TypeError, AttributeError) as error:
        found = FieldError(f"not a canonical {kind.name}: {error}", target=kind.name)
        return Reject(native=dumps({"repr": repr(record)[:2000]}), error=found)
    try:
        from_wire(kind, wire)
        kind.key(record)
    except FieldError as error:
        return Reject(native=dumps(wire), error=error)
    return None
