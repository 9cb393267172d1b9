"""What `new-connector` and `add` show of a connector: changed files, and how its tests and validation went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._output import say

if TYPE_CHECKING:
    from pullpush_sdk.scaffold import Change

_COLOURS = {"conflict": "red", "kept": "yellow"}


def show_changes(folder: Path, changes: Sequence[Change]) -> bool:
    """One line for each file; whether nothing is left for a person to decide."""
    from pullpush_sdk.scaffold import CONFLICT

    for change in changes:
        say(f"{change.kind:9} {folder / change.path}", colour=_COLOURS.get(change.kind))
    left = [change for change in changes if change.kind == "conflict"]
    if left:
        say(
            f"{len(left)} files were changed by you and by the template in the same lines. Yours are as they were; both"
        )
        say(f"sides stand in {', '.join(str(folder / f'{change.path}{CONFLICT}') for change in left)}")
    return not left


def try_connector(folder: Path) -> bool:
    """Run its tests, and `pullpush validate` where that is there; whether nothing failed."""
    from pullpush_sdk.scaffold import RECORD, read_record, run_tests, run_validate

    from ._app import COMMANDS

    good = True
    for name, run in (("tests", run_tests), ("validate", run_validate)):
        if name == "validate" and name not in COMMANDS:
            continue
        say("running its tests …" if name == "tests" else "running pullpush validate …")
        # How a draft behaves is not known before its samples are the platform's own.
        is_draft = (folder / RECORD).is_file() and bool(read_record(folder).answers.drafted)
        # Validation tries the laws, longer than the tests do: once is enough.
        laws = [f"--ignore={each.relative_to(folder)}" for each in sorted(folder.glob("tests/test_*_laws.py"))]
        trial = run(folder, *(laws if name == "tests" else ["--static"] if is_draft else []))
        if trial.ok is False:
            good = False
            click.echo(trial.output, err=True)
        left = ", without the laws, which validation tries" if name == "tests" and laws and trial.ok else ""
        say(f"{name}: {trial.words}{left}", colour={True: "green", False: "red", None: "yellow"}[trial.ok])
    return good
