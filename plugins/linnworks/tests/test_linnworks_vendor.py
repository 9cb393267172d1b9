"""Everything that the connector sends and the sandbox answers, against the vendor's own documents."""

from __future__ import annotations

import fnmatch
import json
import re
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from pullpush_linnworks import hooks
from pullpush_linnworks.answers import ask
from pullpush_linnworks.orders import BY_REFERENCE as REFERENCE
from pullpush_linnworks.orders import CANCEL, CREATE
from pullpush_linnworks.products import CREATE as NEW_ITEM
from pullpush_linnworks.sandbox import app

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result
from pullpush_sdk.http import Call
from pullpush_sdk.testing.vendor_proof import Recorder

SPECS = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "linnworks"
DEVIATIONS = json.loads(Path(__file__).with_name("vendor_deviations.json").read_text(encoding="utf-8"))
DEFAULT = "00000000-0000-0000-0000-000000000000"
LIST = "/api/Stock/GetStockItemsFull"
NOWHERE = "99999999-9999-4999-8999-999999999999"

pytestmark = pytest.mark.vendor


@pytest.fixture(scope="module")
def documents():
    if not SPECS.is_dir():
        pytest.skip(f"the vendor's specifications are not at {SPECS}")
    found = {}
    for version in ("1.0", "2.0"):
        for path in sorted((SPECS / "PublicApiSpecs" / version).glob("*.json")):
            document = json.loads(path.read_text(encoding="utf-8-sig"))
            for name, methods in document["paths"].items():
                for method, operation in methods.items():
                    place = name if version == "1.0" else f"/v2{name}"
                    found[method.upper(), place] = (version, document, operation)
    return found


class Judge:
    """Checks values against schemas of one document, strictly: an unknown name is a departure."""

    def __init__(self, document, where):
        self.document, self.where, self.found = document, where, []

    def check(self, schema, value, path="$"):
        if "$ref" in schema:
            self.check(self._resolved(schema), value, path)
        elif value is None:
            if not schema.get("nullable"):
                self._note(path, f"null where {schema.get('type', 'a value')} is expected")
        elif "oneOf" in schema:
            self._one_of(schema["oneOf"], value, path)
        else:
            self._plain(self._flat(schema), value, path)

    def _resolved(self, schema):
        target = self.document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return target

    def _flat(self, schema):
        """A schema with what its `allOf` parts say: `additionalProperties: false` in a part means the whole."""
        flat = {"properties": {}}
        for part in schema.get("allOf", ()):
            inner = self._flat(self._resolved(part) if "$ref" in part else part)
            flat |= {key: each for key, each in inner.items() if key not in ("properties", "required")}
            flat["properties"] |= inner["properties"]
        flat |= {key: each for key, each in schema.items() if key not in ("properties", "allOf")}
        flat["properties"] |= schema.get("properties", {})
        return flat

    def _one_of(self, options, value, path):
        trials = []
        for option in options:
            judge = Judge(self.document, self.where)
            judge.check(option, value, path)
            trials.append(judge.found)
        self.found += min(trials, key=len)

    def _plain(self, schema, value, path):
        kind = schema.get("type", "object")
        if kind == "object":
            self._object(schema, value, path)
        elif kind == "array":
            if not isinstance(value, list):
                self._note(path, "not a list")
                return
            for number, each in enumerate(value):
                self.check(schema["items"], each, f"{path}[{number}]")
        elif not _is(kind, schema.get("format"), value):
            self._note(path, f"{value!r:.40} is no {kind} {schema.get('format', '')}".strip())
        elif "enum" in schema and value not in schema["enum"]:
            self._note(path, f"{value!r} is none of {schema['enum']}")

    def _object(self, schema, value, path):
        if not isinstance(value, dict):
            self._note(path, "not an object")
            return
        more = schema.get("additionalProperties")
        for name, each in value.items():
            if name in schema["properties"]:
                self.check(schema["properties"][name], each, f"{path}.{name}")
            elif isinstance(more, dict):
                if more:
                    self.check(more, each, f"{path}.{name}")
            elif schema["properties"]:
                self._note(f"{path}.{name}", "a name that the document does not know")
        for name in schema.get("required", ()):
            if name not in value:
                self._note(f"{path}.{name}", "missing")

    def _note(self, path, what):
        place = re.sub(r"\[\d+\]", "[]", path)
        self.found.append((f"{self.where} {place}", what))


def _is(kind, form, value):
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        number = isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
        return number and (form != "int32" or -(2**31) <= value < 2**31)
    if not isinstance(value, str):
        return False
    try:
        if form == "uuid":
            UUID(value)
        elif form == "date-time":
            datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _path(exchange):
    return re.sub(r"^/s[0-9a-f]{8}/", "/", exchange.path)


