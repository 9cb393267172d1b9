"""The sandbox as any HTTP client sees it: the quirks of the platform, one by one."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime

import attrs
import pytest
from pullpush_linnworks.sandbox import build

from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve

DEFAULT = "00000000-0000-0000-0000-000000000000"
ANNEX = "11111111-1111-4111-8111-111111111111"
LIST = {"loadCompositeParents": True, "loadVariationParents": False, "entriesPerPage": 200, "pageNumber": 1}


@attrs.define
class Answer:
    status: int
    headers: dict
    text: bytes

    @property
    def json(self):
        return json.loads(self.text)


@attrs.define
class Http:
    """A plain client: no connector, no library of ours."""

    origin: str
    sandbox: object
    token: str = ""
    server: str = ""

    def send(self, method, path, body=None, *, form=False, token=None):
        headers = {"Authorization": self.token if token is None else token}
        data = None
        if body is not None:
            data = (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        request = urllib.request.Request(self.origin + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def authorize(self, **wrong):
        secrets = self.sandbox.secrets
        names = {"ApplicationId": "application_id", "ApplicationSecret": "application_secret"}
        body = {name: secrets[key] for name, key in names.items()} | {"Token": secrets["installation_token"]}
        return self.send("POST", "/api/Auth/AuthorizeByApplication", body | wrong)

    def sign_in(self):
        session = self.authorize().json
        self.token, self.server = session["Token"], urllib.parse.urlsplit(session["Server"]).path
        return self

    def post(self, method, body, **more):
        return self.send("POST", f"{self.server}/api/{method}", body, **more)

    def get(self, method, **query):
        return self.send("GET", f"{self.server}/api/{method}?{urllib.parse.urlencode(query)}")

    def orders(self, **query):
        return self.send("GET", f"/v2/orders?{urllib.parse.urlencode(query, doseq=True)}")


@pytest.fixture
def account():
    """Runs a test's steps against a served sandbox: `account(steps, records=8, ...)`."""

    def run(steps, *, limits=False, signed_in=True, records=8, **extra):
        now = [0.0]
        clock = SandboxClock(source=lambda: now[0], start=datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC))
        options = SandboxOptions(records=records, rate_limits=limits, extra=extra, clock=clock)
        sandbox = build(options)

        async def served():
            async with serve(sandbox.app) as origin:
                http = Http(origin, sandbox)
                await asyncio.to_thread(lambda: steps(http.sign_in() if signed_in else http))

        asyncio.run(served())

    return run


def test_a_session_names_its_own_server_and_works_there_only(account):
    def steps(http):
        one, two = http.authorize().json, http.authorize().json
        assert {"Token", "Server", "TTL", "Locality", "Status"} <= set(one)
        assert one["Server"] != two["Server"]
        http.token, http.server = one["Token"], urllib.parse.urlsplit(one["Server"]).path
        assert http.get("Inventory/GetStockLocations").status == 200
        http.server = urllib.parse.urlsplit(two["Server"]).path
        answer = http.get("Inventory/GetStockLocations")
        assert (answer.status, set(answer.json)) == (401, {"Message"})
        assert http.orders().status == 200  # the regional host takes any session

    account(steps, signed_in=False)


def test_a_session_dies_after_twenty_quiet_minutes_and_a_use_keeps_it(account):
    def steps(http):
        for _ in range(3):
            http.sandbox.control.clock.advance(19 * 60)
            assert http.get("Inventory/GetStockLocations").status == 200
        http.sandbox.control.clock.advance(20 * 60 + 1)
        assert http.get("Inventory/GetStockLocations").status == 401
        assert http.orders().status == 401

    account(steps)


def test_wrong_credentials_and_every_state(account):
    def steps(http):
        answer = http.authorize(Token=str(uuid.uuid4()))
        assert (answer.status, set(answer.json)) == (400, {"Message"})
        for state in ("AVAILABLE", "LOCKED_BASIC", "LOCKED_FULL", "MAINTENANCE"):
            http.sandbox.control.change("state", state=state)
            status = http.authorize().json["Status"]
            assert status["State"] == state
            assert bool(status["Reason"]) == (state != "AVAILABLE")

    account(steps, signed_in=False)


