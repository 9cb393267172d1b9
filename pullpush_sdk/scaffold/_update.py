"""Merging a template's newer output, or its output for other answers, into a connector that an author has worked on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import attrs

from pullpush_sdk.errors import SetupError

from ._answers import Answers
from ._merge import is_marked, merge
from ._project import RECORD, Record, read_record, recorded
from ._template import TEMPLATE_VERSION, render, render_drafted

__all__ = ["CONFLICT", "Change", "apply_changes", "changes_to", "rendered_for", "update"]

CONFLICT = ".conflict"
"""Ending of the file that shows both sides of a merge that needs a person; the author's own stays as it is."""

Kind = Literal["added", "updated", "merged", "removed", "kept", "conflict"]


@attrs.frozen(kw_only=True)
class Change:
    """What becomes of one file: `text` is what is written, None where the file is removed or stays."""

    path: str
    kind: Kind
    text: str | None = attrs.field(default=None, repr=False)


Merge = Callable[[str, str, str], str | None]
"""Base, the author's and the template's text to the merged one; None: a person must decide."""


def update(folder: Path, answers: Answers | None = None) -> list[Change]:
    """Merge this version's template, for the recorded answers or others, into the connector in a folder.

    No edit of the author's is overwritten: where both changed the same lines, the file stays, and one beside it that
    ends in `.conflict` shows both. Doing it twice changes nothing the second time.

    Raises:
        SetupError: the folder has no record, or conflicts of an earlier update are still there.
    """
    record = read_record(folder)
    chosen = answers or record.answers
    files = rendered_for(record, chosen)
    changes = changes_to(folder, record.files, files)
    new = attrs.evolve(record, answers=chosen, version=TEMPLATE_VERSION, files=files)
    apply_changes(folder, changes, new)
    return changes


def rendered_for(record: Record, answers: Answers) -> dict[str, str]:
    """What this version's template gives for a connector's names; a drafted manifest stays as it was drafted."""
    if not answers.drafted:
        return render(record.names, answers)
    folder = f"{record.names.module}/samples/"
    samples = {
        path.removeprefix(folder).removesuffix(".json"): json.loads(text)
        for path, text in record.files.items()
        if path.startswith(folder)
    }
    manifest = record.files.get(f"{record.names.module}/connector.yaml", "")
    return render_drafted(record.names, answers, manifest, samples)


def changes_to(
    folder: Path, base: Mapping[str, str], files: Mapping[str, str], special: Mapping[str, Merge] | None = None
) -> list[Change]:
    """What merging `files`, which were `base` before, does to a folder; nothing is written. `special` merges by path.

    Raises:
        SetupError: conflicts of an earlier merge or their marks are still there, or a file cannot be read.
    """
    left = [path for path in sorted({*base, *files}) if (folder / f"{path}{CONFLICT}").exists()]
    if left:
        raise SetupError(
            f"{', '.join(f'{path}{CONFLICT}' for path in left)}: conflicts that are still there",
            hint="take what you need into your file, delete the .conflict, and run this again",
        )
    if marked := [path for path in sorted({*base, *files}) if is_marked(_read(folder / path) or "")]:
        raise SetupError(
            f"{', '.join(marked)}: marks of a merge are still in there",
            hint="keep the lines that you want, take the lines <<<<<<<, ======= and >>>>>>> away, and run this again",
        )
    found = []
    for path in sorted({*base, *files}):
        mine = _read(folder / path)
        change = _change(path, base.get(path), mine, files.get(path), (special or {}).get(path, _by_lines))
        if change is not None:
            found.append(change)
    return found


def _by_lines(base: str, mine: str, theirs: str) -> str | None:
    merged = merge(base, mine, theirs)
    return None if merged.conflicts else merged.text


def _change(path: str, base: str | None, mine: str | None, theirs: str | None, merged_by: Merge) -> Change | None:
    if theirs in (base, mine):
        return None
    if theirs is None:
        return (
            Change(path=path, kind="removed")
            if mine == base
            else None
            if mine is None
            else Change(path=path, kind="kept")
        )
    if mine is None:
        # A file that the author took away stays away.
        return Change(path=path, kind="added", text=theirs) if base is None else Change(path=path, kind="kept")
    if mine == base:
        return Change(path=path, kind="updated", text=theirs)
    text = merged_by(base or "", mine, theirs)
    if text is None:
        return Change(path=path, kind="conflict", text=merge(base or "", mine, theirs).text)
    return None if text == mine else Change(path=path, kind="merged", text=text)


def apply_changes(folder: Path, changes: list[Change], record: Record) -> None:
    """Write what `changes_to` found, and the new record last: whoever is interrupted starts over."""
    for change in changes:
        file = folder / (f"{change.path}{CONFLICT}" if change.kind == "conflict" else change.path)
        if change.kind == "removed":
            file.unlink()
        elif change.text is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(change.text, encoding="utf-8", newline="\n")
    (folder / RECORD).write_text(recorded(record), encoding="utf-8", newline="\n")


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file.is_file() else None
    except UnicodeDecodeError as error:
        raise SetupError(f"{file} is not UTF-8 text: {error.reason}") from error
