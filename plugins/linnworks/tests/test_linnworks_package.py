"""The connector's face."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import pullpush_linnworks
import pytest
from pullpush_linnworks.functions import moment, order_id, order_status


def test_abilities_are_what_the_readme_says(loaded):
    """Four types are read, three are written, the others are refused with a reason."""
    connector = loaded.connector
    assert connector.reads == connector.snapshots == {"stocklevel", "product", "order", "contact"}
    assert connector.writes == {"stocklevel", "product", "order"}
    assert set(connector.refused) == {"call", "cart", "contact.write", "invoice", "product.variants", "webhook"}
    assert all(connector.refused.values())


def test_the_sandbox_shares_no_code_with_the_connector():
    """Both could have one fault in common, and agree."""
    folder = Path(pullpush_linnworks.__file__).parent / "sandbox"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pullpush_linnworks"):
                assert node.module.startswith("pullpush_linnworks.sandbox"), path


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T12:00:00.1234567Z", datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-02T12:00:00.5Z", datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-02T14:00:00.12+02:00", datetime(2026, 3, 2, 12, 0, 0, 120_000, tzinfo=UTC)),
        ("2026-03-02T12:00:00", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_times_of_every_length_and_the_minimum_that_is_none(text, instant):
    """Zero to seven digits of a second; year 1 is no date."""
    assert moment(text) == instant


def test_a_status_is_what_happened_last():
    """Parcel before money; an unpaid order is parked by the platform itself."""
    assert order_status(True, True, None, 1) == "cancelled"
    assert order_status(True, False, None, 0) == "shipped"
    assert [order_status(False, None, True, status) for status in (0, 1, 3)] == ["pending", "on_hold", "pending"]
    assert order_status(False, None, False, 9) == "unknown"


def test_an_order_keeps_the_id_that_it_came_with():
    """Only those that were written here."""
    assert order_id("guid", "PULLPUSH", "1001") == "1001"
    assert order_id("guid", "EBAY", "1001") == order_id("guid", "PULLPUSH", "") == "guid"
