from __future__ import annotations

import pytest


def _bulk(shop, *rows):
    return shop.post("/products/quantities/bulk", {"products": list(rows)})


def _row(sku="SKU-00001", quantity=5, **more):
    return {"identifer_type": "sku", "identifer": sku, "quantity": quantity, **more}


def test_overwrite_increment_decrement(shop):
    """201 with a message and no result per row; modes act on the number; null mode is overwrite."""
    answer = _bulk(shop, _row(quantity=10, mode=None))
    assert answer.status_code == 201
    assert set(answer.json()["data"]) == {"message", "code"}
    _bulk(shop, _row(quantity=4, mode="increment"))
    _bulk(shop, _row(quantity=1, mode="decrement"))
    assert shop.quantities()["SKU-00001"]["quantity"] == 13


def test_rows_by_id_and_variant_id(shop):
    """All three identifier types; the product's row and the variant's."""
    rows = shop.quantities()
    one, variant = rows["SKU-00001"], rows["SKU-00003-M"]
    _bulk(
        shop,
        {"identifer_type": "id", "identifer": str(one["id"]), "quantity": 1},
        {"identifer_type": "variant_id", "identifer": str(variant["sku_id"]), "quantity": 2},
        _row("SKU-00003-S", 3),
    )
    rows = shop.quantities()
    assert [rows[sku]["quantity"] for sku in ("SKU-00001", "SKU-00003-M", "SKU-00003-S")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (
            {"identifier_type": "sku", "identifier": "SKU-00001", "quantity": 1},
            {"products.0.identifer_type", "products.0.identifer"},
        ),
        ({"identifer_type": "sku", "identifer": "SKU-00001"}, {"products.0.quantity"}),
        (_row(mode="replace"), {"products.0.mode"}),
        (_row(quantity=1.5), {"products.0.quantity"}),
        (_row(branch=1), {"products.0.branch"}),
        (_row(identifer_type="barcode"), {"products.0.identifer_type"}),
    ],
)
def test_a_bad_row_refuses_the_whole_call(shop, row, fields):
    """The right spelling of the key is the wrong one; no row of a refused call is carried out."""
    before = shop.quantities()["SKU-00002"]
    answer = _bulk(shop, row, _row("SKU-00002", 99))
    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == fields
    assert shop.quantities()["SKU-00002"] == before


def test_a_bulk_write_is_queued(open_shop):
    """With a delay the old number is read until the sandbox clock has passed it."""
    shop = open_shop(extra={"bulk_delay": "120"})
    before = shop.quantities()["SKU-00001"]
    _bulk(shop, _row(quantity=before["quantity"] + 1))
    shop.clock.advance(119)
    assert shop.quantities()["SKU-00001"] == before
    assert shop.raw("GET", "/_sandbox/state").json()["bulk_waiting"] == 1
    shop.clock.advance(1)
    assert shop.quantities()["SKU-00001"]["quantity"] == before["quantity"] + 1


def test_unknown_rows_are_lost_without_a_word_or_refused(open_shop):
    """Not known which, hence a switch."""
    assert _bulk(open_shop(), _row("NOPE")).status_code == 201
    refused = _bulk(open_shop(extra={"bulk_unknown": "refuse"}), _row("NOPE"))
    assert set(refused.json()["error"]["fields"]) == {"products.0.identifer"}


@pytest.mark.parametrize(("how", "expected"), [("clamp", 0), ("keep", -9_000), ("skip", None)])
def test_below_zero(open_shop, how, expected):
    """Clamped, kept or not carried out."""
    shop = open_shop(extra={"bulk_negative": how})
    before = shop.quantities()["SKU-00001"]["quantity"]
    _bulk(shop, _row(quantity=before + 9_000, mode="decrement"))
    assert shop.quantities()["SKU-00001"]["quantity"] == (before if expected is None else expected)


def test_the_unlimited_flag(open_shop):
    """A number alone leaves it unless switched; `false` with the number clears it; `true` sets it."""
    shop = open_shop()
    _bulk(shop, _row("SKU-00005", 7))
    row = shop.quantities()["SKU-00005"]
    assert (row["quantity"], row["unlimited_quantity"]) == (7, True)
    _bulk(shop, _row("SKU-00005", 7, unlimited_quantity=False))
    assert shop.quantities()["SKU-00005"]["unlimited_quantity"] is False
    _bulk(shop, _row("SKU-00001", 7, unlimited_quantity=True))
    assert shop.quantities()["SKU-00001"]["unlimited_quantity"] is True
    other = open_shop(extra={"number_clears_unlimited": "true"})
    _bulk(other, _row("SKU-00005", 7))
    assert other.quantities()["SKU-00005"]["unlimited_quantity"] is False


