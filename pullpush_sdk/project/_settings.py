"""A connection's settings against its connector's JSON Schema, and its secrets resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pullpush_sdk.errors import Problem, ProjectError, SetupError

from ._model import ConnectionConfig, FlowConfig, Project, near
from ._references import HOW, Reference

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connector

Json = Any


@attrs.frozen(kw_only=True)
class Settings:
    """What a connection's hooks get: plain values, and the texts of its secrets apart from them."""

    values: Mapping[str, Json]
    secrets: Mapping[str, str] = attrs.field(repr=False)


def resolve_settings(project: Project, connection: ConnectionConfig, connector: Connector) -> Settings:
    """The settings of a connection with every reference resolved.

    Raises:
        ProjectError: something is missing, unknown, of the wrong form, or a secret in clear; `problems` holds all.
    """
    settings, problems = check_settings(project, connection, connector)
    _raise(f"connection {connection.name!r}", problems)
    return settings


def resolve_flow_settings(project: Project, flow: FlowConfig, connector: Connector) -> Settings:
    """The settings of a flow's destination, with what the flow says of them in the place of the connection's own.

    Raises:
        ProjectError: as `resolve_settings`; or the flow names what requests are signed or addressed with, which all
            flows of a connection share.
    """
    connection, own = project.connection(flow.destination), flow.destination_settings
    path = ("flows", flow.name, "destination_settings")
    shared = _shared(connector)
    problems = [
        project.problem(
            f"{name!r} belongs to the connection as a whole",
            (*path, name),
            hint="make a connection of its own for this flow",
        )
        for name in own
        if name in shared
    ]
    _raise(f"flow {flow.name!r}", problems)

    def where(steps: Sequence[str]) -> Sequence[str]:
        return (*path, *steps) if steps and steps[0] in own else ("connections", connection.name, *steps)

    merged = attrs.evolve(connection, settings={**connection.settings, **own})
    settings, problems = check_settings(project, merged, connector, where=where)
    _raise(f"flow {flow.name!r}", problems)
    return settings


def _raise(what: str, problems: Sequence[Problem]) -> None:
    if problems:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ProjectError(f"{what} has {count}", problems)


def check_settings(
    project: Project,
    connection: ConnectionConfig,
    connector: Connector,
    *,
    where: Callable[[Sequence[str]], Sequence[str]] | None = None,
) -> tuple[Settings, list[Problem]]:
    """The settings as far as they are good, and everything that is wrong with them.

    `where` tells at which place of the file a setting stands, default: in the connection's table.
    """
    path = ("connections", connection.name)
    place = where or (lambda steps: (*path, *steps))
    problems: list[Problem] = []
    values: dict[str, Json] = _defaults(connector)
    unresolved: set[str] = set()
    secret_names = frozenset(connector.secrets)
    for name, value in connection.settings.items():
        if not isinstance(value, Reference):
            if name in secret_names:
                problems.append(project.problem(f"secret {name!r} stands in clear", place([name]), hint=HOW))
                unresolved.add(name)
            else:
                values[name] = value
            continue
        try:
            values[name] = value.resolve(project.root)
        except ProjectError as error:
            message = f"{name}: {error.message}"
            problems.append(project.problem(message, place([name]), hint=error.hint))
            unresolved.add(name)
    problems.extend(_schema_problems(project, connection, connector, values, unresolved, place=place))
    problems.extend(
        project.problem(
            f"{name!r} begins with {word!r}, which is sent before it anyway: it would stand twice",
            place([name]),
            hint=f"keep what comes after {word!r} alone",
        )
        for name, word in _doubled(connector, values)
    )
    problems.extend(
        project.problem(
            f"{name!r} is not set, and {connector.title} cannot be reached without it",
            path,
            hint=f'add {name} = {{env = "NAME"}}' if name in secret_names else f"add {name}",
        )
        for name in sorted(_needed(connector, values) - values.keys() - unresolved)
        if name not in connector.settings.get("required", ())
    )
    return (
        Settings(
            values={name: value for name, value in values.items() if name not in secret_names},
            secrets={name: str(value) for name, value in values.items() if name in secret_names},
        ),
        problems,
    )


