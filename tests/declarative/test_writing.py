"""Writing by manifest: found and updated, or created; many in one request; nothing guessed, nothing cleared."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk import Delivery, Verb, hookimpl
from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Result
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.errors import PluginError, RejectedError
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.testing.connections import connected

HEAD = {"manifest": 1, "name": "shop", "title": "Shop", "version": "1.0.0", "base_url": "https://api.shop.example"}
TYPES = CanonicalTypes()
ONE_BY_ONE = {
    "product": {
        "find": {
            "request": {"path": "/products", "params": {"sku": "{{record.sku}}"}},
            "response": {"records": "data"},
            "match": {"sku": "sku"},
        },
        "create": {
            "request": {"method": "POST", "path": "/products"},
            "body": {"sku": "sku", "name": "title", "info": {"text": "description"}, "amount": "price"},
            "reads_back": "data",
        },
        "update": {
            "request": {"method": "PUT", "path": "/products/{{native.id}}"},
            "body": {"name": "title", "info": {"text": "description"}, "amount": "price"},
        },
    }
}
BULK = {
    "stocklevel": {
        "batch": 50,
        "bulk": {
            "request": {"method": "POST", "path": "/stock"},
            "items_at": "rows.list",
            "item_errors": "errors",
            "body": {"sku": "sku", "count": {"path": "quantity", "transform": "toInteger"}, "at": "locationId"},
        },
    }
}


class Shop:
    """A platform that answers as a test says and keeps what it was sent."""

    def __init__(self, products=(), answers=()):
        self.products = list(products)
        self.answers = list(answers)
        self.writes = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "PUT"])])
        self.settings, self.secrets = {}, {}

    async def answer(self, request):
        if request.method == "GET":
            return JSONResponse({"data": self.products})
        self.writes.append((request.method, request.url.path, json.loads(await request.body())))
        status, body = self.answers.pop(0) if self.answers else (200, {"data": {"id": 77}})
        return JSONResponse(body, status_code=status)


def deliver(push, shop, *payloads, kind="product", **more):
    """The outcomes of one batch through the real loader, client and server."""
    document = {**HEAD, "push": push, "resources": more.get("resources", {})}
    manifest = read_manifest(json.dumps(document), file="shop.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    plugins = load_plugins([Source(name="shop", distribution="pullpush-shop", load=lambda: module)])
    for failure in plugins.failures:
        raise failure.error
    loaded = plugins.connector("shop")
    batch = [
        Delivery(
            id=f"d{n}",
            kind=TYPES[kind],
            verb=more.get("verb", Verb.UPDATED),
            key=payload["sku"],
            identity=payload["sku"],
            payload=payload,
            version=1,
            position=n,
            fields=more.get("fields"),
            match=more.get("match"),
        )
        for n, payload in enumerate(payloads)
    ]

    async def run():
        async with connected(loaded, shop) as connection:
            return await loaded.hook.pullpush_push(connection=connection, canonical_type=kind, batch=batch)

    return asyncio.run(run())


def test_an_unknown_record_is_created_with_what_is_present():
    """Absent fields are left out, null is sent, and the new id comes back."""
    shop = Shop()
    (outcome,) = deliver(ONE_BY_ONE, shop, {"sku": "A", "title": "T", "description": None})
    assert shop.writes == [("POST", "/products", {"sku": "A", "name": "T", "info": {"text": None}})]
    assert (outcome.result, outcome.native_id) == (Result.DELIVERED, "77")


def test_a_known_record_is_updated_by_its_native_id():
    """Only an exact match counts; a search that finds more than asked is no guess."""
    shop = Shop(products=[{"id": 4, "sku": "A-LONG"}, {"id": 5, "sku": "A"}])
    (outcome,) = deliver(ONE_BY_ONE, shop, {"sku": "A", "price": "5.50"})
    assert shop.writes == [("PUT", "/products/5", {"amount": "5.50"})]
    assert outcome.native_id == "5"


def test_two_matches_are_a_dead_letter_that_names_them():
    """Nothing is written on a guess."""
    shop = Shop(products=[{"id": 4, "sku": "A"}, {"id": 5, "sku": "A"}])
    (outcome,) = deliver(ONE_BY_ONE, shop, {"sku": "A"})
    assert outcome.result is Result.DEAD
    assert "4, 5" in outcome.reason
    assert not shop.writes


def test_a_partial_event_never_creates():
    """What is only partly known cannot become a record."""
    shop = Shop()
    (outcome,) = deliver(ONE_BY_ONE, shop, {"sku": "A", "title": "T"}, fields=frozenset({"sku", "title"}))
    assert outcome.result is Result.DEAD
    assert not shop.writes


def test_text_that_looks_like_a_template_is_data():
    """A record's own braces are never filled in."""
    shop = Shop()
    deliver(ONE_BY_ONE, shop, {"sku": "A", "title": "{{api_key}} {{x|y}} {{"})
    assert shop.writes[0][2]["name"] == "{{api_key}} {{x|y}} {{"


