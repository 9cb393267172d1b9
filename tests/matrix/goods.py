"""Something to sell at any destination, and an order, a contact and an invoice that it takes as they are."""

from __future__ import annotations

from tests.matrix.world import CURRENCY

SKU = "GOODS-1"
PRICE = 100
TAX = {"salla": 15}
"""Added to a price of 100 where the platform charges tax by itself."""

ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "address1": "1 Main St",
    "city": "Austin",
    "province": "Texas",
    "provinceCode": "TX",
    "postalCode": "78701",
    "country": "United States",
    "countryCode": "US",
    "phone": "+15125550100",
}


def stocked(both, sku=SKU, quantity=50):
    """Put a product with pieces on the shelf into the right."""
    both.change("right", "product_create", sku=sku, title=f"The {sku}", price=str(PRICE))
    places = both.project.flow("there").locations
    place = {"location": next(iter(places.values()))} if any(places.values()) else {}
    both.change("right", "stock", sku=sku, quantity=quantity, **place)


def order(destination, name, *, sku=SKU, quantity=2, **changes):
    """A paid order of some pieces whose total is what the destination charges for them."""
    tax = TAX.get(destination, 0) * quantity
    total = PRICE * quantity
    buyer = f"{name.lower()}@example.com"
    return {
        "orderId": name,
        "orderNumber": name,
        "status": "processing",
        "financialStatus": "paid",
        "currency": CURRENCY,
        "totalAmount": f"{total + tax}.00",
        "subtotalAmount": f"{total}.00",
        "taxAmount": f"{tax}.00",
        "shippingAmount": "0.00",
        "discountAmount": "0.00",
        "taxesIncluded": False,
        "createdAt": "2026-01-01T00:00:00Z",
        "email": buyer,
        "phone": "+15125550100",
        "customer": {"email": buyer, "firstName": "Ada", "lastName": "Lovelace", "name": "Ada Lovelace"},
        "billingAddress": ADDRESS,
        "shippingAddress": ADDRESS,
        "lineItems": [
            {
                "sku": sku,
                "title": f"The {sku}",
                "quantity": quantity,
                "unitPrice": f"{PRICE}.00",
                "total": f"{total}.00",
                "tax": f"{tax}.00",
            }
        ],
        **changes,
    }


def contact(_destination, name, **changes):
    """A buyer with all that any platform asks for; each has a number of their own."""
    digits = "".join(each for each in name if each.isdigit()).rjust(4, "0")
    return {
        "contactId": name,
        "email": f"{name.lower()}@example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "name": "Ada Lovelace",
        "phone": f"+96650000{digits}",
        **changes,
    }


def invoice(destination, name, *, order_id, quantity=2, **changes):
    """The invoice of a whole order."""
    tax = TAX.get(destination, 0) * quantity
    return {
        "invoiceId": name,
        "orderId": order_id,
        "amount": f"{PRICE * quantity + tax}.00",
        "currency": CURRENCY,
        "status": "issued",
        "lineItems": [{"sku": SKU, "title": f"The {SKU}", "quantity": quantity, "unitPrice": f"{PRICE}.00"}],
        **changes,
    }


def held(both, kind):
    """The records of a kind in the right sandbox's own book."""
    book = both.boxes["right"].control.dump()
    rows = book[{"order": "orders", "contact": "customers", "invoice": "invoices"}[kind]]
    return list(rows.values()) if isinstance(rows, dict) else list(rows)