def test_credentials_as_a_form_or_a_query_in_any_case(account):
    def steps(http):
        secrets = http.sandbox.secrets
        form = {"applicationId": secrets["application_id"], "APPLICATIONSECRET": secrets["application_secret"]}
        form |= {"token": secrets["installation_token"]}
        assert http.send("POST", "/api/Auth/AuthorizeByApplication", form, form=True).status == 200
        assert http.send("GET", f"/api/Auth/AuthorizeByApplication?{urllib.parse.urlencode(form)}").status == 200

    account(steps, signed_in=False)


def test_two_encodings_the_wrapper_and_names_in_any_case(account):
    def steps(http):
        key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
        form = {"request": json.dumps({"SKUs": ["LW-0000"]})}
        assert http.post("Inventory/GetStockItemIdsBySKU", form, form=True).json["Items"] == [key]
        assert (
            http.post("inventory/GetStockItemIdsBySKU".replace("i", "I", 1), {"REQUEST": {"skus": ["LW-0000"]}}).status
            == 200
        )
        assert http.post("Inventory/GetStockItemIdsBySKU", {"SKUS": ["LW-0000"]}).status == 400
        assert http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": "LW-0000,LW-0001"}}).status == 400
        # The other way round the filters are ignored without a word.
        narrow = {"SearchTerm": "nobody", "PageNumber": 1, "ResultsPerPage": 20}
        wrapped = http.post("ProcessedOrders/SearchProcessedOrders", {"request": narrow}).json["ProcessedOrders"]
        bare = http.post("ProcessedOrders/SearchProcessedOrders", narrow).json["ProcessedOrders"]
        assert (wrapped["TotalEntries"], bare["TotalEntries"] > 0) == (0, True)

    account(steps, records=24)


def test_lists_in_a_query_are_json_and_never_repeated(account):
    def steps(http):
        path = f"{http.server}/api/Stock/GetStockLevel"
        key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
        assert http.send("GET", f"{path}?stockItemId={key['StockItemId']}").json
        assert http.send("GET", f"{path}?stockItemId=1&stockItemId=2").status == 400
        assert http.send("GET", f"{path}?stockItemId=[1,").status == 400

    account(steps)


def test_enums_are_words_or_numbers(account):
    def steps(http):
        for word, levels in (("StockLevels", True), (0, True), ("Pricing", False), (1, False)):
            items = http.post("Stock/GetStockItemsFull", {**LIST, "dataRequirements": [word]}).json
            assert any(item["StockLevels"] for item in items) == levels
        assert http.post("Stock/GetStockItemsFull", {**LIST, "dataRequirements": ["Levels"]}).status == 400

    account(steps)


def test_the_pages_of_items_end_with_a_400_and_have_200_rows_at_most(account):
    def steps(http):
        assert len(http.post("Stock/GetStockItemsFull", LIST).json) == 200
        assert len(http.post("Stock/GetStockItemsFull", {**LIST, "pageNumber": 2}).json) == 10
        end = http.post("Stock/GetStockItemsFull", {**LIST, "pageNumber": 3})
        assert (end.status, "No items found" in end.json["Message"]) == (400, True)
        for size in (0, 201):
            assert http.post("Stock/GetStockItemsFull", {**LIST, "entriesPerPage": size}).status == 400

    account(steps, records=240)


def test_the_flags_of_parents_let_rows_in_or_leave_them_out(account):
    def steps(http):
        def skus(**flags):
            return {item["ItemNumber"] for item in http.post("Stock/GetStockItemsFull", {**LIST, **flags}).json}

        everything = skus(loadVariationParents=True)
        assert everything - skus() == {"LW-0006"}
        assert skus() - skus(loadCompositeParents=False) == {"LW-0007"}

    account(steps)


def test_levels_zero_oversold_untracked_missing_and_a_location_without_stock(account):
    def steps(http):
        items = http.post("Stock/GetStockItemsFull", {**LIST, "dataRequirements": ["StockLevels"]}).json
        rows = {(i["ItemNumber"], r["Location"]["StockLocationId"]): r for i in items for r in i["StockLevels"]}
        assert rows["LW-0001", DEFAULT]["Available"] == 0
        assert rows["LW-0003", DEFAULT]["Available"] == -5
        assert rows["LW-0002", DEFAULT]["MinimumLevel"] == -1
        assert rows["LW-0002", ANNEX]["MinimumLevel"] == 1
        assert ("LW-0004", ANNEX) not in rows
        assert rows["LW-0007", DEFAULT]["MinimumLevel"] == -1
        assert all(
            r["Available"] == r["StockLevel"] - r["InOrders"] == r["StockLevel"] - r["InOrderBook"]
            for r in rows.values()
        )
        assert {r["StockItemIntId"] for r in rows.values()} == {0}
        places = {p["StockLocationId"]: p["IsNotTrackable"] for p in http.get("Inventory/GetStockLocations").json}
        assert (places[DEFAULT], sorted(places.values())) == (False, [False, False, True])

    account(steps)


