"""A connection that may receive webhooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from pullpush_sdk.connector import Connection
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.flows import is_written_in_python
from pullpush_sdk.manifest import Webhook
from pullpush_sdk.plugins import LoadedConnector

__all__ = ["Target"]


@attrs.frozen(kw_only=True)
class Target:
    """One connection, its connector, and the flows that read a canonical type from it, whatever their state.

    A flow that is paused is among them: it goes on accepting, and delivers later.
    """

    connection: Connection
    loaded: LoadedConnector
    flows: Callable[[str], Sequence[FlowSpec]]

    @property
    def webhook(self) -> Webhook | None:
        """The webhook section of the connector's manifest, None where it has none."""
        manifest = self.loaded.connector.manifest
        found: Webhook | None = manifest.webhook if manifest is not None else None
        return found

    @property
    def is_generic(self) -> bool:
        """Whether the manifest alone says what a webhook means."""
        return self.webhook is not None and not is_written_in_python(self.loaded, "pullpush_receive")

    @property
    def types(self) -> Sequence[str]:
        """The canonical types that a webhook of this connector may be about."""
        connector = self.loaded.connector
        return sorted(connector.webhooks or connector.reads)
