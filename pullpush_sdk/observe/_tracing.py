"""OpenTelemetry spans: one per page that was read, per batch that was pushed, per webhook that was answered.

Spans are made when the thing has ended, from its times: a run that nobody traces does nothing for it. A push is linked
to the reads of its flow and type since the push before; deliveries wait in a log between the two, so that no span
encloses both.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pullpush_sdk.connector import version_of
from pullpush_sdk.errors import SetupError
from pullpush_sdk.hookspecs import hookimpl

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext, TracerProvider

    from pullpush_sdk.plugins import Plugins

__all__ = ["Tracing", "tracing"]

_LINKS = 16
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Tracing:
    """An observer that makes spans with a tracer provider; register it with a host plugin manager."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("pullpush")
        self._reads: dict[tuple[str, str], deque[SpanContext]] = defaultdict(lambda: deque(maxlen=_LINKS))

    @hookimpl
    def pullpush_page_read(  # noqa: PLR0917 - hooks are called by name
        self, flow: str, canonical_type: str, source: str, counts: Mapping[str, int], started: datetime, seconds: float
    ) -> None:
        """See ObserverSpec."""
        attributes = {
            "pullpush.flow": flow, "pullpush.type": canonical_type, "pullpush.connection": source,
            "pullpush.events": counts["read"], "pullpush.waiting": counts["waiting"],
        }  # fmt: skip
        context = self._span(f"read {canonical_type}", "CONSUMER", started, seconds, attributes)
        self._reads[flow, canonical_type].append(context)

    @hookimpl
    def pullpush_pushed(  # noqa: PLR0917 - hooks are called by name
        self,
        flow: str,
        canonical_type: str,
        destination: str,
        size: int,
        outcomes: Mapping[str, int],
        started: datetime,
        seconds: float,
        error: str,
    ) -> None:
        """See ObserverSpec."""
        attributes: dict[str, Any] = {
            "pullpush.flow": flow, "pullpush.type": canonical_type, "pullpush.connection": destination,
            "pullpush.deliveries": size,
        }  # fmt: skip
        attributes |= {f"pullpush.outcome.{name}": number for name, number in outcomes.items()}
        reads = self._reads.pop((flow, canonical_type), ())
        self._span(f"push {canonical_type}", "PRODUCER", started, seconds, attributes, links=reads, error=error)

    @hookimpl
    def pullpush_webhook_answered(
        self, connection: str, event: str, status: int, started: datetime, seconds: float
    ) -> None:
        """See ObserverSpec."""
        attributes = {
            "pullpush.connection": connection, "pullpush.event": event, "http.response.status_code": status
        }  # fmt: skip
        error = f"answered {status}" if status >= 500 else ""
        self._span("webhook", "SERVER", started, seconds, attributes, error=error)

    def _span(
        self,
        name: str,
        kind: str,
        started: datetime,
        seconds: float,
        attributes: Mapping[str, Any],
        *,
        links: Any = (),
        error: str = "",
    ) -> SpanContext:
        from opentelemetry.trace import Link, SpanKind, Status, StatusCode  # noqa: PLC0415 - an extra

        span = self._tracer.start_span(
            name,
            kind=SpanKind[kind],
            attributes=attributes,
            links=[Link(each) for each in links],
            start_time=version_of(started) * 1_000,
        )
        if error:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(version_of(started + timedelta(seconds=seconds)) * 1_000)
        return span.get_span_context()


@contextmanager
def tracing(plugins: Plugins) -> Iterator[None]:
    """Send spans as long as the context lives, where the environment names an OTLP endpoint; else do nothing.

    The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME and so on.

    Raises:
        SetupError: an endpoint is named, but the extra is not installed.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED") == "true":
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider as SdkProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise SetupError(
            "the environment asks for traces, and OpenTelemetry is not installed",
            hint="pip install 'pullpush-sdk[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT",
        ) from None
    name = os.environ.get("OTEL_SERVICE_NAME", "pullpush")
    provider = SdkProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    observer = Tracing(provider)
    plugins.host.register(observer, name="pullpush-tracing")
    try:
        yield
    finally:
        plugins.host.unregister(observer)
        provider.shutdown()
