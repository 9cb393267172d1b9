"""What operators see of running flows: Prometheus metrics and OpenTelemetry traces, fed by the observer hooks.

Both are extras; nothing of them is imported until one is asked for.
"""

from ._metrics import Metrics, metrics_app
from ._tracing import Tracing, tracing

__all__ = ["Metrics", "Tracing", "metrics_app", "tracing"]
