"""Products, variants, quantity rows and branches as the platform writes them."""

from __future__ import annotations

from typing import Any

from pullpush_salla.sandbox.money import CURRENCY, TAX_PERCENT, money, number, share, text
from pullpush_salla.sandbox.records import Branch, Option, Product, Stock, Variant
from pullpush_salla.sandbox.store import Audit, Row, Store
from pullpush_salla.sandbox.wire import date_object, in_store_zone, plain_date
from pullpush_salla.sandbox.words import pick

__all__ = [
    "audit_row",
    "branch",
    "light_product",
    "option",
    "price_event",
    "product",
    "product_status_event",
    "quantity_row",
    "variant",
    "variant_label",
]

_PICTURE = "https://cdn.example.com/picture.png"


def _quantity(store: Store, record: Product) -> int | str | None:
    quantity = store.quantity(record.stock, None)
    return str(quantity) if record.quantity_as_text and quantity is not None else quantity


def _sale_price(record: Product) -> Any:
    """Three forms of "no sale price" occur; which one a product shows depends on its number."""
    if record.sale_price is not None:
        return money(record.sale_price)
    return (money(0), {}, None)[record.number % 3]


def _is_available(store: Store, record: Product) -> bool:
    stocks = [v.stock for v in record.variants] or [record.stock]
    return record.status == "sale" and any(s.unlimited or store.quantity(s, None) != 0 for s in stocks)


def product(store: Store, record: Product, lang: str) -> dict[str, Any]:
    """The full form: list, detail, writes and product events."""
    tax = share(record.price, TAX_PERCENT)
    url = f"https://store.example.com/p{record.id}"
    return {
        "id": record.id,
        "promotion": {"title": None, "sub_title": None},
        "sku": record.sku,
        "thumbnail": _PICTURE if record.images else None,
        "mpn": record.mpn,
        "gtin": record.gtin,
        "type": record.type,
        "name": pick(record.name, lang),
        "short_link_code": f"p{record.number}",
        "urls": {"customer": url, "admin": f"https://s.example.com/products/{record.id}"},
        "price": money(record.price),
        "taxed_price": money(record.price + tax),
        "pre_tax_price": money(record.price),
        "tax": money(tax),
        "description": pick(record.description, lang),
        "quantity": _quantity(store, record),
        "status": record.status,
        "is_available": _is_available(store, record),
        "views": 0,
        "sale_price": _sale_price(record),
        "sale_end": None,
        "require_shipping": record.type == "product",
        "cost_price": None if record.cost is None else text(record.cost),
        "weight": float(record.weight),
        "weight_type": "kg",
        "with_tax": True,
        "url": url,
        "main_image": _PICTURE if record.images else None,
        "images": [{"id": record.id + i, "url": _PICTURE, "main": i == 0} for i in range(record.images)],
        "sold_quantity": record.sold,
        "rating": {"total": 0, "count": 0, "rate": 0},
        "regular_price": money(record.regular_price),
        "max_items_per_user": 0,
        "maximum_quantity_per_order": None,
        "show_in_app": True,
        "notify_quantity": record.notify_quantity,
        "hide_quantity": False,
        "unlimited_quantity": record.stock.unlimited,
        "managed_by_branches": record.managed_by_branches,
        "services_blocks": {"installments": []},
        "calories": None,
        "customized_sku_quantity": False,
        "channels": ["web", "app"],
        "starting_price": None,
        "metadata": {"title": None, "description": None},
        "allow_attachments": False,
        "is_pinned": False,
        "pinned_date": None,
        "sort": 0,
        "enable_upload_image": False,
        "updated_at": plain_date(record.updated_at, store.switches.product_time_zone),
        "options": [option(store, record, one, lang) for one in record.options],
        "skus": [variant(store, record, one) for one in record.variants],
        "categories": [{"id": id_, "name": f"Category {id_}"} for id_ in record.categories],
        "brand": None,
        "tags": [],
    }


def light_product(store: Store, record: Product, lang: str) -> dict[str, Any]:
    """`format=light`: ids and quantity as text, no variants, no unlimited flag."""
    quantity = store.quantity(record.stock, None)
    return {
        "id": str(record.id),
        "type": record.type,
        "name": pick(record.name, lang),
        "description": pick(record.description, lang),
        "quantity": None if quantity is None else str(quantity),
        "mpn": record.mpn,
        "gtin": record.gtin,
        "calories": 0,
        "weight": float(record.weight),
        "status": record.status,
        "sku": record.sku,
        "prices": {
            "price": money(record.price),
            "sale_price": money(record.sale_price or 0),
            "regular_price": money(record.regular_price),
            "starting_price": money(0),
        },
        "currency": CURRENCY,
        "branches": [{"id": str(id_)} for id_ in store.branches],
        "max_quantity": 100,
        "features": {
            "taxable": True,
            "has_options": bool(record.options),
            "has_special_price": record.sale_price is not None,
            "can_upload_file": False,
            "require_shipping": record.type == "product",
            "can_add_note": True,
            "hide_quantity": False,
            "is_donation": False,
        },
        "sale_end": None,
    }


def option(store: Store, record: Product, one: Option, lang: str) -> dict[str, Any]:
    """An option of a product with its values."""
    return {
        "id": one.id,
        "name": pick(one.name, lang),
        "description": None,
        "type": "radio",
        "required": True,
        "associated_with_order_time": 0,
        "sort": None,
        "display_type": "text",
        "visibility": "always",
        "visibility_condition_type": "=",
        "visibility_condition_option": None,
        "visibility_condition_value": None,
        "values": [
            {
                "id": value.id,
                "name": pick(value.name, lang),
                "price": money(value.extra_price),
                "formatted_price": f"{text(value.extra_price)} {CURRENCY}",
                "display_value": pick(value.name, lang),
                "advance": True,
                "option_id": one.id,
                "image_url": "",
                "hashed_display_value": "",
                "translations": {"ar": {"option_details_name": value.name[0]}},
                "is_default": False,
                "is_out_of_stock": all(
                    not v.stock.unlimited and store.quantity(v.stock, None) == 0
                    for v in record.variants
                    if value.id in v.values
                ),
            }
            for value in one.values
        ],
        "skus": [variant(store, record, v) for v in record.variants],
    }


