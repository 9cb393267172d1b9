from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from ._output import say
from ._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pullpush_sdk.scaffold import Answers, Names

_EPILOG = """Examples:

  pullpush new-connector zoho-books

  pullpush new-connector zoho-books --no-input --types product,order --auth oauth2 --paging cursor

  pullpush new-connector zoho-books --from-openapi openapi.yaml

  pullpush new-connector --update pullpush-zoho-books
"""

_KINDS = ("both", "source", "destination")


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(epilog=_EPILOG)
@click.argument("name", required=False)
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write (default: pullpush-NAME, here).")
@click.option("--title", help="Name for people (default: made of NAME).")
@click.option("--kind", type=click.Choice(_KINDS), help="Whether it is read, written, or both (the default).")
@click.option("--types", metavar="TYPE,…", help="Canonical types (default: product,stocklevel,order; all: every one).")
@click.option("--auth", help="bearer (default), key, basic, oauth2, oauth2-client, session or none.")
@click.option("--paging", help="page (default), offset, cursor, link, next_url or none.")
@click.option("--webhooks/--no-webhooks", default=None, help="Whether the platform sends webhooks (default: it does).")
@click.option("--python/--declarative", default=None,
              help="With functions and hooks of its own, or a manifest alone (default).")  # fmt: skip
@click.option("--from-openapi", "openapi", type=_FILE, help="Draft it from an OpenAPI or Swagger document.")
@click.option("--from-sample", "samples", type=_FILE, multiple=True, help="Draft it from recorded answers (JSON).")
@click.option("--from-har", "har", type=_FILE, help="Draft it from a browser's or proxy's recording.")
@click.option("--from-postman", "postman", type=_FILE, help="Draft it from a Postman collection with saved answers.")
@click.option("--no-input", is_flag=True, help="Ask nothing: what no option says has its default.")
@click.option("--no-run", is_flag=True, help="Do not try the new connector's tests and validation.")
@click.option("--update", "existing", type=click.Path(path_type=Path), metavar="PATH",
              help="Merge this version's template into the connector at PATH instead.")  # fmt: skip
@click.pass_context
def new_connector(
    ctx: click.Context,
    /,
    name: str | None,
    *,
    folder: Path | None,
    title: str | None,
    no_input: bool,
    no_run: bool,
    existing: Path | None,
    openapi: Path | None,
    samples: tuple[Path, ...],
    har: Path | None,
    postman: Path | None,
    **chosen: Any,
) -> None:
    """Write a new connector, NAME, that is valid as it is: tests, sandbox and all.

    On a terminal it asks for what no option says. Nothing is fetched from anywhere. A folder that is not empty is
    never written to.
    """
    from pullpush_sdk.scaffold import names_of, render, write_new

    from ._connector_trials import try_connector

    started = time.monotonic()
    if existing is not None:
        if name is not None:
            raise click.UsageError("--update takes the connector's folder and no NAME.")
        ctx.exit(0 if _update(existing, chosen, no_run=no_run) else 1)
    asks = not no_input and sys.stdin.isatty() and sys.stdout.isatty()
    if name is None:
        if not asks:
            raise click.UsageError("Name the connector, e.g. pullpush new-connector zoho-books.")
        name = click.prompt("Name of the platform")
    names = names_of(str(name), title=title or "")
    target = folder or Path(names.distribution)
    given = {"openapi": (openapi,), "samples": samples, "har": (har,), "postman": (postman,)}
    sources = {source: [file for file in some if file] for source, some in given.items() if any(some)}
    if sources:
        answers, files = _drafted(ctx.obj, sources, names, chosen)
    else:
        answers = _answers(chosen, ask=asks)
        files = render(names, answers)
    write_new(target, names, answers, files)
    place = "" if str(target) == names.distribution else f" into {target}"
    say(f"wrote {names.distribution}{place}", colour="green")
    _show_files(files, names.module)
    good = no_run or try_connector(target)
    say(f"{time.monotonic() - started:.1f} s")
    say(f"next: cd {target} && pip install -e '.[test]'", colour="green" if good else "yellow")
    ctx.exit(0 if good else 1)


