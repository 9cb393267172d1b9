"""Events as they arrive, made ready for the log: key, identity, content, and what needs no look at the log.

Everything here is plain computation over one page, so that the store's transaction holds only reads and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, CanonicalType, Product, dumps, join_identity, match_key, to_sparse
from pullpush_sdk.connector import Event, Page, Reject, Verb, version_of
from pullpush_sdk.errors import FieldError

from .content import comparable, content_of, digest_of
from .ports import FlowSpec

__all__ = ["AHEAD_LIMIT", "Arrival", "Dead", "Left", "Prepared", "Preparer"]

Json = Any

AHEAD_LIMIT = 5 * 60 * 1_000_000
"""Microseconds that a version may lie ahead of our clock before it is taken as the time of arrival."""

_INT64 = 2**63


@attrs.define(kw_only=True)
class Arrival:
    """One event on its way into the log.

    `identity` is the destination's (what the gate compares), `seen_as` the source's own (what an echo is told by);
    they differ only where locations are mapped. `quantity` is set where the destination shows a sum: the member's
    share of it. `echo` is the content in which an echo is compared, None where nobody writes to the source. `record` is
    the canonical record as the source said it.
    """

    key: str
    identity: str
    seen_as: str
    verb: str
    version: int
    fields: frozenset[str] | None
    payload: bytes
    digest: bytes
    transport_id: str | None
    native_id: str | None
    echo: Mapping[str, Json] | None = None
    member: str | None = None
    quantity: int | Decimal | None = None
    record: Any = None


@attrs.frozen(kw_only=True)
class Left:
    """A record of the platform that does not carry a key any more: deleted where `key` is None, else it shows `key`.

    `version` is that of the event which told so; `title` is what people know the record by, empty where nobody said.
    """

    native_id: str
    key: str | None = None
    version: int
    title: str = ""


@attrs.frozen(kw_only=True)
class Dead:
    """A record that cannot be delivered and never got as far as an identity; `origin` is where it was read."""

    key: str
    payload: bytes
    reason: str
    mapped: bool = False
    origin: str = ""


@attrs.define(kw_only=True)
class Prepared:
    """A page, ready to be stored. `left` are records whose events are not logged and may yet free a key."""

    arrivals: list[Arrival]
    dead: list[Dead]
    cursor: Json
    skipped: int = 0
    ignored: int = 0
    ahead: int = 0
    left: list[Left] = attrs.field(factory=list)


def _plain(text: str) -> str:
    return text


@attrs.define
class Preparer:
    """Makes the pages of one flow and type ready.

    `echoes` says that some flow writes to this flow's source, so that content for the comparison is needed. `redact`
    hides secrets in what dead letters show. `key_of` and `identity_of` tell records apart as the flow does; they raise
    FieldError for a record that has nothing to be told by.
    """

    flow: FlowSpec
    kind: CanonicalType
    echoes: bool = False
    redact: Callable[[str], str] = _plain
    _content: Callable[[Mapping[str, Json]], dict[str, Json]] = attrs.field(init=False)
    _comparable: Callable[[Mapping[str, Json]], dict[str, Json]] = attrs.field(init=False)
    _located: bool = attrs.field(init=False)
    key_of: Callable[[Any], str] = attrs.field(init=False)
    identity_of: Callable[[Any], str] = attrs.field(init=False)
    _one: bool = attrs.field(init=False)
    _varied: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._content = content_of(self.kind)
        self._comparable = comparable(self.kind)
        field = self.flow.match.get(self.kind.name)
        self.key_of = self.kind.key if field is None else match_key(self.kind, field)
        self.identity_of = self.kind.identity if field is None else self.key_of
        self._one = field is not None or self.kind.identity is self.kind.key
        self._varied = self.kind.name == "product"
        self._located = self.kind.name == "stocklevel" and not self.flow.locations.passes_through

    def page(self, page: Page, now: datetime) -> Prepared:
        """The page without what never reaches a log: unknown stock, deletions that the flow ignores."""
        ready = Prepared(arrivals=[], dead=[self._dead_of(reject) for reject in page.rejects], cursor=page.cursor)
        arrived_at = version_of(now)
        for event in page.events:
            try:
                self._event(event, arrived_at, ready)
            except Exception as error:  # noqa: BLE001 - one record must not stop the others of its page
                reason = str(error) if isinstance(error, FieldError) else f"{type(error).__name__}: {error}"
                payload = dumps(self.redact(repr(event.record)))
                key = str(event.native_id or "")
                ready.dead.append(Dead(key=key, payload=payload, reason=self.redact(reason), mapped=True))
        return ready

    def _dead_of(self, reject: Reject) -> Dead:
        native = reject.native.decode("utf-8", "surrogateescape")
        hidden = self.redact(native)
        payload = reject.native if hidden == native else hidden.encode("utf-8", "surrogateescape")
        return Dead(key=reject.key, payload=payload, reason=self.redact(str(reject.error)), origin=reject.origin)

    def _event(self, event: Event, arrived_at: int, ready: Prepared) -> None:
        kind = self.kind
        deleted = event.verb is Verb.DELETED
        version = event.version
        if deleted and (self.flow.on_delete == "ignore" or not kind.deletable):
            if kind.key_is_given and event.native_id:
                ready.left.append(Left(native_id=event.native_id, version=min(version, arrived_at)))
            ready.ignored += 1
            return
        if not deleted and kind.no_data(event.record):
            if kind.key_is_given and event.native_id:
                key = self.key_of(event.record)
                ready.left.append(Left(native_id=event.native_id, key=key, version=min(version, arrived_at)))
            ready.skipped += 1
            return
        if version > arrived_at + AHEAD_LIMIT:
            version = arrived_at
            ready.ahead += 1
        arrival = self._arrival(event, version, deleted=deleted)
        if arrival is None:
            ready.skipped += 1
        else:
            ready.arrivals.append(arrival)

    def _arrival(self, event: Event, version: int, *, deleted: bool) -> Arrival | None:
        record = event.record
        if version.__class__ is not int or not -_INT64 <= version < _INT64:
            raise FieldError(f"version {version!r} is not a whole number of 64 bits", target="version")
        key = self.key_of(record)
        if self._varied and not deleted:
            _check_variants(key, record)
        seen_as = identity = key if self._one else self.identity_of(record)
        payload = to_sparse(record)
        member, quantity = None, None
        if self._located:
            source = None if record.location_id is UNSET else record.location_id
            place = self.flow.locations.place(source)
            if place is None:
                return None
            identity = join_identity(key, place.location or "")
            if place.summed:
                member, quantity = source or "", record.quantity
            elif place.location is None:
                payload.pop("locationId", None)
            else:
                payload["locationId"] = place.location
        content = self._content(payload)
        return Arrival(
            key=key,
            identity=identity,
            seen_as=seen_as,
            verb=event.verb._value_,  # `.value` is a slow property
            version=version,
            fields=event.fields,
            payload=dumps(payload),
            digest=digest_of(content, deleted=deleted, fields=event.fields),
            transport_id=event.transport_id,
            native_id=event.native_id,
            echo=self._echo(payload, deleted=deleted) if self.echoes else None,
            member=member,
            quantity=quantity,
            record=record,
        )

    def _echo(self, payload: Mapping[str, Json], *, deleted: bool) -> Mapping[str, Json]:
        """What the source now shows, in its own terms."""
        seen = self._comparable(payload)
        # The identity has been compared already, and a mapped location is the destination's.
        seen.pop("locationId", None)
        return {"deleted": True} if deleted else seen


def _check_variants(key: str, product: Product) -> None:
    """Whether each variant can be told by its SKU.

    Raises:
        FieldError: several carry one; whatever is written to it could be meant for another.
    """
    variants = product.variants
    if not isinstance(variants, Sequence) or len(variants) < 2:
        return
    ids: dict[str, list[str]] = {}
    for variant in variants:
        if isinstance(variant.sku, str) and variant.sku:
            ids.setdefault(variant.sku, []).append(str(variant.variant_id or "?"))
    if len(ids) == len(variants):
        return
    for sku, carriers in ids.items():
        if len(carriers) > 1:
            raise FieldError(
                f"SKU {sku!r} is carried by more than one variant of product {key}: {', '.join(carriers)}",
                target="variants",
                hint="give one of them another SKU at the source",
            )
