"""Writing orders by the cart flow, and invoices for them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result

ALLOWED = {"orders_reserve_stock": True, "orders_send_mail": True}
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "address1": "1 Main St",
    "city": "Austin",
    "province": "Texas",
    "provinceCode": "TX",
    "postalCode": "78701",
    "countryCode": "US",
    "phone": "555-1",
}
ORDER = {
    "orderId": "S-1",
    "status": "pending",
    "currency": "SAR",
    "totalAmount": "6.98",
    "createdAt": "2026-03-02T11:00:00Z",
    "email": "buyer@example.com",
    "lineItems": [{"sku": "MG-0000", "quantity": 2, "unitPrice": "0.99", "title": "Lamp"}],
    "shippingAddress": ADDRESS,
}
INVOICE = {
    "invoiceId": "I-1",
    "orderId": "S-1",
    "amount": "6.98",
    "currency": "SAR",
    "status": "issued",
    "lineItems": [{"sku": "MG-0000", "quantity": 2}],
}


def _new(shop):
    return [order for order in shop.state()["orders"] if order["customer_email"] == "buyer@example.com"]


def test_an_order_is_placed_and_named(play):
    """Its total is the shop's to the last place; a comment nobody is told of names the order it stands for."""

    async def scenario(shop):
        outcome = await shop.push_one("order", ORDER)
        assert outcome.result is Result.DELIVERED, outcome
        (order,) = _new(shop)
        assert outcome.native_id == str(order["entity_id"]) == outcome.returned["orderId"]
        assert (order["grand_total"], order["state"], order["customer_is_guest"]) == (6.98, "new", 1)
        assert [entry["comment"] for entry in order["status_histories"]] == ["pullpush order S-1"]
        assert order["status_histories"][0]["is_customer_notified"] == 0
        assert not shop.state()["captures"]
        assert not [each for each in shop.state()["invoices"] if each["order_id"] == order["entity_id"]]
        assert shop.state()["reservations"] == {"MG-0000": -2}

    play(scenario, records=2, settings=ALLOWED)


@pytest.mark.parametrize("phone", [None, "000"])
def test_an_address_gets_its_country_by_name_and_a_phone_by_the_settings(play, phone):
    """The shop's own list of countries says which code a name has; a phone is made up for nobody."""
    address = {name: value for name, value in ADDRESS.items() if name not in ("countryCode", "phone")}

    async def scenario(shop):
        outcome = await shop.push_one("order", {**ORDER, "shippingAddress": {**address, "country": "united states"}})
        if phone is None:
            assert outcome.result is Result.DEAD
            assert outcome.reason.endswith("its address lacks phone")
        else:
            assert outcome.result is Result.DELIVERED, outcome
            (order,) = _new(shop)
            assert (order["billing_address"]["country_id"], order["billing_address"]["telephone"]) == ("US", phone)

    play(scenario, records=2, settings={**ALLOWED, **({"missing_phone": phone} if phone else {})})


@pytest.mark.parametrize("allowed", [{}, {"orders_reserve_stock": True}, {"orders_send_mail": True}])
def test_without_leave_no_order_is_placed(play, allowed):
    """Nothing can keep a placed order from reserving stock, nor the shop from its mail: both must be allowed."""

    async def scenario(shop):
        outcome = await shop.push_one("order", ORDER)
        assert outcome.result is Result.DEAD
        missing = {"orders_reserve_stock", "orders_send_mail"} - allowed.keys()
        assert all(name in outcome.reason for name in missing)
        state = shop.state()
        assert not _new(shop)
        assert (state["mails"], state["reservations"], state["captures"]) == ([], {}, [])
        assert not [call for call in await shop.calls() if call["method"] != "GET"]

    play(scenario, records=2, settings=allowed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"currency": "EUR"}, "the order is in EUR, the shop sells in SAR"),
        ({"totalAmount": "6.97"}, "it comes to 6.98 by flatrate_flatrate, 1.98 by freeshipping_freeshipping"),
        ({"totalAmount": None}, "no total"),
        ({"lineItems": []}, "no lines"),
        ({"lineItems": [{"sku": "NOPE", "quantity": 1}]}, "no product with SKU NOPE"),
        ({"lineItems": [{"title": "Gift", "quantity": 1}]}, "the line 'Gift' has no SKU"),
        ({"lineItems": [{"sku": "MG-0004", "quantity": 1}]}, "choose options"),
        ({"lineItems": [{"sku": "MG-0000", "quantity": 1000}]}, "requested qty is not available"),
        ({"shippingAddress": {**ADDRESS, "phone": None}}, "lacks phone"),
        ({"shippingAddress": None}, "no address"),
        ({"email": None}, "no mail address"),
    ],
)
def test_an_order_that_would_be_another_is_dead(play, change, words):
    """Nothing is placed, and the reason names what differs."""

    async def scenario(shop):
        outcome = await shop.push_one("order", {**ORDER, **change})
        assert outcome.result is Result.DEAD
        assert words in outcome.reason
        assert (_new(shop), shop.state()["mails"]) == ([], [])

    play(scenario, records=5, settings=ALLOWED)


