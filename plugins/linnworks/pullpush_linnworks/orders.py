"""Writing orders. Linnworks knows an order by source, sub-source and reference: it edits an unpaid one that comes
again and passes over a paid one without a word. The look-up by reference may lag, so that nothing relies on that alone:
after a lost answer an order is looked for before it is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from pullpush_sdk import Connection, Delivery, Outcome, Verb, outcome_of
from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import instant_text, to_sparse
from pullpush_sdk.declarative import page_of
from pullpush_sdk.errors import RecordError, TransientError
from pullpush_sdk.http import Call

from .answers import ask, message_of
from .functions import SOURCE, order_status
from .items import ids_of, unclear
from .order_body import SHIPPED, is_paid, order_body, problems_of, reckon
from .reading import orders_by_id

Json = Any

CREATE = "/api/Orders/CreateOrders"
BY_REFERENCE = "/api/Orders/GetOrderDetailsByReferenceId"
STATUS = "/api/Orders/ChangeStatus"
CANCEL = "/api/Orders/CancelOrder"
PROCESS = "/api/Orders/ProcessOrder"

# Over before it reached Linnworks: there is nothing to pick, pack or wait for.
_OVER = frozenset({"cancelled", "refunded", "returned", "failed", "draft"})
_CANCELLED = frozenset({"cancelled", "failed"})
_REFUSED = frozenset({400})
_PAID = 1
_MOST_LOOKS = 3


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per order, in the batch's order."""
    try:
        held = await orders_by_id(connection, [key for each in batch for key in _own_ids(each)])
        skus = {str(line["sku"]) for each in batch for line in each.payload.get("lineItems") or () if line.get("sku")}
        known = await ids_of(connection, skus) if skus else {}
    except (RecordError, TransientError) as error:
        return [outcome_of(error)] * len(batch)
    work = [
        _Work(
            connection=connection,
            delivery=each,
            known=known,
            held=next((held[key] for key in _own_ids(each) if key in held), None),
        )
        for each in batch
    ]
    of = {each.delivery.id: each for each in work}
    done = await push_each(batch, lambda each: of[each.id].outcome(), together=True)
    return await _with_returned(connection, work, done)


def _own_ids(delivery: Delivery) -> list[str]:
    """Ids that this account may know the order by: the one an earlier delivery gave, or, where the order comes back
    to the account that it is from, its canonical one.
    """
    return [str(key).lower() for key in (delivery.native_id, delivery.payload.get("orderId")) if _is_guid(key)]


def _is_guid(text: Json) -> bool:
    try:
        return str(UUID(str(text))) == str(text).lower()
    except ValueError:
        return False


