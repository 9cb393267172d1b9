"""The examples of the catalogue as documents and folders: what a rule's page shows is what its test runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.manifest import read_document

from ._model import Example

Json = Any
DELETE = "$delete"
_STEP = re.compile(r"""\.([A-Za-z_$][A-Za-z0-9_$-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")


def steps(path: str) -> list[str | int]:
    """The keys and indexes of a JSON path.

    Raises:
        ValueError: not a path.
    """
    found: list[str | int] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or not path.startswith("$"):
            raise ValueError(f"{path!r} is no path")
        name, index, quoted = match.groups()
        found.append(int(index) if index is not None else name if name is not None else json.loads(f'"{quoted}"'))
        at = match.end()
    return found


def edited(value: Json, edits: Mapping[str, Json]) -> Json:
    """A copy of a document value with edits: path to the new value, or to `{$delete: true}`.

    Raises:
        KeyError, IndexError, TypeError: an edit leads to no place.
    """
    changed = loads(dumps(value))  # aliases of one value become values of their own
    for path, new in edits.items():
        *above, last = steps(path)
        holder = changed
        for step in above:
            if isinstance(holder, dict) and step not in holder:
                holder[step] = {}
            holder = holder[step]
        if isinstance(new, dict) and DELETE in new:
            del holder[last]
        elif isinstance(holder, list) and last == len(holder):
            holder.append(loads(dumps(new)))
        else:
            holder[last] = loads(dumps(new))
    return changed


@lru_cache(maxsize=2)
def base(name: str) -> Json:
    """The base document `shop` or `miniapp`."""
    text = files("pullpush_sdk.validate").joinpath(f"rules/base/{name}.yaml").read_text(encoding="utf-8")
    return read_document(text, file=f"{name}.yaml").value


_PACKAGE = {
    "README.md": "# pullpush-acme\n",
    "CHANGELOG.md": "# Changelog\n\n## 1.0.0\n\nThe first one.\n",
    "pyproject.toml": (
        '[project]\nname = "pullpush-acme"\nversion = "1.0.0"\ndescription = "Acme for PullPush SDK."\n'
        'license = "Apache-2.0"\nrequires-python = ">=3.11"\ndependencies = ["pullpush-sdk>=0.1,<0.2"]\n'
        '[project.entry-points.pullpush]\nacme = "pullpush_acme.hooks"\n'
    ),
    "pullpush_acme/__init__.py": "",
    "pullpush_acme/py.typed": "",
    "pullpush_acme/hooks.py": (
        "from pullpush_sdk import connector_from, hookimpl\n\n\n@hookimpl\ndef pullpush_connector():\n"
        "    return connector_from(__package__)\n"
    ),
    "tests/test_acme.py": "",
}


def write_example(example: Example, folder: Path, *, wrong: bool) -> Path:
    """The example's document or folder under `folder`; what it returns is to be validated."""
    edits = {**example.right, **(example.wrong if wrong else {})}
    if example.on == "text":
        return _written(folder / "connector.yaml", edits.get("text", "") or dumps(base("shop")).decode())
    if example.on == "miniapp":
        return _written(folder / "acme.json", dumps(edited(base("miniapp"), edits)).decode())
    document = {path: value for path, value in edits.items() if not path.startswith("file:")}
    text = dumps(edited(base("shop"), document)).decode()
    if example.on == "shop":
        return _written(folder / "connector.yaml", text)
    parts: dict[str, Json] = {**_PACKAGE, "pullpush_acme/connector.yaml": text}
    parts |= {path.removeprefix("file:"): value for path, value in edits.items() if path.startswith("file:")}
    for name, content in parts.items():
        if content is not None:
            _written(folder / name, content)
    return folder


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