def test_the_shipping_method_that_makes_the_total_is_taken(play):
    """In the order of the settings."""

    async def scenario(shop):
        assert (await shop.push_one("order", {**ORDER, "totalAmount": "1.98"})).result is Result.DELIVERED
        assert _new(shop)[0]["shipping_description"] == "Free Shipping - Free"

    play(scenario, records=2, settings=ALLOWED)


def test_somebody_with_an_account_and_an_empty_cart(play):
    """Their order is theirs where the settings say so; a cart that they filled is not touched."""

    async def scenario(shop):
        order = {**ORDER, "email": "ada0@example.com"}
        outcome = await shop.push_one("order", order)
        native = next(o for o in shop.state()["orders"] if str(o["entity_id"]) == outcome.native_id)
        assert (native["customer_is_guest"], native["customer_id"]) == (0, 1)
        other = await shop.push_one("order", {**ORDER, "orderId": "S-2", "email": "ada1@example.com"})
        native = next(o for o in shop.state()["orders"] if str(o["entity_id"]) == other.native_id)
        assert native["customer_is_guest"] == 1
        filled = next(c for c in shop.state()["carts"] if c["customer"].get("id") == 2)
        assert (filled["is_active"], len(filled["items"])) == (True, 1)

    play(scenario, records=4, settings={**ALLOWED, "orders_for_accounts": True})


def test_its_status_follows_where_that_can_be_written(play):
    """Held, taken up, cancelled; everything else is the shop's own affair."""

    async def scenario(shop):
        native_id = (await shop.push_one("order", ORDER)).native_id

        async def state(status):
            outcome = await shop.push_one("order", {**ORDER, "status": status}, native_id=native_id)
            return outcome.result, _new(shop)[0]["state"]

        assert await state("processing") == (Result.UNCHANGED, "new")
        assert await state("on_hold") == (Result.DELIVERED, "holded")
        assert await state("pending") == (Result.DELIVERED, "new")
        assert await state("cancelled") == (Result.DELIVERED, "canceled")
        assert await state("cancelled") == (Result.UNCHANGED, "canceled")
        assert shop.state()["reservations"] == {"MG-0000": 0}
        assert len(_new(shop)) == 1
        assert (await shop.push_one("order", ORDER, verb=Verb.DELETED)).result is Result.SKIPPED

    play(scenario, records=2, settings=ALLOWED)


def test_a_shop_that_counts_orders_is_waited_for(play):
    """Whatever status it answers with."""

    async def scenario(shop):
        assert (await shop.push_one("order", ORDER)).result is Result.DELIVERED
        outcome = await shop.push_one("order", {**ORDER, "orderId": "S-2"})
        assert (outcome.result, outcome.after) == (Result.RETRY, 60.0)
        shop.connection.clock.advance(61)
        assert (await shop.push_one("order", {**ORDER, "orderId": "S-2"})).result is Result.DELIVERED

    play(scenario, records=2, settings=ALLOWED, extra={"order_throttle": "1"})


@given(
    lost=st.lists(
        st.sampled_from(["/order", "/items", "/shipping-information", "/comments", "guest-carts"]), max_size=3
    ),
    lag=st.sampled_from(["0", "9"]),
    twins=st.booleans(),
)
@example(lost=["/order", "/order"], lag="0", twins=True)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_lost_answer_never_makes_a_second_order(play, lost, lag, twins):
    """Whichever answers are lost, with or without a lag of the lists: each order is there exactly once at the end."""

    async def scenario(shop):
        shop.faults(
            *({"fault": "lost_answer", "match": {"method": "P*", "path": f"*{path}"}, "times": 1} for path in lost)
        )
        wanted = [ORDER, {**ORDER, "orderId": "S-2"}] if twins else [ORDER]
        waiting = {order["orderId"]: (order, False) for order in wanted}
        for _ in range(8):
            for key, (order, maybe) in list(waiting.items()):
                outcome = await shop.push_one("order", order, maybe_applied=maybe)
                if outcome.result is Result.RETRY:
                    waiting[key] = (order, maybe or outcome.maybe_applied)
                    shop.connection.clock.advance(shop.loaded.connector.index_lag["order"])
                else:
                    assert outcome.result is Result.DELIVERED, outcome
                    del waiting[key]
        assert not waiting
        marks = [entry["comment"] for order in _new(shop) for entry in order["status_histories"]]
        assert sorted(set(marks)) == sorted(f"pullpush order {order['orderId']}" for order in wanted)
        assert len(_new(shop)) == len(wanted)

    play(scenario, records=2, settings=ALLOWED, extra={"index_lag": lag})


