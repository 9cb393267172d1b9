"""What can be said of a connector's Python without running it: its hooks, its names, its imports."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import attrs

_MAX_FILES = 400
_MAX_BYTES = 1_000_000


@attrs.frozen(kw_only=True)
class HookFunction:
    """A function that is marked as a hook, or named like one."""

    name: str
    marked: bool
    arguments: tuple[str, ...]
    file: Path
    line: int


@attrs.frozen(kw_only=True)
class Import:
    """One import of a module by its dotted name."""

    module: str
    file: Path
    line: int


@attrs.frozen(kw_only=True)
class PythonFacts:
    """`names` are the functions, and texts used as keys, of all files; `broken` are files that do not parse."""

    hooks: tuple[HookFunction, ...] = ()
    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    imports: tuple[Import, ...] = ()
    broken: tuple[tuple[Path, int, str], ...] = ()


def python_facts(package: Path) -> PythonFacts:
    """The facts of every module below a package's folder; tests and caches are left out."""
    return _facts(package, tuple((file, *_state(file)) for file in python_files(package)))


def _state(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=32)
def _facts(package: Path, files: tuple[tuple[Path, int, int], ...]) -> PythonFacts:
    """The facts of files in the state that they are in: fixing and watching look again and again."""
    hooks: list[HookFunction] = []
    names: set[str] = set()
    texts: set[str] = set()
    imports: list[Import] = []
    broken: list[tuple[Path, int, str]] = []
    for file, _, _ in files:
        try:
            with file.open("rb") as opened:
                source = opened.read(_MAX_BYTES)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken.append((file, getattr(error, "lineno", None) or 1, str(getattr(error, "msg", error))[:200]))
            continue
        except OSError as error:
            broken.append((file, 1, str(error.strerror)))
            continue
        top = file.parent == package
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 120:
                texts.add(node.value)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imports.append(Import(module=node.module, file=file, line=node.lineno))
            elif isinstance(node, ast.Import):
                imports += [Import(module=each.name, file=file, line=node.lineno) for each in node.names]
        if top:
            hooks += _hooks(tree, file)
    return PythonFacts(
        hooks=tuple(hooks),
        names=frozenset(names),
        texts=frozenset(texts),
        imports=tuple(imports),
        broken=tuple(broken),
    )


def python_files(package: Path) -> Iterator[Path]:
    """The Python files of a package, sorted, at most 400, symbolic links and what is no file left out."""
    count = 0
    for file in sorted(package.rglob("*.py")):
        inside = file.relative_to(package).parts
        if any(part in {"__pycache__", "tests"} or part.startswith(".") for part in inside):
            continue
        if file.is_symlink() or not file.is_file():
            continue
        count += 1
        if count > _MAX_FILES:
            return
        yield file


def _hooks(tree: ast.Module, file: Path) -> Iterator[HookFunction]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        marked = any(_called(each) == "hookimpl" for each in node.decorator_list)
        if marked or node.name.startswith("pullpush_"):
            arguments = tuple(each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
            yield HookFunction(name=node.name, marked=marked, arguments=arguments, file=file, line=node.lineno)


def _called(decorator: ast.expr) -> str:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    return inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""
