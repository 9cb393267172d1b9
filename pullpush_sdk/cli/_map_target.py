"""What `pullpush map` tries: a connector's maps, wherever its manifest stands, and native records for them."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

if TYPE_CHECKING:
    from pullpush_sdk.canonical import CanonicalType
    from pullpush_sdk.errors import Problem
    from pullpush_sdk.manifest import Handler, Manifest, Resource
    from pullpush_sdk.mapping import Functions
    from pullpush_sdk.plugins import Plugins
    from pullpush_sdk.samples import Samples
    from pullpush_sdk.validate import Target

Json = Any
_RECORD = re.compile(r"\{\{\s*record\.([^{}|]+?)\s*\}\}")


@attrs.frozen(kw_only=True)
class Native:
    """One native record, where it comes from, and what `@` paths read beside it."""

    place: str
    record: Json
    context: Mapping[str, Json] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Use:
    """One map of a manifest: of a resource, or of a webhook event, whose `handler` is given then.

    `records_at` is where records stand in an answer.
    """

    name: str
    rules: Mapping[str, Json]
    kind: CanonicalType
    place: str
    records_at: str = ""
    resource: Resource | None = None
    handler: Handler | None = None


@attrs.frozen(kw_only=True)
class Tried:
    """A connector whose maps are tried: its manifest, the functions that they may name, and its samples."""

    manifest: Manifest
    functions: Functions
    uses: Sequence[Use]
    samples: Samples
    located: Any = attrs.field(repr=False)


def load_tried(name: str, *, whole: bool = True) -> Tried:
    """A plugin's folder, a manifest, a MiniApp document or an installed connector.

    Without `whole`, maps may lack required fields: that is what somebody wants to see.

    Raises:
        SetupError: there is no such thing, it is written in Python, or it does not load; findings have their places.
    """
    from pullpush_sdk.errors import ManifestError, SetupError
    from pullpush_sdk.manifest import check_manifest, load
    from pullpush_sdk.plugins import own_functions
    from pullpush_sdk.samples import gather_samples
    from pullpush_sdk.validate import find_target

    target = find_target(name)
    if target.manifest is None:
        raise SetupError(f"{name!r} has no manifest: a connector written in Python has no maps to try")
    loaded = load(target.manifest)
    plugins = _plugins(target, loaded.manifest, whole=whole)
    installed = plugins.connectors.get(target.entry_point) or plugins.connectors.get(loaded.manifest.name)
    functions = plugins.functions
    if installed is not None and installed.name == loaded.manifest.name:
        functions = own_functions(functions, installed.connector)
    problems = check_manifest(loaded.manifest, plugins.types, functions)
    if problems and (whole or not _only_lack(problems)):
        raise ManifestError(f"{target.manifest} is not good", map(loaded.located, problems))
    samples = gather_samples(loaded.manifest.samples, target.manifest.resolve().parent)
    if samples.bad:
        bad = samples.bad[0]
        raise SetupError(f"the sample {bad.name!r} ({bad.file or 'in the manifest'}) cannot be used: {bad.reason}")
    return Tried(
        manifest=loaded.manifest,
        functions=functions,
        uses=list(_uses(loaded.manifest, plugins)),
        samples=samples,
        located=loaded.located,
    )


def _only_lack(problems: Sequence[Problem]) -> bool:
    """Whether required fields without a rule are all that is wrong."""
    return all(each.code == "mapping-identity" for each in problems)


def _plugins(target: Target, manifest: Manifest, *, whole: bool) -> Plugins:
    """Types and functions of all that is installed, and the target's own connector.

    Raises:
        PluginError: its module does not load.
    """
    from pullpush_sdk.plugins import Source, find_sources, load_plugins

    if target.kind == "installed" or not target.module or target.path is None:
        found = load_plugins(only=target.entry_point or manifest.name)
        if target.kind == "installed":
            found.connector(target.entry_point)  # one that failed to load says why
        return found
    paths = [str(target.path.resolve())]
    sys.path[:0] = [each for each in paths if each not in sys.path]
    module = target.module
    name = target.entry_point or module.partition(".")[0].removeprefix("pullpush_")
    own = Source(name=name, distribution=target.shown, load=lambda: importlib.import_module(module))
    found = load_plugins([*(each for each in find_sources() if each.name != name), own], only=name)
    for failure in found.failures:
        if failure.distribution == target.shown:
            problems = getattr(failure.error.__cause__, "problems", ())
            if whole or not problems or not _only_lack(problems):
                raise failure.error
    return found


def _uses(manifest: Manifest, plugins: Plugins) -> Iterator[Use]:
    for name, resource in manifest.resources.items():
        if resource.canonical_map:
            yield Use(
                name=name,
                rules=resource.canonical_map,
                kind=plugins.types[resource.canonical_type],
                place=f"$.resources.{name}.canonical_map",
                records_at=resource.response.records,
                resource=resource,
            )
    for name, handler in (manifest.webhook.handlers if manifest.webhook is not None else {}).items():
        if handler.map is not None:
            yield Use(
                name=name,
                rules=handler.map,
                kind=plugins.types[handler.canonical_type],
                place=f"$.webhook.handlers[{name!r}].map",
                handler=handler,
            )


def chosen(tried: Tried, name: str | None) -> list[Use]:
    """The maps that are meant: one by its name, the first of a canonical type, or all.

    An event without a map of its own has its resource's, tried on what the webhook brings.
    """
    if name is None:
        return list(tried.uses)
    named = [each for each in tried.uses if each.name == name]
    by_event = [] if named else _by_event(tried, name)
    by_type = [each for each in tried.uses if each.resource is not None and each.kind.name == name]
    if found := named or by_event or by_type:
        return found[:1]
    import difflib

    events = [] if tried.manifest.webhook is None else list(tried.manifest.webhook.handlers)
    known = list(dict.fromkeys([*(each.name for each in tried.uses), *events]))
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise click.UsageError(
        f"{tried.manifest.name} has no resource, type or event {name!r} (it has: {', '.join(known) or 'none'}).{hint}"
    )


def _by_event(tried: Tried, name: str) -> list[Use]:
    """The resource's map over the data of a webhook event, where that has no map of its own.

    Raises:
        click.UsageError: its data is not mapped: the record is read again instead.
    """
    handler = None if tried.manifest.webhook is None else tried.manifest.webhook.handlers.get(name)
    if handler is None or handler.resource is None:
        return []
    if handler.refetch:
        raise click.UsageError(
            f"{name!r} only says that a record changed (refetch: true), which is read again then: try the map of"
            f" {handler.resource!r} on records."
        )
    of = [each for each in tried.uses if each.resource is not None and each.name == handler.resource]
    return [attrs.evolve(each, name=name, resource=None, records_at="", handler=handler) for each in of]


def shipped(tried: Tried, use: Use) -> list[Native]:
    """The native records of the samples that this map is for."""
    from pullpush_sdk.validate import list_records

    if use.resource is not None:
        found = [Native(place=place, record=_whole(tried, use.resource, record))
                 for place, record in list_records(tried.manifest, use.resource, tried.samples)]  # fmt: skip
        return found + _sent(tried, use.resource.name)
    return _hooked(tried, use)


def _whole(tried: Tried, resource: Resource, record: Json) -> Json:
    """A record of a list with the answer of its details request laid over it, where that was recorded."""
    from pullpush_sdk.mapping import read_path
    from pullpush_sdk.validate import exchanges_of

    if resource.details is None or not isinstance(record, Mapping):
        return record
    path = _RECORD.sub(lambda match: str(read_path(record, match[1])), resource.details.path)
    for each in exchanges_of(tried.manifest, resource.details, tried.samples):
        if each.status < 300 and each.path.endswith(path.partition("?")[0]):
            inner = read_path(each.body, resource.details_records or "$")
            return {**record, **(inner if isinstance(inner, Mapping) else {})}
    return record


def _sent(tried: Tried, resource: str) -> list[Native]:
    """Records that recorded webhooks bring for a resource's map, but for those that are read again anyway."""
    webhook = tried.manifest.webhook
    handlers = {} if webhook is None else webhook.handlers
    names = [name for name, each in handlers.items() if each.resource == resource and each.map is None]
    return [native for name in names if not handlers[name].refetch for native in _of_event(tried, name, handlers[name])]


