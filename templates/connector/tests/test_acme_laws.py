"""The laws that every connector keeps, tried against Acme on this machine: no account, no network."""

from __future__ import annotations

from pullpush_sdk.testing.conformance import LAWS, Effort, suite

test_the_laws = suite(LAWS, "acme", records=6, many=45, effort=Effort(examples=2))
