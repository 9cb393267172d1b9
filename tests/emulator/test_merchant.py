"""The agreed merchant edits, carried out through canonical maps read backwards, and the webhooks that tell of them."""

import asyncio
import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from pullpush_sdk.emulator import Exchange, Samples, WebhookSample, emulate
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.sandbox import ChangeError, SandboxOptions, serve

HEAD = {"manifest": 1, "name": "mart", "title": "Mart", "version": "1.0.0", "base_url": "https://api.mart.example"}
ITEMS = {"path": "rows", "transform": "mapItems", "items": {"sku": "code", "quantity": "count"}}
STATES = {"done": "completed", "void": "cancelled", "open": "processing"}
RESOURCES = {
    "goods": {"canonical_type": "product", "list": {"path": "/goods"},
              "canonical_map": {"sku": "forms[0].code", "title": "text", "price": "cost.amount"}},
    "stock": {"canonical_type": "stocklevel", "list": {"path": "/stock"},
              "canonical_map": {"sku": "code", "locationId": "place",
                                "quantity": {"path": "left", "when": {"path": "counted", "equals": True}}}},
    "orders": {"canonical_type": "order", "list": {"path": "/orders"},
               "canonical_map": {"orderId": {"path": "nr", "transform": "toString"}, "customer.email": "buyer.mail",
                                 "status": {"path": "state", "transform": "lookup", "table": STATES},
                                 "lineItems": ITEMS}},
    "people": {"canonical_type": "contact", "list": {"path": "/people"},
               "canonical_map": {"email": "mail", "name": "name"}},
}  # fmt: skip
TABLES = {
    "/goods": [
        {"id": n, "text": f"Good {n}", "cost": {"amount": "5.00"}, "forms": [{"code": f"G-{n}"}]} for n in (1, 2)
    ],
    "/stock": [
        {"id": f"s{n}", "code": f"G-{n}", "place": p, "left": 4, "counted": True} for n in (1, 2) for p in ("x", "y")
    ],
    "/orders": [
        {"nr": n, "state": "open", "buyer": {"mail": "a@example.com"}, "rows": [{"code": "G-1", "count": 1}]}
        for n in (71, 72)
    ],
    "/people": [{"id": n, "mail": f"p{n}@example.com", "name": f"P {n}"} for n in (1, 2)],
}
HOOK = {"kind": "stock.changed", "at": "2026-01-01T00:00:00Z", "row": TABLES["/stock"][0]}


def mart(webhooks=(), **options):
    text = json.dumps({**HEAD, "resources": RESOURCES, "secrets": ["hook_secret"]})
    for number, row in enumerate(TABLES["/stock"]):
        row["id"] = f"s{number}"
    reads = [Exchange(method="GET", path=path, body=rows) for path, rows in TABLES.items()]
    manifest = read_manifest(text, file="mart.json", format="json")
    return emulate(manifest, Samples(exchanges=reads, webhooks=webhooks), SandboxOptions(records=4, **options))


def rows(box, path):
    return next(each for name, each in box.control.dump().items() if name.endswith(path))


def test_every_agreed_edit_is_played():
    box = mart()
    control = box.control
    assert sorted(control.changes) == [
        "customer", "customer_create", "customer_delete", "order_create", "order_delete", "order_status",
        "product", "product_create", "product_delete", "stock", "subscribe",
    ]  # fmt: skip
    assert control.change("stock", sku="G-1", location="y", quantity=0) == {"key": "G-1"}
    assert [(each["left"], each["counted"]) for each in rows(box, "/stock")[:2]] == [(4, True), (0, True)]
    control.change("stock", sku="G-1", location="y", quantity=None)
    assert rows(box, "/stock")[1]["counted"] is False
    control.change("product", sku="G-2", title="New", price="7.50")
    assert rows(box, "/goods")[1] == {"id": 2, "text": "New", "cost": {"amount": "7.50"}, "forms": [{"code": "G-2"}]}
    control.change("product_create", sku="N-1", title="N", price="1.00")
    assert rows(box, "/goods")[-1]["forms"] == [{"code": "N-1"}]
    assert len({each["id"] for each in rows(box, "/goods")}) == 5
    control.change("product_delete", sku="N-1")
    assert len(rows(box, "/goods")) == 4
    made = control.change("order_create", items=[{"sku": "G-2", "quantity": 3}], email="b@example.com")
    order = rows(box, "/orders")[-1]
    assert (str(order["nr"]), order["rows"], order["buyer"]) == (
        made["key"], [{"code": "G-2", "count": 3}], {"mail": "b@example.com"},
    )  # fmt: skip
    control.change("order_status", order=made["key"], status="cancelled")
    assert rows(box, "/orders")[-1]["state"] == "void"
    control.change("customer_create", email="c@example.com", name="C")
    control.change("customer", email="c@example.com", name="D")
    assert (rows(box, "/people")[-1]["mail"], rows(box, "/people")[-1]["name"]) == ("c@example.com", "D")
    control.change("customer_delete", email="c@example.com")
    control.reset_all()
    assert rows(box, "/goods") == rows(mart(), "/goods")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("stock", {"sku": "NOPE", "quantity": 1}),
        ("stock", {"quantity": 1}),
        ("product_create", {"sku": "G-1", "title": "x"}),
        ("order_status", {"order": "71", "status": "lost"}),
        ("subscribe", {"url": "https://elsewhere.example"}),
    ],
)
def test_an_edit_that_cannot_be_is_refused_with_the_reason(kind, values):
    with pytest.raises(ChangeError):
        mart().control.change(kind, **values)


