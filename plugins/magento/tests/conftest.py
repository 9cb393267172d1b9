from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any

import pytest
from pullpush_magento import hooks

from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.testing import accounts


@cache
def load() -> LoadedConnector:
    return accounts.load_hooks(hooks, "magento")


class Shop(accounts.Account):
    LOG = "https://magento.example/_sandbox/log"


def open_shop(**options: Any) -> AbstractAsyncContextManager[Shop]:
    return accounts.opened(load(), account=Shop, **options)


@pytest.fixture
def loaded() -> LoadedConnector:
    return load()


@pytest.fixture
def opened() -> Callable[..., Any]:
    """`async with opened(records=20) as shop`."""
    return open_shop


@pytest.fixture
def play() -> Callable[..., Any]:
    """Runs an async scenario against a fresh shop: `play(scenario, records=20)`."""
    return accounts.player(open_shop)
