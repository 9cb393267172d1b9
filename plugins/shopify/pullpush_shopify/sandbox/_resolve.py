"""What the fields of the schema read, where it is not the attribute of the same name; and who may read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import attrs
from graphql import GraphQLSchema, is_object_type

from pullpush_shopify.sandbox import _bulk, _catalogue, _customers, _inventory, _metafields, _orders, _webhooks
from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._execute import FieldError, Resolver, Runner
from pullpush_shopify.sandbox._model import Customer, Order, OrderLine, Product
from pullpush_shopify.sandbox._money import decimal_text
from pullpush_shopify.sandbox._paging import Page, cut_page, page_of
from pullpush_shopify.sandbox._scopes import NODE_SCOPES, denied
from pullpush_shopify.sandbox._totals import line_total, unit_after_discounts

__all__ = ["API_VERSIONS", "OLDEST", "make_runner"]

# Handle and whether it is a stable version, as of November 2026.
API_VERSIONS = (("2026-01", True), ("2026-04", True), ("2026-07", True), ("2026-10", True), ("2027-01", False))
OLDEST = "2026-01"

_COUNT_CAP = 25_001


@attrs.frozen
class _Money:
    amount: Any
    currency_code: str


def _root_list(name: str, default_sort: str) -> Resolver:
    def resolve(_root: Any, arguments: Mapping[str, Any], call: Call) -> Page:
        sort = arguments.get("sortKey") or default_sort
        keep: Callable[[Any], bool] | None = None
        tag = None
        if name == "orders" and "read_all_orders" not in call.scopes:
            keep, tag = call.sees_order, "60 days"
        if name == "products" and call.store.default_status and "status:" not in (arguments.get("query") or ""):
            wanted = call.store.default_status
            keep, tag = (lambda product: product.status.lower() == wanted), wanted
        if name == "locations" and not arguments["includeInactive"]:
            keep, tag = attrgetter("is_active"), "active"
        rows, search = call.store.rows(name, arguments.get("query"), sort, keep, tag)
        call.note_search(search)
        return cut_page(rows, arguments, call)

    return resolve


def _subscriptions(_root: Any, arguments: Mapping[str, Any], call: Call) -> Page:
    topics, uri, form = arguments.get("topics"), arguments.get("uri"), arguments.get("format")

    def keep(each: Any) -> bool:
        if topics and each.topic not in topics:
            return False
        return (not uri or each.uri == uri) and (not form or each.format == form)

    tag = (tuple(topics or ()), uri, form)
    rows, search = call.store.rows("webhookSubscriptions", arguments.get("query"), arguments["sortKey"], keep, tag)
    call.note_search(search)
    return cut_page(rows, arguments, call)


def _location_levels(location: Any, arguments: Mapping[str, Any], call: Call) -> Page:
    inactive = bool(arguments["includeInactive"])
    rows, search = call.store.level_rows(location, arguments.get("query"), inactive=inactive)
    call.note_search(search)
    return cut_page(rows, arguments, call)


def _item_levels(item: Any, arguments: Mapping[str, Any], call: Call) -> Page:
    inactive = bool(arguments["includeInactive"])
    rows, search = call.store.item_level_rows(item, arguments.get("query"), inactive=inactive)
    call.note_search(search)
    return cut_page(rows, arguments, call)


def _count(name: str) -> Resolver:
    def resolve(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
        keep = call.sees_order if name == "orders" else None
        rows, search = call.store.rows(name, arguments.get("query"), "ID", keep, "count")
        call.note_search(search)
        found, limit = len(rows.records), arguments.get("limit")
        cap = _COUNT_CAP if limit is None else min(limit, _COUNT_CAP)
        return SimpleNamespace(count=min(found, cap), precision="EXACT" if found <= cap else "AT_LEAST")

    return resolve


def _by_id(kind: str) -> Resolver:
    def resolve(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
        gid = arguments.get("id")
        if gid is None:
            # Only a location may be asked for without an id: the shop's first.
            return next(iter(call.store.locations.values()))
        if not gid.startswith("gid://shopify/"):
            message = f"Invalid global id '{gid}'"
            raise FieldError(message, "argumentLiteralsIncompatible", typeName="CoercionError")
        record = call.store.by_gid(kind, gid)
        return None if kind == "Order" and record is not None and not call.sees_order(record) else record

    return resolve


def _node(gid: str, call: Call) -> Any:
    if "/InventoryLevel/" in gid:
        return call.store.level_by_gid(gid)
    kind = gid.removeprefix("gid://shopify/").partition("/")[0]
    scope = NODE_SCOPES.get(kind)
    if scope is None or not call.may(scope):
        return None
    return _by_id(kind)(None, {"id": gid}, call)


def _level_at(item: Any, location: Any, arguments: Mapping[str, Any]) -> Any:
    if item is None or location is None:
        return None
    level = item.levels.get(location.id)
    return level if level is not None and (level.is_active or arguments["includeInactive"]) else None


def _item_level(item: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    return _level_at(item, call.store.by_gid("Location", arguments["locationId"]), arguments)


def _location_level(location: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    return _level_at(call.store.by_gid("InventoryItem", arguments["inventoryItemId"]), location, arguments)


def _product_by(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    wanted = arguments["identifier"]
    if wanted.get("id"):
        return call.store.by_gid("Product", wanted["id"])
    return next((p for p in call.store.products.values() if p.handle == wanted.get("handle")), None)


def _customer_by(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    wanted = arguments["identifier"]
    if wanted.get("id"):
        return call.store.by_gid("Customer", wanted["id"])
    return _customers.find_customer(call, email=wanted.get("emailAddress"), phone=wanted.get("phoneNumber"))


def _shop(_root: Any, _arguments: Mapping[str, Any], call: Call) -> Any:
    store = call.store
    plan = SimpleNamespace(partner_development=True, public_display_name="Development", shopify_plus=False)
    return SimpleNamespace(
        gid="gid://shopify/Shop/70000000001",
        name=store.shop.replace("-", " ").title(),
        email=f"owner@{store.shop}.example",
        myshopify_domain=f"{store.shop}.myshopify.com",
        currency_code=store.currency,
        iana_timezone=store.zone.key,
        plan=plan,
    )


def _versions(_root: Any, _arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    return [_version(handle, stable=stable) for handle, stable in API_VERSIONS]


def _version(handle: str, *, stable: bool) -> Any:
    name = handle if stable else f"{handle} (Release candidate)"
    return SimpleNamespace(handle=handle, display_name=name, supported=stable)


def _installation(_root: Any, _arguments: Mapping[str, Any], call: Call) -> Any:
    handles = set(call.scopes) | {s.replace("write_", "read_") for s in call.scopes if s.startswith("write_")}
    scopes = [SimpleNamespace(handle=handle) for handle in sorted(handles)]
    return SimpleNamespace(gid="gid://shopify/AppInstallation/600000000001", access_scopes=scopes)


def _quantities(level: Any, arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    shown = []
    for name in arguments["names"]:
        quantity = _inventory.quantity_of(level, name)
        if quantity is not None:
            counted = level.counted_at if name == "available" else None
            shown.append(SimpleNamespace(name=name, quantity=quantity, updated_at=counted))
    return shown


def _changes(group: Any, arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    items, places = arguments.get("inventoryItemIds"), arguments.get("locationIds")
    names = arguments.get("quantityNames")
    return [
        change
        for change in group.all_changes
        if (not items or change.item.gid in items)
        and (not places or change.location.gid in places)
        and (not names or change.name in names)
    ]


def _price_range(product: Product, _arguments: Mapping[str, Any], call: Call) -> Any:
    prices = [variant.price for variant in product.variants]
    currency = call.store.currency
    return SimpleNamespace(
        min_variant_price=_Money(min(prices), currency), max_variant_price=_Money(max(prices), currency)
    )


def _product_variants(product: Product, arguments: Mapping[str, Any], call: Call) -> Page:
    variants = product.variants
    if arguments.get("sortKey") == "SKU":
        variants = sorted(variants, key=lambda variant: (variant.sku or "").casefold())
    return page_of(variants, arguments, call)


def _options(variant: Any, _arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    return [SimpleNamespace(name=name, value=value) for name, value in variant.options]


def _purchaser(order: Order, _arguments: Mapping[str, Any], _call: Call) -> Any:
    return _PurchasingCompany(order.company) if order.company else order.customer


@attrs.frozen
class _PurchasingCompany:
    company: Any
    kind: str = "PurchasingCompany"


def _contacts(customer: Customer, _arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    if customer.company is None:
        return []
    gid = f"gid://shopify/CompanyContact/{customer.id}"
    return [SimpleNamespace(gid=gid, company=customer.company, kind="CompanyContact")]


def _taxes(line: OrderLine, arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    return line.taxes[: arguments.get("first")]


def _allocations(line: OrderLine, _arguments: Mapping[str, Any], _call: Call) -> list[Any]:
    return [SimpleNamespace(allocated_amount_set=line.discount)] if line.discount.shop else []


def _discounted_total(line: OrderLine, arguments: Mapping[str, Any], _call: Call) -> Any:
    """What a line costs; the sandbox's discounts come by code, which the platform leaves out unless asked."""
    return line_total(line) if arguments["withCodeDiscounts"] else line.price * line.quantity


