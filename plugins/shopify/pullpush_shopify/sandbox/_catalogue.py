"""Products: create or replace as a whole, and the smaller updates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_shopify.sandbox._call import Call, UserError, payload
from pullpush_shopify.sandbox._execute import Resolver
from pullpush_shopify.sandbox._inventory import set_available, weight_from
from pullpush_shopify.sandbox._metafields import check_metafields, write_metafields
from pullpush_shopify.sandbox._model import Item, Level, Product, Variant
from pullpush_shopify.sandbox._money import ZERO, to_minor

__all__ = ["MUTATIONS", "create_product"]

_MAX_OPTIONS = 3
_MAX_VARIANTS = 2048
_MAX_QUANTITIES = 50_000
_DEFAULT = [("Title", "Default Title")]
_TEXTS = {"title": "title", "descriptionHtml": "description_html", "vendor": "vendor", "productType": "product_type"}


@attrs.frozen(kw_only=True)
class _Operation:
    gid: str
    status: str
    product: Product | None
    user_errors: list[UserError]


def _set_product(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given = arguments["input"]
    product, errors = _find_product(arguments.get("identifier"), given, call)
    errors = errors or _check_set(given, product, call)
    if errors:
        return payload(product=None, product_set_operation=None, user_errors=errors)
    if product is None:
        product = create_product(given, call)
    else:
        _write_product(product, given, call)
        if given.get("variants") is not None:
            _replace_variants(product, given["variants"], call)
        _publish(product, call, is_new=False)
    call.log_write("product", product=product.gid, handle=product.handle, mutation=call.mutation)
    if arguments["synchronous"]:
        return payload(product=product, product_set_operation=None)
    gid = f"gid://shopify/ProductSetOperation/{call.store.new_id('ProductSetOperation')}"
    operation = _Operation(gid=gid, status="CREATED", product=None, user_errors=[])
    return payload(product=None, product_set_operation=operation)


def create_product(given: Mapping[str, Any], call: Call) -> Product:
    """A new product of a `ProductSetInput` that was checked, held by the store."""
    product = _new_product(given, call)
    _write_product(product, given, call)
    _replace_variants(product, given.get("variants") or [{"optionValues": []}], call)
    _publish(product, call, is_new=True)
    return product


def _find_product(
    identifier: Mapping[str, Any] | None, given: Mapping[str, Any], call: Call
) -> tuple[Product | None, list[UserError]]:
    """The product that is meant, None for a new one."""
    at = ["input"]
    if identifier is None:
        if not given.get("id"):
            return None, []
        product = call.store.by_gid("Product", given["id"])
        message = "Product does not exist"
        return product, [] if product else [UserError([*at, "id"], message, "PRODUCT_DOES_NOT_EXIST")]
    if given.get("id"):
        message = "The id field is not allowed if identifier is provided."
        return None, [UserError(at, message, "ID_NOT_ALLOWED")]
    if identifier.get("id"):
        product = call.store.by_gid("Product", identifier["id"])
        message = "Resource matching the identifier was not found."
        return product, [] if product else [UserError(at, message, "NOT_FOUND")]
    handle = identifier.get("handle")
    if given.get("handle") is None:
        message = "The input field corresponding to the identifier is required."
        return None, [UserError(at, message, "MISSING_FIELD_REQUIRED")]
    if given["handle"] != handle:
        message = "The identifier value does not match the value of the corresponding field in the input."
        return None, [UserError(at, message, "INPUT_MISMATCH")]
    return _by_handle(handle, call), []


def _by_handle(handle: str, call: Call) -> Product | None:
    return next((each for each in call.store.products.values() if each.handle == handle), None)


def _check_set(given: Mapping[str, Any], product: Product | None, call: Call) -> list[UserError]:
    at = ["input"]
    if not (given.get("title") if product is None else given.get("title", "given")):
        return [UserError([*at, "title"], "Title can't be blank", "INVALID_PRODUCT")]
    holder = _by_handle(given["handle"], call) if given.get("handle") else None
    if holder is not None and holder is not product:
        message = f"Handle '{given['handle']}' already in use. Please provide a new handle."
        return [UserError([*at, "handle"], message, "HANDLE_NOT_UNIQUE")]
    options, variants = given.get("productOptions"), given.get("variants")
    if options is not None and len(options) > _MAX_OPTIONS:
        message = f"The number of options must be at most {_MAX_OPTIONS}."
        return [UserError([*at, "productOptions"], message, "OPTIONS_OVER_LIMIT")]
    if options is not None and variants is None:
        message = "Variants input is required when updating product options"
        return [UserError([*at, "variants"], message, "VARIANTS_INPUT_MISSING")]
    if variants is None:
        return []
    if options is None and product is None:
        message = "Product options input is required when updating variants"
        return [UserError([*at, "productOptions"], message, "PRODUCT_OPTIONS_INPUT_MISSING")]
    return _check_variants(variants, product, call)


def _check_variants(variants: list[Mapping[str, Any]], product: Product | None, call: Call) -> list[UserError]:
    at = ["input", "variants"]
    if len(variants) > _MAX_VARIANTS:
        return [UserError(at, f"A product has at most {_MAX_VARIANTS} variants.", "VARIANTS_OVER_LIMIT")]
    if sum(len(each.get("inventoryQuantities") or ()) for each in variants) > _MAX_QUANTITIES:
        message = f"At most {_MAX_QUANTITIES} inventory quantities are allowed."
        return [UserError(at, message, "INVENTORY_QUANTITIES_LIMIT_EXCEEDED")]
    own = {variant.gid: variant for variant in product.variants} if product else {}
    errors, seen = [], set()
    for index, each in enumerate(variants):
        here = [*at, str(index)]
        if each.get("id") and each["id"] not in own:
            errors.append(UserError(here, "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST"))
        if each.get("price") is not None and each["price"] < 0:
            errors.append(UserError([*here, "price"], "Price must be greater than or equal to 0", "INVALID_VARIANT"))
        errors += check_metafields(own.get(each.get("id") or ""), each, here, "INVALID_METAFIELD")
        options = tuple(_options(each))
        if options in seen:
            message = "Variants must be unique by their option values."
            errors.append(UserError(here, message, "INVALID_VARIANT"))
        seen.add(options)
        for quantity in each.get("inventoryQuantities") or ():
            if call.store.by_gid("Location", quantity["locationId"]) is None:
                message = "The specified location could not be found."
                errors.append(UserError([*here, "inventoryQuantities"], message, "INVALID_INPUT"))
    return errors


def _new_product(given: Mapping[str, Any], call: Call) -> Product:
    now = call.store.now()
    handle = given.get("handle") or _handle_from(given["title"], call)
    product = Product(
        id=call.store.new_id("Product"), created_at=now, updated_at=now, handle=handle, title=given["title"]
    )
    product.vendor = call.store.shop
    call.store.products[product.id] = product
    call.store.changed(product, is_new=True)
    return product


def _handle_from(title: str, call: Call) -> str:
    plain = re.sub(r"[^\w]+", "-", title.casefold()).strip("-") or "product"
    handle, number = plain, 0
    while _by_handle(handle, call) is not None:
        number += 1
        handle = f"{plain}-{number}"
    return handle


def _write_product(product: Product, given: Mapping[str, Any], call: Call) -> None:
    call.store.changed(product)
    for name, attribute in _TEXTS.items():
        if given.get(name) is not None:
            setattr(product, attribute, given[name])
    if given.get("handle"):
        product.handle = given["handle"]
    if given.get("tags") is not None:
        product.tags = sorted(set(given["tags"]))
    if given.get("status") is not None:
        product.status = given["status"]


def _options(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = [(each.get("optionName") or "Title", each.get("name") or "") for each in given["optionValues"]]
    return named or _DEFAULT


def _replace_variants(product: Product, variants: list[Mapping[str, Any]], call: Call) -> None:
    """The given list becomes the product's whole list: what is not in it is deleted."""
    kept: list[Variant] = []
    for position, given in enumerate(variants, 1):
        variant = _match_variant(product, given, kept)
        is_new = variant is None
        if variant is None:
            variant = _new_variant(product, given, call)
        variant.options = _options(given)
        variant.title = " / ".join(value for _, value in variant.options)
        variant.position = position
        _write_variant(variant, given, call)
        write_metafields(variant, given, call, whole=True)
        if is_new:
            call.store.add_variant(variant)
            call.store.emit("inventory_items/create", variant.item)
        kept.append(variant)
        for quantity in given.get("inventoryQuantities") or ():
            _write_quantity(variant, quantity, call)
    for variant in product.variants:
        if variant not in kept:
            call.store.drop_variant(variant)
            call.store.emit("inventory_items/delete", variant.item)
    product.variants = kept


