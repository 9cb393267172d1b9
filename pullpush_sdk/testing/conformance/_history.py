"""Random histories of a shop: what the merchant does while somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from pullpush_sdk.connector import Event, Page
from pullpush_sdk.sandbox import ChangeError

from ._law import BrokenLawError, Effort, NotProvenError, not_proven, raised
from ._subject import Shop

__all__ = [
    "KINDS",
    "Edit",
    "Known",
    "creation_of",
    "grown",
    "histories",
    "kinds_for",
    "known_records",
    "play",
    "try_histories",
]

KINDS: Mapping[str, Sequence[str]] = {
    "stocklevel": ("stock",),
    "product": ("product", "product_create", "product_delete"),
    "order": ("order_create", "order_status"),
    "contact": ("customer", "customer_create"),
    "invoice": ("invoice", "invoice_create", "order_create"),
    "cart": ("cart", "cart_create"),
    "call": ("call", "call_create"),
}
"""Canonical type to the edits, of its merchant or by its shoppers, that change records of it."""
_CREATIONS: Mapping[str, str] = {
    "product": "product_create",
    "order": "order_create",
    "contact": "customer_create",
    "invoice": "invoice_create",
    "cart": "cart_create",
    "call": "call_create",
}
"""Canonical type to the edit that makes a record of it, of which the answer is the record's `key`."""
_PAGEFUL, _MOST = 130, 4
"""Records that are made at once, and how often, where a shop has a single page of a type."""
_BOUGHT = frozenset({"invoice", "cart"})
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
        when = f"after page {self.after_page}" if self.after_page else "before the first page"
        waited = f", {self.wait:g} s later" if self.wait else ""
        if self.kind == "stock":
            value = " set to no value (null)" if self.value is None else f" set to {self.value}"
        else:
            value = "" if self.value is None else f" with {self.value}"
        return f"{when}{waited}: {self.kind} of record {self.which}{value}"


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
    return [kind for kind in shop.edits(*KINDS.get(canonical_type, ())) if kind not in shop.sandbox.control.shifting]


@attrs.frozen(kw_only=True)
class Known:
    """The records of a shop that edits may name: their keys, and the SKUs that were sold before."""

    keys: Sequence[str]
    sold: Sequence[str]


async def known_records(shop: Shop, canonical_type: str) -> Known:
    """What edits of a type name records by, and SKUs that a shopper may buy: any product's, or what was bought."""
    events, _ = await shop.sweep(canonical_type)
    keys = _keys(shop, events)
    if canonical_type in _BOUGHT and "product" in shop.subject.loaded.connector.reads:
        return Known(keys=keys, sold=_keys(shop, (await shop.sweep("product"))[0]))
    lines = [line for event in events for line in getattr(event.record, "line_items", None) or ()]
    return Known(keys=keys, sold=sorted({line.sku for line in lines if line.sku}) or keys)


def _keys(shop: Shop, events: Sequence[Event]) -> list[str]:
    return sorted({shop.subject.types[event.type].key(event.record) for event in events})


def creation_of(shop: Shop, canonical_type: str) -> str:
    """The edit by which records of a type come to be in this shop, empty where it plays none."""
    kind = _CREATIONS.get(canonical_type, "")
    return kind if shop.edits(kind) else ""


async def grown(shop: Shop, canonical_type: str) -> list[Page]:
    """A sweep of several pages: of a type of which the shop has a single page more are made, as its people would.

    Raises:
        NotProvenError: the shop still has a single page.
    """
    pages = [page async for page in shop.pages(canonical_type)]
    kind = creation_of(shop, canonical_type) if len(pages) < 2 else ""
    known = await known_records(shop, canonical_type) if kind else None
    for turn in range(_MOST if known is not None else 0):
        assert known is not None
        for number in range(_PAGEFUL):
            with suppress(ChangeError):
                play(shop, Edit(after_page=0, kind=kind, which=number, value=number), known, turn * _PAGEFUL + number)
        shop.clock.advance(shop.subject.loaded.connector.index_lag.get(canonical_type, 0.0) + 1)
        pages = [page async for page in shop.pages(canonical_type)]
        if len(pages) > 1:
            return pages
    if len(pages) < 2:
        not_proven(
            f"the sandbox has a single page of this type: seed more, or let it play `{_CREATIONS[canonical_type]}`"
            if canonical_type in _CREATIONS
            else "the sandbox has a single page of this type: seed more"
        )
    return pages


def play(shop: Shop, edit: Edit, known: Known, made: int) -> str:
    """Carry an edit out on one of the `known` records; `made` numbers what is created. The key of what changed."""
    return str(_played(shop, edit, known, made).get("key", ""))


def _played(shop: Shop, edit: Edit, known: Known, made: int) -> Mapping[str, Any]:
    key = known.keys[edit.which % len(known.keys)] if known.keys else ""
    value = edit.value
    match edit.kind:
        case "stock":
            return shop.edit("stock", sku=key, quantity=value)
        case "product":
            try:
                return shop.edit("product", sku=key, **_new_words(value, made))
            except ChangeError:
                # A sandbox that cannot set prices: the title is what every one can.
                return shop.edit("product", sku=key, title=f"Edited {value} {made}")
        case "product_create":
            return shop.edit("product_create", sku=f"NEW-{made}", title=f"New {made}", price=10)
        case "product_delete":
            return shop.edit("product_delete", sku=key)
        case "order_create" | "cart_create" | "invoice_create":
            if known.sold:
                sku = known.sold[edit.which % len(known.sold)]
                return shop.edit(edit.kind, items=[{"sku": sku, "quantity": 1}], email="shopper@example.com")
        case "order_status":
            return shop.edit("order_status", order=key, status=_STATUSES[(value or 0) % len(_STATUSES)])
        case "invoice":
            return shop.edit("invoice", invoice=key, status=("paid", "void")[(value or 0) % 2])
        case "cart":
            return shop.edit("cart", cart=key, quantity=2 + (value or 0) + made)
        case "call":
            return shop.edit("call", call=key, duration=1 + (value or 0) + made)
        case "call_create":
            return shop.edit("call_create", number=f"+49301234{made:03}", duration=1 + (value or 0))
        case "customer":
            return shop.edit("customer", email=key, name=f"Edited {value} {made}")
        case "customer_create":
            return shop.edit("customer_create", email=f"new-{made}@example.com", name=f"New {made}")
    return {}


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
