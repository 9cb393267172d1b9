"""The old API's methods of orders."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pullpush_linnworks.sandbox.store import Record, Store
from pullpush_linnworks.sandbox.wire import NO_DATE, Refusal, items_of

__all__ = ["TradeMethods"]

Json = Any
Arguments = Mapping[str, Json]

_MOST_ORDERS = 20
_ADDRESS = ("FullName", "Company", "EmailAddress", "Address1", "Address2", "Address3", "Town", "Region", "PostCode")
_STATUS = {"Unpaid": 0, "Paid": 1, "Cancelled": 1}


class TradeMethods:
    """Handlers by path; each takes folded arguments and gives the answer's JSON."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def posts(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are posted."""
        return {
            "Orders/CreateOrders": self._create,
            "Orders/GetOrdersById": self._by_ids,
            "Orders/CancelOrder": self._cancel,
            "Orders/ProcessOrder": self._process,
            "Orders/ChangeStatus": self._change_status,
            "ProcessedOrders/SearchProcessedOrders": self._search_processed,
        }

    def gets(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are got."""
        return {"Orders/GetOrderDetailsByReferenceId": self._by_reference}

    # writing

    def _create(self, arguments: Arguments) -> Json:
        """The ids of the orders that were saved: one that is paid already is passed over without a word."""
        orders = items_of(arguments.get("orders"), "orders")
        if len(orders) > _MOST_ORDERS:
            raise Refusal("No more than 20 orders can be created at once")
        name = str(arguments.get("location") or "")
        place = next((each for each in self._store.locations if each["LocationName"].lower() == name.lower()), None)
        if place is None:
            raise Refusal(f"Location {name} not found")
        for each in orders:
            if not each.get("source") or not each.get("referencenumber"):
                raise Refusal("Source and ReferenceNumber must be provided")
            if any(not isinstance(line.get("qty"), int) for line in each.get("orderitems") or ()):
                raise Refusal("Qty is not a whole number")
        saved = [self._save(each, place["StockLocationId"]) for each in orders]
        return [key for key in saved if key is not None]

    def _save(self, values: Mapping[str, Json], location: str) -> str | None:
        source, reference = str(values["source"]), str(values["referencenumber"])
        subsource = str(values.get("subsource") or "")
        order = self._store.order_of(source, subsource, reference)
        if order is not None and (order["GeneralInfo"]["Status"] == 1 or order["Processed"]):
            return None
        if order is None:
            order = self._store.add_order(source=source, reference=reference)
        paid = values.get("paymentstatus", "Unpaid")
        if paid not in _STATUS:
            raise Refusal(f"The request is invalid: {paid} is not a payment status")
        order["GeneralInfo"] |= {
            "SubSource": subsource,
            "Status": _STATUS[paid],
            "ReceivedDate": values.get("receiveddate") or self._store.now(),
            "ExternalReferenceNum": values.get("externalreference") or "",
            "SecondaryReference": values.get("secondaryreferencenumber") or "",
            # An unpaid order is always parked.
            "IsParked": paid == "Unpaid" or values.get("orderstate") == "Park",
        }
        order["PaidOn"] = (values.get("paidon") or self._store.now()) if paid == "Paid" else None
        order["FulfilmentLocationId"] = location
        order["TotalsInfo"]["Currency"] = values.get("currency") or "UNK"
        delivery = _address(values.get("deliveryaddress") or {})
        order["CustomerInfo"] |= {
            "ChannelBuyerName": values.get("channelbuyername") or "",
            "Address": delivery,
            "BillingAddress": _address(values.get("billingaddress") or {}),
        }
        lines = values.get("orderitems") or ()
        link = bool(values.get("automaticallylinkbysku"))
        postage, discount = values.get("postalservicecost"), values.get("discount")
        self._store.fill(order, lines, link=link, postage=postage, discount=discount)
        self._store.touch(order)
        return str(order["OrderId"])

    def _open(self, key: Json) -> Record:
        order = self._store.order(key)
        if order is None or order["Processed"]:
            raise Refusal(f"Order {key} is not an open order")
        return order

    def _cancel(self, arguments: Arguments) -> Json:
        self._store.cancel(self._open(arguments.get("orderid")))
        return "Order has been cancelled"

    def _process(self, arguments: Arguments) -> Json:
        order = self._open(arguments.get("orderid"))
        answer = {"OrderId": order["OrderId"], "Processed": False, "Error": ""}
        if order["GeneralInfo"]["Status"] != 1 or order["GeneralInfo"]["IsParked"]:
            return {**answer, "Error": "Order is not paid or is parked"}
        self._store.ship(order)
        return {**answer, "Processed": True}

    def _change_status(self, arguments: Arguments) -> Json:
        status = int(arguments.get("status", -1))
        if status not in range(5):
            raise Refusal(f"The request is invalid: {status} is not a status")
        changed = []
        for key in items_of(arguments.get("orderids"), "orderIds"):
            order = self._open(key)
            changed.append(order["OrderId"])
            order["GeneralInfo"] |= {"Status": status, "IsParked": status == 0}
            order["PaidOn"] = self._store.now() if status == 1 else None
            self._store.touch(order)
        return changed

    # reading by the old API

    def _by_ids(self, arguments: Arguments) -> Json:
        keys = [str(each).lower() for each in items_of(arguments.get("pkorderids"), "pkOrderIds")]
        return [self._old(order) for order in self._store.orders if order["OrderId"] in keys]

    def _by_reference(self, arguments: Arguments) -> Json:
        wanted = str(arguments.get("referenceid") or "")
        found = []
        for order in self._store.orders:
            info = order["GeneralInfo"]
            if wanted in (info["ReferenceNum"], info["SecondaryReference"]) and self._store.is_indexed(order):
                found.append(self._old(order))
        return found[:50]

    def _old(self, order: Record) -> Json:
        """An order in the old API's model: dates that are not there are the minimum date."""
        info = {key: value for key, value in order["GeneralInfo"].items() if key != "IsLocked"}
        info |= {"HoldOrCancel": order["_cancelled"], "Location": order["FulfilmentLocationId"]}
        kept = ("OrderId", "NumOrderId", "Processed", "FulfilmentLocationId", "TotalsInfo", "CustomerInfo", "Items")
        return {
            **{key: order[key] for key in kept},
            "GeneralInfo": info,
            "ProcessedDateTime": order["ProcessedOn"] or NO_DATE,
            "PaidDateTime": order["PaidOn"] or NO_DATE,
        }

    def _search_processed(self, arguments: Arguments) -> Json:
        """Header rows with flat names; without its wrapper the request's filters are ignored."""
        request = arguments.get("request") or {}
        size, number = int(request.get("resultsperpage", 200)), int(request.get("pagenumber", 1))
        term = str(request.get("searchterm") or "").lower()
        found = [order for order in self._store.orders if order["Processed"] and _mentions(order, term)]
        shown = [self._header(order) for order in found[(number - 1) * size : number * size]]
        pages = -(-len(found) // size)
        paged = {"PageNumber": number, "EntriesPerPage": size, "TotalEntries": len(found), "TotalPages": pages}
        return {"ProcessedOrders": {**paged, "Data": shown}}

    def _header(self, order: Record) -> Json:
        info, totals, address = order["GeneralInfo"], order["TotalsInfo"], order["CustomerInfo"]["Address"]
        return {
            "pkOrderID": order["OrderId"],
            "nOrderId": order["NumOrderId"],
            "nStatus": info["Status"],
            "dReceivedDate": info["ReceivedDate"],
            "dProcessedOn": order["ProcessedOn"] or NO_DATE,
            "dPaidOn": order["PaidOn"] or NO_DATE,
            "dCancelledOn": order["ProcessedOn"] if order["_cancelled"] else NO_DATE,
            "fTotalCharge": totals["TotalCharge"],
            "cCurrency": totals["Currency"],
            "cEmailAddress": address.get("EmailAddress"),
            "cFullName": address.get("FullName"),
            "Company": address.get("Company"),
            "HoldOrCancel": order["_cancelled"],
            "ReferenceNum": info["ReferenceNum"],
            "Source": info["Source"],
            "SubSource": info["SubSource"],
        }


def _address(values: Mapping[str, Json]) -> Record:
    """An address of `ChannelAddress` as orders show it; a country given by its code gets that as its name."""
    found: Record = {name: values.get(name.lower()) or "" for name in (*_ADDRESS, "PhoneNumber")}
    country = values.get("country") or values.get("matchcountryname") or values.get("matchcountrycode") or "UNKNOWN"
    return {**found, "Country": country, "CountryId": str(uuid.uuid5(uuid.NAMESPACE_DNS, country))}


def _mentions(order: Record, term: str) -> bool:
    info, address = order["GeneralInfo"], order["CustomerInfo"]["Address"]
    texts = (info["ReferenceNum"], str(order["NumOrderId"]), address.get("EmailAddress") or "")
    return not term or any(term in text.lower() for text in texts)