def _match_variant(product: Product, given: Mapping[str, Any], kept: list[Variant]) -> Variant | None:
    for variant in product.variants:
        if variant in kept:
            continue
        if given.get("id") == variant.gid or (not given.get("id") and variant.options == _options(given)):
            return variant
    return None


def _new_variant(product: Product, given: Mapping[str, Any], call: Call) -> Variant:
    store, now = call.store, call.store.now()
    item = Item(id=store.new_id("InventoryItem"), created_at=now, updated_at=now, sku=given.get("sku"), tracked=False)
    variant = Variant(
        id=store.new_id("ProductVariant"),
        created_at=now,
        updated_at=now,
        product=product,
        item=item,
        title="",
        price=ZERO,
        position=0,
    )
    item.variant = variant
    store.changed(item, is_new=True)
    # A new item is stocked at the shop's first location, not counted.
    first = next(iter(store.locations.values()))
    item.levels[first.id] = Level(id=item.id, created_at=now, updated_at=now, item=item, location=first, counted_at=now)
    return variant


def _write_variant(variant: Variant, given: Mapping[str, Any], call: Call) -> None:
    store, item = call.store, variant.item
    store.changed(variant, sku=item.sku)
    if given.get("price") is not None:
        variant.price = to_minor(given["price"], store.currency)
    if "compareAtPrice" in given:
        wanted = given["compareAtPrice"]
        variant.compare_at_price = None if wanted is None else to_minor(wanted, store.currency)
    if "barcode" in given:
        variant.barcode = given["barcode"]
    if given.get("inventoryPolicy") is not None:
        variant.policy = given["inventoryPolicy"]
    if given.get("taxable") is not None:
        variant.taxable = given["taxable"]
    below = given.get("inventoryItem") or {}
    sku = below.get("sku", given.get("sku", item.sku))
    if sku != item.sku or below.get("tracked") not in (None, item.tracked):
        store.changed(item)
        store.set_sku(item, sku)
        item.tracked = item.tracked if below.get("tracked") is None else below["tracked"]
        store.emit("inventory_items/update", item)
    if below.get("measurement"):
        item.weight = weight_from(below["measurement"])


