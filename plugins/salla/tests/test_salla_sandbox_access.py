from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from pullpush_sdk.errors import SetupError

_DAY = 86400
_INVALID = {"code": "Unauthorized", "message": "The access token is invalid"}


def test_bare_and_wrong_tokens_are_401_in_the_documented_form(shop):
    """No token, a wrong one and a wrong scheme answer alike."""
    for header in ("", "Bearer nope", f"Basic {shop.token}"):
        answer = shop.raw("GET", "/admin/v2/products", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.json() == {"status": 401, "success": False, "error": _INVALID}


def test_access_ends_after_14_days_on_the_sandbox_clock(shop):
    """An expired token looks like an invalid one; a refresh helps."""
    shop.clock.advance(14 * _DAY)
    assert shop.get("/products").json()["error"] == _INVALID
    shop.token = shop.refresh(shop.secrets["refresh_token"]).json()["access_token"]
    assert shop.get("/products").status_code == 200


def test_a_refresh_token_works_once_and_reuse_kills_the_family(shop):
    """The second use revokes the successor and every access token that came of the family."""
    first = shop.secrets["refresh_token"]
    new = shop.refresh(first).json()
    assert new["expires_in"] == 1209599
    assert set(new) == {"access_token", "expires_in", "refresh_token", "scope", "token_type"}
    again = shop.refresh(first)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_grant")
    assert "success" not in again.json()
    assert shop.refresh(new["refresh_token"]).status_code == 401
    for token in (new["access_token"], shop.secrets["access_token"]):
        shop.token = token
        assert shop.get("/products").status_code == 401


def test_reuse_may_answer_400_and_may_have_a_grace_window(open_shop):
    """Both are unknown, so both are switches."""
    shop = open_shop(extra={"refresh_reuse_status": "400", "refresh_grace": "10"})
    first = shop.secrets["refresh_token"]
    shop.refresh(first)
    assert shop.refresh(first).status_code == 200
    shop.clock.advance(11)
    assert shop.refresh(first).status_code == 400


def test_a_refresh_token_lives_a_month_or_for_ever(open_shop):
    """The contradiction between page and kit is a switch."""
    for days, status in (("30", 401), ("0", 200)):
        shop = open_shop(extra={"refresh_days": days})
        shop.clock.advance(31 * _DAY)
        assert shop.refresh(shop.secrets["refresh_token"]).status_code == status


def test_without_offline_access_there_is_no_refresh_token(open_shop):
    """Neither at the start nor in an exchange."""
    shop = open_shop(extra={"scopes": "products.read"})
    assert "refresh_token" not in shop.secrets
    assert shop.control.change("authorize")["refresh_token"] is None
    assert "refresh_token" not in _exchange(shop).json()


def _code(shop, **more):
    query = {
        "client_id": shop.secrets["client_id"],
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:9/back",
        "state": "a-b-c",
        **more,
    }
    answer = shop.raw("GET", "/oauth2/auth", params=query)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)


def _exchange(shop, **more):
    form = {"grant_type": "authorization_code", "redirect_uri": "http://127.0.0.1:9/back"}
    return shop.form(**{**form, "code": _code(shop)["code"][0], **more})


def test_the_code_flow(shop):
    """State loses its hyphens, the code works once, the life time stands under `expires` as a duration."""
    back = _code(shop)
    assert back["state"] == ["abc"]
    form = {"grant_type": "authorization_code", "redirect_uri": "http://127.0.0.1:9/back", "code": back["code"][0]}
    grant = shop.form(**form).json()
    assert grant["expires"] == 1209599
    assert "expires_in" not in grant
    assert shop.form(**form).json()["error"] == "invalid_grant"
    shop.token = grant["access_token"]
    assert shop.raw("GET", "/oauth2/user/info").json()["merchant"]["id"] == int(shop.sandbox.settings["store_id"])


