from __future__ import annotations

import pytest

_NEW = {"name": "Lamp", "price": 43.5, "product_type": "product", "sku": "NEW-1"}


def _product(shop, sku):
    return shop.data(f"/products/sku/{sku}")


def _fields(answer):
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert (body["status"], body["success"]) == (422, False)
    assert (body["error"]["code"], body["error"]["message"]) == ("error", "alert.invalid_fields")
    return set(body["error"]["fields"])


def test_the_same_seed_gives_the_same_store(open_shop):
    """Two sandboxes agree in every record; another seed differs."""
    states = [open_shop(seed=seed).raw("GET", "/_sandbox/state").json() for seed in (1, 1, 2)]
    assert states[0] == states[1]
    assert states[0] != states[2]


def test_paging_covers_everything_once(shop):
    """Default 15 a page, at most 60, the last page says so, a page behind it is empty."""
    answer = shop.get("/products").json()
    block = answer["pagination"]
    assert (block["count"], block["total"], block["perPage"], block["currentPage"]) == (15, 50, 15, 1)
    assert block["totalPages"] == 4
    ids = [p["id"] for n in range(1, 5) for p in shop.get("/products", page=n).json()["data"]]
    assert len(set(ids)) == len(ids) == 50
    past = shop.get("/products", page=5).json()
    assert (past["data"], past["pagination"]["currentPage"]) == ([], 5)
    assert _fields(shop.get("/products", per_page=61)) == {"per_page"}
    assert _fields(shop.get("/products", page="x")) == {"page"}


def test_links_lead_elsewhere_or_are_empty_in_two_forms(open_shop):
    """Links name other hosts; without neighbours they are an object here and an array there."""
    shop = open_shop(records=2)
    assert shop.get("/products").json()["pagination"]["links"] == {}
    assert shop.get("/customers").json()["pagination"]["links"] == []
    links = shop.get("/products", per_page=1).json()["pagination"]["links"]
    assert links["next"].startswith("http://api.salla.dev/")


def test_a_page_behind_the_last_may_be_404(open_shop):
    """The platform's behaviour is unknown, hence a switch."""
    assert open_shop(extra={"past_last_page": "404"}).get("/products", page=99).status_code == 404


def test_an_empty_store(open_shop):
    """records=0: every list is empty with one page."""
    shop = open_shop(records=0)
    for path in ("/products", "/orders", "/customers", "/carts/abandoned", "/orders/invoices", "/products/quantities"):
        answer = shop.get(path).json()
        assert (answer["data"], answer["pagination"]["totalPages"]) == ([], 1)


def test_the_light_form_has_a_cursor_and_text_ids(shop):
    """No pagination block; following the cursor's token reads everything once and ends with null."""
    ids, query = [], {"format": "light", "per_page": 20}
    while True:
        answer = shop.get("/products", **query).json()
        assert "pagination" not in answer
        ids += [row["id"] for row in answer["data"]]
        following = answer["cursor"]["next"]
        if following is None:
            break
        query["cursor"] = following.split("cursor=")[1].split("&")[0]
        query["page"] = answer["cursor"]["current"] + 1
    assert len(set(ids)) == 50
    assert all(isinstance(id_, str) for id_ in ids)
    assert "skus" not in answer["data"][0]
    assert shop.get("/products", format="light", cursor="!").status_code == 400


def test_filters(shop):
    """keyword by name and SKU (variants included), status, category; a bad status is 400."""
    assert [p["sku"] for p in shop.data("/products", keyword="sku-00001")] == ["SKU-00001"]
    assert [p["id"] for p in shop.data("/products", keyword="SKU-00003-M")] == [_product(shop, "SKU-00003-M")["id"]]
    assert {p["status"] for p in shop.all("/products", status="hidden")} == {"hidden"}
    assert len(shop.all("/products", category=700000001)) == 10
    assert shop.get("/products", status="gone").status_code == 400


def test_every_kind_of_quantity_occurs(shop):
    """Counted, text, zero, null and unlimited with a misleading number, in product and row."""
    rows = shop.quantities()
    assert rows["SKU-00006"]["quantity"] == 0
    assert not rows["SKU-00006"]["unlimited_quantity"]
    assert rows["SKU-00007"]["quantity"] is None
    assert rows["SKU-00015"]["unlimited_quantity"]
    assert {rows[f"SKU-000{n}5"]["quantity"] for n in range(5)} == {0, 5, 412}
    text = _product(shop, "SKU-00004")["quantity"]
    assert isinstance(text, str)
    assert rows["SKU-00004"]["quantity"] == int(text)
    assert _product(shop, "SKU-00009")["status"] == "out"
    assert rows["SKU-00009"]["quantity"] > 0
    null_variant = shop.data("/products/sku/SKU-00013-S")["skus"][2]
    assert (null_variant["sku"], null_variant["stock_quantity"], null_variant["unlimited_quantity"]) == (
        None,
        None,
        True,
    )


