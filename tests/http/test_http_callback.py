"""The callback of an authorisation: which parameters go out, and whether what comes back was signed."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import attrs
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import AuthError
from pullpush_sdk.http import Authorization, Secret, scheme_of
from pullpush_sdk.http._oauth2 import OAuth2
from pullpush_sdk.manifest import OAuth2Auth

VALUES = {"client_id": "app-1", "client_secret": Secret("hush")}
AUTH = OAuth2Auth(
    token_url="/token",
    authorize_url="https://accounts.example.com/auth",
    authorize_params={"scope": "read_things,write_things"},
    code_params={"expiring": "1"},
    callback_hmac="hmac",
)
# Public test vectors of the platform that signs so.
QUERY = {
    "code": "0907a61c0c8d55e99db179b68161bc00",
    "shop": "some-shop.myshopify.com",
    "state": "0.6784241404160823",
    "timestamp": "1337178173",
}
WITH_STATE = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
WITHOUT_STATE = "4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20"


def answers(query: dict[str, str], auth: OAuth2Auth = AUTH, **values: object) -> bool:
    """Whether a callback is taken as the answer to a question that was asked with its very `state`."""
    asked = Authorization(url="", redirect_uri="", state=query.get("state", ""))
    scheme = scheme_of(auth, {**VALUES, **values})
    assert isinstance(scheme, OAuth2)
    try:
        return scheme.code_of(asked, query) == query["code"]
    except AuthError:
        return False


def test_the_published_vectors_are_genuine() -> None:
    assert answers({**QUERY, "hmac": WITH_STATE})
    stateless = {name: value for name, value in QUERY.items() if name != "state"}
    assert answers({**stateless, "hmac": WITHOUT_STATE, "signature": "older"})


@given(name=st.sampled_from([*QUERY, "host"]), value=st.text(max_size=5))
def test_a_changed_or_added_parameter_is_not_genuine(name: str, value: str) -> None:
    query = {**QUERY, name: value}
    assert answers({**query, "hmac": WITH_STATE}) == (query == QUERY)


def test_without_signature_or_secret_nothing_is_genuine() -> None:
    assert not answers(QUERY)
    assert not answers({**QUERY, "hmac": WITH_STATE}, client_secret="")


def test_a_platform_that_signs_nothing_is_believed() -> None:
    assert answers(QUERY, OAuth2Auth(token_url="/token"))


async def test_parameters_of_the_code_go_with_the_code_alone(kit) -> None:  # type: ignore[no-untyped-def]
    tokens = [{"access_token": "t-1", "refresh_token": "r-1"}, {"access_token": "t-2"}]
    auth = attrs.evolve(AUTH, callback_hmac=None)
    async with (
        kit.platform(kit.script(*(kit.json(each) for each in tokens))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES) as client,
    ):
        asked = client.authorization("http://127.0.0.1:9/back")
        await client.authorize(asked, {"code": "the-code", "state": asked.state})
        await client.renew()
    # Scopes that a platform parts in its own way stand in the parameters.
    assert parse_qs(urlsplit(asked.url).query)["scope"] == ["read_things,write_things"]
    code, refresh = (dict(parse_qsl(each.body.decode())) for each in platform.received)
    assert code["expiring"] == "1"
    assert refresh["grant_type"] == "refresh_token"
    assert "expiring" not in refresh
