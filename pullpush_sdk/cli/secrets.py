from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.project import Project

_EPILOG = """Examples:

  pullpush secrets rotate

  export PULLPUSH_KEY="$(pullpush secrets new-key),$PULLPUSH_KEY"
"""


@click.group("secrets", epilog=_EPILOG)
def secrets() -> None:
    """Look after the key that seals stored tokens."""


@secrets.command("new-key", epilog="Example:\n\n  pullpush secrets new-key")
def new_key_() -> None:
    """Print a new key, for a variable, file or keyring of your own."""
    from pullpush_sdk.project import new_key

    click.echo(new_key())


@secrets.command("list", epilog="Example:\n\n  pullpush secrets list --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(session: Session, *, as_json: bool) -> None:
    """Show where the key is kept, and which tokens are sealed with the newest one. Shows no secret."""
    from pullpush_sdk.project import key_place, token_keys

    place, keys = key_place(session.project), token_keys(session.project)
    tokens = asyncio.run(_sealed(session.project))
    if as_json:
        emit_json({"key": place.words, "keys": len(keys), "tokens": [{"name": n, "newest": ok} for n, ok in tokens]})
        return
    say(f"{place.words}: {len(keys)} {'key' if len(keys) == 1 else 'keys, the first one seals'}")
    emit_table(["token", "sealed with"], [[name, "the newest key" if ok else "an older key"] for name, ok in tokens])


@secrets.command(epilog="Example:\n\n  pullpush secrets rotate")
@click.pass_obj
def rotate(session: Session) -> None:
    """Seal every stored token with a new key, while everything runs on, and forget the old ones.

    A key in an environment variable is yours to change: put a new one in front, start what runs with both, rotate, then
    take the old one away.
    """
    from filelock import FileLock

    from pullpush_sdk.project import ensure_state_dir, key_place, new_key, put_keys, token_keys

    project = session.project
    place = key_place(project)
    with FileLock(ensure_state_dir(project) / "key.lock", mode=0o600):
        keys = [key.decode() for key in token_keys(project)]
        if place.writable and len(keys) == 1:  # with more a rotation was cut off: it goes on
            keys.insert(0, new_key())
            put_keys(project, keys)
        elif len(keys) == 1:
            raise click.UsageError(
                f"The {place.words} holds one key. Put a new one in front, separated by a comma "
                "(`pullpush secrets new-key` prints one), start what runs with both, and rotate then."
            )
        count = asyncio.run(_reseal(project))
        if place.writable:
            put_keys(project, keys[:1])
    say(f"{count} {'token is' if count == 1 else 'tokens are'} sealed anew", colour="green")
    if not place.writable:
        say(f"the old keys can be taken out of {place.words} now")


async def _reseal(project: Project) -> int:
    """Until a whole round finds nothing to do: a token may have been renewed beside the first one."""
    from pullpush_sdk.project.connect import token_files

    count = 0
    while resealed := sum([await store.reseal() for _, store in token_files(project)]):
        count += resealed
    return count


async def _sealed(project: Project) -> list[tuple[str, bool]]:
    from pullpush_sdk.project.connect import token_files

    return [(name, await store.is_newest()) for name, store in token_files(project)]
