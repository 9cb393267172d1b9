"""Preview: both sides of a flow read whole and laid side by side. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, loads
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.conflict import has_shared_keys
from pullpush_sdk.engine.locations import total
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import ProjectError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._fields import Comparer, FieldChange
from ._poll_lock import PollLocks
from ._pool import Connections
from ._report import Progress, Silent
from ._settled import Settled, pair_digest
from ._snapshots import read_destination, read_source, why_not
from ._spill import Finding, Pair, Spill
from ._states import flow_state
from ._work import FlowWork, open_work

__all__ = ["FINDINGS", "Difference", "FlowComparison", "TypeComparison", "chosen_types", "compare_flow", "compare_type"]

Json = Any

FINDINGS: tuple[Finding, ...] = ("added", "changed", "missing", "held", "clash", "unknown", "unmapped")
"""Added and changed are what a reconcile delivers; the others are shown and left alone. A clash is a SKU that several
records of one side carry.
"""


@attrs.frozen(kw_only=True)
class Difference:
    """One record that is not the same on both sides.

    `fields` is what differs: of an added record everything that would be written, of a missing one nothing. Of a clash
    `side` is where it is (source or destination), and `records` are those that carry the key: objects with `id`, the
    platform's own, and `title`.
    """

    key: str
    identity: str
    location: str | None
    fields: Sequence[FieldChange]
    side: str = ""
    records: Sequence[Mapping[str, Json]] = ()

    def to_json(self) -> dict[str, Json]:
        """The difference as a JSON value."""
        fields = [{"field": each.field, "old": each.old, "new": each.new} for each in self.fields]
        found: dict[str, Json] = {
            "key": self.key,
            "identity": self.identity,
            "location": self.location,
            "fields": fields,
        }
        return {**found, "side": self.side, "records": list(self.records)} if self.records else found


@attrs.define(kw_only=True)
class TypeComparison:
    """One canonical type of a flow. `note` says why it could not be compared, empty where it was.

    `counts` has every one of FINDINGS, `equal`, and `rejected`: records that could not be read.
    """

    type: str
    counts: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys(("equal", *FINDINGS, "rejected"), 0))
    note: str = ""
    spill: Spill | None = attrs.field(default=None, repr=False)

    @property
    def same(self) -> bool:
        """Whether a reconcile would have nothing to deliver."""
        return not (self.counts["added"] or self.counts["changed"])

    def differences(self, kind: Finding, *, limit: int | None = None) -> Iterator[Difference]:
        """The records of a kind, in the order of their identities; read from disk as they are asked for."""
        if self.spill is None:
            return
        for identity, key, _, detail in self.spill.findings(kind, limit=limit):
            fields = [FieldChange(field=name, old=old, new=new) for name, old, new in detail.get("fields", ())]
            yield Difference(
                key=key,
                identity=identity,
                location=detail.get("location"),
                fields=fields,
                side=detail.get("side", ""),
                records=detail.get("records", ()),
            )


@attrs.frozen(kw_only=True)
class FlowComparison:
    """A flow's types in its order; good until the context that made it is left."""

    flow: str
    source: str
    destination: str
    state: str
    types: Sequence[TypeComparison]

    @property
    def same(self) -> bool:
        """Whether no compared type differs, and no SKU is carried by several records."""
        return all(each.same and not each.counts["clash"] for each in self.types)

    @property
    def compared(self) -> bool:
        """Whether anything could be compared at all."""
        return any(not each.note for each in self.types)