# Invoices


def test_an_invoice_for_an_order_that_was_placed(play):
    """Without capture and mail unless the settings say so; a second time it is known."""

    async def scenario(shop):
        entity = int((await shop.push_one("order", ORDER)).native_id)
        outcome = await shop.push_one("invoice", INVOICE)
        assert outcome.result is Result.DELIVERED, outcome
        assert (outcome.returned["amount"], outcome.returned["orderId"]) == ("6.98", str(entity))
        assert (await shop.push_one("invoice", INVOICE)).result is Result.UNCHANGED
        assert len([each for each in shop.state()["invoices"] if each["order_id"] == entity]) == 1
        assert not shop.state()["captures"]
        assert [mail["kind"] for mail in shop.state()["mails"]] == ["order"]

    play(scenario, records=2, settings=ALLOWED)


def test_capture_and_mail_where_the_settings_say_so(play):
    """Then both."""

    async def scenario(shop):
        await shop.push_one("order", ORDER)
        assert (await shop.push_one("invoice", INVOICE)).result is Result.DELIVERED
        assert [each["amount"] for each in shop.state()["captures"]] == [6.98]
        assert [mail["kind"] for mail in shop.state()["mails"]] == ["order", "invoice"]

    play(scenario, records=2, settings={**ALLOWED, "invoices_capture": True, "invoices_send_mail": True})


def test_an_order_of_the_shop_is_invoiced_by_its_number_and_in_parts(play):
    """Shipping goes with the first part."""

    async def scenario(shop):
        key = shop.change("order_create", items=[{"sku": "MG-0000", "quantity": 3}])["key"]
        order = next(each for each in shop.state()["orders"] if str(each["entity_id"]) == key)
        part = {**INVOICE, "orderId": order["increment_id"], "amount": "5.99"}
        part["lineItems"] = [{"sku": "MG-0000", "quantity": 1}]
        assert (await shop.push_one("invoice", part)).result is Result.DELIVERED
        rest = {**part, "invoiceId": "I-2", "amount": "1.98", "lineItems": [{"sku": "MG-0000", "quantity": 2}]}
        assert (await shop.push_one("invoice", rest)).result is Result.DELIVERED
        assert [each["grand_total"] for each in shop.state()["invoices"] if str(each["order_id"]) == key] == [
            5.99,
            1.98,
        ]

    play(scenario, records=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "6.00"}, "over 6.00, and Magento would make it 6.98"),
        ({"orderId": "S-9"}, "has none of that number"),
        ({"currency": "EUR"}, "in EUR"),
        ({"kind": "credit_note"}, "credit note"),
        ({"orderId": None}, "names no order"),
        ({"orderId": "1"}, "has none of that number"),
    ],
)
def test_an_invoice_that_would_be_another_is_dead(play, change, words):
    """Also one whose order's number is that of a stranger by chance."""

    async def scenario(shop):
        await shop.push_one("order", ORDER)
        before = len(shop.state()["invoices"])
        outcome = await shop.push_one(
            "invoice", {**INVOICE, "lineItems": [{"sku": "MG-0001", "quantity": 1}], **change}
        )
        if "amount" in change or "currency" in change:
            outcome = await shop.push_one("invoice", {**INVOICE, **change})
        assert outcome.result is Result.DEAD
        assert words in outcome.reason
        assert len(shop.state()["invoices"]) == before

    play(scenario, records=2, settings=ALLOWED)


@pytest.mark.parametrize("lag", ["0", "9"])
def test_a_lost_answer_makes_no_second_invoice(play, lag):
    """The amount is invoiced already."""

    async def scenario(shop):
        entity = int((await shop.push_one("order", ORDER)).native_id)
        shop.connection.clock.advance(10)
        shop.faults({"fault": "lost_answer", "match": {"path": "*/invoice"}, "times": 1})
        outcome = await shop.push_one("invoice", INVOICE)
        assert (outcome.result, outcome.maybe_applied) == (Result.RETRY, True)
        shop.connection.clock.advance(10)
        outcome = await shop.push_one("invoice", INVOICE, maybe_applied=True)
        assert outcome.result is Result.DELIVERED
        assert len([each for each in shop.state()["invoices"] if each["order_id"] == entity]) == 1

    play(scenario, records=2, settings=ALLOWED, extra={"index_lag": lag})


def test_a_draft_is_no_invoice(play):
    """Nor is a void one."""

    async def scenario(shop):
        for status in ("draft", "void"):
            assert (await shop.push_one("invoice", {**INVOICE, "status": status})).result is Result.SKIPPED

    play(scenario, records=2)
