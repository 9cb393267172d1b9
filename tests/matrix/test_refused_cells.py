"""What a platform cannot do is said by `pullpush connectors show NAME`, cell by cell and with the reason."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from tests.matrix.world import PLATFORMS, PLUGINS

CELLS = ("stocklevel", "product", "order", "contact", "invoice", "cart", "call")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_cell_is_offered_or_refused_with_a_reason(name):
    shown = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"}).invoke(cli, ["connectors", "show", name])
    assert shown.exit_code == 0, shown.output
    refused = dict(re.findall(r"^not offered: ([\w.]+): (.{15,})$", shown.stdout, re.MULTILINE))
    connector = PLUGINS.connector(name).connector
    assert refused == dict(connector.refused)
    for kind in CELLS:
        offered = {"read": kind in connector.reads, "write": kind in connector.writes}
        for way, is_offered in offered.items():
            told = f"{kind}.{way}" in refused or (kind in refused and way in _ways(kind, refused, offered))
            assert is_offered != told, (kind, way, refused)
    assert bool(connector.webhooks) != ("webhook" in refused)


def _ways(kind, refused, offered):
    """A type by itself speaks of whatever of it is not offered."""
    return {way for way, is_offered in offered.items() if not is_offered} if kind in refused else set()