def variant(store: Store, record: Product, one: Variant) -> dict[str, Any]:
    """A variant. With branch management `stock_quantity` is not maintained: it shows 0."""
    price = record.price if one.price is None else one.price
    stock = 0 if record.managed_by_branches else store.quantity(one.stock, None)
    related = [o.id for o in record.options if any(value.id in one.values for value in o.values)]
    return {
        "id": one.id,
        "price": money(price if one.sale_price is None else one.sale_price),
        "regular_price": money(price),
        "cost_price": money(one.cost or 0),
        "sale_price": money(one.sale_price) if one.sale_price is not None else {},
        "has_special_price": one.sale_price is not None,
        "stock_quantity": stock,
        "unlimited_quantity": one.stock.unlimited,
        "notify_low": record.notify_quantity,
        "barcode": one.barcode,
        "sku": one.sku,
        "mpn": one.mpn,
        "gtin": one.gtin,
        "updated_at": date_object(one.updated_at),
        "related_options": related,
        "related_option_values": list(one.values),
        "weight": float(record.weight),
        "weight_type": "kg",
        "weight_label": f"{record.weight} kg",
        "is_user_subscribed_to_sku": False,
        "is_default": record.variants[0] is one,
    }


def variant_label(record: Product, one: Variant | None, lang: str) -> str | None:
    """The names of a variant's values, joined; None for a product without options."""
    if one is None:
        return None
    values = [value for o in record.options for value in o.values if value.id in one.values]
    return " - ".join(pick(value.name, lang) for value in values)


def quantity_row(store: Store, row: Row, branch_id: int | None, lang: str) -> dict[str, Any]:
    """A row of the quantities list: no branch and no date in it; price is text for variants."""
    record, one = row
    stock: Stock = one.stock if one else record.stock
    price = record.price if one is None or one.price is None else one.price
    return {
        "id": record.id,
        "name": pick(record.name, lang),
        "image": _PICTURE,
        "sku_id": one.id if one else None,
        "sku": one.sku if one else record.sku,
        "quantity": store.quantity(stock, branch_id),
        "sold_quantity": record.sold,
        "price": text(price) if one else number(price),
        "unlimited_quantity": stock.unlimited,
        "variant": variant_label(record, one, lang),
    }


def audit_row(entry: Audit, lang: str) -> dict[str, Any]:
    """A quantity change; its date has no time."""
    record, one = entry.row
    return {
        "id": record.id,
        "name": pick(record.name, lang),
        "image": _PICTURE,
        "sku": one.sku if one else record.sku,
        "created_at": in_store_zone(entry.at).strftime("%Y-%m-%d"),
        "old_quantity": entry.old,
        "new_quantity": entry.new,
        "variant": variant_label(record, one, lang) or "",
        "unlimited_quantity": (one.stock if one else record.stock).unlimited,
        "reason": entry.reason,
        "user": {"id": 525_144_736, "type": "user", "first_name": "Merchant"},
    }


def branch(record: Branch, lang: str) -> dict[str, Any]:
    """A branch."""
    return {
        "id": record.id,
        "name": pick(record.name, lang),
        "status": "active" if record.active else "inactive",
        "location": {"lat": "24.7136", "lng": "46.6753"},
        "street": "King Road",
        "address_description": "King Road 1",
        "additional_number": "1234",
        "building_number": "5678",
        "local": "Centre",
        "postal_code": "12345",
        "contacts": {"phone": "+966500000000", "whatsapp": "+966500000000", "telephone": "+966110000000"},
        "preparation_time": "01:00",
        "is_open": True,
        "closest_time": None,
        "working_hours": [{"name": "sunday", "times": [{"from": "09:00", "to": "21:00"}]}],
        "is_cod_available": True,
        "is_default": record.is_default,
        "type": "branch",
        "cod_cost": "12.00",
        "country": {
            "id": 1_473_353_380,
            "name": "السعودية",
            "name_en": "Saudi Arabia",
            "code": "SA",
            "mobile_code": "+966",
        },
        "city": {"id": 1_473_353_381, "name": "الرياض", "name_en": "Riyadh", "country_id": 1_473_353_380},
    }


def price_event(record: Product) -> dict[str, Any]:
    """`product.price.updated`: flat numbers, the currency beside them."""
    tax = share(record.price, TAX_PERCENT)
    sale = None if record.sale_price is None else {"amount": number(record.sale_price), "expired_at": None}
    return {
        "id": record.id,
        "sku": record.sku,
        "mpn": record.mpn,
        "gtin": record.gtin,
        "cost": None if record.cost is None else number(record.cost),
        "starting_price": None,
        "price": number(record.price),
        "sale_price": sale,
        "tax": number(tax),
        "taxed_price": number(record.price + tax),
        "regular_price": number(record.regular_price),
        "currency": CURRENCY,
        "with_tax": True,
    }


def product_status_event(record: Product) -> dict[str, Any]:
    """`product.status.updated`: ids, SKU, status."""
    shown = {"id": record.id, "sku": record.sku, "mpn": record.mpn, "gtin": record.gtin}
    return {**shown, "status": record.status}