def _hooked(tried: Tried, use: Use) -> list[Native]:
    return [] if use.handler is None else _of_event(tried, use.name, use.handler)


def _of_event(tried: Tried, name: str, handler: Handler) -> list[Native]:
    """The object of every recorded webhook of an event; of a batch, of each item."""
    from datetime import UTC, datetime

    from pullpush_sdk.canonical import UNSET
    from pullpush_sdk.connector import WebhookRequest
    from pullpush_sdk.declarative import Labels, decoded
    from pullpush_sdk.mapping import read_path

    assert tried.manifest.webhook is not None
    labels = Labels(tried.manifest.webhook)
    found = []
    for hook in tried.samples.webhooks:
        sent = hook.body.encode()
        whole = WebhookRequest(headers=hook.headers, query=hook.query, body=sent, received_at=datetime.now(UTC))
        for request in labels.items(whole):
            body = decoded(request)
            if body is None or labels.record_of(request)[0] != name:
                continue
            record = read_path(body, handler.data_path)
            if record is not UNSET:
                context = {"request": {"body": body}}
                found.append(Native(place=f"{hook.sample}: {hook.place}", record=record, context=context))
    return found


def given(tried: Tried, use: Use, content: bytes, name: str) -> list[Native]:
    """The records of a sample that was named: recorded traffic, an answer, a list of records, or one record."""
    import msgspec

    from pullpush_sdk.canonical import UNSET, loads
    from pullpush_sdk.mapping import read_path
    from pullpush_sdk.samples import gather_samples

    try:
        value = loads(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"The sample {name} is not JSON: {error}") from None
    if isinstance(value, Mapping) and value.keys() & {"exchanges", "webhooks"}:
        samples = gather_samples({name: value}, Path())
        if samples.bad:
            raise click.UsageError(f"The sample {name} is not of the form: {samples.bad[0].reason}.")
        return shipped(attrs.evolve(tried, samples=samples), use)
    if use.handler is not None and (held := read_path(value, use.handler.data_path)) is not UNSET:
        return [Native(place=name, record=held, context={"request": {"body": value}})]
    inside = read_path(value, use.records_at) if use.records_at else UNSET
    records = inside if isinstance(inside, list) else value if isinstance(value, list) else [value]
    return [Native(place=f"{name}, record {index}", record=each) for index, each in enumerate(records)]
