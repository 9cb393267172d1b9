"""The reference of the test kit is what its docstrings say; the examples of the guide pass."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import attrs

from pullpush_sdk.testing import pytest_plugin

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference/testing.md"
GUIDE = DOCS / "how-to/testing.md"
MODULES = ("conformance", "faults", "asserts", "strategies", "native", "clock", "engine", "world")
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def reference():
    """The page, from the modules."""
    lines = [
        "# Test kit",
        "",
        "Modules of `pullpush_sdk.testing`; how they are used: [test a connector](../how-to/testing.md).",
        "",
        "## pytest",
        "",
        *(pytest_plugin.__doc__ or "").splitlines()[2:],
        "",
        "`--pullpush-seed=N` and `--pullpush-effort=N` go before what a suite says. The setting `pullpush_connector`",
        "names the connector.",
    ]
    for name in MODULES:
        module = importlib.import_module(f"pullpush_sdk.testing.{name}")
        lines += ["", f"## {name}", "", inspect.getdoc(module).partition("\n")[0], ""]
        lines += [line for each in module.__all__ for line in entry(each, getattr(module, each))]
    return "\n".join(lines) + "\n"


def entry(name, value):
    """A line for one name, and one for each of its methods."""
    if not callable(value):
        return [f"- `{name}`: {said(value) if not isinstance(value, tuple) else 'every law, as a tuple of `Law`.'}"]
    found = [f"- `{name}{shape(value)}`: {said(value)}"]
    if inspect.isclass(value):
        for inner, method in vars(value).items():
            function = method.__func__ if isinstance(method, classmethod) else method
            if inspect.isfunction(function) and not inner.startswith("_"):
                found.append(f"    - `{inner}{shape(function)}`: {said(function)}")
    return found


def shape(value):
    """Names of arguments, without types and defaults."""
    if inspect.isclass(value) and not attrs.has(value):
        return ""
    names = [each for each in inspect.signature(value).parameters if each != "self"]
    return f"({', '.join(names)})"


def said(value):
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


def test_the_reference_is_what_the_docstrings_say():
    """Written anew by `python -m tests.docs.test_testing_reference`."""
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_name_says_what_it_is_for():
    for name in MODULES:
        module = importlib.import_module(f"pullpush_sdk.testing.{name}")
        for each in module.__all__:
            value = getattr(module, each)
            assert isinstance(value, tuple) or len(said(value)) > 10, f"{name}.{each} says nothing"


def test_the_guide_passes(pytester):
    """Every example of the page, in one project as an author has it."""
    pytester.makeini("[pytest]\npullpush_connector = shopify\n")
    blocks = _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    for number, block in enumerate(blocks[1:], start=1):
        pytester.makepyfile(**{f"test_example_{number}": block})
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert outcomes == {"passed": sum(block.count("def test_") for block in blocks[1:])}, result.stdout.str()


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
