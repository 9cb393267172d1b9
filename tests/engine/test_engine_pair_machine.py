"""Random histories of two platforms that copy each other, over the embedded engine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings

from pullpush_sdk.testing.engine_laws import EngineUnderTest
from pullpush_sdk.testing.engine_laws.pair_machine import OrderPairMachine, StockPairMachine

from .sqlite_engine import SqliteUnderTest


def _fresh() -> tuple[EngineUnderTest, Callable[[], None]]:
    folder = Path(tempfile.mkdtemp(prefix="pullpush-pair-"))
    return SqliteUnderTest(folder), lambda: shutil.rmtree(folder)


class SqliteStockPair(StockPairMachine):
    under_test = staticmethod(_fresh)


class SqliteOrderPair(OrderPairMachine):
    under_test = staticmethod(_fresh)


for _machine, _examples in ((SqliteStockPair, 15), (SqliteOrderPair, 40)):
    _machine.TestCase.settings = settings(
        max_examples=_examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
TestStockHistories = SqliteStockPair.TestCase
TestOrderHistories = SqliteOrderPair.TestCase
