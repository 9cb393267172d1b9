"""Mechanical mends: edits of the text at the place of a finding, which keep comments and everything around.

A mend is kept only where the document still parses and has fewer errors than before, none of them new; else the text
stays as it was. Files are replaced whole, never left half written.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import Document, read_document

from ._case import Case, build_case
from ._model import Finding
from ._run import Options, validate_target
from ._target import Target
from .places import above

_MEANT = re.compile(r"did you mean (?:\{\{)?([\w.\-]+?)(?:\}\})?\?")
_KEYS = frozenset({"manifest-unknown-key", "mapping-target", "mapping-key"})
_MOST = 100


@attrs.frozen(kw_only=True)
class Fixed:
    """One mend: the file, its line, and what was done."""

    file: str
    line: int | None
    what: str


def fix(target: Target) -> list[Fixed]:
    """Mend what is mechanical, one finding after the other, until nothing more can be mended."""
    done = list(_files(target))
    if target.manifest is None or target.manifest.suffix not in {".yaml", ".yml"}:
        return done
    tried: set[tuple[str, str]] = set()
    for _ in range(_MOST):
        mended = _one(target, target.manifest, tried)
        if mended is None:
            break
        done.append(mended)
    return done


def _files(target: Target) -> Iterator[Fixed]:
    package = target.package
    if target.kind == "folder" and package is not None and (package / "__init__.py").is_file():
        marker = package / "py.typed"
        if not marker.exists():
            marker.write_bytes(b"")
            yield Fixed(file=str(marker), line=None, what="added")


def _one(target: Target, file: Path, tried: set[tuple[str, str]]) -> Fixed | None:
    """The first finding that a mend helps, mended; None where there is none left."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    case = build_case(target)
    if case.document is None:
        return None
    before = _open_findings(target)
    for finding in before:
        key = (finding.code, finding.path)
        if key in tried:
            continue
        tried.add(key)
        made = _mend(text, finding, case, case.document)
        if made is None or made[0] == text:
            continue
        if _is_better(target, file, old=text, new=made[0], finding=finding, before=before):
            return Fixed(file=str(file), line=finding.line, what=made[1])
    return None


def _open_findings(target: Target) -> list[Finding]:
    return [each for each in validate_target(target, Options(behaviour=False)).report.findings if not each.waived]


def _is_better(target: Target, file: Path, *, old: str, new: str, finding: Finding, before: list[Finding]) -> bool:
    """Write the new text if the finding is gone and no other error came; else leave the file alone."""
    try:
        read_document(new, file=str(file))
    except ManifestError:
        return False
    replace(file, new)
    after = _open_findings(target)
    gone = not any(
        (each.code, each.path, each.message) == (finding.code, finding.path, finding.message) for each in after
    )
    if gone and (_wrong(after) - _wrong(before) == set() or _hidden_before(before, finding)):
        return True
    replace(file, old)
    return False


def _wrong(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(each.code, each.path) for each in findings if each.severity == "error"}


def _hidden_before(before: list[Finding], finding: Finding) -> bool:
    """Whether later checks could not run before: a document that did not load had its further mistakes hidden."""
    return (
        finding.family == "structure"
        and finding.severity == "error"
        and all(each.family == "structure" for each in before if each.severity == "error")
    )


def _mend(text: str, finding: Finding, case: Case, document: Document) -> tuple[str, str] | None:
    meant = _MEANT.search(finding.hint)
    if finding.code in _KEYS and meant is not None:
        return _rename_key(text, finding, meant[1], document)
    if finding.code == "manifest-template" and meant is not None:
        named = re.match(r"\{\{([\w.\-]+)\}\}", finding.message)
        return _replace_value(text, finding, named[1], meant[1], document) if named is not None else None
    if finding.code in {"mapping-transform", "manifest-value", "waiver-unknown"} and meant is not None:
        named = re.search(r"[`'\"]([\w\-]+)[`'\"]", finding.message)
        return _replace_value(text, finding, named[1], meant[1], document) if named is not None else None
    if finding.code == "package-version":
        found = re.search(r"manifest is (\S+), the distribution (\S+)", finding.message)
        return _replace_value(text, finding, found[1], found[2], document) if found is not None else None
    if finding.code == "secrets-undeclared":
        return _declare(text, finding, case, document)
    if finding.code == "waiver-unused":
        return _remove_item(text, finding, document)
    return None


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _rename_key(text: str, finding: Finding, meant: str, document: Document) -> tuple[str, str] | None:
    """The key at the end of the path, under its right name; not where that name is taken."""
    path = finding.path
    holder = above(path)
    place = document.keys.get(path)
    if place is None or holder is None:
        return None
    name = path[len(holder) :].strip('.[]"')
    if f"{holder}.{meant}" in document.keys:
        return None
    return _at(text, place, name, meant, f"renamed `{name}` to `{meant}`")


def _replace_value(text: str, finding: Finding, old: str, new: str, document: Document) -> tuple[str, str] | None:
    place = document.positions.get(finding.path)
    if place is None:
        return None
    return _at(text, place, old, new, f"wrote `{new}` for `{old}`")


def _at(text: str, place: tuple[int, int], old: str, new: str, what: str) -> tuple[str, str] | None:
    """The first `old` at or behind a place of one line."""
    lines = _lines(text)
    line, column = place
    if line > len(lines):
        return None
    head, tail = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    changed, count = re.subn(rf"(?<![\w\-]){re.escape(old)}(?![\w\-])", lambda _: new, tail, count=1)
    if not count:
        return None
    lines[line - 1] = head + changed
    return "".join(lines), what


def _declare(text: str, finding: Finding, case: Case, document: Document) -> tuple[str, str] | None:
    """A further name in `secrets`, in whichever style the list is written."""
    named = re.match(r"`([\w\-]+)`", finding.message)
    manifest = case.manifest
    if named is None or manifest is None:
        return None
    name = named[1]
    what = f"added `{name}` to secrets"
    lines = _lines(text)
    place = document.keys.get("$.secrets")
    if place is None:
        end = "" if not lines or lines[-1].endswith("\n") else "\n"
        return f"{text}{end}secrets: [{name}]\n", what
    row = lines[place[0] - 1]
    listed = re.match(r"(\s*secrets\s*:\s*\[)([^\[\]#]*)(\].*)", row, re.DOTALL)
    if listed is not None:
        inner = f"{listed[2].rstrip().rstrip(',')}, {name}" if listed[2].strip() else name
        lines[place[0] - 1] = f"{listed[1]}{inner}{listed[3]}"
        return "".join(lines), what
    last = document.positions.get(f"$.secrets[{len(manifest.secrets) - 1}]")
    if last is None or not (item := re.match(r"(\s*-\s+)", lines[last[0] - 1])):
        return None
    end = "" if lines[last[0] - 1].endswith("\n") else "\n"
    lines.insert(last[0], f"{end}{item[1]}{name}\n")
    return "".join(lines), what


def _remove_item(text: str, finding: Finding, document: Document) -> tuple[str, str] | None:
    """A list item that stands on a line of its own."""
    place = document.positions.get(finding.path)
    if place is None:
        return None
    lines = _lines(text)
    if not re.fullmatch(r"\s*-\s*\{[^{}]*\}\s*(#.*)?\n?", lines[place[0] - 1]):
        return None
    del lines[place[0] - 1]
    return "".join(lines), "removed a waiver that covers nothing"


def replace(file: Path, text: str) -> None:
    """The file with this content, or as it was: never a part of it. Its permissions stay."""
    mode = file.stat().st_mode
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, mode)  # noqa: PTH101 - a name that mkstemp gave
        os.replace(name, file)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
