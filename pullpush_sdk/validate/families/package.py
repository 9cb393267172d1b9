"""The distribution around a connector: that it can be installed, found, typed and read about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pullpush_sdk.errors import Problem
from pullpush_sdk.plugins import GROUP, hook_arguments
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._python import PythonFacts
from pullpush_sdk.validate.places import below, value_at

Json = Any
_PRIVATE = re.compile(r"pullpush_sdk(\.\w+)*\._|pullpush_sdk\.(engine|flows|cli|project|validate)\b")
_TEMPLATE = re.compile(r"\b(lorem ipsum|TODO|FIXME|changeme)\b")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def check(case: Case) -> Iterator[Problem]:
    """Python first, then the project file and what stands around it."""
    target = case.target
    if case.python is not None:
        yield from _python(case, case.python)
        yield from _notes(case)
    if target.kind == "document":
        return
    if target.folder is not None and target.kind in {"folder", "installed"}:
        yield from _project(case, target.folder)
        yield from _around(case, target.folder)
    if target.package is not None and case.python is not None and not (target.package / "py.typed").is_file():
        yield case.of_file(
            "package-py-typed",
            target.package,
            "no py.typed: type checkers ignore its annotations",
            "add an empty file py.typed to the package",
        )


def _python(case: Case, python: PythonFacts) -> Iterator[Problem]:
    known = hook_arguments()
    for file, line, reason in python.broken:
        yield case.of_file("package-syntax", file, f"not Python: {reason}", line=line)
    for hook in python.hooks:
        if hook.name not in known:
            near = difflib.get_close_matches(hook.name, known, n=1)
            yield case.of_file(
                "package-hook-name",
                hook.file,
                f"there is no hook `{hook.name}`",
                f"did you mean {near[0]}?" if near else "see docs/reference/hooks.md",
                line=hook.line,
            )
        elif not hook.marked:
            yield case.of_file(
                "package-hook-unmarked",
                hook.file,
                f"{hook.name} is not marked: it is never called",
                "decorate it with @hookimpl",
                line=hook.line,
            )
        else:
            for each in hook.arguments:
                if each not in known[hook.name]:
                    near = difflib.get_close_matches(each, known[hook.name], n=1)
                    hint = f"did you mean {near[0]}?" if near else f"it offers {', '.join(known[hook.name]) or 'none'}"
                    yield case.of_file(
                        "package-hook-arguments",
                        hook.file,
                        f"{hook.name} has no argument `{each}`",
                        hint,
                        line=hook.line,
                    )
    for found in python.imports:
        if _PRIVATE.match(found.module):
            yield case.of_file(
                "package-private",
                found.file,
                f"imports {found.module}, which may change at any time",
                "import public names: pullpush_sdk and its packages for plugins",
                line=found.line,
            )
        inside = "sandbox" in found.file.relative_to(case.target.package or found.file.parent).parts[:-1]
        other = re.match(r"pullpush_(?!sdk\b)(\w+)", found.module)
        own = case.target.package.name if case.target.package is not None else ""
        if other is not None and found.module.partition(".")[0] != own:
            yield case.of_file(
                "package-other",
                found.file,
                f"imports {found.module}, another connector",
                "a connector knows no other one",
                line=found.line,
            )
        elif inside and other is not None and not found.module.startswith(f"{own}.sandbox"):
            yield case.of_file(
                "package-sandbox",
                found.file,
                f"the sandbox imports {found.module}",
                "a sandbox that shares code with its connector shares its mistakes",
                line=found.line,
            )


def _notes(case: Case) -> Iterator[Problem]:
    manifest = case.manifest
    if manifest is None or manifest.origin != "manifest":
        return
    for name in sorted(case.own):
        if not any(fnmatchcase(f"{manifest.name}:{name}", each) or each == name for each in manifest.notes):
            yield case.at(
                "package-notes",
                "$.notes" if manifest.notes else "$",
                f"the function `{manifest.name}:{name}` is not described",
                f'add "{manifest.name}:{name}": … to notes',
            )
    for name in manifest.notes:
        prefix, _, function = name.partition(":")
        if (
            prefix == manifest.name
            and function
            and "*" not in function
            and function not in case.own
            and not _is_there(case, function)
        ):
            yield case.at(
                "package-notes-unknown", below("$.notes", name), "there is no such function", _meant(function, case.own)
            )


def _is_there(case: Case, name: str) -> bool:
    return case.python is not None and (name in case.python.names or name in case.python.texts)


def _meant(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else "remove the note"


def _project(case: Case, folder: Path) -> Iterator[Problem]:
    file = folder / "pyproject.toml"
    target = case.target
    if target.pyproject_error:
        yield case.of_file(
            "package-pyproject", file, f"cannot be read: {target.pyproject_error}", line=_line(target.pyproject_error)
        )
        return
    if target.pyproject is None:
        yield case.of_file(
            "package-pyproject",
            folder,
            "no pyproject.toml: it cannot be installed",
            "pullpush new-connector writes one",
        )
        return
    project = value_at(target.pyproject, "project")
    if not isinstance(project, dict):
        yield case.of_file(
            "package-pyproject", file, "no [project] table", "name, version and entry points stand there"
        )
        return
    yield from _entry_point(case, file, project)
    needs = project.get("dependencies")
    if not isinstance(needs, list) or not any(
        re.match(r"pullpush[-_.]sdk\b", str(each), re.IGNORECASE) for each in needs
    ):
        yield case.of_file(
            "package-depends",
            file,
            "does not depend on pullpush-sdk",
            'dependencies = ["pullpush-sdk>=0.1,<0.2"]',
            line=_find(file, "dependencies"),
        )
    if "requires-python" not in project:
        yield case.of_file("package-python", file, "does not say which Python it needs", 'requires-python = ">=3.11"')
    if not str(project.get("description", "")).strip() or _TEMPLATE.search(str(project.get("description", ""))):
        yield case.of_file(
            "package-description",
            file,
            "no description",
            "say in a line what it connects",
            line=_find(file, "description"),
        )
    version, manifest = project.get("version"), case.manifest
    if manifest is not None and isinstance(version, str) and version != manifest.version:
        yield case.at(
            "package-version",
            "$.version",
            f"the manifest is {manifest.version}, the distribution {version}",
            "write the same version in both",
        )


def _entry_point(case: Case, file: Path, project: Json) -> Iterator[Problem]:
    points = value_at(project, "entry-points", GROUP)
    if not isinstance(points, dict) or not points:
        others = project.get("entry-points")
        near = difflib.get_close_matches(GROUP, others, n=1) if isinstance(others, dict) else []
        hint = f"[project.entry-points.{GROUP}], not {near[0]}" if near else f"add [project.entry-points.{GROUP}]"
        yield case.of_file(
            "package-entry-point",
            file,
            "no entry point: nobody finds the connector",
            hint,
            line=_find(file, "entry-points"),
        )
        return
    folder = file.parent
    for name, value in points.items():
        module = str(value).partition(":")[0].strip()
        path = Path(*module.split(".")) if module else Path()
        places = [around / path for around in (folder, folder / "src")]
        if not any(each.with_suffix(".py").is_file() or (each / "__init__.py").is_file() for each in places):
            yield case.of_file(
                "package-entry-point",
                file,
                f"the entry point {name!r} names {module!r}, which is not there",
                "name the module of the hooks",
                line=_find(file, str(value)),
            )


def _around(case: Case, folder: Path) -> Iterator[Problem]:
    names = {each.name.lower() for each in folder.iterdir()}
    outer = (
        {each.name.lower() for each in folder.parent.parent.iterdir()}
        if (folder.parent.parent / ".git").exists()
        else set()
    )
    if not any(each.startswith("readme") for each in names):
        yield case.of_file("package-readme", folder, "no README", "say what it does, its limits and its settings")
    if not any(each.startswith(("changelog", "changes", "history")) for each in names | outer):
        yield case.of_file("package-changelog", folder, "no changelog", "add CHANGELOG.md with a line per version")
    licence = value_at(case.target.pyproject, "project", "license")
    if not licence and not any(each.startswith(("license", "licence", "copying")) for each in names):
        yield case.of_file("package-licence", folder, "no licence: nobody may use it", 'license = "Apache-2.0"')
    if not (folder / "tests").is_dir():
        yield case.of_file("package-tests", folder, "no tests", "test_the_laws = suite(LAWS, NAME) is a beginning")
    for each in sorted(folder.glob(".env*")):
        yield case.of_file(
            "package-env", each, "a file for secrets stands where the package is built", "keep it outside the folder"
        )
    manifest = case.manifest
    changelog = next((each for each in folder.iterdir() if each.name.lower().startswith("changelog")), None)
    if manifest is not None and changelog is not None and changelog.is_file():
        try:
            text = changelog.read_text(encoding="utf-8", errors="replace")[:200_000]
        except OSError:
            return
        if _VERSION.search(text) and manifest.version not in text:
            yield case.of_file(
                "package-changelog", changelog, f"says nothing of version {manifest.version}", "add a section for it"
            )


def _find(file: Path, word: str) -> int | None:
    try:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if word in line:
                return number
    except (OSError, UnicodeDecodeError):
        return None
    return None


def _line(error: str) -> int | None:
    found = re.search(r"line (\d+)", error)
    return int(found[1]) if found else None
