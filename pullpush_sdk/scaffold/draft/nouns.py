"""Words by which lists of canonical records are told from lists of other things."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["BEHIND", "BOUND", "FITTING", "HOLDERS", "LINES", "OF_SCHEMAS", "OTHER", "SIGNS", "VAGUE"]


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


BOUND = _of(
    """
    and at by for from in of on per to using with without
    """
)
"""What follows these words says more of the same thing."""
BEHIND = _of(
    """
    collection data detail full info information list page projection record result summary up
    """
)
"""Words behind a noun that do not change what it is."""
OF_SCHEMAS = _of(
    """
    api base basic dto entity extended interface listing minimal model object out output paged paginated public read
    resource response schema serializer simple type v1 v2 v3 v4 view
    """
)
"""Words behind or before a noun that schemas have too."""
FITTING = _of(
    """
    abandoned account active admin all batch catalog client commerce company complete contact crm current customer e
    ecommerce guest inventory item marketplace my online open person phone processed product recent retail sale
    seller shop shopping simple stock store stored user v voice warehouse web
    """
)
"""Words before a noun that leave it what it is."""
OTHER = _of(
    """
    archived balance bank card channel credit dashboard deleted draft earnings featured leave line linked low
    opening overdue pay payment payout pick printer purchase recommended recurring refund related repeating
    replenishment return scheduled service shipping sort standing sub subscription template top transfer trial work
    """
)
"""Words before a noun that make something else of it, or a part of all there are."""
LINES = _of(
    """
    basket bill binrack box bundle cart checkout delivery estimate fulfillment fulfilment invoice menu order package
    pay picklist quote receipt refund return revenue rma shipment subscription transaction transfer wishlist
    """
)
"""What has lines: `items` and `products` behind these words are no catalogue."""
HOLDERS = _of("attributes properties fields node")
"""Objects that hold a record's own fields."""
VAGUE: Mapping[str, frozenset[str]] = {
    "product": _of("article catalog catalogue good item listing offer variant"),
    "contact": _of("account company guest people person user"),
    "order": _of("booking purchase sale"),
    "call": _of("conversation"),
    "cart": _of("bag checkout quote"),
    "invoice": _of("bill credit_note creditmemo receipt"),
    "stocklevel": _of("availability balance on_hand quantity stock"),
}
"""Nouns that name other things as often: their records must show more."""


@attrs.frozen
class Signs:
    """What records of a type show: one of `any`, and of `more` too where their noun is vague."""

    any: frozenset[str]
    more: frozenset[str]


SIGNS: Mapping[str, Signs] = {
    "product": Signs(
        _of("barcode brand code ean gtin name price sku title upc variants"),
        _of("asin barcode brand cost ean gtin manufacturer mpn price prices sku sold stock upc variants"),
    ),
    "stocklevel": Signs(
        _of("allocated available free hand level qty quantity reserved salable sellable stock units"),
        _of("article asin barcode ean gtin item material part product sku upc variant"),
    ),
    "order": Signs(
        _of(
            """
            amount buyer currency customer items line lines number payment price products purchase shipping total
            """
        ),
        _of("amount items lines price total"),
    ),
    "contact": Signs(
        _of(
            """
            company email emails first firstname last lastname mail mobile name phone phones surname telephone
            username
            """
        ),
        _of("email emails first firstname lastname mail mobile phone phones surname telephone"),
    ),
    "call": Signs(
        _of("answered callee caller direction duration from phone recording start started to"),
        _of("callee caller direction duration"),
    ),
    "invoice": Signs(
        _of("amount balance due number subtotal total"),
        _of("amount due total"),
    ),
    "cart": Signs(
        _of("abandoned amount checkout currency items line lines products subtotal token total"),
        _of("abandoned basket cart items lines"),
    ),
}
