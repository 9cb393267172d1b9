from __future__ import annotations

import pytest

from pullpush_sdk.canonical import MATCHES, CanonicalTypes, from_wire, match_key
from pullpush_sdk.errors import FieldError

TYPES = CanonicalTypes()


@pytest.mark.parametrize(
    ("kind", "field", "record", "key"),
    [
        ("contact", "email", {"email": " Ann@Example.com "}, "ann@example.com"),
        ("contact", "phone", {"email": "a@b.no", "phone": "(0047) 22 33-44"}, "+47223344"),
        ("contact", "phone", {"email": "a@b.no", "phone": "+47 22 33 44"}, "+47223344"),
        ("contact", "contactId", {"contactId": "C7"}, "C7"),
        ("product", "barcode", {"sku": "A", "barcode": " 4006381333931 "}, "4006381333931"),
        ("order", "orderNumber", {"orderId": "1", "orderNumber": "#1001"}, "#1001"),
    ],
)  # fmt: skip
def test_the_key_is_the_field_in_its_plainest_form(kind: str, field: str, record: dict[str, str], key: str) -> None:
    assert match_key(TYPES[kind], field)(from_wire(TYPES[kind], record)) == key


@pytest.mark.parametrize("record", [{"sku": "A"}, {"sku": "A", "barcode": None}, {"sku": "A", "barcode": "  "}])
def test_a_record_without_the_field_cannot_be_told_apart(record: dict[str, str]) -> None:
    with pytest.raises(FieldError, match="barcode is blank"):
        match_key(TYPES["product"], "barcode")(from_wire(TYPES["product"], record))


def test_every_field_in_the_table_is_one_of_its_type() -> None:
    for kind, fields in MATCHES.items():
        for field in fields:
            assert match_key(TYPES[kind], field)
