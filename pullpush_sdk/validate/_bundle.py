"""The evidence of a validation as one file: what was validated, what came of it, what was said between the two sides.

A bundle is a zip. `chain.json` lists every other member with its SHA-256, each link hashed together with the one before
it, so that nothing can be changed, added or taken out unseen. It proves what was found, not who found it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from pullpush_sdk.errors import SetupError
from pullpush_sdk.http import Redactor

from ._behaviour import Effort
from ._model import Report
from ._run import Options, Validated, validate
from .families.secrets import KNOWN_FORMS
from .formats._json import as_value

Json = Any
_FORMAT = 1
_CHAIN = "chain.json"
_MOST_FILES = 2_000
_MOST_BYTES = 50_000_000
_LEFT_OUT = {
    ".git",
    "__pycache__",
    ".venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    "node_modules",
    "dist",
    "build",
}
_FIXED = (1980, 1, 1, 0, 0, 0)


@attrs.frozen(kw_only=True)
class Checked:
    """What came of checking a bundle: `wrong` is empty where it is whole and running it again gave the same."""

    name: str
    made: str
    wrong: tuple[str, ...]
    report: Report | None = None


def write_bundle(done: Validated, file: Path, effort: Effort) -> None:
    """Write the evidence of a validation.

    Raises:
        SetupError: a secret would stand in it, or the connector is too large; nothing is written.
    """
    members = dict(_members(done, effort))
    _prove_no_secrets(members, done.secrets)
    chain, previous = [], ""
    for name in sorted(members):
        digest = hashlib.sha256(members[name]).hexdigest()
        previous = hashlib.sha256(f"{previous}{name}\n{digest}".encode()).hexdigest()
        chain.append({"name": name, "sha256": digest, "link": previous})
    members[_CHAIN] = _json({"format": _FORMAT, "members": chain, "head": previous})
    partial = file.with_name(f".{file.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(members):
                archive.writestr(zipfile.ZipInfo(name, _FIXED), members[name], zipfile.ZIP_DEFLATED)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def check_bundle(file: Path) -> Checked:
    """Whether a bundle is whole, holds no secret, and gives the same when it is run again, offline.

    Raises:
        SetupError: the file is no bundle.
    """
    members = _read(file)
    wrong = list(_broken_chain(members))
    if wrong:
        return Checked(name=file.name, made="", wrong=tuple(wrong))
    facts = json.loads(members["facts.json"])
    old = json.loads(members["report.json"])
    effort = Effort(examples=facts["examples"], seed=facts["seed"], seconds=facts["seconds"])
    with tempfile.TemporaryDirectory(prefix="pullpush-bundle-") as folder:
        target = _unpack(members, Path(folder), facts["target"])
        options = Options(
            behaviour=facts["behaviour"], effort=effort, today=datetime.fromisoformat(facts["made"]).date()
        )
        done = validate(str(target), options)
    try:
        _prove_no_secrets(members, done.secrets)
    except SetupError as error:
        wrong.append(error.message)
    wrong += _differences(old, as_value(done.report))
    return Checked(name=old["name"], made=facts["made"], wrong=tuple(wrong), report=done.report)


def _members(done: Validated, effort: Effort) -> Iterator[tuple[str, bytes]]:
    report, target = done.report, done.case.target
    root = target.folder or target.package
    named = "connector"
    if root is None or target.kind == "document":
        assert target.manifest is not None
        root = target.package or target.manifest.parent
        named = f"connector/{target.manifest.relative_to(root) if target.package is not None else target.manifest.name}"
        if target.package is None:
            yield named, target.manifest.read_bytes()
            yield from _tree(root / "samples", "connector/samples")
        else:
            named = f"connector/{root.name}/{target.manifest.name}"
            yield from _tree(root, f"connector/{root.name}")
    else:
        yield from _tree(root, "connector")
    facts = {
        "format": _FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": named,
        "behaviour": "behaviour" not in report.skipped or report.skipped["behaviour"] != "left out by --static",
        "examples": effort.examples,
        "seed": effort.seed,
        "seconds": effort.seconds,
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": _versions(),
        "timings": {"total": report.seconds, "families": dict(report.families)},
        "secrets": {"looked_for": len(done.secrets), "found": 0},
    }
    yield "facts.json", _json(facts)
    yield "report.json", _json(as_value(report))
    lines = (json.dumps(each, ensure_ascii=False, default=str) for each in report.exchanges)
    yield "exchanges.jsonl", ("\n".join(lines) + "\n").encode()


def _versions() -> dict[str, str]:
    names = ("pullpush-sdk", "httpx", "msgspec", "jsonschema", "pyyaml", "pluggy", "hypothesis")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _tree(folder: Path, below: str) -> Iterator[tuple[str, bytes]]:
    count = size = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        inside = path.relative_to(folder)
        if any(part in _LEFT_OUT or part.endswith(".egg-info") or part.startswith(".env") for part in inside.parts):
            continue
        if path.is_symlink() or not path.is_file():
            continue
        count += 1
        size += path.stat().st_size
        if count > _MOST_FILES or size > _MOST_BYTES:
            raise SetupError(
                f"{folder} is too large for a bundle", hint=f"{_MOST_FILES} files, {_MOST_BYTES // 1_000_000} MB"
            )
        yield f"{below}/{inside.as_posix()}", path.read_bytes()


def _prove_no_secrets(members: Mapping[str, bytes], secrets: tuple[str, ...]) -> None:
    """Neither a credential of the sandbox in what was recorded, nor a real one anywhere."""
    redactor = Redactor(secrets)
    for name, content in members.items():
        text = content.decode("utf-8", "replace")
        if name in {"exchanges.jsonl", "report.json"} and redactor.text(text) != text:
            raise SetupError(f"a secret stands in {name}: no bundle was written")
        if KNOWN_FORMS.search(text):
            raise SetupError(f"what looks like a real credential stands in {name}", hint="take it out, and revoke it")


def _read(file: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if len(infos) > _MOST_FILES + 10 or sum(each.file_size for each in infos) > _MOST_BYTES * 2:
                raise SetupError(f"{file} is too large for a bundle")
            for each in infos:
                path = PurePosixPath(each.filename)
                if path.is_absolute() or ".." in path.parts or "\\" in each.filename or each.filename in found:
                    raise SetupError(f"{file} holds a file with the name {each.filename[:80]!r}")
                found[each.filename] = archive.read(each)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from None
    except (zipfile.BadZipFile, RuntimeError, EOFError, NotImplementedError, ValueError) as error:
        raise SetupError(f"{file} is no bundle: {error}") from None
    if _CHAIN not in found:
        raise SetupError(f"{file} is no bundle: it has no {_CHAIN}")
    return found


def _broken_chain(members: Mapping[str, bytes]) -> Iterator[str]:
    try:
        chain = json.loads(members[_CHAIN])
        listed = [(each["name"], each["sha256"], each["link"]) for each in chain["members"]]
        head = chain["head"]
    except (ValueError, KeyError, TypeError):
        yield f"{_CHAIN} cannot be read"
        return
    names = [name for name, _, _ in listed]
    for name in sorted(set(members) - {_CHAIN} - set(names)):
        yield f"{name} was added"
    previous = ""
    for name, digest, link in listed:
        if name not in members:
            yield f"{name} was taken out"
        elif hashlib.sha256(members[name]).hexdigest() != digest:
            yield f"{name} was changed"
        previous = hashlib.sha256(f"{previous}{name}\n{digest}".encode()).hexdigest()
        if previous != link:
            yield f"the chain breaks at {name}"
            return
    if previous != head or not {"facts.json", "report.json", "exchanges.jsonl"} <= set(names):
        yield "the chain has no end"


def _unpack(members: Mapping[str, bytes], folder: Path, target: str) -> Path:
    for name, content in members.items():
        if name.startswith("connector/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder / target


def _differences(old: Json, new: Json) -> Iterator[str]:
    """What a second run says otherwise: findings by code and path, laws by outcome, the level."""

    def told(value: Json) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
        findings = {(each["code"], each["path"]) for each in value["findings"] if each["code"] != "behaviour-live"}
        return findings, {(each["law"], each["canonical_type"]): each["outcome"] for each in value["trials"]}

    (before, laws), (after, again) = told(old), told(new)
    yield from (f"{code} at {path or 'the whole'} was found then, and not now" for code, path in sorted(before - after))
    yield from (
        f"{code} at {path or 'the whole'} is found now, and was not then" for code, path in sorted(after - before)
    )
    for key in sorted(laws.keys() | again.keys()):
        if laws.get(key) != again.get(key):
            yield f"the law {key[0]} for {key[1]} was {laws.get(key)} then and is {again.get(key)} now"
    if old["level"] != new["level"] and not any(each["proof"] == "proven live" for each in old["checklist"]):
        yield f"the level was {old['level']} then and is {new['level']} now"


def _json(value: Json) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode()