@asynccontextmanager
async def compare_flow(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    flow: FlowConfig,
    *,
    redactor: Redactor,
    types: Sequence[str] = (),
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[FlowComparison]:
    """Compare both sides of a flow, or only some of its `types`; the store may be held by another process.

    Raises:
        SetupError: the flow cannot run at all.
        RemoteError: a platform failed; nothing can be said then.
    """
    require_abilities(project, plugins, flow)
    state = await flow_state(engine, flow)
    chosen = chosen_types(flow, types)
    time = clock or SystemClock()
    async with AsyncExitStack() as stack:
        connections = Connections(project=project, plugins=plugins, redactor=redactor, clock=time)
        work = await stack.enter_async_context(
            open_work(
                project,
                engine,
                flow,
                connections=await stack.enter_async_context(connections),
                locks=PollLocks.of(project, time),
                state=state,
                clock=time,
                progress=progress or Silent(),
                note=lambda _words: None,
            )
        )
        found = []
        for name in chosen:
            spill = stack.enter_context(Spill())
            found.append(await compare_type(work, plugins.types[name], spill))
        yield FlowComparison(flow=flow.name, source=flow.source, destination=flow.destination, state=state, types=found)


def chosen_types(flow: FlowConfig, wanted: Sequence[str]) -> list[str]:
    """The flow's types that are wanted, all where none is named; raises ProjectError for one that it does not have."""
    for name in wanted:
        if name not in flow.types:
            raise ProjectError(f"flow {flow.name!r} has no type {name!r}", hint=f"it has: {', '.join(flow.types)}")
    return [name for name in flow.types if not wanted or name in wanted]


async def compare_type(work: FlowWork, kind: CanonicalType, spill: Spill) -> TypeComparison:
    """Read both sides of one type into `spill` and note what differs."""
    why = [words for end in (work.source, work.destination) if (words := why_not(end, kind.name))]
    if why:
        return TypeComparison(type=kind.name, note="; ".join(why))
    rejected = await read_source(work.source, kind, work.spec, spill, work.clock.now(), told=_teller(work, kind))
    found = await compare_again(work, kind, spill)
    found.counts["rejected"] += rejected
    return found


async def compare_again(work: FlowWork, kind: CanonicalType, spill: Spill) -> TypeComparison:
    """Compare the source's records that lie in `spill` with the destination as it is now."""
    spill.forget_destination()
    found = TypeComparison(type=kind.name, spill=spill)
    found.counts["rejected"] = await read_destination(
        work.destination, kind, work.spec, spill, told=_teller(work, kind)
    )
    comparing = _Comparing(work=work, kind=kind, spill=spill, comparer=Comparer(kind))
    spill.set_clashes_apart()
    found.counts["equal"] = await comparing.all()
    found.counts |= {name: spill.count(name) for name in FINDINGS}
    return found


def _teller(work: FlowWork, kind: CanonicalType) -> Callable[[int], None]:
    return lambda number: work.progress.counted(work.flow.name, kind.name, read=number)


@attrs.define(kw_only=True)
class _Comparing:
    """One type whose two sides lie in the spill."""

    work: FlowWork
    kind: CanonicalType
    spill: Spill
    comparer: Comparer
    _equal: int = 0

    async def all(self) -> int:
        """Note every difference; how many records are equal."""
        settled = Settled(self.work.engine, self.work.spec.name, self.kind.name)
        await settled.load()
        if not has_shared_keys(self.kind, self.work.spec.match.get(self.kind.name)):
            await self._pair_by_written_ids()
        for pairs in self.spill.pairs():
            payloads = await self._payloads(pairs)
            for pair in pairs:
                self._one(pair, payloads[pair.identity], settled)
        for rows in self.spill.missing():
            listed = [(identity, key, None, _detail(loads(payload), ())) for identity, key, payload in rows]
            self.spill.find("missing", listed)
        return self._equal

    def _one(self, pair: Pair, payload: Mapping[str, Json], settled: Settled) -> None:
        written = self.comparer.written(payload)
        if pair.held is None:
            held = None
            changes = self.comparer.additions(written)
        else:
            held = self.comparer.held(loads(pair.held))
            changes = self.comparer.changes(written, held)
            if not changes:
                self._equal += 1
                return
        digest = pair_digest(written, held)
        kind: Finding = "added" if held is None else "changed"
        if settled.has(pair.identity, digest):
            kind = "held"
        self.spill.find(kind, [(pair.identity, pair.key, digest, _detail(payload, changes))])

    async def _payloads(self, pairs: Sequence[Pair]) -> dict[str, Mapping[str, Json]]:
        """What would be written of each identity; sums are added up from what is known, as the engine does."""
        found: dict[str, Mapping[str, Json]] = {}
        sums = [pair for pair in pairs if pair.payload is None]
        known = await self._last_known([pair.key for pair in sums])
        for pair in pairs:
            found[pair.identity] = self._sum(pair, known) if pair.payload is None else loads(pair.payload)
        return found

    async def _last_known(self, keys: Sequence[str]) -> Mapping[tuple[str, str], Json]:
        if not keys:
            return {}
        spec = self.work.spec
        return await self.work.engine.members(spec.name, self.kind.name, keys, shadow=spec.state == "shadow")

    def _sum(self, pair: Pair, known: Mapping[tuple[str, str], Json]) -> Mapping[str, Json]:
        rows = self.spill.members(pair.identity)
        payload: dict[str, Json] = loads(rows[0].payload)
        place = self.work.spec.locations.place(rows[0].member[1:] or None)
        assert place is not None
        members = self.work.spec.locations.members(place.location)
        # A member that the source does not know now keeps its last known quantity.
        quantities = {name: known.get((pair.key, name)) for name in members}
        quantities |= {row.member[1:]: loads(row.payload)["quantity"] for row in rows}
        payload["quantity"] = total(quantities.values())
        payload.pop("locationId", None)
        if place.location is not None:
            payload["locationId"] = place.location
        return payload

    async def _pair_by_written_ids(self) -> None:
        """A platform gives an order an id of its own: the engine knows it where this flow has written the order."""
        for identities in self.spill.identities():
            standings = await self.work.engine.standings(self.work.spec.name, self.kind.name, identities)
            for identity, standing in standings.items():
                if standing.written_id:
                    # Some ids are paths whose last step is the id that records show.
                    names = [standing.written_id, standing.written_id.rpartition("/")[2]]
                    self.spill.pair(identity, names)


def _detail(payload: Mapping[str, Json], changes: Sequence[FieldChange]) -> Json:
    fields = [[each.field, each.old, each.new] for each in changes]
    return {"location": payload.get("locationId"), "fields": fields}
