"""Random histories of the embedded engine end as a model says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings

from pullpush_sdk.testing.engine_laws import EngineUnderTest
from pullpush_sdk.testing.engine_laws.machine import EngineMachine

from .sqlite_engine import SqliteUnderTest


def _fresh() -> tuple[EngineUnderTest, Callable[[], None]]:
    folder = Path(tempfile.mkdtemp(prefix="pullpush-machine-"))
    return SqliteUnderTest(folder), lambda: shutil.rmtree(folder)


class SqliteMachine(EngineMachine):
    under_test = staticmethod(_fresh)


SqliteMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestHistories = SqliteMachine.TestCase