def test_refused_token_requests(shop):
    """Wrong client, wrong redirect address, wrong grant type, JSON body: bare OAuth errors."""
    assert _exchange(shop, client_secret="x").json()["error"] == "invalid_client"
    assert _exchange(shop, redirect_uri="http://127.0.0.1:9/other").json()["error"] == "invalid_grant"
    assert shop.form(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert shop.raw("POST", "/oauth2/token", json={}).json()["error"] == "invalid_request"
    assert shop.raw("GET", "/oauth2/auth", params={"client_id": "x"}).json()["error"] == "invalid_request"


def test_a_missing_scope_is_401_and_names_the_scopes(open_shop):
    """Reading accepts both scopes, writing one of them."""
    shop = open_shop(extra={"scopes": "products.read"})
    assert shop.get("/products").status_code == 200
    answer = shop.post("/products", {})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].endswith("one of those scopes: products.read_write")
    assert "orders.read, orders.read_write" in shop.get("/orders").json()["error"]["message"]


def test_deleted_and_inactive_users(shop):
    """The other two 401 cases, and back again."""
    shop.control.change("user", state="deleted")
    assert shop.get("/products").json()["error"]["message"] == "The User is not exists."
    shop.control.change("user", state="inactive")
    assert not shop.get("/products").json()["error"]["message"].isascii()
    shop.control.change("user", state="active")
    assert shop.get("/products").status_code == 200


def test_uninstalling_revokes_everything(shop):
    """Access and refresh tokens alike."""
    shop.control.change("uninstall")
    assert shop.get("/products").status_code == 401
    assert shop.refresh(shop.secrets["refresh_token"]).status_code == 401


def test_a_reset_brings_the_first_tokens_back(shop):
    """What a test was given works again after a reset."""
    shop.control.change("uninstall")
    shop.control.reset_all()
    assert shop.get("/products").status_code == 200


def test_secrets_stay_out_of_repr(shop):
    """Neither the sandbox nor its parts show a token."""
    assert not any(secret in repr(shop.sandbox) for secret in shop.secrets.values())


def test_the_budget_of_the_plan_and_the_overflow(open_shop):
    """120 a minute, then one a second, headers on every answer, whole again when the minute ends."""
    shop = open_shop(rate_limits=True, records=1)
    answers = [shop.get("/store/info") for _ in range(121)]
    assert answers[0].headers["x-ratelimit-limit"] == "120"
    assert [a.headers["x-ratelimit-remaining"] for a in answers[:2]] == ["119", "118"]
    assert [a.status_code for a in answers] == [200] * 120 + [429]
    refused = answers[-1]
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["success"] is False
    now = shop.clock.now().timestamp()
    assert 0 < int(refused.headers["x-ratelimit-reset"]) - now <= 61
    shop.clock.advance(1)
    assert [shop.get("/store/info").status_code for _ in range(2)] == [200, 429]
    shop.clock.advance(60)
    assert shop.get("/store/info").headers["x-ratelimit-remaining"] == "119"
    assert shop.control.violations.counts() == {"rate_limited": 2}


def test_customers_have_a_budget_of_their_own(open_shop):
    """500 in ten minutes, whatever the plan still allows."""
    shop = open_shop(rate_limits=True, records=1, extra={"plan": "special"})
    statuses = [shop.get("/customers").status_code for _ in range(501)]
    assert statuses == [200] * 500 + [429]
    assert shop.get("/products").status_code == 200


@pytest.mark.parametrize("extra", [{"plam": "pro"}, {"plan": "x"}, {"bulk_delay": "-1"}, {"branches": "0"}])
def test_unknown_switches_are_a_setup_error(open_shop, extra):
    """A misspelt switch never passes silently."""
    with pytest.raises(SetupError):
        open_shop(extra=extra)


def test_who_does_not_stop_is_shut_out_for_a_while(open_shop):
    """Where that is switched on: refused again and again without waiting, then 403, then all is well."""
    shop = open_shop(rate_limits=True, extra={"plan": "basic", "abuse_after": "5"})
    codes = [shop.get("/store/info").status_code for _ in range(70)]
    assert codes.count(429) == 5
    assert codes[-1] == 403
    assert shop.control.violations.counts()["blocked"] == 1
    shop.clock.advance(301)
    assert shop.get("/store/info").status_code == 200
