"""What dead letters are grouped by, and the mend that they name; the reasons are such as real parts give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.engine.causes import Kind, cause_of, hint_of, kind_of
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, compile_map, parse_map


@pytest.mark.parametrize(
    ("reason", "answer", "kind"),
    [
        ("POST https://api.test/x was answered with 401", "", Kind.CREDENTIALS),
        ("PUT https://api.test/x was answered with 403 — check the permissions", "", Kind.CREDENTIALS),
        ("the access token has been revoked", "", Kind.CREDENTIALS),
        ("POST https://api.test/x was answered with 429 (attempt 10, the last)", "", Kind.RATE_LIMIT),
        ("POST https://api.test/x was answered with 503 (attempt 10, the last)", "", Kind.UNREACHABLE),
        ("UnavailableError: connection refused (attempt 10, the last)", "", Kind.UNREACHABLE),
        ("no item has the SKU S-1", "", Kind.UNKNOWN_SKU),
        ("Linnworks has no active item with SKU 'S-1'; create it there, then retry", "", Kind.UNKNOWN_SKU),
        ("Salla has no product with SKU 'S-1', and a partial event cannot create it", "", Kind.UNKNOWN_SKU),
        ("the shop has no location gid://shopify/Location/9", "", Kind.UNKNOWN_LOCATION),
        ("the order is in EUR, and the shop keeps its books in a currency of its own", "", Kind.CURRENCY),
        ("SKU 'S-1' is there more than once: a, b; make it unique, then retry", "", Kind.AMBIGUOUS),
        ("DELETE https://api.test/x/7 was answered with 410", "", Kind.GONE),
        ("the item of SKU S-1 was deleted meanwhile", "", Kind.GONE),
        ("PUT https://api.test/x/7 was answered with 422", '{"message": "currency is not accepted"}', Kind.CURRENCY),
        ("PUT https://api.test/x/7 was answered with 422", '{"message": "odd"}', Kind.INVALID),
        ("PUT https://api.test/x/7 was answered with 409", "", Kind.CONFLICT),
        ("waits for dead letter 12 of the same record", "", Kind.FOLLOWS),
        ("KeyError: 'price' (attempt 10, the last)", "", Kind.CONNECTOR),
        ("not a canonical product: price is odd", "", Kind.SCHEMA),
        ("the moon is full", "", Kind.OTHER),
    ],
)
def test_a_failure_is_told_by_its_words(reason: str, answer: str, kind: Kind) -> None:
    assert kind_of(reason, answer) is kind
    assert bool(hint_of(reason, answer)) is (kind is not Kind.OTHER)


def test_a_field_that_does_not_map_is_named_with_what_stands_there() -> None:
    spec, problems = parse_map({"sku": "code", "quantity": "stock.qty"})
    assert not problems
    compiled = compile_map(spec, CanonicalTypes()["stocklevel"], Functions(), name="t")
    reasons = []
    for record in ({"code": "a", "stock": {"qty": {"x": 1}}}, {"code": ["x"], "stock": {"qty": 1}}):
        with pytest.raises(FieldError) as caught:
            compiled.one(record, {})
        reasons.append(str(caught.value))
    assert all(kind_of(reason) is Kind.SCHEMA for reason in reasons)
    assert "field quantity, read from stock.qty, holds an object" in hint_of(reasons[0])
    assert "field sku, read from code, holds a list" in hint_of(reasons[1])


def test_fields_that_a_platform_complains_of_are_named() -> None:
    answer = '{"error": {"fields": {"price": ["must be a number"], "sku": ["too long"]}}}'
    assert "price, sku" in hint_of("PUT https://api.test/7 was answered with 422", answer)
    assert "price" in hint_of("the platform refused: invalid", '{"errors": [{"field": ["product", "price"]}]}')


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_words_have_a_kind_and_never_fail(reason: str, answer: str) -> None:
    assert kind_of(reason, answer) in Kind
    hint_of(reason, answer)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_and_quoted_names_do_not_part_a_group(one: int, other: int) -> None:
    assert cause_of("f", "order", f"order {one} has '{one}'") == cause_of("f", "order", f"order {other} has '{other}'")
    assert cause_of("f", "order", "a") != cause_of("g", "order", "a")
