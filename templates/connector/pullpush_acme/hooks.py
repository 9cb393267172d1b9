"""The hooks of the Acme connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

# <subscribe>
from collections.abc import Awaitable, Sequence

# </subscribe>
# <sandbox>
from typing import Any

# </sandbox>
from pullpush_sdk import Connector, connector_from, hookimpl

# <subscribe>
from pullpush_sdk.connector import Connection, Finding

# </subscribe>
# <functions>
from .functions import FUNCTIONS

# </functions>


@hookimpl
def pullpush_connector() -> Connector:
    """Who this connector is, as its manifest says."""
    # <functions>
    return connector_from(__package__, functions=FUNCTIONS)
    # <else>
    # | return connector_from(__package__)
    # </functions>


# <subscribe>
@hookimpl
def pullpush_subscribe(connection: Connection, url: str) -> Awaitable[Sequence[Finding]]:
    """Every event that the manifest handles, at one address; asking twice changes nothing."""
    from .webhooks import subscribe  # noqa: PLC0415 - whoever only polls never needs it

    return subscribe(connection, url)


# </subscribe>
# <sandbox>
@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Acme on this machine."""
    from .sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)


# </sandbox>
