"""`/products` and below: reading, creating, editing, deleting, options, variants, images."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from pullpush_salla.sandbox import views_catalog
from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.records import Option, OptionValue, Product, Stock, Variant
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.store import Store
from pullpush_salla.sandbox.wire import ApiError, command, not_found, ok, page_numbers, paged
from pullpush_salla.sandbox.words import Words

__all__ = ["ENDPOINTS", "create_product", "edit_product"]

_TYPES = ("product", "service", "group_products", "codes", "digital", "food", "donating", "booking")
_STATUSES = ("sale", "out", "hidden")
_TAKEN: Words = ("قيمة SKU مستخدمة من قبل", "The SKU is already in use")
_GTIN_LENGTHS = (8, 12, 13, 14)


def _list(call: Call) -> Response:
    rows = call.store.listed("products", lambda: call.store.in_list_order(call.store.products.values()))
    query = call.query
    if keyword := query.get("keyword"):
        rows = [p for p in rows if _matches(p, keyword)]
    if status := query.get("status"):
        if status not in _STATUSES:
            raise ApiError(400, ("حالة غير صالحة", "The status filter is not valid"), code="bad_request")
        rows = [p for p in rows if p.status == status]
    if category := query.get("category"):
        rows = [p for p in rows if category.isdecimal() and int(category) in p.categories]
    if query.get("format") == "light":
        return _light(call, rows)
    return paged(
        rows,
        lambda p: views_catalog.product(call.store, p, call.lang),
        query,
        path="/products",
        past_end=call.platform.switches.past_last_page,
    )


def _matches(product: Product, keyword: str) -> bool:
    texts = (product.sku, *product.name, *(v.sku or "" for v in product.variants))
    return any(keyword.casefold() in text.casefold() for text in texts)


def _light(call: Call, rows: list[Product]) -> Response:
    """The cursor form: no pagination block, `next` a full address at another host."""
    page, size = page_numbers(call.query)
    start = _read_cursor(call.query["cursor"]) if "cursor" in call.query else (page - 1) * size
    part, end = rows[start : start + size], start + size
    cursor: dict[str, Any] = {"current": page, "next": None}
    if end < len(rows):
        opaque = base64.urlsafe_b64encode(f"after:{end}".encode()).decode().rstrip("=")
        address = f"http://api.salla.dev/admin/v2/products?format=light&per_page={size}"
        cursor["next"] = f"{address}&cursor={opaque}&page={page + 1}"
    data = [views_catalog.light_product(call.store, p, call.lang) for p in part]
    return ok(data, filters={}, cursor=cursor)


def _read_cursor(text: str) -> int:
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(decoded.removeprefix("after:"))
    except (ValueError, binascii.Error) as error:
        raise ApiError(400, ("مؤشر غير صالح", "The cursor is not valid"), code="bad_request") from error


def _by_id(call: Call) -> Product:
    product = call.store.products.get(call.params["product"])
    if product is None:
        raise not_found()
    return product


def _by_sku(call: Call) -> tuple[Product, Variant | None]:
    row = call.store.by_sku.get(call.params["sku"])
    if row is None:
        raise not_found()
    return row


def _shown(call: Call, product: Product, status: int = 200) -> Response:
    return ok(views_catalog.product(call.store, product, call.lang), status)


def _create(call: Call) -> Response:
    return _shown(call, create_product(call.store, call.body), 201)


def create_product(store: Store, body: Mapping[str, Any]) -> Product:
    """A new product; hidden until it has an image, `out` until it has a quantity.

    Raises:
        ApiError: 422.
    """
    check = Check(body)
    check.required("name", "price", "product_type")
    name, kind = check.text("name"), check.choice("product_type", _TYPES)
    fields = _read_fields(store, check, None)
    quantity, unlimited = check.whole("quantity"), check.flag("unlimited_quantity")
    images = check.rows("images")
    for i, image in enumerate(images):
        check.nested(f"images.{i}", image).required("original")
    options = check.rows("options")
    for i, one in enumerate(options):
        check.nested(f"options.{i}", one).required("name", "values")
    if "calories" in body and kind != "food":
        check.fail("calories", ("السعرات للمأكولات فقط", "Calories are for food only"))
    fields["sale_price"] = _sale(store, check, fields.get("regular_price"), fields.get("sale_price"))
    check.done()
    assert name is not None
    assert kind is not None
    product = Product(
        id=store.new_id(),
        number=len(store.products) + 1,
        name=(name, name),
        sku="",
        regular_price=0,
        stock=Stock(bool(unlimited), {store.default_branch.id: quantity}),
        updated_at=store.clock.now(),
        type=kind,
        status="sale" if quantity or unlimited else "out",
        images=len(images),
    )
    _write_fields(product, fields)
    for one in options:
        _add_option(store, product, one)
    if not images:
        product.waits_for_image, product.status = True, "hidden"
    store.add_product(product)
    return product


def _read_fields(store: Store, check: Check, product: Product | None) -> dict[str, Any]:
    """The fields that creating and updating share, by attribute; absent keys are absent."""
    sku, gtin = check.text("sku"), check.text("gtin")
    fields = {
        "regular_price": check.money("price"),
        "cost": check.money("cost_price"),
        "status": check.choice("status", _STATUSES),
        "sku": sku,
        "gtin": gtin,
        "mpn": check.text("mpn"),
        "description": check.text("description"),
        "sale_price": check.money("sale_price"),
        "notify_quantity": check.whole("notify_quantity"),
    }
    if sku:
        row = store.by_sku.get(sku)
        if row is not None and (product is None or row[0] is not product or row[1] is not None):
            check.fail("sku", _TAKEN)
    if gtin and (not gtin.isdecimal() or len(gtin) not in _GTIN_LENGTHS):
        check.fail("gtin", ("طول GTIN غير صالح", "The GTIN must have 8, 12, 13 or 14 digits"))
    return {key: value for key, value in fields.items() if value is not None}


def _sale(store: Store, check: Check, regular: int | None, sale: int | None) -> int | None:
    """The sale price that comes of these two; what becomes of one that is not below the regular price is a switch."""
    if not sale or regular is None or sale < regular or store.switches.sale_above_price == "kept":
        return sale
    if store.switches.sale_above_price == "refused":
        check.fail("sale_price", ("يجب أن يكون أقل من السعر", "The sale_price must be less than the price."))
    return None


def _write_fields(product: Product, fields: Mapping[str, Any]) -> None:
    for key, value in fields.items():
        if key == "description":
            product.description = (value, value)
        elif key == "sale_price":
            # Nought is how a client ends a sale.
            product.sale_price = value or None
        else:
            setattr(product, key, value)


def _update(call: Call) -> Response:
    return _shown(call, edit_product(call.store, _by_id(call), call.body, call.content_lang), 201)


def _update_by_sku(call: Call) -> Response:
    return _shown(call, edit_product(call.store, _by_sku(call)[0], call.body, call.content_lang), 201)


def edit_product(store: Store, product: Product, body: Mapping[str, Any], lang: str | None = None) -> Product:
    """Change what the body names; skipped keys stay. A quantity is ignored while the flag says unlimited.

    Raises:
        ApiError: 422.
    """
    check = Check(body)
    fields = _read_fields(store, check, product)
    name, quantity = check.text("name"), check.whole("quantity")
    unlimited = check.flag("unlimited_quantity")
    kind = check.choice("product_type", _TYPES)
    if kind and kind != product.type:
        check.fail("product_type", ("لا يمكن تغيير نوع المنتج", "The type of a product is fixed"))
    prices = (fields.get("regular_price", product.regular_price), fields.get("sale_price", product.sale_price))
    fields["sale_price"] = _sale(store, check, *prices)
    check.done()
    before = (product.price, product.regular_price, product.status)
    _write_fields(product, fields)
    if name:
        product.name = (name if lang in (None, "ar") else product.name[0], name if lang != "ar" else product.name[1])
    if unlimited is not None:
        product.stock.unlimited = unlimited
    events = ["product.updated"]
    if (product.price, product.regular_price) != before[:2]:
        events.append("product.price.updated")
    if product.status != before[2]:
        events.append("product.status.updated")
    store.touch_product(product, *events)
    if quantity is not None and not product.stock.unlimited:
        store.set_quantity((product, None), store.default_branch.id, quantity)
    return product


def _price_by_sku(call: Call) -> Response:
    product, variant = _by_sku(call)
    check = Check(call.body)
    check.required("price")
    target: Any = variant or product
    price, sale = check.money("price"), check.money("sale_price")
    sale = _sale(call.store, check, price, target.sale_price if sale is None else sale)
    check.done()
    if variant:
        variant.price = price
    else:
        product.regular_price = price or 0
    target.sale_price = sale or None
    call.store.touch_product(product, "product.updated", "product.price.updated")
    return _shown(call, product, 201)


def _delete(call: Call) -> Response:
    call.store.remove_product(_by_id(call))
    return command(("تم حذف المنتج", "The product was deleted"), call.lang, 202)


def _delete_by_sku(call: Call) -> Response:
    call.store.remove_product(_by_sku(call)[0])
    return command(("تم حذف المنتج", "The product was deleted"), call.lang, 202)


def _variants(call: Call) -> Response:
    product = _by_id(call)
    return paged(
        product.variants,
        lambda v: views_catalog.variant(call.store, product, v),
        call.query,
        path=f"/products/{product.id}/variants",
        past_end=call.platform.switches.past_last_page,
    )


def _variant_row(call: Call) -> tuple[Product, Variant]:
    product, variant = call.store.variants.get(call.params["variant"], (None, None))
    if product is None or variant is None:
        raise not_found()
    return product, variant


def _variant(call: Call) -> Response:
    product, variant = _variant_row(call)
    return ok(views_catalog.variant(call.store, product, variant))


_VARIANT_KEYS = ("sku", "barcode", "price", "sale_price", "cost_price", "stock_quantity", "weight", "mpn", "gtin")


def _update_variant(call: Call) -> Response:
    product, variant = _variant_row(call)
    store, check = call.store, Check(call.body)
    if not any(key in call.body for key in (*_VARIANT_KEYS, "quantities", "notify_low")):
        check.required(*_VARIANT_KEYS)
    texts = {key: check.text(key) for key in ("sku", "barcode", "mpn", "gtin")}
    amounts = {key: check.money(key) for key in ("price", "sale_price", "cost_price")}
    quantity = check.whole("stock_quantity")
    by_branch: list[tuple[int, int]] = []
    for i, given in enumerate(check.rows("quantities")):
        row = check.nested(f"quantities.{i}", given)
        row.required("branch", "quantity")
        branch, count = row.whole("branch"), row.whole("quantity")
        if branch is not None and branch not in store.branches:
            row.fail("branch", ("الفرع غير موجود", "The branch does not exist"))
        by_branch.append((branch or 0, count or 0))
    if texts["sku"] and store.by_sku.get(texts["sku"], (None, variant))[1] is not variant:
        check.fail("sku", _TAKEN)
    given = variant.sale_price if amounts["sale_price"] is None else amounts["sale_price"]
    regular = next((each for each in (amounts["price"], variant.price) if each is not None), product.price)
    sale = _sale(store, check, regular, given)
    check.done()
    renamed = {"cost_price": "cost"}
    for key, value in (texts | amounts).items():
        if value is not None:
            setattr(variant, renamed.get(key, key), value)
    variant.sale_price = sale or None
    if quantity is not None and not by_branch:
        by_branch = [(store.default_branch.id, quantity)]
    for branch, count in by_branch:
        store.set_quantity((product, variant), branch, count)
    variant.updated_at = store.clock.now()
    events = ["product.updated", *(["product.price.updated"] if amounts["price"] is not None else [])]
    store.touch_product(product, *events)
    return ok(views_catalog.variant(store, product, variant), 201)


def _create_option(call: Call) -> Response:
    product = _by_id(call)
    check = Check(call.body)
    check.required("name")
    for i, value in enumerate(check.rows("values")):
        check.nested(f"values.{i}", value).required("name")
    check.done()
    option = _add_option(call.store, product, call.body)
    call.store.touch_product(product, "product.updated")
    return ok(views_catalog.option(call.store, product, option, call.lang), 201)


def _add_option(store: Store, product: Product, given: Mapping[str, Any]) -> Option:
    """Add an option; the product's variants become every combination of all options' values."""
    values = []
    for value in given.get("values") or []:
        check = Check(value)
        name, price = str(value.get("name", "")), check.money("price")
        values.append(OptionValue(store.new_id(), (name, name), price or 0))
    name = str(given.get("name", ""))
    option = Option(store.new_id(), (name, name), values)
    product.options.append(option)
    product.variants = [
        Variant(
            id=store.new_id(),
            product_id=product.id,
            sku=None,
            values=tuple(value.id for value in combination),
            stock=Stock(product.stock.unlimited, {store.default_branch.id: None if product.stock.unlimited else 0}),
            updated_at=store.clock.now(),
        )
        for combination in itertools.product(*(one.values for one in product.options))
    ]
    return option


def _add_image(call: Call) -> Response:
    """One image a call, ten a product; a product that was hidden for want of one appears."""
    product = _by_id(call)
    if not any(marker in call.raw for marker in (b'name="photo"', b'name="original"', b'"original"')):
        check = Check({})
        check.required("photo")
        check.done()
    if product.images >= 10:
        check = Check({})
        check.fail("photo", ("الحد الأعلى عشر صور", "A product has at most ten images"))
        check.done()
    product.images += 1
    events = ["product.image.updated", "product.updated"]
    if product.waits_for_image:
        product.waits_for_image = False
        has_stock = product.stock.unlimited or call.store.quantity(product.stock, None)
        product.status = "sale" if has_stock else "out"
        events.append("product.status.updated")
    call.store.touch_product(product, *events)
    url = "https://cdn.example.com/picture.png"
    return ok({"id": call.store.new_id(), "image": {"original": {"url": url}}, "sort": product.images}, 201)


ENDPOINTS = (
    Endpoint("GET", "/products", "products", _list),
    Endpoint("POST", "/products", "products", _create),
    Endpoint("GET", "/products/{product:int}", "products", lambda call: _shown(call, _by_id(call))),
    Endpoint("PUT", "/products/{product:int}", "products", _update),
    Endpoint("DELETE", "/products/{product:int}", "products", _delete),
    Endpoint("GET", "/products/{product:int}/variants", "products", _variants),
    Endpoint("POST", "/products/{product:int}/options", "products", _create_option),
    Endpoint("POST", "/products/{product:int}/images", "products", _add_image, form=True),
    Endpoint("GET", "/products/variants/{variant:int}", "products", _variant),
    Endpoint("PUT", "/products/variants/{variant:int}", "products", _update_variant),
    # A SKU may hold a slash, so the longer address stands first.
    Endpoint("POST", "/products/sku/{sku:path}/price", "products", _price_by_sku),
    Endpoint("GET", "/products/sku/{sku:path}", "products", lambda call: _shown(call, _by_sku(call)[0])),
    Endpoint("PUT", "/products/sku/{sku:path}", "products", _update_by_sku),
    Endpoint("DELETE", "/products/sku/{sku:path}", "products", _delete_by_sku),
)
