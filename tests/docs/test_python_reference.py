"""The references of the Python names and of the canonical types are what the code says.

Written anew by `python -m tests.docs.test_python_reference`.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import attrs

from pullpush_sdk.canonical import CanonicalTypes, fields_of, json_schema

REFERENCE = Path(__file__).parents[2] / "docs/reference"
MODULES = {
    "pullpush_sdk.connector": (),
    "pullpush_sdk.batches": (),
    "pullpush_sdk.declarative": ("connector_from", "page_of", "iter_pages", "iter_records", "Listing", "signed"),
    "pullpush_sdk.http": ("Call", "Answer", "Client", "Secret", "Sign", "Classify"),
    "pullpush_sdk.sandbox": (),
    "pullpush_sdk.canonical": (
        "UNSET", "dumps", "loads", "from_wire", "to_sparse", "to_wire", "parse_instant", "instant_text", "money_text",
        "CanonicalType", "CanonicalTypes",
    ),
    "pullpush_sdk.errors": (),
}  # fmt: skip
"""Module to the names that a connector's author needs; none means all that it offers."""
_HEAD = re.compile(r"^(Args|Raises|Attributes|Returns):$")
_ITEM = re.compile(r"^    (\*{0,2}[\w, ]+): (.*)$")


def python_page():
    lines = ["# Python", "", _PYTHON]
    for name, wanted in MODULES.items():
        module = importlib.import_module(name)
        lines += ["", f"## {name}", "", " ".join(inspect.getdoc(module).partition("\n\n")[0].split())]
        for each in wanted or module.__all__:
            lines += entry(each, getattr(module, each), module)
    return "\n".join(lines) + "\n"


_PYTHON = (
    "What a connector written in Python works with, from its docstrings; a guide: [in Python](../how-to/python.md)."
    " The hooks: [hooks](hooks.md); what passes over the wire and when: [HTTP](http.md);"
    " tests: [test kit](testing.md). `pullpush_sdk` itself offers the names of day one."
)


def entry(name, value, module):
    """A heading with the signature, the docstring, fields, and methods."""
    if not inspect.isclass(value) and not inspect.isfunction(value):
        said = _beside(name, module)
        return ["", f"### `{name}`", "", said] if said else []
    lines = ["", f"### `{name}{shape(value)}`", "", *prose(inspect.getdoc(value) or "")]
    if inspect.isclass(value):
        lines += fields(value)
        methods = [(inner, _function(method)) for inner, method in vars(value).items()]
        methods = [(inner, method) for inner, method in methods if method is not None and not inner.startswith("_")]
        for inner, method in methods:
            of = shape(method) if not isinstance(vars(value)[inner], property) else ""
            lines += ["", f"**`{inner}{of}`**", "", *prose(inspect.getdoc(method) or "")]
    return lines


def _function(member):
    found = getattr(member, "__func__", None) or (member.fget if isinstance(member, property) else member)
    return found if inspect.isfunction(found) else None


def _beside(name, module):
    """The text under an assignment; what a library documents itself has none."""
    for part in [module, *(importlib.import_module(each) for each in _homes(name, module))]:
        found = re.search(rf'^{name}\b[^\n]* = [^\n]*\n"""(.*?)"""', inspect.getsource(part), re.MULTILINE | re.DOTALL)
        if found:
            return " ".join(found[1].split())
    return ""


def _homes(name, module):
    found = re.findall(rf"^from \.(\w+) import [^\n]*\b{name}\b", inspect.getsource(module), re.MULTILINE)
    return [f"{module.__name__}.{each}" for each in found]


def shape(value):
    """Names of arguments, with defaults that are plain."""
    if inspect.isclass(value) and issubclass(value, (Exception, str)):
        return ""
    shown = []
    for each in inspect.signature(value).parameters.values():
        if each.name not in ("self", "cls"):
            value_of = str(each.default) if isinstance(each.default, str) else each.default
            plain = value_of is None or isinstance(value_of, (int, float, str))
            default = "" if value_of is each.empty else f"={value_of!r}" if plain else "=…"
            shown.append(f"{each.name}{default}")
    return f"({', '.join(shown)})"


def fields(value):
    """The types of a value class, as they are annotated."""
    if not attrs.has(value):
        return []
    rows = [f"| `{each.name}` | `{_annotation(each.type)}` |" for each in attrs.fields(value) if each.init]
    return ["", "| field | type |", "| --- | --- |", *rows] if rows else []