def test_what_orders_take_moves_available_and_not_the_time_of_the_level(account):
    def steps(http):
        def row():
            key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
            return http.get("Stock/GetStockLevel", stockItemId=key["StockItemId"]).json[0]

        before = row()
        http.sandbox.control.clock.advance(60)
        http.sandbox.control.change("order_create", items=[{"sku": "LW-0000", "quantity": 2}])
        after = row()
        assert after["Available"] == before["Available"] - 2
        assert after["LastUpdateDate"] == before["LastUpdateDate"]

    account(steps)


def test_setting_sets_and_the_method_of_like_shape_adds(account):
    def steps(http):
        body = {"stockLevels": [{"SKU": "LW-0000", "LocationId": DEFAULT, "Level": 4}], "changeSource": "x"}
        assert [http.post("Stock/SetStockLevel", body).json[0]["StockLevel"] for _ in range(2)] == [4, 4]
        assert [http.post("Stock/UpdateStockLevelsBySKU", body).json[0]["StockLevel"] for _ in range(2)] == [8, 12]
        for wrong in ({"SKU": "NOPE"}, {"Level": 1.5}, {"LocationId": str(uuid.uuid4())}):
            rows = [body["stockLevels"][0], {**body["stockLevels"][0], **wrong}]
            assert http.post("Stock/SetStockLevel", {**body, "stockLevels": rows}).status == 400
        form = {"stockLevels": json.dumps(body["stockLevels"]), "changeSource": "x"}
        assert http.post("Stock/SetStockLevel", form, form=True).json[0]["StockLevel"] == 4

    account(steps)


@pytest.mark.parametrize("answer", ["full", "empty"])
def test_the_bulk_write_has_errors_per_row_or_no_body_at_all(account, answer):
    def steps(http):
        rows = [
            {"SKU": sku, "StockLocationId": DEFAULT, "StockLevel": 3, "RowIndex": number}
            for number, sku in enumerate(("LW-0000", "LW-0007", "NOPE"))
        ]
        got = http.post("Stock/UpdateStockLevelsBulk", {"Items": rows})
        assert got.status == 200
        if answer == "empty":
            assert got.text == b""
        else:
            assert [bool(each["Errors"]) for each in got.json["Items"]] == [False, True, True]

    account(steps, bulk_answer=answer)


def test_times_have_up_to_seven_digits_end_either_way_and_the_minimum_is_none(account):
    def steps(http):
        items = http.post("Stock/GetStockItemsFull", {**LIST, "dataRequirements": ["StockLevels"]}).json
        times = {row["LastUpdateDate"] for item in items for row in item["StockLevels"]}
        assert "0001-01-01T00:00:00Z" in times
        assert any(re.fullmatch(r"2026-\d\d-\d\dT[\d:]{8}\.\d{7}Z", text) for text in times)
        header = http.post("ProcessedOrders/SearchProcessedOrders", {"request": {}}).json["ProcessedOrders"]["Data"]
        assert "0001-01-01T00:00:00Z" in {row["dCancelledOn"] for row in header}
        paid = [order["PaidOn"] for order in http.orders(includeProcessed="true").json["OpenOrders"]]
        assert None in paid  # the new API knows null

    def offset(http):
        assert http.post("Stock/GetStockItemsFull", LIST).json[0]["CreationDate"].endswith("+00:00")

    account(steps, records=24)
    account(offset, zone="offset", stamps="seconds")


def test_optional_fields_come_and_go(account):
    def steps(http):
        items = http.post("Stock/GetStockItemsFull", {**LIST, "dataRequirements": ["StockLevels"]}).json
        has = {"AutoAdjust" in row for item in items for row in item["StockLevels"]}
        assert has == {True, False}

    account(steps, sparse="true")


