"""Orders after they were placed, and invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pullpush_magento.sandbox.sales_rows import cents, invoice_of
from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["Sales"]

Json = Any
Row = dict[str, Json]

_MISSING = "The entity that was requested doesn't exist. Verify the entity and try again."
_NO_INVOICE = "Invoice Document Validation Error(s):\n%1"


class Sales:
    """What the endpoints of orders and invoices do."""

    def __init__(self, state: State) -> None:
        self._state = state

    def order(self, asked: Asked) -> Row:
        """One order by its entity id."""
        return _public(self._order(asked.named["id"]))

    def _order(self, key: Json) -> Row:
        row = self._state.orders.get(int(key)) if str(key).isdecimal() else None
        if row is None:
            raise Refusal(404, _MISSING)
        return row

    def order_items(self) -> list[Row]:
        """The lines of all orders."""
        return [
            {**each, "order_id": order["entity_id"]} for order in self._state.orders.values() for each in order["items"]
        ]

    def save_raw(self, asked: Asked) -> Row:
        """The record as it is given: nothing computed, no stock reserved, no mail."""
        given = asked.part("entity")
        key = given.get("entity_id")
        if key is not None:
            row = self._order(key)
        else:
            key, now = self._state.next("order", self._state.orders), self._state.now()
            row = {"entity_id": key, "increment_id": f"{key:09d}", "created_at": now, "items": []}
            self._state.orders[key] = self._state.fresh(row)
        row |= {**given, "updated_at": self._state.now()}
        return _public(row)

    def comment(self, asked: Asked) -> bool:
        """One more entry of the order's history."""
        order, given = self._order(asked.named["id"]), asked.part("statusHistory")
        key = self._state.next("history")
        entry = {"entity_id": key, "entity_name": "order", "created_at": self._state.now(), **given}
        order["status_histories"].append({**entry, "parent_id": order["entity_id"]})
        order["updated_at"] = self._state.now()
        if given.get("is_customer_notified"):
            self._state.mail("comment", order["customer_email"], order=order["entity_id"])
        return True

    def cancel(self, asked: Asked) -> bool:
        """Cancel what is not invoiced yet; its stock goes back."""
        order = self._order(asked.named["id"])
        if order["state"] not in ("new", "pending_payment", "processing") or order.get("total_invoiced"):
            return False
        for each in order["items"]:
            if self._state.switches.inventory == "sources":
                self._state.reservations[each["sku"]] += each["qty_ordered"]
            elif self._state.has(each["sku"]):
                item = self._state.stock_items[self._state.product(each["sku"])["id"]]
                item["qty"] = cents(Decimal(str(item["qty"] or 0)) + Decimal(str(each["qty_ordered"])))
        self.move(order, "canceled", "canceled")
        return True

    def hold(self, asked: Asked) -> bool:
        """Put aside."""
        order = self._order(asked.named["id"])
        if order["state"] not in ("new", "processing"):
            raise Refusal(400, "The order can't be put on hold.")
        order |= {"hold_before_state": order["state"], "hold_before_status": order["status"]}
        self.move(order, "holded", "holded")
        return True

    def unhold(self, asked: Asked) -> bool:
        """Take up again."""
        order = self._order(asked.named["id"])
        if order["state"] != "holded":
            raise Refusal(400, "The order isn't on hold.")
        self.move(order, order.get("hold_before_state", "new"), order.get("hold_before_status", "pending"))
        return True

    def move(self, order: Row, state: str, status: str) -> None:
        """Another state, now."""
        order |= {"state": state, "status": status, "updated_at": self._state.now()}
        self._state.announce("order", order)

    # Invoices

    def invoice(self, asked: Asked) -> Row:
        """One invoice."""
        row = self._state.invoices.get(int(asked.named["id"])) if asked.named["id"].isdecimal() else None
        if row is None:
            raise Refusal(404, _MISSING)
        return row

    def make_invoice(self, asked: Asked) -> int:
        """An invoice over the whole order or some of its lines; its amount is the platform's."""
        order = self._order(asked.named["order"])
        open_lines = {
            each["item_id"]: Decimal(str(each["qty_ordered"])) - Decimal(str(each["qty_invoiced"]))
            for each in order["items"]
        }
        if order["state"] in ("canceled", "closed", "holded", "payment_review") or not any(open_lines.values()):
            raise Refusal(400, _NO_INVOICE, ["The order does not allow an invoice to be created."])
        chosen = {each["order_item_id"]: Decimal(str(each["qty"])) for each in asked.body.get("items") or ()}
        for key, quantity in chosen.items():
            if key not in open_lines:
                raise Refusal(
                    400,
                    _NO_INVOICE,
                    ["The invoice contains one or more items that are not part of the original order."],
                )
            if quantity > open_lines[key]:
                words = "The quantity to invoice must not be greater than the uninvoiced quantity for product SKU."
                raise Refusal(400, _NO_INVOICE, [words])
        untouched = not order.get("total_invoiced")
        quantities = None if not chosen and untouched else chosen or open_lines
        key = self._state.next("invoice", self._state.invoices)
        row = invoice_of(key, order, quantities)
        row |= {"created_at": self._state.now(), "updated_at": self._state.now()}
        self._state.invoices[key] = self._state.fresh(row)
        self._state.announce("invoice", row)
        for each in order["items"]:
            done = open_lines[each["item_id"]] if quantities is None else quantities.get(each["item_id"], 0)
            each["qty_invoiced"] = cents(Decimal(str(each["qty_invoiced"])) + Decimal(str(done)))
        paid = cents(Decimal(str(order.get("total_invoiced") or 0)) + Decimal(str(row["grand_total"])))
        order |= {"total_invoiced": paid, "total_paid": paid, "base_total_paid": paid}
        order["total_due"] = cents(Decimal(str(order["grand_total"])) - Decimal(str(paid)))
        self.move(order, "processing", "processing")
        if asked.body.get("capture"):
            self._state.captures.append({"order": order["entity_id"], "amount": row["grand_total"]})
        if asked.body.get("notify"):
            self._state.mail("invoice", order["customer_email"], order=order["entity_id"])
        return key


def _public(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
