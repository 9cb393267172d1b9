"""Extending a connector that exists: resources, webhooks, destinations.

The manifest gets further entries and keeps everything else as it is. Where the connector was made from the template,
its sandbox, samples and tests follow by a three-way merge.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import Manifest, read_manifest

from ._answers import TYPES, Answers
from ._names import Names
from ._project import RECORD, Record, read_record
from ._sections import entries_of, insert, insert_secret
from ._template import TEMPLATE_VERSION, render
from ._update import Change, apply_changes, changes_to, rendered_for
from .draft import draft, read_samples

__all__ = ["Part", "add"]

Part = Literal["resource", "webhook", "destination"]


def add(
    folder: Path, part: Part, types: Sequence[str], *, samples: Sequence[Path] = (), known: CanonicalTypes | None = None
) -> list[Change]:
    """Extend the connector in a folder; what it does already is left alone, so that asking twice changes nothing.

    `types` are canonical types; none means, for webhooks, those that it reads. `samples` are recorded answers
    from which a resource is drafted instead of taken from the template; `known` are the types that a draft may use.

    Raises:
        SetupError: there is no connector, or an entry of that name does something else already; nothing is written.
        ManifestError: the manifest is not good, before or after.
    """
    record = read_record(folder) if (folder / RECORD).is_file() else None
    names = record.names if record is not None else _names_in(folder)
    path = f"{names.module}/connector.yaml"
    text = _manifest_text(folder / path)
    manifest = read_manifest(text, file=path)
    wanted = _wanted(part, types, manifest)
    if samples:
        new, extra = _from_samples(text, names, samples, wanted, known or CanonicalTypes())
    else:
        answers = _answers(part, wanted, record)
        extra = {}
        new = _extended(text, manifest, part, wanted, render(names, answers)[path])
    read_manifest(new, file=path)
    if record is None or record.answers.drafted or samples:
        changes = [Change(path=path, kind="merged", text=new)] if new != text else []
        if new != text:
            changes += [
                Change(path=name, kind="added", text=each)
                for name, each in extra.items()
                if not (folder / name).exists()
            ]
            _write(folder, changes)
        return changes
    files = rendered_for(record, answers)
    changes = changes_to(folder, record.files, files, {path: lambda _base, _mine, _theirs: new})
    if new != text and not any(change.path == path for change in changes):
        changes.append(Change(path=path, kind="merged", text=new))
    if changes:
        apply_changes(folder, changes, attrs.evolve(record, answers=answers, version=TEMPLATE_VERSION, files=files))
    return changes


def _write(folder: Path, changes: Sequence[Change]) -> None:
    for change in changes:
        file = folder / change.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change.text or "", encoding="utf-8", newline="\n")


_WHERE = "name the connector's folder, the one with pyproject.toml, by --folder"


def _names_in(folder: Path) -> Names:
    """The names of a connector that was not made from the template."""
    try:
        points = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][
            "pullpush"
        ]
        ((name, target),) = points.items()
    except OSError as error:
        raise SetupError(
            f"{folder} holds no connector: its pyproject.toml cannot be read ({error.strerror})", hint=_WHERE
        ) from error
    except (KeyError, ValueError, TypeError) as error:
        message = f"{folder} holds no connector: its pyproject.toml names no one entry point in the group pullpush"
        raise SetupError(message, hint=_WHERE) from error
    module = str(target).split(".")[0]
    if module != f"pullpush_{str(name).replace('-', '_')}":
        raise SetupError(f"the package of {name} is {module}", hint=f"expected pullpush_{str(name).replace('-', '_')}")
    return Names(name=str(name), title=str(name))


def _manifest_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"{file} cannot be read: {error}", hint="a connector's manifest is connector.yaml in its package"
        ) from error


def _wanted(part: Part, types: Sequence[str], manifest: Manifest) -> tuple[str, ...]:
    if types:
        return tuple(dict.fromkeys(types))
    if part == "webhook":
        return tuple(dict.fromkeys(each.canonical_type for each in manifest.resources.values()))
    raise SetupError(f"which {part}?", hint=f"name types: {', '.join(TYPES)}")


def _answers(part: Part, wanted: Sequence[str], record: Record | None) -> Answers:
    """The answers under which the template has what is asked for, beside what the connector has."""
    known = (
        record.answers
        if record is not None and not record.answers.drafted
        else Answers(types=tuple(wanted), webhooks=False)
    )
    known = known.with_types(wanted)
    if part == "destination":
        return attrs.evolve(known, kind="both" if known.kind != "destination" else "destination")
    kind = "both" if known.kind == "destination" else known.kind
    return attrs.evolve(known, kind=kind, webhooks=known.webhooks or part == "webhook")


def _extended(text: str, manifest: Manifest, part: Part, wanted: Sequence[str], template: str) -> str:
    """The manifest's text with the entries of the template's that are asked for and not there."""
    theirs = read_manifest(template)
    if part != "webhook":
        section = "resources" if part == "resource" else "push"
        text = insert(text, _missing(manifest, theirs, template, section, wanted), section)
        text = insert(text, _samples(text, template, wanted), "samples")
        text = insert(text, _notes(text, template), "notes")
    if part == "webhook" or (part == "resource" and manifest.webhook is not None and theirs.webhook is not None):
        return _with_webhooks(text, read_manifest(text), theirs, template, wanted)
    return text


def _missing(
    manifest: Manifest, theirs: Manifest, template: str, section: str, wanted: Sequence[str]
) -> dict[str, str]:
    """Entries of a section by key; refused where a key is taken for another type."""
    blocks, found = entries_of(template, section), {}
    if section == "push":
        return {name: blocks[name] for name in wanted if name not in manifest.push}
    for name, resource in theirs.resources.items():
        if resource.canonical_type not in wanted:
            continue
        if any(each.canonical_type == resource.canonical_type for each in manifest.resources.values()):
            continue
        if name in manifest.resources:
            taken = manifest.resources[name].canonical_type
            raise SetupError(
                f"the resource {name!r} is there already, of type {taken}; nothing was written",
                hint=f"rename it, or write the one of type {resource.canonical_type} by hand",
            )
        found[name] = blocks[name]
    return found


def _samples(text: str, template: str, wanted: Sequence[str]) -> dict[str, str]:
    own, theirs = entries_of(text, "samples"), entries_of(template, "samples")
    return {name: theirs[name] for name in wanted if name in theirs and name not in own}


def _notes(text: str, template: str) -> dict[str, str]:
    """What the functions do that the maps call by now."""
    own, theirs = entries_of(text, "notes"), entries_of(template, "notes")
    return {name: theirs[name] for name in theirs if name not in own and f":{name}" in text}


def _with_webhooks(text: str, manifest: Manifest, theirs: Manifest, template: str, wanted: Sequence[str]) -> str:
    assert theirs.webhook is not None
    by_type = {each.canonical_type: name for name, each in manifest.resources.items()}
    blocks = entries_of(template, "webhook", "handlers")
    own = manifest.webhook.handlers if manifest.webhook is not None else {}
    found = {}
    for event, handler in theirs.webhook.handlers.items():
        if handler.canonical_type not in wanted:
            continue
        if event in own:
            if own[event].canonical_type != handler.canonical_type:
                taken = own[event].canonical_type
                raise SetupError(
                    f"the event {event!r} becomes a {taken} already; nothing was written", hint="rename one"
                )
            continue
        if handler.canonical_type not in by_type:
            raise SetupError(
                f"no resource of type {handler.canonical_type} is there to map its webhook by",
                hint=f"pullpush add resource {handler.canonical_type}",
            )
        found[event] = blocks[event].replace(
            f"resource: {handler.resource}", f"resource: {by_type[handler.canonical_type]}"
        )
    if manifest.webhook is None and found:
        section = entries_of(template)["webhook"]
        head = section[: section.index("  handlers:")].partition("\n")[2]
        text = insert(text, {"webhook": f"{head}  handlers:\n{''.join(found.values())}"}, "webhook")
        return insert_secret(text, "webhook_secret")
    return insert(text, found, "webhook", "handlers")


def _from_samples(
    text: str, names: Names, samples: Sequence[Path], wanted: Sequence[str], known: CanonicalTypes
) -> tuple[str, Mapping[str, str]]:
    """The manifest with resources drafted from recorded answers, and their sample files."""
    drafted = draft(read_samples(samples), name=names.name, title=names.title, types=known, wanted=wanted)
    if not drafted.reads:
        raise SetupError(f"no list of type {', '.join(wanted)} was recognised in the samples; nothing was written")
    own = entries_of(text, "resources")
    blocks = entries_of(drafted.manifest, "resources")
    fresh = {name: blocks[name] for name in drafted.reads if name not in own}
    text = insert(text, fresh, "resources")
    text = insert(text, {name: f"  {name}: samples/{name}.json\n" for name in fresh}, "samples")
    files = {
        f"{names.module}/samples/{name}.json": json.dumps(drafted.samples[name], indent=1, ensure_ascii=False) + "\n"
        for name in fresh
    }
    return text, files
