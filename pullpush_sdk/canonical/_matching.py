"""What a flow may tell records apart by, where that is not the type's own key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pullpush_sdk.errors import FieldError

from ._fields import fields_of
from ._types import CanonicalType

MATCHES: Mapping[str, tuple[str, ...]] = {
    "contact": ("email", "phone", "contactId"),
    "order": ("orderId", "orderNumber"),
    "product": ("sku", "barcode"),
}
"""Per type the wire fields; the first is what every destination finds a record by."""

_NOT_DIALLED = re.compile(r"[^0-9+]")


def match_key(kind: CanonicalType, field: str) -> Callable[[Any], str]:
    """The key of a record by one of the fields in MATCHES: e-mail addresses in one case, phone numbers without their
    punctuation. It raises FieldError for a record whose field is blank or absent.
    """
    name = next(each.name for each in fields_of(kind.record) if each.wire == field)
    plain = {"email": str.casefold, "phone": _number}.get(field, str)

    def read(record: Any) -> str:
        value = getattr(record, name)
        text = plain(value.strip()) if isinstance(value, str) else ""
        if not text:
            raise FieldError(f"{field} is blank, and this flow tells {kind.name} records apart by it", target=name)
        return text

    return read


def _number(text: str) -> str:
    """Digits with their leading plus, for which 00 may stand."""
    digits = _NOT_DIALLED.sub("", text)
    return f"+{digits[2:]}" if digits.startswith("00") else digits
