"""What two platforms must agree in, per canonical type: by meaning, since ids, stamps and shapes are each one's own."""

from __future__ import annotations

from collections import Counter


def product(records):
    """SKU to title and price of what can be sold; where a platform joins variants to one, each variant."""
    found = {}
    for each in records:
        variants = [variant for variant in each.variants or () if variant.sku]
        if [variant.sku for variant in variants] in ([], [each.sku]):
            found[each.sku] = (each.title, each.price, each.currency)
        else:
            found |= {variant.sku: (None, variant.price or each.price, each.currency) for variant in variants}
    return found


def stocklevel(records, place):
    """SKU to the known quantity at a place."""
    return {
        each.sku: each.quantity for each in records if each.quantity is not None and place in (None, each.location_id)
    }


def order(records, *, buyers=True):
    """Totals, lines and buyers, and how many orders have them."""
    return Counter(
        (each.total_amount, each.currency, lines(each), (each.email or "").lower() if buyers else "")
        for each in records
    )


def lines(record):
    """What was sold, SKU by SKU."""
    found = Counter()
    for line in record.line_items:
        found[line.sku or line.title] += line.quantity
    return tuple(sorted(found.items()))


def invoice(records):
    """Amounts and lines, and how many invoices have them."""
    return Counter((each.amount, each.currency, lines(each)) for each in records)


def contact(records):
    """Mail address to the words of the name, which platforms part in different ways."""
    return {
        each.email.lower(): " ".join(f"{each.first_name or ''} {each.last_name or ''}".split()) or _name(each)
        for each in records
        if each.email
    }


def _name(record):
    """A mail address that stands for a missing name is none."""
    return "" if not record.name or record.name == record.email else record.name
