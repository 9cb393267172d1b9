"""Canonical products as the platform's inputs. Pure: a payload and what is there, in; what to send, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_sdk.errors import RejectedError

from .mark import UNKNOWN, mark
from .records import DEFAULT_TITLE, WEIGHT_UNITS, chosen_options
from .status import PRODUCT_STATUS

Json = Any
Payload = Mapping[str, Json]

_MOST_OPTIONS = 3
_TEXTS = {"title": "title", "description": "descriptionHtml", "vendor": "vendor", "productType": "productType"}
_AMOUNTS = ("price", "compareAtPrice")
_UNITS = {unit: native for native, unit in WEIGHT_UNITS.items()}


def creation_of(payload: Payload) -> dict[str, Json]:
    """The input of `productSet` for a product that is not there: every variant, not counted until its stock is known.

    Raises:
        RejectedError: it has no title, or more than three options.
    """
    if not payload.get("title"):
        raise RejectedError("a product without a title cannot be created", hint="map the title")
    variants = payload.get("variants") or [_only_variant(payload)]
    options = _option_values(variants)
    names = list(options[0])
    if len(names) > _MOST_OPTIONS:
        raise RejectedError(f"{len(names)} options ({', '.join(names)}); Shopify takes {_MOST_OPTIONS}")
    return {
        **_texts(payload),
        "productOptions": [
            {"name": name, "values": [{"name": value} for value in dict.fromkeys(each[name] for each in options)]}
            for name in names
        ],
        "variants": [_new_variant(each, chosen) for each, chosen in zip(variants, options, strict=True)],
    }


def _only_variant(payload: Payload) -> dict[str, Json]:
    """A product without variants is its own: SKU and prices are the product's."""
    names = ("sku", "barcode", "weight", "weightUnit", *_AMOUNTS)
    return {name: payload[name] for name in names if payload.get(name) is not None}


def _option_values(variants: Sequence[Payload]) -> list[dict[str, str]]:
    """Each variant's option values: its own where they tell the variants apart, else its title or SKU."""
    own = [dict(each.get("options") or {}) for each in variants]
    if len(variants) == 1 and not own[0]:
        return [{"Title": DEFAULT_TITLE}]
    names = {tuple(each) for each in own}
    distinct = {tuple(each.values()) for each in own}
    if len(names) == 1 and own[0] and len(distinct) == len(variants):
        return own
    titles = [each.get("title") or "" for each in variants]
    if "" in titles or len(set(titles)) < len(titles):
        titles = [each.get("sku") or f"Variant {number}" for number, each in enumerate(variants, 1)]
    return [{"Variant": title} for title in titles]


def _new_variant(variant: Payload, chosen: Mapping[str, str]) -> dict[str, Json]:
    return {
        "optionValues": [{"optionName": name, "name": value} for name, value in chosen.items()],
        **{name: variant[name] for name in ("sku", "barcode", *_AMOUNTS) if variant.get(name) is not None},
        "inventoryItem": {"tracked": False, **_measured(variant)},
        "metafields": [mark(UNKNOWN)],
    }


def _measured(variant: Payload) -> dict[str, Json]:
    """A weight as the platform takes it, nothing where there is none or its unit is not one of the platform's."""
    unit = _UNITS.get((variant.get("weightUnit") or "").strip().lower())
    if variant.get("weight") is None or unit is None:
        return {}
    return {"measurement": {"weight": {"value": float(variant["weight"]), "unit": unit}}}


def _texts(payload: Payload) -> dict[str, Json]:
    """What a payload says of the product itself, in the platform's words; absent stays absent, null is cleared."""
    found: dict[str, Json] = {native: payload[name] or "" for name, native in _TEXTS.items() if name in payload}
    if not found.get("title", "given"):
        del found["title"]  # a product cannot be without one
    if "tags" in payload:
        found["tags"] = list(payload["tags"] or ())
    status = PRODUCT_STATUS.get(payload.get("status") or "")
    if status is not None:
        found["status"] = status
    return found