def test_a_refusal_of_one_record_leaves_its_neighbours_alone():
    """Each record of a batch has its own outcome, in the batch's order."""
    shop = Shop(answers=[(422, {"message": "bad name"})])
    outcomes = deliver(ONE_BY_ONE, shop, {"sku": "A"}, {"sku": "B"})
    assert sorted(outcome.result for outcome in outcomes) == [Result.DEAD, Result.DELIVERED]
    assert len(outcomes) == 2


def test_a_batch_is_one_request():
    """All rows travel together under the declared path."""
    shop = Shop(answers=[(201, {})])
    outcomes = deliver(
        BULK, shop, {"sku": "A", "quantity": 0, "locationId": "1"}, {"sku": "B", "quantity": 3}, kind="stocklevel"
    )
    assert shop.writes[0][2] == {"rows": {"list": [{"sku": "A", "count": 0, "at": "1"}, {"sku": "B", "count": 3}]}}
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED] * 2


@pytest.mark.parametrize("errors", [{"rows.1.count": ["too many"]}, [{"index": 1, "message": "too many"}]])
def test_rows_that_are_refused_by_index_die_and_the_rest_is_sent_again(errors):
    """A 422 that names rows refuses the whole request: the others go without them."""
    shop = Shop(answers=[(422, {"errors": errors}), (201, {})])
    levels = [{"sku": sku, "quantity": 1} for sku in "ABC"]
    outcomes = deliver(BULK, shop, *levels, kind="stocklevel")
    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED, Result.DEAD, Result.DELIVERED]
    assert "too many" in outcomes[1].reason
    assert [row["sku"] for row in shop.writes[1][2]["rows"]["list"]] == ["A", "C"]


def test_a_row_that_does_not_map_is_dead_and_the_rest_goes():
    """Half a piece is not a whole number; it is never rounded."""
    from decimal import Decimal

    shop = Shop(answers=[(201, {})])
    outcomes = deliver(
        BULK, shop, {"sku": "A", "quantity": Decimal("1.5")}, {"sku": "B", "quantity": 2}, kind="stocklevel"
    )
    assert [outcome.result for outcome in outcomes] == [Result.DEAD, Result.DELIVERED]
    assert "whole" in outcomes[0].reason


def test_a_flow_that_matches_by_another_field_finds_the_record_by_it():
    by_barcode = {
        "request": {"path": "/products", "params": {"barcode": "{{record.barcode}}"}},
        "response": {"records": "data"},
        "match": {"ean": "barcode"},
    }
    push = {"product": {**ONE_BY_ONE["product"], "find_by": {"barcode": by_barcode}}}
    products = [{"id": 1, "sku": "A", "ean": "400"}, {"id": 2, "sku": "B", "ean": "500"}]
    payload = {"sku": "A", "barcode": "500", "title": "T"}
    for match, path in ((None, "/products/1"), ("barcode", "/products/2")):
        shop = Shop(products)
        (outcome,) = deliver(push, shop, payload, match=match)
        assert outcome.result is Result.DELIVERED
        assert [write[:2] for write in shop.writes] == [("PUT", path)]


def test_a_way_to_find_records_that_no_flow_can_ask_for_is_refused():
    push = {"product": {**ONE_BY_ONE["product"], "find_by": {"title": ONE_BY_ONE["product"]["find"]}}}
    with pytest.raises(PluginError, match="no flow matches product by `title`"):
        deliver(push, Shop(), {"sku": "A"})


MAKE = "mutation Make($sku: String!) { make(sku: $sku) { id } }"
SPEAKING = {
    "graphql": {"method": "POST", "path": "/graphql", "query": MAKE, "variables": {"sku": "here"}},
    "graphql as JSON": {"method": "POST", "path": "/graphql", "json": {"query": MAKE, "variables": {}}},
    "json-rpc": {"method": "POST", "path": "/rpc", "json": {"jsonrpc": "2.0", "method": "make", "id": 1}},
}


