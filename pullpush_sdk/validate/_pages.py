"""The reference pages of the rules, made from the catalogue; a test keeps pages and catalogue equal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ._catalogue import FAMILIES, shipped
from ._examples import DELETE
from ._model import Example, Rule

Json = Any
_BASES = {
    "shop": "the [example manifest](index.md#the-example-manifest)",
    "package": "the example manifest in a plugin's folder",
    "miniapp": "the [example MiniApp document](index.md#the-example-miniapp-document)",
    "text": "",
}


def pages() -> Mapping[str, str]:
    """File name to content: a page per rule, and `index.md` with all of them."""
    found = {f"{rule.code}.md": page(rule) for rule in shipped().values()}
    found["index.md"] = _index()
    return found


def page(rule: Rule) -> str:
    """The page of one rule."""
    return "\n".join(_page(rule)) + "\n"


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.code}\n"
    yield f"**{rule.title}.**\n"
    yield f"{rule.why}\n"
    yield "| family | severity | may be waived | `--fix` |\n| --- | --- | --- | --- |"
    yield f"| {rule.family} | {rule.severity} | {_yes(rule.waivable)} | {_yes(rule.fixable)} |"
    if rule.example is not None:
        yield from _example(rule.example)
    elif rule.family == "behaviour":
        yield "\nFound by running the connector against its sandbox. Wrong and right are shown by the broken connectors"
        yield "that the kit ships, one for every law: [prove a connector by the laws](../../how-to/conformance.md)."


def _example(example: Example) -> Iterator[str]:
    if example.on == "text":
        yield "\nWrong:\n"
        yield f"```yaml\n{_visible(str(example.wrong['text']))}\n```"
        yield "\nRight:\n\n```yaml\nmanifest: 1\nname: acme\ntitle: Acme\nversion: 1.0.0\n```"
        return
    yield f"\nWrong, in {_BASES[example.on]}:\n"
    yield f"```yaml\n{_edits(example.wrong)}\n```"
    yield "\nRight:\n"
    yield "```yaml\n" + _right(example) + "\n```"


def _visible(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text).rstrip("\n")


def _edits(edits: Mapping[str, Json]) -> str:
    return "\n".join(_edit(path, value) for path, value in edits.items())


def _edit(path: str, value: Json) -> str:
    if path.startswith("file:"):
        name = path.removeprefix("file:")
        if value is None:
            return f"# there is no {name}"
        body = "\n".join(f"#   {line}".rstrip() for line in value.splitlines())
        return f"# {name}\n{body}" if body else f"# {name}, empty"
    if isinstance(value, dict) and DELETE in value:
        return f"# {path} is not there"
    return f"# {path}\n{json.dumps(value, ensure_ascii=False, default=str)}"


def _right(example: Example) -> str:
    from ._examples import base, steps  # noqa: PLC0415

    if example.right:
        return _edits(example.right)
    document = base("miniapp" if example.on == "miniapp" else "shop")
    found = []
    for path in example.wrong:
        if path.startswith("file:"):
            found.append(f"# {path.removeprefix('file:')} as `pullpush new-connector` writes it")
            continue
        value: Json = document
        for step in steps(path):
            value = (
                value.get(step, _ABSENT)
                if isinstance(value, dict)
                else (
                    value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else _ABSENT
                )
            )
        found.append(
            f"# {path} is not there"
            if value is _ABSENT
            else f"# {path}\n{json.dumps(value, ensure_ascii=False, default=str)}"
        )
    return "\n".join(found)


_ABSENT = object()


def _index() -> str:
    from importlib.resources import files  # noqa: PLC0415

    lines = ["# Rules of `pullpush validate`\n"]
    lines.append("`pullpush validate --explain CODE` prints a rule's page. Codes never change their meaning.\n")
    for family in FAMILIES:
        lines.append(f"\n## {family}\n\n| code | severity | rule |\n| --- | --- | --- |")
        lines += [
            f"| [{rule.code}]({rule.code}.md) | {rule.severity} | {rule.title} |"
            for rule in shipped().values()
            if rule.family == family
        ]
    for heading, name in (("The example manifest", "shop"), ("The example MiniApp document", "miniapp")):
        text = files("pullpush_sdk.validate").joinpath(f"rules/base/{name}.yaml").read_text(encoding="utf-8")
        lines.append(f"\n## {heading}\n\n```yaml\n{text.rstrip()}\n```")
    return "\n".join(lines) + "\n"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
