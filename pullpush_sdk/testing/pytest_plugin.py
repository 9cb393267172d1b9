"""The pytest plugin: options and fixtures for a connector's tests. It imports nothing until a fixture is asked for.

| fixture | is |
| --- | --- |
| `pullpush_connector` | the name of the connector; override it, or set `pullpush_connector` in the pytest settings |
| `pullpush_subject` | its `Subject`: the connector with its sandbox |
| `pullpush_clock` | a `VirtualClock`: nobody waits |
| `pullpush_run` | runs a coroutine to its end, in the loop that the fixtures live in |
| `pullpush_shop` | an open `Shop`: connection, sandbox, clock |
| `pullpush_connection` | its `Connection` |
| `pullpush_sandbox` | its `Sandbox`: edits, faults, request log |
| `pullpush_engine` | the delivery engine in memory |
| `pullpush_project` | a project in `tmp_path` that joins two sandboxes of the connector; see `testing.world` |
| `pullpush_effort` | how hard to try: `--pullpush-seed` and `--pullpush-effort` |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connection
    from pullpush_sdk.engine.ports import Engine
    from pullpush_sdk.sandbox import Sandbox
    from pullpush_sdk.testing.clock import VirtualClock
    from pullpush_sdk.testing.conformance import Effort, Shop, Subject
    from pullpush_sdk.testing.world import World

__all__: list[str] = []

T = TypeVar("T")
_ORDER = ("product", "contact", "stocklevel", "order", "invoice", "cart", "call")
"""Canonical types in the order in which a project copies them."""
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and the setting that names the connector."""
    group = parser.getgroup("pullpush", "connectors of PullPush")
    group.addoption("--pullpush-seed", type=int, default=None, metavar="N", help="seed of random histories and faults")
    group.addoption(
        "--pullpush-effort",
        type=int,
        default=None,
        metavar="N",
        help="random histories per law (default: the suite's, 10)",
    )
    parser.addini("pullpush_connector", "name of the connector that the pullpush fixtures are for", default="")


@pytest.fixture(scope="session")
def pullpush_effort(pytestconfig: pytest.Config) -> Effort:
    """How hard to try, by the options."""
    return effort_of(pytestconfig)


def effort_of(config: pytest.Config, otherwise: Effort | None = None) -> Effort:
    """The effort that the options ask for; what they do not say is as `otherwise` says, or as usual."""
    from pullpush_sdk.testing.conformance import Effort  # noqa: PLC0415 - not before a test asks

    usual = otherwise or Effort()
    seed, examples = config.getoption("--pullpush-seed", None), config.getoption("--pullpush-effort", None)
    return Effort(seed=usual.seed if seed is None else seed, examples=usual.examples if examples is None else examples)


@pytest.fixture(scope="session")
def pullpush_connector(pytestconfig: pytest.Config) -> str:
    """The name of the connector: the setting's, else that of the only one that is installed."""
    named = str(pytestconfig.getini("pullpush_connector"))
    if named:
        return named
    from pullpush_sdk.plugins import load_plugins  # noqa: PLC0415 - not before a test asks

    known = sorted(load_plugins().connectors)
    if len(known) == 1:
        return known[0]
    message = (
        f"which connector is meant? installed: {', '.join(known) or 'none'}\n"
        "  Fix: override the fixture pullpush_connector, or set pullpush_connector in the pytest settings"
    )
    return pytest.fail(message, pytrace=False)


@pytest.fixture(scope="session")
def pullpush_subject(pullpush_connector: str) -> Subject:
    """The connector with its sandbox; override it to give `Subject` other options."""
    from pullpush_sdk.plugins import load_plugins  # noqa: PLC0415 - not before a test asks
    from pullpush_sdk.testing.conformance import Subject  # noqa: PLC0415

    return Subject.of(load_plugins(), pullpush_connector)


@pytest.fixture
def pullpush_clock() -> VirtualClock:
    """A clock that jumps."""
    from pullpush_sdk.testing.clock import VirtualClock  # noqa: PLC0415 - not before a test asks

    return VirtualClock()


@pytest.fixture
def pullpush_run() -> Iterator[Run]:
    """Runs a coroutine to its end; everything that the other fixtures open lives in its loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def pullpush_shop(
    pullpush_subject: Subject, pullpush_clock: VirtualClock, pullpush_effort: Effort, pullpush_run: Run
) -> Iterator[Shop]:
    """A fresh shop of the connector's platform, with a connection to it."""
    yield from _open(pullpush_run, pullpush_subject.shop(seed=pullpush_effort.seed, clock=pullpush_clock))


@pytest.fixture
def pullpush_connection(pullpush_shop: Shop) -> Connection:
    """A connection to the sandbox."""
    return pullpush_shop.connection


@pytest.fixture
def pullpush_sandbox(pullpush_shop: Shop) -> Sandbox:
    """The sandbox that the connection points at."""
    return pullpush_shop.sandbox


@pytest.fixture
def pullpush_engine(pullpush_subject: Subject, pullpush_clock: VirtualClock, pullpush_run: Run) -> Iterator[Engine]:
    """The delivery engine in memory, held."""
    from pullpush_sdk.testing.engine import memory_engine  # noqa: PLC0415 - not before a test asks

    yield from _open(pullpush_run, memory_engine(clock=pullpush_clock, types=pullpush_subject.types))


@pytest.fixture
def pullpush_project(
    pullpush_subject: Subject,
    pullpush_clock: VirtualClock,
    pullpush_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A project in `tmp_path` that copies what the connector both reads and writes from one sandbox to another."""
    from pullpush_sdk.plugins import load_plugins  # noqa: PLC0415 - not before a test asks
    from pullpush_sdk.testing.world import End, world  # noqa: PLC0415

    connector = pullpush_subject.loaded.connector
    end = End(connector=connector.name, settings=pullpush_subject.settings, extra=pullpush_subject.extra)
    # A stock level finds its product, an order its lines.
    types = [each for each in _ORDER if each in connector.reads & connector.writes]
    made = world(
        tmp_path,
        monkeypatch.setenv,
        end,
        End(connector=connector.name, settings=end.settings, extra=end.extra, records=0),
        types,
        plugins=load_plugins(),
        clock=pullpush_clock,
    )
    yield from _open(pullpush_run, made)


def _open(run: Run, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What a context gives, entered and left by one task: some contexts do not bear another."""
    closing = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def begin() -> T:
        opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def live() -> None:
            try:
                async with context as value:
                    opened.set_result(value)
                    await closing.wait()
            except BaseException as error:
                if opened.done():
                    raise
                opened.set_exception(error)

        tasks.append(asyncio.ensure_future(live()))
        return await opened

    async def end() -> None:
        closing.set()
        await tasks[0]

    value: T = run(begin())
    yield value
    run(end())
