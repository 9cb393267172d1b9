"""Random histories of a shop: what the merchant does while somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from pullpush_sdk.sandbox import ChangeError

from ._law import BrokenLawError, Effort, NotProvenError, raised
from ._subject import Shop

__all__ = ["Edit", "Known", "histories", "kinds_for", "known_records", "play", "try_histories"]

_KINDS: Mapping[str, Sequence[str]] = {
    "stocklevel": ("stock",),
    "product": ("product", "product_create", "product_delete"),
    "order": ("order_create", "order_status"),
    "contact": ("customer", "customer_create"),
    "invoice": ("order_create",),
    "cart": ("cart_create",),
}
"""Canonical type to the merchant edits that change records of it."""
_STATUSES = ("processing", "completed", "cancelled")


@attrs.frozen(kw_only=True)
class Edit:
    """One thing that the merchant does: after how many pages, which kind, to which record, with which value.

    `wait` are the seconds that pass before it; mostly none, so that changes share an instant.
    """

    after_page: int
    kind: str
    which: int
    value: int | None
    wait: float = 0.0

    def __repr__(self) -> str:
        waited = f", {self.wait:g} s later" if self.wait else ""
        return f"after page {self.after_page}{waited}: {self.kind} of record {self.which} = {self.value}"


def histories(kinds: Sequence[str], *, pages: int = 6, longest: int = 8) -> st.SearchStrategy[list[Edit]]:
    """Lists of edits in the order in which they happen."""
    edit = st.builds(
        Edit,
        after_page=st.integers(0, pages),
        kind=st.sampled_from(list(kinds)),
        which=st.integers(0, 10_000),
        value=st.none() | st.integers(0, 500),
        wait=st.sampled_from((0.0, 0.0, 0.4, 1.0, 90.0)),
    )
    return st.lists(edit, min_size=1, max_size=longest).map(
        lambda edits: sorted(edits, key=lambda each: each.after_page)
    )


def kinds_for(shop: Shop, canonical_type: str) -> list[str]:
    """The edits that this shop's sandbox can play for a type."""
    return shop.edits(*_KINDS.get(canonical_type, ()))


@attrs.frozen(kw_only=True)
class Known:
    """The records of a shop that edits may name: their keys, and the SKUs that were sold before."""

    keys: Sequence[str]
    sold: Sequence[str]


async def known_records(shop: Shop, canonical_type: str) -> Known:
    """What merchant edits of a type name records by, and SKUs that a shopper may buy."""
    base = canonical_type if canonical_type in ("stocklevel", "product", "order", "contact") else "product"
    if base not in shop.subject.loaded.connector.reads:
        base = canonical_type
    events, _ = await shop.sweep(base)
    kind = shop.subject.types[base]
    keys = sorted({kind.key(event.record) for event in events})
    lines = [line for event in events for line in getattr(event.record, "line_items", None) or ()]
    return Known(keys=keys, sold=sorted({line.sku for line in lines if line.sku}) or keys)


def play(shop: Shop, edit: Edit, known: Known, made: int) -> None:
    """Carry an edit out on one of the `known` records; `made` numbers what is created."""
    key = known.keys[edit.which % len(known.keys)] if known.keys else ""
    value = edit.value
    match edit.kind:
        case "stock":
            shop.edit("stock", sku=key, quantity=value)
        case "product":
            try:
                shop.edit("product", sku=key, **_new_words(value, made))
            except ChangeError:
                # A sandbox that cannot set prices: the title is what every one can.
                shop.edit("product", sku=key, title=f"Edited {value} {made}")
        case "product_create":
            shop.edit("product_create", sku=f"NEW-{made}", title=f"New {made}", price=10)
        case "product_delete":
            shop.edit("product_delete", sku=key)
        case "order_create" | "cart_create":
            if known.sold:
                sku = known.sold[edit.which % len(known.sold)]
                shop.edit(edit.kind, items=[{"sku": sku, "quantity": 1}], email="shopper@example.com")
        case "order_status":
            shop.edit("order_status", order=key, status=_STATUSES[(value or 0) % len(_STATUSES)])
        case "customer":
            shop.edit("customer", email=key, name=f"Edited {value} {made}")
        case "customer_create":
            shop.edit("customer_create", email=f"new-{made}@example.com", name=f"New {made}")


def _new_words(value: int | None, made: int) -> dict[str, Any]:
    """What a merchant changes of a product: its title, its price, or its price and what it was before a sale."""
    price = f"{value or 0}.5"
    match (value or 0) % 3:
        case 1:
            return {"price": price}
        case 2:
            return {"price": price, "compare_at": f"{(value or 0) + made}.75"}
        case _:
            return {"title": f"Edited {value} {made}"}


def try_histories(effort: Effort, kinds: Sequence[str], check: Callable[[list[Edit]], Any]) -> None:
    """Try a law on random histories and shrink the one that breaks it; the error shows it."""

    @seeded(effort.seed)
    @settings(
        max_examples=effort.examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(history=histories(kinds))
    def tried(history: list[Edit]) -> None:
        try:
            check(history)
        except NotProvenError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a connector raises breaks the law
            seen = error.seen if isinstance(error, BrokenLawError) else raised(error)
            raise BrokenLawError(seen, steps=[repr(edit) for edit in history]) from error.__cause__

    tried()