def test_variants_are_rows_of_their_own(shop):
    """A product with options has an empty SKU, one row a variant, its own quantity is not their stock."""
    product = _product(shop, "SKU-00003-S")
    rows = [row for row in shop.all("/products/quantities") if row["id"] == product["id"]]
    assert product["sku"] == ""
    assert [row["sku_id"] for row in rows] == [sku["id"] for sku in product["skus"]]
    assert all(isinstance(row["price"], str) and row["variant"] for row in rows)
    assert product["quantity"] != sum(row["quantity"] for row in rows)
    variants = shop.data(f"/products/{product['id']}/variants")
    assert [v["id"] for v in variants] == [sku["id"] for sku in product["skus"]]
    assert variants[0]["updated_at"]["timezone"] == "Asia/Riyadh"


def test_a_running_sale_is_the_price(shop):
    """`price` equals `sale_price` while `regular_price` is higher; tax adds up."""
    product = _product(shop, "SKU-00002")
    assert product["price"] == product["sale_price"]
    assert product["regular_price"]["amount"] > product["price"]["amount"]
    cents = {k: round(product[k]["amount"] * 100) for k in ("taxed_price", "pre_tax_price", "tax")}
    assert cents["taxed_price"] == cents["pre_tax_price"] + cents["tax"]


def test_names_follow_the_language(shop):
    """Arabic by default, English on request, in records and in errors."""
    arabic = _product(shop, "SKU-00001")["name"]
    english = shop.english("GET", "/products/sku/SKU-00001").json()["data"]["name"]
    assert not arabic.isascii()
    assert english.isascii()
    assert shop.english("GET", "/products/1").json()["error"]["message"].isascii()
    assert not shop.get("/products/1").json()["error"]["message"].isascii()


def test_the_two_forms_of_404_and_405(shop):
    """A missing record has the code "error", an unknown path the number."""
    assert shop.get("/products/1").json()["error"]["code"] == "error"
    assert shop.get("/nothing").json()["error"]["code"] == 404
    assert shop.raw("DELETE", "/admin/v2/products").json()["error"]["code"] == 405


def test_creating_a_product(shop):
    """201; hidden until it has an image, `out` until it has a quantity; money to the last place."""
    answer = shop.post("/products", _NEW)
    assert answer.status_code == 201
    product = answer.json()["data"]
    assert (product["status"], product["price"]["amount"]) == ("hidden", 43.5)
    image = {"original": "http://127.0.0.1/x.png"}
    assert shop.post(f"/products/{product['id']}/images", image).status_code == 201
    assert _product(shop, "NEW-1")["status"] == "out"
    with_both = shop.post("/products", {**_NEW, "sku": "NEW-2", "quantity": 3, "images": [image]}).json()["data"]
    assert (with_both["status"], with_both["quantity"], with_both["is_available"]) == ("sale", 3, True)
    assert shop.get("/products").json()["data"][0]["sku"] == "NEW-2"


def test_options_make_variants(shop):
    """Every combination of option values becomes a variant, counted and empty."""
    body = {**_NEW, "sku": "", "options": [{"name": "Size", "values": [{"name": "S"}, {"name": "M", "price": 5}]}]}
    product = shop.post("/products", body).json()["data"]
    assert len(product["skus"]) == 2
    option = {"name": "Colour", "type": "radio", "values": [{"name": "red"}, {"name": "blue"}]}
    assert shop.post(f"/products/{product['id']}/options", option).status_code == 201
    variants = shop.data(f"/products/{product['id']}/variants")
    assert len({tuple(v["related_option_values"]) for v in variants}) == 4
    assert all(len(v["related_options"]) == 2 for v in variants)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "price", "product_type"}),
        ({**_NEW, "sku": "SKU-00001"}, {"sku"}),
        ({**_NEW, "sku": "SKU-00003-S"}, {"sku"}),
        ({**_NEW, "gtin": "12"}, {"gtin"}),
        ({**_NEW, "calories": 5}, {"calories"}),
        ({**_NEW, "images": [{}]}, {"images.0.original"}),
        ({**_NEW, "price": "x", "product_type": "thing"}, {"price", "product_type"}),
        ({**_NEW, "quantity": -1}, {"quantity"}),
        ({**_NEW, "price": -1}, {"price"}),
        ({**_NEW, "sku": 5, "gtin": 7}, {"sku", "gtin"}),
    ],
)
def test_refused_products_name_their_fields(shop, body, fields):
    """All fields at fault at once, and nothing is created."""
    assert _fields(shop.post("/products", body)) == fields
    assert len(shop.all("/products")) == 50


