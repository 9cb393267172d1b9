"""The sandbox's sessions, conventions and items as any HTTP client sees them: the platform's quirks, one by one."""

from __future__ import annotations

import json
import re
import urllib.parse
import uuid

import pytest
from pullpush_linnworks.sandbox import build

from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox import SandboxOptions

DEFAULT = "00000000-0000-0000-0000-000000000000"
ANNEX = "11111111-1111-4111-8111-111111111111"
LIST = {"loadCompositeParents": True, "loadVariationParents": False, "entriesPerPage": 200, "pageNumber": 1}


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


def test_unknown_switches_and_values_are_named():
    with pytest.raises(PullPushError, match="unknown switch 'speed'"):
        build(SandboxOptions(extra={"speed": "1"}))
    with pytest.raises(PullPushError, match="the switch search is not 'x'"):
        build(SandboxOptions(extra={"search": "x"}))