def _request_departures(version, document, operation, exchange):
    """What a request has that the document does not know."""
    judge = Judge(document, f"{version} request: {_path(exchange)}")
    known = {each["name"]: each for each in operation.get("parameters", ()) if each["in"] == "query"}
    for name, value in exchange.query:
        if name not in known:
            judge.found.append((f"{judge.where} ?{name}", "a parameter that the document does not know"))
            continue
        schema = known[name].get("schema", known[name])
        single = schema["items"] if schema.get("type") == "array" else schema
        judge.check(single, _typed(single, value), f"?{name}")
    bodies = [each["schema"] for each in operation.get("parameters", ()) if each["in"] == "body"]
    if exchange.has_request:
        judge.check(bodies[0], exchange.request)
    elif bodies:
        judge.found.append((judge.where, "no body"))
    return judge.found


def _typed(schema, text):
    if schema.get("type") in ("integer", "number"):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text


def _answer_departures(version, document, operation, exchange):
    """What an answer has that the document does not know; errors of the old API are not in it."""
    judge = Judge(document, f"{version} answer: {_path(exchange)}")
    declared = operation["responses"].get(str(exchange.status))
    if declared is None:
        if version == "1.0" and 400 <= exchange.status < 500:
            assert set(exchange.answer) == {"Message"}
        else:
            judge.found.append((judge.where, f"the status {exchange.status} is not declared"))
        return judge.found
    if version == "1.0":
        schema = declared.get("schema")
    else:
        kind = "application/problem+json" if exchange.status >= 400 else "application/json"
        assert exchange.answer_type.startswith(kind)
        schema = declared["content"][kind]["schema"]
    if schema is None:
        assert not exchange.has_answer
        assert not exchange.answer_type
    else:
        assert exchange.has_answer
        judge.check(schema, exchange.answer)
    return judge.found


def _allowed(departure, used):
    where, what = departure
    for number, each in enumerate(DEVIATIONS):
        if fnmatch.fnmatchcase(where, each["where"].replace("[", "[[]")) and fnmatch.fnmatchcase(what, each["what"]):
            used.add(number)
            return True
    return False


async def _exercise(account):
    """Every ability, with refusals and repeats."""
    hook, connection = account.hook, account.connection
    await hook.pullpush_check(connection=connection)
    await hook.pullpush_locations(connection=connection)
    for kind in ("stocklevel", "product", "order", "contact"):
        assert await account.snapshot(kind)
        _, _, cursor = await account.pull(kind)
        await account.pull(kind, cursor)
    level = {"sku": "LW-0000", "quantity": 5, "locationId": DEFAULT}
    await account.push("stocklevel", level, {**level, "sku": "LW-0001", "locationId": NOWHERE})
    product = {"sku": "V-1", "title": "Lamp", "price": "19.90", "currency": "GBP", "barcode": "1", "costPrice": "2.5"}
    for each in (product, {**product, "title": "Other"}):
        assert (await account.push("product", each))[0].result is Result.DELIVERED
    await account.push("product", {"sku": "V-1"}, verb=Verb.DELETED)
    await account.push("product", product)  # archived: refused
    line = {"sku": "LW-0000", "quantity": 2, "unitPrice": "10.00", "title": "Lamp", "tax": "3.33", "discount": "1.00"}
    order = {
        "orderId": "77", "orderNumber": "#77", "status": "pending", "financialStatus": "pending", "currency": "GBP",
        "totalAmount": "22.50", "discountAmount": "1.00", "shippingAmount": "3.50", "taxesIncluded": True,
        "lineItems": [line], "email": "a@example.com", "phone": "1",
        "billingAddress": {"name": "A", "address1": "1", "address2": "2", "city": "C", "province": "P", "country": "X"},
    }  # fmt: skip
    (first,) = await account.push("order", order)
    assert first.result is Result.DELIVERED, first
    for status in ("paid", "completed"):
        more = {**order, "status": status, "financialStatus": "paid"}
        await account.push("order", more, native_id=first.native_id)
    await account.push("order", {**order, "orderId": "78", "status": "paid", "financialStatus": "paid"})
    await account.push(
        "order", {**order, "orderId": "78", "status": "cancelled", "financialStatus": "paid"}, maybe_applied=True
    )
    await account.push("order", {**order, "orderId": "79", "status": "completed", "financialStatus": "paid"})


