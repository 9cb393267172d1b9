"""What passes between the runtime and a connector: plain values, no behaviour of either side.

A connector is stateless between calls: cursors, batches and outcomes are values. Everything that it may use of the
outside stands on its Connection.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes, from_wire, loads
from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import FieldError, Problem, PullPushError, RecordError, TransientError
from pullpush_sdk.http import Answer, Call, Client, Secret, Sign

__all__ = [
    "Abilities",
    "Connection",
    "Connector",
    "Delivery",
    "Event",
    "Finding",
    "Location",
    "Outcome",
    "Page",
    "PushHook",
    "Reject",
    "Result",
    "Verb",
    "WebhookRequest",
    "moment_of",
    "outcome_of",
    "version_of",
]

Json = Any
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def version_of(moment: datetime) -> int:
    """An instant as a version: whole microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(version: int) -> datetime:
    """The instant of a version made by `version_of`."""
    return _EPOCH + version * _MICROSECOND


class Verb(enum.StrEnum):
    """What happened to the thing."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@attrs.frozen(kw_only=True)
class Event:
    """One canonical record at one moment.

    `version` orders the states of one identity: microseconds since 1970 of the platform's own update time, its
    revision number, or the moment at which the request that read it was started. One connection and type uses one
    kind only. `fields` None means a full record; else the Python names of the only fields it speaks of.
    `transport_id` is the webhook's id, None for polled records. `native_id` is the platform's own id of the record,
    the same for all its states, however it was read: by it two products that carry one SKU are told apart from one
    that changed. Of a stock level it is that of the item, which is one over all locations. None where the platform's
    key is its id already.
    """

    type: str
    record: Any
    version: int
    verb: Verb = Verb.UPDATED
    fields: frozenset[str] | None = None
    occurred_at: datetime | None = None
    native_id: str | None = None
    transport_id: str | None = None


@attrs.frozen(kw_only=True)
class Reject:
    """A native record that could not become an event; it is kept as a dead letter.

    `native` is the record as the platform sent it, JSON text; `key` whatever identifies it for a person. `origin` is
    where it was read (a resource of the manifest), for `pullpush_remap`; empty where the type has one place only.
    """

    native: bytes
    error: FieldError
    key: str = ""
    origin: str = ""


@attrs.frozen(kw_only=True)
class Page:
    """Events read together, and where to go on after them.

    `cursor` None leaves the cursor before in force: a source without one gives `{}` on its last page, to begin anew.

    `cursor` is stored in the same transaction as the events; reading on from it must miss nothing. It is a plain
    JSON value that only the connector understands. `done` is false while more of the same sweep follows.
    """

    events: Sequence[Event]
    cursor: Json
    rejects: Sequence[Reject] = ()
    done: bool = False


@attrs.define(kw_only=True)
class Delivery:
    """One event on its way to a destination, as `pullpush_push` receives it.

    `id` stays the same over all attempts and restarts: an idempotency key. `payload` is the canonical record as a
    wire object with absent fields left out: write what is there, leave alone what is not, clear what is null.
    `attempt` counts from 1. `maybe_applied` says that an earlier attempt may have reached the platform: a write
    that cannot be repeated must look first. `native_id` is the platform's id that an earlier delivery of this identity
    returned, None where none did. `baseline` says that the flow's first import brought it. `match` is the wire
    field by which to find the record, None for the type's own key. `locationId` inside the payload is already the
    destination's.
    """

    id: str
    kind: CanonicalType
    verb: Verb
    key: str
    identity: str
    payload: Mapping[str, Json]
    version: int
    position: int
    attempt: int = 1
    maybe_applied: bool = False
    fields: frozenset[str] | None = None
    native_id: str | None = None
    baseline: bool = False
    match: str | None = None

    @cached_property
    def record(self) -> Any:
        """The payload as a canonical record."""
        return from_wire(self.kind, dict(self.payload))


class Result(enum.StrEnum):
    """How one delivery ended, or that it did not yet."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    RETRY = "retry"
    DEAD = "dead"


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of one delivery.

    `reason` is for people. `answer` is the platform's own words, without secrets. `returned` is the record as the
    platform now holds it (a wire object; it may trim, round, reorder), None where the write does not tell; `version`
    its update time there. `after` is the wait in seconds that a retry asks for; `maybe_applied` says that the
    platform may have carried the write out although it did not say so.
    """

    result: Result
    reason: str = ""
    answer: str = ""
    native_id: str | None = None
    returned: Mapping[str, Json] | None = None
    version: int | None = None
    after: float | None = None
    maybe_applied: bool = False

    @classmethod
    def delivered(
        cls, *, native_id: str | None = None, returned: Mapping[str, Json] | None = None, version: int | None = None
    ) -> Outcome:
        """Written."""
        if native_id is None and returned is None and version is None:
            return _DELIVERED
        return cls(result=Result.DELIVERED, native_id=native_id, returned=returned, version=version)

    @classmethod
    def unchanged(cls, reason: str = "", *, native_id: str | None = None) -> Outcome:
        """The platform already holds this; nothing was written."""
        return cls(result=Result.UNCHANGED, reason=reason, native_id=native_id)

    @classmethod
    def skipped(cls, reason: str) -> Outcome:
        """Not written on purpose: there is no data, or the destination does not keep it for this thing."""
        return cls(result=Result.SKIPPED, reason=reason)

    @classmethod
    def retry(
        cls, reason: str, *, after: float | None = None, answer: str = "", maybe_applied: bool = False
    ) -> Outcome:
        """Not now; try again, `after` seconds at the earliest where that is known."""
        return cls(result=Result.RETRY, reason=reason, after=after, answer=answer, maybe_applied=maybe_applied)

    @classmethod
    def dead(cls, reason: str, *, answer: str = "") -> Outcome:
        """It will never go like this; a person must look."""
        return cls(result=Result.DEAD, reason=reason, answer=answer)


_DELIVERED = Outcome(result=Result.DELIVERED)


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that `pullpush check` looked at: what, whether it is good, and how to mend it."""

    name: str
    ok: bool
    message: str
    hint: str = ""


