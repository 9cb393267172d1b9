"""Everything that the rules look at, read once and without importing or running the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import ManifestError, Problem
from pullpush_sdk.manifest import Document, Loaded, Manifest, check_manifest, load, read_document
from pullpush_sdk.mapping import Functions
from pullpush_sdk.samples import Samples, base_path, gather_samples

from ._model import Json
from ._python import PythonFacts, python_facts
from ._target import Target

_MAX_DOCUMENT = 5_000_001


@attrs.frozen(kw_only=True)
class Extensions:
    """Canonical types and mapping functions that other distributions add to the runtime."""

    types: CanonicalTypes = attrs.field(factory=CanonicalTypes)
    functions: Functions = attrs.field(factory=Functions)


@attrs.define(kw_only=True, slots=False)
class Case:
    """One target under validation.

    `document` is None where there is no manifest or it cannot be read; `loaded` where it does not load. `problems` are
    what the runtime's own loader says, `functions` those that maps may name, with stand-ins for the connector's own.
    """

    target: Target
    document: Document | None = None
    loaded: Loaded | None = None
    problems: tuple[Problem, ...] = ()
    types: CanonicalTypes = attrs.field(factory=CanonicalTypes)
    functions: Functions = attrs.field(factory=Functions)
    own: frozenset[str] = frozenset()

    @property
    def manifest(self) -> Manifest | None:
        """The manifest where it loads."""
        return self.loaded.manifest if self.loaded is not None else None

    @property
    def is_miniapp(self) -> bool:
        """Whether the document is a MiniApp's, or a block of one."""
        return self.document is not None and not (
            isinstance(self.document.value, dict) and "manifest" in self.document.value
        )

    @cached_property
    def python(self) -> PythonFacts | None:
        """What is known of its Python; None where there is none."""
        package = self.target.package
        if package is None or not (package / "__init__.py").is_file():
            return None
        return python_facts(package)

    @cached_property
    def samples(self) -> Samples:
        """The samples that its manifest names."""
        manifest = self.manifest
        folder = self.target.manifest.parent if self.target.manifest is not None else Path()
        return Samples() if manifest is None else gather_samples(manifest.samples, folder, base=base_path(manifest))

    def at(self, code: str, path: str, message: str, hint: str = "") -> Problem:
        """A problem at a path of the manifest, placed in the document it came from."""
        problem = Problem(code=code, message=message, path=path, hint=hint)
        return self.loaded.located(problem) if self.loaded is not None else problem

    def within(self, code: str, path: str, message: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """A problem at a path of the document as it is written."""
        assert self.document is not None
        return self.document.problem(message, path, hint, code=code, at_key=at_key)

    def of_file(self, code: str, file: Path | str, message: str, hint: str = "", *, line: int | None = None) -> Problem:
        """A problem of another file of the target."""
        return Problem(code=code, message=message, hint=hint, file=self.shown(file), line=line)

    def shown(self, file: Path | str) -> str:
        """A file as it is named to a person: below the target's folder where it is inside."""
        folder = self.target.folder
        if folder is not None and isinstance(file, Path) and file.is_relative_to(folder):
            return str(Path(self.target.shown if self.target.kind == "folder" else folder) / file.relative_to(folder))
        return str(file)


def build_case(target: Target, extensions: Extensions | None = None) -> Case:
    """The case of a target: its document read and loaded as the runtime does."""
    given = extensions or Extensions()
    case = Case(target=target, types=given.types, functions=given.functions)
    if target.manifest is None:
        return case
    try:
        loaded = load(target.manifest)
    except ManifestError as error:
        case.problems = tuple(error.problems) or (
            Problem(code="manifest-file", message=error.message, file=str(target.manifest), path="$"),
        )
        case.document = _read_again(target.manifest)
        return case
    case.loaded, case.document = loaded, loaded.document
    case.own = frozenset(_own_names(loaded))
    case.functions = _with_stand_ins(case, given.functions)
    problems = check_manifest(loaded.manifest, given.types, case.functions)
    case.problems = tuple(loaded.located(each) for each in problems if not _is_its_own(each, case))
    return case


def _read_again(path: Path) -> Document | None:
    """The document of a manifest that does not load, where it can be parsed at all."""
    try:
        with path.open("rb") as file:
            return read_document(file.read(_MAX_DOCUMENT), file=str(path))
    except (ManifestError, OSError):
        return None


def _own_names(loaded: Loaded) -> Iterator[str]:
    """The functions that maps name and that are the connector's own, without its name in front."""
    prefix = f"{loaded.manifest.name}:"
    for text in _texts_under(loaded.document.value, {"compute", "fn"}):
        if text.startswith(prefix):
            yield text.removeprefix(prefix)


def _texts_under(value: Json, keys: set[str], *, inside: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if inside:
            yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts_under(each, keys, inside=key in keys)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_under(each, keys)


def _with_stand_ins(case: Case, functions: Functions) -> Functions:
    """The functions with one for each of the connector's own that its Python has by name."""
    assert case.manifest is not None
    python = case.python
    if python is None:
        return functions
    there = {name for name in case.own if name in python.names or name in python.texts}
    prefix = case.manifest.name
    stand_ins: dict[str, Callable[..., Any]] = {f"{prefix}:{name}": _stand_in for name in there}
    stand_ins = {name: each for name, each in stand_ins.items() if name not in functions}
    return functions.extended(stand_ins, owner=prefix)


def _stand_in(*_values: Any) -> Any:
    raise NotImplementedError("a connector's own function runs in the child process only")


def _is_its_own(problem: Problem, case: Case) -> bool:
    """An unknown canonical type of a connector whose Python adds types: the child process judges it."""
    if problem.code != "manifest-type" or case.python is None:
        return False
    return any(each.name == "pullpush_canonical_types" for each in case.python.hooks)
