"""Rows that a platform keeps of every record in another list, and lists that stand beside records in an answer."""

import pytest

from pullpush_sdk.emulator import Exchange, Samples, emulate
from pullpush_sdk.emulator._inference import main_table
from pullpush_sdk.sandbox import SandboxOptions
from tests.emulator.test_platform_behaviour import ask, manifest

RESOURCES = {
    "products": {
        "canonical_type": "product",
        "list": {"path": "/products"},
        "response": {"records": "data"},
        "canonical_map": {"sku": "sku", "title": "name"},
    },
    "stock": {
        "canonical_type": "stocklevel",
        "list": {"path": "/stock"},
        "response": {"records": "data"},
        "canonical_map": {"sku": "sku", "quantity": {"path": "on_hand", "transform": "toNumberOrNull"}},
    },
}
PRODUCTS = [{"id": n, "sku": f"A-{n}", "name": f"Lamp {n}"} for n in (1, 2, 3)]
STOCK = [{"id": n + 6, "sku": f"A-{n}", "on_hand": 5 * n} for n in (1, 2, 3)]
LISTS = [
    Exchange(method="GET", path="/v1/products", body={"data": PRODUCTS}),
    Exchange(method="GET", path="/v1/stock", body={"data": STOCK}),
    Exchange(
        method="POST",
        path="/v1/products",
        sent={"sku": "A-3", "name": "Lamp 3"},
        status=201,
        body={"data": PRODUCTS[2]},
    ),
    Exchange(method="DELETE", path="/v1/products/3", status=204),
]


@pytest.fixture
def shop():
    return emulate(manifest(resources=RESOURCES), Samples(exchanges=tuple(LISTS)), SandboxOptions(records=3))


def stock_of(shop, sku):
    return [each for each in ask(shop, "GET", "/v1/stock").json()["data"] if each["sku"] == sku]


def test_a_product_that_is_made_has_a_row_of_stock_that_knows_nothing(shop):
    assert ask(shop, "POST", "/v1/products", json={"sku": "NEW", "name": "New"}).status_code == 201
    (row,) = stock_of(shop, "NEW")
    assert row["on_hand"] is None
    assert row["id"] not in (7, 8, 9)


def test_of_a_product_that_is_gone_nothing_stays(shop):
    assert stock_of(shop, "A-3")
    assert ask(shop, "DELETE", "/v1/products/3").status_code == 204
    assert not stock_of(shop, "A-3")


def test_errors_beside_records_are_no_list_of_records():
    beside = {"errors": [{"code": 0}, {"code": 1}], "result": {"orders": [{"id": 7}]}}
    assert main_table(Exchange(method="GET", path="/v1/orders", body=beside)) == ("result", "orders")
    assert main_table(Exchange(method="GET", path="/v1/errors", body={"errors": [{"code": 0}]})) == ("errors",)