@attrs.frozen(kw_only=True)
class Location:
    """A place where the platform keeps stock."""

    id: str
    name: str
    active: bool = True


@attrs.frozen(kw_only=True)
class WebhookRequest:
    """One incoming webhook as it arrived: header names in lower case, the body byte for byte."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime

    def json(self) -> Json:
        """The body as JSON with exact numbers, decoded once: not to be changed; raises msgspec.DecodeError."""
        return self._decoded

    @cached_property
    def _decoded(self) -> Json:
        return loads(self.body)


@attrs.frozen(kw_only=True)
class Abilities:
    """What one connector does with one canonical type."""

    read: bool = False
    write: bool = False
    snapshot: bool = False
    webhook: bool = False


@attrs.frozen(kw_only=True)
class Connector:
    """Who a connector is.

    `settings` is a JSON Schema of what a user fills in; names in `secrets` are never shown. `reads` and `writes`
    name canonical types; for a manifest connector they are computed, for one in plain Python they are said here.
    `batch` is the largest batch per written type that one push takes, 1 where it is not named. `index_lag` is, per
    written type, for how many seconds a look-up may miss what was just written (0 where not named): a delivery whose
    answer was lost comes again no sooner. `matches` names, per written type, further wire fields by which a record is
    found where a flow says so (`Delivery.match`). `refused` says why a
    type is neither read nor written. `functions` are its own mapping functions, named `connector:function` in maps.
    `classify` sees every answer before its status is judged and may name the error that it stands for, None for "as
    the status says". `sign` signs every try of every request, for platforms that want a signature over each: it gets
    the call as it would be sent (`Call.target` is its whole URL), the settings and secrets by name (a `Secret` has
    `.reveal()`) and the instant, and returns `call.signed(headers, params)`. `locate` adds file, line and column to a
    problem of the manifest. `folder` is where the manifest's samples lie, None where it did not come from a file.
    """

    name: str
    title: str
    version: str
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    secrets: Sequence[str] = ()
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    snapshots: frozenset[str] = frozenset()
    webhooks: frozenset[str] = frozenset()
    batch: Mapping[str, int] = attrs.field(factory=dict)
    index_lag: Mapping[str, float] = attrs.field(factory=dict)
    matches: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    docs: str = ""
    refused: Mapping[str, str] = attrs.field(factory=dict)
    functions: Mapping[str, Callable[..., Any]] = attrs.field(factory=dict, repr=False)
    classify: Callable[[Answer], PullPushError | None] | None = attrs.field(default=None, repr=False)
    sign: Callable[[Call, Mapping[str, Any], datetime], Call] | None = attrs.field(default=None, repr=False)
    manifest: Any = attrs.field(default=None, repr=False)
    locate: Callable[[Problem], Problem] = attrs.field(default=lambda problem: problem, repr=False)
    folder: Path | None = attrs.field(default=None, repr=False)

    def signer(self, values: Mapping[str, Any]) -> Sign | None:
        """`sign` with one connection's settings and secrets, as its client wants it; None where nothing is signed."""
        sign = self.sign
        return None if sign is None else lambda call, now: sign(call, values, now)

    def abilities(self, canonical_type: str) -> Abilities:
        """What this connector does with a type; all false for one it does not know."""
        return Abilities(
            read=canonical_type in self.reads,
            write=canonical_type in self.writes,
            snapshot=canonical_type in self.snapshots,
            webhook=canonical_type in self.webhooks,
        )


