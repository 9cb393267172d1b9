"""The template is a connector: it loads as it lies, with what its manifest declares and without a finding."""

import importlib
import sys
from pathlib import Path

from pullpush_sdk.manifest import check_manifest
from pullpush_sdk.plugins import Source, load_plugins

FOLDER = Path(__file__).parents[2] / "templates/connector"


def test_the_template_loads_as_it_lies(monkeypatch):
    """Nothing in it waits to be filled in."""
    monkeypatch.syspath_prepend(str(FOLDER))
    source = Source(
        name="acme", distribution="pullpush-acme", load=lambda: importlib.import_module("pullpush_acme.hooks")
    )
    try:
        plugins = load_plugins([source])
        assert not plugins.failures
        connector = plugins.connector("acme").connector
        assert connector.reads == {"product", "stocklevel"}
        assert connector.writes == {"stocklevel"}
        assert check_manifest(connector.manifest, plugins.types, plugins.functions) == []
    finally:
        for name in [name for name in sys.modules if name.startswith("pullpush_acme")]:
            del sys.modules[name]
