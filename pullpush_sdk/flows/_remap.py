"""Dead letters that were never mapped, mapped again by the connectors they came from."""

from __future__ import annotations

import attrs

from pullpush_sdk.connector import Event
from pullpush_sdk.engine.ports import Unmapped
from pullpush_sdk.errors import FieldError
from pullpush_sdk.plugins import asked

from ._pool import Connections
from ._validate import not_canonical

__all__ = ["Remapper"]


@attrs.frozen
class Remapper:
    """Maps again over connections that are open anyway, or opened for it."""

    connections: Connections

    async def remap(self, record: Unmapped) -> Event:
        """See `Remap`.

        Raises:
            FieldError: it still cannot be mapped, or its connector cannot try it again.
            SetupError: the flow or its source cannot be used.
            RemoteError: the platform was asked for more of the record and did not give it.
        """
        async with self.connections.use(self.connections.project.flow(record.flow).source) as source:
            event: Event | None = await asked(
                source.loaded,
                "pullpush_remap",
                connection=source.connection,
                canonical_type=record.type,
                native=record.native,
                origin=record.origin,
                read_at=record.read_at,
            )
            if event is None:
                raise FieldError(
                    f"the connector {source.loaded.name} cannot map a {record.type} again",
                    hint="it comes again when the source is read again",
                )
        if problem := not_canonical(event, self.connections.plugins.types[record.type]):
            raise problem
        return event
