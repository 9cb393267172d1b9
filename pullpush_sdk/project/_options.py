"""The tables inside a flow: its schedule, what records are matched by, who owns what, and settings of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs

from ._model import Owner, near
from ._references import Reference, as_reference
from ._schedule import DEFAULT, HOW, Manual, Schedule, Schedules, check_zone, parse_schedule

Json = Any

_OWNERS = ("source", "destination")
_BESIDE_TYPES = ("default", "reconcile", "timezone")


@attrs.frozen(kw_only=True)
class FlowOptions:
    """Reads them from one flow's table; what does not fit goes to `note(message, path, hint)`."""

    table: Mapping[str, Json]
    types: Sequence[str]
    path: Sequence[str]
    note: Callable[[str, Sequence[str], str], None]

    def schedule(self) -> Schedules:
        """`[flows.NAME.schedule]`: per type, `default`, `reconcile`, and the `timezone` of cron expressions."""
        zone = self._zone()
        found: dict[str, Schedule] = {}
        for key, text in self._entries("schedule", (*self.types, *_BESIDE_TYPES)):
            if key == "timezone":
                continue
            try:
                found[key] = parse_schedule(text, zone)
            except ValueError as error:
                self.note(str(error), (*self.path, "schedule", key), HOW)
        return Schedules(default=found.pop("default", DEFAULT), reconcile=found.pop("reconcile", Manual()), types=found)

    def match(self) -> dict[str, str]:
        """`[flows.NAME.match]`: per type, a wire field."""
        if "match" not in self.table:
            return {}
        from pullpush_sdk.canonical import MATCHES  # noqa: PLC0415 - a file is read without it

        found = {}
        for name, field in self._entries("match", self.types):
            path = (*self.path, "match", name)
            known = MATCHES.get(name, ())
            if not known:
                self.note(f"records of {name} are always told apart by their key", path, "take the line out")
            elif field not in known:
                self.note(f"{name} cannot be matched by {field!r}", path, f"by one of: {', '.join(known)}")
            elif field != known[0] or name == "contact":
                found[name] = field
        return found

    def owner(self) -> dict[str, Owner]:
        """`[flows.NAME.owner]`: per type, the end that wins a conflict."""
        found: dict[str, Owner] = {}
        for name, end in self._entries("owner", self.types):
            if end in _OWNERS:
                found[name] = cast("Owner", end)
            else:
                self.note(f"owner {end!r} is not source or destination", (*self.path, "owner", name), "")
        return found

    def destination_settings(self) -> dict[str, Json | Reference]:
        """`[flows.NAME.destination_settings]`: checked against the connector's schema where the flow starts."""
        table = self._table("destination_settings")
        return {name: as_reference(value) or value for name, value in table.items()}

    def _zone(self) -> str:
        zone = self._table("schedule").get("timezone", "UTC") if isinstance(self.table.get("schedule"), Mapping) else ""
        problem = check_zone(zone) if isinstance(zone, str) and zone else ""
        if problem:
            self.note(problem, (*self.path, "schedule", "timezone"), 'such as "Europe/Oslo"')
        return zone if isinstance(zone, str) and zone and not problem else "UTC"

    def _entries(self, name: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The lines of a table of texts whose keys are `known`."""
        for key, value in self._table(name).items():
            path = (*self.path, name, key)
            if key not in known:
                self.note(f"{key!r} is not among the types of this flow", path,
                          near(key, known) or f"known: {', '.join(known)}")  # fmt: skip
            elif not isinstance(value, str):
                self.note(f"{name}.{key} must be a text", path, "")
            else:
                yield key, value

    def _table(self, name: str) -> Mapping[str, Json]:
        value = self.table.get(name, {})
        if isinstance(value, Mapping):
            return value
        self.note(f"{name} is not a table", (*self.path, name), f"write [{'.'.join(self.path)}.{name}]")
        return {}
