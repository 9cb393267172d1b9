"""The connector's requests and the sandbox's answers against the vendor's own schema and samples.

Every ability of the connector is exercised against the sandbox while each request and each answer is recorded. Then
every document with its variables is validated by the vendor's full schema, and every answer value by value against the
types of that schema. The vendor's files are not part of this repository; without them these tests are skipped aloud.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from pullpush_shopify.sandbox._payloads import PAYLOADS, make_body
from pullpush_shopify.sandbox._seed import fill
from pullpush_shopify.sandbox._store import Store
from pullpush_shopify.webhooks import REFUSED

from pullpush_sdk.canonical import from_wire, to_sparse
from pullpush_sdk.connector import Result, Verb, WebhookRequest
from pullpush_sdk.errors import FieldError
from pullpush_sdk.sandbox import SandboxClock

VENDOR = Path(__file__).parents[5] / "shared" / "vendor-specs" / "shopify"
DEVIATIONS = json.loads((Path(__file__).parents[1] / "vendor_deviations.json").read_text())
TOPICS = {
    path.stem: path.stem
    for path in sorted((VENDOR / "webhook-samples").glob("*.json"))
    if not path.stem.startswith("_")
}


def _need(name: str) -> Path:
    path = VENDOR / name
    if not path.exists():
        pytest.skip(f"the vendor's file {name} is not at hand")
    return path


@cache
def vendor_schema() -> GraphQLSchema:
    return build_schema(_need("admin-2026-07.schema.graphql").read_text(), assume_valid=True, no_location=True)


class Recorder:
    """Stands before the client of a shop: notes each GraphQL body and its answer."""

    def __init__(self, shop: Any) -> None:
        self.exchanges: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._send = shop.connection.client.send
        shop.connection.client.send = self.send

    async def send(self, call: Any) -> Any:
        answer = await self._send(call)
        if call.body:
            self.exchanges.append((json.loads(call.body), json.loads(answer.body)))
        return answer


ORDER = {
    "orderId": "V-1",
    "status": "paid",
    "financialStatus": "paid",
    "fulfillmentStatus": "fulfilled",
    "currency": "SAR",
    "totalAmount": "25.00",
    "taxAmount": "2.00",
    "shippingAmount": "5.00",
    "discountAmount": "2.00",
    "discountCodes": "TWO",
    "lineItems": [{"sku": "SKU-00001", "title": "Lamp", "quantity": 2, "unitPrice": "10.00", "tax": "2.00"}],
    "customer": {"email": "v@example.com", "name": "Vera Stone"},
    "shippingAddress": {"name": "Vera Stone", "address1": "1 Road", "city": "Riyadh", "countryCode": "SA"},
    "billingAddress": {"name": "Vera Stone", "address1": "1 Road", "city": "Riyadh", "countryCode": "SA"},
    "note": "n",
    "tags": ["t"],
    "createdAt": "2026-11-19T10:00:00Z",
}
PRODUCT = {
    "sku": "V-S",
    "title": "Vendor shirt",
    "description": "<p>x</p>",
    "currency": "SAR",
    "status": "draft",
    "tags": ["a"],
    "variants": [
        {"sku": "V-S", "price": "5.00", "barcode": "1", "weight": 2, "weightUnit": "kg", "options": {"Size": "S"}},
        {"sku": "V-M", "price": "6.00", "compareAtPrice": "8.00", "options": {"Size": "M"}},
    ],
}
CONTACT = {
    "email": "c@example.com",
    "name": "Carl Reed",
    "phone": "+966500000001",
    "company": "Reed Ltd",
    "tags": ["x"],
    "note": "n",
    "language": "en",
    "addresses": [{"address1": "2 Road", "city": "Jeddah", "countryCode": "SA", "postalCode": "1"}],
}
SETTINGS = {
    "capture_payment": True,
    "notify_customer": True,
    "move_stock": True,
    "track_untracked": True,
    "activate_levels": True,
    "live_carts": True,
}


async def exercise(shop: Any) -> None:
    """Everything that the connector can do, at least once."""
    connection, hook = shop.connection, shop.hook
    await hook.pullpush_check(connection=connection)
    await hook.pullpush_locations(connection=connection)
    await hook.pullpush_subscribe(connection=connection, url="https://hooks.example.com/x")
    await shop.change("pictures", sku="SKU-00001", count=25)
    await shop.change("checkout", sku="SKU-00001", lines=60, email="buyer00001@example.com")
    lines = [{"sku": "SKU-00001", "quantity": 1}] * 70
    await shop.change("order_create", items=lines, email="buyer00001@example.com")
    sizes = [f"S{at}" for at in range(120)]
    many = {
        "title": "Many",
        "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
        "variants": [{"optionValues": [{"optionName": "Size", "name": size}], "sku": f"MANY-{size}"} for size in sizes],
    }
    await shop.change("product", create=many)
    for kind in ("stocklevel", "product", "order", "contact", "invoice", "cart"):
        events, _, cursor = await shop.pull(kind)
        await shop.pull(kind, cursor)
        assert events
        if kind in ("product", "order", "contact"):
            await webhooks(shop, kind, events[0].record)
    await writes(shop)


async def webhooks(shop: Any, kind: str, record: Any) -> None:
    named = {"product": "product_id", "order": "order_id", "contact": "contact_id"}[kind]
    topic = {"product": "products/update", "order": "orders/updated", "contact": "customers/update"}[kind]
    body = {"id": int(getattr(record, named))}
    await shop.hook.pullpush_receive(connection=shop.connection, request=signed(topic, body))
    level = (await shop.state())["levels"][0]
    item, place = (int(level[name].rpartition("/")[2]) for name in ("item", "location"))
    for topic, body in (
        ("inventory_levels/update", {"inventory_item_id": item, "location_id": place}),
        ("inventory_items/update", {"id": item}),
    ):
        await shop.hook.pullpush_receive(connection=shop.connection, request=signed(topic, body))


async def writes(shop: Any) -> None:
    place = await shop.location()
    for payload in (PRODUCT, {**PRODUCT, "title": "Other", "variants": [{**PRODUCT["variants"][0], "price": "7"}]}):
        (outcome,) = await shop.push("product", shop.delivery("product", payload))
        assert outcome.result is Result.DELIVERED, outcome
    larger = {"sku": "V-L", "price": "9.00", "options": {"Size": "L"}}
    grown = {**PRODUCT, "variants": [*PRODUCT["variants"], larger]}
    (outcome,) = await shop.push("product", shop.delivery("product", grown))
    assert outcome.result is Result.DELIVERED, outcome
    (outcome,) = await shop.push("product", shop.delivery("product", PRODUCT, verb=Verb.DELETED))
    assert outcome.result is Result.DELIVERED, outcome
    lost = shop.delivery("order", {**ORDER, "orderId": "V-2"}, maybe_applied=True)
    for delivery in (shop.delivery("order", ORDER), shop.delivery("order", {**ORDER, "note": "other"}), lost):
        (outcome,) = await shop.push("order", delivery)
        assert outcome.result is Result.DELIVERED, outcome
    (outcome,) = await shop.push("order", shop.delivery("order", {**ORDER, "status": "cancelled"}))
    assert outcome.result is Result.DELIVERED, outcome
    for payload in (CONTACT, {**CONTACT, "note": "other"}, {"contactId": "9", "phone": "+966500000009", "name": "P"}):
        (outcome,) = await shop.push("contact", shop.delivery("contact", payload))
        assert outcome.result is Result.DELIVERED, outcome
    await shop.change("stock", sku="SKU-00002", quantity=3, active=False)
    for sku in ("SKU-00001", "SKU-00002", "SKU-00004", "V-S"):
        (outcome,) = await shop.push(
            "stocklevel", shop.delivery("stocklevel", {"sku": sku, "quantity": 41, "locationId": place})
        )
        assert outcome.result is Result.DELIVERED, (sku, outcome)


def signed(topic: str, body: Any) -> WebhookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    digest = base64.b64encode(hmac.new(b"shpss_sandbox00000000000000000000000", raw, hashlib.sha256).digest()).decode()
    headers = {"x-shopify-topic": topic, "x-shopify-webhook-id": "w", "x-shopify-hmac-sha256": digest}
    return WebhookRequest(headers=headers, query={}, body=raw, received_at=datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def exchanges(opened: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    async def run() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        async with opened(records=30, settings=SETTINGS, extra={"locations": "2"}) as shop:
            recorder = Recorder(shop)
            await exercise(shop)
            return recorder.exchanges

    return asyncio.run(run())


@pytest.mark.vendor
def test_every_request_is_valid_by_the_vendors_schema(exchanges: Any) -> None:
    schema = vendor_schema()
    seen: dict[str, Any] = {}
    wrong = []
    for asked, _ in exchanges:
        text = asked["query"]
        if text not in seen:
            seen[text] = parse(text)
            wrong += [f"{text.split()[1]}: {error.message}" for error in validate(schema, seen[text])]
        definitions = next(each for each in seen[text].definitions if hasattr(each, "variable_definitions"))
        coerced = get_variable_values(schema, definitions.variable_definitions or (), asked["variables"])
        if isinstance(coerced, list):
            wrong += [f"{text.split()[1]}: {error.message}" for error in coerced]
    assert wrong == []
    names = {text.split()[1].partition("(")[0] for text in seen}
    assert len(names) >= 30, sorted(names)
    mutations = {text.split()[1].partition("(")[0] for text in seen if text.strip().startswith("mutation")}
    assert {
        "AddVariants",
        "SetStock",
        "CreateOrder",
        "CancelOrder",
        "SetCustomer",
        "CreateProduct",
        "Subscribe",
    } <= mutations


@pytest.mark.vendor
def test_every_answer_is_of_the_vendors_types(exchanges: Any) -> None:
    schema = vendor_schema()
    wrong: set[str] = set()
    for asked, answer in exchanges:
        assert "errors" not in answer, answer
        document = parse(asked["query"])
        fragments = {each.name.value: each for each in document.definitions if each.kind == "fragment_definition"}
        (operation,) = [each for each in document.definitions if each.kind == "operation_definition"]
        root = schema.get_root_type(operation.operation)
        checker = Checker(schema, fragments)
        wrong |= set(checker.fields(root, operation.selection_set, answer["data"], "data"))
        assert set(answer["extensions"]["cost"]) == {"requestedQueryCost", "actualQueryCost", "throttleStatus"}
    assert sorted(wrong) == sorted(DEVIATIONS["answers"])


class Checker:
    """Compares values of an answer with the types that the schema gives to the selected fields."""

    def __init__(self, schema: GraphQLSchema, fragments: Any) -> None:
        self._schema, self._fragments = schema, fragments

    def fields(self, type_: Any, selections: Any, value: Any, path: str) -> Iterator[str]:
        """What is wrong with an object; a field may be missing only where a fragment is for another type."""
        for node in selections.selections:
            if node.kind == "field":
                name = node.alias.value if node.alias else node.name.value
                if node.name.value == "__typename":
                    continue
                field = type_.fields[node.name.value]
                if name not in value:
                    yield f"{type_.name}.{node.name.value} is missing"
                else:
                    place = f"{type_.name}.{node.name.value}"
                    yield from self.value(field.type, node.selection_set, value[name], place)
                continue
            spread = self._fragments[node.name.value] if node.kind == "fragment_spread" else node
            wanted = self._schema.type_map[spread.type_condition.name.value] if spread.type_condition else type_
            if self._fits(type_, wanted, spread, value):
                yield from self.fields(wanted, spread.selection_set, value, path)

    def _fits(self, type_: Any, wanted: Any, spread: Any, value: Any) -> bool:
        """Whether a fragment is for this object: by its fields, where only one of several types is meant."""
        if wanted is type_ or isinstance(wanted, GraphQLInterfaceType):
            return True
        named = {node.name.value for node in spread.selection_set.selections if node.kind == "field"}
        return named <= set(value)

    def value(self, type_: Any, selections: Any, value: Any, place: str) -> Iterator[str]:
        """What is wrong with one value."""
        if isinstance(type_, GraphQLNonNull):
            if value is None:
                yield f"{place} is null"
                return
            type_ = type_.of_type
        if value is None:
            return
        if isinstance(type_, GraphQLList):
            if not isinstance(value, list):
                yield f"{place} is no list"
                return
            for each in value:
                yield from self.value(type_.of_type, selections, each, place)
        elif isinstance(type_, GraphQLEnumType):
            if value not in type_.values:
                yield f"{place} is {value}"
        elif isinstance(type_, GraphQLScalarType):
            if not _is_scalar(type_.name, value):
                yield f"{place} is {value!r}, no {type_.name}"
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            yield from self.fields(type_, selections, value, place)
        else:
            yield f"{place} is of an unknown kind {get_named_type(type_)}"


def _is_scalar(name: str, value: Any) -> bool:
    if name in ("Decimal", "Money", "UnsignedInt64", "ID", "String", "HTML", "URL", "DateTime"):
        if not isinstance(value, str):
            return False
        if name == "DateTime":
            return value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None
        if name == "UnsignedInt64":
            return value.isdecimal()
        if name == "URL":
            return value.startswith("https://")
        return name not in ("Decimal", "Money") or value.replace(".", "", 1).lstrip("-").isdecimal()
    if name == "Int":
        return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31
    if name == "Float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return name == "Boolean" and isinstance(value, bool)


# Samples of webhooks


def topic_of(stem: str) -> str:
    """`inventory_levels_update.untracked-2020` -> `inventory_levels/update`."""
    name = stem.partition(".")[0]
    heads = ("inventory_levels", "inventory_items", "bulk_operations")
    head = next((each for each in heads if name.startswith(each)), name.partition("_")[0])
    return f"{head}/{name[len(head) + 1 :]}"


@pytest.mark.vendor
@pytest.mark.parametrize("stem", list(TOPICS) or ["none"])
def test_every_sample_becomes_valid_events_or_is_refused_with_a_reason(play: Any, stem: str) -> None:
    """What a sample is about is put into the shop first, under the sample's own number."""
    raw = _need(f"webhook-samples/{stem}.json").read_bytes()
    topic, body = topic_of(stem), msgspec.json.decode(raw)

    async def scenario(shop: Any) -> None:
        await adopt(shop, topic, body)
        request = signed(topic, raw)
        assert shop.hook.pullpush_verify(connection=shop.connection, request=request)
        if topic in REFUSED or stem in DEVIATIONS["refused_samples"]:
            with pytest.raises(FieldError) as caught:
                await shop.hook.pullpush_receive(connection=shop.connection, request=request)
            assert caught.value.hint
            return
        events = await shop.hook.pullpush_receive(connection=shop.connection, request=request)
        assert events, topic
        for event in events:
            kind = shop.connection.types[event.type]
            assert kind.identity(event.record)
            # Through the wire and back: what a destination gets is a record of its type.
            assert from_wire(kind, to_sparse(event.record)) == event.record
            assert event.transport_id == "w"

    play(scenario, records=4, secrets={"access_token": "shpat_sandbox00000000000000000000000", **SECRET})


