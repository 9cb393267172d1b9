"""Decoding pages: reading only what maps need changes nothing but the cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pullpush_sdk.canonical import BUILT_IN, UNSET, dumps
from pullpush_sdk.errors import ContractError
from pullpush_sdk.mapping import DecodedPage, Functions, compile_map, full_decoder, parse_map, project

KINDS = {kind.name: kind for kind in BUILT_IN}


def decoded(document: dict[str, Any], page: Any, path: str = "$", extra: tuple[str, ...] = ()) -> DecodedPage:
    return project(parse_map(document)[0], records_path=path, extra=extra).decode(dumps(page))


def test_numbers_keep_every_digit() -> None:
    """Thirty digits survive both ways of decoding; a float never stands between."""
    text = b'[{"id":123456789012345678901234567890,"p":12345678901234567890.0123456789,"q":1.10,"skip":[1.5e3]}]'
    spec, _ = parse_map({"sku": "id", "price": "p", "costPrice": "q"})
    compiled = compile_map(spec, KINDS["product"], Functions())
    for decoder in (project(spec), full_decoder()):
        (record,) = compiled.many(decoder.decode(text).records, {}).records
        assert record.sku == "123456789012345678901234567890"
        assert str(record.price) == "12345678901234567890.0123456789"
        assert str(record.cost_price) == "1.10"


def test_only_what_is_read_is_decoded() -> None:
    page = decoded({"sku": "id", "title": "names[0].text"}, [{"id": "A", "names": [{"text": "N", "x": 1}], "y": 2}])
    assert page.projected
    (record,) = page.records
    assert len(record.__struct_fields__) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"sku": "id", "weight": {"compute": "size"}},
        {"sku": "$['a\"b']"},
        {"sku": "$[0]", "title": "a"},
        {"sku": "id", "extensions": "$"},
    ],
)
def test_what_cannot_be_projected_is_decoded_whole(document: dict[str, Any]) -> None:
    """A whole record, a key that a structure cannot name, or one place wanted as list and as object."""
    assert not decoded(document, [{"id": "A"}]).projected


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "B", "price": []},
        {"id": "B", "price": "5"},
        {"id": "B", "price": 5},
        {"id": "B", "tags": {}},
        {"id": "B", "tags": ["a"]},
        5,
        ["x"],
    ],
)
def test_a_surprising_shape_is_decoded_whole(odd: Any) -> None:
    """One odd record is judged by itself; its neighbours map as ever."""
    document = {"sku": "id", "price": "price.amount", "tags": "tags[*].name"}
    good = {"id": "A", "price": {"amount": "1.50"}, "tags": [{"name": "t"}]}
    page = decoded(document, [good, odd, good])
    assert not page.projected
    mapped = compile_map(parse_map(document)[0], KINDS["product"], Functions()).many(page.records, {})
    assert [each.price for each in mapped.records if each.sku == "A"] == [Decimal("1.50")] * 2


def test_null_parts_are_no_surprise() -> None:
    document = {"sku": "id", "price": "price.amount", "tags": "tags[*].name"}
    page = decoded(document, [{"id": "A", "price": None, "tags": None}, {"id": "B", "tags": [None]}])
    assert page.projected
    mapped = compile_map(parse_map(document)[0], KINDS["product"], Functions()).many(page.records, {})
    assert [each.tags for each in mapped.records] == [UNSET, ()]


def test_two_maps_share_a_page() -> None:
    """A place that one map reads whole and another walks into is decoded whole; the rest stays projected."""
    products, _ = parse_map({"sku": "id", "price": "price.amount"})
    levels, _ = parse_map({"sku": "id", "quantity": "stock.n", "extensions.price": "price"})
    page = project([products, levels]).decode(b'[{"id":"A","price":{"amount":1},"stock":{"n":2},"z":0}]')
    assert page.projected
    product = compile_map(products, KINDS["product"], Functions()).one(page.records[0], {})
    level = compile_map(levels, KINDS["stocklevel"], Functions()).one(page.records[0], {})
    assert (product.price, level.quantity, level.extensions) == (Decimal(1), 2, {"price": {"amount": 1}})


def test_records_of_another_map_are_wrong_use() -> None:
    page = decoded({"sku": "id"}, [{"id": "A"}])
    other = compile_map(parse_map({"sku": "code"})[0], KINDS["product"], Functions())
    with pytest.raises(TypeError, match="another map"):
        other.many(page.records, {})


PAGES: list[tuple[str, Any, int, bool]] = [
    ("$", [{"id": 1}, {"id": 2}], 2, True),
    ("", [{"id": 1}], 1, True),
    ("data.items", {"data": {"items": [{"id": 1}]}}, 1, True),
    ("data.edges[*].node", {"data": {"edges": [{"node": {"id": 1}}, {"node": {"id": 2}}]}}, 2, True),
    ("data.items", {"data": {"items": []}}, 0, True),
    ("data.items", {"data": {"items": None}}, 0, True),
    ("data.items", {"data": None}, 0, False),
    ("data.items", {"errors": []}, 0, False),
    ("data.edges[*].node", {"data": {"edges": None}}, 0, False),
    ("data", {"data": {"id": 1}}, 1, True),
    ("$", {"id": 1}, 1, True),
    ("pages[0].rows", {"pages": [{"rows": [{"id": 1}]}]}, 1, True),
    ("groups[*].rows[*]", {"groups": [{"rows": [{"id": 1}, {"id": 2}]}, {}, {"rows": [{"id": 3}]}]}, 3, True),
    ("sets[?name=='a'].rows", {"sets": [{"name": "b"}, {"name": "a", "rows": [{"id": 1}]}]}, 1, True),
]


@pytest.mark.parametrize(("path", "page", "count", "found"), PAGES)
def test_records_path(path: str, page: Any, count: int, found: bool) -> None:
    """A list of records, every node of a connection, or one object as one record; nothing there is said."""
    spec, _ = parse_map({"sku": "id"})
    compiled = compile_map(spec, KINDS["product"], Functions())
    narrow = project(spec, records_path=path).decode(dumps(page))
    whole = full_decoder(records_path=path).decode(dumps(page))
    assert narrow.projected == (page not in ({"data": {"id": 1}}, {"id": 1}))
    for each in (narrow, whole):
        assert (len(each.records), each.found) == (count, found)
        assert len(compiled.many(each.records, {}).records) == count


def test_extra_values_of_a_page() -> None:
    extra = ("meta.next", "meta.total", "nothing", "rows[0].id")
    page = decoded({"sku": "id"}, {"rows": [{"id": "A"}], "meta": {"next": "c", "total": 1.50}}, "rows", extra)
    assert page.projected
    assert page.extra == {"meta.next": "c", "meta.total": Decimal("1.50"), "nothing": UNSET, "rows[0].id": "A"}


def test_extra_may_be_the_whole_page() -> None:
    page = decoded({"sku": "id"}, {"rows": [{"id": "A"}]}, "rows", ("$",))
    assert not page.projected
    assert page.extra == {"$": {"rows": [{"id": "A"}]}}


@pytest.mark.parametrize(
    "decoder", [full_decoder(records_path="a"), project(parse_map({"sku": "id"})[0], records_path="a")]
)
def test_pages_that_are_none(decoder: Any) -> None:
    """Text that is no JSON is a decode error, a scalar for records breaks the contract of the answer."""
    with pytest.raises(msgspec.DecodeError):
        decoder.decode(b"<html>")
    with pytest.raises(msgspec.DecodeError):
        decoder.decode(b'{"a":' + b"[" * 100_000)
    with pytest.raises(ContractError, match="neither a list"):
        decoder.decode(b'{"a":5}')


def test_paths_of_a_page_must_be_paths() -> None:
    with pytest.raises(ValueError, match="character"):
        full_decoder(records_path="a..b")
    with pytest.raises(ValueError, match="context"):
        full_decoder(records_path="@a")
