"""The connector's face: abilities, and its calls against the vendor's own documents where those are at hand."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pullpush_linnworks
import pytest
from pullpush_linnworks import stock

_SPECS = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "linnworks" / "PublicApiSpecs"


def test_abilities_are_what_the_readme_says(loaded):
    """Three types are read, one is written, the others are refused with a reason."""
    connector = loaded.connector
    assert connector.reads == connector.snapshots == {"stocklevel", "product", "order"}
    assert connector.writes == {"stocklevel"}
    assert set(connector.refused) == {"call", "cart", "contact", "invoice"}
    assert all(connector.refused.values())


def test_the_sandbox_shares_no_code_with_the_connector():
    """Both could have one fault in common, and agree."""
    folder = Path(pullpush_linnworks.__file__).parent / "sandbox"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pullpush_linnworks"):
                assert node.module.startswith("pullpush_linnworks.sandbox"), path


def _calls(manifest):
    """Method and path of everything that the manifest and the stock writer send."""
    requests = [manifest.auth.exchange, manifest.check.request, manifest.locations.list]
    requests += [resource.list for resource in manifest.resources.values()]
    for request in requests:
        yield request.method, urlsplit(request.path).path or request.path
    for path in (stock.IDS, stock.LEVELS, stock.SET):
        yield "POST", path


@pytest.mark.vendor
def test_every_call_stands_in_the_vendors_documents(loaded):
    """Path and method of each."""
    if not _SPECS.is_dir():
        pytest.skip(f"the vendor's specifications are not at {_SPECS}")
    known = set()
    for version, prefix in (("1.0", ""), ("2.0", "/v2")):
        for path in (_SPECS / version).glob("*.json"):
            for name, methods in json.loads(path.read_text(encoding="utf-8-sig"))["paths"].items():
                known |= {(method.upper(), prefix + name) for method in methods}
    calls = set(_calls(loaded.connector.manifest))
    assert len(calls) == 7
    assert calls <= known


@pytest.mark.vendor
def test_the_sandboxs_items_have_the_names_of_the_vendors_model(loaded):
    """No field of a shown item or level is made up."""
    if not _SPECS.is_dir():
        pytest.skip(f"the vendor's specifications are not at {_SPECS}")
    from pullpush_sdk.sandbox import SandboxOptions

    document = json.loads((_SPECS / "1.0" / "stock.json").read_text(encoding="utf-8-sig"))
    models = document.get("definitions") or document["components"]["schemas"]
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(records=8))
    item = sandbox.control.dump()["items"][0]
    shown = {name for name in item if not name.startswith("_")}
    assert shown <= set(models["StockItemFull"]["properties"])
    level = {name for name in item["_levels"][0] if name not in {"StockLocationId", "LocationName"}}
    assert level <= set(models["StockItemLevel"]["properties"])
    assert attrs.has(type(sandbox))
