from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._names import complete_targets
from ._output import emit_json, emit_table, say
from ._signals import INTERRUPTED

if TYPE_CHECKING:
    from pullpush_sdk.errors import FieldError
    from pullpush_sdk.mapping import CompiledMap, Map

    from ._map_target import Native, Tried, Use

Json = Any
_EPILOG = """Examples:

  pullpush map shopify products --sample product.json

  pullpush map ./pullpush-acme orders --watch --coverage

  pullpush map ./pullpush-acme orders.changed --explain

  pullpush map connector.yaml orders --sample - --explain < order.json

  pullpush map ./pullpush-acme --coverage --json

Without --sample the connector's own samples are tried. A sample is one record, a list of records, a whole answer of the
resource's list request, a whole webhook body of the event, or recorded traffic. Exit code 1 where a record does not map
or there is none to try, 2 where the connector does not load.
"""
_LARGEST = 64 << 20
_PROGRAM = "from pullpush_sdk.cli import main; main()"


@click.command("map", epilog=_EPILOG)
@click.argument("connector", metavar="FOLDER|CONNECTOR|FILE", shell_complete=complete_targets)
@click.argument("resource", metavar="[RESOURCE|TYPE|EVENT]", required=False)
@click.option("--sample", "samples", multiple=True, metavar="FILE|-",
              help="JSON; - is standard input; may be repeated (default: the connector's own).")  # fmt: skip
@click.option("--context", default="{}", metavar="JSON", help='What @ paths read, such as {"settings": {...}}.')
@click.option("--explain", "explained", is_flag=True, help="A table: which rule and path gave each field.")
@click.option("--coverage", "covered", is_flag=True,
              help="Which canonical fields are filled, and which native fields nothing reads.")  # fmt: skip