SECRET = {"client_secret": "shpss_sandbox00000000000000000000000"}


async def adopt(shop: Any, topic: str, body: Any) -> None:
    """Give a record of the shop the number that a sample names."""
    head, state = topic.partition("/")[0], await shop.state()
    number = body.get("id") or body.get("inventory_item_id")
    if head in ("inventory_levels", "inventory_items"):
        await shop.change("renumber", id=state["levels"][0]["item"], number=number)
        if "location_id" in body:
            await shop.change("renumber", id=state["locations"][0]["id"], number=body["location_id"])
    elif head == "products":
        await shop.change("renumber", id=state["products"][0]["id"], number=number)
    elif head in ("orders", "refunds"):
        await shop.change("order", id=state["orders"][0]["name"], financial_status="PAID")
        await shop.change("renumber", id=state["orders"][0]["id"], number=body.get("order_id") or number)
    elif head == "customers":
        named = str(body.get("customerId") or body.get("id") or 1)
        await shop.change("renumber", id=state["customers"][0]["id"], number=int(named.rpartition("/")[2]))


@pytest.mark.vendor
def test_the_sandboxes_webhooks_have_the_keys_of_the_samples() -> None:
    """No key that the vendor's sample of the same topic does not have."""
    _need("webhook-samples")
    store = Store(clock=SandboxClock(), currency="SAR", seed=1, shop="s", index_lag=0)
    fill(store, records=20, locations=1, now=datetime(2026, 11, 20, tzinfo=UTC))
    item = next(iter(store.items.values()))
    records: dict[str, Any] = {
        "inventory_levels": next(iter(item.levels.values())),
        "inventory_items": item,
        "products": next(iter(store.products.values())),
        "orders": next(iter(store.orders.values())),
        "customers": next(iter(store.customers.values())),
        "checkouts": next(iter(store.checkouts.values())),
    }
    extra = set()
    for stem in TOPICS:
        topic = topic_of(stem)
        record = records.get(topic.partition("/")[0])
        if record is None or topic not in PAYLOADS:
            continue
        sample = msgspec.json.decode((VENDOR / "webhook-samples" / f"{stem}.json").read_bytes())
        extra |= {f"{topic}.{key}" for key in make_body(topic, record, store) if key not in sample}
    assert sorted(extra) == sorted(DEVIATIONS["webhook_keys"])


def test_literals_of_the_schema_are_read() -> None:
    """The checker itself tells a wrong value from a right one."""
    schema = build_schema("type Query { at: DateTime! n: Int list: [Kind!]! } scalar DateTime enum Kind { A }")
    document = parse("{ at n list }")
    checker = Checker(schema, {})
    selections = document.definitions[0].selection_set
    good = {"at": "2026-01-01T00:00:00Z", "n": None, "list": ["A"]}
    assert list(checker.fields(schema.query_type, selections, good, "")) == []
    for bad in ({**good, "at": None}, {**good, "n": "1"}, {**good, "list": ["B"]}, {"at": good["at"], "n": 1}):
        assert list(checker.fields(schema.query_type, selections, bad, ""))
