"""Where a reader stands: a plain JSON value that is stored with each page.

`since` is the moment at which the last complete sweep began; `started` the same of the sweep under way. Inside a
sweep `resource`, `item` and `state` say which list, which outer record and which page come next; `begin` the moment
from which a list was asked for anew that the platform had cut off, "all" where it is read without its filter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from pullpush_sdk.canonical import instant_text, parse_instant
from pullpush_sdk.errors import ContractError
from pullpush_sdk.manifest import Incremental, render

Json = Any
_VERSION = 1


@attrs.frozen(kw_only=True)
class Cursor:
    """One place in one sweep; the start of the next sweep where `state` is None and `resource` 0."""

    since: datetime | None = None
    started: datetime | None = None
    resource: int = 0
    item: str | None = None
    state: Json = None
    begin: str | None = None

    @classmethod
    def read(cls, stored: Json) -> Cursor:
        """The cursor of a stored value; None is the very beginning.

        Raises:
            ContractError: not a value that `write` made.
        """
        if stored is None:
            return cls()
        if not isinstance(stored, dict) or stored.get("v") != _VERSION:
            raise ContractError("the stored cursor is not one of this reader", hint="reset the flow's cursor")
        return cls(
            since=_instant(stored.get("since")),
            started=_instant(stored.get("started")),
            resource=int(stored.get("resource", 0)),
            item=stored.get("item"),
            state=stored.get("state"),
            begin=stored.get("begin"),
        )

    def write(self) -> Json:
        """A plain JSON value without the parts that say nothing."""
        value: dict[str, Json] = {
            "v": _VERSION,
            "since": instant_text(self.since) if self.since else None,
            "started": instant_text(self.started) if self.started else None,
            "resource": self.resource or None,
            "item": self.item,
            "state": self.state,
            "begin": self.begin,
        }
        return {key: each for key, each in value.items() if each is not None}


def _instant(text: Json) -> datetime | None:
    return None if text is None else parse_instant(text)


def since_value(incremental: Incremental, since: datetime, *, overlap: float | None = None) -> Json:
    """The platform's own writing of `since` less the overlap in seconds (None: the manifest's), in the template."""
    moment = since - timedelta(seconds=incremental.overlap if overlap is None else overlap)
    local = moment.astimezone(ZoneInfo(incremental.timezone))
    if incremental.format == "iso":
        text: Json = instant_text(moment.replace(microsecond=0))
    elif incremental.format == "unix":
        text = int(moment.timestamp())
    elif incremental.format == "unix_ms":
        text = int(moment.timestamp()) * 1000
    else:
        text = local.strftime(incremental.format)
    return render(incremental.template, {"since": text})