@attrs.define(kw_only=True)
class _Work:
    """One order on its way; `held` is the order that is in Linnworks, as the new API shows it, None for a new one;
    `wrote` whether anything was written, `entered` whether that made the order.
    """

    connection: Connection
    delivery: Delivery
    known: Mapping[str, Sequence[str]]
    held: Json | None = None
    wrote: bool = False
    entered: bool = False

    @property
    def payload(self) -> Mapping[str, Json]:
        """The canonical order."""
        return self.delivery.payload

    async def outcome(self) -> Outcome:
        """What became of it."""
        delivery = self.delivery
        if delivery.verb is Verb.DELETED:
            return Outcome.skipped("an order in Linnworks is not deleted by a sync; cancel it there")
        if self.held is None and (delivery.maybe_applied or delivery.native_id is not None):
            await self._look()
        if self.held is not None:
            return await self._follow()
        if delivery.native_id is not None:
            return self._gone(delivery.native_id)
        if delivery.fields is not None:
            return Outcome.dead(f"order {delivery.key} is not in Linnworks, and a partial event cannot create it")
        if self.payload.get("status") in _OVER:
            return Outcome.skipped(f"order {delivery.key} was {self.payload['status']} before it reached Linnworks")
        return await self._create()

    async def _create(self) -> Outcome:
        """A new order, if Linnworks would charge exactly what the order says."""
        payload, settings = self.payload, self.connection.settings
        problems = problems_of(payload)
        for sku in dict.fromkeys(line["sku"] for line in payload.get("lineItems") or () if line.get("sku")):
            problems += [problem] if (problem := unclear(sku, self.known.get(sku, ()))) else []
        own, stated = settings.get("currency"), payload.get("currency")
        if own is None or stated != own:
            account = f"the Linnworks account in {own}" if own else "no currency of the account is set: set `currency`"
            problems.append(f"it is in {stated or 'no stated currency'}, {account}")
        reckoned = "" if problems else reckon(payload)
        if isinstance(reckoned, str):
            why = "; ".join([*problems, *([reckoned] if reckoned else [])])
            return Outcome.dead(f"order {self.delivery.key} cannot be entered as it is: {why}")
        body = order_body(payload, reckoned, settings, instant_text(self.connection.clock.now()))
        request = {"orders": [body], "location": settings.get("order_location") or "Default"}
        # Not repeated by itself: the refusal of repeats may lag like the look-up does.
        answer = await ask(self.connection, CREATE, request, repeatable=False)
        saved = [str(key).lower() for key in answer.json() or ()]
        if not saved:
            return await self._passed_over()
        self.wrote = self.entered = True
        try:
            return await self._advance(saved[0], paid=True) or Outcome.delivered(native_id=saved[0])
        except TransientError as error:
            # It is there: the next attempt looks for it, after the look-up's lag.
            reason = f"order {self.delivery.key} is in Linnworks, its status is not: {error}"
            return Outcome.retry(reason, after=error.retry_after, answer=error.answer, maybe_applied=True)

    async def _passed_over(self) -> Outcome:
        """Linnworks saved nothing: it has the order, paid, since an earlier attempt."""
        await self._look()
        if self.held is None:
            lag = self.connection.connector.index_lag.get("order")
            reason = f"Linnworks says that it has order {self.delivery.key} and does not show it yet"
            return Outcome.retry(reason, after=lag, maybe_applied=True)
        return await self._follow()

    def _gone(self, native_id: str) -> Outcome:
        """An order that was entered and is not shown: not yet, or merged into another one, or deleted. It is not
        entered again.
        """
        reason = f"order {self.delivery.key} was order {native_id} in Linnworks, which does not show it"
        if self.delivery.attempt < _MOST_LOOKS:
            return Outcome.retry(reason, after=self.connection.connector.index_lag.get("order"))
        return Outcome.dead(f"{reason}: was it merged or deleted there?")

    async def _look(self) -> None:
        """Find the order by its reference."""
        call = Call(url=BY_REFERENCE, params={"ReferenceId": str(self.payload["orderId"])})
        rows = (await self.connection.client.send(call)).json() or ()
        own = [row for row in rows if self._is_it(row.get("GeneralInfo") or {})]
        if own:
            key = str(own[0]["OrderId"]).lower()
            self.held = (await orders_by_id(self.connection, [key])).get(key)

    def _is_it(self, info: Mapping[str, Json]) -> bool:
        subsource = self.connection.settings.get("order_subsource") or "PullPush"
        names = (info.get("Source"), info.get("SubSource"), info.get("ReferenceNum"))
        return names == (SOURCE, subsource, str(self.payload["orderId"]))

    async def _follow(self) -> Outcome:
        """An order that is known to be there: its status, where that has gone on; its lines stay."""
        assert self.held is not None
        key = str(self.held["OrderId"]).lower()
        if refused := await self._advance(key, paid=self.held["GeneralInfo"].get("Status") == _PAID):
            return refused
        if self.delivery.maybe_applied or self.wrote:
            return Outcome.delivered(native_id=key)
        return Outcome.unchanged("Linnworks holds it, and takes nothing more of it", native_id=key)

    async def _advance(self, key: str, *, paid: bool) -> Outcome | None:
        """Bring the order in Linnworks to where it is; the outcome where that is not simply done."""
        wanted, info = self.payload.get("status"), (self.held or {}).get("GeneralInfo") or {}
        processed = bool((self.held or {}).get("Processed"))
        if wanted in _CANCELLED:
            return await self._cancel(key, processed=processed, cancelled=bool(info.get("IsCancelled")))
        if processed:
            return None
        if not paid and is_paid(self.payload):
            await ask(self.connection, STATUS, {"orderIds": [key], "status": _PAID})
            self.wrote = True
        if wanted in SHIPPED and self.connection.settings.get("process_shipped"):
            return await self._process(key)
        return None

    async def _cancel(self, key: str, *, processed: bool, cancelled: bool) -> Outcome | None:
        if cancelled:
            return None
        if processed:
            return Outcome.dead(f"order {self.delivery.key} was cancelled, and Linnworks has processed it: order {key}")
        location = self.held["FulfilmentLocationId"] if self.held else ""
        body = {"orderId": key, "fulfilmentCenter": location, "refund": 0, "note": "cancelled where it comes from"}
        answer = await ask(self.connection, CANCEL, body, accepts=_REFUSED)
        if answer.status not in _REFUSED:
            self.wrote = True
            return None
        now = (await orders_by_id(self.connection, [key])).get(key) or {}
        if _status_of(now) == "cancelled":
            return None
        return Outcome.dead(f"Linnworks does not cancel order {key}", answer=message_of(answer))

    async def _process(self, key: str) -> Outcome | None:
        location = self.held["FulfilmentLocationId"] if self.held else None
        body = {"orderId": key, "scanPerformed": True, **({"locationId": location} if location else {})}
        # It moves stock: what may have happened is looked at before it is tried again.
        answer = await ask(self.connection, PROCESS, body, repeatable=False, accepts=_REFUSED)
        said = message_of(answer) if answer.status in _REFUSED else str(answer.json().get("Error") or "")
        if answer.status not in _REFUSED and answer.json().get("Processed"):
            self.wrote = True
            return None
        return Outcome.dead(f"order {key} is in Linnworks, which does not process it", answer=said)


