"""Webhook bodies: the REST form of records, amounts with all minor digits, times in the shop's own zone.

The keys are those of the vendor's samples of 2026-07; what the sandbox does not keep is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pullpush_shopify.sandbox._model import (
    Address,
    BulkJob,
    Checkout,
    Customer,
    Item,
    Level,
    Order,
    OrderLine,
    Product,
    TaxLine,
    Variant,
)
from pullpush_shopify.sandbox._money import Bag, fixed_text
from pullpush_shopify.sandbox._store import Store

__all__ = ["COMPLIANCE", "PAYLOADS", "make_body"]

_FULFILLMENT = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}

Body = dict[str, Any]


def make_body(topic: str, record: Any, store: Store) -> Body:
    """The body of one event about `record`."""
    return (PAYLOADS.get(topic) or COMPLIANCE[topic])(record, store)


def _time(moment: datetime | None, store: Store) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(store.zone).replace(microsecond=0).isoformat()


def _set(bag: Bag) -> Body:
    return {
        "shop_money": {
            "amount": fixed_text(bag.shop, bag.shop_currency),
            "currency_code": bag.shop_currency,
        },
        "presentment_money": {
            "amount": fixed_text(bag.buyer, bag.buyer_currency),
            "currency_code": bag.buyer_currency,
        },
    }


def _level(level: Level, store: Store) -> Body:
    return {
        "inventory_item_id": level.item.id,
        "location_id": level.location.id,
        "available": level.available if level.item.tracked else None,
        "updated_at": _time(level.updated_at, store),
        "admin_graphql_api_id": level.gid,
    }


def _level_gone(level: Level, _: Store) -> Body:
    return {"inventory_item_id": level.item.id, "location_id": level.location.id}


def _item(item: Item, store: Store) -> Body:
    return {
        "id": item.id,
        "sku": item.sku,
        "created_at": _time(item.created_at, store),
        "updated_at": _time(item.updated_at, store),
        "requires_shipping": item.requires_shipping,
        "cost": None,
        "tracked": item.tracked,
        "admin_graphql_api_id": item.gid,
    }


def _gone(record: Any, _: Store) -> Body:
    return {"id": record.id}


def _variant(variant: Variant, store: Store) -> Body:
    values = [value for _, value in variant.options] + [None] * 3
    before = variant.compare_at_price
    return {
        "admin_graphql_api_id": variant.gid,
        "barcode": variant.barcode,
        "compare_at_price": None if before is None else fixed_text(before, store.currency),
        "created_at": _time(variant.created_at, store),
        "id": variant.id,
        "inventory_policy": variant.policy.lower(),
        "position": variant.position,
        "price": fixed_text(variant.price, store.currency),
        "product_id": variant.product.id,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant.title,
        "updated_at": _time(variant.updated_at, store),
        "option1": values[0],
        "option2": values[1],
        "option3": values[2],
        "inventory_item_id": variant.item.id,
        "inventory_quantity": variant.stock,
        "old_inventory_quantity": variant.stock,
    }


def _product(product: Product, store: Store) -> Body:
    names = [name for name, _ in product.variants[0].options] if product.variants else []
    return {
        "admin_graphql_api_id": product.gid,
        "body_html": product.description_html,
        "created_at": _time(product.created_at, store),
        "handle": product.handle,
        "id": product.id,
        "product_type": product.product_type,
        "published_at": _time(product.published_at, store),
        "title": product.title,
        "updated_at": _time(product.updated_at, store),
        "vendor": product.vendor,
        "status": product.status.lower(),
        "tags": ", ".join(product.tags),
        "variants": [_variant(variant, store) for variant in product.variants],
        "options": [{"product_id": product.id, "name": name, "position": i} for i, name in enumerate(names, 1)],
        "images": [],
        "image": None,
        "variant_gids": [
            {
                "admin_graphql_api_id": variant.gid,
                "updated_at": variant.updated_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            }
            for variant in product.variants
        ],
    }


def _address(address: Address | None) -> Body | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "name": address.name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province_code": address.province_code,
        "country_code": address.country_code,
        "zip": address.zip,
        "phone": address.phone,
    }


def _customer(customer: Customer, store: Store) -> Body:
    addresses = [
        {"id": address.id, "customer_id": customer.id, **(_address(address) or {}), "default": index == 0}
        for index, address in enumerate(customer.addresses)
    ]
    return {
        "id": customer.id,
        "created_at": _time(customer.created_at, store),
        "updated_at": _time(customer.updated_at, store),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": customer.state.lower(),
        "note": customer.note,
        "verified_email": customer.email is not None,
        "multipass_identifier": None,
        "tax_exempt": customer.tax_exempt,
        "email": customer.email,
        "phone": customer.phone,
        "currency": store.currency,
        "addresses": addresses,
        "tax_exemptions": [],
        "admin_graphql_api_id": customer.gid,
        **({"default_address": addresses[0]} if addresses else {}),
    }


def _customer_gone(customer: Customer, _: Store) -> Body:
    return {"id": customer.id, "tax_exemptions": [], "admin_graphql_api_id": customer.gid}


def _tax(tax: TaxLine) -> Body:
    price = fixed_text(tax.amount.shop, tax.amount.shop_currency)
    return {"title": tax.title, "rate": float(tax.rate), "price": price, "price_set": _set(tax.amount)}


def _line(line: OrderLine) -> Body:
    return {
        "id": line.id,
        "admin_graphql_api_id": line.gid,
        "current_quantity": line.current_quantity,
        "fulfillable_quantity": line.current_quantity,
        "fulfillment_status": None,
        "name": line.name,
        "price": fixed_text(line.price.shop, line.price.shop_currency),
        "price_set": _set(line.price),
        "product_exists": line.product is not None,
        "product_id": line.product.id if line.product else None,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": True,
        "sku": line.sku,
        "taxable": bool(line.taxes),
        "title": line.title,
        "total_discount": fixed_text(line.discount.shop, line.discount.shop_currency),
        "total_discount_set": _set(line.discount),
        "variant_id": line.variant.id if line.variant else None,
        "variant_title": line.variant_title,
        "vendor": line.vendor,
        "tax_lines": [_tax(tax) for tax in line.taxes],
    }


def _amounts(order: Order) -> Body:
    named = {
        "current_subtotal_price": order.current_subtotal,
        "current_total_price": order.current_total,
        "current_total_tax": order.current_tax,
        "subtotal_price": order.subtotal,
        "total_discounts": order.total_discounts,
        "total_price": order.total,
        "total_tax": order.total_tax,
    }
    amounts: Body = {}
    for name, bag in named.items():
        amounts[name] = fixed_text(bag.shop, bag.shop_currency)
        amounts[f"{name}_set"] = _set(bag)
    amounts["total_outstanding"] = fixed_text(order.outstanding.shop, order.currency)
    amounts["total_shipping_price_set"] = _set(order.shipping)
    return amounts


def _order(order: Order, store: Store) -> Body:
    return {
        "id": order.id,
        "admin_graphql_api_id": order.gid,
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "cancelled_at": _time(order.cancelled_at, store),
        "closed_at": _time(order.closed_at, store),
        "confirmation_number": order.confirmation_number,
        "confirmed": True,
        "contact_email": order.email,
        "created_at": _time(order.created_at, store),
        "currency": order.currency,
        "email": order.email,
        "financial_status": order.financial_status.lower() if order.financial_status else None,
        "fulfillment_status": _FULFILLMENT.get(order.fulfillment_status),
        "name": order.name,
        "note": order.note,
        "note_attributes": [],
        "number": order.number - 1000,
        "order_number": order.number,
        "phone": order.phone,
        "po_number": order.po_number,
        "presentment_currency": order.buyer_currency,
        "processed_at": _time(order.processed_at, store),
        "source_identifier": order.source_identifier,
        "source_name": order.source_name,
        "tags": ", ".join(order.tags),
        "tax_lines": [_tax(tax) for tax in order.order_taxes],
        "taxes_included": order.taxes_included,
        "test": order.test,
        "updated_at": _time(order.updated_at, store),
        **_amounts(order),
        "billing_address": _address(order.billing),
        "shipping_address": _address(order.shipping_address),
        "customer": _customer(order.customer, store) if order.customer else None,
        "line_items": [_line(line) for line in order.lines],
        "shipping_lines": [
            {
                "price": fixed_text(order.shipping.shop, order.currency),
                "price_set": _set(order.shipping),
                "title": "Standard",
            }
        ]
        if order.shipping.shop
        else [],
        "refunds": [],
        "fulfillments": [],
    }


def _edited(order: Order, store: Store) -> Body:
    """Its own small form: the edit, not the order."""
    lines = [{"id": line.id, "delta": line.quantity - line.current_quantity} for line in order.lines]
    removals = [line for line in lines if line["delta"]]
    edit = {
        "id": order.id,
        "order_id": order.id,
        "created_at": _time(order.updated_at, store),
        "committed_at": _time(order.updated_at, store),
        "line_items": {"additions": [], "removals": removals},
    }
    return {"order_edit": edit}


def _checkout(checkout: Checkout, store: Store) -> Body:
    total = fixed_text(checkout.total.shop, store.currency)
    return {
        "token": checkout.token,
        "created_at": _time(checkout.created_at, store),
        "updated_at": _time(checkout.updated_at, store),
        "completed_at": _time(checkout.completed_at, store),
        "currency": store.currency,
        "presentment_currency": store.currency,
        "email": checkout.customer.email if checkout.customer else None,
        "name": checkout.name,
        "total_price": total,
        "subtotal_price": total,
        "customer": _customer(checkout.customer, store) if checkout.customer else None,
        "line_items": [
            {
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "price": fixed_text(line.price.shop, store.currency),
                "variant_id": line.variant.id if line.variant else None,
            }
            for line in checkout.lines
        ],
    }


def _bulk(job: BulkJob, store: Store) -> Body:
    return {
        "admin_graphql_api_id": job.gid,
        "completed_at": _time(job.completed_at, store),
        "created_at": _time(job.created_at, store),
        "error_code": job.error_code.lower() if job.error_code else None,
        "status": job.status.lower(),
        "type": job.type.lower(),
    }


def _shop(_: Any, store: Store) -> Body:
    return {
        "id": 70_000_000_001,
        "name": store.shop,
        "domain": f"{store.shop}.myshopify.com",
        "myshopify_domain": f"{store.shop}.myshopify.com",
        "currency": store.currency,
        "iana_timezone": store.zone.key,
    }


def _privacy(customer: Customer | None, store: Store) -> Body:
    body: Body = {"shop_id": 70_000_000_001, "shop_domain": f"{store.shop}.myshopify.com"}
    if customer is not None:
        body["customer"] = {"id": customer.id, "email": customer.email, "phone": customer.phone}
    return body


COMPLIANCE: Mapping[str, Callable[[Any, Store], Body]] = {
    "customers/data_request": _privacy,
    "customers/redact": _privacy,
    "shop/redact": _privacy,
}
"""Topics about privacy; they are set in the app's configuration, not by the API."""

PAYLOADS: Mapping[str, Callable[[Any, Store], Body]] = {
    "app/uninstalled": _shop,
    "bulk_operations/finish": _bulk,
    "checkouts/create": _checkout,
    "checkouts/update": _checkout,
    "customers/create": _customer,
    "customers/delete": _customer_gone,
    "customers/update": _customer,
    "inventory_items/create": _item,
    "inventory_items/delete": _gone,
    "inventory_items/update": _item,
    "inventory_levels/connect": _level,
    "inventory_levels/disconnect": _level_gone,
    "inventory_levels/update": _level,
    "orders/cancelled": _order,
    "orders/create": _order,
    "orders/delete": _gone,
    "orders/edited": _edited,
    "orders/fulfilled": _order,
    "orders/paid": _order,
    "orders/partially_fulfilled": _order,
    "orders/updated": _order,
    "products/create": _product,
    "products/delete": _gone,
    "products/update": _product,
}
