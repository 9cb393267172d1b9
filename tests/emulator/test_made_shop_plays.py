"""What a made shop plays of the samples: lists that are not one, webhooks of the right record, deletions, parts."""

import asyncio
import hashlib
import hmac
import json

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from pullpush_sdk.emulator import Exchange, Samples, WebhookSample, emulate
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.sandbox import ChangeError, SandboxOptions, serve
from tests.apis.subjects import subject_of

TIMES = [f"2026-01-01T10:0{n}:00Z" for n in (1, 2)]
TABLES = {
    "/goods": [{"id": n, "sku": f"G-{n}", "text": f"Good {n}", "state": "on", "at": TIMES[n - 1]} for n in (1, 2)],
    "/stock": [{"id": n, "sku": f"G-{n}", "left": n, "counted": True, "at": TIMES[n - 1]} for n in (1, 2)],
    "/orders": [
        {"id": 7000 + n, "number": f"A{n}", "state": "on", "mail": f"p{n}@example.com", "at": TIMES[n - 1]}
        for n in (1, 2)
    ],
}
MAPS = {
    "/goods": ("product", {"sku": "sku", "title": "text"}),
    "/stock": ("stocklevel", {"sku": "sku", "quantity": {"path": "left", "when": {"path": "counted", "equals": True}}}),
    "/orders": (
        "order",
        {
            "orderId": "id",
            "status": {"path": "state", "transform": "lookup", "table": {"on": "paid", "off": "pending"}},
        },
    ),
}
PAGES = {"pagination": {"kind": "page", "page_param": "page", "size_param": "per"}}


def signed(body, said, **query):
    text = json.dumps(body)
    signature = hmac.new(b"test", text.encode(), hashlib.sha256).hexdigest()
    headers = {"x-event": said, "x-signature": signature}
    return WebhookSample(headers=headers, body=text, query=query, secrets={"hook_secret": "test"})


def shop(webhooks=(), *, paged=False):
    resources = {
        path[1:]: {"canonical_type": kind, "list": {"path": path}, "canonical_map": rules, **(PAGES if paged else {})}
        for path, (kind, rules) in MAPS.items()
    }
    head = {"manifest": 1, "name": "mart", "title": "Mart", "version": "1.0.0", "base_url": "https://api.mart.example"}
    text = json.dumps({**head, "secrets": ["hook_secret"], "resources": resources})
    reads = [Exchange(method="GET", path=path, body=rows) for path, rows in TABLES.items()]
    if paged:
        reads = [
            Exchange(method="GET", path=path, params=[("page", str(n + 1)), ("per", "1")], body=[row])
            for path, rows in TABLES.items()
            for n, row in enumerate(rows)
        ]
    manifest = read_manifest(text, file="mart.json", format="json")
    return emulate(manifest, Samples(exchanges=reads, webhooks=webhooks), SandboxOptions(records=4))


def heard(box, kind, **values):
    """What came of an edit: addresses and bodies."""
    came = []

    async def take(request):
        came.append((str(request.url.query), await request.json()))
        return Response()

    async def played():
        async with serve(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as address:
            box.control.change("subscribe", url=f"{address}/hook")
            box.control.change(kind, **values)
            await box.control.outbox.flush()

    asyncio.run(played())
    return came


def test_lists_that_share_numbers_and_times_are_not_one():
    held = shop().control.dump()
    assert sorted(held) == ["GET /goods", "GET /orders", "GET /stock"]
    assert all("left" not in row for row in held["GET /goods"])


def test_an_edit_is_told_by_the_webhook_of_its_own_list():
    hooks = [signed({"data": TABLES[path][0]}, f"{path[1:]}.changed") for path in ("/goods", "/stock")]
    ((_, body),) = heard(shop(hooks), "stock", sku="G-2", quantity=9)
    assert (body["data"]["sku"], body["data"]["left"]) == ("G-2", 9)


def test_a_webhook_that_names_its_record_only_names_the_one_that_changed():
    hook = signed({"what": {"type": "order", "id": 7001}, "link": "https://mart.example/orders/7001x"}, "order.changed")
    (came,) = heard(shop([hook]), "order_status", order="7002", status="pending")
    assert came[1]["what"] == {"type": "order", "id": 7002}


def test_a_webhook_goes_to_the_address_that_it_was_recorded_with():
    ((query, _),) = heard(
        shop([signed(TABLES["/goods"][0], "changed", event="goods")]), "product", sku="G-1", title="T"
    )
    assert query == "event=goods"


@pytest.mark.parametrize("word", ["updated", "deleted"])
def test_a_deletion_is_told_only_by_a_webhook_that_says_so(word):
    came = heard(shop([signed(TABLES["/goods"][0], f"goods.{word}")]), "product_delete", sku="G-1")
    assert [body["sku"] for _, body in came] == (["G-1"] if word == "deleted" else [])


@pytest.mark.parametrize("paged", [True, False])
def test_deletions_that_move_pages_are_told(paged):
    control = shop(paged=paged).control
    assert {"product_delete", "order_delete"} <= set(control.changes)
    assert control.shifting == ({"product_delete", "order_delete"} if paged else frozenset())


@pytest.mark.parametrize("name", ["bigcommerce", "square"])
def test_stock_is_edited_by_its_sku_where_it_stands_in_parts_or_with_its_details(name):
    """At BigCommerce each location has a list of its own; at Square the SKU comes with the details only."""

    async def told():
        async with subject_of(name).shop(records=4) as box:
            levels, _ = await box.sweep("stocklevel")
            record = levels[1].record
            box.edit("stock", sku=record.sku, location=record.location_id, quantity=77)
            with pytest.raises(ChangeError):
                box.edit("stock", sku="NOPE", quantity=1)
            after, _ = await box.sweep("stocklevel")
            named = {key for row in box.sandbox.control.contents["stock"]() for key in row["keys"]}
            assert {event.record.sku for event in levels} <= named
            return [
                event.record.quantity
                for event in after
                if (event.record.sku, event.record.location_id) == (record.sku, record.location_id)
            ]

    assert asyncio.run(told()) == [77]