def test_success_may_be_204_or_null(account):
    def steps(http):
        item = {"StockItemId": str(uuid.uuid4()), "ItemNumber": "N-1", "ItemTitle": "New", "RetailPrice": 1.5}
        added = http.post("Inventory/AddInventoryItem", {"inventoryItem": item})
        assert (added.status, added.text) == (204, b"")
        assert http.post("Inventory/UpdateInventoryItem", {"inventoryItem": item}).status == 204
        nothing = http.get("Stock/GetVariationGroupByParentId", pkStockItemId=DEFAULT)
        assert (nothing.status, nothing.text) == (200, b"null")

    account(steps)


def test_new_items_need_an_id_of_the_caller_and_an_sku_and_an_id_are_taken_once(account):
    def steps(http):
        def add(**values):
            return http.post("Inventory/AddInventoryItem", {"inventoryItem": values}).status

        key = str(uuid.uuid4())
        assert add(ItemNumber="N-1", ItemTitle="New") == 400
        assert add(StockItemId=DEFAULT, ItemNumber="N-1") == 400
        assert add(StockItemId=key, ItemNumber="N-1") == 204
        assert add(StockItemId=key, ItemNumber="N-2") == 400
        assert add(StockItemId=str(uuid.uuid4()), ItemNumber="N-1") == 400
        many = [{"StockItemId": str(uuid.uuid4()), "ItemNumber": sku} for sku in ("N-1", "N-3")]
        answer = http.post("Inventory/AddInventoryItemBulk", {"request": {"InventoryItems": many}}).json
        assert answer["ResultStatus"] == "PARTIALLY_SUCCESSFUL"
        assert [each["ResultStatus"] for each in answer["Results"]] == ["FAILED", "SUCCESSFUL"]

    account(steps)


def test_replacing_an_item_clears_what_is_left_out_and_leaves_its_levels(account):
    def steps(http):
        key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0005"]}}).json["Items"][0]
        body = {"inventoryItem": {"ItemNumber": "LW-0005", "ItemTitle": "Short"}}
        assert http.post("Inventory/UpdateInventoryItem", body).status == 204
        item = http.get("Inventory/GetInventoryItemById", id=key["StockItemId"]).json
        assert (item["ItemTitle"], item["MetaData"], item["RetailPrice"], item["Weight"]) == ("Short", "", 0, 0)
        assert item["InOrder"] == 4

    account(steps)


def test_archived_items_are_in_no_list_and_a_400_by_id(account):
    def steps(http):
        key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
        body = {"parameters": {"InventoryItemIds": [key["StockItemId"]], "SelectedRegions": []}}
        assert http.post("Inventory/ArchiveInventoryItems", body).status == 204
        assert "LW-0000" not in {item["ItemNumber"] for item in http.post("Stock/GetStockItemsFull", LIST).json}
        assert http.get("Inventory/GetInventoryItemById", id=key["StockItemId"]).status == 400
        assert http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"] == []

    account(steps)


@pytest.mark.parametrize(("status", "says"), [("429", "true"), ("429", "false"), ("400", "true"), ("400", "false")])
def test_the_quota_is_per_method_and_minute_and_says_so_in_one_field(account, status, says):
    def steps(http):
        for _ in range(150):
            assert http.get("Inventory/GetStockLocations").status == 200
        refused = http.get("Inventory/GetStockLocations")
        assert refused.status == int(status)
        assert list(refused.json) == ["Message"]
        assert "quota exceeded" in refused.json["Message"]
        assert "150" in refused.json["Message"]
        assert ("Retry-After" in {name.title() for name in refused.headers}) == (says == "true")
        assert http.post("Stock/GetStockItemsFull", LIST).status == 200  # another method
        http.sandbox.control.clock.advance(60)
        assert http.get("Inventory/GetStockLocations").status == 200
        assert http.sandbox.control.violations.counts()["rate_limited"] == 1

    account(steps, limits=True, quota_status=status, retry_after=says)


def _new(reference, **more):
    line = {"ItemNumber": "1", "ChannelSKU": "LW-0000", "Qty": 2, "PricePerUnit": 10, "TaxCostInclusive": True}
    order = {"Source": "S", "SubSource": "s", "ReferenceNumber": reference, "Currency": "GBP", "OrderItems": [line]}
    return {"orders": [{**order, "PaymentStatus": "Paid", **more}], "location": "Default"}