@attrs.define(kw_only=True)
class Connection:
    """A connector configured for one account: what its hooks get to work with.

    `settings` are plain values; `secrets` hide themselves in logs and reprs (`.reveal()` gives the text). `client`
    is the one way to the platform: it signs, limits, retries and redacts. `types` are the canonical types known. `memo`
    is scratch for what is costly to look up (a list of locations, a currency); it lives as long as this object and may
    be empty at any call: see `once`.
    """

    name: str
    connector: Connector
    settings: Mapping[str, Json]
    secrets: Mapping[str, Secret] = attrs.field(repr=False)
    client: Client = attrs.field(repr=False)
    clock: Clock = attrs.field(repr=False)
    types: CanonicalTypes = attrs.field(repr=False)
    memo: dict[str, Any] = attrs.field(factory=dict, repr=False)
    _asking: dict[str, asyncio.Lock] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    async def once(self, key: str, load: Callable[[], Awaitable[T]], *, good: Callable[[T], bool] | None = None) -> T:
        """What `load` gave, kept in `memo` under `key`, and asked for by one caller at a time.

        Callers that come while it is looked up wait and get the same. `good` says whether what is kept still counts,
        None means for ever; `memo.pop(key, None)` forgets it. A failure is not kept: the next caller tries again.
        """
        if self._kept(key, good):
            return cast(T, self.memo[key])
        async with self._asking.setdefault(key, asyncio.Lock()):
            if not self._kept(key, good):
                self.memo[key] = await load()
            return cast(T, self.memo[key])

    def _kept(self, key: str, good: Callable[[T], bool] | None) -> bool:
        return key in self.memo and (good is None or good(self.memo[key]))


PushHook = Callable[[Connection, str, Sequence[Delivery]], Awaitable[Sequence[Outcome]]]


def outcome_of(error: PullPushError) -> Outcome:
    """The outcome that an error in the push of one record stands for.

    A transient error is a retry; anything about this record is dead. Errors about the connection as a whole
    (credentials, set-up) are not outcomes: raise them.
    """
    if isinstance(error, TransientError):
        return Outcome.retry(
            str(error), after=error.retry_after, answer=error.answer, maybe_applied=error.maybe_applied
        )
    if isinstance(error, RecordError):
        return Outcome.dead(str(error), answer=getattr(error, "answer", ""))
    raise error
