"""A project as data: connections, flows and the engine that pullpush.toml describes, with no secret resolved."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from pullpush_sdk.errors import Problem, ProjectError

from ._lines import Lines
from ._references import Reference
from ._retention import Retention
from ._schedule import Schedules

Json = Any
State = Literal["shadow", "active", "paused"]
OnDelete = Literal["ignore", "archive", "delete"]
Owner = Literal["source", "destination"]


@attrs.frozen(kw_only=True)
class ConnectionConfig:
    """One `[connections.NAME]`: every key beside `connector` and `sandbox` is a setting.

    `sandbox` is an origin (`http://127.0.0.1:8080`) that takes the place of every host of the connector.
    """

    name: str
    connector: str
    settings: Mapping[str, Json | Reference]
    sandbox: str | None = None


@attrs.frozen(kw_only=True)
class FlowConfig:
    """One `[flows.NAME]`.

    `types` is the order in which a one-shot sync runs them. `locations` maps a source location to a destination
    location, `sums` a destination location to the source locations whose known quantities it adds up. `coalesce`
    names types of which only the newest waiting state matters, beside those that always are so. `batch` None means
    the connector's own size. `state` is where the flow starts; the engine keeps what it is now. `schedule` says when
    `pullpush run` reads. `match` names, per type, the field that records are told apart by. `owner` says per canonical
    type whose value wins where another flow goes the other way and both sides changed one record; a type without an
    owner goes by the newest version. `destination_settings` take the place of settings of the destination connection
    in this flow.
    """

    name: str
    source: str
    destination: str
    types: Sequence[str]
    locations: Mapping[str, str] = attrs.field(factory=dict)
    sums: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    coalesce: frozenset[str] = frozenset()
    batch: int | None = None
    concurrency: int = 8
    on_delete: OnDelete = "ignore"
    state: State = "shadow"
    schedule: Schedules = attrs.field(factory=Schedules)
    match: Mapping[str, str] = attrs.field(factory=dict)
    owner: Mapping[str, Owner] = attrs.field(factory=dict)
    destination_settings: Mapping[str, Json | Reference] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Project:
    """What one pullpush.toml says. `lines` finds the line of a key, for messages.

    `key` is where the key that seals stored tokens is kept; None means PULLPUSH_KEY, else a file of the state folder.
    """

    file: Path
    connections: Mapping[str, ConnectionConfig]
    flows: Mapping[str, FlowConfig]
    engine: str | Reference
    lines: Lines = attrs.field(repr=False, eq=False)
    retention: Retention = attrs.field(factory=Retention)
    key: Reference | None = None

    @property
    def root(self) -> Path:
        """The folder of the file; relative paths start here."""
        return self.file.parent

    @property
    def state_dir(self) -> Path:
        """Where store, tokens and key live; it need not exist yet."""
        return self.root / ".pullpush"

    def connection(self, name: str) -> ConnectionConfig:
        """The connection of that name; raises ProjectError that names those there are."""
        if name not in self.connections:
            raise unknown("connection", name, self.connections, self.file)
        return self.connections[name]

    def flow(self, name: str) -> FlowConfig:
        """The flow of that name; raises ProjectError that names those there are."""
        if name not in self.flows:
            raise unknown("flow", name, self.flows, self.file)
        return self.flows[name]

    def problem(self, message: str, path: Sequence[str], *, hint: str = "") -> Problem:
        """A finding at a key of the file."""
        return Problem(
            message=message, path=json_path(path), hint=hint, file=str(self.file), line=self.lines.find(path)
        )


def json_path(path: Sequence[str]) -> str:
    """`$.flows.main.types`; names that are not plain stand in brackets."""
    return "$" + "".join(f".{step}" if step.replace("-", "_").isidentifier() else f"[{step!r}]" for step in path)


def near(name: str, known: Iterable[str]) -> str:
    """A "did you mean" hint, empty where nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {found[0]!r}?" if found else ""


def unknown(what: str, name: str, known: Iterable[str], file: Path) -> ProjectError:
    """The error for a name that the file does not have."""
    names = sorted(known)
    listed = ", ".join(names) or "none"
    return ProjectError(
        f"{file} has no {what} named {name!r} (it has: {listed})",
        hint=near(name, names) or f"add [{what}s.{name}] to it",
    )
