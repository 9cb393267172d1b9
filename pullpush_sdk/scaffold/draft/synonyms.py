"""What platforms call the fields of the canonical types. The first names are the most certain.

A name is written in words joined by `_`; a dot goes into a nested object. `id` alone means the record's own id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["FIELDS", "LINES", "STATUS", "TYPE_WORDS"]

TYPE_WORDS: Mapping[str, Sequence[str]] = {
    "stocklevel": ("stock", "inventory", "stocklevel", "quantity", "availability", "source_item", "inventory_level"),
    "product": ("product", "item", "article", "catalog", "catalogue", "variant", "good", "listing", "sku"),
    "order": ("order", "sale", "salesorder", "purchase", "booking", "shipment"),
    "contact": ("customer", "contact", "client", "person", "people", "user", "buyer", "account", "company", "guest"),
    "call": ("call", "phonecall", "cdr", "conversation"),
    "invoice": ("invoice", "bill", "receipt", "creditmemo", "credit_note"),
    "cart": ("cart", "basket", "checkout", "quote", "bag"),
}
"""Canonical type to words that name lists of it, singular."""

_CREATED = ("created_at", "date_created", "created", "created_date", "creation_date", "created_on", "date_add", "created_time",
            "creation_time", "date_placed", "placed_at", "order_date", "date")  # fmt: skip
_UPDATED = ("updated_at", "date_updated", "date_modified", "modified_at", "last_modified", "updated", "modified", "updated_on",
            "updated_date", "modified_date", "last_updated", "last_update", "date_upd", "modified_time", "last_modified_at",
            "update_time", "last_update_date", "changed_at")  # fmt: skip
_TAX = ("tax_amount", "total_tax", "tax_total", "tax", "vat", "vat_amount", "taxes", "tax.amount")
_SHIPPING = ("shipping_amount", "shipping_total", "shipping_cost", "shipping_price", "delivery_cost", "postage_cost", "shipping")
_DISCOUNT = ("discount_amount", "discount_total", "total_discounts", "total_discount", "discount")
_TOTAL = ("total_amount", "grand_total", "total_price", "order_total", "total", "amount_total", "total.amount", "amount.value",
          "amount", "total_charge", "total_value", "sum")  # fmt: skip
_CURRENCY = ("currency", "currency_code", "order_currency_code", "currency_iso", "iso_currency", "price.currency",
             "total.currency", "amount.currency", "base_currency_code", "presentment_currency", "store_currency_code")  # fmt: skip
_NOTE = ("note", "notes", "comment", "comments", "customer_note", "remark", "remarks", "memo")
_EMAIL = ("email", "email_address", "mail", "customer_email", "contact_email", "buyer_email", "e_mail")
_BUYER: Mapping[str, Sequence[str]] = {
    "customer.customerId": ("customer_id", "customer.id", "buyer.id", "contact_id", "client_id"),
    "customer.email": ("customer.email", "customer_email", "buyer.email", "buyer_email", "email", "email_address", "contact_email"),
    "customer.name": ("customer.name", "customer_name", "buyer.name", "buyer_name", "client_name", "customer.full_name"),
    "customer.firstName": ("customer.first_name", "customer_firstname", "customer_first_name", "buyer.first_name"),
    "customer.lastName": ("customer.last_name", "customer_lastname", "customer_last_name", "buyer.last_name"),
    "customer.phone": ("customer.phone", "customer_phone", "buyer.phone", "phone"),
}

FIELDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "product": {
        "sku": ("sku", "item_number", "stock_code", "item_code", "product_code", "article_number", "variants.sku", "code",
                "part_number", "reference", "item_sku", "ean", "handle", "slug", "id"),
        "title": ("title", "name", "product_name", "item_title", "item_name", "display_name", "label"),
        "description": ("description", "body_html", "long_description", "full_description", "meta_description", "short_description",
                        "details"),
        "price": ("price", "price.amount", "unit_price", "retail_price", "selling_price", "sale_price", "list_price",
                  "regular_price", "prices.price", "price_amount", "amount"),
        "currency": _CURRENCY,
        "productId": ("product_id", "id", "item_id", "stock_item_id", "uuid", "guid"),
        "handle": ("handle", "slug", "url_key", "permalink"),
        "status": ("status", "state", "product_status"),
        "nativeStatus": ("status", "state", "product_status"),
        "vendor": ("vendor", "brand", "manufacturer", "brand.name", "brand_name", "supplier"),
        "productType": ("product_type", "type", "type_id", "kind"),
        "tags": ("tags", "labels", "keywords"),
        "barcode": ("barcode", "barcode_number", "ean", "gtin", "upc", "ean13", "gtin13", "isbn"),
        "compareAtPrice": ("compare_at_price", "original_price", "was_price", "msrp", "rrp", "strike_price"),
        "costPrice": ("cost_price", "cost", "purchase_price", "wholesale_price", "buy_price"),
        "weight": ("weight", "net_weight", "gross_weight"),
        "weightUnit": ("weight_unit", "weight_units", "weight.unit"),
        "url": ("url", "permalink", "link", "product_url", "web_url"),
        "createdAt": _CREATED,
        "updatedAt": _UPDATED,
    },
    "stocklevel": {
        "sku": ("sku", "item_number", "stock_code", "item_code", "product_code", "product_sku", "item_sku", "code",
                "part_number", "variant_sku", "product.sku", "item.sku", "product_id", "inventory_item_id", "stock_item_id", "id"),
        "quantity": ("available", "quantity", "qty", "available_quantity", "quantity_available", "stock_level", "on_hand",
                     "quantity_on_hand", "in_stock", "stock", "stock_quantity", "inventory_quantity", "level", "count",
                     "inventory", "balance", "units"),
        "locationId": ("location_id", "warehouse_id", "source_code", "location", "warehouse", "store_id", "branch_id",
                       "stock_location_id", "location.id", "warehouse.id", "location.stock_location_id", "stock_id"),
        "updatedAt": _UPDATED,
    },
    "order": {
        "orderId": ("order_id", "id", "entity_id", "pk_order_id", "uuid", "guid", "reference"),
        "orderNumber": ("order_number", "number", "increment_id", "order_no", "num_order_id", "reference", "reference_num",
                        "order_reference", "name"),
        "status": ("status", "state", "order_status", "status.slug"),
        "nativeStatus": ("status", "state", "order_status", "status.slug"),
        "currency": _CURRENCY,
        "totalAmount": _TOTAL,
        "subtotalAmount": ("subtotal_amount", "subtotal", "sub_total", "subtotal_price", "items_total", "total_net"),
        "taxAmount": _TAX,
        "shippingAmount": _SHIPPING,
        "discountAmount": _DISCOUNT,
        "financialStatus": ("financial_status", "payment_status", "payment_state"),
        "fulfillmentStatus": ("fulfillment_status", "fulfilment_status", "shipping_status", "delivery_status"),
        "email": _EMAIL,
        "phone": ("phone", "phone_number", "telephone", "customer_phone"),
        "paymentMethod": ("payment_method", "payment_method_title", "payment.method"),
        "shippingMethod": ("shipping_method", "shipping_description", "delivery_method"),
        "note": _NOTE,
        "tags": ("tags", "labels"),
        "channel": ("channel", "source", "source_name", "sales_channel", "store_name"),
        **_BUYER,
        "lineItems": ("line_items", "items", "lines", "order_items", "order_lines", "products", "positions", "articles"),
        "createdAt": _CREATED,
        "updatedAt": _UPDATED,
        "cancelledAt": ("cancelled_at", "canceled_at", "date_cancelled"),
    },
    "contact": {
        "email": _EMAIL,
        "name": ("name", "full_name", "display_name", "contact_name", "customer_name"),
        "company": ("company", "company_name", "organization", "organisation", "business_name", "company.name"),
        "contactId": ("contact_id", "customer_id", "id", "user_id", "client_id", "uuid", "guid"),
        "firstName": ("first_name", "firstname", "given_name", "fname", "forename"),
        "lastName": ("last_name", "lastname", "family_name", "surname", "lname"),
        "phone": ("phone", "phone_number", "mobile", "telephone", "mobile_number", "mobile_phone", "tel", "cell"),
        "tags": ("tags", "labels"),
        "language": ("language", "locale", "lang"),
        "taxId": ("tax_id", "vat_number", "vat_id", "taxvat", "tax_number"),
        "acceptsMarketing": ("accepts_marketing", "is_subscribed", "newsletter", "marketing_opt_in"),
        "note": _NOTE,
        "createdAt": _CREATED,
        "updatedAt": _UPDATED,
    },
    "call": {
        "callId": ("call_id", "id", "uuid", "call_uuid", "sid", "call_sid"),
        "direction": ("direction", "call_direction", "type"),
        "duration": ("duration", "call_duration", "seconds", "duration_seconds", "billsec", "talk_time"),
        "status": ("status", "disposition", "outcome", "call_status", "result"),
        "nativeStatus": ("status", "disposition", "outcome", "call_status", "result"),
        "fromNumber": ("from_number", "from", "caller", "caller_number", "source_number", "src"),
        "toNumber": ("to_number", "to", "callee", "called_number", "destination_number", "dst"),
        "startedAt": ("started_at", "start_time", "start", "called_at", "timestamp", "date"),
        "answeredAt": ("answered_at", "answer_time"),
        "endedAt": ("ended_at", "end_time", "end", "hangup_time"),
        "agent": ("agent", "agent_name", "user", "user_name", "operator", "extension"),
        "recordingUrl": ("recording_url", "recording", "record_url"),
        "note": _NOTE,
        "updatedAt": _UPDATED,
    },
    "invoice": {
        "invoiceId": ("invoice_id", "id", "entity_id", "uuid", "guid"),
        "invoiceNumber": ("invoice_number", "number", "increment_id", "invoice_no", "doc_number", "reference"),
        "amount": ("total_amount", "grand_total", "amount_total", "total", "amount", "invoice_total", "amount_due", "total.amount"),
        "currency": _CURRENCY,
        "status": ("status", "state", "invoice_status"),
        "nativeStatus": ("status", "state", "invoice_status"),
        "orderId": ("order_id", "sales_order_id", "order.id"),
        "subtotalAmount": ("subtotal_amount", "subtotal", "sub_total", "net_amount", "total_net"),
        "taxAmount": _TAX,
        "shippingAmount": _SHIPPING,
        "discountAmount": _DISCOUNT,
        "amountPaid": ("amount_paid", "paid_amount", "total_paid"),
        "amountDue": ("amount_due", "balance", "balance_due", "total_due", "amount_remaining"),
        **_BUYER,
        "lineItems": ("line_items", "items", "lines", "invoice_lines", "invoice_items"),
        "issuedAt": ("issued_at", "issue_date", "invoice_date", "date", "txn_date"),
        "dueAt": ("due_at", "due_date", "payment_due"),
        "paidAt": ("paid_at", "payment_date", "date_paid", "fully_paid_on_date"),
        "note": _NOTE,
        "url": ("url", "invoice_url", "pdf_url", "hosted_invoice_url"),
        "createdAt": _CREATED,
        "updatedAt": _UPDATED,
    },
    "cart": {
        "cartId": ("cart_id", "id", "token", "basket_id", "quote_id", "uuid", "guid"),
        "status": ("status", "state"),
        "nativeStatus": ("status", "state"),
        "currency": _CURRENCY,
        "totalAmount": _TOTAL,
        "subtotalAmount": ("subtotal_amount", "subtotal", "sub_total", "subtotal_price"),
        "discountAmount": _DISCOUNT,
        "taxAmount": _TAX,
        **_BUYER,
        "lineItems": ("line_items", "items", "lines", "products", "cart_items"),
        "checkoutUrl": ("checkout_url", "abandoned_checkout_url", "recovery_url", "url"),
        "createdAt": _CREATED,
        "updatedAt": _UPDATED,
    },
}
"""Canonical type to canonical field to native names, best first."""

LINES: Mapping[str, Sequence[str]] = {
    "lineId": ("line_id", "id", "item_id", "row_id"),
    "sku": ("sku", "item_number", "product_sku", "item_sku", "product_code", "code", "stock_code"),
    "title": ("title", "name", "product_name", "item_title", "description", "item_name"),
    "quantity": ("quantity", "qty", "qty_ordered", "count", "units"),
    "unitPrice": ("unit_price", "price", "price_per_unit", "price.amount", "unit_amount", "unit_cost"),
    "total": ("total", "line_total", "row_total", "amount", "total_price", "line_amount"),
    "tax": ("tax", "tax_amount", "total_tax", "vat", "line_tax"),
    "discount": ("discount", "discount_amount", "total_discount"),
    "productId": ("product_id", "product.id", "stock_item_id"),
    "variantId": ("variant_id", "variation_id"),
}
"""Of one line of an order, invoice or cart."""

STATUS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "product.status": {
        "active": ("active", "enabled", "published", "publish", "live", "on_sale", "sale", "available", "visible", "1", "true"),
        "draft": ("draft", "pending", "new"),
        "hidden": ("hidden", "disabled", "inactive", "private", "unpublished", "2", "0", "false"),
        "archived": ("archived", "deleted", "trash", "discontinued", "obsolete"),
    },
    "order.status": {
        "pending": ("pending", "new", "open", "unpaid", "created", "received", "awaiting_payment", "pending_payment", "placed"),
        "paid": ("paid", "payment_received", "authorized"),
        "processing": ("processing", "in_progress", "confirmed", "accepted", "picking", "packed", "approved"),
        "on_hold": ("on_hold", "hold", "holded", "onhold", "suspended"),
        "partially_shipped": ("partially_shipped", "partial"),
        "shipped": ("shipped", "dispatched", "sent", "in_transit", "fulfilled"),
        "delivered": ("delivered",),
        "completed": ("completed", "complete", "closed", "done", "finished"),
        "cancelled": ("cancelled", "canceled", "cancel", "void", "voided", "rejected"),
        "refunded": ("refunded",),
        "returned": ("returned",),
        "failed": ("failed", "error", "declined"),
        "draft": ("draft",),
    },
    "order.financialStatus": {
        "pending": ("pending", "unpaid", "open", "awaiting"), "authorized": ("authorized",), "paid": ("paid", "captured"),
        "partially_paid": ("partially_paid", "partial"), "refunded": ("refunded",), "voided": ("voided", "void"),
        "partially_refunded": ("partially_refunded",), "failed": ("failed", "declined"), "expired": ("expired",),
    },
    "order.fulfillmentStatus": {
        "unfulfilled": ("unfulfilled", "not_shipped", "pending", "open"), "fulfilled": ("fulfilled", "shipped", "complete"),
        "partially_fulfilled": ("partially_fulfilled", "partial"), "delivered": ("delivered",), "in_progress": ("in_progress", "processing"),
        "on_hold": ("on_hold", "hold"), "cancelled": ("cancelled", "canceled"), "restocked": ("restocked",),
    },
    "invoice.status": {
        "draft": ("draft",), "issued": ("issued", "open", "sent", "authorised", "authorized", "submitted", "unpaid", "posted", "1"),
        "paid": ("paid", "2"), "partially_paid": ("partially_paid", "partial"), "overdue": ("overdue", "late"),
        "refunded": ("refunded",), "void": ("void", "voided", "cancelled", "canceled", "deleted", "3"),
        "uncollectible": ("uncollectible", "written_off"),
    },
    "call.status": {
        "completed": ("completed", "answered", "connected", "ok"), "missed": ("missed", "no_answer", "noanswer", "unanswered"),
        "voicemail": ("voicemail",), "busy": ("busy",), "failed": ("failed",), "cancelled": ("cancelled", "canceled"),
        "in_progress": ("in_progress", "ringing", "queued"),
    },
    "call.direction": {
        "inbound": ("inbound", "in", "incoming"), "outbound": ("outbound", "out", "outgoing", "outbound_api"), "internal": ("internal",),
    },
    "cart.status": {
        "active": ("active", "open"), "abandoned": ("abandoned", "left"), "converted": ("converted", "completed", "purchased", "ordered"),
        "expired": ("expired",),
    },
}  # fmt: skip
"""Canonical field of words to canonical word to native words."""
