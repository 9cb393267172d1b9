"""The connector's own mapping functions, called `salla:…` in the manifest. Pure: a value in, a value out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Json = Any

STORE_ZONE = ZoneInfo("Asia/Riyadh")
# The zone that an order's date is labelled with may be wrong by three hours (README); clocks differ a little.
DATE_DOUBT = timedelta(hours=3, minutes=10)

# The built-in slugs (List-Order-Statuses of the vendor's API reference); one of them holds blanks.
ORDER_STATUS = {
    "payment_pending": "pending",
    "waiting_for_payment_confirmation": "pending",
    "payment_failed": "failed",
    "under_review": "processing",
    "in_progress": "processing",
    "delivering": "shipped",
    "shipped": "shipped",
    "waiting to receive it": "shipped",
    "delivered": "delivered",
    "completed": "completed",
    "canceled": "cancelled",
    "restoring": "returned",
    "restored": "returned",
}
_FINANCIAL = {
    "payment_pending": "pending",
    "waiting_for_payment_confirmation": "pending",
    "payment_failed": "failed",
    "canceled": "voided",
    "restored": "refunded",
}
_FULFILLMENT = {
    "delivering": "in_progress",
    "waiting to receive it": "in_progress",
    "shipped": "fulfilled",
    "delivered": "delivered",
    "completed": "fulfilled",
    "canceled": "cancelled",
    "restored": "restocked",
}
_HANDED_OVER = frozenset({"delivered", "completed", "restoring"})

# Some answers carry the sign of the riyal instead of its code.
_SIGNS = {"ر.س": "SAR"}


def order_status(slug: Json) -> str:
    """The canonical word for a status slug; a custom status shows its built-in parent's slug."""
    return ORDER_STATUS.get(str(slug), "unknown")


def financial_status(slug: Json, method: Json) -> str:
    """How far it is paid, as far as the status tells: past review, the platform holds the money or has it promised.

    Cash on delivery is paid when the parcel was handed over.
    """
    if slug in _FINANCIAL or slug not in ORDER_STATUS:
        return _FINANCIAL.get(str(slug), "unknown")
    return "pending" if method == "cod" and slug not in _HANDED_OVER else "paid"


def fulfillment_status(slug: Json) -> str:
    """How far it is shipped, as far as the status tells."""
    return _FULFILLMENT.get(str(slug), "unfulfilled" if str(slug) in ORDER_STATUS else "unknown")


def discount_total(discounts: Json) -> Decimal | None:
    """The sum of an order's discounts; their amounts are texts. None where the list is missing."""
    if not isinstance(discounts, list):
        return None
    return sum((Decimal(str(each.get("discount") or "0")) for each in discounts), Decimal(0))


def total_of(first: Json, second: Json) -> Decimal | None:
    """The sum of two amounts, one of which may be missing; None where both are."""
    known = [Decimal(str(each)) for each in (first, second) if each is not None]
    return sum(known, Decimal(0)) if known else None


def goods(lines: Json, items: Json, title: Json) -> list[Json] | None:
    """An order's lines without the one of shipping that a sync added; attached `lines` before the body's `items`."""
    found = lines or items
    return [each for each in found if not _is_shipping(each, title)] if isinstance(found, list) else None


def goods_total(total: Json, lines: Json, items: Json, title: Json) -> Decimal | None:
    """The sum of an order's lines without tax and without the one of shipping."""
    return None if total is None else Decimal(str(total)) - _shipping_line(lines, items, title)


def shipping_total(cost: Json, fee: Json, lines: Json, items: Json, title: Json) -> Decimal | None:
    """Shipping, the fee of cash on delivery, and the line of shipping that a sync added; None where nothing is said."""
    known = total_of(cost, fee)
    return None if known is None else known + _shipping_line(lines, items, title)


def _shipping_line(lines: Json, items: Json, title: Json) -> Decimal:
    found = [each for each in lines or items or () if _is_shipping(each, title)]
    return sum((Decimal(str(each["amounts"]["total"]["amount"])) for each in found), Decimal(0))


def _is_shipping(line: Json, title: Json) -> bool:
    return isinstance(line, Mapping) and not line.get("sku") and bool(title) and line.get("name") == title


def difference(amount: Json, less: Json) -> Decimal | None:
    """An amount less another one, which may be missing; None where the first is."""
    return None if amount is None else Decimal(str(amount)) - Decimal(str(less or 0))


def compare_at(regular: Json, price: Json) -> Decimal | None:
    """The regular price while a sale is on; None where nothing is struck out."""
    if regular is None or price is None:
        return None
    usual = Decimal(str(regular))
    return usual if usual > Decimal(str(price)) else None


def currency(word: Json) -> str | None:
    """The code of a currency, where some answers have its sign."""
    return None if word is None else _SIGNS.get(str(word), str(word))


