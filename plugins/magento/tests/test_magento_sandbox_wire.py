"""What a plain HTTP client sees of the sandbox: credentials, lists, refusals, and the quirks of the wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import runpy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

RAW = runpy.run_path(str(Path(__file__).with_name("raw_shop.py")))
raw = RAW["raw"]
C = "searchCriteria"


def test_a_token_is_needed_and_bearer_may_be_off():
    """One text for all causes, with the resource in it."""
    with raw(records=1) as shop:
        status, body = shop("GET", f"products?{C}=", token="wrong")
        assert (status, body["message"]) == (401, "The consumer isn't authorized to access %resources.")
        assert body["parameters"] == {"resources": "Magento_Catalog::products"}
        assert shop("GET", f"products?{C}=")[0] == 200
    with raw(records=1, bearer="off") as shop:
        assert shop("GET", f"products?{C}=")[0] == 401
    with raw(records=1, deny="Magento_Sales::actions_view") as shop:
        assert shop("GET", f"orders?{C}=")[1]["parameters"] == {"resources": "Magento_Sales::actions_view"}
        assert shop("GET", f"products?{C}=")[0] == 200


def test_admin_tokens_end_and_six_failures_lock():
    """A text as the whole answer; four hours; half an hour after the sixth wrong password."""
    with raw(records=1, admin_ttl="60") as shop:
        login = {"username": shop.secrets["admin_username"], "password": shop.secrets["admin_password"]}
        status, token = shop("POST", "integration/admin/token", login, token="")
        assert (status, type(token)) == (200, str)
        assert shop("GET", f"products?{C}=", token=token)[0] == 200
        shop.advance(61)
        assert shop("GET", f"products?{C}=", token=token)[0] == 401
        for _ in range(6):
            assert shop("POST", "integration/admin/token", {**login, "password": "x"}, token="")[0] == 401
        assert shop("POST", "integration/admin/token", login, token="")[0] == 401
        shop.advance(1801)
        assert shop("POST", "integration/admin/token", login, token="")[0] == 200


def test_two_factors_are_asked_for_at_the_provider():
    """The plain call refuses and points there."""
    with raw(records=1, two_factor="on") as shop:
        login = {"username": shop.secrets["admin_username"], "password": shop.secrets["admin_password"]}
        status, body = shop("POST", "integration/admin/token", login, token="")
        assert (status, "2fa" in body["message"]) == (401, True)
        path = "tfa/provider/google/authenticate"
        assert shop("POST", path, {**login, "otp": "000000"}, token="")[0] == 401
        status, token = shop("POST", path, {**login, "otp": "123456"}, token="")
        assert shop("GET", f"products?{C}=", token=token)[0] == 200


def test_customer_tokens_reach_their_own_things_only():
    """For an hour."""
    with raw(records=4) as shop:
        login = {"username": "ada0@example.com", "password": "Password1"}
        _, token = shop("POST", "integration/customer/token", login, token="")
        assert shop("GET", "customers/me", token=token)[1]["email"] == "ada0@example.com"
        assert shop("GET", f"products?{C}=", token=token)[0] == 401
        shop.advance(3601)
        assert shop("GET", "customers/me", token=token)[0] == 401


def _oauth(shop: Any, method: str, url: str, *, token: str, token_secret: str, **more: str) -> str:
    """An OAuth 1.0a header after RFC 5849, made here by hand."""
    held = {"oauth_consumer_key": shop.secrets["consumer_key"], "oauth_nonce": "n", "oauth_timestamp": "1"}
    held |= {"oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0", **more}
    held |= {"oauth_token": token} if token else {}
    parts = urlsplit(url)
    pairs = sorted(
        (quote(a, safe="-._~"), quote(b, safe="-._~"))
        for a, b in [*held.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    )
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    text = "&".join(quote(x, safe="-._~") for x in (method, base, "&".join(f"{a}={b}" for a, b in pairs)))
    key = f"{shop.secrets['consumer_secret']}&{token_secret}"
    signature = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    listed = {**held, "oauth_signature": signature}
    return "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in listed.items())


def test_oauth_signs_the_query_too_and_the_exchange_gives_form_encoded_tokens():
    """Another parameter is another signature."""
    with raw(records=1, bearer="off") as shop:
        keys = {"token": shop.secrets["access_token"], "token_secret": shop.secrets["access_token_secret"]}
        path = f"/rest/V1/products?{C}%5BpageSize%5D=1"
        header = _oauth(shop, "GET", shop.url + path, **keys)
        assert shop.send("GET", path, headers={"Authorization": header})[0] == 200
        assert shop.send("GET", path + "&a=b", headers={"Authorization": header})[0] == 401
        request = "/oauth/token/request"
        header = _oauth(shop, "POST", shop.url + request, token="", token_secret="")
        status, body = shop.send("POST", request, headers={"Authorization": header})
        first = dict(parse_qsl(body))
        assert (status, set(first)) == (200, {"oauth_token", "oauth_token_secret"})
        access = "/oauth/token/access"
        keys = {"token": first["oauth_token"], "token_secret": first["oauth_token_secret"]}
        header = _oauth(shop, "POST", shop.url + access, **keys, oauth_verifier=shop.verifier)
        status, body = shop.send("POST", access, headers={"Authorization": header})
        assert dict(parse_qsl(body))["oauth_token"] == shop.secrets["access_token"]


@pytest.mark.parametrize(("switch", "status"), [("refused", 401), ("accepted", 200)])
def test_a_signature_over_an_encoded_slash(switch, status):
    """Some shops compute it otherwise."""
    with raw(records=9, oauth_encoded=switch) as shop:
        path = "/rest/V1/products/MG-0008%2Fx"
        keys = {"token": shop.secrets["access_token"], "token_secret": shop.secrets["access_token_secret"]}
        header = _oauth(shop, "GET", shop.url + path, **keys)
        assert shop.send("GET", path, headers={"Authorization": header})[0] == status


def _ids(shop: Any, path: str, **params: Any) -> list[Any]:
    key = "entity_id" if path == "orders" else "id"
    return [
        row[key] for row in shop("GET", f"{path}?{urlencode({f'{C}{k}': v for k, v in params.items()})}")[1]["items"]
    ]


def _where(*filters: tuple[int, str, str, str], style: str = "snake") -> dict[str, Any]:
    group, kind = ("filter_groups", "condition_type") if style == "snake" else ("filterGroups", "conditionType")
    params = {}
    for number, (at, field, condition, value) in enumerate(filters):
        place = f"[{group}][{at}][filters][{number}]"
        params |= {f"{place}[field]": field, f"{place}[{kind}]": condition, f"{place}[value]": value}
    return params


SORT = {"[sortOrders][0][field]": "entity_id", "[sortOrders][0][direction]": "ASC"}


def test_groups_are_and_filters_are_or_in_both_spellings():
    """Snake case as the pages write it, camel case as the schema does."""
    with raw(records=4) as shop:
        for style in ("snake", "camel"):
            either = _where((0, "sku", "eq", "MG-0000"), (0, "sku", "eq", "MG-0001"), style=style)
            assert _ids(shop, "products", **either, **SORT) == [1, 2]
            both = _where((0, "sku", "eq", "MG-0000"), (1, "sku", "eq", "MG-0001"), style=style)
            assert _ids(shop, "products", **both) == []


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("eq", "2", [2]),
        ("neq", "2", [1, 3, 4]),
        ("gt", "2", [3, 4]),
        ("gteq", "3", [3, 4]),
        ("moreq", "3", [3, 4]),
        ("from", "3", [3, 4]),
        ("lt", "2", [1]),
        ("lteq", "2", [1, 2]),
        ("to", "2", [1, 2]),
        ("in", "1,4", [1, 4]),
        ("nin", "1,4", [2, 3]),
        ("finset", "2", [2]),
        ("nfinset", "2", [1, 3, 4]),
        ("notnull", "", [1, 2, 3, 4]),
        ("null", "", []),
    ],
)
def test_conditions(condition, value, expected):
    """All that the platform names."""
    with raw(records=4) as shop:
        assert _ids(shop, "products", **_where((0, "entity_id", condition, value)), **SORT) == expected


def test_text_is_compared_without_case_and_a_comma_breaks_a_list():
    """`like` has its wildcards; a SKU with a comma is found by `eq` only; a plus in a value must be encoded."""
    with raw(records=1) as shop:
        for sku in ("A,B", "C+D"):
            shop.change("product_create", sku=sku, title=sku, price=1)
        assert _ids(shop, "products", **_where((0, "sku", "eq", "mg-0000"))) == [1]
        assert _ids(shop, "products", **_where((0, "sku", "like", "MG-%"))) == [1]
        assert _ids(shop, "products", **_where((0, "sku", "nlike", "MG-%")), **SORT) == [2, 3]
        assert _ids(shop, "products", **_where((0, "sku", "in", "A,B"))) == []
        assert _ids(shop, "products", **_where((0, "sku", "eq", "A,B"))) == [2]
        path = f"products?{C}[filter_groups][0][filters][0][field]=sku&{C}[filter_groups][0][filters][0][value]=C"
        assert shop("GET", path + "%2BD")[1]["total_count"] == 1
        assert shop("GET", path + "+D")[1]["total_count"] == 0
        assert shop("GET", "products/C+D")[0] == 404
        assert shop("GET", "products/C%2BD")[0] == 200


def test_lists_need_criteria_sort_downwards_and_repeat_the_last_page():
    """Page nought is page one; the total stays right."""
    with raw(records=5) as shop:
        assert shop("GET", "orders")[0] == 400
        assert shop("GET", f"orders?{C}=")[1]["total_count"] == 3
        assert _ids(shop, "orders", **{"[sortOrders][0][field]": "entity_id"}) == [3, 2, 1]
        assert _ids(shop, "orders", **SORT, **{"[pageSize]": 2, "[currentPage]": 0}) == [1, 2]
        assert _ids(shop, "orders", **SORT, **{"[pageSize]": 2, "[currentPage]": 9}) == [3]
    with raw(records=5, past_last_page="empty") as shop:
        assert _ids(shop, "orders", **SORT, **{"[pageSize]": 2, "[currentPage]": 9}) == []


def test_ties_stand_in_another_order_each_time():
    """A sort that is not unique moves rows between pages."""
    with raw(records=20) as shop:
        sort = {"[sortOrders][0][field]": "updated_at", "[sortOrders][0][direction]": "ASC"}
        assert len({tuple(_ids(shop, "products", **sort)) for _ in range(3)}) > 1


def test_items_may_be_null_and_empty_objects_are_lists():
    """As is reported."""
    with raw(records=0, empty_items="null") as shop:
        assert shop("GET", f"products?{C}=")[1]["items"] is None
    with raw(records=0) as shop:
        assert shop("GET", f"products?{C}=")[1] == {
            "items": [],
            "search_criteria": {"filter_groups": []},
            "total_count": 0,
        }
        product = {"sku": "X", "name": "X", "price": 1, "attribute_set_id": 4, "weight": {}}
        assert shop("POST", "products", {"product": product})[1]["weight"] == []


def test_input_limits_may_be_on():
    """300 a page, 20 where nothing is asked for, 20 objects in an array."""
    with raw(records=60, input_limits="on") as shop:
        status, body = shop("GET", f"products?{C}[pageSize]=301")
        assert (status, body["message"], body["parameters"]) == (
            400,
            "Maximum SearchCriteria pageSize is %max",
            {"max": 300},
        )
        assert len(shop("GET", f"products?{C}=")[1]["items"]) == 20
        rows = [{"sku": f"S{n}", "source_code": "default", "quantity": 1, "status": 1} for n in range(21)]
        status, body = shop("POST", "inventory/source-items", {"sourceItems": rows})
        assert (status, body["message"]) == (400, 'Maximum items of type "%type" is %max')
    with raw(records=60) as shop:
        assert len(shop("GET", f"products?{C}=")[1]["items"]) > 60


def test_partial_answers():
    """`fields` picks."""
    with raw(records=1) as shop:
        assert shop("GET", f"products?{C}=&fields=items[sku],total_count")[1] == {
            "items": [{"sku": "MG-0000"}],
            "total_count": 1,
        }


def test_errors_have_their_shapes():
    """Placeholders from a list and an object, a report id, a fatal error, unknown paths, unknown stores."""
    with raw(records=1, broken="*/V1/orders", fatal="*/V1/modules") as shop:
        status, body = shop("POST", "products", {"product": {"sku": "X"}})
        assert (status, body["parameters"]) == (400, ["name"])
        assert shop("GET", "nothing")[:2] == (404, {"message": "Request does not match any route."})
        assert shop.send("GET", f"/rest/nowhere/V1/products?{C}=")[0] == 404
        status, body = shop("GET", f"orders?{C}=")
        assert (status, "Report ID: webapi-" in body["message"]) == (500, True)
        assert shop("GET", f"orders?{C}=")[0] == 200
        status, body = shop("GET", "modules")
        assert (status, body["messages"]["error"][0]["code"]) == (500, 500)


def test_a_slash_needs_a_web_server_that_lets_it_pass():
    """Else it never reaches the shop."""
    with raw(records=9) as shop:
        assert shop("GET", "products/MG-0008%2Fx")[1]["sku"] == "MG-0008/x"
    with raw(records=9, slashes="off") as shop:
        status, body = shop("GET", "products/MG-0008%2Fx")
        assert (status, "<html>" in body) == (404, True)


def test_times_are_utc_without_saying_so_and_ties_are_common():
    """Whole seconds."""
    with raw(records=4) as shop:
        shop.change("product", sku="MG-0000", price=2)
        shop.change("product", sku="MG-0001", price=2)
        one, two = (shop("GET", f"products/MG-000{n}")[1]["updated_at"] for n in (0, 1))
        assert one == two == "2026-03-02 12:00:00"
        assert shop("GET", "orders/1")[1]["customer_is_guest"] in (0, 1)


def test_values_of_one_store_view_and_of_all():
    """Without a code they count for the default store only."""
    with raw(records=1) as shop:
        shop("PUT", "products/MG-0000", {"product": {"name": "Mine"}})
        assert shop("GET", "products/MG-0000")[1]["name"] == "Mine"
        assert shop.send("GET", "/rest/all/V1/products/MG-0000")[1]["name"] == "Lamp 0"
        shop.send("PUT", "/rest/all/V1/products/MG-0000", {"product": {"name": "All"}})
        assert shop("GET", "products/MG-0000")[1]["name"] == "Mine"
        assert shop.send("GET", "/rest/second/V1/products/MG-0000")[1]["name"] == "All"


def test_work_may_be_queued():
    """Accepted at once, done later, some fail; path parameters stand in the body."""
    with raw(records=1, async_delay="5", async_failures="1") as shop:
        rows = [[{"sku": "MG-0000", "source_code": "default", "quantity": n, "status": 1}] for n in (5, 6)]
        path = "/rest/default/async/bulk/V1/inventory/source-items"
        status, body = shop.send("POST", path, [{"sourceItems": row} for row in rows])
        assert (status, [item["status"] for item in body["request_items"]]) == (202, ["accepted"] * 2)
        where = f"bulk/{body['bulk_uuid']}"
        assert [o["status"] for o in shop("GET", f"{where}/status")[1]["operations_list"]] == [4, 4]
        assert shop("GET", "stockItems/MG-0000")[1]["qty"] == 10
        shop.advance(6)
        assert sorted(o["status"] for o in shop("GET", f"{where}/detailed-status")[1]["operations_list"]) == [1, 2]
        assert shop("GET", f"{where}/operation-status/1")[1] == 1
        path = "/rest/all/async/bulk/V1/products/bySku"
        assert shop.send("PUT", path, [{"product": {"sku": "MG-0000", "name": "Queued"}}])[0] == 202
        shop.advance(6)
        assert shop("GET", "products/MG-0000")[1]["name"] == "Queued"
        assert shop.send("GET", "/rest/all/async/V1/products/MG-0000")[0] == 404


def test_modules_tell_what_the_shop_has():
    """And without the inventory modules their routes are gone."""
    with raw(records=1) as shop:
        assert "Magento_InventoryApi" in shop("GET", "modules")[1]
        assert shop("GET", f"inventory/sources?{C}=")[0] == 200
        assert shop("GET", "store/storeConfigs")[1][0]["base_currency_code"] == "SAR"
    with raw(records=1, inventory="legacy") as shop:
        assert "Magento_InventoryApi" not in shop("GET", "modules")[1]
        assert shop("GET", f"inventory/sources?{C}=")[0] == 404


def test_a_host_with_few_workers_refuses_what_is_too_much():
    """And counts it."""
    with raw(records=1, workers="1", latency="0") as shop:
        assert shop("GET", "stockItems/MG-0000")[0] == 200
        assert shop.control.violations.counts() == {"rate_limited": 0}
        assert json.dumps(shop.control.dump()["load"])
