"""What the runtime knows of a canonical type beside its fields: key, identity, version and how it is delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.errors import FieldError, PluginError

from ._records import Call, Cart, Contact, Invoice, Order, Product, StockLevel
from ._values import UNSET

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


@attrs.frozen(kw_only=True)
class CanonicalType:
    """One canonical type.

    `key` gives what deliveries are ordered by, `identity` what the gate and coalescing compare; both take a
    record. `state` types coalesce: only the newest state of an identity matters. `no_data` says that a record
    carries nothing to write. `identified_by` names the wire fields of which one must be there, for a type that has no
    required field. `key_is_given` says that people give the key, as they give a SKU: two records of a platform may
    carry the same, and one may pass it on to another. `upgrades[n]` turns a wire payload of version n into one of
    version n + 1.
    """

    name: str
    version: int = 1
    record: type[Any]
    key: Callable[[Any], str]
    identity: Callable[[Any], str]
    state: bool = False
    deletable: bool = True
    key_is_given: bool = False
    no_data: Callable[[Any], bool] = lambda _record: False
    identified_by: Sequence[str] = ()
    upgrades: Mapping[int, Upgrade] = attrs.field(factory=dict)

    def updated_at(self, record: Any) -> datetime | None:
        """The platform's own time of the record, None where it gave none."""
        value = getattr(record, "updated_at", None)
        return None if value is UNSET else value


def join_identity(*parts: str) -> str:
    r"""Parts as one text that no other parts give: `|` and `\` inside a part are escaped."""
    plain = "|".join(parts)
    if "\\" not in plain and plain.count("|") == len(parts) - 1:
        return plain
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def _required(name: str) -> Callable[[Any], str]:
    def read(record: Any) -> str:
        value: str = getattr(record, name)
        if not value.strip():
            raise FieldError(f"{name} is blank", target=name, hint="a record needs an identity to be delivered")
        return value

    return read


def _stock_identity(level: StockLevel) -> str:
    return join_identity(_sku(level), level.location_id or "")


def _contact_key(contact: Contact) -> str:
    if isinstance(contact.email, str) and contact.email.strip():
        return contact.email.strip().casefold()
    if isinstance(contact.contact_id, str) and contact.contact_id.strip():
        return f"id:{contact.contact_id}"
    raise FieldError("a contact has neither email nor contact_id", target="email", hint="map one of the two")


_sku = _required("sku")

STOCKLEVEL = CanonicalType(
    name="stocklevel",
    record=StockLevel,
    key=_sku,
    identity=_stock_identity,
    state=True,
    deletable=False,
    key_is_given=True,
    no_data=lambda level: level.quantity is None or level.quantity is UNSET,
)


def _plain(name: str, record: type[Any], read: Callable[[Any], str]) -> CanonicalType:
    return CanonicalType(name=name, record=record, key=read, identity=read)


BUILT_IN: tuple[CanonicalType, ...] = (
    STOCKLEVEL,
    _plain("order", Order, _required("order_id")),
    CanonicalType(name="product", record=Product, key=_sku, identity=_sku, key_is_given=True),
    CanonicalType(
        name="contact",
        record=Contact,
        key=_contact_key,
        identity=_contact_key,
        identified_by=("email", "contactId"),
    ),
    _plain("call", Call, _required("call_id")),
    _plain("invoice", Invoice, _required("invoice_id")),
    _plain("cart", Cart, _required("cart_id")),
)


class CanonicalTypes(Mapping[str, CanonicalType]):
    """The types known to one runtime: the built-in seven and what extensions registered; immutable."""

    def __init__(self, types: Iterable[CanonicalType] = BUILT_IN) -> None:
        self._types: dict[str, CanonicalType] = {}
        for each in types:
            if each.name in self._types:
                raise PluginError(f"canonical type {each.name!r} is registered twice", hint="rename one of them")
            self._types[each.name] = each

    def __getitem__(self, name: str) -> CanonicalType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def extended(self, more: Iterable[CanonicalType]) -> CanonicalTypes:
        """These types and `more`; a name that is taken is a PluginError."""
        return CanonicalTypes((*self._types.values(), *more))
