"""Two of the four platforms, joined as the kit joins any two."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import attrs

from pullpush_sdk.plugins import find_sources, load_plugins
from pullpush_sdk.testing import world as kit

PLATFORMS = ("linnworks", "magento", "salla", "shopify")
# Products first: a stock level finds its product, an order its lines; stock next: what is out of stock is not sold.
ORDER = ("product", "contact", "stocklevel", "order", "invoice")
CURRENCY = "SAR"
"""Of every shop: a price in another one is refused, which is a test of its own."""
ORDERS_ALLOWED = {"magento": {"orders_reserve_stock": True, "orders_send_mail": True, "missing_phone": "+966500000000"}}
"""What must be said before a platform takes orders at all."""


def load():
    """The four platforms."""
    return load_plugins([each for each in find_sources() if each.name in PLATFORMS])


PLUGINS = load()


def shared_types(source, destination):
    """What the one reads and the other writes, in the order in which a flow runs it."""
    reads, writes = PLUGINS.connector(source).connector.reads, PLUGINS.connector(destination).connector.writes
    return [name for name in ORDER if name in reads & writes]


def no_data_cases(platform):
    """Every form of "no data" of a platform, beside its real zeros, as its own tests have them."""
    path = next((Path(__file__).parents[2] / "plugins" / platform).rglob("no_data_cases.py"))
    spec = importlib.util.spec_from_file_location(f"no_data_cases_of_{platform}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


@attrs.frozen(kw_only=True)
class End(kit.End):
    """One side, whose prices are in the matrix's currency."""

    def sandbox(self, plugins, clock):
        """The platform on this machine."""
        extra = {"currency": CURRENCY} if self.connector == "linnworks" else {}
        return kit.End.sandbox(attrs.evolve(self, extra={**extra, **self.extra}), plugins, clock)


def world(folder, setenv, left, right, types, **options):
    """Both sides served, and an active flow between them, by plugins of its own."""
    plugins = load()
    assert not plugins.failures, plugins.failures
    return kit.world(folder, setenv, left, right, types, plugins=plugins, **options)
