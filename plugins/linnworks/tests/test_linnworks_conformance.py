"""The laws that every connector keeps, tried against this platform's sandbox."""

from pullpush_sdk.testing.conformance import LAWS, Effort, suite

# Pages hold 200 items; two products in seven have an order.
test_the_laws = suite(LAWS, "linnworks", many=400, effort=Effort(examples=5))
