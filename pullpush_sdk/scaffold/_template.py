"""The template's files, and what they become for one combination of options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pullpush_sdk import __version__

from ._answers import Answers
from ._blocks import cut, holds_for
from ._names import Names
from ._samples import sample_of, signed

__all__ = ["TEMPLATE_VERSION", "render", "render_drafted", "template_folder"]

TEMPLATE_VERSION = __version__
"""The template has the version of the SDK that it came with."""

_PACKAGE = "pullpush_acme/"
_EDITED = ("product", "stocklevel", "order", "contact", "cart")
"""Types of which the laws know what a merchant does with them."""

_ONLY_WHERE = {
    f"{_PACKAGE}functions.py": "functions",
    f"{_PACKAGE}webhooks.py": "subscribe",
    f"{_PACKAGE}sandbox/outbox.py": "sandbox,webhooks",
    **{f"{_PACKAGE}sandbox/{name}.py": "sandbox" for name in ("__init__", "access", "app", "pages", "store")},
    f"{_PACKAGE}sandbox/edits.py": "|".join(f"sandbox,type:{name}" for name in _EDITED),
    f"{_PACKAGE}connector.yaml": "whole",
    f"{_PACKAGE}samples/account.json": "whole",
    "tests/test_acme.py": "whole",
    "tests/test_acme_laws.py": "whole",
    "tests/test_acme_reading.py": "read,whole",
    "tests/test_acme_webhooks.py": "webhooks",
    "tests/test_acme_writing.py": "write",
    **{
        f"{_PACKAGE}samples/{name}.json": f"type:{name}"
        for name in ("product", "stocklevel", "order", "contact", "call", "invoice", "cart")
    },
}
"""Files that are an option as a whole: path to the condition under which they are there."""

_TORN = re.compile(r"(?m)^(from (\.|pullpush_sdk|starlette|collections|typing)[^\n]*\n)\n(?=from (?:\2|typing))")
"""Imports of one group that a mark between them had parted."""
_PARTED = re.compile(r"(?m)^(import \w+\n)\n(?=from (?:collections|datetime|typing)\b)")
"""The same, where whole modules stand before parts of others."""

_LEFT_OUT = ("options/", "__pycache__/", ".hypothesis/", ".pytest_cache/", ".ruff_cache/", ".mypy_cache/")


def template_folder() -> Path:
    """Where the template lies: in the installed package, or beside it in a checkout."""
    built_in = Path(__file__).parent / "template"
    return built_in if built_in.is_dir() else Path(__file__).parents[2] / "templates" / "connector"


def render(names: Names, answers: Answers) -> dict[str, str]:
    """Path to text of every file of a new connector; the same answers give the same files."""
    return {
        names.put_into(path): _tidied(names.put_into(text), path)
        for path, text in _cut_to_shape(answers)
        if text.strip() or path.endswith("py.typed")
    }


def render_drafted(names: Names, answers: Answers, manifest: str, samples: Mapping[str, Any]) -> dict[str, str]:
    """The files of a connector around a drafted manifest: no sandbox of its own, and tests of what is known."""
    own = render(names, answers)
    own[f"{names.module}/connector.yaml"] = manifest
    for name, sample in samples.items():
        own[f"{names.module}/samples/{name}.json"] = (
            json.dumps(sample, indent=1, ensure_ascii=False, default=str) + "\n"
        )
    tests = (template_folder() / "options" / "drafted" / "test_acme.py").read_text(encoding="utf-8")
    own[f"tests/test_{names.identifier}.py"] = names.put_into(tests)
    return dict(sorted(own.items()))


def _cut_to_shape(answers: Answers) -> Iterator[tuple[str, str]]:
    folder = template_folder()
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if not file.is_file() or any(part in f"/{path}" for part in (f"/{each}" for each in _LEFT_OUT)):
            continue
        if holds_for(_ONLY_WHERE.get(path, ""), answers.flags):
            yield path, _shaped(path, file.read_text(encoding="utf-8"), answers)


def _shaped(path: str, text: str, answers: Answers) -> str:
    options = template_folder() / "options"
    for module, chosen, own in (("access", answers.auth, "bearer"), ("pages", answers.paging, "page")):
        if path == f"{_PACKAGE}sandbox/{module}.py" and chosen != own:
            folder = "auth" if module == "access" else "paging"
            return (options / folder / f"{chosen}.py").read_text(encoding="utf-8")
    if path == "tests/test_acme_webhooks.py" and "sandbox" not in answers.flags:
        return (options / "declarative" / "test_acme_webhooks.py").read_text(encoding="utf-8")
    if path.startswith(f"{_PACKAGE}samples/"):
        shown: dict[str, Any] = {"headers": {"Authorization": "Bearer {{access_token}}"}, "exchanges": []}
        if answers.auth != "bearer":
            shown = json.loads((options / "auth" / f"{answers.auth}.json").read_text(encoding="utf-8"))
        is_first = path == f"{_PACKAGE}samples/{answers.types[0]}.json"
        return sample_of(text, answers, shown["headers"], shown["exchanges"] if is_first else ())
    return cut(text, answers.flags | _open(answers), _replaced(path, answers))


def _open(answers: Answers) -> frozenset[str]:
    """Blocks that another file replaces stay as they are where the template's own choice was made."""
    return frozenset(
        {*(("auth",) if answers.auth == "bearer" else ()), *(("paging",) if answers.paging == "page" else ())}
    )


def _replaced(path: str, answers: Answers) -> dict[str, str]:
    options, found = template_folder() / "options", {}
    suffix = Path(path).suffix
    if answers.drafted:
        return (
            {"auth": "It needs what `pullpush connectors show acme` lists under settings.\n"} if suffix == ".md" else {}
        )
    if suffix in (".yaml", ".md") and answers.auth != "bearer":
        found["auth"] = (options / "auth" / f"{answers.auth}{suffix}").read_text(encoding="utf-8")
    if suffix == ".yaml" and answers.paging != "page":
        found["paging"] = (options / "paging" / f"{answers.paging}.yaml").read_text(encoding="utf-8")
    return found


def _tidied(text: str, path: str) -> str:
    """Without what cutting leaves: empty sections, empty lines in a row; samples signed under the new names."""
    if "/samples/" in path:
        return signed(text)
    if path.endswith(".yaml"):
        text = re.sub(r"(?m)^secrets:\n(?! )", "", text)
    if path.endswith(".py"):
        text = re.sub(r"\n{4,}", "\n\n\n", text)
        text = _PARTED.sub(r"\1", _TORN.sub(r"\1", text))
    if path.endswith((".yaml", ".md")):
        text = re.sub(r"\n{3,}", "\n\n", text)
    return text.rstrip("\n") + "\n" if text.strip() else ""
