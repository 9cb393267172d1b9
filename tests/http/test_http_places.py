"""Paging in lists of a body, keys in a body, flags beside keys, and a second credential of one token."""

import json
from datetime import UTC, datetime

import pytest

from pullpush_sdk.errors import AuthError, ManifestError
from pullpush_sdk.http import Call, Secret, Seen, Step, Token, call_of, paginator, scheme_of
from pullpush_sdk.manifest import OAuth2Auth, Pagination, Placement, Request, Response, TokenField

RPC = Request(method="POST", path="/rpc", json={"params": {"args": ["db", [["id", ">", 0]], {"limit": 5}]}})


def test_a_place_may_lead_through_lists():
    step = Step(variables={"params.args[1][0][2]": 7, "params.args[2].limit": 100, "params.more.deep": True})
    sent = json.loads(call_of(RPC, {}, step=step).body)
    assert sent == {"params": {"args": ["db", [["id", ">", 7]], {"limit": 100}], "more": {"deep": True}}}
    assert RPC.json["params"]["args"][1] == [["id", ">", 0]]


def test_a_place_that_the_body_does_not_have_is_told():
    with pytest.raises(ManifestError, match="position 9"):
        call_of(RPC, {}, step=Step(variables={"params.args[9]": 1}))


def test_a_key_may_travel_in_the_body_with_its_type():
    pages = paginator(
        Pagination(kind="keyset", cursor_param="args[0]", key="id", size_param="limit", size=2, place="body"),
        Response(records="result"),
    )
    assert pages.first().step == Step(variables={"limit": 2})
    after = pages.next(pages.first(), Seen(count=2, values={"result[*].id": [4, 9]}))
    assert after.step == Step(variables={"limit": 2, "args[0]": 9})


@pytest.mark.parametrize(("more", "goes_on"), [(True, True), (False, False)])
def test_a_flag_beside_keys_says_whether_more_follows(more, goes_on):
    pages = paginator(
        Pagination(kind="keyset", cursor_param="after", size_param="limit", size=100), Response(has_next="has_more")
    )
    # One record of a hundred asked for: without the flag that would be the end.
    seen = Seen(count=1, values={"[*].id": ["x"], "has_more": more})
    assert (pages.next(pages.first(), seen) is not None) == goes_on


AUTH = OAuth2Auth(
    token_url="https://id.example/token",
    access_token="{{access}}",
    place=Placement(header="X-Manager-Token"),
    also=(
        TokenField(
            field="Authorization",
            value="{{partner|}}",
            place=Placement(header="Authorization", format="Bearer {{token}}"),
        ),
    ),
)
VALUES = {"client_id": "c", "client_secret": Secret("s"), "access": Secret("mine"), "partner": Secret("theirs")}


def test_two_credentials_of_one_token_go_with_every_request():
    scheme = scheme_of(AUTH, VALUES)
    signed = scheme.sign(Call(method="GET", url="https://api.example/x"), scheme.bootstrap())
    assert signed.headers == {"X-Manager-Token": "mine", "Authorization": "Bearer theirs"}
    assert {"mine", "theirs"} <= set(scheme.secrets(scheme.bootstrap()))


def test_a_renewal_keeps_what_it_does_not_renew():
    scheme = scheme_of(AUTH, VALUES)
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    old = scheme.granted({"access_token": "one", "Authorization": "two"}, moment)
    renewed = scheme._token({"access_token": "three"}, moment, old)
    signed = scheme.sign(Call(method="GET", url="https://api.example/x"), renewed)
    assert signed.headers == {"X-Manager-Token": "three", "Authorization": "Bearer two"}


def test_a_token_without_its_second_credential_is_refused():
    with pytest.raises(AuthError, match="Authorization"):
        scheme_of(AUTH, VALUES).sign(Call(method="GET", url="https://api.example/x"), Token(access="one"))
