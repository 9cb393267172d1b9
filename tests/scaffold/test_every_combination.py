"""Every combination of options: made by the command, validated, built, installed, and tested as it was installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.scaffold import read_record

from .combinations import SPACE, Combination, batches, every
from .installed import build, install, leave_only_tests, run_tests_of, tests_of
from .judged import judge_files, judge_folder

ONLY = tuple(filter(None, os.environ.get("COMBINATIONS", "").replace(",", " ").split()))
"""Names of the combinations that are wanted; none: all of them."""
SIZE = 60
"""Combinations that share an environment and a run of tests: starting both costs seconds."""
RULES = "E,F,W,I,UP,B,ERA"


class Faults(dict[Combination, str]):
    """What is wrong with which combination."""

    @contextmanager
    def of(self, each: Combination) -> Iterator[None]:
        """Keep what fails inside, and go on with the next."""
        try:
            yield
        except Exception as error:  # every kind of failure is reported
            self.setdefault(each, f"{type(error).__name__}: {error}")

    def told(self) -> str:
        """Each with the command that repeats it alone."""
        return "\n\n".join(
            f"{each}\n  {words[:3000]}\n  again: make combinations ONLY={each.name}" for each, words in self.items()
        )


def make(each: Combination, place: Path) -> Path:
    """By the command, as an author would."""
    folder = place / each.names.distribution
    done = CliRunner().invoke(
        cli, ["new-connector", each.name, "--no-input", "--no-run", "--folder", str(folder), *each.options]
    )
    assert done.exit_code == 0, done.output
    record = read_record(folder)
    assert (record.names, record.answers) == (each.names, each.answers)
    return folder


def untidy(folder: Path) -> list[str]:
    """What options left behind, each with its file: unused imports, torn blocks, lines that are laid out otherwise."""
    first_party = 'lint.isort.known-first-party=["pullpush_sdk"]'
    check = ["check", "--output-format", "concise", "--select", RULES, "--config", first_party]
    found = []
    for command in (check, ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--quiet", "--line-length", "120"]
        done = subprocess.run([*ruff, folder], capture_output=True, text=True, check=False)
        found += (done.stdout + done.stderr).splitlines()
        assert found or done.returncode == 0
    return found


@pytest.fixture(autouse=True)
def _asked_for(request):
    if "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make combinations`")


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batch", batches(SIZE, ONLY), ids=lambda batch: f"{batch[0].name}-{batch[-1].name}")
def test_every_combination_is_made_validated_installed_and_tested(batch, tmp_path):
    """In pieces that workers share; whatever fails is named with its combination."""
    faults = Faults()
    projects, wheels, kept = tmp_path / "projects", tmp_path / "wheels", {}
    wheels.mkdir()
    for each in batch:
        with faults.of(each):
            folder = make(each, projects)
            files = {
                path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
            }
            judge_files(each.names, each.answers, {path: text for path, text in files.items() if path[0] != "."})
            judge_folder(folder, each.answers)
            kept[folder] = each, build(folder, wheels)
    style = untidy(projects)
    for folder, (each, _) in kept.items():
        with faults.of(each):
            assert not (own := [line for line in style if f"{folder.name}/" in line]), "\n".join(own)
    python = install(tmp_path / "home", [wheel for _, wheel in kept.values()])
    for folder in kept:
        leave_only_tests(folder)
    tried = run_tests_of(python, list(kept), tmp_path / "report.xml")
    for folder, (each, _) in kept.items():
        for test in tests_of(folder):
            with faults.of(each):
                assert test not in tried.failed, tried.failed[test]
                assert test in tried.passed, f"{test.name} was not run\n{tried.output[-2000:]}"
    assert not faults, faults.told()


def test_the_combinations_are_all_there_are():
    """Each once, but for those that the command refuses."""
    found = {tuple(map(str, (getattr(each.answers, name) for name in SPACE))) for each in every()}
    size = 1
    for values in SPACE.values():
        size *= len(values)
    refused = size // len(SPACE["kind"]) // 2  # a destination with webhooks
    assert len(found) == len(every()) == size - refused == 2520
    assert [each.name for batch in batches(SIZE) for each in batch] == [each.name for each in every()]
