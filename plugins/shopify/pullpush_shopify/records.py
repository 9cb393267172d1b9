"""What the maps of `connector.yaml` compute from native records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import parse_instant

from .carts import FUNCTIONS as CART_FUNCTIONS
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


def line_discount(line: Mapping[str, Json]) -> Decimal | None:
    """What was taken off a line, its part of discounts on the whole order included; null where nobody says."""
    given = line.get("discountAllocations")
    return None if given is None else sum((_of_bag(each["allocatedAmountSet"]) for each in given), Decimal(0))


def line_total(line: Mapping[str, Json]) -> Decimal | None:
    """A line's price after its discounts; null where only a rounded price per piece tells of a discount."""
    full, discount = amount(line, "originalUnitPriceSet"), line_discount(line)
    left = amount(line, "discountedUnitPriceAfterAllDiscountsSet")
    if full is None or (discount is None and full != left):
        return None
    return full * int(line["quantity"]) - (discount or Decimal(0))


def line_tax(taxes: Sequence[Mapping[str, Json]] | None) -> Decimal:
    """The sum of a line's taxes, in the shop's currency."""
    found = (amount(tax, "priceSet") for tax in taxes or ())
    return sum((each for each in found if each is not None), Decimal(0))


def amount(record: Mapping[str, Json], field: str) -> Decimal | None:
    """A money bag's amount in the shop's currency."""
    bag = record.get(field)
    return None if bag is None else _of_bag(bag)


def _of_bag(bag: Mapping[str, Json]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


def level_time(level: Mapping[str, Json]) -> str:
    """When a level last changed: itself, or its item, which says whether it is counted and under which SKU."""
    own, item = level["updatedAt"], level["item"]["updatedAt"]
    return str(max(own, item, key=parse_instant))


def full_name(customer: Mapping[str, Json] | None) -> str | None:
    """First and last name of a customer; null where there is neither, and of a guest."""
    if customer is None:
        return None
    return " ".join(part for part in (customer.get("firstName"), customer.get("lastName")) if part) or None


def joined(texts: Sequence[str] | None) -> str | None:
    """Texts in one, null for none."""
    return ", ".join(texts or ()) or None


WEIGHT_UNITS = {"KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz"}
"""The platform's words for the units of weights that everybody writes."""


def weight_unit(weight: Mapping[str, Json] | None) -> str | None:
    """The unit of a weight, null where there is none."""
    return None if weight is None else WEIGHT_UNITS.get(weight["unit"], str(weight["unit"]).lower())


def _main_weight(variants: Variants) -> Mapping[str, Json] | None:
    item = main_variant(variants).get("inventoryItem") or {}
    weight: Mapping[str, Json] | None = (item.get("measurement") or {}).get("weight")
    return weight


def main_weight(variants: Variants) -> Json:
    """The weight of the variant that stands for the product."""
    weight = _main_weight(variants)
    return None if weight is None else weight["value"]


def main_weight_unit(variants: Variants) -> str | None:
    """The unit of that weight."""
    return weight_unit(_main_weight(variants))


FUNCTIONS: Mapping[str, Callable[..., Json]] = {
    **CART_FUNCTIONS,
    "chosen_options": chosen_options,
    "full_name": full_name,
    "joined": joined,
    "level_time": level_time,
    "line_discount": line_discount,
    "line_tax": line_tax,
    "line_total": line_total,
    "main_barcode": _of_main("barcode"),
    "main_compare_at_price": _of_main("compareAtPrice"),
    "main_price": _of_main("price"),
    "main_sku": _of_main("sku"),
    "main_weight": main_weight,
    "main_weight_unit": main_weight_unit,
    "number_of": number_of,
    "order_status": order_status,
    "product_options": product_options,
    "weight_unit": weight_unit,
}
"""By the name that maps use behind `shopify:`."""
