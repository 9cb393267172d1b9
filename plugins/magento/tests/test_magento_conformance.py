"""The laws that every connector keeps, tried against this platform's sandbox."""

from pullpush_sdk.testing.conformance import LAWS, suite

test_the_laws = suite(LAWS, "magento")