def _write_quantity(variant: Variant, given: Mapping[str, Any], call: Call) -> None:
    location = call.store.by_gid("Location", given["locationId"])
    level = variant.item.levels.get(location.id)
    sold = level.sold if level is not None else 0
    available = given["quantity"] - (sold if given["name"] == "on_hand" else 0)
    delta = set_available(call, variant.item, location, available, active=True)
    call.log_write(
        "inventory",
        item=variant.item.gid,
        sku=variant.sku,
        location=location.gid,
        name=given["name"],
        quantity=given["quantity"],
        expected=None,
        delta=delta,
        mutation=call.mutation,
        key=None,
    )


def _publish(product: Product, call: Call, *, is_new: bool) -> None:
    call.store.emit("products/create" if is_new else "products/update", product)


def _update_product(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given = arguments.get("product") or {}
    product = call.store.by_gid("Product", given.get("id") or "")
    if product is None:
        return payload(product=None, user_errors=[UserError(["id"], "Product does not exist")])
    if given.get("title", "given") in ("", None):
        return payload(product=product, user_errors=[UserError(["title"], "Title can't be blank")])
    holder = _by_handle(given["handle"], call) if given.get("handle") else None
    if holder is not None and holder is not product:
        message = f"Handle '{given['handle']}' already in use. Please provide a new handle."
        return payload(product=product, user_errors=[UserError(["handle"], message)])
    _write_product(product, given, call)
    _publish(product, call, is_new=False)
    call.log_write("product", product=product.gid, handle=product.handle, mutation=call.mutation)
    return payload(product=product)


def _create_variants(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    product = call.store.by_gid("Product", arguments["productId"])
    if product is None:
        error = UserError(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return payload(product=None, product_variants=None, user_errors=[error])
    errors = _check_new(arguments["variants"], product)
    if errors:
        return payload(product=product, product_variants=None, user_errors=errors)
    call.store.changed(product)
    made = []
    for given in arguments["variants"]:
        variant = _new_variant(product, given, call)
        variant.options, variant.position = _options(given), len(product.variants) + 1
        variant.title = " / ".join(value for _, value in variant.options)
        _write_variant(variant, given, call)
        write_metafields(variant, given, call, whole=True)
        call.store.add_variant(variant)
        call.store.emit("inventory_items/create", variant.item)
        product.variants.append(variant)
        call.log_write("variant", variant=variant.gid, sku=variant.sku, mutation=call.mutation)
        made.append(variant)
    _publish(product, call, is_new=False)
    return payload(product=product, product_variants=made)


def _check_new(variants: list[Mapping[str, Any]], product: Product) -> list[UserError]:
    names = [name for name, _ in product.variants[0].options]
    taken = {tuple(variant.options) for variant in product.variants}
    errors = []
    for index, given in enumerate(variants):
        at = ["variants", str(index)]
        options = tuple(_options({"optionValues": given.get("optionValues") or []}))
        if [name for name, _ in options] != names:
            errors.append(UserError(at, "You need to add option values", "NEED_TO_ADD_OPTION_VALUES"))
        elif options in taken:
            shown = " / ".join(value for _, value in options)
            errors.append(UserError(at, f"The variant '{shown}' already exists.", "VARIANT_ALREADY_EXISTS"))
        taken.add(options)
    return errors


def _update_variants(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    product = call.store.by_gid("Product", arguments["productId"])
    if product is None:
        error = UserError(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return payload(product=None, product_variants=None, user_errors=[error])
    own = {variant.gid: variant for variant in product.variants}
    errors: list[UserError] = []
    good: list[tuple[Variant, Mapping[str, Any]]] = []
    for index, given in enumerate(arguments["variants"]):
        found = _check_update(given, own, ["variants", str(index)])
        errors += found
        if not found:
            good.append((own[given["id"]], given))
    if errors and not arguments["allowPartialUpdates"]:
        return payload(product=product, product_variants=None, user_errors=errors)
    for variant, given in good:
        _write_variant(variant, given, call)
        write_metafields(variant, given, call, whole=False)
        call.log_write("variant", variant=variant.gid, sku=variant.sku, mutation=call.mutation)
    if good:
        call.store.changed(product)
        _publish(product, call, is_new=False)
    return payload(product=product, product_variants=[variant for variant, _ in good], user_errors=errors)


def _check_update(given: Mapping[str, Any], own: Mapping[str, Variant], at: list[str]) -> list[UserError]:
    if not given.get("id"):
        return [UserError([*at, "id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")]
    if given["id"] not in own:
        return [UserError([*at, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")]
    if given.get("inventoryQuantities"):
        message = "Inventory quantities can only be provided during create."
        code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
        return [UserError([*at, "inventoryQuantities"], message, code)]
    if given.get("price") is not None and given["price"] < 0:
        message = "Price must be greater than or equal to 0"
        return [UserError([*at, "price"], message, "GREATER_THAN_OR_EQUAL_TO")]
    return check_metafields(own[given["id"]], given, at, "INVALID_VALUE")


MUTATIONS: Mapping[str, Resolver] = {
    "productSet": _set_product,
    "productUpdate": _update_product,
    "productVariantsBulkCreate": _create_variants,
    "productVariantsBulkUpdate": _update_variants,
}
