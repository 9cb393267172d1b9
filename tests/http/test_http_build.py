"""From a manifest's request to the call that is sent."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import ContractError, FieldError, ManifestError
from pullpush_sdk.http import Answer, Call, Headers, Step, call_of
from pullpush_sdk.manifest import Request
from pullpush_sdk.testing.clock import VirtualClock


def test_parameters_that_are_null_or_absent_fall_out_and_lists_repeat():
    request = Request(
        path="/orders",
        params={"since": "{{since}}", "page": "{{page}}", "tag": "{{tags}}", "all": "{{flag}}", "x": "{{gone}}"},
    )
    call = call_of(request, {"since": None, "page": 2, "tags": ["a", None, "b"], "flag": True, "gone": UNSET})
    assert call.params == (("page", "2"), ("tag", "a"), ("tag", "b"), ("all", "true"))
    assert call.body is None
    assert call.is_repeatable
    assert call.is_safe


def test_json_keeps_null_leaves_out_what_is_absent_and_keeps_digits():
    request = Request(
        method="PUT", path="/p", json={"price": "{{price}}", "note": "{{note}}", "lines": [{"sku": "{{sku}}"}]}
    )
    call = call_of(request, {"price": Decimal("10.10"), "note": None, "sku": UNSET})
    assert call.body == b'{"price":10.10,"note":null,"lines":[{}]}'
    assert call.content_type == "application/json"
    assert call.is_repeatable
    assert not call.is_safe


def test_forms_repeat_lists_and_graphql_names_its_operation():
    call = call_of(Request(method="POST", path="/f", form={"a": ["1", "2"], "b": None, "c": "é &"}), {})
    assert call.body == b"a=1&a=2&c=%C3%A9%20%26"
    request = Request(
        method="POST", path="/g", query="query Orders($n: Int) { x }", variables={"n": "{{n}}"}, idempotent=True
    )
    call = call_of(request, {"n": 5}, step=Step(variables={"after": "c"}), cost_hint=12)
    assert call.body == b'{"query":"query Orders($n: Int) { x }","variables":{"n":5,"after":"c"}}'
    assert (call.operation, call.cost_hint, call.is_repeatable) == ("Orders", 12, True)


def test_content_is_data_and_never_a_template():
    call = call_of(Request(method="POST", path="/p", json={"a": 1}), {}, content={"name": "{{secret}}"})
    assert call.body == b'{"a":1,"name":"{{secret}}"}'
    assert call_of(Request(method="POST", path="/p"), {}, content=[1]).body == b"[1]"
    assert call_of(Request(method="POST", path="/p", json=[2]), {}, content=[1]).body == b"[1]"


def test_a_step_is_laid_into_a_json_body_by_path_and_into_a_form_by_name():
    request = Request(method="POST", path="/list", json={"request": {"term": "x", "page": 9}, "more": 1})
    call = call_of(request, {}, step=Step(variables={"request.page": 2, "paging.size": 50}))
    assert call.body == b'{"request":{"term":"x","page":2},"more":1,"paging":{"size":50}}'
    assert request.json == {"request": {"term": "x", "page": 9}, "more": 1}
    form = Request(method="POST", path="/list", form={"term": "x"})
    assert call_of(form, {}, step=Step(variables={"page": 2})).body == b"term=x&page=2"


def test_a_step_adds_parameters_or_takes_the_place_of_the_url():
    request = Request(path="/list", params={"sort": "id", "page": "9"})
    call = call_of(request, {}, step=Step(params={"page": 2}))
    assert call.params == (("sort", "id"), ("page", "2"))
    call = call_of(request, {}, step=Step(url="/list?cursor=x"))
    assert (call.url, call.params, call.from_answer) == ("/list?cursor=x", (), True)


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..") and text.isprintable()))
def test_a_value_in_the_path_stays_one_segment(value):
    call = call_of(Request(path="/products/{{sku}}/stock"), {"sku": value})
    assert call.url.count("/") == 3
    assert unquote(call.url.split("/")[2]) == value


@pytest.mark.parametrize("value", [None, "", ".", "..", UNSET])
def test_a_value_that_would_make_it_another_path_is_refused(value):
    with pytest.raises(FieldError, match="stands in the path"):
        call_of(Request(method="DELETE", path="/products/{{sku}}"), {"sku": value})


def test_a_whole_url_may_begin_a_path_and_an_unknown_name_is_an_error():
    request = Request(path="{{server}}/api/{{id}}")
    assert call_of(request, {"server": "https://eu.example.com", "id": 7}).url == "https://eu.example.com/api/7"
    assert call_of(request, {"server": "a/b", "id": 7}).url == "a%2Fb/api/7"
    with pytest.raises(ManifestError):
        call_of(request, {"server": "a"})


def test_headers_of_an_answer_are_found_in_any_case():
    headers = Headers([(b"X-Rate", b"1"), (b"Link", b"<a>"), (b"link", b"<b>")])
    assert headers["x-RATE"] == "1"
    assert headers["LINK"] == "<a>, <b>"
    assert headers.get("none") is None
    assert (len(headers), list(headers)) == (2, ["x-rate", "link"])
    assert repr(headers) == "Headers(x-rate, link)"


def test_an_answer_that_is_no_json_breaks_the_contract():
    def answer(body: bytes) -> Answer:
        return Answer(status=200, headers={}, body=body, started_at=VirtualClock().now(), url="https://x/a")

    assert answer(b'{"a": 1.10}').json() == {"a": Decimal("1.10")}
    with pytest.raises(ContractError, match="https://x/a is not JSON"):
        answer(b"<html>").json()
    assert "5 bytes" in repr(answer(b"12345"))


async def test_a_client_that_is_not_open_says_how_to_open_it(kit):
    with pytest.raises(RuntimeError, match="async with"):
        await kit.client("http://127.0.0.1:1").send(Call(url="/"))
