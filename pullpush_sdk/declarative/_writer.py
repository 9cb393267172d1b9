"""Writing canonical records by a manifest: find the native record, then update or create it; or many in one request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Result, Verb, outcome_of
from pullpush_sdk.errors import FieldError, RecordError, RejectedError, TransientError
from pullpush_sdk.http import Step, call_of
from pullpush_sdk.manifest import Find, Push, Write
from pullpush_sdk.mapping import CompiledBody, Functions, compile_body, parse_body

from ._kept import Kept
from ._values import at, values_of

Json = Any
_SHOWN = 80
_INDEX = re.compile(r"(?:^|[.\[])(\d+)(?=[.\]]|$)")


@attrs.define(kw_only=True)
class Writer:
    """One canonical type's writes; bodies and match rules are compiled once."""

    push: Push
    bodies: Mapping[str, CompiledBody]
    matches: Mapping[str | None, CompiledBody]
    kept: Kept | None = None

    @classmethod
    def of(cls, push: Push, *, name: str, functions: Functions, kept: Kept | None = None) -> Writer:
        """The writer of a manifest's push section; `kept` reads what its answers show of what was written.

        Raises:
            MappingError: a body template does not compile.
        """
        writes = {part: getattr(push, part) for part in ("create", "update", "bulk", "archive")}

        def compiled(template: Json, part: str) -> CompiledBody:
            return compile_body(parse_body(template)[0], functions, name=f"{name}_{push.canonical_type}_{part}")

        return cls(
            push=push,
            bodies={
                part: compiled(write.body, part)
                for part, write in writes.items()
                if write is not None and write.body is not None
            },
            matches={
                field: compiled(dict(find.match), "match")
                for field, find in ((None, push.find), *push.find_by.items())
                if find is not None and find.match
            },
            kept=kept,
        )

    async def write(self, connection: Connection, batch: Sequence[Delivery]) -> list[Outcome]:
        """One outcome per delivery, in the batch's order; errors about the whole connection are raised."""
        if self.push.bulk is not None:
            return await self._bulk(connection, self.push.bulk, batch)
        return await push_each(batch, lambda delivery: self._one(connection, delivery), together=True)

    async def _one(self, connection: Connection, delivery: Delivery) -> Outcome:
        native = await self._find(connection, delivery)
        part = self._part(delivery, native)
        if part is None:
            return self._refusal(delivery, native)
        return await self._send(connection, delivery, part, native)

    def _part(self, delivery: Delivery, native: Json) -> str | None:
        """Which of the declared writes fits, None where none does."""
        if delivery.verb is Verb.DELETED:
            part = "archive"
        elif native is not None:
            part = "update"
        else:
            part = "create"
        if part == "create" and delivery.fields is not None:
            return None
        return part if getattr(self.push, part) is not None else None

    def _refusal(self, delivery: Delivery, native: Json) -> Outcome:
        if delivery.verb is Verb.DELETED:
            return Outcome.unchanged("the destination has no way to archive it")
        if native is not None:
            return Outcome.unchanged("it is there already, and the destination does not update it")
        if delivery.fields is not None:
            return Outcome.dead(f"{delivery.key} does not exist there, and a partial event cannot create it")
        return Outcome.dead(f"{delivery.key} does not exist there, and the manifest declares no create")

    async def _send(self, connection: Connection, delivery: Delivery, part: str, native: Json) -> Outcome:
        write: Write = getattr(self.push, part)
        values = values_of(connection, record=delivery.payload, native=native, delivery={"id": delivery.id})
        body = self._body(part, delivery, connection, native)
        if write.body_at in (None, "$"):
            call = call_of(write.request, values, content=body)
        else:
            call = call_of(write.request, values, step=Step(variables={write.body_at: body}))
        answer = await connection.client.send(call)
        written = at(answer.json(), write.reads_back) if write.reads_back and answer.body else None
        native_id = written.get("id") if isinstance(written, Mapping) else None
        if native_id is None and isinstance(native, Mapping):
            native_id = native.get("id")
        returned = None
        if self.kept is not None:
            paths = self.bodies[part].paths if part in self.bodies else ()
            fields = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}
            returned = self.kept.shown(connection, delivery, found=native, answer=written, written=fields)
        return Outcome.delivered(native_id=None if native_id is None else str(native_id), returned=returned)

    def _body(self, part: str, delivery: Delivery, connection: Connection, native: Json) -> Json:
        compiled = self.bodies.get(part)
        if compiled is None:
            return None
        return compiled.one(dict(delivery.payload), {"settings": connection.settings, "native": native})

    async def _find(self, connection: Connection, delivery: Delivery) -> Json:
        """The one native record that matches, None where there is none.

        Raises:
            RejectedError: several match; a guess could overwrite the wrong one.
        """
        find = self.push.find if delivery.match is None else self.push.find_by.get(delivery.match, self.push.find)
        if find is None:
            return None
        values = values_of(connection, record=delivery.payload, delivery={"id": delivery.id})
        try:
            answer = await connection.client.send(call_of(find.request, values))
        except RejectedError as error:
            if error.status == 404:
                return None
            raise
        found = self._matching(find, at(answer.json(), find.response.records), delivery, connection)
        if len(found) > 1:
            names = ", ".join(_shown(each) for each in found)
            raise RejectedError(
                f"{delivery.key} is there more than once: {names}", hint="make it unique at the destination"
            )
        return found[0] if found else None

    def _matching(self, find: Find, candidates: Json, delivery: Delivery, connection: Connection) -> list[Json]:
        records = candidates if isinstance(candidates, list) else [candidates] if candidates else []
        match = self.matches.get(delivery.match if find is not self.push.find else None)
        if match is None:
            return records
        wanted = match.one(dict(delivery.payload), {"settings": connection.settings})
        return [each for each in records if all(_same(at(each, path), wanted.get(path)) for path in find.match)]

    async def _bulk(self, connection: Connection, write: Write, batch: Sequence[Delivery]) -> list[Outcome]:
        """Bodies that fail to map are dead at once; the rest go in one request.

        An answer that refuses some items by index kills those, and the rest are sent again without them.
        """
        outcomes: dict[int, Outcome] = {}
        items: dict[int, Json] = {}
        for index, delivery in enumerate(batch):
            try:
                items[index] = self._body("bulk", delivery, connection, None)
            except FieldError as error:
                outcomes[index] = Outcome.dead(str(error))
        while items:
            settled = await self._send_bulk(connection, write, items, batch)
            outcomes |= settled
            items = {index: item for index, item in items.items() if index not in settled}
        return [outcomes[index] for index in range(len(batch))]

    async def _send_bulk(
        self, connection: Connection, write: Write, items: Mapping[int, Json], batch: Sequence[Delivery]
    ) -> dict[int, Outcome]:
        """The outcomes that one request settles: all of them, or only the items that the platform named as bad."""
        numbers = list(items)
        body = _nest(write.items_at or "", [items[number] for number in numbers])
        call = call_of(write.request, values_of(connection), content=body, accepts=_REFUSALS)
        if write.item_errors and write.item_errors.removeprefix("$.").startswith(_PROTOCOL_ERRORS):
            call = attrs.evolve(call, protocol="")  # the manifest knows what the protocol's own errors are about
        try:
            answer = await connection.client.send(call)
        except TransientError as error:
            return dict.fromkeys(numbers, outcome_of(error))
        named = at(answer.json(), write.item_errors) if write.item_errors and answer.body else None
        said = _item_errors(named) if write.item_index is None else _named_errors(write, named, list(items.values()))
        if said is None:
            message = f"{answer.url} refused items of the batch without saying which"
            raise RejectedError(message, hint="check item_errors, item_index and item_key in the manifest")
        bad = {numbers[n]: _named(batch[numbers[n]], Outcome.dead(why)) for n, why in said.items() if n < len(numbers)}
        if answer.status in _REFUSALS:
            if bad:
                return bad
            refusal = connection.client.error_of(answer, call)
            assert refusal is not None
            if len(numbers) == 1 and isinstance(refusal, RecordError):
                outcome = outcome_of(refusal)
                # Where the manifest knows the place of failures and nothing stood there, nobody knows what is meant.
                return {numbers[0]: outcome if write.item_errors else _named(batch[numbers[0]], outcome)}
            raise refusal
        return {number: bad.get(number, Outcome.delivered()) for number in numbers}


