"""The laws that every connector keeps, tried against this platform's sandbox."""

from pullpush_sdk.testing.conformance import LAWS, Effort, suite

# Pages hold 60 records, those of orders 30; one product in seven has a cart, one in twenty-seven an invoice.
test_the_laws = suite(
    LAWS, "salla", many=130, many_of={"order": 70, "cart": 450, "invoice": 1800}, effort=Effort(examples=5)
)