def test_an_order_that_comes_again_is_edited_while_unpaid_and_passed_over_once_paid(account):
    def steps(http):
        (key,) = http.post("Orders/CreateOrders", _new("1", PaymentStatus="Unpaid")).json
        assert http.post("Orders/CreateOrders", _new("1", PostalServiceCost=3)).json == [key]
        assert http.post("Orders/CreateOrders", _new("1", PostalServiceCost=9)).json == []
        (order,) = http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json
        assert order["TotalsInfo"]["TotalCharge"] == 23
        assert [row["OrderId"] for row in http.get("Orders/GetOrderDetailsByReferenceId", ReferenceId="1").json] == [
            key
        ]
        assert http.post("Orders/CreateOrders", _new("1", SubSource="other")).json != []

    account(steps)


def test_orders_are_refused_beyond_twenty_or_with_half_pieces_or_without_a_place(account):
    def steps(http):
        many = {"orders": [_new(str(n))["orders"][0] for n in range(21)], "location": "Default"}
        assert http.post("Orders/CreateOrders", many).status == 400
        assert http.post("Orders/CreateOrders", {**_new("1"), "location": "Moon"}).status == 400
        assert http.post("Orders/CreateOrders", _new("1", OrderItems=[{"Qty": 0.5, "PricePerUnit": 1}])).status == 400
        (key,) = http.post("Orders/CreateOrders", _new("1", Currency="")).json
        (order,) = http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json
        assert order["TotalsInfo"]["Currency"] == "UNK"

    account(steps)


def test_lines_are_linked_only_where_the_order_says_so_and_linked_ones_take_stock(account):
    def steps(http):
        def available():
            key = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["LW-0000"]}}).json["Items"][0]
            return http.get("Stock/GetStockLevel", stockItemId=key["StockItemId"]).json[0]["Available"]

        before = available()
        (loose,) = http.post("Orders/CreateOrders", _new("1")).json
        assert available() == before
        (linked,) = http.post("Orders/CreateOrders", _new("2", AutomaticallyLinkBySKU=True)).json
        assert available() == before - 2
        lines = [
            http.post("Orders/GetOrdersById", {"pkOrderIds": [key]}).json[0]["Items"][0] for key in (loose, linked)
        ]
        assert [(line["SKU"], line["IsUnlinked"]) for line in lines] == [(None, True), ("LW-0000", False)]
        body = {"orderId": linked, "fulfilmentCenter": DEFAULT, "refund": 0, "note": ""}
        assert http.post("Orders/CancelOrder", body).status == 200
        assert available() == before
        assert http.post("Orders/CancelOrder", body).status == 400

    account(steps)


def test_processing_moves_stock_and_sends_the_despatch_mail(account):
    def steps(http):
        (key,) = http.post("Orders/CreateOrders", _new("1", PaymentStatus="Unpaid", AutomaticallyLinkBySKU=True)).json
        body = {"orderId": key, "scanPerformed": True, "locationId": DEFAULT}
        assert http.post("Orders/ProcessOrder", body).json["Processed"] is False  # unpaid orders are parked
        assert http.post("Orders/ChangeStatus", {"orderIds": [key], "status": 1}).status == 200
        assert http.post("Orders/ProcessOrder", body).json["Processed"] is True
        state = http.send("GET", "/_sandbox/state").json
        assert [mail["order"] for mail in state["mails"]] == [key]
        row = next(item for item in state["items"] if item["ItemNumber"] == "LW-0000")["_levels"][0]
        assert (row["StockLevel"], row["InOrders"]) == (-2, 0)

    account(steps)


def test_look_ups_lag_where_the_switch_says_so(account):
    def steps(http):
        item = {"StockItemId": str(uuid.uuid4()), "ItemNumber": "N-1"}
        http.post("Inventory/AddInventoryItem", {"inventoryItem": item})
        http.post("Orders/CreateOrders", _new("1"))

        def shown():
            items = http.post("Inventory/GetStockItemIdsBySKU", {"request": {"SKUS": ["N-1"]}}).json["Items"]
            return len(items), len(http.get("Orders/GetOrderDetailsByReferenceId", ReferenceId="1").json)

        assert shown() == (0, 0)
        assert http.get("Inventory/GetInventoryItemById", id=item["StockItemId"]).status == 200
        http.sandbox.control.clock.advance(30)
        assert shown() == (1, 1)

    account(steps, index_lag="30")


