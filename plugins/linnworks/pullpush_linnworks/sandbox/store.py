"""The account: locations, items with their levels, orders; and the laws that hold between them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pullpush_linnworks.sandbox.seed import DEFAULT, identifier, make_items, make_level, make_locations, new_order
from pullpush_linnworks.sandbox.switches import Switches
from pullpush_linnworks.sandbox.totals import line_of, totals_of
from pullpush_linnworks.sandbox.wire import Refusal, stamp
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["Store"]

Json = Any
Record = dict[str, Json]


class Store:
    """Everything that the account holds. A level is kept as `StockLevel` and `InOrders`; what is available follows."""

    def __init__(self, *, records: int, seed: int, clock: SandboxClock, switches: Switches) -> None:
        self._records, self.seed, self.clock, self.switches = records, seed, clock, switches
        self.locations: list[Record] = []
        self.items: list[Record] = []
        self.orders: list[Record] = []
        self.mails: list[Record] = []
        self._made = 0
        self.reset()

    def reset(self) -> None:
        """As seeded."""
        now = self.clock.now()
        self.locations, self.mails, self._made = make_locations(), [], 0
        self.items = make_items(self._records, self.seed, now, self.written)
        self.orders = []
        for number, item in enumerate([each for each in self.items if not each["IsVariationParent"]][::3]):
            self.orders.append(self._seeded_order(number, item, now))

    def dump(self) -> Json:
        """Everything, as it is held."""
        return {"locations": self.locations, "items": self.items, "orders": self.orders, "mails": self.mails}

    def now(self) -> str:
        """The present moment as the platform writes it."""
        return self.written(self.clock.now())

    def written(self, moment: datetime) -> str:
        """An instant in the switched resolution and zone."""
        return stamp(moment, seconds=self.switches.stamps == "seconds", offset=self.switches.zone == "offset")

    def is_indexed(self, record: Mapping[str, Json]) -> bool:
        """Whether look-ups show the record yet."""
        born = record["_born"]
        return born is None or bool(self.clock.seconds() - born >= self.switches.index_lag)

    # items

    def active(self) -> list[Record]:
        """The items that are not archived, in the order of lists."""
        found = [each for each in self.items if not each["_archived"]]
        if self.switches.shuffle:
            random.Random(len(found)).shuffle(found)
        return found

    def by_sku(self, sku: object) -> Record | None:
        """The active item with that SKU."""
        return next((each for each in self.items if each["ItemNumber"] == sku and not each["_archived"]), None)

    def by_id(self, key: object) -> Record | None:
        """The item with that id, archived ones included."""
        return next((each for each in self.items if each["StockItemId"] == str(key).lower()), None)

    def location(self, key: object) -> Record:
        """A location by id.

        Raises:
            Refusal: there is none.
        """
        found = next((each for each in self.locations if each["StockLocationId"] == str(key).lower()), None)
        if found is None:
            raise Refusal(f"Location {key} not found")
        return found

    def row(self, item: Record, location: str) -> Record:
        """The item's level at a location; made where it had none."""
        self.location(location)
        found = next((each for each in item["_levels"] if each["location"] == location), None)
        if found is None:
            found = make_level(location)
            item["_levels"].append(found)
        return found

    def set_level(self, item: Record, location: str, level: int, *, operation: str) -> Record:
        """Set what is there at a location; the row."""
        row = self.row(item, location)
        row |= {"StockLevel": level, "LastUpdateDate": self.now(), "_operation": operation}
        return row

    # orders

    def order(self, key: object) -> Record | None:
        """The order with that id."""
        return next((each for each in self.orders if each["OrderId"] == str(key).lower()), None)

    def order_of(self, source: str, subsource: str, reference: str) -> Record | None:
        """The order that a channel knows by this reference, as far as it is indexed."""
        wanted = (source, subsource, reference)
        for each in self.orders:
            info = each["GeneralInfo"]
            if (info["Source"], info["SubSource"], info["ReferenceNum"]) == wanted and self.is_indexed(each):
                return each
        return None

    def add_order(self, *, source: str, reference: str) -> Record:
        """A new order without lines."""
        self._made += 1
        number = len(self.orders)
        key = identifier(self.seed, f"made {self._made}")
        order = new_order(number, key, self.now(), source=source, reference=reference)
        order["_born"] = self.clock.seconds()
        self.orders.append(order)
        return order

    def touch(self, order: Record) -> None:
        """The order changed now."""
        order["LastUpdated"] = self.now()

    def fill(
        self, order: Record, lines: Iterable[Mapping[str, Json]], *, link: bool, postage: Json, discount: Json
    ) -> None:
        """Give an order its lines and totals; linked lines take stock of the order's location."""
        self.release(order)
        made = [
            line_of(line, self.by_sku(line.get("channelsku")) if link else None, row=self._line_id(order, at))
            for at, line in enumerate(lines)
        ]
        order["Items"] = made
        order["GeneralInfo"]["NumItems"] = len(made)
        order["TotalsInfo"] |= totals_of(made, postage=postage, discount=discount)
        self._move(order, +1)

    def release(self, order: Record) -> None:
        """The order takes no stock any more."""
        self._move(order, -1)

    def ship(self, order: Record) -> None:
        """What the order had taken leaves the place, and the buyer is told."""
        for row, quantity in self._rows(order):
            row |= {"StockLevel": row["StockLevel"] - quantity, "InOrders": row["InOrders"] - quantity}
            row["LastUpdateDate"] = self.now()
        order |= {"Processed": True, "ProcessedOn": self.now()}
        self.mails.append({"order": order["OrderId"], "about": "despatched"})
        self.touch(order)

    def cancel(self, order: Record) -> None:
        """The order is over; what it had taken is free."""
        self.release(order)
        order |= {"Processed": True, "ProcessedOn": self.now(), "_cancelled": True}
        self.touch(order)

    def _rows(self, order: Record) -> list[tuple[Record, int]]:
        """The levels that an open order has taken from, and how much; orders of the seed took nothing."""
        if order["Processed"] or order.get("_seeded"):
            return []
        found = []
        for line in order["Items"]:
            item = None if line["IsUnlinked"] else self.by_id(line["StockItemId"])
            if item is not None:
                found.append((self.row(item, order["FulfilmentLocationId"]), line["Quantity"]))
        return found

    def _move(self, order: Record, sign: int) -> None:
        # The level's own time stands still while orders take from it.
        for row, quantity in self._rows(order):
            row["InOrders"] += sign * quantity

    def _line_id(self, order: Record, at: int) -> str:
        return identifier(self.seed, f"{order['OrderId']} line {at}")

    def _seeded_order(self, number: int, item: Record, now: datetime) -> Record:
        """Open ones, one parked, every other processed, every fifth of those cancelled; some unpaid."""
        key = identifier(self.seed, f"order {number}")
        order = new_order(
            number, key, self.written(now - timedelta(days=2)), source="DIRECT", reference=f"REF-{number}"
        )
        order["_seeded"] = True
        line = {"qty": 2, "priceperunit": item["RetailPrice"], "taxrate": 20, "channelsku": item["ItemNumber"]}
        self.fill(order, [line], link=True, postage=3.5, discount=0)
        order["TotalsInfo"] |= {"Currency": self.switches.currency, "PaymentMethod": "Card"}
        if item["_composite"]:
            part = line_of({"qty": 4, "priceperunit": 0, "channelsku": "LW-PART"}, None, row=identifier(self.seed, key))
            order["Items"][0]["CompositeSubItems"] = [{**part, "SKU": "LW-PART"}]
        address = buyer_address(f"buyer{number}@example.com", f"Buyer {number}")
        address |= {"Address1": f"{number} High Street", "Town": "Leeds", "PostCode": "LS1 1AA"}
        order["CustomerInfo"] |= {"Address": address, "BillingAddress": dict(address)}
        order["LastUpdated"] = self.written(now - timedelta(days=1, minutes=number))
        order["GeneralInfo"] |= {"Status": 0 if number % 4 == 2 else 1, "IsParked": number == 4}
        order["PaidOn"] = None if number % 4 == 2 else order["GeneralInfo"]["ReceivedDate"]
        if number % 2 == 1:
            order |= {"Processed": True, "ProcessedOn": self.written(now - timedelta(days=1))}
            order["_cancelled"] = number % 5 == 0
        order["FulfilmentLocationId"] = DEFAULT
        return order


def buyer_address(email: str, name: str) -> Record:
    """A buyer's address of which mail address and name are known only."""
    texts = ("Address1", "Address2", "Address3", "Town", "Region", "PostCode", "Company", "PhoneNumber")
    return {
        "EmailAddress": email,
        "FullName": name,
        **dict.fromkeys(texts, ""),
        "Country": "United Kingdom",
        "CountryId": DEFAULT,
    }
