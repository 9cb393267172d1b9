"""Answers of status 200 that are refusals all the same, and bulk answers that name items by a key."""

from datetime import UTC, datetime

import pytest

from pullpush_sdk.declarative._refusals import judge_of
from pullpush_sdk.declarative._writer import _named_errors
from pullpush_sdk.errors import AuthError, RejectedError, TokenExpiredError, UnavailableError
from pullpush_sdk.http import Answer
from pullpush_sdk.manifest import Refusal, Request, Write

REFUSALS = (
    Refusal(path="error.data.name", equals=["Expired", "Denied"], status=401, reason="error.data.message"),
    Refusal(path="error.code", equals=7, status=422),
    Refusal(path="error", status=500, reason="error.message"),
)


def answer(body, status=200):
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    return Answer(status=status, headers={}, body=body, started_at=moment, url="https://api.example/rpc")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b'{"error": {"data": {"name": "Denied", "message": "wrong key"}}}', TokenExpiredError, "means 401: wrong key"),
        (b'{"error": {"code": 7}}', RejectedError, "means 422: no reason given"),
        (b'{"error": {"message": "down"}}', UnavailableError, "means 500: down"),
    ],
)
def test_the_first_refusal_that_is_there_counts(body, kind, words):
    error = judge_of(REFUSALS, None)(answer(body))
    assert isinstance(error, kind)
    assert words in str(error)


@pytest.mark.parametrize(
    "body", [b'{"result": []}', b'{"error": null}', b'{"error": {}}', b'["error"]', b'"error" cut']
)
def test_anything_else_is_no_refusal(body):
    assert judge_of(REFUSALS, None)(answer(body)) is None


def test_a_status_speaks_for_itself_and_the_connector_first():
    assert judge_of(REFUSALS, None)(answer(b'{"error": {"code": 7}}', status=404)) is None
    own = AuthError("closed")
    assert judge_of(REFUSALS, lambda _: own)(answer(b'{"error": {"code": 7}}')) is own
    assert judge_of((), None) is None


def test_failed_items_are_found_by_their_key():
    write = Write(request=Request(path="/upsert"), item_errors="errors", item_index="context.ids", item_key="id")
    items = [{"id": "a@x"}, {"id": "b@x"}, {"id": "c@x"}]
    errors = [{"context": {"ids": ["c@x", "a@x"]}, "message": "not valid"}]
    assert _named_errors(write, errors, items) == {2: "not valid", 0: "not valid"}
    assert _named_errors(write, [], items) == {}


def test_a_failure_that_names_nobody_settles_nothing():
    write = Write(request=Request(path="/upsert"), item_errors="errors", item_index="context.ids", item_key="id")
    assert _named_errors(write, [{"message": "something"}], [{"id": "a@x"}]) is None


def test_failed_items_are_found_by_an_index_of_another_name():
    write = Write(request=Request(path="/bulk"), item_errors="errors", item_index="position")
    assert _named_errors(write, [{"position": 1, "message": "no"}], [{}, {}]) == {1: "no"}