def test_the_new_api_pages_by_token_with_two_lists_and_errors_of_its_own(account):
    def steps(http):
        first = http.orders(includeProcessed="true", entriesPerPage=5).json
        assert first["TotalOrders"] > 5
        token, seen = first["NextSearchToken"], [first]
        while token:
            assert str(uuid.UUID(token)) == token
            seen.append(http.orders(includeProcessed="true", entriesPerPage=5, searchToken=token).json)
            token = seen[-1]["NextSearchToken"]
        ids = [
            each["OrderId"] for page in seen for name in ("OpenOrders", "ProcessedOrders") for each in page[name] or []
        ]
        assert len(ids) == len(set(ids)) == first["TotalOrders"]
        assert len(http.orders(entriesPerPage=50).json["OpenOrders"]) < first["TotalOrders"]
        assert http.orders().json["ProcessedOrders"] is None
        two = http.orders(id=ids[:2]).json
        assert two["TotalOrders"] == 2
        for answer, status in ((http.orders(searchToken="x"), 400), (http.orders(searchToken=str(uuid.uuid4())), 404)):
            assert answer.status == status
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert {"type", "title", "status", "detail", "instance"} <= set(answer.json)
        since = {"includeProcessed": "true", "fromDate": "2026-03-02T12:00:00Z"}
        assert http.orders(**since).json["TotalOrders"] == 0
        http.sandbox.control.change("order", number=100_000)
        assert http.orders(**since).json["TotalOrders"] == 1

    account(steps, records=80)


def test_a_live_search_moves_with_the_orders(account):
    def steps(http):
        first = http.orders(includeProcessed="true", entriesPerPage=5).json
        orders = [*(first["OpenOrders"] or ()), *(first["ProcessedOrders"] or ())]
        http.sandbox.control.clock.advance(1)
        number = next(each["NumOrderId"] for each in orders if not each["Processed"])
        http.sandbox.control.change("order", number=number)
        seen = {each["OrderId"] for each in orders}
        token = first["NextSearchToken"]
        while token:
            page = http.orders(entriesPerPage=5, searchToken=token).json
            seen |= {each["OrderId"] for name in ("OpenOrders", "ProcessedOrders") for each in page[name] or []}
            token = page["NextSearchToken"]
        assert len(seen) == first["TotalOrders"] - 1

    account(steps, records=80, search="live")


def test_parts_of_a_bundle_stand_inside_its_line_without_a_price(account):
    def steps(http):
        answer = http.orders(includeProcessed="true").json
        lines = [line for name in ("OpenOrders", "ProcessedOrders") for o in answer[name] or () for line in o["Items"]]
        parts = [part for line in lines for part in line["CompositeSubItems"]]
        assert parts
        assert {part["CostIncTax"] for part in parts} == {0}

    account(steps, records=24)


@pytest.mark.parametrize(
    ("kind", "values", "key"),
    [
        ("stock", {"sku": "LW-0000", "quantity": 3}, "LW-0000"),
        ("stock", {"sku": "LW-0000", "quantity": None}, "LW-0000"),
        ("product", {"sku": "LW-0000", "title": "T", "price": 2}, "LW-0000"),
        ("product_create", {"sku": "N-1", "title": "T", "price": 2}, "N-1"),
        ("product_delete", {"sku": "LW-0000"}, "LW-0000"),
        ("customer", {"email": "buyer0@example.com", "name": "N"}, "buyer0@example.com"),
        ("customer_create", {"email": "New@example.com", "name": "N"}, "new@example.com"),
        ("customer_delete", {"email": "buyer0@example.com"}, "buyer0@example.com"),
    ],
)
def test_the_merchants_edits_name_what_they_changed(account, kind, values, key):
    def steps(http):
        answer = http.send("POST", "/_sandbox/change", {"kind": kind, **values})
        assert (answer.status, answer.json["key"]) == (200, key)

    account(steps)


def test_the_merchants_edits_of_orders(account):
    def steps(http):
        def change(kind, **values):
            return http.send("POST", "/_sandbox/change", {"kind": kind, **values})

        for status in ("processing", "completed", "cancelled"):
            made = change("order_create", items=[{"sku": "LW-0000", "quantity": 1}], email="b@example.com").json
            assert change("order_status", order=made["key"], status=status).json["key"] == made["key"]
        assert change("order_status", order="nobody", status="completed").status == 400
        assert change("order_create", items=[{"sku": "NOPE", "quantity": 1}]).status == 400

    account(steps)


def test_unknown_switches_and_values_are_named():
    with pytest.raises(PullPushError, match="unknown switch 'speed'"):
        build(SandboxOptions(extra={"speed": "1"}))
    with pytest.raises(PullPushError, match="the switch search is not 'x'"):
        build(SandboxOptions(extra={"search": "x"}))