HASHES = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "sha512": hashlib.sha512}


@st.composite
def schemes(draw):
    """A way to sign: (headers of a body with a secret at a time)."""
    hashed = HASHES[draw(st.sampled_from(sorted(HASHES)))]
    form = draw(st.sampled_from(("hex", "base64")))
    prefix = draw(st.sampled_from(("", "sha256=", "v1=", "hmac ")))
    timed = draw(st.sampled_from(("", "header", "inside")))
    joint = draw(st.sampled_from((".", ":", "")))

    def sign(body, secret, seconds):
        content = body if not timed else str(seconds).encode() + joint.encode() + body
        digest = hmac.new(secret.encode(), content, hashed).digest()
        text = digest.hex() if form == "hex" else base64.b64encode(digest).decode()
        if timed == "inside":
            return {"x-mart-signature": f"t={seconds},v1={text}"}
        times = {"x-mart-time": str(seconds)} if timed else {}
        return {**times, "x-mart-signature": f"{prefix}{text}"}

    return sign


async def sent_by(box, edit):
    came = []

    async def take(request):
        came.append((dict(request.headers), await request.body()))
        return Response()

    async with serve(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as address:
        box.control.change("subscribe", url=f"{address}/hook")
        edit(box.control)
        await box.control.outbox.flush()
    return came


@settings(max_examples=12, deadline=None)
@given(sign=schemes(), secret=st.text("abcdef0123456789", min_size=6, max_size=20))
def test_webhooks_are_signed_as_the_recorded_one_verifies(sign, secret):
    body = json.dumps(HOOK)
    hook = WebhookSample(
        headers={"content-type": "application/json", **sign(body.encode(), secret, 1767225600)},
        body=body,
        secrets={"hook_secret": secret},
    )
    box = mart([hook])
    ((headers, text),) = asyncio.run(sent_by(box, lambda control: control.change("stock", sku="G-2", quantity=9)))
    assert json.loads(text)["row"]["left"] == 9
    shown = headers["x-mart-signature"]
    inside = shown.partition("t=")[2].partition(",")[0] if shown.startswith("t=") else ""
    seconds = int(headers.get("x-mart-time") or inside or 0)
    assert sign(text, box.secrets["hook_secret"], seconds)["x-mart-signature"] == shown


def test_nothing_is_sent_of_what_no_recorded_webhook_tells():
    hook = WebhookSample(headers={}, body=json.dumps(HOOK), secrets={})
    box = mart([hook])
    assert asyncio.run(sent_by(box, lambda control: control.change("customer", email="p1@example.com", name="x"))) == []


def test_two_lists_of_one_record_have_each_their_webhook():
    good = {"id": 7, "code": "G-7", "text": "Good", "note": "n", "forms": [{"code": "G-7"}]}
    level = {"id": 7, "code": "G-7", "left": 4}
    resources = {
        "goods": {
            "canonical_type": "product",
            "list": {"path": "/goods"},
            "canonical_map": {"sku": "code", "title": "text"},
        },
        "stock": {
            "canonical_type": "stocklevel",
            "list": {"path": "/stock"},
            "canonical_map": {"sku": "code", "quantity": "left"},
        },
    }
    manifest = read_manifest(json.dumps({**HEAD, "resources": resources}), file="mart.json", format="json")
    reads = [Exchange(method="GET", path="/goods", body=[good]), Exchange(method="GET", path="/stock", body=[level])]
    hooks = [
        WebhookSample(headers={}, body=json.dumps({"kind": "goods.changed", "row": good}), secrets={}),
        WebhookSample(headers={}, body=json.dumps({"kind": "stock.changed", "row": level}), secrets={}),
    ]
    box = emulate(manifest, Samples(exchanges=reads, webhooks=hooks), SandboxOptions(records=1))

    def told(kind, **values):
        ((_, body),) = asyncio.run(sent_by(box, lambda control: control.change(kind, sku="G-7", **values)))
        return json.loads(body)

    assert told("product", title="Other")["kind"] == "goods.changed"
    said = told("stock", quantity=0)
    assert (said["kind"], said["row"]["left"]) == ("stock.changed", 0)
