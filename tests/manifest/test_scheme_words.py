"""A word such as Bearer that a credential would be sent after twice."""

from __future__ import annotations

from typing import Any

import pytest

from pullpush_sdk.manifest import (
    ApiKeyAuth,
    BearerAuth,
    OAuth2Auth,
    Placement,
    Push,
    Request,
    SessionAuth,
    Write,
    doubled_values,
    doubled_words,
    written_fields,
)

BEARER = BearerAuth(token="{{token}}")


def key(text: str, form: str) -> ApiKeyAuth:
    return ApiKeyAuth(key=text, place=Placement(header="Authorization", format=form))


@pytest.mark.parametrize(
    ("auth", "place"),
    [
        (BearerAuth(token="Bearer {{token}}"), "$.auth.token"),
        (BearerAuth(token="bearer  {{token}}"), "$.auth.token"),
        (key("{{token}}", "Bearer Bearer {{token}}"), "$.auth.place.format"),
        (key("Token {{token}}", "Token {{token}}"), "$.auth.key"),
        (
            SessionAuth(
                exchange=Request(path="/x"), token="t", place=Placement(header="A", format="JWT jwt {{token}}")
            ),
            "$.auth.place.format",
        ),
    ],
)
def test_a_word_that_is_written_twice_has_its_place(auth: Any, place: str) -> None:
    assert [path for path, _ in doubled_words(auth, {})] == [place]


@pytest.mark.parametrize(
    "auth",
    [
        BEARER,
        key("Bearer {{token}}", "{{token}}"),
        key("{{token}}", "Bearer {{token}}"),
        key("Bearer x", "Token {{token}}"),
    ],
)
def test_once_is_right(auth: Any) -> None:
    assert list(doubled_words(auth, {})) == []


def test_a_default_and_a_value_count_as_what_is_sent() -> None:
    assert [path for path, _ in doubled_words(BEARER, {"token": {"default": "Bearer abc"}})] == [
        "$.settings.properties.token.default"
    ]
    assert list(doubled_values(BEARER, {"token": "bearer abc"})) == [("token", "Bearer")]
    assert list(doubled_values(BEARER, {"token": "bearerabc"})) == []
    oauth = OAuth2Auth(token_url="https://acme.example/token", access_token="{{first}}")
    assert list(doubled_values(oauth, {"first": "Bearer x", "client_id": "Bearer y"})) == [("first", "Bearer")]


def test_written_fields_are_those_that_bodies_name() -> None:
    def push(body: Any) -> Push:
        return Push(canonical_type="product", create=Write(request=Request(path="/p"), body=body))

    body = {
        "a": "sku",
        "p": {"n": "$.price"},
        "v": {"path": "variants", "transform": "mapItems", "items": {"t": "title"}},
    }
    assert written_fields(push(body)) == {"sku", "price", "variants"}
    assert written_fields(push({"all": {"compute": "acme:whole"}})) is None
    assert written_fields(push(None)) is None
