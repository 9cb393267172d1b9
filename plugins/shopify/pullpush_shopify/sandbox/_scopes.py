"""Which scope each field demands. Fields that are not listed may be read by every token."""

from __future__ import annotations

from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._execute import FieldError

__all__ = ["NODE_SCOPES", "denied"]

_SCOPES = {
    "QueryRoot": {
        "abandonedCheckouts": "read_orders",
        "customer": "read_customers",
        "customerByIdentifier": "read_customers",
        "customers": "read_customers",
        "inventoryItem": "read_inventory",
        "inventoryItems": "read_inventory",
        "inventoryLevel": "read_inventory",
        "location": "read_locations",
        "locations": "read_locations",
        "order": "read_orders",
        "orders": "read_orders",
        "ordersCount": "read_orders",
        "product": "read_products",
        "productByIdentifier": "read_products",
        "productVariant": "read_products",
        "productVariants": "read_products",
        "products": "read_products",
        "productsCount": "read_products",
    },
    "Mutation": {
        "customerSet": "write_customers",
        "inventoryActivate": "write_inventory",
        "inventoryDeactivate": "write_inventory",
        "inventoryItemUpdate": "write_inventory",
        "inventorySetQuantities": "write_inventory",
        "orderCancel": "write_orders",
        "orderCreate": "write_orders",
        "orderMarkAsPaid": "write_orders",
        "orderUpdate": "write_orders",
        "productSet": "write_products",
        "productUpdate": "write_products",
        "productVariantsBulkCreate": "write_products",
        "productVariantsBulkUpdate": "write_products",
    },
    "AbandonedCheckout": {"customer": "read_customers"},
    "InventoryItem": {"inventoryLevel": "read_inventory", "inventoryLevels": "read_inventory"},
    "LineItem": {"product": "read_products", "variant": "read_products"},
    "Location": {"inventoryLevel": "read_inventory", "inventoryLevels": "read_inventory"},
    "Order": {"customer": "read_customers"},
    "ProductVariant": {"inventoryItem": "read_inventory"},
}
NODE_SCOPES = {
    "AbandonedCheckout": "read_orders",
    "Customer": "read_customers",
    "InventoryItem": "read_inventory",
    "Location": "read_locations",
    "Order": "read_orders",
    "Product": "read_products",
    "ProductVariant": "read_products",
}


def denied(type_name: str, field: str, call: Call) -> FieldError | None:
    """The refusal of a field whose scope the token lacks, None where it may be read."""
    scope = _SCOPES.get(type_name, {}).get(field)
    if scope is None or call.may(scope):
        return None
    required = f"`{scope}` access scope."
    message = f"Access denied for {field} field. Required access: {required}"
    documentation = "https://shopify.dev/api/usage/access-scopes"
    return FieldError(message, "ACCESS_DENIED", documentation=documentation, requiredAccess=required)
