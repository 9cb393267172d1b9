"""Signing in: OAuth 1.0a, an integration's token alone, a user of the back office."""

from __future__ import annotations

import pytest

from pullpush_sdk.connector import Result
from pullpush_sdk.errors import AccessRevokedError, AuthError, RejectedError, SetupError


@pytest.mark.parametrize("auth", ["oauth1", "bearer", "admin"])
def test_each_kind_reads_and_writes(play, auth):
    """SKUs with a slash and searches with brackets, commas and spaces among the signed."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("product")
        assert (len(events), rejects) == (9, [])
        outcome = await shop.push_one("stocklevel", {"sku": "MG-0008/x", "quantity": 3})
        assert outcome.result is Result.DELIVERED

    play(scenario, records=9, settings={"auth": auth})


def test_oauth_works_where_bearer_does_not(play):
    """As in a shop that was never told otherwise."""

    async def scenario(shop):
        assert (await shop.pull("order"))[0]

    play(scenario, records=2, extra={"bearer": "off"})


def test_a_wrong_secret_signs_nothing(play):
    """It is said once, with its three causes, and not tried again."""

    async def scenario(shop):
        with pytest.raises(AuthError, match="one of three"):
            await shop.pull("order")
        assert len(await shop.calls("/orders")) == 1

    play(scenario, records=2, secrets={"consumer_secret": "wrong"})


def test_what_a_signature_cannot_reach_is_unknown(play):
    """A shop that refuses signatures over an encoded slash hides one SKU's stock item; the others are read."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("stocklevel")
        found = {event.record.sku: event.record.quantity for event in events if event.record.location_id == "default"}
        assert not rejects
        assert (found["MG-0008/x"], found["MG-0000"]) == (None, 10)
        options = [{"sku": f"T/{n}", "price": "1", "options": {"Color": n}} for n in ("Red", "Blue")]
        tee = {"sku": "T/x", "title": "T", "currency": "SAR", "variants": options}
        outcome = await shop.push_one("product", tee)
        assert outcome.result is Result.DEAD
        assert "set auth to bearer" in outcome.reason

    play(scenario, records=9, extra={"oauth_encoded": "refused"})


def test_an_admin_token_is_renewed_when_it_ends(play):
    """One sign-in for many requests, another one after the first 401 or before the end."""

    async def scenario(shop):
        await shop.pull("order")
        await shop.pull("contact")
        shop.connection.clock.advance(90)
        await shop.pull("order")
        assert len(await shop.calls("/integration/admin/token")) == 2

    play(scenario, records=2, settings={"auth": "admin"}, extra={"admin_ttl": "60"})


def test_a_permission_that_is_missing_is_no_reason_to_sign_in_for_ever(play):
    """Six failures lock an account; one renewal is tried."""

    async def scenario(shop):
        with pytest.raises(AccessRevokedError, match="one of three"):
            await shop.pull("order")
        assert len(await shop.calls("/integration/admin/token")) == 2
        assert (await shop.pull("contact"))[0]

    play(scenario, records=2, settings={"auth": "admin"}, extra={"deny": "Magento_Sales::actions_view"})


def test_a_second_factor_is_said(play):
    """The platform's own words point to the provider; the connector cannot answer for a person."""

    async def scenario(shop):
        with pytest.raises(AuthError, match="2fa provider-specific"):
            await shop.pull("order")

    play(scenario, records=2, settings={"auth": "admin"}, extra={"two_factor": "on"})


def test_a_page_that_is_too_large_names_the_setting(play):
    """Where the shop's limit is lower than ours."""

    async def scenario(shop):
        with pytest.raises(RejectedError, match="set page_size"):
            await shop.pull("order")

    play(scenario, records=2, extra={"input_limits": "on", "page_limit": "50"})


def test_a_store_view_that_is_not_there_names_those_that_are(play):
    """By their codes."""

    async def scenario(shop):
        with pytest.raises(SetupError, match="store_code is one of default"):
            await shop.push_one("product", {"sku": "MG-0000", "price": "1", "currency": "SAR"})

    play(scenario, records=1, settings={"store_code": "all"})