def product_sku(sku: Json, variants: Json) -> str | None:
    """A product's own SKU, or that of its first variant with one; None where nothing about it has a SKU."""
    candidates = [sku, *(each.get("sku") for each in variants or () if isinstance(each, Mapping))]
    return next((each for each in candidates if isinstance(each, str) and each.strip()), None)


def stock_sku(sku: Json, variant_id: Json, product_id: Json) -> str | None:
    """The SKU of a quantities row, or a name that no SKU has: such rows must not be taken for one another."""
    if isinstance(sku, str) and sku.strip():
        return sku
    if variant_id is not None:
        return f"salla:variant:{variant_id}"
    return None if product_id is None else f"salla:product:{product_id}"


def phone(code: Json, mobile: Json) -> str | None:
    """An international number; code and number come apart or together, with the `+` or without it.

    A number that is international already may stand behind a code of its own. None for a code alone.
    """
    if mobile is None or not str(mobile).strip():
        return None
    digits = "".join(each for each in f"{code or ''}{mobile}".rpartition("+")[2] if each.isdecimal())
    return f"+{digits}" if digits else None


def buyer(customer: Json, company: Json = None) -> dict[str, Json] | None:
    """Who bought, in either form: first and last name with code and number, or one name and one number.

    None where nobody is known; a guest has no id.
    """
    if not isinstance(customer, Mapping):
        return None
    first, last = customer.get("first_name"), customer.get("last_name")
    known = {
        "customerId": customer.get("id"),
        "firstName": first,
        "lastName": last,
        "name": customer.get("name") or " ".join(part for part in (first, last) if part),
        "email": customer.get("email"),
        "phone": phone(customer.get("mobile_code"), customer.get("mobile")),
        "company": company,
    }
    return {name: value or None for name, value in known.items() if value is not None}


def receiver(person: Json, place: Json) -> dict[str, Json] | None:
    """Where an order goes; cities and countries may be ids and are left out then. None where nothing is known."""
    who = person if isinstance(person, Mapping) else {}
    where = place if isinstance(place, Mapping) else {}
    known = {
        "name": who.get("name"),
        "phone": phone(None, who.get("phone")),
        "email": who.get("email"),
        "address1": where.get("shipping_address") or where.get("address_line"),
        "city": where.get("city"),
        "postalCode": where.get("postal_code"),
        "country": where.get("country"),
        "countryCode": where.get("country_code") or who.get("country_code"),
    }
    return {name: value for name, value in known.items() if isinstance(value, str) and value.strip()} or None


def home(city: Json, country: Json, code: Json, street: Json = None) -> list[Json] | None:
    """A customer's place as a list of one address; None where nothing is known of it."""
    known = {"address1": street, "city": city, "country": country, "countryCode": code}
    address = {name: value for name, value in known.items() if isinstance(value, str) and value.strip()}
    return [address] if address else None


def bill_to(customer: Json) -> dict[str, Json] | None:
    """Where the buyer of an order lives, with name, number and mail address; None where no place is known."""
    if not isinstance(customer, Mapping):
        return None
    places = home(*(customer.get(name) for name in ("city", "country", "country_code", "location")))
    who = buyer(customer) or {}
    names = {name: who[name] for name in ("name", "firstName", "lastName", "phone", "email") if who.get(name)}
    return {**names, **places[0]} if places else None


def moment(own: Json, envelope: Json) -> datetime | None:
    """When a record changed: its own time, else that of the webhook around it.

    The first is written in the store's zone; store events write theirs like JavaScript does. None for neither.
    """
    if isinstance(own, str) and own.strip():
        return datetime.fromisoformat(own.strip()).replace(tzinfo=STORE_ZONE)
    if not isinstance(envelope, str) or not envelope.strip():
        return None
    try:
        return datetime.strptime(envelope, "%a %b %d %Y %H:%M:%S GMT%z")
    except ValueError:
        plain = datetime.fromisoformat(envelope.strip())
    return plain if plain.tzinfo is not None else plain.replace(tzinfo=STORE_ZONE)


def variant_options(values: Json, options: Json) -> dict[str, str] | None:
    """Option name to value name of one variant, from the ids of its values and the product's options."""
    if not isinstance(values, list) or not isinstance(options, list):
        return None
    chosen = {str(value) for value in values}
    found: dict[str, str] = {}
    for option in options:
        for value in option.get("values") or [] if isinstance(option, Mapping) else []:
            if str(value.get("id")) in chosen:
                found[str(option.get("name"))] = str(value.get("name"))
    return found


FUNCTIONS = {
    function.__name__: function
    for function in (
        bill_to,
        buyer,
        compare_at,
        currency,
        difference,
        discount_total,
        financial_status,
        fulfillment_status,
        goods,
        goods_total,
        home,
        moment,
        order_status,
        phone,
        product_sku,
        receiver,
        shipping_total,
        stock_sku,
        total_of,
        variant_options,
    )
}
