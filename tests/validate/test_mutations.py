"""Seeded mistakes: each is found under the right code at the right place, and the untouched ones have no error."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from pullpush_sdk.canonical import dumps
from pullpush_sdk.manifest import read_document
from pullpush_sdk.validate import Effort, Example, Options, edited, validate, write_example

ROOT = Path(__file__).parents[2]
CORPUS = sorted((Path(__file__).parent / "mutations").glob("*.yaml"))
ENOUGH = 0.95


@attrs.frozen
class Mutation:
    base: str
    mistake: str
    edit: dict
    code: str
    place: str | None = None
    runs: bool = False

    def __str__(self):
        return f"{self.base}: {self.mistake} ({self.code} at {self.place})"


def mutations() -> Iterator[Mutation]:
    for file in CORPUS:
        value = read_document(file.read_bytes(), file=file.name).value
        yield from (Mutation(base=value["base"], **each) for each in value["mutations"])


ALL = list(mutations())


def source(base: str) -> Path:
    return ROOT / "templates/connector" if base == "template" else ROOT / "plugins" / base


def written(mutation: Mutation, folder: Path) -> Path:
    """The base with the mistake in it; the manifest is the only thing that changed."""
    if mutation.base == "miniapp":
        return write_example(Example(on="miniapp", wrong=mutation.edit, right={}), folder, wrong=True)
    target = folder / mutation.base
    (manifest,) = source(mutation.base).glob("pullpush_*/connector.yaml")
    original = read_document(manifest.read_bytes(), file=manifest.name).value
    skip = (
        shutil.ignore_patterns("__pycache__", "tests") if not mutation.runs else shutil.ignore_patterns("__pycache__")
    )
    if not target.exists():
        shutil.copytree(source(mutation.base), target, ignore=skip)
    (manifest,) = target.glob("pullpush_*/connector.yaml")
    manifest.write_bytes(dumps(edited(original, mutation.edit)))
    return target


def is_found(mutation: Mutation, folder: Path) -> bool:
    options = Options(behaviour=mutation.runs, effort=Effort(codes=(mutation.code,)))
    found = validate(str(written(mutation, folder)), options).report.findings
    return any(each.code == mutation.code and (mutation.place is None or each.path == mutation.place) for each in found)


def missed(chosen, folder: Path) -> list[str]:
    return [str(each) for each in chosen if not is_found(each, folder)]


def test_there_are_enough_of_them():
    assert len(ALL) >= 150
    assert len([each for each in ALL if each.runs]) >= 15
    assert {each.base for each in ALL} >= {"linnworks", "magento", "salla", "shopify", "template", "miniapp"}


def test_mistakes_that_can_be_read_are_found(tmp_path):
    """A part of them, whichever base; all of them in the long run."""
    chosen = [each for each in ALL if not each.runs][::12]
    lost = missed(chosen, tmp_path)
    assert len(lost) <= (1 - ENOUGH) * len(chosen), "\n".join(lost)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_every_mistake_that_can_be_read_is_found(tmp_path):
    chosen = [each for each in ALL if not each.runs]
    lost = missed(chosen, tmp_path)
    assert len(lost) <= (1 - ENOUGH) * len(chosen), "\n".join(lost)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_mistakes_that_show_when_it_runs_are_found(tmp_path):
    chosen = [each for each in ALL if each.runs]
    lost = missed(chosen, tmp_path)
    assert len(lost) <= (1 - ENOUGH) * len(chosen), "\n".join(lost)


@pytest.mark.parametrize("base", ["linnworks", "magento", "salla", "shopify", "template", "miniapp"])
def test_the_untouched_ones_have_no_error(base, tmp_path):
    if base == "miniapp":
        target = write_example(Example(on="miniapp", wrong={}, right={}), tmp_path, wrong=False)
    else:
        target = source(base)
    report = validate(str(target), Options(behaviour=False)).report
    assert [f"{each.code} {each.path}: {each.message}" for each in report.findings if each.severity == "error"] == []
