"""Times written as /Date(milliseconds)/."""

import pytest

from pullpush_sdk.canonical import CanonicalTypes, to_sparse
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, compile_map, parse_map

RULES = {"invoiceId": "id", "updatedAt": {"path": "at", "transform": "toDateTime", "format": "json_date"}}
MAP = compile_map(parse_map(RULES)[0], CanonicalTypes()["invoice"], Functions(), name="dated")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/Date(1769846400000)/", "2026-01-31T08:00:00Z"),
        ("/Date(1769846400000+1300)/", "2026-01-31T08:00:00Z"),
        ("/Date(-1000)/", "1969-12-31T23:59:59Z"),
        (" ", None),
    ],
)
def test_milliseconds_count_whatever_the_offset(text, expected):
    assert to_sparse(MAP.one({"id": "1", "at": text}, {}))["updatedAt"] == expected


@pytest.mark.parametrize("text", ["2026-01-31T08:00:00Z", "/Date(x)/", "/Date(99999999999999999)/"])
def test_anything_else_is_refused(text):
    with pytest.raises(FieldError):
        MAP.one({"id": "1", "at": text}, {})
