"""What explain says of one record."""

from __future__ import annotations

import pytest

from pullpush_sdk.canonical import BUILT_IN, UNSET
from pullpush_sdk.errors import MappingError
from pullpush_sdk.mapping import Functions, explain, parse_map

KINDS = {kind.name: kind for kind in BUILT_IN}


def test_explain_says_which_path_gave_which_field() -> None:
    """Alternatives, defaults, conditions, refusals and items, in the map's order."""
    spec, problems = parse_map(
        {
            "orderId": "id",
            "note": {"paths": ["a", "b"], "transform": "coalesce"},
            "currency": {"path": "cur", "default": "SAR"},
            "totalAmount": "total",
            "channel": {"path": "a", "when": {"path": "a", "notEmpty": True}},
            "lineItems": {"path": "rows", "transform": "mapItems", "items": {"sku": "s"}},
        }
    )
    assert problems == []
    record = {"id": 7, "a": "", "b": "hello", "total": "abc", "rows": [{"s": "A"}]}
    found = {each.target: each for each in explain(spec, KINDS["order"], Functions(), record, {})}
    assert list(found) == ["orderId", "note", "currency", "totalAmount", "channel", "lineItems[0].sku", "lineItems"]
    assert (found["orderId"].path, found["orderId"].raw, found["orderId"].value) == ("id", 7, "7")
    assert (found["note"].paths, found["note"].path, found["note"].value) == (("a", "b"), "b", "hello")
    assert (found["currency"].path, found["currency"].value, found["currency"].note) == ("", "SAR", "default")
    assert (found["totalAmount"].value, found["totalAmount"].note) == (UNSET, "expected a number")
    assert found["channel"].note == "when does not hold: a notEmpty"
    assert found["lineItems[0].sku"].value == "A"


def test_explain_shows_no_secret() -> None:
    """Neither the value of a secret rule nor the list around it."""
    spec, _ = parse_map(
        {
            "orderId": "id",
            "note": {"path": "pin", "secret": True},
            "phone": {"path": "nothing", "secret": True},
            "lineItems": {"path": "rows", "transform": "mapItems", "items": {"title": {"path": "pin", "secret": True}}},
        }
    )
    record = {"id": 7, "pin": "s3cret", "rows": [{"pin": "s3cret"}]}
    found = explain(spec, KINDS["order"], Functions(), record, {})
    assert "s3cret" not in repr(found)
    assert next(each for each in found if each.target == "phone").raw is UNSET


def test_an_identity_that_is_missing_is_a_note() -> None:
    spec, _ = parse_map({"orderId": "id"})
    (found,) = explain(spec, KINDS["order"], Functions(), {}, {})
    assert found.note == "identity is missing"


def test_an_unknown_target_is_a_mapping_error() -> None:
    spec, _ = parse_map({"orderid": "id"})
    with pytest.raises(MappingError, match="orderId"):
        explain(spec, KINDS["order"], Functions(), {}, {})