def _annotation(of):
    return str(of).replace("|", "\\|") if isinstance(of, str) else getattr(of, "__name__", str(of))


def prose(text):
    """A docstring as Markdown: its sections become lists."""
    lines, inside = [], False
    for line in text.splitlines():
        item = _ITEM.match(line)
        if _HEAD.match(line):
            inside = True
            lines += [f"{line}", ""]
        elif inside and item:
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif inside and line.startswith("        "):
            lines[-1] += f" {line.strip()}"
        elif inside and line.startswith("    "):
            lines.append(f"- {line.strip()}")
        else:
            inside = inside and not line
            lines.append(line)
    return lines


def types_page():
    lines = ["# Canonical types", "", _TYPES]
    for kind in CanonicalTypes().values():
        schema = json_schema(kind)
        lines += ["", f"## {kind.name}", "", schema["description"], "", *table(schema)]
        for name, part in sorted(schema.get("$defs", {}).items()):
            lines += ["", f"### {kind.name}: {name}", "", part.get("description", ""), "", *table(part)]
    return "\n".join(lines) + "\n"


_TYPES = (
    "What every connector speaks. `pullpush schema TYPE` prints the JSON Schema of one. A field that is absent is not"
    " spoken of, and left alone by a destination; null is empty; `required` ones are always there, null or not. Money"
    " is decimal text, a moment an ISO 8601 text in UTC. In Python `lineItems` is `line_items`."
)


def table(schema):
    rows = []
    for name, field in schema["properties"].items():
        needed = " (required)" if name in schema.get("required", ()) else ""
        rows.append(f"| `{name}`{needed} | {kind_of(field)} | {field.get('description', '')} |")
    return ["| field | holds | meaning |", "| --- | --- | --- |", *rows]


def kind_of(field):
    """A JSON Schema in words."""
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(kind_of(each) for each in field["anyOf"])
    if "enum" in field:
        return ", ".join("null" if each is None else f"`{each}`" for each in field["enum"])
    names = field.get("type", "any JSON")
    names = [names] if isinstance(names, str) else list(names)
    words = []
    for name in names:
        if name == "array":
            words.append(f"list of {kind_of(field.get('items', {}))}")
        elif name == "string" and field.get("format") == "date-time":
            words.append("moment")
        elif name == "string" and "[0-9]" in field.get("pattern", ""):
            words.append("money")
        else:
            words.append({"string": "text", "integer": "whole number", "boolean": "true/false"}.get(name, name))
    return " or ".join(words)


PAGES = {"python.md": python_page, "canonical-types.md": types_page}


def test_the_python_reference_is_what_the_docstrings_say():
    assert (REFERENCE / "python.md").read_text(encoding="utf-8") == python_page()


def test_the_reference_of_types_is_what_their_schemas_say():
    assert (REFERENCE / "canonical-types.md").read_text(encoding="utf-8") == types_page()


def test_every_field_of_every_type_is_there():
    """By another way than the page is made."""
    text = (REFERENCE / "canonical-types.md").read_text(encoding="utf-8")
    for kind in CanonicalTypes().values():
        section = text.partition(f"\n## {kind.name}\n")[2].partition("\n## ")[0]
        assert [each.wire for each in fields_of(kind.record) if f"| `{each.wire}`" not in section] == []


def test_every_name_says_what_it_is_for():
    """With its shape: whoever has help() alone must know what to give and what comes back."""
    for name, wanted in MODULES.items():
        module = importlib.import_module(name)
        for each in wanted or module.__all__:
            value = getattr(module, each)
            if inspect.isclass(value) or inspect.isfunction(value):
                assert len(inspect.getdoc(value) or "") > 5, f"{name}.{each}"
                members = vars(value).items() if inspect.isclass(value) else ()
                silent = [inner for inner, one in members if _function(one) and inner[0] != "_" and not _said(one)]
                assert silent == [], f"{name}.{each}"


def _said(member):
    return (_function(member).__doc__ or "").strip()


def test_the_reference_covers_every_public_module_of_authors():
    """What the packages of a connector's author offer is on one of the pages."""
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    import pullpush_sdk

    assert [name for name in pullpush_sdk.__all__ if f"### `{name}" not in page and name != "hookimpl"] == []


if __name__ == "__main__":
    for file, make in PAGES.items():
        (REFERENCE / file).write_text(make(), encoding="utf-8")
