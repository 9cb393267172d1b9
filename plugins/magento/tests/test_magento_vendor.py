"""Every request that the connector sends and every answer of the sandbox against the vendor's own schemas."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullpush_sdk import Verb
from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import Result
from pullpush_sdk.testing.vendor_proof import Deviations, Recorder, Specification

_FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "magento"
_KINDS = ("stocklevel", "product", "order", "contact", "invoice", "cart")
_ADDRESS = {"firstName": "A", "lastName": "B", "address1": "1", "city": "Austin", "province": "Texas"}
_ADDRESS |= {"provinceCode": "TX", "postalCode": "78701", "countryCode": "US", "phone": "5"}
_ORDER = {"orderId": "S", "status": "pending", "currency": "SAR", "totalAmount": "5.99", "email": "b@example.com"}
_ORDER |= {"lineItems": [{"sku": "MG-0000", "quantity": 1}], "shippingAddress": _ADDRESS}
_TEE = {"sku": "TEE", "title": "Tee", "price": "10.00", "currency": "SAR", "status": "active", "description": "x"}
_OFFER = {"sku": "MG-0001", "currency": "SAR"}
_TEE |= {
    "variants": [
        {"sku": "TEE-R", "price": "10.00", "options": {"Color": "Red"}},
        {"sku": "TEE-G", "price": "12.50", "options": {"Color": "Green"}},
    ]
}


async def _exercise(shop):
    """Every ability once, and the refusals that a record may meet."""
    for kind in _KINDS:
        _, rejects, cursor = await shop.pull(kind)
        assert not rejects
        await shop.pull(kind, cursor)
    await shop.hook.pullpush_check(connection=shop.connection)
    await shop.hook.pullpush_locations(connection=shop.connection)
    good = [
        await shop.push_one("stocklevel", {"sku": "MG-0000", "quantity": 5}),
        await shop.push_one("stocklevel", {"sku": "MG-0001", "quantity": 0}),
        await shop.push_one("product", _TEE),
        await shop.push_one("product", {"sku": "MG-0000", "title": "New"}),
        await shop.push_one("product", {**_OFFER, "price": "1.00", "compareAtPrice": "3.00"}),
        await shop.push_one("product", {**_OFFER, "price": "3.00", "compareAtPrice": None}),
        await shop.push_one("product", {"sku": "MG-0001"}, verb=Verb.DELETED),
        await shop.push_one("contact", {"email": "n@example.com", "name": "N M", "addresses": [_ADDRESS]}),
        await shop.push_one("contact", {"email": "ada1@example.com", "name": "N M", "phone": "1"}),
    ]
    placed = await shop.push_one("order", _ORDER)
    good += [placed, await shop.push_one("order", {**_ORDER, "orderId": "S2"}, maybe_applied=True)]
    account = {**_ORDER, "orderId": "S3", "email": "ada0@example.com"}
    good.append(await shop.push_one("order", account))
    for status in ("on_hold", "pending"):
        good.append(await shop.push_one("order", {**_ORDER, "status": status}, native_id=placed.native_id))
    invoice = {"invoiceId": "I", "orderId": "S", "amount": "5.99", "currency": "SAR", "status": "issued"}
    good.append(await shop.push_one("invoice", invoice))
    cancel = {**account, "status": "cancelled"}
    good.append(await shop.push_one("order", cancel, native_id=good[-4].native_id))
    assert {each.result for each in good} == {Result.DELIVERED}, good
    assert (await shop.push_one("contact", {"email": "bad", "name": "N M"})).result is Result.DEAD


@pytest.mark.vendor
def test_every_exchange_fits_the_vendors_schema(play):
    """Requests, parameters and answers; each departure has its reason in one file, and all are used."""
    if not _FOLDER.is_dir():
        pytest.skip(f"the vendor's schemas are not at {_FOLDER}")
    recorder = Recorder(app=None)
    allowed = {"orders_reserve_stock": True, "orders_send_mail": True, "orders_for_accounts": True}
    play(_exercise, records=9, settings=allowed, recorder=recorder)
    play(_exercise, records=9, settings={**allowed, "auth": "admin"}, recorder=recorder, extra={"inventory": "legacy"})

    async def salable(shop):
        await shop.pull("stocklevel")

    play(salable, records=9, settings={"stock": "salable"}, recorder=recorder)
    used = {exchange.path for exchange in recorder.exchanges}
    assert len(recorder.exchanges) > 100, len(used)
    deviations = Deviations.load(Path(__file__).with_name("vendor_deviations.yaml"))
    for path in sorted((_FOLDER / "commerce-webapi").glob("admin-schema-*.yaml")):
        specification = Specification.load(path, prefix="/rest(?:/[a-z]+)?")
        findings = [finding for exchange in recorder.exchanges for finding in specification.check(exchange)]
        unexplained = deviations.unexplained(findings)
        assert not unexplained, "\n".join([path.name, *map(str, unexplained)])
    assert not deviations.unused()


@pytest.mark.vendor
def test_the_vendors_own_samples_read_well(loaded, play):
    """Orders, invoices and customers as the vendor's pages show them become canonical records; values count once."""
    if not _FOLDER.is_dir():
        pytest.skip(f"the vendor's samples are not at {_FOLDER}")
    found = {}
    for path in sorted((_FOLDER / "samples-webapi-docs").glob("*.json")):
        for block in loads(path.read_bytes())["blocks"]:
            value = block["json"]
            if not isinstance(value, dict) or "payload" in str(block.get("kind")):
                continue
            if "entity_id" in value and "order_id" in value and "grand_total" in value:
                found.setdefault("invoices", []).append(value)
            elif "entity_id" in value and "grand_total" in value:
                found.setdefault("orders", []).append(value)
            elif "firstname" in value and "email" in value and "id" in value:
                found.setdefault("customers", []).append(value)

    async def scenario(shop):
        from pullpush_magento.native import record_of

        for resource, natives in found.items():
            for native in natives:
                record = record_of(shop.connection, resource, native)
                assert shop.connection.types[loaded.connector.manifest.resources[resource].canonical_type].identity(
                    record
                )

    assert set(found) == {"invoices", "orders", "customers"}
    play(scenario, records=1)