def _drafted(
    session: Session, sources: dict[str, list[Path]], names: Names, chosen: dict[str, Any]
) -> tuple[Answers, Mapping[str, str]]:
    """The files of a draft; what a person must check is shown with its place."""
    from pullpush_sdk.scaffold import draft_files, proposer_of

    if len(sources) > 1:
        raise click.UsageError("Draft from one thing: --from-openapi, --from-sample, --from-har or --from-postman.")
    told = [f"--{key}" for key, value in chosen.items() if value is not None and key != "types"]
    if told:
        raise click.UsageError(f"{', '.join(told)}: a draft takes this from what it is drafted from.")
    wanted = _types(chosen["types"]) if chosen["types"] is not None else None
    ((source, given),) = sources.items()
    made = draft_files(
        source, given, names=names, types=session.plugins.types, wanted=wanted, proposer=proposer_of(session.plugins)
    )
    origin = ", ".join(str(file) for file in given)
    found = ", ".join(f"{name} ({kind})" for name, kind in made.drafted.reads.items())
    if found:
        say(f"drafted from {origin}: {found}")
    else:
        why = f"no list of records was recognised; {made.drafted.nothing}"
        say(f"nothing but address and sign-in was drafted from {origin}: {why}", colour="yellow")
        say(f"to do: write the first list under `resources` in {names.module}/connector.yaml (every key: "
            "docs/reference/manifest.md), or draft from recorded answers with --from-har or --from-sample")  # fmt: skip
    if made.drafted.writes:
        say(f"writes: {', '.join(made.drafted.writes)}")
    if made.drafted.events:
        say(f"webhooks: {', '.join(made.drafted.events)}")
    say(f"{len(made.drafted.checks)} places to check, marked `check` in connector.yaml:")
    for each in made.drafted.checks:
        say(f"  {each}")
    return made.answers, made.files


def _types(words: str) -> tuple[str, ...]:
    from pullpush_sdk.scaffold import TYPES

    named = tuple(dict.fromkeys(each.strip() for each in words.split(",") if each.strip()))
    return TYPES if named == ("all",) else named


def _answers(chosen: dict[str, Any], *, ask: bool) -> Answers:
    """The options that were given, what was asked for the others, else their defaults."""
    from pullpush_sdk.scaffold import AUTH, KINDS, PAGING, TYPES, Answers

    given = {key: value for key, value in chosen.items() if value is not None}
    default = Answers()
    if ask:
        questions: dict[str, Callable[[], Any]] = {
            "kind": lambda: click.prompt("Read, written or both", type=click.Choice(KINDS), default=default.kind),
            "types": lambda: click.prompt(
                f"Types ({', '.join(TYPES)}, or all)", default=",".join(default.types), value_proc=_typed
            ),
            "auth": lambda: click.prompt("Sign-in", type=click.Choice(AUTH), default=default.auth),
            "paging": lambda: click.prompt("Lists are paged by", type=click.Choice(PAGING), default=default.paging),
            "webhooks": lambda: given["kind"] != "destination" and click.confirm("Does it send webhooks", default=True),
            "python": lambda: click.confirm("With Python functions of its own", default=False),
        }
        for key, question in questions.items():
            if key not in given:
                given[key] = question()
    if given.get("kind") == "destination":
        given.setdefault("webhooks", False)
    if isinstance(given.get("types"), str):
        given["types"] = _types(given["types"])
    return Answers(**given)


def _typed(words: str) -> tuple[str, ...]:
    """Types as they were typed, asked for again where one is none."""
    from pullpush_sdk.errors import SetupError
    from pullpush_sdk.scaffold import Answers

    try:
        return Answers(types=_types(words)).types
    except SetupError as error:
        raise click.UsageError(f"{error.message}: {error.hint}") from None


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _show_files(files: Any, module: str) -> None:
    """What an author must look at; the rest is named once."""
    shown = [
        path
        for path in sorted(files)
        if path.endswith(tuple(f"{module}/{name}" for name in _LOOK_AT))
        or path in ("README.md", "pyproject.toml")
        or path.startswith("docs/")
    ]
    for path in shown:
        click.echo(f"  {path}")
    samples = [path for path in files if path.startswith(f"{module}/samples/")]
    if samples and f"{module}/sandbox/store.py" not in files:
        click.echo(f"  {module}/samples/ ({_files(len(samples))})")
    click.echo(f"  tests/ ({_files(sum(path.startswith('tests/') for path in files))})")
    rest = sum(not path.startswith("tests/") for path in files) - len(shown) - len(samples)
    say(f"  and {rest} more that work as they are")


_LOOK_AT = ("connector.yaml", "hooks.py", "functions.py", "sandbox/store.py")


def _update(folder: Path, chosen: dict[str, Any], *, no_run: bool) -> bool:
    """Merge the template into a connector; whether all is well after it."""
    from pullpush_sdk.scaffold import read_record, update

    from ._connector_trials import show_changes, try_connector

    answers = read_record(folder).answers
    given = {key: value for key, value in chosen.items() if value is not None}
    if "types" in given:
        given["types"] = _types(given["types"])
    changes = update(folder, attrs.evolve(answers, **given))
    if not changes:
        say(f"{folder} is up to date; nothing was changed", colour="green")
        return True
    good = show_changes(folder, changes)
    return (no_run or try_connector(folder)) and good
