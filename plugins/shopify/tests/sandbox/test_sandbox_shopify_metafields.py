"""Metafields of variants: the app's own namespace, what an input needs, replaced by productSet, added to by updates."""

from __future__ import annotations

from typing import Any

import pytest

SET = """mutation ($input: ProductSetInput!) { productSet(input: $input) {
  product { id variants(first: 5) { nodes { id } } } userErrors { code field } } }"""
UPDATE = """mutation ($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    productVariants { id inventoryItem { tracked } } userErrors { code field } } }"""
READ = """query ($id: ID!, $namespace: String, $key: String!) { productVariant(id: $id) {
  metafield(namespace: $namespace, key: $key) { id namespace key type value } } }"""
NOTE = {"namespace": "$app:notes", "key": "stock", "type": "single_line_text_field", "value": "unknown"}


def made(shop: Any, *metafields: dict[str, Any], **more: Any) -> Any:
    variant = {"optionValues": [{"optionName": "Title", "name": "Default Title"}], "sku": "A", **more}
    options = [{"name": "Title", "values": [{"name": "Default Title"}]}]
    given = {"title": "A", "productOptions": options, "variants": [{**variant, "metafields": list(metafields)}]}
    return shop.data(SET, input=given)["productSet"]


def ids(answer: Any) -> tuple[str, str]:
    return answer["product"]["id"], answer["product"]["variants"]["nodes"][0]["id"]


def test_the_apps_namespace_is_resolved_in_inputs_and_in_queries(make_shop: Any) -> None:
    shop = make_shop(records=0)
    _, variant = ids(made(shop, NOTE, {**NOTE, "namespace": "$app", "value": "own"}, {**NOTE, "namespace": "open"}))

    def read(namespace: str | None) -> Any:
        return shop.data(READ, id=variant, namespace=namespace, key="stock")["productVariant"]["metafield"]

    full = read("$app:notes")["namespace"]
    assert full.startswith("app--")
    assert full.endswith("--notes")
    assert read(full) == read("$app:notes")
    assert read(None) == read("$app")
    assert [read(name)["value"] for name in ("$app:notes", "$app", "open")] == ["unknown", "own", "unknown"]
    assert read("notes") is None
    assert shop.control.dump()["products"][0]["variants"][0]["metafields"][f"{full}.stock"] == "unknown"


def test_an_update_changes_what_it_names_and_counts_in_the_same_step(make_shop: Any) -> None:
    shop = make_shop(records=0)
    product, variant = ids(made(shop, NOTE, {**NOTE, "key": "other"}, inventoryItem={"tracked": False}))
    before = shop.data(READ, id=variant, namespace="$app:notes", key="stock")["productVariant"]["metafield"]
    change = {"id": variant, "inventoryItem": {"tracked": True}, "metafields": [{**NOTE, "value": "known"}]}
    for _ in range(2):
        done = shop.data(UPDATE, product=product, variants=[change])["productVariantsBulkUpdate"]
        assert done == {"productVariants": [{"id": variant, "inventoryItem": {"tracked": True}}], "userErrors": []}
    after = shop.data(READ, id=variant, namespace="$app:notes", key="stock")["productVariant"]["metafield"]
    assert after == {**before, "value": "known"}
    held = shop.control.dump()["products"][0]["variants"][0]["metafields"]
    assert sorted(held.values()) == ["known", "unknown"]


def test_product_set_deletes_the_metafields_that_it_does_not_list(make_shop: Any) -> None:
    shop = make_shop(records=0)
    product, variant = ids(made(shop, NOTE, {**NOTE, "key": "other"}))
    given = {"id": variant, "optionValues": [{"optionName": "Title", "name": "Default Title"}]}
    for metafields, left in (({}, 2), ({"metafields": [NOTE]}, 1), ({"metafields": []}, 0)):
        answer = shop.data(SET, input={"id": product, "variants": [{**given, **metafields}]})["productSet"]
        assert answer["userErrors"] == []
        assert len(shop.control.dump()["products"][0]["variants"][0]["metafields"]) == left


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("namespace", None),
        ("namespace", "ab"),
        ("key", "a"),
        ("key", "a b"),
        ("type", None),
        ("value", ""),
        ("value", None),
    ],
)
def test_a_new_metafield_needs_all_its_parts(make_shop: Any, field: str, value: str | None) -> None:
    shop = make_shop(records=0)
    place = ["variants", "0", "metafields", "0", field]
    answer = made(shop, {**NOTE, field: value})
    assert answer == {"product": None, "userErrors": [{"code": "INVALID_METAFIELD", "field": ["input", *place]}]}
    product, variant = ids(made(shop))
    change = {"id": variant, "price": "9", "metafields": [{**NOTE, field: value}]}
    errors = shop.data(UPDATE, product=product, variants=[change])["productVariantsBulkUpdate"]["userErrors"]
    assert errors == [{"code": "INVALID_VALUE", "field": place}]
    assert shop.control.dump()["products"][0]["variants"][0]["price"] == "0"
