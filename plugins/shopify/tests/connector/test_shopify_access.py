"""Which way of access is taken depends on the secrets that are set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pullpush_shopify.check import SCOPES

from pullpush_sdk.errors import AccessRevokedError, AuthError

MERCHANT = {"auth": "merchant"}
CLIENT = {"client_id": "sandbox-client", "client_secret": "shpss_sandbox00000000000000000000000"}


def test_client_credentials_are_asked_again_when_a_day_is_over(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        assert len((await shop.pull("product"))[0]) == 2
        shop.clock.advance(86_400)
        assert len((await shop.pull("product"))[0]) == 2
        tokens = [each for each in await shop.log() if each["path"] == "/admin/oauth/access_token"]
        assert len(tokens) == 2
        assert "unauthorized" not in str(await shop.control("GET", "violations"))

    play(scenario, records=2, secrets=CLIENT)


@pytest.mark.parametrize("secrets", [{"access_token": "shpat_wrong"}, {**CLIENT, "client_secret": "wrong"}])
def test_refused_credentials_are_a_finding_with_its_mend(play: Any, secrets: Mapping[str, str]) -> None:
    async def scenario(shop: Any) -> None:
        (finding,) = await shop.hook.pullpush_check(connection=shop.connection)
        assert not finding.ok
        assert finding.hint
        assert not any(secret in str(finding) for secret in secrets.values())
        with pytest.raises(AuthError):
            await shop.pull("product")

    play(scenario, records=1, secrets=secrets)


def test_a_shop_that_does_not_exist_is_a_finding(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({"match": {"path": "*graphql.json"}, "fault": "status", "status": 404, "body": {}})
        (finding,) = await shop.hook.pullpush_check(connection=shop.connection)
        assert not finding.ok
        assert "shop" in finding.hint

    play(scenario, records=0)


async def expiring(address: str) -> Mapping[str, str]:
    """The pair that a merchant's consent gives: an access token for an hour and the refresh token."""
    async with httpx.AsyncClient(base_url=address) as client:
        query = {"client_id": CLIENT["client_id"], "redirect_uri": "http://127.0.0.1/cb"}
        answer = await client.get("/admin/oauth/authorize", params=query)
        code = httpx.URL(answer.headers["location"]).params["code"]
        pair = (await client.post("/admin/oauth/access_token", data={**CLIENT, "code": code, "expiring": "1"})).json()
    return {**CLIENT, "access_token": pair["access_token"], "refresh_token": pair["refresh_token"]}


def test_an_expired_token_is_refreshed_and_the_new_pair_is_used_from_then_on(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for _ in range(3):
            assert len((await shop.pull("product"))[0]) == 1
            shop.clock.advance(7200)
        assert "refresh_refused" not in str(await shop.control("GET", "violations"))

    play(scenario, records=1, secrets=expiring)


def test_a_refresh_whose_answer_is_lost_is_asked_for_again(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        shop.clock.advance(7200)
        await shop.faults({"match": {"path": "/admin/oauth/access_token"}, "fault": "lost_answer", "times": 1})
        assert len((await shop.pull("product"))[0]) == 1

    play(scenario, records=1, secrets=expiring)


async def consent(shop: Any) -> None:
    """What `pullpush auth` does: send a merchant to the platform, check the callback, redeem its code."""
    client = shop.connection.client
    asked = client.authorization("http://127.0.0.1:9/back")
    url = httpx.URL(asked.url)
    assert set(url.params["scope"].split(",")) <= set(SCOPES)
    async with httpx.AsyncClient(base_url=shop.address) as browser:
        answer = await browser.get(url.path, params=url.params)
    query = dict(httpx.URL(answer.headers["location"]).params)
    with pytest.raises(AuthError, match="signature"):
        await client.authorize(asked, {**query, "shop": "another.myshopify.com"})
    await client.authorize(asked, query)


def test_a_merchants_consent_gives_expiring_tokens_that_are_renewed(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await consent(shop)
        for _ in range(3):
            assert len((await shop.pull("product"))[0]) == 1
            shop.clock.advance(3500)
        tokens = [each for each in await shop.log() if each["path"] == "/admin/oauth/access_token"]
        assert len(tokens) == 3  # the code, and a refresh before each hour ended
        assert not any((await shop.control("GET", "violations")).values())

    play(scenario, records=1, secrets=CLIENT, settings=MERCHANT)


def test_a_consent_that_was_withdrawn_asks_for_a_person(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await consent(shop)
        await shop.change("uninstall")
        with pytest.raises(AccessRevokedError) as caught:
            await shop.pull("product")
        assert "authorise" in caught.value.hint

    play(scenario, records=1, secrets=CLIENT, settings=MERCHANT)
