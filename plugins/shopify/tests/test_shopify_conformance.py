"""The laws that every connector keeps, tried against this platform's sandbox."""

from pullpush_sdk.testing.conformance import LAWS, Effort, suite

# Pages hold 100 records; one product in four has a customer, one in ten a checkout.
test_the_laws = suite(LAWS, "shopify", many=220, many_of={"contact": 420, "cart": 1100}, effort=Effort(examples=5))
