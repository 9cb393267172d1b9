"""Prometheus metrics: what happens is counted as it happens, what stands in the store is read at each scrape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.inbox import InboxStatus
from pullpush_sdk.engine.ports import OUTCOMES, Engine, EngineStatus
from pullpush_sdk.errors import SetupError
from pullpush_sdk.hookspecs import hookimpl

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from pullpush_sdk.plugins import Plugins

__all__ = ["Metrics", "metrics_app"]

Message = MutableMapping[str, Any]
Asgi = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Dead letters leave again when they are retried or dropped: their number is no counter.
_ENDED = tuple(name for name in OUTCOMES if name != "dead")


class Metrics:
    """The metrics of one process, in a registry of their own.

    Register it with `watch(plugins)`; hand `metrics_app(metrics, engine)` to whatever serves HTTP.

    Raises:
        SetupError: prometheus-client is not installed.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        try:
            import prometheus_client as prometheus  # noqa: PLC0415 - an extra
        except ImportError:
            raise SetupError(
                "metrics need the package prometheus-client", hint="pip install 'pullpush-sdk[metrics]'"
            ) from None
        self._clock = clock or SystemClock()
        self._status: EngineStatus | None = None
        self.registry = prometheus.CollectorRegistry()
        flow = ("flow", "type")
        self._pages = prometheus.Counter("pullpush_pages_read", "Pages read and stored.", flow, registry=self.registry)
        self._read_seconds = prometheus.Histogram(
            "pullpush_page_seconds", "Time to read and store a page.", flow, buckets=_SECONDS, registry=self.registry
        )
        self._pushes = prometheus.Counter(
            "pullpush_pushed", "Answers of pushes, by outcome; an error of a whole batch is `error`.",
            (*flow, "outcome"), registry=self.registry,
        )  # fmt: skip
        self._push_seconds = prometheus.Histogram(
            "pullpush_push_seconds", "Duration of a push of one batch.", flow, buckets=_SECONDS, registry=self.registry
        )
        self._webhooks = prometheus.Counter(
            "pullpush_webhooks", "Webhook requests, by the status they were answered with.", ("connection", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._webhook_seconds = prometheus.Histogram(
            "pullpush_webhook_seconds", "Time until a webhook was answered.", ("connection",), buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(self)

    @contextmanager
    def watch(self, plugins: Plugins) -> Iterator[None]:
        """Be told what happens as long as the context lives."""
        plugins.host.register(self, name="pullpush-metrics")
        try:
            yield
        finally:
            plugins.host.unregister(self)

    async def text(self, engine: Engine) -> bytes:
        """All metrics in Prometheus' text format, with the store as it is now."""
        from prometheus_client import generate_latest  # noqa: PLC0415 - an extra

        self._status = await engine.status()
        return generate_latest(self.registry)

    @hookimpl
    def pullpush_page_read(self, flow: str, canonical_type: str, seconds: float) -> None:
        """See ObserverSpec."""
        self._pages.labels(flow, canonical_type).inc()
        self._read_seconds.labels(flow, canonical_type).observe(seconds)

    @hookimpl
    def pullpush_pushed(
        self, flow: str, canonical_type: str, size: int, outcomes: Mapping[str, int], seconds: float
    ) -> None:
        """See ObserverSpec."""
        self._push_seconds.labels(flow, canonical_type).observe(seconds)
        for outcome, number in outcomes.items() if outcomes else (("error", size),):
            self._pushes.labels(flow, canonical_type, outcome).inc(number)

    @hookimpl
    def pullpush_webhook_answered(self, connection: str, status: int, seconds: float) -> None:
        """See ObserverSpec."""
        self._webhooks.labels(connection, str(status)).inc()
        self._webhook_seconds.labels(connection).observe(seconds)

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are known once the store was read."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What the store told at the last scrape."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - an extra

        if self._status is None:
            return
        flow = ("flow", "type")
        read = CounterMetricFamily("pullpush_events_read", "Events read since the flow exists.", labels=flow)
        ended = CounterMetricFamily(
            "pullpush_deliveries", "Deliveries that ended, since the flow exists.", labels=(*flow, "outcome")
        )
        waiting = GaugeMetricFamily("pullpush_waiting", "Deliveries that wait.", labels=flow)
        dead = GaugeMetricFamily("pullpush_dead_letters", "Dead letters that nobody mended or dropped.", labels=flow)
        lag = GaugeMetricFamily("pullpush_lag_seconds", "Age of the longest waiting delivery.", labels=("flow",))
        for each in self._status.flows:
            lag.add_metric([each.flow], self._age(each.oldest))
            for name, counts in each.counts.items():
                labels = [each.flow, name]
                read.add_metric(labels, counts.get("read", 0))
                waiting.add_metric(labels, counts.get("waiting", 0))
                dead.add_metric(labels, counts.get("dead", 0))
                for outcome in _ENDED:
                    ended.add_metric([*labels, outcome], counts.get(outcome, 0))
        resting = GaugeMetricFamily(
            "pullpush_breaker_open", "Destinations that are given a rest: 1.", labels=("connection",)
        )
        for connection in self._status.open_breakers:
            resting.add_metric([connection], 1)
        yield from (read, ended, waiting, dead, lag, resting, *self._inbox(self._status.inbox))

    def _inbox(self, inbox: Sequence[InboxStatus]) -> Iterator[Metric]:
        """Raw webhooks that are not in the logs yet."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

        waiting = GaugeMetricFamily("pullpush_inbox", "Raw webhooks that wait.", labels=("connection",))
        failing = GaugeMetricFamily(
            "pullpush_inbox_failing", "Raw webhooks that could not be received so far.", labels=("connection",)
        )
        age = GaugeMetricFamily("pullpush_inbox_seconds", "Age of the oldest raw webhook.", labels=("connection",))
        for each in inbox:
            waiting.add_metric([each.connection], each.waiting)
            failing.add_metric([each.connection], each.failing)
            age.add_metric([each.connection], self._age(each.oldest))
        yield from (waiting, failing, age)

    def _age(self, oldest: datetime | None) -> float:
        return 0.0 if oldest is None else max((self._clock.now() - oldest).total_seconds(), 0.0)


@attrs.frozen
class _App:
    """See `metrics_app`. An object, so that a route takes it for an application."""

    metrics: Metrics
    engine: Engine

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        del receive
        if scope["type"] != "http":
            return
        allowed = scope["method"] in {"GET", "HEAD"}
        body = await self.metrics.text(self.engine) if allowed else b""
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            *([] if allowed else [(b"allow", b"GET, HEAD")]),
        ]
        await send({"type": "http.response.start", "status": 200 if allowed else 405, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def metrics_app(metrics: Metrics, engine: Engine) -> Asgi:
    """An ASGI application that answers GET with the metrics; put it where Prometheus looks."""
    return _App(metrics, engine)