def test_bad_bodies_are_400(shop):
    """What is not a JSON object."""
    for content in (b"{", b"[]", b"5"):
        assert shop.raw("POST", "/admin/v2/products", content=content).status_code == 400


def test_updating_keeps_what_is_not_named(shop):
    """PUT by id and by SKU answer 201; a quantity is ignored while the flag says unlimited."""
    before = _product(shop, "SKU-00001")
    answer = shop.put(f"/products/{before['id']}", {"price": "12.34"})
    assert answer.status_code == 201
    after = answer.json()["data"]
    assert after["price"]["amount"] == 12.34
    assert (after["name"], after["quantity"]) == (before["name"], before["quantity"])
    assert after["updated_at"] > before["updated_at"]
    unlimited = shop.put("/products/sku/SKU-00005", {"quantity": 9}).json()["data"]
    assert unlimited["quantity"] != 9
    counted = shop.put("/products/sku/SKU-00005", {"quantity": 9, "unlimited_quantity": False}).json()["data"]
    assert (counted["quantity"], counted["unlimited_quantity"]) == (9, False)
    assert _fields(shop.put("/products/sku/SKU-00001", {"sku": "SKU-00002"})) == {"sku"}
    assert _fields(shop.put("/products/sku/SKU-00001", {"product_type": "food"})) == {"product_type"}
    assert shop.put("/products/sku/NOPE", {}).status_code == 404


def test_content_language_chooses_the_text(shop):
    """A name sent in English leaves the Arabic one."""
    arabic = _product(shop, "SKU-00001")["name"]
    shop.put("/products/sku/SKU-00001", {"name": "Bolt"}, headers={"Content-Language": "en"})
    assert _product(shop, "SKU-00001")["name"] == arabic
    assert shop.english("GET", "/products/sku/SKU-00001").json()["data"]["name"] == "Bolt"


def test_price_by_sku_reaches_the_variant(shop):
    """The variant's price changes, its product's does not."""
    before = _product(shop, "SKU-00003-M")
    assert shop.post("/products/sku/SKU-00003-M/price", {"price": 77}).status_code == 201
    after = _product(shop, "SKU-00003-M")
    assert after["skus"][1]["price"]["amount"] == 77
    assert after["price"] == before["price"]
    assert _fields(shop.post("/products/sku/SKU-00001/price", {})) == {"price"}


def test_updating_a_variant(shop):
    """`stock_quantity` means the default branch, `quantities` overrides it; nothing at all is 422."""
    variant = _product(shop, "SKU-00003-S")["skus"][0]
    path = f"/products/variants/{variant['id']}"
    assert shop.put(path, {"stock_quantity": 7, "barcode": "b"}).status_code == 201
    assert shop.data(path)["stock_quantity"] == 7
    assert shop.data(path)["barcode"] == "b"
    (branch,) = (b["id"] for b in shop.data("/branches"))
    shop.put(path, {"stock_quantity": 1, "quantities": [{"branch": branch, "quantity": 5}]})
    assert shop.data(path)["stock_quantity"] == 5
    assert "price" in _fields(shop.put(path, {}))
    assert _fields(shop.put(path, {"quantities": [{"branch": 1}]})) == {"quantities.0.branch", "quantities.0.quantity"}
    assert _fields(shop.put(path, {"sku": "SKU-00001"})) == {"sku"}


def test_deleting_frees_the_sku(shop):
    """202, then 404, and the SKU may be used again."""
    product = _product(shop, "SKU-00001")
    assert shop.raw("DELETE", f"/admin/v2/products/{product['id']}").status_code == 202
    assert shop.get("/products/sku/SKU-00001").status_code == 404
    assert shop.post("/products", {**_NEW, "sku": "SKU-00001"}).status_code == 201


def test_a_sku_may_hold_a_slash(shop):
    """Read, price and update by an escaped SKU."""
    shop.post("/products", {**_NEW, "sku": "A/1"})
    assert _product(shop, "A%2F1")["sku"] == "A/1"
    assert shop.post("/products/sku/A%2F1/price", {"price": 2}).status_code == 201
