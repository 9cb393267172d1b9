"""Versions, tokens, scopes, query validation, cost and throttling."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

SHOP = "{ shop { name myshopifyDomain currencyCode } }"


def _token(shop: Any, **form: str) -> Any:
    client = {key: shop.sandbox.secrets[key] for key in ("client_id", "client_secret")}
    return shop.http.post("/admin/oauth/access_token", data={**client, **form})


def _code(shop: Any) -> str:
    query = {"client_id": shop.sandbox.secrets["client_id"], "redirect_uri": "http://127.0.0.1/cb", "state": "s1"}
    answer = shop.http.get("/admin/oauth/authorize", params=query)
    assert answer.status_code == 302
    given = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    digest = given.pop("hmac")
    message = "&".join(f"{name}={given[name]}" for name in sorted(given))
    secret = shop.sandbox.secrets["client_secret"].encode()
    assert digest == hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()
    assert given["state"] == "s1"
    assert given["shop"] == "sandbox-store.myshopify.com"
    return given["code"]


def test_dead_versions_fall_forward_and_unborn_ones_do_not_exist(make_shop: Any) -> None:
    shop = make_shop(records=0)
    assert shop.post(SHOP).headers["x-shopify-api-version"] == "2026-10"
    shop.version = "2024-01"
    assert shop.post(SHOP).headers["x-shopify-api-version"] == "2026-01"
    shop.version = "2031-01"
    assert shop.post(SHOP).status_code == 404


def test_a_bad_token_is_refused_with_plain_text(make_shop: Any) -> None:
    shop = make_shop(records=0)
    shop.token = "shpat_other"
    answer = shop.post(SHOP)
    assert answer.status_code == 401
    assert isinstance(answer.json()["errors"], str)


def test_client_credentials_last_a_day(make_shop: Any) -> None:
    shop = make_shop(records=0)
    granted = _token(shop, grant_type="client_credentials").json()
    assert granted["expires_in"] == 86399
    shop.token = granted["access_token"]
    assert shop.post(SHOP).status_code == 200
    shop.clock.advance(86_400)
    assert shop.post(SHOP).status_code == 401
    assert _token(shop, grant_type="client_credentials", client_secret="wrong").status_code == 400


def test_json_bodies_are_taken_by_the_token_endpoint(make_shop: Any) -> None:
    shop = make_shop(records=0)
    client = {key: shop.sandbox.secrets[key] for key in ("client_id", "client_secret")}
    body = {**client, "grant_type": "client_credentials"}
    assert shop.http.post("/admin/oauth/access_token", json=body).status_code == 200


def test_a_code_gives_a_permanent_token_once(make_shop: Any) -> None:
    shop = make_shop(records=0)
    code = _code(shop)
    granted = _token(shop, code=code).json()
    assert set(granted) == {"access_token", "scope"}
    shop.token = granted["access_token"]
    shop.clock.advance(10**8)
    assert shop.post(SHOP).status_code == 200
    assert _token(shop, code=code).status_code == 400


def test_refresh_replaces_both_tokens_and_forgives_a_lost_answer(make_shop: Any) -> None:
    """The old refresh token works again until the new one is first used; then it is refused."""
    shop = make_shop(records=0)
    first = _token(shop, code=_code(shop), expiring="1").json()
    assert first["expires_in"] == 3600
    lost = _token(shop, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    again = _token(shop, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert len({first["access_token"], lost["access_token"], again["access_token"]}) == 3
    shop.token = lost["access_token"]
    assert shop.post(SHOP).status_code == 401
    shop.token = again["access_token"]
    assert shop.post(SHOP).status_code == 200
    assert _token(shop, grant_type="refresh_token", refresh_token=again["refresh_token"]).status_code == 200
    refused = _token(shop, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_the_grace_of_an_old_refresh_token_ends_after_thirty_days(make_shop: Any) -> None:
    shop = make_shop(records=0)
    first = _token(shop, code=_code(shop), expiring="1").json()
    _token(shop, grant_type="refresh_token", refresh_token=first["refresh_token"])
    shop.clock.advance(31 * 86_400)
    refused = _token(shop, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


def test_a_missing_scope_denies_the_field_and_keeps_the_rest(make_shop: Any) -> None:
    """A root list that cannot be null takes the whole answer with it; a nullable field becomes null alone."""
    shop = make_shop(records=4, extra={"scopes": "read_orders"})
    answer = shop.answer("{ orders(first: 1) { nodes { id customer { id } } } }")
    assert answer["data"]["orders"]["nodes"][0]["customer"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert error["path"] == ["orders", "nodes", 0, "customer"]
    assert "`read_customers`" in error["message"]
    assert shop.answer("{ products(first: 1) { nodes { id } } }")["data"] is None


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{ shop { nme } }", "undefinedField", "Field 'nme' doesn't exist on type 'Shop'"),
        (
            "{ products(first: 1, foo: 1) { nodes { id } } }",
            "argumentNotAccepted",
            "Field 'products' doesn't accept argument 'foo'",
        ),
        (
            '{ product(id: "1") { id } shop { id } x: inventoryItem { id } }',
            "missingRequiredArguments",
            "Field 'inventoryItem' is missing required arguments: id",
        ),
        (
            'mutation @idempotent(key: "k") { webhookSubscriptionDelete(id: "1") { userErrors { message } } }',
            "directiveCannotBeApplied",
            "'@idempotent' can't be applied to mutations (allowed: fields)",
        ),
        (
            'mutation { webhookSubscriptionDelete(id: "1") { userErrors { code } } }',
            "undefinedField",
            "Field 'code' doesn't exist on type 'UserError'",
        ),
        ("{ shop { ", "parseError", "syntax error, Expected Name, found <EOF>."),
    ],
)
def test_invalid_queries_are_refused_in_the_platforms_words(
    make_shop: Any, query: str, code: str, message: str
) -> None:
    answer = make_shop(records=0).answer(query)
    assert "data" not in answer
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["message"]) == (code, message)


def test_refused_variables_list_their_problems(make_shop: Any) -> None:
    shop = make_shop(records=0)
    query = (
        "mutation M($input: InventorySetQuantitiesInput!) {"
        ' inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { code } } }'
    )
    given = {"name": "available", "reason": "other", "ignoreCompareQuantity": True, "quantities": []}
    (error,) = shop.answer(query, input=given)["errors"]
    assert error["message"] == (
        "Variable $input of type InventorySetQuantitiesInput! was provided invalid value for"
        " ignoreCompareQuantity (Field is not defined on InventorySetQuantitiesInput)"
    )
    assert error["extensions"]["code"] == "INVALID_VARIABLE"
    assert error["extensions"]["problems"][0]["path"] == ["ignoreCompareQuantity"]


LEVELS = """query ($id: ID!, $first: Int!) { location(id: $id) { inventoryLevels(first: $first) {
  nodes { id quantities(names: ["available"]) { quantity } item { id } } pageInfo { hasNextPage } } } }"""


def test_cost_is_reserved_by_page_size_and_charged_by_what_came(make_shop: Any) -> None:
    shop = make_shop(records=1, rate_limits=True)
    location = shop.control.dump()["locations"][0]["id"]
    cost = shop.answer(LEVELS, id=location, first=250)["extensions"]["cost"]
    # 1 + 2 + floor(2 ln 250) * 3, and one record came.
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (36, 6)
    assert cost["throttleStatus"] == {"maximumAvailable": 2000, "currentlyAvailable": 1994, "restoreRate": 100}


def test_an_empty_bucket_throttles_until_it_has_refilled(make_shop: Any) -> None:
    shop = make_shop(records=0, rate_limits=True, extra={"bucket": "20", "restore_rate": "2"})
    location = shop.control.dump()["locations"][0]["id"]
    assert shop.post(LEVELS, {"id": location, "first": 10}).json()["extensions"]["cost"]["actualQueryCost"] == 3
    shop.post(LEVELS, {"id": location, "first": 10})
    answer = shop.post(LEVELS, {"id": location, "first": 10})
    body = answer.json()
    assert answer.status_code == 200
    assert body["errors"] == [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    assert body["extensions"]["cost"]["actualQueryCost"] is None
    missing = body["extensions"]["cost"]["requestedQueryCost"]
    missing -= body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    assert shop.violations()["rate_limited"] == 1
    shop.clock.advance(missing / 2)
    assert "errors" not in shop.answer(LEVELS, id=location, first=10)


def test_throttling_can_come_as_429(make_shop: Any) -> None:
    extra = {"bucket": "9", "restore_rate": "1", "throttle_http": "429"}
    answer = make_shop(records=0, rate_limits=True, extra=extra).post("{ ordersCount { count } }")
    assert answer.status_code == 429
    assert float(answer.headers["retry-after"]) == 1.0


def test_one_query_costs_a_thousand_points_at_most(make_shop: Any) -> None:
    shop = make_shop(records=0, rate_limits=True)
    query = (
        "{ products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem {"
        " inventoryLevels(first: 250) { nodes { id } } } } } } } }"
    )
    (error,) = shop.answer(query)["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert error["extensions"]["cost"] > 1000
    assert shop.violations()["max_cost_exceeded"] == 1


def test_shop_facts_name_granted_scopes_and_versions(make_shop: Any) -> None:
    shop = make_shop(records=0, extra={"currency": "EUR", "shop": "my-shop"})
    data = shop.data(
        "{ shop { currencyCode myshopifyDomain } currentAppInstallation { accessScopes { handle } }"
        " publicApiVersions { handle supported } }"
    )
    assert data["shop"] == {"currencyCode": "EUR", "myshopifyDomain": "my-shop.myshopify.com"}
    handles = {each["handle"] for each in data["currentAppInstallation"]["accessScopes"]}
    assert {"read_inventory", "write_inventory", "read_all_orders"} <= handles
    assert {"handle": "2026-10", "supported": True} in data["publicApiVersions"]


def test_unknown_switches_are_refused(make_shop: Any) -> None:
    with pytest.raises(Exception, match="no switch speed"):
        make_shop(extra={"speed": "9"})


def test_introspection_is_refused_by_name(make_shop: Any) -> None:
    (error,) = make_shop(records=0).answer("{ __schema { types { name } } }")["errors"]
    assert "introspection" in error["message"]


def test_fragments_directives_and_aliases_are_executed(make_shop: Any) -> None:
    """Fields of one key merge across fragments; skipped ones stay away; a union is answered by its member."""
    shop = make_shop(records=0)
    query = """query ($no: Boolean!) { a: shop { ...One name @skip(if: $no) } a: shop { email @include(if: $no) }
      node(id: "gid://shopify/Location/10000000032775") { __typename ... on Location { name } ... on Order { note } } }
      fragment One on Shop { plan { shopifyPlus } }"""
    data = shop.data(query, no=True)
    assert set(data["a"]) == {"plan", "email"}
    assert data["node"] == {"__typename": "Location", "name": "Shop location"}