async def _beside(account):
    """What the sandbox answers to methods that the connector leaves alone."""
    connection, item = account.connection, account.state()["items"][0]
    key, order = item["StockItemId"], account.state()["orders"][1]["OrderId"]
    row = {"SKU": "LW-0000", "StockLocationId": DEFAULT, "StockLevel": 3, "RowIndex": 0}
    new = {"StockItemId": NOWHERE, "ItemNumber": "V-9", "ItemTitle": "New"}
    for path, body in (
        ("Stock/GetStockLevel_Batch", {"request": {"StockItemIds": [key]}}),
        ("Stock/UpdateStockLevelsBulk", {"Items": [row, {**row, "SKU": "NOPE"}]}),
        ("Stock/UpdateStockLevelsBySKU", {"stockLevels": [{"SKU": "LW-0000", "LocationId": DEFAULT, "Level": 1}]}),
        ("Inventory/AddInventoryItemBulk", {"request": {"InventoryItems": [new, new]}}),
        ("Orders/GetOrdersById", {"pkOrderIds": [order]}),
        ("ProcessedOrders/SearchProcessedOrders", {"request": {"PageNumber": 1, "ResultsPerPage": 20}}),
    ):
        await ask(connection, f"/api/{path}", body)
    for path, name in (("Stock/GetStockLevel", "stockItemId"), ("Stock/GetVariationGroupByParentId", "pkStockItemId")):
        await connection.client.send(Call(url=f"/api/{path}", params={name: key}))
    for query in ({"searchToken": NOWHERE}, {"searchToken": "x"}):
        url = "https://eu-api.linnworks.net/v2/orders"
        await connection.client.send(Call(url=url, params=query, accepts=frozenset({400, 404})))


@pytest.mark.parametrize("sparse", ["false", "true"])
def test_every_request_and_every_answer_fits_the_vendors_documents(documents, play, sparse):
    """Departures are listed with their reason, and each listed one occurs."""
    recorder = Recorder(app=None)

    async def scenario(account):
        await _exercise(account)
        own.append(len(recorder.exchanges))
        await _beside(account)

    own = []
    settings = {"process_shipped": True, "reserve_stock": True}
    extra = {"sparse": sparse}
    play(scenario, records=24, settings=settings, extra=extra, recorder=recorder)
    departures, used, operations = set(), set(), set()
    for number, exchange in enumerate(recorder.exchanges):
        key = (exchange.method, _path(exchange))
        assert key in documents, f"{key} is not in the vendor's documents"
        operations.add(key[1])
        found = _answer_departures(*documents[key], exchange)
        if number < own[0]:
            found += _request_departures(*documents[key], exchange)
        departures |= {each for each in found if not _allowed(each, used)}
    assert not departures, "\n".join(map(str, sorted(departures)))
    assert used == set(range(len(DEVIATIONS)))
    assert len(operations) >= 22, sorted(operations)


def test_no_path_is_called_more_often_than_the_documents_allow(documents):
    """Nor much less: the connector's and the sandbox's numbers are the documents'."""
    limits = hooks.pullpush_connector().manifest.limits
    named = {path: _limit(operation) for (_, path), (_, _, operation) in documents.items()}
    for path in (*limits.paths, CREATE, NEW_ITEM, REFERENCE, LIST, CANCEL):
        ours = limits.paths.get(path, limits.requests)
        assert 0.9 * named[path] <= ours < named[path], path
    for path in app._MORE:
        assert named[f"/api/{path}"] == 250, path


def _limit(operation):
    found = re.search(r"Rate limit: .*?<b>(\d+)</b></span> / minute", operation.get("description", ""), re.DOTALL)
    return int(found[1]) if found else None


def _shape(value):
    """The names of an answer, at any depth."""
    if isinstance(value, dict):
        return set(value) | {f"{name}.{each}" for name, inner in value.items() for each in _shape(inner)}
    return {each for inner in value for each in _shape(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize(
    ("sample", "path", "body"),
    [
        ("stock_getstocklevel_batch.json", "Stock/GetStockLevel_Batch", "ids"),
        ("stock_updatestocklevelsbysku_one_row.json", "Stock/UpdateStockLevelsBySKU", "levels"),
        ("processedorders_searchprocessedorders_one_row.json", "ProcessedOrders/SearchProcessedOrders", "search"),
    ],
)
def test_recorded_answers_have_the_names_that_the_sandbox_gives(documents, play, sample, path, body):
    """Answers that were recorded on a live account in 2022: the sandbox makes up no name."""
    recorded = json.loads((SPECS / "samples-linnapi" / sample).read_text(encoding="utf-8"))
    assert documents

    async def scenario(account):
        items = account.state()["items"]
        bodies = {
            "ids": {"request": {"StockItemIds": [items[0]["StockItemId"]]}},
            "levels": {"stockLevels": [{"SKU": "LW-0000", "LocationId": DEFAULT, "Level": 1}], "changeSource": "x"},
            "search": {"request": {"PageNumber": 1, "ResultsPerPage": 20}},
        }
        answer = (await ask(account.connection, f"/api/{path}", bodies[body])).json()
        rows = answer["ProcessedOrders"]["Data"] if body == "search" else answer
        names = {name.rpartition(".")[2] for name in _shape(rows)}
        assert names <= {name.rpartition(".")[2] for name in _shape(recorded)} | _DOCUMENTED

    play(scenario, records=24)


# In the documents of 2026, not in the recordings of 2022.
_DOCUMENTED = {
    "IsFulfillmentCenter",
    "LocationTag",
    "StockItemIntId",
    "PendingUpdate",
    "UnitCost",
    "IsWarehouseManaged",
    "AutoAdjust",
    "LastUpdateOperation",
    "BinRack",
}
