"""`/products/quantities*` and `/branches`."""

from __future__ import annotations

from starlette.responses import Response

from pullpush_salla.sandbox import views_catalog
from pullpush_salla.sandbox.bulk import BulkRow, find_row
from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.wire import ApiError, command, ok, page_numbers, paged, truth

__all__ = ["ENDPOINTS"]

# The platform's spelling, without the second "i". The right one is an unknown key to it.
_KIND, _NAME = "identifer_type", "identifer"
_PER_PAGE = 15


def _branch_filter(call: Call) -> int | None:
    raw = call.query.get("branch")
    if raw is None:
        return None
    if not raw.isdecimal() or int(raw) not in call.store.branches:
        raise ApiError(400, ("الفرع غير موجود", "The branch filter is not valid"), code="bad_request")
    return int(raw)


def _quantities(call: Call) -> Response:
    branch = _branch_filter(call)
    ignored = call.platform.switches.quantities_per_page == "ignored"
    return paged(
        call.store.stock_rows(),
        lambda row: views_catalog.quantity_row(call.store, row, branch, call.lang),
        call.query,
        path="/products/quantities",
        past_end=call.platform.switches.past_last_page,
        per_page=_PER_PAGE if ignored else None,
        link_host="https://dashboard.test/admin/v2",
    )


def _audit(call: Call) -> Response:
    """Newest first, a cursor of whole numbers instead of a pagination block; `next` repeats the last page."""
    page, size = page_numbers(call.query)
    branch = _branch_filter(call)
    keyword = call.query.get("keyword", "").casefold()
    rows = [
        entry
        for entry in reversed(call.store.audit)
        if (keyword in (entry.row[0].sku or "").casefold() or keyword in entry.row[0].name[0])
        and branch in (None, entry.branch)
    ]
    part = rows[(page - 1) * size : page * size]
    following = page + 1 if page * size < len(rows) else page
    cursor = {"current": page, "previous": page - 1, "next": following, "count": len(part)}
    return ok([views_catalog.audit_row(entry, call.lang) for entry in part], cursor=cursor)


def _bulk(call: Call) -> Response:
    """Check every row, queue them all or none, and promise nothing."""
    check = Check(call.body)
    check.required("products")
    given = check.rows("products")
    most = call.platform.switches.bulk_max_rows
    if most and len(given) > most:
        check.fail("products", (f"الحد الأعلى {most} صف", f"The products may not have more than {most} rows"))
    rows = [_bulk_row(call, check.nested(f"products.{i}", row)) for i, row in enumerate(given)]
    check.done()
    call.platform.bulk.add([row for row in rows if row is not None])
    words = ("تمت جدولة تحديث الكميات", "The quantities have been queued for update; it may take several minutes")
    return command(words, call.lang)


def _bulk_row(call: Call, row: Check) -> BulkRow | None:
    row.required(_KIND, _NAME, "quantity")
    kind = row.choice(_KIND, ("id", "variant_id", "sku"))
    quantity = row.whole("quantity")
    mode = row.choice("mode", ("overwrite", "increment", "decrement")) or "overwrite"
    unlimited = row.flag("unlimited_quantity")
    use_other = call.platform.switches.bulk_branch_id and not row.has("branch")
    branch = row.whole("branch_id" if use_other else "branch")
    reason = row.whole("reason_id")
    if branch is not None and branch not in call.store.branches:
        row.fail("branch", ("الفرع غير موجود", "The branch does not exist"))
    name = str(row.body.get(_NAME, ""))
    refuses = call.platform.switches.bulk_unknown == "refuse"
    if refuses and kind and name and find_row(call.store, kind, name) is None:
        row.fail(_NAME, ("المنتج غير موجود", "The product does not exist"))
    if kind is None or quantity is None:
        return None
    return BulkRow(
        kind=kind,
        identifier=name,
        quantity=quantity,
        mode=mode,
        branch=branch or call.store.default_branch.id,
        unlimited=unlimited,
        reason="" if reason is None else str(reason),
    )


def _branches(call: Call) -> Response:
    rows = list(call.store.branches.values())
    if (is_default := call.query.get("is_default")) is not None:
        rows = [b for b in rows if b.is_default == truth(is_default)]
    if keyword := call.query.get("keyword"):
        rows = [b for b in rows if any(keyword.casefold() in name.casefold() for name in b.name)]
    return paged(
        rows,
        lambda b: views_catalog.branch(b, call.lang),
        call.query,
        path="/branches",
        past_end=call.platform.switches.past_last_page,
    )


ENDPOINTS = (
    Endpoint("GET", "/products/quantities", "products", _quantities),
    Endpoint("GET", "/products/quantities/audit", "products", _audit),
    Endpoint("POST", "/products/quantities/bulk", "products", _bulk),
    Endpoint("GET", "/branches", "branches", _branches),
)
