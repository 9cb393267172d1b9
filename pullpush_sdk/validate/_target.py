"""What is validated: a plugin folder, an installed connector, a manifest file or a MiniApp document."""

from __future__ import annotations

import difflib
import importlib.metadata
import tomllib
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Literal

import attrs

from pullpush_sdk.errors import SetupError
from pullpush_sdk.plugins import GROUP, find_sources

from ._model import Json

_MANIFESTS = ("connector.yaml", "connector.yml", "connector.json")
_SUFFIXES = {".yaml", ".yml", ".json", ".js", ".mjs", ".cjs", ".ts"}
_MAX_TOML = 1_000_000


@attrs.frozen(kw_only=True)
class Target:
    """Where everything of one connector stands; nothing of it is imported to find out.

    `folder` is the distribution's (with pyproject.toml), `package` the Python package's; `manifest` the document, None
    for a connector in plain Python. `module` and `entry_point` name what would be imported. `path` is what goes in
    front of the import path for that. `pyproject` is its content, None where there is none or it does not parse (then
    `pyproject_error` says why).
    """

    shown: str
    kind: Literal["folder", "installed", "document"]
    folder: Path | None = None
    package: Path | None = None
    manifest: Path | None = None
    module: str = ""
    entry_point: str = ""
    distribution: str = ""
    path: Path | None = None
    pyproject: Json = None
    pyproject_error: str = ""


def find_target(named: str) -> Target:
    """The target that a path or the name of an installed connector means; paths come first.

    Raises:
        SetupError: there is no such thing; says what was looked for.
    """
    path = Path(named)
    if path.is_dir():
        return _folder(path, named)
    if path.is_file():
        return _document(path, named)
    return _installed(named)


def _folder(path: Path, shown: str) -> Target:
    pyproject, error = _read_pyproject(path / "pyproject.toml")
    name, module = _entry_point(pyproject)
    package = _package(path, module)
    manifest = _manifest_in(package) if package is not None else None
    project = pyproject.get("project", {}) if isinstance(pyproject, dict) else {}
    distribution = project.get("name") if isinstance(project, dict) else None
    importable = package is not None and (package / "__init__.py").is_file()
    has_hooks = importable and package is not None and (package / "hooks.py").is_file()
    beside = f"{package.name}.hooks" if has_hooks and package is not None else ""
    if package is None and pyproject is None and not error:
        raise SetupError(
            f"{shown} holds neither a pyproject.toml nor a connector.yaml",
            hint="name a plugin's folder, a manifest, a MiniApp document or an installed connector",
        )
    return Target(
        shown=shown,
        kind="folder",
        folder=path,
        package=package,
        manifest=manifest,
        module=module or beside,
        entry_point=name,
        distribution=str(distribution or ""),
        path=package.parent if package is not None and importable else None,
        pyproject=pyproject,
        pyproject_error=error,
    )


def _document(path: Path, shown: str) -> Target:
    if path.suffix.lower() not in _SUFFIXES:
        raise SetupError(f"{shown} is no manifest", hint=f"expected one of {', '.join(sorted(_SUFFIXES))}")
    package = path.resolve().parent
    beside = path.name in _MANIFESTS and (package / "__init__.py").is_file() and (package / "hooks.py").is_file()
    if not beside:
        return Target(shown=shown, kind="document", manifest=path)
    return Target(
        shown=shown,
        kind="document",
        manifest=path,
        package=package,
        module=f"{package.name}.hooks",
        path=package.parent,
    )


def _installed(name: str) -> Target:
    sources = {source.name: source for source in find_sources()}
    if name not in sources:
        near = difflib.get_close_matches(name, sources, n=1)
        known = ", ".join(sorted(sources)) or "none"
        hint = f"did you mean {near[0]}?" if near else f"a path that exists, or one of the installed: {known}"
        raise SetupError(f"{name!r} is neither a path nor an installed connector", hint=hint)
    (point,) = list(importlib.metadata.entry_points(group=GROUP, name=name))[:1]
    module = point.value.partition(":")[0]
    package = package_folder(module.partition(".")[0])
    folder = package.parent if package is not None and (package.parent / "pyproject.toml").is_file() else None
    pyproject, error = _read_pyproject(folder / "pyproject.toml") if folder is not None else (None, "")
    return Target(
        shown=name,
        kind="installed",
        folder=folder,
        package=package,
        manifest=_manifest_in(package) if package is not None else None,
        module=module,
        entry_point=name,
        distribution=sources[name].distribution,
        path=package.parent if package is not None else None,
        pyproject=pyproject,
        pyproject_error=error,
    )


def package_folder(top: str) -> Path | None:
    """The folder of a top-level package, found without importing it."""
    spec = PathFinder.find_spec(top)
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not locations:
        locations = _editable(top)
    return Path(locations[0]) if locations else None


def _editable(top: str) -> list[str]:
    """Where an editable installation points: finders of its kind stand on sys.meta_path."""
    import importlib.util  # noqa: PLC0415

    spec = importlib.util.find_spec(top)  # a top-level name: nothing is imported
    return list(spec.submodule_search_locations or ()) if spec is not None else []


def _read_pyproject(path: Path) -> tuple[Json, str]:
    if not path.is_file():
        return None, ""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_TOML + 1)
        if len(content) > _MAX_TOML:
            return None, "larger than 1 MB"
        return tomllib.loads(content.decode("utf-8")), ""
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        return None, str(error)[:200]
    except OSError as error:
        return None, str(error.strerror)


def _entry_point(pyproject: Json) -> tuple[str, str]:
    """Name and module of the first entry point of the group."""
    value: Json = pyproject
    for key in ("project", "entry-points", GROUP):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                return str(name), each.partition(":")[0].strip()
    return "", ""


def _package(folder: Path, module: str) -> Path | None:
    if _manifest_in(folder) is not None:
        return folder
    top = module.partition(".")[0]
    for around in (folder, folder / "src"):
        if top and (around / top).is_dir():
            return around / top
    for around in (folder, folder / "src"):
        if around.is_dir():
            for each in sorted(around.iterdir()):
                if each.is_dir() and _manifest_in(each) is not None:
                    return each
    return None


def _manifest_in(folder: Path) -> Path | None:
    return next((folder / name for name in _MANIFESTS if (folder / name).is_file()), None)
