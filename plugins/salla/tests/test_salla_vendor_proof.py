"""Every request that the connector sends, and every sample of the vendor, against each other's forms."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema
import pytest
import yaml
from pullpush_salla.functions import FUNCTIONS

from pullpush_sdk.canonical import loads, to_wire
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, compile_map, parse_map

pytestmark = pytest.mark.vendor

SPECS = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "salla"
LISTED = yaml.safe_load(Path(__file__).with_name("vendor_deviations.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages():
    """(method, path pattern) to (page, document, operation) of every page of the vendor that is at hand."""
    if not SPECS.is_dir():
        pytest.skip(f"the vendor's specifications are not at {SPECS}")
    found = {}
    for file in sorted((SPECS / "openapi").glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for path, operations in document["paths"].items():
            pattern = re.compile("/admin/v2" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))
            for method, operation in operations.items():
                found[method.upper(), pattern] = (file.stem, document, operation)
    return found


def plain(schema: Any, document: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema, closed: what it does not name is not sent."""
    if isinstance(schema, list):
        return [plain(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = document
        for part in unquote(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        return plain(target, document)
    kept = {
        key: plain(value, document) for key, value in schema.items() if key in ("type", "required", "items", "enum")
    }
    if "properties" in schema:
        kept["properties"] = {key: plain(value, document) for key, value in schema["properties"].items()}
        kept["additionalProperties"] = False
    if schema.get("nullable") and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept


def places(schema: Any, body: Any) -> dict[str, str]:
    found = {}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(body):
        found[".".join(["body", *("*" if isinstance(p, int) else str(p) for p in error.absolute_path)])] = error.message
    return found


def allowed_by_samples(method: str, path: str, body: Any) -> dict[str, str]:
    """Keys that the vendor's sample of a page that is not at hand does not show."""
    samples = {
        "/admin/v2/orders": "api.orders.create.request",
        "/admin/v2/products/quantities/bulk": "api.products.quantities.bulk.request",
    }
    if method != "POST" or path not in samples:
        return {}
    sample = json.loads((SPECS / "payloads" / f"{samples[path]}.json").read_text(encoding="utf-8"))
    return dict.fromkeys(unknown_keys(sample, body), "the sample has no such key")


def unknown_keys(sample: Any, ours: Any, place: str = "body") -> list[str]:
    if isinstance(ours, dict) and isinstance(sample, dict):
        new = [f"{place}.{key}" for key in ours if key not in sample]
        return new + [
            each for key in ours if key in sample for each in unknown_keys(sample[key], ours[key], f"{place}.{key}")
        ]
    if isinstance(ours, list) and isinstance(sample, list) and sample:
        merged = {k: v for one in sample if isinstance(one, dict) for k, v in one.items()} or sample[0]
        return [each for one in ours for each in unknown_keys(merged, one, f"{place}.*")]
    return []


async def exercise(w, address):
    """Everything that the connector can do, once."""
    hook, connection = w.loaded.hook, w.connection
    await hook.pullpush_check(connection=connection)
    await hook.pullpush_locations(connection=connection)
    await hook.pullpush_subscribe(connection=connection, url=address)
    for kind in sorted(w.loaded.connector.reads):
        cursor = (await w.pages(kind))[-1].cursor
        await w.pages(kind, cursor)
    await w.push("stocklevel", {"sku": "SKU-00001", "quantity": 4, "locationId": str(w.state()["branches"][0]["id"])})
    product = {"sku": "FRESH", "title": "Fresh", "price": "5", "currency": "SAR", "description": "d"}
    forms = [{"sku": f"FORM-{s}", "options": {"Size": s}, "price": "6", "barcode": "62800"} for s in ("S", "M")]
    await w.push(
        "product", product, {**product, "sku": "FORM", "variants": forms, "media": [{"url": "https://x.example/p.png"}]}
    )
    await w.push("product", {**product, "title": "Fresher", "price": "6"})
    contact = {"email": "ada@example.com", "name": "Ada Lovelace", "phone": "+447700900123"}
    await w.push("contact", contact)
    await w.push("contact", {**contact, "name": "Ada King"})
    line = {"sku": "SKU-00001", "title": "x", "quantity": 2, "unitPrice": "10"}
    order = {
        "orderId": "1",
        "status": "shipped",
        "currency": "SAR",
        "taxesIncluded": False,
        "lineItems": [line],
        "customer": contact,
    }
    (outcome,) = await w.push(
        "order", {**order, "shippingAmount": "10", "totalAmount": "33", "financialStatus": "paid"}
    )
    await w.push("order", {**order, "totalAmount": "33", "status": "cancelled"}, native_id=outcome.native_id)
    return await w.asked()


def test_every_request_fits_the_vendors_pages(pages, world, address):
    """Method, path, parameters and body, but for what is listed; what is listed is still needed."""

    async def run():
        async with world(extra={"branches": "2"}) as w:
            return await exercise(w, address)

    asked, found, known = asyncio.run(run()), {}, set()
    general = {"page", "per_page"}  # on every list since April 2025 (change log)
    for entry in asked:
        method, path = entry["method"], entry["path"]
        if not path.startswith("/admin/v2"):
            continue
        body = entry.get("body")
        page = next(
            (page for (verb, pattern), page in pages.items() if verb == method and pattern.fullmatch(path)), None
        )
        if page is None:
            short = re.sub(r"/[0-9]{5,}", "/{id}", path.removeprefix("/admin/v2"))
            name = f"{method} {re.sub(r'/sku/.*', '/sku/{sku}', short)}"
            known.add(name)
            found.setdefault(name, {}).update(
                {"page": "not among the vendor's pages at hand"} | allowed_by_samples(method, path, body)
            )
            continue
        name, document, operation = page
        known.add(name)
        declared = {
            each["name"].removesuffix("[]") for each in operation.get("parameters") or () if each["in"] == "query"
        }
        for key, _ in parse_qsl(entry["query"]):
            if key.removesuffix("[]") not in declared | general:
                found.setdefault(name, {})[f"query.{key}"] = "no such parameter"
        if method in ("POST", "PUT"):
            (content,) = operation["requestBody"]["content"].values()
            if isinstance(body, dict):
                found.setdefault(name, {}).update(places(plain(content["schema"], document), body))
    listed = LISTED["requests"]
    unexpected = {
        f"{n} {place}": why
        for n, each in found.items()
        for place, why in each.items()
        if place not in listed.get(n, {})
    }
    stale = [f"{n} {place}" for n, each in listed.items() for place in each if place not in found.get(n, {})]
    assert (unexpected, stale) == ({}, [])
    assert len(known) > 20


def sample(name: str) -> Any:
    path = SPECS / "payloads" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the vendor's samples are not part of this repository: no {path.name}")
    return loads(path.read_bytes())


def records_of(answer: Any) -> list[Any]:
    data = answer.get("data", answer)
    return data if isinstance(data, list) else [data]


@pytest.mark.parametrize(
    ("name", "resource", "expected"),
    [
        ("api.products.list.item", "products", {"currency": "SAR"}),
        ("api.products.quantities.list", "stock", {}),
        ("api.orders.list", "orders", {"currency": "SAR"}),
        ("api.orders.details.default", "orders", {"status": "completed", "currency": "SAR"}),
    ],
)
def test_every_sample_of_a_record_maps_to_a_valid_one(loaded, world, name, resource, expected):
    """By the manifest's own map; a quantity is a number only where the flag says that it is counted."""

    async def run():
        async with world(records=2) as w:
            return w.connection.types

    rows, types = records_of(sample(name)), asyncio.run(run())
    declared = loaded.connector.manifest.resources[resource]
    functions = Functions({f"salla:{each}": function for each, function in FUNCTIONS.items()})
    compiled = compile_map(
        parse_map(declared.canonical_map)[0], types[declared.canonical_type], functions, name="sample"
    )
    context = {"settings": {"shipping_title": "Shipping"}, "item": {"id": 1}, "page": {}, "request": {}}
    mapped = compiled.many(rows, context)
    assert mapped.errors == []
    assert len(mapped.records) == len(rows) > 0
    for record, row in zip(mapped.records, rows, strict=True):
        assert types[declared.canonical_type].identity(record)
        wire = to_wire(record)
        assert {key: wire[key] for key in expected} == expected
        if resource == "stock":
            assert record.quantity == (None if row["unlimited_quantity"] else row["quantity"])


def test_an_invoice_without_its_envelope_is_refused_with_the_reason(world):
    """The vendor prints it so; nobody could tell which event it is."""
    body = json.dumps(sample("webhook.invoice.created.no_envelope"), default=str).encode()

    async def run():
        async with world(records=2) as w:
            request = WebhookRequest(headers={}, query={}, body=body, received_at=w.connection.clock.now())
            return await w.loaded.hook.pullpush_receive(connection=w.connection, request=request)

    with pytest.raises(FieldError, match="names no event"):
        asyncio.run(run())