def saying(name, code):
    """A refusal of status 200 as the protocol of a request says it."""
    if name == "json-rpc":
        return 200, {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no room"}}
    return 200, {"data": {"make": None}, "errors": [{"message": "no room", "extensions": {"code": code}}]}


@pytest.mark.parametrize(("name", "part"), [*((name, "create") for name in SPEAKING), ("graphql", "bulk")], ids=str)
def test_what_a_protocol_refuses_is_never_delivered_though_the_manifest_says_nothing_of_it(name, part):
    write = {"request": SPEAKING[name], "body": {"title": "title"}}
    if part == "bulk":
        write["items_at"] = "rows"
    elif name != "graphql":
        write["body_at"] = "params"
    push = {"product": {part: write}}
    inside = -32603 if name == "json-rpc" else "INTERNAL_SERVER_ERROR"
    (outcome,) = deliver(push, Shop(answers=[saying(name, inside)] * 5), {"sku": "A", "title": "One"})
    assert outcome.result is Result.RETRY
    assert "no room" in outcome.reason
    refusing = Shop(answers=[saying(name, -32602)])
    if part == "bulk":  # nobody knows which of them was meant
        with pytest.raises(RejectedError, match="no room"):
            deliver(push, refusing, {"sku": "A", "title": "One"})
    else:
        (outcome,) = deliver(push, refusing, {"sku": "A", "title": "One"})
        assert outcome.result is Result.DEAD
        assert "no room" in outcome.reason
    (outcome,) = deliver(push, Shop(answers=[(200, {"data": {"make": {"id": 5}}})]), {"sku": "A", "title": "One"})
    assert outcome.result is Result.DELIVERED


def test_a_bulk_write_whose_manifest_reads_the_protocols_errors_reads_them_itself():
    write = {
        "request": {
            "method": "POST",
            "path": "/graphql",
            "query": "mutation M($rows: [Row!]) { m(rows: $rows) { n } }",
        },
        "items_at": "rows",
        "item_errors": "errors",
        "item_index": "extensions.row",
        "body": {"sku": "sku"},
    }
    answer = {"data": {"m": None}, "errors": [{"message": "no room", "extensions": {"row": 1}}]}
    outcomes = deliver({"product": {"bulk": write}}, Shop(answers=[(200, answer)]), {"sku": "A"}, {"sku": "B"})
    assert [each.result for each in outcomes] == [Result.DELIVERED, Result.DEAD]


READS = {
    "products": {
        "canonical_type": "product",
        "list": {"path": "/products"},
        "response": {"records": "data"},
        "canonical_map": {"sku": "sku", "title": "name", "price": "amount", "vendor": "brand"},
    }
}
READ_BACK = {"product": {**ONE_BY_ONE["product"], "update": {**ONE_BY_ONE["product"]["update"], "reads_back": "data"}}}


def test_the_answer_to_a_write_tells_what_the_platform_kept():
    """A field that is read and never written is as the platform has it: its next reading is no change."""
    answer = {"data": {"id": 7, "sku": "A", "name": None, "amount": "9.50", "brand": None}}
    (outcome,) = deliver(
        READ_BACK,
        Shop(answers=[(200, answer)]),
        {"sku": "A", "title": "T", "price": "9.499", "vendor": "Maker"},
        resources=READS,
    )
    assert outcome.returned == {"sku": "A", "price": "9.50", "vendor": None}


def test_an_answer_that_shows_a_part_says_nothing_of_the_rest():
    """What was found before stands; of a new record what was sent stands."""
    payload = {"sku": "A", "title": "T", "vendor": "Maker"}
    found = {"id": 7, "sku": "A", "name": "Old", "brand": "Other", "amount": "5"}
    (outcome,) = deliver(
        READ_BACK, Shop([found], answers=[(200, {"data": {"id": 7, "name": "T"}})]), payload, resources=READS
    )
    assert outcome.returned == {"sku": "A", "title": "T", "price": "5", "vendor": "Other"}
    (outcome,) = deliver(READ_BACK, Shop(answers=[(200, {"data": {"id": 7, "sku": "A"}})]), payload, resources=READS)
    assert outcome.returned == {"sku": "A"}


@pytest.mark.parametrize("answer", [{"data": {"id": 7}}, {"data": {"sku": "B"}}, {"data": "A"}, {}])
def test_an_answer_without_the_written_record_tells_nothing(answer):
    (outcome,) = deliver(READ_BACK, Shop(answers=[(200, answer)]), {"sku": "A", "title": "T"}, resources=READS)
    assert (outcome.result, outcome.returned) == (Result.DELIVERED, None)