def _shown(native: Json) -> str:
    """What names a record for a person: its id and title; without either, how it begins."""
    if not isinstance(native, Mapping):
        return repr(native)[:_SHOWN]
    id_, *more = [native.get(name) for name in ("id", "title", "name")]
    known = next((f'"{each}"' for each in more if isinstance(each, str) and each), "")
    return " ".join(part for part in ("" if id_ is None else str(id_), known) if part) or repr(dict(native))[:_SHOWN]


def _named(delivery: Delivery, outcome: Outcome) -> Outcome:
    """A dead outcome whose reason names the record: the platform's own words seldom do."""
    if outcome.result is not Result.DEAD or delivery.key in outcome.reason:
        return outcome
    return attrs.evolve(outcome, reason=f"{delivery.key}: {outcome.reason}")


_REFUSALS = frozenset({400, 409, 422})
_PROTOCOL_ERRORS = ("errors", "error")


def _nest(path: str, value: Json) -> Json:
    """`value` inside the objects that a dotted path names."""
    for step in reversed(path.split(".") if path not in ("", "$") else []):
        value = {step: value}
    return value


def _item_errors(errors: Json) -> dict[int, str]:
    """Item index to what is wrong with it.

    Platforms name items in two ways: an object whose keys hold the index (`products.0.quantity`), or a list of
    objects with an `index`.
    """
    found: dict[int, list[str]] = {}
    if isinstance(errors, Mapping):
        for place, words in errors.items():
            if (index := _INDEX.search(str(place))) is not None:
                texts = words if isinstance(words, list) else [words]
                found.setdefault(int(index[1]), []).append(f"{place}: {'; '.join(map(str, texts))}")
    elif isinstance(errors, list):
        for each in errors:
            if isinstance(each, Mapping) and isinstance(each.get("index"), int):
                found.setdefault(each["index"], []).append(str(each.get("message", each)))
    return {index: " ".join(words) for index, words in found.items()}


def _named_errors(write: Write, errors: Json, items: Sequence[Json]) -> dict[int, str] | None:
    """Item index to what is wrong with it, by what each failure names at `item_index`: an index or, with `item_key`,
    the key of an item or a list of keys. None where a failure names no item of ours: nobody knows what became of it.
    """
    assert write.item_index is not None
    place = {} if write.item_key is None else {str(at(item, write.item_key)): n for n, item in enumerate(items)}
    found: dict[int, str] = {}
    for each in errors if isinstance(errors, list) else [errors] if errors else []:
        value = at(each, write.item_index)
        names = value if isinstance(value, list) else [value]
        if write.item_key is None:
            hits = [name for name in names if isinstance(name, int)]
        else:
            hits = [place[str(name)] for name in names if str(name) in place]
        if not hits:
            return None
        message = at(each, "message")
        found |= dict.fromkeys(hits, message if isinstance(message, str) else str(each)[:300])
    return found


def _same(native: Json, wanted: Json) -> bool:
    """Whether a candidate's value is the one looked for; an id may be a number on one side and text on the other."""
    return native is not None and wanted is not None and str(native) == str(wanted)
