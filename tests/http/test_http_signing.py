"""A connector's own signature over each request: behind the credentials, anew for every try, and only a signature."""

from __future__ import annotations

import attrs
import pytest

from pullpush_sdk.errors import SetupError
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import BearerAuth, Request, SessionAuth

GET = Call(url="/v1/items", params={"q": "a b"})


def stamped(call, now):
    """Shows what a signature would cover."""
    return call.signed({"X-Covers": f"{call.method} /{call.target.split('/', 3)[3]} {now:%M%S}"})


async def test_every_try_is_signed_anew_over_what_is_sent(kit):
    busy = kit.reply(status=503, headers={"Retry-After": "7"})
    bearer = BearerAuth(token="t-1")
    async with (
        kit.platform(kit.script(busy, kit.json({}))) as platform,
        kit.client(platform.url, auth=bearer, sign=stamped) as client,
    ):
        await client.send(GET)
    first, second = platform.received
    assert first.headers["authorization"] == "Bearer t-1"
    assert first.headers["x-covers"].rpartition(" ")[0] == f"GET {first.target}"
    assert second.headers["x-covers"] != first.headers["x-covers"], "seven seconds later"


async def test_the_request_that_opens_a_session_is_signed_too(kit):
    session = SessionAuth(exchange=Request(method="POST", path="/session"), token="token")
    async with (
        kit.platform(kit.script(kit.json({"token": "s-1"}), kit.json({}))) as platform,
        kit.client(platform.url, auth=session, sign=stamped) as client,
    ):
        await client.send(GET)
    assert [each.headers["x-covers"].split(" ")[0] for each in platform.received] == ["POST", "GET"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda call, _now: attrs.evolve(call, url="https://elsewhere.example"),
        lambda call, _now: attrs.evolve(call, method="DELETE"),
        lambda _call, _now: {"X-Signature": "abc"},
    ],
    ids=["url", "method", "no-call"],
)
async def test_a_signature_changes_nothing_else(kit, wrong):
    """Credentials go to declared hosts only, whoever signs."""
    async with (
        kit.platform(kit.script(kit.json({}))) as platform,
        kit.client(platform.url, sign=wrong) as client,
    ):
        with pytest.raises(SetupError, match=r"call\.signed"):
            await client.send(GET)
    assert not platform.received