async def _with_returned(
    connection: Connection, work: Sequence[_Work], outcomes: Sequence[Outcome]
) -> Sequence[Outcome]:
    """The outcomes with the orders as Linnworks now shows them, read together; their totals are compared once more.

    Where that look fails the writes have happened all the same.
    """
    written = [each.native_id for each in outcomes if each.result == "delivered" and each.native_id]
    try:
        held = await orders_by_id(connection, written)
    except (RecordError, TransientError):
        return outcomes
    return [
        _seen(connection, each, outcome, held.get(outcome.native_id or ""))
        if outcome.result == "delivered"
        else outcome
        for each, outcome in zip(work, outcomes, strict=True)
    ]


def _seen(connection: Connection, work: _Work, outcome: Outcome, row: Json | None) -> Outcome:
    if row is None:
        return outcome
    total, wanted = Decimal(str(row["TotalsInfo"]["TotalCharge"])), work.payload.get("totalAmount")
    if work.entered and wanted is not None and total != Decimal(str(wanted)):
        return Outcome.dead(
            f"order {work.delivery.key} is order {row['NumOrderId']} in Linnworks, which makes it {total} "
            f"instead of {wanted}: mend it there"
        )
    page = page_of(connection, "orders", [row], started=connection.clock.now())
    if not page.events:
        return outcome
    (event,) = page.events
    return attrs.evolve(outcome, returned=to_sparse(event.record), version=event.version)


def _status_of(row: Mapping[str, Json]) -> str:
    info = row.get("GeneralInfo") or {}
    return order_status(row.get("Processed"), info.get("IsCancelled"), info.get("IsParked"), info.get("Status"))
