from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.canonical import CanonicalType
    from pullpush_sdk.connector import Connector
    from pullpush_sdk.errors import FieldError
    from pullpush_sdk.manifest import Manifest
    from pullpush_sdk.mapping import Functions

_EPILOG = """Examples:

  pullpush map shopify product --sample product.json

  pullpush map connector.yaml orders --sample - --explain < order.json

  pullpush map salla stocklevel --sample list-answer.json

A sample is one record, a list of records, or a whole answer of the resource's list request.
"""
_SUFFIXES = {".yaml", ".yml", ".json", ".js", ".mjs", ".cjs", ".ts"}


@click.command("map", epilog=_EPILOG)
@click.argument("connector", metavar="CONNECTOR|MANIFEST")
@click.argument("resource", metavar="RESOURCE|TYPE")
@click.option("--sample", required=True, type=click.File("rb"), metavar="FILE|-", help="JSON; - is standard input.")
@click.option("--context", default="{}", metavar="JSON", help='What @ paths read, such as {"settings": {...}}.')
@click.option("--explain", "explained", is_flag=True, help="A table: which rule and path gave each field.")
@click.option("--json", "as_json", is_flag=True, help="With --explain: print JSON.")
@click.pass_context
def map_(
    ctx: click.Context, connector: str, resource: str, *, sample: Any, context: str, explained: bool, as_json: bool
) -> None:
    """Try the mapping of a resource on a sample; prints canonical JSON. Exit code 1 where a record does not map."""
    session: Session = ctx.obj
    manifest, functions = _load(session, connector)
    rules, kind, records_at = _find(session, manifest, resource)
    records = _records(sample.read(), records_at)
    given = _context(context)
    if explained:
        _explain(rules, kind, functions, records, given, as_json=as_json)
    failures = _map(rules, kind, functions, records, given, quiet=explained)
    for index, failure in failures:
        say(f"record {index}: {failure.target or 'the record'}: {failure.message}", colour="red")
        place = " ".join(part for part in (failure.path and f"at {failure.path}", failure.shown) if part)
        if place:
            say(f"  {place}")
        if failure.hint:
            say(f"  {failure.hint}")
    ctx.exit(1 if failures else 0)


def _load(session: Session, name: str) -> tuple[Manifest, Functions]:
    """A manifest file, or an installed connector's; with the functions that its maps may name."""
    from pullpush_sdk.errors import ManifestError, SetupError
    from pullpush_sdk.manifest import check_manifest, load

    path = Path(name)
    plugins = session.plugins
    if path.suffix not in _SUFFIXES and not path.is_file():
        connector = plugins.connector(name).connector
        if connector.manifest is None:
            raise SetupError(f"connector {name!r} is written in Python: it has no maps to try")
        return connector.manifest, _with_own(plugins.functions, connector)
    document = load(path)
    installed = plugins.connectors.get(document.manifest.name)
    functions = plugins.functions if installed is None else _with_own(plugins.functions, installed.connector)
    if problems := check_manifest(document.manifest, plugins.types, functions):
        raise ManifestError(f"{path} is not good", map(document.located, problems))
    return document.manifest, functions


def _with_own(functions: Functions, connector: Connector) -> Functions:
    own = {f"{connector.name}:{each}": function for each, function in connector.functions.items()}
    return functions.extended(own, owner=connector.name)


def _find(session: Session, manifest: Manifest, name: str) -> tuple[Mapping[str, Any], CanonicalType, str]:
    """The rules of a resource or webhook handler, what they make, and where records stand in an answer."""
    types = session.plugins.types
    by_type = [each for each in manifest.resources.values() if each.canonical_type == name]
    resource = manifest.resources.get(name) or (by_type[0] if by_type else None)
    if resource is not None:
        return resource.canonical_map, types[resource.canonical_type], resource.response.records
    handlers = manifest.webhook.handlers if manifest.webhook is not None else {}
    handler = handlers.get(name)
    if handler is not None and handler.map is not None:
        return handler.map, types[handler.canonical_type], ""
    import difflib

    known = [*manifest.resources, *(each for each, one in handlers.items() if one.map is not None)]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise click.UsageError(f"{manifest.name} has no resource {name!r} (it has: {', '.join(known) or 'none'}).{hint}")


def _records(text: bytes, records_at: str) -> list[Any]:
    import msgspec

    from pullpush_sdk.canonical import loads

    try:
        value = loads(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"The sample is not JSON: {error}") from None
    inside: Any = value
    for step in records_at.removeprefix("$").strip(".").split(".") if records_at else ():
        inside = inside.get(step) if isinstance(inside, Mapping) else None
    if isinstance(inside, list):
        return inside
    return value if isinstance(value, list) else [value]


def _context(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--context is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError("--context must be a JSON object.")
    return value


def _map(
    rules: Mapping[str, Any],
    kind: CanonicalType,
    functions: Functions,
    records: list[Any],
    context: dict[str, Any],
    *,
    quiet: bool,
) -> list[tuple[int, FieldError]]:
    """Print the canonical records; what failed, by index."""
    from pullpush_sdk.canonical import to_wire
    from pullpush_sdk.errors import MappingError
    from pullpush_sdk.mapping import compile_map, parse_map

    spec, problems = parse_map(rules)
    if problems:
        raise MappingError("the map is not good", problems)
    mapped = compile_map(spec, kind, functions, name=kind.name).many(records, context)
    if not quiet:
        wire = [to_wire(each) for each in mapped.records]
        emit_json(wire[0] if len(records) == 1 and wire else wire)
    return mapped.errors


def _explain(
    rules: Mapping[str, Any],
    kind: CanonicalType,
    functions: Functions,
    records: list[Any],
    context: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Per field: the rule's paths, the one that gave, what stood there, what it became."""
    from pullpush_sdk.mapping import explain, parse_map

    spec, _ = parse_map(rules)
    for index, record in enumerate(records):
        rows = explain(spec, kind, functions, record, context)
        if as_json:
            emit_json(
                [
                    {"field": each.target, "paths": list(each.paths), "path": each.path, "raw": _shown(each.raw),
                     "value": _shown(each.value), "note": each.note}
                    for each in rows
                ]
            )  # fmt: skip
            continue
        emit_table(
            ["field", "paths", "gave", "raw", "value", "note"],
            [
                [each.target, ", ".join(each.paths), each.path or None, _shown(each.raw), _shown(each.value), each.note]
                for each in rows
            ],
            title=f"record {index}" if len(records) > 1 else "",
        )


def _shown(value: Any) -> str | None:
    """A value as it would stand in JSON, cut; None where there is none."""
    from pullpush_sdk.canonical import UNSET, dumps

    if value is UNSET:
        return None
    text = value if isinstance(value, str) else dumps(_plain(value)).decode()
    return text if len(text) <= _CUT else text[: _CUT - 1] + "…"


def _plain(value: Any) -> Any:
    """A canonical value, at whatever depth, as the JSON that it becomes."""
    from datetime import datetime

    from pullpush_sdk.canonical import instant_text, to_sparse

    if hasattr(value, "__attrs_attrs__"):
        return to_sparse(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


_CUT = 60 if sys.stdout.isatty() else 200
