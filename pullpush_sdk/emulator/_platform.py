"""The emulated platform: one request in, one answer out, with the state in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.samples import Asked, Exchange
from pullpush_sdk.sandbox import SandboxClock, Violations, WindowLimit

from ._answers import Refusals, Reply, echoed
from ._changes import overlaid
from ._conditions import conditions_of
from ._credentials import Credentials, Demand, demands_of
from ._endpoints import Endpoint
from ._graphql import operation_of
from ._inputs import Where, inputs_of
from ._lacking import lacking
from ._leaves import at, put
from ._pages import begins_behind, page_of
from ._shop import Record, Shop
from ._tokens import StandardExchange, gives_tokens, recorded_exchange
from ._writes import Writes

__all__ = ["Platform"]

Json = Any
_DENIED = (401, 403)
_MISSING = (404, 410)
_INVALID = (422, 400)
_BEYOND = (400, 404, 416, 422)


@attrs.define
class Platform:
    """Endpoints over a shop. `everywhere` are the credentials that requests bring where an endpoint shows none."""

    endpoints: Sequence[Endpoint]
    shop: Shop
    credentials: Credentials
    refusals: Refusals
    clock: SandboxClock
    violations: Violations
    writes: Writes
    everywhere: Sequence[Demand] = ()
    exchange: StandardExchange | None = None
    meter: WindowLimit | None = None

    def answer(self, asked: Asked) -> Reply:
        """Carry out one request."""
        refused = self._limited(asked)
        if refused is not None:
            return refused
        if self.exchange is not None and (asked.method, asked.path) == (self.exchange.method, self.exchange.path):
            return self.exchange.answer(asked)
        endpoint = self._endpoint(asked)
        if endpoint is None:
            return self._unknown(asked)
        is_recorded = endpoint.proven and not endpoint.documented
        demands = demands_of(endpoint.recorded[0]) if is_recorded else [] if endpoint.is_open else list(self.everywhere)
        if self.credentials.refused(demands, asked):
            self.violations.count("unauthorized")
            return self.refusals.reply(_DENIED, asked, "the request's credentials are missing or not known", endpoint)
        return self._carried_out(endpoint, asked)

    def reset(self) -> None:
        """The shop as seeded, and every token forgotten."""
        self.shop.reset()
        self.credentials.reset()

    def _carried_out(self, endpoint: Endpoint, asked: Asked) -> Reply:
        if gives_tokens(endpoint.recorded[0]):
            return recorded_exchange(endpoint.recorded[0], self.credentials, self.clock)
        wrong = self._unknown_fields(endpoint, asked)
        if wrong:
            what = "Unknown argument" if wrong[0].endswith(":") else "Cannot query field"
            return self._refused_query(f"{what} {wrong[0].rstrip(':')!r}")
        missing = lacking(endpoint, asked)
        if missing:
            self.violations.count("refused")
            return self.refusals.reply(_INVALID, asked, missing, endpoint)
        if endpoint.kind == "list":
            return self._list(endpoint, asked)
        if endpoint.kind == "record":
            return self._record(endpoint, asked)
        if endpoint.kind == "write":
            return self.writes.carry_out(endpoint, asked)
        return _as_recorded(_nearest(endpoint.recorded, asked), asked)

    def _endpoint(self, asked: Asked) -> Endpoint | None:
        """The endpoint that a request fits best, None where it fits none."""
        found = [(score, each) for each in self.endpoints if (score := each.fits(asked)) is not None]
        return max(found, key=lambda each: each[0])[1] if found else None

    def _limited(self, asked: Asked) -> Reply | None:
        if self.meter is None:
            return None
        admission = self.meter.take()
        if admission.allowed:
            return None
        self.violations.refused("requests", admission.retry_after)
        reply = self.refusals.reply((429,), asked, "too many requests")
        wait = str(max(1, round(admission.retry_after + 0.5)))
        return attrs.evolve(reply, headers={**reply.headers, "retry-after": wait})

    def _unknown(self, asked: Asked) -> Reply:
        self.violations.count("unknown_request")
        operation = operation_of(asked.sent)
        if operation is not None and any(each.operation and _same_path(each, asked) for each in self.endpoints):
            return self._refused_query(f"Cannot query field {next(iter(operation.roots), '')!r}")
        return self.refusals.reply(_MISSING, asked, f"nothing is known at {asked.method} {asked.path}")

    def _unknown_fields(self, endpoint: Endpoint, asked: Asked) -> list[str]:
        """Fields and arguments of a GraphQL query that no recorded query of these root fields has."""
        sent = operation_of(asked.sent)
        if endpoint.operation is None or sent is None:
            return []
        roots = set(endpoint.operation.roots)
        known = {
            field
            for each in self.endpoints
            if each.operation is not None and roots & set(each.operation.roots)
            for field in each.operation.fields
        }
        return sorted(sent.fields - known)

    def _refused_query(self, message: str) -> Reply:
        self.violations.count("unknown_field")
        return Reply(status=200, body={"errors": [{"message": message}]})

    def _list(self, endpoint: Endpoint, asked: Asked) -> Reply:
        values = endpoint.values(asked)
        collection = self.shop.of(endpoint, values)
        if values and not self.shop.knows(values) and not _was_asked(endpoint, values):
            return self.refusals.reply(_MISSING, asked, "there is no such record", endpoint)
        inputs = inputs_of(asked)
        conditions = conditions_of(asked.sent) if any(conditions_of(each.sent) for each in endpoint.recorded) else []
        records: list[Record] = collection.shown(endpoint, inputs, conditions) if collection is not None else []
        key = collection.key if collection is not None else ""
        beyond = self._beyond(endpoint, inputs, len(records))
        if beyond is not None:
            return _as_recorded(beyond, asked)
        body, headers = page_of(endpoint, records, asked, inputs, key=key)
        first = endpoint.recorded[0]
        kept = {name: text for name, text in first.answer_headers.items() if name not in ("link", *headers)}
        adverts = {each.header for each in endpoint.paging.adverts if each.header}
        kept = {name: text for name, text in kept.items() if name not in adverts}
        return Reply(status=first.status, headers={**kept, **headers}, body=body)

    def _beyond(self, endpoint: Endpoint, inputs: Mapping[Where, Json], count: int) -> Exchange | None:
        """The recorded refusal of a page behind the last one, where a request asks for such a page."""
        pager = endpoint.paging.pager
        if pager is None or endpoint.paging.kind == "cursor" or not begins_behind(endpoint, inputs, count):
            return None
        refused = [each for each in self.refusals.of(endpoint) if each.status in _BEYOND]
        return next((each for each in refused if inputs_of(each).get(pager) not in (None, "")), None)

    def _record(self, endpoint: Endpoint, asked: Asked) -> Reply:
        values = endpoint.values(asked)
        shown = at(endpoint.recorded[0].body, endpoint.table)
        home = self.shop.home(endpoint, frozenset(shown if isinstance(shown, dict) else ()))
        record = home.named(values) if home is not None else None
        if record is None:
            own = next((each for each in endpoint.recorded if endpoint.values(each) == values), None)
            if own is not None and (home is None or not home.had(values)):
                return _as_recorded(own, asked)
            return self.refusals.reply(_MISSING, asked, "there is no such record", endpoint)
        # The recorded answer for the same record says most; another's lends its form.
        exchange = next((each for each in endpoint.recorded if endpoint.values(each) == values), endpoint.recorded[0])
        shown = overlaid(at(exchange.body, endpoint.table), record)
        body = put(exchange.body, endpoint.table, shown)
        return Reply(status=exchange.status, headers=exchange.answer_headers, body=body)


def _was_asked(endpoint: Endpoint, values: Mapping[str, str]) -> bool:
    return any(endpoint.values(each) == dict(values) for each in endpoint.recorded)


def _same_path(endpoint: Endpoint, asked: Asked) -> bool:
    return endpoint.recorded[0].path == asked.path


def _nearest(recorded: Sequence[Exchange], asked: Asked) -> Exchange:
    """The recorded exchange whose inputs are most like a request's."""
    inputs = inputs_of(asked)
    return max(recorded, key=lambda each: sum(inputs.get(w) == v for w, v in inputs_of(each).items()))


def _as_recorded(exchange: Exchange, asked: Asked) -> Reply:
    return Reply(status=exchange.status, headers=exchange.answer_headers, body=echoed(exchange.body, exchange, asked))
