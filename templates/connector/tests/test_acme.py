"""What the Acme connector says of itself, and its samples."""

from __future__ import annotations

import json
from importlib.resources import files

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.sandbox import SandboxOptions
from pullpush_sdk.testing.conformance import Subject

SHOP = Subject.of(load_plugins(only="acme"), "acme")
CONNECTOR = SHOP.loaded.connector
TYPES = {
    # <type:product>
    "product",
    # </type:product>
    # <type:stocklevel>
    "stocklevel",
    # </type:stocklevel>
    # <type:order>
    "order",
    # </type:order>
    # <type:contact>
    "contact",
    # </type:contact>
    # <type:call>
    "call",
    # </type:call>
    # <type:invoice>
    "invoice",
    # </type:invoice>
    # <type:cart>
    "cart",
    # </type:cart>
}


def test_it_loads_and_does_what_it_is_for() -> None:
    """The manifest is checked as the connector is loaded; what it reads and writes follows from it."""
    # <read>
    assert set() < CONNECTOR.reads <= TYPES
    # </read>
    # <write>
    assert set() < CONNECTOR.writes <= TYPES
    # </write>
    # <webhooks>
    assert set() < CONNECTOR.webhooks <= TYPES
    # </webhooks>


def test_every_sample_is_what_its_manifest_says() -> None:
    """The recorded answers hold records where the manifest looks for them, and no credential in clear."""
    secrets = SHOP.sandbox(SandboxOptions()).secrets.values()
    for name, file in CONNECTOR.manifest.samples.items():
        text = (files("pullpush_acme") / file).read_text(encoding="utf-8")
        assert json.loads(text)["exchanges"], name
        assert not any(secret in text for secret in secrets), name
