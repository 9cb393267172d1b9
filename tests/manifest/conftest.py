"""Documents that several tests read, written for them."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).parent / "documents"


@pytest.fixture
def connector() -> str:
    """A manifest that uses every section."""
    return (DOCUMENTS / "connector.yaml").read_text(encoding="utf-8")


@pytest.fixture
def miniapp() -> str:
    """A whole MiniApp document with both handler shapes."""
    return (DOCUMENTS / "miniapp.js").read_text(encoding="utf-8")