def _doubled(connector: Connector, values: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Settings and secrets that bring the word which requests write before them, with that word."""
    if connector.manifest is None:
        return
    from pullpush_sdk.manifest import Manifest, auth_of, doubled_values  # noqa: PLC0415 - a file is read without it

    manifest: Manifest = connector.manifest
    try:
        yield from doubled_values(auth_of(manifest.auth, values), values)
    except SetupError:  # what the schema says of that setting is a finding by itself
        return


def _needed(connector: Connector, values: Mapping[str, Json]) -> frozenset[str]:
    """Settings and secrets that every request of a connection with these settings is made from."""
    if connector.manifest is None:
        return frozenset()
    from pullpush_sdk.manifest import Manifest, auth_of, required_placeholders  # noqa: PLC0415 - a file is read without it

    manifest: Manifest = connector.manifest
    try:
        auth = attrs.asdict(auth_of(manifest.auth, values))
    except SetupError:  # what the schema says of that setting is a finding by itself
        auth = {}
    auth.pop("place", None)  # its {{token}} is whatever the auth came to
    named = required_placeholders([auth, manifest.base_url, list(manifest.hosts), dict(manifest.headers)])
    return named & {*connector.secrets, *connector.settings.get("properties", {})}


def _shared(connector: Connector) -> frozenset[str]:
    """What the one client of a connection is made from: secrets, and all that its requests are addressed by."""
    if connector.manifest is None:
        return frozenset({*connector.secrets, "base_url"})
    from pullpush_sdk.manifest import ChoiceAuth, Manifest, required_placeholders, ways_of  # noqa: PLC0415 - see above

    manifest: Manifest = connector.manifest
    ways = [attrs.asdict(way) for _, way in ways_of(manifest.auth)]
    chooser = {manifest.auth.by} if isinstance(manifest.auth, ChoiceAuth) else set()
    named = required_placeholders([ways, manifest.base_url, list(manifest.hosts), dict(manifest.headers)])
    return frozenset({*connector.secrets, *chooser, *named})


def _defaults(connector: Connector) -> dict[str, Json]:
    """What the schema says a setting is where nobody says otherwise."""
    properties: Mapping[str, Mapping[str, Json]] = connector.settings.get("properties", {})
    return {name: each["default"] for name, each in properties.items() if "default" in each}


def _schema_problems(
    project: Project,
    connection: ConnectionConfig,
    connector: Connector,
    values: Mapping[str, Json],
    unresolved: set[str],
    *,
    place: Callable[[Sequence[str]], Sequence[str]],
) -> Iterator[Problem]:
    """What the connector's schema says of the values; settings that have a problem already are not judged twice."""
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - slow to import

    schema = {"type": "object", **connector.settings}
    known = [*schema.get("properties", {}), *connector.secrets]
    for name in connection.settings:
        if known and name not in known:
            hint = near(name, known) or f"{connector.name} knows: {', '.join(sorted(set(known)))}"
            yield project.problem(f"{connector.name} has no setting {name!r}", place([name]), hint=hint)
    for error in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(dict(values)):
        if error.validator in {"additionalProperties", "unevaluatedProperties"} and not error.absolute_path:
            continue
        if error.validator == "required":
            yield from _missing(project, place([]), schema, error, {*values, *unresolved})
            continue
        steps = [str(step) for step in error.absolute_path]
        # The validator's own message quotes the value, which may have come from a secret place.
        is_plain = steps and not isinstance(connection.settings.get(steps[0]), Reference)
        message = error.message if is_plain else f"does not fit {error.validator}: {error.validator_value}"
        name = ".".join(steps) or "settings"
        yield project.problem(f"{name}: {message}", place(steps), hint=_described(schema, steps))


def _missing(
    project: Project, path: Sequence[str], schema: Mapping[str, Any], error: Any, present: set[str]
) -> Iterator[Problem]:
    """One finding per schema and missing name (the validator reports each once, with all names at hand)."""
    name = next((each for each in error.validator_value if error.message.startswith(repr(each))), None)
    if name is None or (not error.absolute_path and name in present):
        return
    yield project.problem(f"setting {name!r} is missing", path, hint=_described(schema, [name]))


def _described(schema: Mapping[str, Any], steps: Sequence[str]) -> str:
    """What the schema says a setting is, for a hint; empty where it says nothing."""
    here: Any = schema
    for step in steps:
        here = here.get("properties", {}).get(step, {}) if isinstance(here, Mapping) else {}
    if not isinstance(here, Mapping):
        return ""
    words = str(here.get("description") or here.get("title") or "")
    examples = here.get("examples")
    return f"{words} (such as {examples[0]!r})" if words and examples else words
