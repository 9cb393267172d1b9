"""What the maps of `connector.yaml` compute from native records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .status import order_status

Json = Any
Variants = Sequence[Mapping[str, Json]] | None

DEFAULT_TITLE = "Default Title"
"""Value of the one option that the platform gives to a product without options."""


def main_variant(variants: Variants) -> Mapping[str, Json]:
    """The variant that stands for the product: the first that has a SKU; empty where none has."""
    return next((each for each in variants or () if (each.get("sku") or "").strip()), {})


def _of_main(field: str) -> Callable[[Variants], Json]:
    def read(variants: Variants) -> Json:
        return main_variant(variants).get(field)

    return read


def chosen_options(selected: Sequence[Mapping[str, str]] | None) -> dict[str, str] | None:
    """Option name to the variant's value; null for a product without options."""
    chosen = {each["name"]: each["value"] for each in selected or () if each["value"] != DEFAULT_TITLE}
    return chosen or None


def product_options(variants: Variants) -> list[dict[str, Json]] | None:
    """The options with the values that variants have, in the order of the variants; null without options."""
    found: dict[str, dict[str, None]] = {}
    for variant in variants or ():
        for name, value in (chosen_options(variant.get("selectedOptions")) or {}).items():
            found.setdefault(name, {})[value] = None
    return [{"name": name, "values": list(values)} for name, values in found.items()] or None


def number_of(gid: str | None) -> str | None:
    """The number at the end of a global id: gid://shopify/LineItem/42 -> 42."""
    return None if gid is None else gid.rpartition("/")[2].partition("?")[0]


def line_total(line: Mapping[str, Json]) -> Decimal | None:
    """A line's price after its discounts; null where only a rounded price per piece tells of a discount."""
    full, left = amount(line, "originalUnitPriceSet"), amount(line, "discountedUnitPriceAfterAllDiscountsSet")
    return full * line["quantity"] if full is not None and full == left else None


def line_tax(taxes: Sequence[Mapping[str, Json]] | None) -> Decimal:
    """The sum of a line's taxes, in the shop's currency."""
    found = (amount(tax, "priceSet") for tax in taxes or ())
    return sum((each for each in found if each is not None), Decimal(0))


def amount(record: Mapping[str, Json], field: str) -> Decimal | None:
    """A money bag's amount in the shop's currency."""
    bag = record.get(field)
    return None if bag is None else Decimal(bag["shopMoney"]["amount"])


FUNCTIONS: Mapping[str, Callable[..., Json]] = {
    "chosen_options": chosen_options,
    "line_tax": line_tax,
    "line_total": line_total,
    "main_barcode": _of_main("barcode"),
    "main_compare_at_price": _of_main("compareAtPrice"),
    "main_price": _of_main("price"),
    "main_sku": _of_main("sku"),
    "number_of": number_of,
    "order_status": order_status,
    "product_options": product_options,
}
"""By the name that maps use behind `shopify:`."""
