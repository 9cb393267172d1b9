"""The GraphQL endpoint: documents, execution, cost and throttling, and the answer's `extensions`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.sandbox import LeakyBucket, Violations
from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._cost import actual_cost, requested_cost
from pullpush_shopify.sandbox._documents import kept_documents, load_schema
from pullpush_shopify.sandbox._execute import Plan
from pullpush_shopify.sandbox._inputs import coerce_variables
from pullpush_shopify.sandbox._resolve import make_runner

__all__ = ["Answer", "Engine", "Result", "Tariff"]

MAX_COST = 1000


@attrs.frozen(kw_only=True)
class Result:
    """One operation's outcome; `data` is None when nothing was carried out or a root field failed."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]


@attrs.frozen(kw_only=True)
class Answer:
    """HTTP status, JSON body and headers beside the usual ones."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Tariff:
    """The bucket of points and what happens when it is empty; `is_enforced` false lets everything pass.

    `status` is the HTTP status of a throttled answer: 200 by the documentation, 429 as third parties saw it.
    """

    bucket: LeakyBucket
    violations: Violations
    status: int = 200
    is_enforced: bool = True

    def show(self, requested: int, actual: int | None) -> dict[str, Any]:
        """The block `extensions.cost`."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.bucket.capacity,
                "currentlyAvailable": math.floor(self.bucket.available),
                "restoreRate": self.bucket.per_second,
            },
        }

    def refuse(self, requested: int) -> Answer | None:
        """Reserve the requested points; the refusal when they do not fit."""
        if not self.is_enforced:
            return None
        if requested > MAX_COST:
            self.violations.count("max_cost_exceeded")
            message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_COST})."
            shown = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MAX_COST}
            return Answer(status=200, body={"errors": [{"message": message, "extensions": shown}]})
        admission = self.bucket.take(requested)
        if admission.allowed:
            return None
        self.violations.refused("graphql", admission.retry_after)
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        body = {"errors": [error], "extensions": {"cost": self.show(requested, None)}}
        headers = {"Retry-After": f"{admission.retry_after:.1f}"} if self.status == 429 else {}
        return Answer(status=self.status, body=body, headers=headers)

    def settle(self, requested: int, actual: int) -> None:
        """Give back what was reserved and not used."""
        if self.is_enforced and requested > actual:
            self.bucket.give_back(requested - actual)


class Engine:
    """Runs operations; shared by the endpoint and by bulk jobs."""

    def __init__(self) -> None:
        schema = load_schema()
        self.documents = kept_documents()
        self._runner = make_runner(schema)

    def answer(self, request: Mapping[str, Any], call: Call, tariff: Tariff) -> Answer:
        """What the endpoint says to `{"query", "variables", "operationName"}`."""
        text, variables = request.get("query"), request.get("variables") or {}
        if not isinstance(text, str) or not isinstance(variables, Mapping):
            return Answer(status=400, body={"errors": {"query": "Required parameter missing or invalid"}})
        plan = self._compile(text, variables, request.get("operationName"), call)
        if isinstance(plan, Result):
            tariff.violations.count("invalid_query")
            return Answer(status=200, body={"errors": plan.errors})
        requested = requested_cost(plan.cost)
        refusal = tariff.refuse(requested)
        if refusal is not None:
            return refusal
        data = plan.run()
        actual = actual_cost(plan.cost, data)
        tariff.settle(requested, actual)
        body: dict[str, Any] = {"data": data}
        if plan.errors:
            body["errors"] = plan.errors
        body["extensions"] = {"cost": tariff.show(requested, actual)}
        if call.searches:
            body["extensions"]["search"] = call.searches
        return Answer(status=200, body=body)

    def run(self, text: str, variables: Mapping[str, Any], name: str | None, call: Call) -> Result:
        """Carry one operation out, without cost."""
        plan = self._compile(text, variables, name, call)
        if isinstance(plan, Result):
            return plan
        return Result(data=plan.run(), errors=plan.errors)

    def _compile(self, text: str, variables: Mapping[str, Any], name: Any, call: Call) -> Plan | Result:
        document = self.documents.get(text)
        if document.errors:
            return Result(data=None, errors=list(document.errors))
        operation = document.pick(name)
        if operation is None:
            message = f"No operation named {name!r}" if name else "An operation name is required"
            return Result(data=None, errors=[{"message": message}])
        values, errors = coerce_variables(self._runner.schema, operation, variables)
        if errors:
            return Result(data=None, errors=errors)
        return Plan.compile(self._runner, operation, document.fragments, values, call)
