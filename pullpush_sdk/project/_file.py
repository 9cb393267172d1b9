"""Finding and reading pullpush.toml: every problem of the file is collected, each with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pullpush_sdk.errors import Problem, ProjectError

from ._lines import Lines
from ._model import Project
from ._parse import parse_document

FILE_NAME = "pullpush.toml"
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


def find_project_file(path: Path | str | None = None) -> Path:
    """The project file: `path` (a file, or a folder that holds one), else the nearest upward from here.

    Raises:
        ProjectError: there is none.
    """
    if path is not None:
        given = Path(path)
        file = given / FILE_NAME if given.is_dir() else given
        if not file.is_file():
            raise ProjectError(f"no project file at {file}", hint="run pullpush init there to write one")
        return file.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ProjectError(
        f"no {FILE_NAME} in {here} or above it", hint="run pullpush init, or name the file with --project"
    )


def load_project(path: Path | str | None = None) -> Project:
    """The project; see `find_project_file` for `path`. No plugin is loaded and no secret is read.

    Raises:
        ProjectError: no file, not TOML, or not a project; `problems` holds every finding with its line.
    """
    file = find_project_file(path)
    text = _read(file)
    lines = Lines(text)
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(file, error) from None
    problems: list[Problem] = []
    project = parse_document(document, file=file, lines=lines, problems=problems)
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ProjectError(f"{file} has {count}", problems)
    return project


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{file} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ProjectError(f"{file} cannot be read: {error.strerror}") from None


def _not_toml(file: Path, error: tomllib.TOMLDecodeError) -> ProjectError:
    place = _AT.search(str(error))
    line, column = (int(place[1]), int(place[2])) if place else (None, None)
    # The parser may quote a piece of the text, which may be a secret: only its kind of complaint is kept.
    words = re.sub(r"\s*\(at .*\)$", "", str(error)).split(":", 1)[0]
    problem = Problem(message=words, file=str(file), line=line, column=column)
    return ProjectError(f"{file} is not TOML", [problem], hint="see docs/reference/project-file.md")
