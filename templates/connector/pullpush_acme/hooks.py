"""The hooks of the Acme connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from pullpush_sdk import Connector, connector_from, hookimpl


@hookimpl
def pullpush_connector() -> Connector:
    """Who this connector is, as its manifest says."""
    return connector_from(__package__)
