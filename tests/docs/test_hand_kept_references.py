"""The references that people write: what their tables say is what the code does."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from pullpush_sdk import emulator, errors, serve
from pullpush_sdk.http import Answer, refusal_of
from pullpush_sdk.serve import Limits

REFERENCE = Path(__file__).parents[2] / "docs/reference"
_UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


def rows(page, heading=""):
    """The cells of every table row of a page, or of one section of it."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_receivers_functions_have_the_arguments_that_are_shown():
    """receiver.md; in order, as one may give them."""
    shown = [re.fullmatch(r"`(\w+)(?:\((.*)\))?`", name).groups() for name, *_ in rows("receiver.md")[1:8]]
    assert len(shown) == 7
    for name, arguments in shown:
        if arguments is not None:
            wanted = [each for each in arguments.split(", ") if each != "*"]
            assert list(inspect.signature(getattr(serve, name)).parameters)[: len(wanted)] == wanted, name


def test_the_receivers_limits_are_those_that_are_shown():
    found = {name.strip("`"): default for name, default, _ in rows("receiver.md", "Limits")[1:]}
    assert {name: amount(text) for name, text in found.items()} == attrs.asdict(Limits())


def amount(text):
    number, _, unit = text.replace(",", "").partition(" ")
    return int(number) * _UNITS.get(unit, 1)


@pytest.mark.parametrize("status", [401, 403, 408, 409, 412, 422, 425, 429, 500, 502])
def test_a_status_is_the_error_that_is_shown(status):
    """http.md: the first row that names the status, the other 4xx and 5xx by theirs."""
    table = {what: rest for what, *rest in rows("http.md", "Errors")[1:] if len(rest) == 2}
    named = [what for what in table if re.search(rf"\b{status}\b", what)]
    row = named[0] if named else f"other {status // 100}xx"
    error, applied = table[row]
    answer = Answer(status=status, headers={}, body=b"", started_at=datetime.now(UTC), url="https://shop.example")
    raised = refusal_of(answer, status, "")
    wanted = [getattr(errors, name) for name in re.findall(r"`(\w+Error)`", error)]
    # A 401 is refreshed by the client before it is what the page says.
    assert isinstance(raised, errors.AuthError if status == 401 else tuple(wanted))
    if applied in ("yes", "no"):
        assert raised.maybe_applied is (applied == "yes")


def test_every_gap_of_samples_is_named():
    """samples.md: the codes that the emulator gives, and no other."""
    folder = Path(emulator.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    given = set(re.findall(r'\bcode="([a-z-]+)"', source)) | set(re.findall(r'"(no-webhook)"', source))
    listed = {
        code for cell, *_ in rows("samples.md", "What is not proven")[1:] for code in re.findall(r"`([a-z-]+)`", cell)
    }
    assert listed == given