def _picture(picture: Any, _arguments: Mapping[str, Any], _call: Call) -> Any:
    if picture.status != "READY":
        return None
    return SimpleNamespace(gid=f"gid://shopify/ImageSource/{picture.id}", url=picture.url, alt_text=picture.alt)


def _own_title(variant: Any) -> str | None:
    return None if variant is None or variant.title == "Default Title" else str(variant.title)


def _attribute(path: str) -> Resolver:
    read = attrgetter(path)
    return lambda record, _arguments, _call: read(record)


def _duplicates(item: Any, _arguments: Mapping[str, Any], call: Call) -> int:
    return max(0, len(call.store.items_with_sku(item.sku)) - 1)


def _checkout_url(checkout: Any, _arguments: Mapping[str, Any], call: Call) -> str:
    return f"https://{call.store.shop}.myshopify.com/checkouts/ac/{checkout.token}/recover"


def _api_version(_record: Any, _arguments: Mapping[str, Any], call: Call) -> Any:
    return _version(call.version, stable=True)


_FIELDS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {
        "abandonedCheckouts": _root_list("abandonedCheckouts", "ID"),
        "bulkOperation": _bulk.find,
        "currentAppInstallation": _installation,
        "customer": _by_id("Customer"),
        "customerByIdentifier": _customer_by,
        "customers": _root_list("customers", "ID"),
        "inventoryItem": _by_id("InventoryItem"),
        "inventoryItems": _root_list("inventoryItems", "ID"),
        "inventoryLevel": lambda _root, arguments, call: call.store.level_by_gid(arguments["id"]),
        "job": lambda _root, arguments, _call: SimpleNamespace(gid=arguments["id"], done=True),
        "location": _by_id("Location"),
        "locations": _root_list("locations", "NAME"),
        "node": lambda _root, arguments, call: _node(arguments["id"], call),
        "nodes": lambda _root, arguments, call: [_node(gid, call) for gid in arguments["ids"]],
        "order": _by_id("Order"),
        "orders": _root_list("orders", "PROCESSED_AT"),
        "ordersCount": _count("orders"),
        "product": _by_id("Product"),
        "productByIdentifier": _product_by,
        "productVariant": _by_id("ProductVariant"),
        "productVariants": _root_list("productVariants", "ID"),
        "products": _root_list("products", "ID"),
        "productsCount": _count("products"),
        "publicApiVersions": _versions,
        "shop": _shop,
        "webhookSubscription": _by_id("WebhookSubscription"),
        "webhookSubscriptions": _subscriptions,
    },
    "Mutation": {
        **_bulk.MUTATIONS,
        **_catalogue.MUTATIONS,
        **_customers.MUTATIONS,
        **_inventory.MUTATIONS,
        **_orders.MUTATIONS,
        **_webhooks.MUTATIONS,
    },
    "AbandonedCheckout": {
        "abandonedCheckoutUrl": _checkout_url,
        "lineItems": lambda checkout, arguments, call: page_of(checkout.lines, arguments, call),
        "subtotalPriceSet": _attribute("total"),
        "taxesIncluded": lambda _checkout, _a, _c: False,
        "totalDiscountSet": lambda checkout, _a, _c: checkout.gross - checkout.total,
        "totalLineItemsPriceSet": _attribute("gross"),
        "totalPriceSet": _attribute("total"),
        "totalTaxSet": lambda checkout, _a, _c: checkout.total.zero,
    },
    "AbandonedCheckoutLineItem": {
        # Discounts of the sandbox's checkouts come by code: without them a line costs what it did before.
        "discountedTotalPriceSet": lambda line, _arguments, _call: line.price * line.quantity,
        "discountedTotalPriceWithCodeDiscount": _attribute("total"),
        "originalUnitPriceSet": _attribute("price"),
        "product": lambda line, _a, _c: line.variant.product if line.variant else None,
        "variantTitle": lambda line, _a, _c: _own_title(line.variant),
    },
    "BulkOperation": {"url": _bulk.url, "fileSize": _bulk.file_size, "partialDataUrl": _bulk.partial_url},
    "Customer": {
        "addresses": lambda customer, arguments, _c: customer.addresses[: arguments.get("first")],
        "amountSpent": lambda customer, _a, call: _Money(customer.spent, call.store.currency),
        "companyContactProfiles": _contacts,
        "defaultAddress": lambda customer, _a, _c: customer.addresses[0] if customer.addresses else None,
        "defaultEmailAddress": lambda customer, _a, _c: (
            SimpleNamespace(email_address=customer.email, marketing_state=customer.marketing_state)
            if customer.email
            else None
        ),
        "defaultPhoneNumber": lambda customer, _a, _c: (
            SimpleNamespace(phone_number=customer.phone) if customer.phone else None
        ),
        "numberOfOrders": _attribute("order_count"),
    },
    "InventoryAdjustmentGroup": {"changes": _changes},
    "InventoryItem": {
        "duplicateSkuCount": _duplicates,
        "inventoryLevel": _item_level,
        "inventoryLevels": _item_levels,
        "measurement": lambda item, _a, _c: SimpleNamespace(weight=item.weight),
        "variants": lambda item, arguments, call: page_of([item.variant], arguments, call),
    },
    "InventoryLevel": {"quantities": _quantities},
    "LineItem": {
        "discountAllocations": _allocations,
        "discountedTotalSet": _discounted_total,
        "discountedUnitPriceAfterAllDiscountsSet": lambda line, _a, _c: unit_after_discounts(line),
        "originalUnitPriceSet": _attribute("price"),
        "taxLines": _taxes,
    },
    "Location": {
        "fulfillsOnlineOrders": lambda _l, _a, _c: True,
        "inventoryLevel": _location_level,
        "inventoryLevels": _location_levels,
        "isFulfillmentService": lambda _l, _a, _c: False,
        "shipsInventory": lambda _l, _a, _c: True,
    },
    "MediaImage": {
        "image": _picture,
        "mediaContentType": lambda _picture, _a, _c: "IMAGE",
        "preview": lambda picture, arguments, call: SimpleNamespace(image=_picture(picture, arguments, call)),
    },
    "MailingAddress": {"countryCodeV2": _attribute("country_code")},
    "MoneyBag": {
        "presentmentMoney": lambda bag, _a, _c: _Money(bag.buyer, bag.buyer_currency),
        "shopMoney": lambda bag, _a, _c: _Money(bag.shop, bag.shop_currency),
    },
    "Order": {
        "billingAddress": _attribute("billing"),
        "currencyCode": _attribute("currency"),
        "currentSubtotalPriceSet": _attribute("current_subtotal"),
        "currentTotalPriceSet": _attribute("current_total"),
        "currentTotalTaxSet": _attribute("current_tax"),
        "displayFinancialStatus": _attribute("financial_status"),
        "displayFulfillmentStatus": _attribute("fulfillment_status"),
        "lineItems": lambda order, arguments, call: page_of(order.lines, arguments, call),
        "paymentGatewayNames": _attribute("gateways"),
        "presentmentCurrencyCode": _attribute("buyer_currency"),
        "purchasingEntity": _purchaser,
        "subtotalPriceSet": _attribute("subtotal"),
        "taxLines": _attribute("order_taxes"),
        "totalDiscountsSet": _attribute("total_discounts"),
        "totalOutstandingSet": _attribute("outstanding"),
        "totalPriceSet": _attribute("total"),
        "totalReceivedSet": _attribute("received"),
        "totalRefundedSet": _attribute("refunded"),
        "totalShippingPriceSet": _attribute("shipping"),
        "totalTaxSet": _attribute("total_tax"),
    },
    "Product": {
        "media": lambda product, arguments, call: page_of(product.media, arguments, call),
        "priceRangeV2": _price_range,
        "totalInventory": lambda product, _a, _c: sum(variant.stock for variant in product.variants),
        "tracksInventory": lambda product, _a, _c: any(variant.item.tracked for variant in product.variants),
        "variants": _product_variants,
    },
    "ProductVariant": {
        "displayName": lambda variant, _a, _c: f"{variant.product.title} - {variant.title}",
        "inventoryItem": _attribute("item"),
        "inventoryPolicy": _attribute("policy"),
        "inventoryQuantity": _attribute("stock"),
        "metafield": _metafields.find_metafield,
        "selectedOptions": _options,
    },
    "Weight": {"value": lambda weight, _a, _c: float(weight.value)},
    "TaxLine": {"priceSet": _attribute("amount"), "rate": lambda tax, _a, _c: float(tax.rate)},
    "WebhookSubscription": {"apiVersion": _api_version},
}


def _print_moment(moment: datetime) -> str:
    # Whole seconds, although the shop keeps more: the border record of a filter comes again.
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


_PRINTS: Mapping[str, Callable[[Any], Any]] = {
    "DateTime": _print_moment,
    "Decimal": decimal_text,
    # Prices are stored with all minor digits, and printed with them.
    "Money": lambda amount: format(amount, "f"),
    "UnsignedInt64": str,
}


def make_runner(schema: GraphQLSchema) -> Runner:
    """The resolvers of every type; `id` shows the gid, `legacyResourceId` the bare number."""
    resolvers: dict[str, dict[str, Resolver]] = {}
    for name, type_ in schema.type_map.items():
        if not is_object_type(type_) or name.startswith("__"):
            continue
        known = dict(_FIELDS.get(name, {}))
        if "id" in type_.fields:
            known["id"] = _attribute("gid")
        if "legacyResourceId" in type_.fields:
            known["legacyResourceId"] = _attribute("id")
        resolvers[name] = known
    return Runner(schema=schema, resolvers=resolvers, prints=_PRINTS, type_of=attrgetter("kind"), denied=denied)
