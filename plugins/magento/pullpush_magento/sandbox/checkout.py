"""Carts and the way to an order: items, addresses, shipping, payment. Prices are the shop's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pullpush_magento.sandbox.sales_rows import cents, line, order_row
from pullpush_magento.sandbox.state import HOLDS_STOCK, State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["Checkout"]

Json = Any
Row = dict[str, Json]

_NEEDED = ("firstname", "lastname", "street", "city", "telephone", "postcode", "country_id")
_PAYMENTS = [{"code": "checkmo", "title": "Check / Money order"}, {"code": "banktransfer", "title": "Bank Transfer"}]
_METHODS = {"flatrate_flatrate": ("Flat Rate - Fixed", 5), "freeshipping_freeshipping": ("Free Shipping - Free", 0)}


class Checkout:
    """What the cart endpoints do; a guest's cart has a masked id."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._placed: deque[float] = deque()

    def guest(self, _: Asked) -> str:
        """A new cart of nobody."""
        row = self._new({"email": None, "firstname": None, "lastname": None}, is_guest=True)
        return str(row["_masked"])

    def of_customer(self, asked: Asked) -> int:
        """The open cart of a customer, which may hold what they put into it; a new one where there is none."""
        customer = self._state.customers.get(int(asked.named["id"]))
        if customer is None:
            raise Refusal(
                404,
                "No such entity with %fieldName = %fieldValue",
                {"fieldName": "customerId", "fieldValue": asked.named["id"]},
            )
        for row in self._state.carts.values():
            if row["is_active"] and row["customer"].get("id") == customer["id"]:
                return int(row["id"])
        person = {name: customer[name] for name in ("id", "email", "firstname", "lastname")}
        return int(self._new(person, is_guest=False)["id"])

    def _new(self, customer: Row, *, is_guest: bool) -> Row:
        key, now, currency = (
            self._state.next("cart", self._state.carts),
            self._state.now(),
            self._state.switches.currency,
        )
        self._state.carts[key] = {
            "id": key,
            "created_at": now,
            "updated_at": now,
            "is_active": True,
            "is_virtual": False,
            "items": [],
            "items_count": 0,
            "items_qty": 0,
            "customer": customer,
            "orig_order_id": 0,
            "currency": {
                "global_currency_code": currency,
                "base_currency_code": currency,
                "store_currency_code": currency,
                "quote_currency_code": currency,
            },
            "customer_is_guest": is_guest,
            "customer_note_notify": True,
            "customer_tax_class_id": 3,
            "store_id": 1,
            "_masked": f"masked{key}" if is_guest else "",
        }
        return self._state.carts[key]

    def _cart(self, asked: Asked) -> Row:
        wanted = asked.named["cart"]
        for row in self._state.carts.values():
            if row["is_active"] and wanted in (str(row["id"]), row["_masked"]):
                return row
        raise Refusal(
            404, "No such entity with %fieldName = %fieldValue", {"fieldName": "cartId", "fieldValue": wanted}
        )

    def show(self, asked: Asked) -> Row:
        """One cart."""
        return _public(self._cart(asked))

    def items(self, asked: Asked) -> Json:
        """The items of a cart."""
        return self._cart(asked)["items"]

    def add(self, asked: Asked) -> Row:
        """One more item; it must be on, salable, and say which variant it is."""
        cart, given = self._cart(asked), asked.part("cartItem")
        product = self._state.product(str(given.get("sku") or ""))
        quantity = Decimal(str(given.get("qty") or 0))
        if product["type_id"] not in HOLDS_STOCK:
            raise Refusal(400, "You need to choose options for your item.")
        if product["status"] != 1:
            raise Refusal(400, "Product that you are trying to add is not available.")
        if quantity <= 0:
            raise Refusal(400, "The product quantity should be greater than 0")
        salable, is_salable = self._state.salable(product)
        item = self._state.stock_items[product["id"]]
        if item["manage_stock"] and not item["backorders"] and (not is_salable or salable < quantity):
            raise Refusal(400, "The requested qty is not available")
        row = next((each for each in cart["items"] if each["sku"] == product["sku"]), None)
        if row is None:
            row = {"item_id": self._state.next("item", [100]), "sku": product["sku"], "qty": 0, "name": product["name"]}
            row |= {"price": self._state.final_price(product), "product_type": product["type_id"]}
            row["quote_id"] = cart["_masked"] or str(cart["id"])
            cart["items"].append(row)
        row["qty"] = cents(Decimal(str(row["qty"])) + quantity)
        cart |= {
            "items_count": len(cart["items"]),
            "items_qty": cents(sum(Decimal(str(e["qty"])) for e in cart["items"])),
        }
        cart["updated_at"] = self._state.now()
        return row

    def shipping_methods(self, asked: Asked) -> list[Row]:
        """What shipping would cost."""
        self._cart(asked)
        return [
            {
                "carrier_code": name.split("_")[0],
                "method_code": name.split("_")[1],
                "carrier_title": title.split(" - ")[0],
                "method_title": title.split(" - ")[1],
                "amount": amount,
                "base_amount": amount,
                "available": True,
                "error_message": "",
                "price_excl_tax": amount,
                "price_incl_tax": amount,
            }
            for name, (title, amount) in _METHODS.items()
        ]

    def ship(self, asked: Asked) -> Row:
        """Addresses and shipping method; the answer holds payment methods and totals."""
        cart, given = self._cart(asked), asked.part("addressInformation")
        if not cart["items"]:
            raise Refusal(400, "The shipping method can't be set for an empty cart. Add an item to cart and try again.")
        address = given.get("shipping_address") or {}
        self._check(address)
        method = f"{given.get('shipping_carrier_code')}_{given.get('shipping_method_code')}"
        if method not in _METHODS:
            raise Refusal(404, "Carrier with such method not found: %1, %2", method.split("_", 1))
        cart |= {"_shipping": address, "_billing": given.get("billing_address") or address, "_method": method}
        cart["updated_at"] = self._state.now()
        return {"payment_methods": _PAYMENTS, "totals": self._totals(cart)}

    def _check(self, address: Mapping[str, Json]) -> None:
        for field in _NEEDED:
            if not address.get(field):
                words = f'Please check the shipping address information. "{field}" is required. Enter and try again.'
                raise Refusal(400, words)
        country = next((each for each in self._state.countries if each["id"] == address["country_id"]), None)
        if country is None:
            raise Refusal(400, "Please check the shipping address information. Invalid value of country_id.")
        regions = {each["id"] for each in country.get("available_regions", ())}
        if regions and str(address.get("region_id")) not in regions:
            words = 'Please check the shipping address information. "regionId" is required. Enter and try again.'
            raise Refusal(400, words)

    def totals(self, asked: Asked) -> Row:
        """The sums of a cart."""
        return self._totals(self._cart(asked))

    def _totals(self, cart: Row) -> Row:
        items, subtotal = [], Decimal(0)
        for each in cart["items"]:
            total = Decimal(str(each["price"])) * Decimal(str(each["qty"]))
            subtotal += total
            row = {"item_id": each["item_id"], "price": each["price"], "base_price": each["price"], "qty": each["qty"]}
            row |= {"row_total": cents(total), "base_row_total": cents(total), "options": "[]", "name": each["name"]}
            items.append(row | {"weee_tax_applied_amount": None, "weee_tax_applied": None})
        shipping = _METHODS[cart["_method"]][1] if "_method" in cart else 0
        amount, code = cents(subtotal + shipping), self._state.switches.currency
        segments = [{"code": "grand_total", "title": "Grand Total", "value": amount}]
        sums = {"grand_total": amount, "subtotal": cents(subtotal), "shipping_amount": shipping, "tax_amount": 0}
        sums |= {"discount_amount": 0}
        based = {f"base_{name}": value for name, value in sums.items()}
        return {
            **sums,
            **based,
            "weee_tax_applied_amount": None,
            "base_currency_code": code,
            "quote_currency_code": code,
            "items_qty": int(cart["items_qty"]),
            "items": items,
            "total_segments": segments,
        }

    def place(self, asked: Asked) -> int:
        """The cart becomes an order: stock is reserved, and the shop's order mail goes out where it is on."""
        self._throttle()
        cart = self._cart(asked)
        payment = (asked.body.get("paymentMethod") or {}).get("method")
        if payment not in {each["code"] for each in _PAYMENTS}:
            raise Refusal(400, "The requested Payment Method is not available.")
        if "_method" not in cart:
            raise Refusal(400, "The shipping method is missing. Select the shipping method and try again.")
        customer = cart["customer"] if cart["customer"].get("id") else None
        email = customer["email"] if customer else cart["_billing"].get("email")
        if not email:
            raise Refusal(400, "Email has a wrong format")
        key, code = self._state.next("order", self._state.orders), self._state.switches.currency
        numbers = self._state.next(
            "order_item", [each["item_id"] for o in self._state.orders.values() for each in o["items"]]
        )
        lines = []
        for offset, each in enumerate(cart["items"]):
            product = self._state.product(each["sku"])
            args = {"product_id": product["id"], "qty": each["qty"], "name": each["name"]}
            lines.append(line(numbers + offset, each["sku"], each["product_type"], each["price"], **args))
            self._take(product, each["qty"])
        for _ in cart["items"]:
            self._state.next("order_item")
        order = order_row(
            key,
            lines,
            currency=code,
            base_currency=code,
            shipping=_METHODS[cart["_method"]][1],
            email=email,
            address={name: value for name, value in cart["_billing"].items() if name != "email"},
            created=self._state.now(),
            method=cart["_method"],
            payment=payment,
        )
        order |= {"quote_id": cart["id"], "shipping_description": _METHODS[cart["_method"]][0]}
        shipped = order["extension_attributes"]["shipping_assignments"][0]["shipping"]
        shipped["address"] |= {name: value for name, value in cart["_shipping"].items() if name != "same_as_billing"}
        if customer:
            order |= {"customer_is_guest": 0, "customer_id": customer["id"]}
            order |= {"customer_firstname": customer["firstname"], "customer_lastname": customer["lastname"]}
        self._state.orders[key] = self._state.fresh(order)
        self._state.announce("order", order)
        cart |= {"is_active": False, "converted_at": self._state.now(), "updated_at": self._state.now()}
        if self._state.switches.order_mail == "on":
            self._state.mail("order", email, order=key)
            order["email_sent"] = 1
        return key

    def _take(self, product: Row, quantity: Json) -> None:
        """Reserve what was sold; without the inventory modules the stock item is lowered at once."""
        if self._state.switches.inventory == "sources":
            self._state.reservations[product["sku"]] -= quantity
            return
        item = self._state.stock_items[product["id"]]
        if item["manage_stock"] and item["qty"] is not None:
            item["qty"] = cents(Decimal(str(item["qty"])) - Decimal(str(quantity)))

    def _throttle(self) -> None:
        most = self._state.switches.order_throttle
        if not most:
            return
        now = self._state.clock.seconds()
        while self._placed and now - self._placed[0] >= 60:
            self._placed.popleft()
        if len(self._placed) >= most:
            raise Refusal(self._state.switches.order_throttle_status, "Too Many Requests")
        self._placed.append(now)


def _public(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