def changes_of(payload: Payload, product: Payload) -> dict[str, Json]:
    """What `productUpdate` must write: the fields that are present and differ."""
    wanted = _texts(payload)
    changed = {name: value for name, value in wanted.items() if name != "tags" and value != (product[name] or "")}
    if "tags" in wanted and set(wanted["tags"]) != set(product["tags"]):
        changed["tags"] = wanted["tags"]
    return changed


def variant_changes(payload: Payload, product: Payload) -> tuple[list[dict[str, Json]], list[str]]:
    """What `productVariantsBulkUpdate` must write, and the names of the payload's variants that are not there.

    A product without variants in the payload speaks of the variant that has its SKU.
    """
    natives: list[Payload] = product["variants"]["nodes"]
    given: Sequence[Payload] = payload.get("variants") or [{**_spoken(payload), "sku": payload["sku"]}]
    changes = []
    for variant in given:
        native = _counterpart(variant, natives)
        if native is not None and (change := _variant_change(variant, native)):
            changes.append({"id": native["id"], **change})
    return changes, [_name(variant) for variant in missing_variants(payload, product)]


def missing_variants(payload: Payload, product: Payload) -> list[Payload]:
    """The payload's variants that the product does not have."""
    natives = product["variants"]["nodes"]
    return [each for each in payload.get("variants") or () if _counterpart(each, natives) is None]


def _name(variant: Payload) -> str:
    return str(variant.get("sku") or variant.get("title") or "one without SKU")


def variant_additions(missing: Sequence[Payload], product: Payload) -> tuple[list[dict[str, Json]], list[str]]:
    """What `productVariantsBulkCreate` must write, and the names of those that do not fit the product's options.

    A new variant must have a value for each option that the product has, and no other variant the same.
    """
    natives = [chosen_options(each["selectedOptions"]) or {} for each in product["variants"]["nodes"]]
    names, taken = set(natives[0]), [*natives]
    additions, left = [], []
    for variant in missing:
        options = dict(variant.get("options") or {})
        if names and set(options) == names and options not in taken and variant.get("sku"):
            taken.append(options)
            body = _new_variant(variant, {name: options[name] for name in natives[0]})
            # Here the SKU belongs to the item, unlike in `productSet`.
            sku = body.pop("sku")
            additions.append({**body, "inventoryItem": {**body["inventoryItem"], "sku": sku}})
        else:
            left.append(_name(variant))
    return additions, left


def _spoken(payload: Payload) -> dict[str, Json]:
    return {name: payload[name] for name in ("barcode", "weight", "weightUnit", *_AMOUNTS) if name in payload}


def _counterpart(variant: Payload, natives: Sequence[Payload]) -> Payload | None:
    """The native variant of the same SKU; where the payload's has none, the one with the same options."""
    if variant.get("sku"):
        found = [native for native in natives if native["sku"] == variant["sku"]]
    else:
        options = variant.get("options") or None
        found = [native for native in natives if chosen_options(native["selectedOptions"]) == options]
    return found[0] if len(found) == 1 else None


def _variant_change(variant: Payload, native: Payload) -> dict[str, Json]:
    """The fields that differ; amounts are compared as numbers ("5.5" is "5.50"), a price is never cleared."""
    change: dict[str, Json] = {}
    for name in _AMOUNTS:
        if name not in variant or (name == "price" and variant[name] is None):
            continue
        if _number(variant[name]) != _number(native[name]):
            change[name] = variant[name]
    if "barcode" in variant and (variant["barcode"] or "") != (native["barcode"] or ""):
        change["barcode"] = variant["barcode"]
    measured = _measured(variant)
    if measured and measured["measurement"] != _held(native):
        change["inventoryItem"] = measured
    return change


def _held(native: Payload) -> dict[str, Json] | None:
    """The measurement of a variant that is there."""
    weight = ((native.get("inventoryItem") or {}).get("measurement") or {}).get("weight")
    return None if weight is None else {"weight": {"value": float(weight["value"]), "unit": weight["unit"]}}


def _number(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
