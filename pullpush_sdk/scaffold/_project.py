"""A generated connector on disk: writing it, and the record of what it was made from."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.errors import SetupError

from ._answers import Answers, answers_from
from ._names import Names
from ._template import TEMPLATE_VERSION

__all__ = ["RECORD", "Record", "read_record", "recorded", "write_new"]

RECORD = ".pullpush-template.json"
"""Answers, template version, and the template's own output: what a later version is merged against."""

_NOTE = "Written by `pullpush new-connector`; `pullpush new-connector --update .` reads it. Do not edit."


@attrs.frozen(kw_only=True)
class Record:
    """What a connector was made from; `files` is the template's output at that version, by path."""

    names: Names
    answers: Answers
    version: str
    files: Mapping[str, str]


def recorded(record: Record) -> str:
    """The record as the text of its file; the output is packed, it is for nobody to read."""
    packed = zlib.compress(json.dumps(dict(record.files), sort_keys=True).encode(), 9)
    shown: dict[str, Any] = {
        "note": _NOTE,
        "template": record.version,
        "name": record.names.name,
        "title": record.names.title,
        "answers": record.answers.to_json(),
        "files": base64.b85encode(packed).decode(),
    }
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> Record:
    """The record of the connector in a folder.

    Raises:
        SetupError: there is none, or it cannot be read.
    """
    file = folder / RECORD
    if not file.is_file():
        raise SetupError(f"{folder} has no {RECORD}", hint="only what `pullpush new-connector` made can be updated")
    try:
        shown = json.loads(file.read_text(encoding="utf-8"))
        files = json.loads(zlib.decompress(base64.b85decode(shown["files"])))
        names = Names(name=str(shown["name"]), title=str(shown["title"]))
        return Record(names=names, answers=answers_from(shown["answers"]), version=str(shown["template"]), files=files)
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise SetupError(f"{file} cannot be read: {error}", hint="take it back from version control") from error


def write_new(folder: Path, names: Names, answers: Answers, files: Mapping[str, str]) -> None:
    """Put a new connector into a folder that is empty or not there yet: whole, or not at all.

    Raises:
        SetupError: something is there already.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SetupError(f"{folder} exists and is no folder", hint="name another one with --folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise SetupError(f"{folder} is not empty; nothing was written", hint="name another folder with --folder")
    record = Record(names=names, answers=answers, version=TEMPLATE_VERSION, files=files)
    try:
        _put(folder, {**files, RECORD: recorded(record)})
    except OSError as error:
        reason = f"{folder} cannot be written: {error.strerror or error}"
        raise SetupError(reason, hint="name another folder with --folder") from error


def _put(folder: Path, files: Mapping[str, str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        made = Path(place) / "made"
        for path, text in files.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        if folder.is_dir():
            # The folder may be somebody's working directory: it is filled, not replaced.
            for each in sorted(made.iterdir()):
                shutil.move(each, folder / each.name)
        else:
            made.replace(folder)
