from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._names import complete_targets
from ._output import emit_table, say
from ._session import Session
from ._signals import INTERRUPTED

if TYPE_CHECKING:
    from pullpush_sdk.validate import Case, Live, Options, Target, Validated

_EPILOG = """Examples:

  pullpush validate

  pullpush validate plugins/acme --fix

  pullpush validate shopify --format json

  pullpush validate acme.json --static

  pullpush validate --explain mapping-stock

  pullpush validate --bundle acme.zip

  pullpush validate --bundle-check acme.zip
"""
_FORMATS = ("text", "json", "sarif", "junit", "github")


@click.command("validate", epilog=_EPILOG)
@click.argument("target", metavar="[FOLDER|CONNECTOR|FILE]", required=False, shell_complete=complete_targets)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--only", metavar="FAMILY", multiple=True, help="Only this family of rules; may be repeated.")
@click.option("--static", is_flag=True, help="Do not run the connector: no behaviour, nothing of it is imported.")
@click.option("--fix", "mend", is_flag=True, help="Mend what is mechanical, then validate.")
@click.option("--watch", is_flag=True, help="Validate again whenever a file changes, until Ctrl-C.")
@click.option("--live", metavar="CONNECTION", help="Read from the account of this connection of the project too.")
@click.option("--explain", metavar="CODE", help="Print the page of a rule.")
@click.option("--rules", is_flag=True, help="List every rule.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="Write the evidence to this zip file.")
@click.option(
    "--bundle-check", type=click.Path(dir_okay=False, path_type=Path), help="Check a bundle and run it again."
)
@click.option(
    "--examples", type=click.IntRange(1, 1000), default=3, show_default=True, help="Random histories per law."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random histories and the sandbox.")
@click.option(
    "--time-limit",
    type=click.FloatRange(5, 3600),
    default=120.0,
    show_default=True,
    help="Seconds that the connector may run.",
)
@click.pass_context
def validate(
    ctx: click.Context,
    target: str | None,
    *,
    form: str,
    as_json: bool,
    only: tuple[str, ...],
    static: bool,
    mend: bool,
    watch: bool,
    live: str | None,
    explain: str | None,
    rules: bool,
    bundle: Path | None,
    bundle_check: Path | None,
    examples: int,
    seed: int,
    time_limit: float,
) -> None:
    """Check a connector for submission: a plugin's folder (default: this one), an installed connector, a manifest or a
    MiniApp document.

    Every finding names its place and its mend. The connector runs in a child process that reaches this machine only.
    Exit code 1 where an error is found.
    """
    form = "json" if as_json else form
    if explain is not None:
        _explain(explain)
    elif rules:
        _list(form)
    elif bundle_check is not None:
        ctx.exit(_check_bundle(bundle_check))
    else:
        from pullpush_sdk.validate import FAMILIES, Effort, Options, find_target

        if unknown := [each for each in only if each not in (*FAMILIES, "extension")]:
            raise click.UsageError(f"There is no family {unknown[0]!r}; there are {', '.join(FAMILIES)}.")
        options = Options(
            only=frozenset(only),
            behaviour=not static,
            effort=Effort(examples=examples, seed=seed, seconds=time_limit),
            live=_live(ctx.obj, live) if live is not None else None,
            mended=mend,
        )
        found = find_target(target or ".")
        if mend:
            _mend(found)
        if watch:
            _watch(found, options, form)
            return
        done = _run(found, options, form)
        if bundle is not None:
            from pullpush_sdk.validate import write_bundle

            write_bundle(done, bundle, options.effort)
            say(f"wrote {bundle}: {len(done.report.exchanges)} recorded exchanges, no secret among them")
        ctx.exit(0 if done.report.ok else 1)


def _run(target: Target, options: Options, form: str) -> Validated:
    from pullpush_sdk.validate import FORMATS, validate_target

    done = validate_target(target, options)
    click.echo(FORMATS[form](done.report, done.rules), nl=False)
    return done


def _mend(target: Target) -> None:
    from pullpush_sdk.validate import fix

    for each in fix(target):
        say(f"{each.file}{f':{each.line}' if each.line is not None else ''}: {each.what}", colour="green")


def _watch(target: Target, options: Options, form: str) -> None:
    """Validate after every change, what is quick first; exit code 130 by Ctrl-C."""
    from pullpush_sdk.errors import PullPushError
    from pullpush_sdk.validate import FORMATS, validate_target, watch

    def run() -> None:
        _clear()
        try:
            if form == "text" and options.behaviour and (not options.only or "behaviour" in options.only):
                _say_static(target, options)
            done = validate_target(target, options)
        except PullPushError as error:  # such as a file of the plugin that was put away for a moment
            say(str(error), colour="red")
        else:
            _clear()
            click.echo(FORMATS[form](done.report, done.rules), nl=False)
            sys.stdout.flush()
        say(f"watching {target.shown}; Ctrl-C ends", colour="blue")

    try:
        watch(target, run)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(INTERRUPTED)


def _clear() -> None:
    if sys.stdout.isatty():
        click.clear()


def _say_static(target: Target, options: Options) -> None:
    """What the rules that run nothing found, before the laws have their seconds."""
    import attrs

    from pullpush_sdk.validate import validate_target

    report = validate_target(target, attrs.evolve(options, behaviour=False, live=None)).report
    errors = report.of("error")
    for each in errors:
        say(f"{each.place or each.path}: {each.code}: {each.message}", colour="red")
    count = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
    say(f"static rules: {count}, {len(report.of('warning'))} warnings; the laws are tried now")


def _live(session: Session, connection: str) -> Callable[[Case], Live]:
    """The account's part, asked for once the static rules have run."""
    from pullpush_sdk.validate import run_live

    return lambda _case: run_live(session.project, connection, session.plugins, session.redactor)


def _explain(code: str) -> None:
    from pullpush_sdk.validate import page, rule

    click.echo(page(rule(code)), nl=False)


def _list(form: str) -> None:
    from pullpush_sdk.validate import shipped

    rows = [(each.code, each.severity, each.family, each.title) for each in shipped().values()]
    if form == "json":
        from ._output import emit_json

        emit_json([dict(zip(("code", "severity", "family", "title"), row, strict=True)) for row in rows])
        return
    emit_table(["code", "severity", "family", "rule"], rows)


def _check_bundle(file: Path) -> int:
    from pullpush_sdk.validate import check_bundle

    checked = check_bundle(file)
    if checked.wrong:
        for each in checked.wrong:
            click.echo(f"FAIL  {each}")
        return 1
    assert checked.report is not None
    click.echo(f"ok    {checked.name}: made {checked.made}, whole, no secret in it")
    click.echo(f"ok    run again offline: the same findings, the same laws, level {checked.report.level}")
    return 0