def test_branches_hold_their_own_numbers(open_shop):
    """`branch=` reads one, without it the sum or the default branch; a row may name the branch as text."""
    shop = open_shop(extra={"branches": "3"})
    branches = shop.data("/branches")
    assert [b["is_default"] for b in branches] == [True, False, False]
    assert [b["status"] for b in branches] == ["active", "active", "inactive"]
    assert len(shop.data("/branches", is_default="true")) == 1
    ids = [b["id"] for b in branches]
    _bulk(shop, _row(quantity=4, branch=str(ids[1])), _row(quantity=3, branch=ids[2]), _row(quantity=2))
    assert [shop.quantities(branch=id_)["SKU-00001"]["quantity"] for id_ in ids] == [2, 4, 3]
    assert shop.quantities()["SKU-00001"]["quantity"] == 9
    assert shop.get("/products/quantities", branch=1).status_code == 400
    other = open_shop(extra={"branches": "3", "quantities_total": "default_branch", "bulk_branch_id": "true"})
    _bulk(other, _row(quantity=4, branch_id=ids[1]), _row(quantity=2))
    assert other.quantities()["SKU-00001"]["quantity"] == 2
    assert other.quantities(branch=ids[1])["SKU-00001"]["quantity"] == 4


def test_too_many_rows_and_no_rows(shop):
    """The cap is a guess of the sandbox's, and a switch."""
    assert set(_bulk(shop, *[_row()] * 101).json()["error"]["fields"]) == {"products"}
    assert set(_bulk(shop).json()["error"]["fields"]) == {"products"}


def test_the_quantities_list_may_ignore_per_page(open_shop):
    """The generic rule is not confirmed for this list."""
    shop = open_shop(extra={"quantities_per_page": "ignored"})
    assert shop.get("/products/quantities", per_page=60).json()["pagination"]["perPage"] == 15


def test_the_audit_list(shop):
    """Newest first, whole-number cursor, dates without time; its last `next` names the page itself."""
    old = shop.quantities()["SKU-00001"]["quantity"]
    for quantity in range(20):
        _bulk(shop, _row(quantity=quantity))
    answer = shop.get("/products/quantities/audit").json()
    assert answer["cursor"] == {"current": 1, "previous": 0, "next": 2, "count": 15}
    assert (answer["data"][0]["new_quantity"], answer["data"][0]["old_quantity"]) == (19, 18)
    assert len(answer["data"][0]["created_at"]) == 10
    last = shop.get("/products/quantities/audit", page=2).json()
    assert last["cursor"] == {"current": 2, "previous": 1, "next": 2, "count": 5}
    assert last["data"][-1]["old_quantity"] == old


def test_whether_stock_moves_updated_at(open_shop):
    """By default a quantity leaves the product's time alone."""
    for switch, moved in (("false", False), ("true", True)):
        shop = open_shop(extra={"stock_touches_updated_at": switch})
        before = shop.data("/products/sku/SKU-00001")["updated_at"]
        _bulk(shop, _row())
        assert (shop.data("/products/sku/SKU-00001")["updated_at"] != before) is moved


def test_a_merchant_may_make_a_quantity_unknown(shop):
    """The change route sets numbers, null and the flag, and refuses nonsense."""
    branch = shop.data("/branches")[0]["id"]
    shop.control.change("stock", sku="SKU-00001", quantity=None, branch=branch)
    assert shop.quantities()["SKU-00001"]["quantity"] is None
    for bad in ({"sku": "NOPE", "quantity": 1}, {"quantity": 1}, {"sku": "SKU-00001", "quantity": "1"}):
        assert shop.raw("POST", "/_sandbox/change", json={"kind": "stock", **bad}).status_code == 400


def test_a_large_store_is_cheap_to_read(open_shop):
    """The last page of 10,000 products costs what the first one does: no list is made anew for a page."""
    shop = open_shop(records=10_000)
    assert shop.get("/products", per_page=60, page=167).json()["pagination"]["count"] == 40
    store_list = shop.get("/products/quantities", page=2).json()
    assert store_list["pagination"]["total"] > 10_000
