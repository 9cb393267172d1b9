"""Files and texts to manifests, by either front end: the SDK's own document, or a Karzoun MiniApp document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from pullpush_sdk.errors import ManifestError, Problem

from ._document import MAX_BYTES, Document, Format, above, as_text, refuse
from ._javascript import looks_like_javascript, parse_javascript
from ._json import parse_json
from ._miniapp import is_miniapp, translate
from ._model import Manifest
from ._rules import check_fields
from ._schema import check_structure
from ._structure import manifest_of
from ._yaml import parse_yaml

_FORMATS: dict[str, Format] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".js": "js",
    ".mjs": "js",
    ".cjs": "js",
    ".ts": "js",
}

_MOST_SAMPLES = 100  # files beside one MiniApp document


@attrs.frozen(kw_only=True)
class Loaded:
    """A manifest with the document that it came from.

    `notes` are findings that stop nothing: keys of a MiniApp document that were kept but not understood, and readings
    of what its format leaves open. `paths` gives, for a MiniApp, the document's path of a part of the manifest.
    """

    manifest: Manifest
    document: Document
    notes: Sequence[Problem] = ()
    paths: Mapping[str, str] = attrs.field(factory=dict)

    def located(self, problem: Problem) -> Problem:
        """A problem of the manifest with the file, line, column and path of the document."""
        start: str | None = problem.path
        while start is not None and start not in self.paths:
            start = above(start)
        if start is not None:
            problem = attrs.evolve(problem, path=self.paths[start] + problem.path[len(start) :])
        return self.document.located(problem)


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file: `connector.yaml`, its JSON form, or a MiniApp document (JSON or a JavaScript literal).

    Raises:
        ManifestError: it cannot be read or is not good; every finding has file, line, column and path.
    """
    return load(path).manifest


def read_manifest(text: str | bytes, *, file: str = "", format: Format | None = None) -> Manifest:  # noqa: A002
    """The manifest that a text holds; `format` None means: by the file's name, else by how the text begins.

    Raises:
        ManifestError: as `load_manifest`.
    """
    return read(text, file=file, format=format).manifest


def read_miniapp(text: str | bytes, file: str = "", *, format: Format | None = None) -> Loaded:  # noqa: A002
    """A MiniApp document, or one block of it (`sync: {…}`, one resource), whatever its keys look like.

    Raises:
        ManifestError: as `load_manifest`.
    """
    return _from_miniapp(read_document(text, file=file, format=format))


def load(path: Path) -> Loaded:
    """The manifest in a file, with its document and notes.

    The MiniApp format has no place for samples: its document's are the JSON files of the folder `samples` beside it.

    Raises:
        ManifestError: as `load_manifest`.
    """
    try:
        if path.exists() and not path.is_file():
            raise ManifestError(f"{path} is no file: a manifest is one that can be read to its end")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from None
    loaded = read(content, file=str(path))
    if loaded.manifest.origin == "manifest":
        return loaded
    return attrs.evolve(loaded, manifest=attrs.evolve(loaded.manifest, samples=_beside(path.parent / "samples")))


def _beside(folder: Path) -> dict[str, str]:
    files = sorted(each for each in folder.glob("*.json") if each.is_file())[:_MOST_SAMPLES]
    return {each.stem: f"{folder.name}/{each.name}" for each in files}


def read(text: str | bytes, *, file: str = "", format: Format | None = None) -> Loaded:  # noqa: A002
    """The manifest that a text holds, with its document and notes.

    Raises:
        ManifestError: as `load_manifest`.
    """
    document = read_document(text, file=file, format=format)
    value = document.value
    if isinstance(value, dict) and "manifest" in value:
        return _from_manifest(document)
    if is_miniapp(value):
        return _from_miniapp(document)
    message = "neither a connector manifest nor a MiniApp document"
    hint = "a manifest begins with `manifest: 1`; a MiniApp document has `ns`, `sync` or `resources` with `apiMapping`"
    raise refuse(document.file, [document.problem(message, "$", hint, code="manifest-kind")])


def read_document(text: str | bytes, *, file: str = "", format: Format | None = None) -> Document:  # noqa: A002
    """A text as plain values with their places.

    Raises:
        ManifestError: not a document of its format, or beyond the limits.
    """
    decoded = as_text(text, file)
    chosen = format or _FORMATS.get(Path(file).suffix.lower()) or _guess(decoded)
    return {"yaml": parse_yaml, "json": parse_json, "js": parse_javascript}[chosen](decoded, file)


def _guess(text: str) -> Format:
    return "js" if looks_like_javascript(text) else "yaml"


def _from_manifest(document: Document) -> Loaded:
    problems = check_structure(document)
    if problems:
        raise refuse(document.file, problems)
    loaded = Loaded(manifest=manifest_of(document.value), document=document)
    return _checked(loaded)


def _from_miniapp(document: Document) -> Loaded:
    translated = translate(document)
    loaded = Loaded(manifest=translated.manifest, document=document, notes=translated.notes, paths=translated.paths)
    return _checked(loaded)


def _checked(loaded: Loaded) -> Loaded:
    problems = [loaded.located(problem) for problem in check_fields(loaded.manifest)]
    if problems:
        raise refuse(loaded.document.file, sorted(problems, key=lambda each: (each.line or 0, each.column or 0)))
    return loaded
