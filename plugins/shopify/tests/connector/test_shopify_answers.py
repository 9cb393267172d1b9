"""Refusals that come with status 200 are the errors that the runtime acts on; the shop's own texts are not."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullpush_shopify.answers import Judge

from pullpush_sdk.errors import (
    AuthError,
    ContractError,
    PullPushError,
    RateLimitedError,
    RejectedError,
    SetupError,
    UnavailableError,
)
from pullpush_sdk.http import Answer, Headers


def answer(body: Any, status: int = 200, version: str = "2026-10") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = Headers([(b"X-Shopify-API-Version", version.encode())])
    return Answer(
        status=status, headers=headers, body=raw, started_at=datetime(2026, 1, 1, tzinfo=UTC), url="https://x"
    )


def refused(code: str, **extensions: Any) -> Any:
    return {"data": None, "errors": [{"message": "No.", "path": ["x"], "extensions": {"code": code, **extensions}}]}


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (refused("THROTTLED"), RateLimitedError, "throttling"),
        (refused("ACCESS_DENIED", requiredAccess="`read_orders` access scope."), AuthError, "read_orders"),
        (refused("MAX_COST_EXCEEDED"), ContractError, "1000 points"),
        (refused("INTERNAL_SERVER_ERROR"), UnavailableError, "failed inside"),
        (refused("INVALID_VARIABLE"), RejectedError, "values"),
        (refused("undefinedField"), ContractError, "refused the query"),
        ({"errors": "[API] Invalid API key"}, ContractError, "refused"),
        ({"errors": [{"message": "No."}]}, ContractError, "refused"),
    ],
)
def test_each_code_is_the_error_that_says_what_to_do(body: Any, kind: type[PullPushError], said: str) -> None:
    error = Judge()(answer(body))
    assert type(error) is kind
    assert said in str(error)


def test_data_beside_errors_is_a_failure_too() -> None:
    assert isinstance(Judge()(answer({**refused("ACCESS_DENIED"), "data": {"orders": {}}})), AuthError)


def test_a_failure_inside_may_have_been_carried_out() -> None:
    error = Judge()(answer(refused("INTERNAL_SERVER_ERROR")))
    assert isinstance(error, UnavailableError)
    assert error.maybe_applied


def test_a_search_warning_is_a_failure_since_everything_matched() -> None:
    warning = {"field": "update_at", "code": "invalid_field", "message": "Invalid search field for this query."}
    body = {
        "data": {},
        "extensions": {"search": [{"path": ["orders"], "query": "update_at:>='x'", "warnings": [warning]}]},
    }
    error = Judge()(answer(body))
    assert isinstance(error, ContractError)
    assert "update_at" in error.answer


def test_statuses_that_no_retry_mends_say_who_does() -> None:
    assert isinstance(Judge()(answer(b"", 402)), AuthError)
    assert isinstance(Judge()(answer(b"", 423)), AuthError)
    assert isinstance(Judge()(answer(b"", 404)), SetupError)
    assert Judge()(answer(refused("THROTTLED"), 500)) is None


@given(
    st.recursive(
        st.text() | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_the_shop_holds_is_never_taken_for_an_error(value: Any) -> None:
    texts = ['"errors"', '"errors":[{"extensions":{"code":"THROTTLED"}}]', '"warnings"', value]
    assert Judge()(answer({"data": {"product": {"title": texts}}, "extensions": {"cost": {}}})) is None


def test_another_version_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    judge = Judge()
    with caplog.at_level(logging.WARNING, logger="pullpush.shopify"):
        for _ in range(3):
            assert judge(answer({"data": {}}, version="2026-01")) is None
            assert judge(answer({"data": {}})) is None
    assert len(caplog.records) == 1
    assert "2026-01" in caplog.text
