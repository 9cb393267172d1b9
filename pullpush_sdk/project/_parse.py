"""A TOML document as a Project: types, names and cross-references; every problem is collected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.errors import Problem

from ._lines import Lines
from ._model import ConnectionConfig, FlowConfig, Project, json_path, near
from ._options import FlowOptions
from ._references import HOW, Reference, as_reference
from ._retention import RETENTION_KEYS, Retention, read_retention

DEFAULT_ENGINE = "sqlite:///.pullpush/pullpush.db"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ROOT_KEYS = ("connections", "flows", "engine", "secrets")
_FLOW_KEYS = (
    "source", "destination", "types", "locations", "coalesce", "batch", "concurrency", "on_delete", "state",
    "schedule", "match", "owner", "destination_settings",
)  # fmt: skip
_MISSING = object()


def parse_document(document: Mapping[str, Any], *, file: Path, lines: Lines, problems: list[Problem]) -> Project:
    """The project of a parsed file; what is wrong goes to `problems` and leaves a gap or default in the result."""
    return _Parser(file, lines, problems).project(document)


class _Parser:
    """Reads values at paths, and notes what does not fit."""

    def __init__(self, file: Path, lines: Lines, problems: list[Problem]) -> None:
        self._file = file
        self._lines = lines
        self._problems = problems

    def project(self, document: Mapping[str, Any]) -> Project:
        self._only(document, _ROOT_KEYS, ())
        connections = {
            name: self._connection(name, table) for name, table in self._tables(document, "connections").items()
        }
        flows = {name: self._flow(name, table, connections) for name, table in self._tables(document, "flows").items()}
        return Project(
            file=self._file,
            connections=connections,
            flows=flows,
            engine=self._engine(document.get("engine", {})),
            retention=self._retention(document.get("engine", {})),
            key=self._key(document.get("secrets", {})),
            lines=self._lines,
        )

    def _note(self, message: str, path: Sequence[str], hint: str = "") -> None:
        self._problems.append(
            Problem(
                message=message,
                path=json_path(path),
                hint=hint,
                file=str(self._file),
                line=self._lines.find(path),
            )
        )

    def _only(self, table: Mapping[str, Any], known: Sequence[str], path: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                self._note(f"unknown key {key!r}", (*path, key), near(key, known) or f"known: {', '.join(known)}")

    def _tables(self, document: Mapping[str, Any], kind: str) -> dict[str, Mapping[str, Any]]:
        found = document.get(kind, {})
        if not isinstance(found, Mapping):
            self._note(f"{kind} is not a table", (kind,), f"write [{kind}.NAME]")
            return {}
        good = {}
        for name, table in found.items():
            if not isinstance(table, Mapping):
                self._note(f"{name!r} is not a table", (kind, name), f"write [{kind}.NAME] above it")
            elif not _NAME.fullmatch(name):
                self._note(f"name {name!r} is not allowed", (kind, name), "letters, digits, - and _ only")
            else:
                good[name] = table
        return good

    def _text(self, table: Mapping[str, Any], key: str, path: Sequence[str], known: Sequence[str] = ()) -> str:
        value = table.get(key, _MISSING)
        if value is _MISSING:
            self._note(f"{key} is missing", path, f'add {key} = "..."')
            return ""
        if not isinstance(value, str) or not value:
            self._note(f"{key} must be a text", (*path, key))
            return ""
        if known and value not in known:
            self._note(f"{key} {value!r} is not one of {', '.join(known)}", (*path, key), near(value, known))
            return ""
        return value

    def _connection(self, name: str, table: Mapping[str, Any]) -> ConnectionConfig:
        path = ("connections", name)
        settings = {
            key: as_reference(value) or value for key, value in table.items() if key not in {"connector", "sandbox"}
        }
        sandbox = self._text(table, "sandbox", path).rstrip("/") if "sandbox" in table else None
        if sandbox and not _is_loopback(sandbox):
            self._note(
                "sandbox must be an origin of this machine",
                (*path, "sandbox"),
                'such as "http://127.0.0.1:8080"; pullpush sandbox NAME prints it',
            )
        return ConnectionConfig(
            name=name, connector=self._text(table, "connector", path), settings=settings, sandbox=sandbox
        )

    def _flow(self, name: str, table: Mapping[str, Any], connections: Mapping[str, Any]) -> FlowConfig:
        path = ("flows", name)
        self._only(table, _FLOW_KEYS, path)
        ends = [self._end(table, end, path, connections) for end in ("source", "destination")]
        if ends[0] and ends[0] == ends[1]:
            self._note("source and destination are the same connection", (*path, "destination"))
        locations, sums = self._locations(table.get("locations", {}), (*path, "locations"))
        types = self._types(table, "types", path)
        options = FlowOptions(table=table, types=types, path=path, note=self._note)
        return FlowConfig(
            name=name,
            source=ends[0],
            destination=ends[1],
            types=types,
            locations=locations,
            sums=sums,
            coalesce=frozenset(self._types(table, "coalesce", path) if "coalesce" in table else ()),
            batch=self._whole(table, "batch", path, None),
            concurrency=self._whole(table, "concurrency", path, 8) or 8,
            on_delete=self._word(table, "on_delete", path, ("ignore", "archive", "delete")),
            state=self._word(table, "state", path, ("shadow", "active", "paused")),
            schedule=options.schedule(),
            match=options.match(),
            owner=options.owner(),
            destination_settings=options.destination_settings(),
        )

    def _end(self, table: Mapping[str, Any], end: str, path: Sequence[str], connections: Mapping[str, Any]) -> str:
        name = self._text(table, end, path)
        if name and name not in connections:
            hint = near(name, connections) or f"add [connections.{name}]"
            self._note(f"{end} {name!r} is not a connection of this file", (*path, end), hint)
        return name

    def _types(self, table: Mapping[str, Any], key: str, path: Sequence[str]) -> tuple[str, ...]:
        value = table.get(key, _MISSING)
        if value is _MISSING:
            self._note(f"{key} is missing", path, f'add {key} = ["product", "stocklevel"], in the order to run them')
            return ()
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            self._note(f"{key} must be a list of canonical types", (*path, key), f'{key} = ["stocklevel"]')
            return ()
        if len(set(value)) < len(value):
            self._note(f"{key} names a type twice", (*path, key))
        return tuple(value)

    def _whole(self, table: Mapping[str, Any], key: str, path: Sequence[str], default: int | None) -> int | None:
        value = table.get(key, default)
        if value is not default and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            self._note(f"{key} must be a whole number of at least 1", (*path, key))
            return default
        return value

    def _word(self, table: Mapping[str, Any], key: str, path: Sequence[str], known: tuple[str, ...]) -> Any:
        return self._text(table, key, path, known) or known[0] if key in table else known[0]

    def _locations(self, table: Any, path: Sequence[str]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
        """Plain entries map source to destination, `{sum = [...]}` entries a destination to its sources."""
        plain: dict[str, str] = {}
        sums: dict[str, tuple[str, ...]] = {}
        if not isinstance(table, Mapping):
            self._note("locations is not a table", path, f'write [{".".join(path)}] and lines of "source" = "dest"')
            return plain, sums
        for key, value in table.items():
            if isinstance(value, str):
                plain[key] = value
            elif isinstance(value, Mapping) and set(value) == {"sum"} and _is_texts(value["sum"]):
                sums[key] = tuple(value["sum"])
            else:
                self._note(
                    "not a location rule",
                    (*path, key),
                    '"source" = "destination", or "destination" = {sum = ["source", "source"]}',
                )
        self._check_targets(plain, sums, path)
        return plain, sums

    def _check_targets(self, plain: Mapping[str, str], sums: Mapping[str, Sequence[str]], path: Sequence[str]) -> None:
        """No destination location may be written by two rules: they would overwrite each other for ever."""
        taken: dict[str, str] = {}
        for source, target in plain.items():
            if target in sums or target in taken:
                self._note(
                    f"location {target!r} is the destination of two rules",
                    (*path, source),
                    f'to add them up write "{target}" = {{sum = [...]}}',
                )
            taken[target] = source

    def _engine(self, table: Any) -> str | Reference:
        path = ("engine",)
        if not isinstance(table, Mapping):
            self._note("engine is not a table", path, "write [engine] and url = ...")
            return DEFAULT_ENGINE
        self._only(table, ("url", *RETENTION_KEYS), path)
        if "url" not in table:
            return DEFAULT_ENGINE
        if reference := as_reference(table["url"]):
            return reference
        url = self._text(table, "url", path)
        if "://" not in url:
            self._note("url names no engine", (*path, "url"), f'url = "{DEFAULT_ENGINE}"')
        elif _password(url):
            self._note("url holds a password in clear", (*path, "url"), HOW)
        return url

    def _key(self, table: Any) -> Reference | None:
        """Where the key that seals stored tokens is kept; None for the default places."""
        path = ("secrets",)
        if not isinstance(table, Mapping):
            self._note("secrets is not a table", path, "write [secrets] and key = ...")
            return None
        self._only(table, ("key",), path)
        if "key" not in table:
            return None
        reference = as_reference(table["key"])
        if reference is None:
            self._note("key must say where the key is kept, and not be it", (*path, "key"), HOW)
        return reference

    def _retention(self, table: Any) -> Retention:
        if not isinstance(table, Mapping):
            return Retention()
        return read_retention(table, lambda key, message, hint: self._note(message, ("engine", key), hint))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _is_loopback(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port is not None and bare
    except ValueError:
        return False


def _password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
