"""The laws that every connector keeps, tried against this platform's sandbox."""

from pullpush_sdk.testing.conformance import LAWS, Effort, suite

# Orders are written only where the shop's owner allows what nothing can prevent. The ninth order of a shop is the
# first with an invoice that a shop without discounts can make again.
SETTINGS = {"orders_reserve_stock": True, "orders_send_mail": True, "page_size": 20}
test_the_laws = suite(
    LAWS,
    "magento",
    settings=SETTINGS,
    records=20,
    many=60,
    many_of={"invoice": 120},
    webhook_switch="events",
    effort=Effort(examples=5),
)
