"""Random histories of a shop: what the merchant does while somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from pullpush_sdk.connector import Event
from pullpush_sdk.sandbox import ChangeError

from ._law import BrokenLawError, Effort
from ._subject import Shop

__all__ = ["Edit", "Known", "histories", "kinds_for", "known_records", "play", "try_histories"]

_KINDS: Mapping[str, Sequence[str]] = {
    "stocklevel": ("stock",),
    "product": ("product", "product_create", "product_delete"),
    "order": ("order_create", "order_status"),
    "contact": ("customer", "customer_create"),
    "invoice": ("invoice", "order_create"),
    "cart": ("cart", "cart_create"),
    "call": ("call", "call_create"),
}
"""Canonical type to the edits, of its merchant or by its shoppers, that change records of it."""
_BOUGHT = frozenset({"order", "invoice", "cart"})
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
    """The edits that this shop's sandbox can play for a type at any time.

    What makes records move to earlier pages is not among them: no reader that counts pages can help what it misses.
    """
    return [kind for kind in shop.edits(*_KINDS.get(canonical_type, ())) if kind not in shop.sandbox.control.shifting]


@attrs.frozen(kw_only=True)
class Known:
    """The records of a shop that edits may name: their keys, and the SKUs that were sold before."""

    keys: Sequence[str]
    sold: Sequence[str]


async def known_records(shop: Shop, canonical_type: str) -> Known:
    """What edits of a type name records by, and SKUs that a shopper may buy: of what was bought, else of products."""
    events, _ = await shop.sweep(canonical_type)
    keys = _keys(shop, events)
    lines = [line for event in events for line in getattr(event.record, "line_items", None) or ()]
    sold = sorted({line.sku for line in lines if line.sku})
    if not sold and canonical_type in _BOUGHT and "product" in shop.subject.loaded.connector.reads:
        sold = _keys(shop, (await shop.sweep("product"))[0])
    return Known(keys=keys, sold=sold or keys)


def _keys(shop: Shop, events: Sequence[Event]) -> list[str]:
    return sorted({shop.subject.types[event.type].key(event.record) for event in events})


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
        case "invoice":
            shop.edit("invoice", invoice=key, status=("paid", "void")[(value or 0) % 2])
        case "cart":
            shop.edit("cart", cart=key, quantity=2 + (value or 0) + made)
        case "call":
            shop.edit("call", call=key, duration=1 + (value or 0) + made)
        case "call_create":
            shop.edit("call_create", number=f"+49301234{made:03}", duration=1 + (value or 0))
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
        except BrokenLawError as error:
            raise BrokenLawError(error.seen, steps=[repr(edit) for edit in history]) from None

    tried()
