"""The embedded engine keeps every law of delivery."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pullpush_sdk.testing.engine_laws import ALL_LAWS, Law, run_law

from .sqlite_engine import SqliteUnderTest


@pytest.mark.parametrize("law", ALL_LAWS, ids=lambda law: law.__name__)
def test_law(law: Law, tmp_path: Path) -> None:
    asyncio.run(run_law(law, SqliteUnderTest(tmp_path)))