@click.option("--watch", is_flag=True, help="Do it again whenever a file changes, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="With --explain and --coverage: print JSON.")
@click.pass_context
def map_(
    ctx: click.Context,
    connector: str,
    resource: str | None,
    *,
    samples: tuple[str, ...],
    context: str,
    explained: bool,
    covered: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """Try the maps of a connector on samples; prints canonical JSON.

    FOLDER is a plugin's, CONNECTOR an installed one's name, FILE a manifest or a MiniApp document. Without RESOURCE all
    of its maps are tried.
    """
    if watch:
        _watch(connector, samples)
        return
    from ._map_target import chosen, load_tried

    tried = load_tried(connector, whole=not covered)
    contents = {name: _read(name) for name in samples}
    extra = _context(context)
    uses = chosen(tried, resource)
    if not uses:
        raise click.UsageError(f"{tried.manifest.name} has no maps.")
    work = [_Work(tried, each, contents, extra) for each in uses]
    if resource is None and any(each.natives for each in work):
        # Maps of which no sample has a record are no news beside those that were tried.
        for each in work:
            if not each.natives:
                say(f"{each.use.name}: no sample has a record of it", colour="yellow")
        work = [each for each in work if each.natives]
    if explained or covered:
        _look(work, explained=explained, covered=covered, as_json=as_json, single=resource is not None)
    else:
        _print(work, single=resource is not None)
    good = [each.told() for each in work]
    ctx.exit(0 if all(good) else 1)


class _Work:
    """One map with the records that it is tried on."""

    def __init__(self, tried: Tried, use: Use, contents: Mapping[str, bytes], extra: Mapping[str, Json]) -> None:
        from pullpush_sdk.errors import MappingError
        from pullpush_sdk.mapping import compile_map, parse_map

        from ._map_target import given, shipped

        self.use = use
        self.functions = tried.functions
        self.natives: list[Native] = [
            native for name, content in contents.items() for native in given(tried, use, content, name)
        ]
        if not contents:
            self.natives = shipped(tried, use)
        self._extra = extra
        spec, problems = parse_map(use.rules, path=use.place)
        if problems:
            raise MappingError("the map is not good", map(tried.located, problems))
        self.spec: Map = spec
        self.compiled: CompiledMap | None = None
        self.lacks = ""
        self.records: list[Any] = []
        self.errors: list[tuple[Native, FieldError]] = []
        try:
            self.compiled = compile_map(spec, use.kind, tried.functions, name=use.kind.name)
        except MappingError as error:
            # Everything else was found when the manifest was checked.
            self.lacks = error.problems[0].message
            return
        for native in self.natives:
            done = self.compiled.many([native.record], self.context(native))
            self.records += done.records
            self.errors += [(native, error) for _, error in done.errors]

    def context(self, native: Native) -> dict[str, Json]:
        """What `@` paths read: as said, over what the sample brings."""
        return {**native.context, **self._extra}

    def told(self) -> bool:
        """Say what did not map, with its place; whether there was something to try, and all of it did."""
        if not self.natives:
            say(f"{self.use.name}: no sample has a record of it; name one: --sample FILE", colour="yellow")
        if self.lacks:
            say(f"{self.use.name}: {self.lacks} ({self.use.place})", colour="red")
        for native, failure in self.errors:
            say(f"{self.use.name}: {native.place}: {failure.target or 'the record'}: {failure.message}", colour="red")
            place = " ".join(part for part in (failure.path and f"at {failure.path}", failure.shown) if part)
            if place:
                say(f"  {place}")
            if failure.hint:
                say(f"  {failure.hint}")
        return bool(self.natives) and not self.errors and not self.lacks


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise click.UsageError(f"The sample {name} cannot be read: {error.strerror}.") from None
    if len(content) > _LARGEST:
        raise click.UsageError(f"The sample {name} is larger than {_LARGEST >> 20} MB.")
    return content


def _context(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--context is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError("--context must be a JSON object.")
    return value


def _print(work: Sequence[_Work], *, single: bool) -> None:
    """The canonical records: of one map one or a list, of several by the map's name."""
    from pullpush_sdk.canonical import to_wire

    made = {each.use.name: [to_wire(record) for record in each.records] for each in work}
    if not single:
        emit_json(made)
        return
    (wire,) = made.values()
    emit_json(wire[0] if len(work[0].natives) == 1 and wire else wire)


def _look(work: Sequence[_Work], *, explained: bool, covered: bool, as_json: bool, single: bool) -> None:
    """Why fields are as they are, and what is filled and unused."""
    if as_json and explained and single and not covered:
        for rows in _explained(work[0]):
            emit_json(rows)
        return
    if as_json:
        emit_json({each.use.name: _as_json(each, explained=explained, covered=covered) for each in work})
        return
    for each in work:
        _show(each, explained=explained, covered=covered)


def _explained(work: _Work) -> list[list[dict[str, Json]]]:
    from pullpush_sdk.mapping import explain

    from ._map_shown import explained_json

    return [
        explained_json(explain(work.spec, work.use.kind, work.functions, each.record, work.context(each)))
        for each in work.natives
    ]


def _as_json(work: _Work, *, explained: bool, covered: bool) -> dict[str, Json]:
    from ._map_shown import candidates, coverage_json

    found: dict[str, Json] = {"type": work.use.kind.name}
    if explained:
        rows = _explained(work)
        found["records"] = [
            {"sample": each.place, "fields": fields} for each, fields in zip(work.natives, rows, strict=True)
        ]
    if covered:
        seen = _coverage(work)
        likely = candidates(work.use.kind, seen, [each.record for each in work.natives])
        found["coverage"] = coverage_json(seen, likely)
    return found


def _coverage(work: _Work) -> Any:
    from pullpush_sdk.mapping import coverage

    records = [(each.record, work.context(each)) for each in work.natives]
    return coverage(work.spec, work.use.kind, work.compiled, records)


def _show(work: _Work, *, explained: bool, covered: bool) -> None:
    from pullpush_sdk.mapping import explain

    from ._map_shown import candidates, explained_rows, heading, show_coverage

    if explained:
        for each in work.natives:
            rows = explain(work.spec, work.use.kind, work.functions, each.record, work.context(each))
            title = f"{work.use.name}: {each.place}" if len(work.natives) > 1 else ""
            emit_table(["field", "paths", "gave", "raw", "value", "note"], explained_rows(rows), title=title)
    if covered:
        seen = _coverage(work)
        likely = candidates(work.use.kind, seen, [each.record for each in work.natives])
        show_coverage(heading(work.use.name, work.use.kind.name, len(work.natives)), seen, likely)


def _watch(connector: str, samples: Sequence[str]) -> None:
    """Try it again in a process of its own after every change: whatever breaks there, watching goes on."""
    from pullpush_sdk.validate import find_target, watch

    if "-" in samples:
        raise click.UsageError("--watch needs samples in files: standard input is read once.")
    target = find_target(connector)
    arguments = [each for each in sys.argv[1:] if each != "--watch"]

    def run() -> None:
        if sys.stdout.isatty():
            click.clear()
        subprocess.run([sys.executable, "-c", _PROGRAM, *arguments], stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - this very program
        say(f"watching {target.shown}; Ctrl-C ends", colour="blue")
        sys.stderr.flush()

    try:
        watch(target, run, files=[Path(each) for each in samples])
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(INTERRUPTED)
