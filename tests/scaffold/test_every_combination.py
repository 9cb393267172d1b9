"""Every combination of options: made by the command, validated, built, installed, and tested as it was installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.scaffold import read_record

from .combinations import SPACE, Combination, batches, every
from .installed import build, install, leave_only_tests, own_tests, run_tests_of
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
    if request.node.get_closest_marker("full") and "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make combinations`")


def make_all(batch: Sequence[Combination], place: Path, faults: Faults) -> dict[Path, Combination]:
    """The folders of those in which nothing can be found without running them."""
    found = {}
    for each in batch:
        with faults.of(each):
            folder = make(each, place)
            paths = [path for path in folder.rglob("*") if path.is_file()]
            files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
            judge_files(each.names, each.answers, {path: text for path, text in files.items() if path[0] != "."})
            judge_folder(folder, each.answers)
            found[folder] = each
    style = untidy(place)
    for folder, each in found.items():
        with faults.of(each):
            assert not (own := [line for line in style if f"{folder.name}/" in line]), "\n".join(own)
    return found


def install_and_test(made: Mapping[Path, Combination], place: Path, faults: Faults) -> None:
    """Build, install into one environment, and run all tests there."""
    wheels = place / "wheels"
    wheels.mkdir()
    built = {}
    for folder, each in made.items():
        with faults.of(each):
            built[folder] = build(folder, wheels)
            leave_only_tests(folder)
    python = install(place / "home", built.values())
    tried = run_tests_of(python, list(built), place / "report.xml")
    for folder in built:
        for test in own_tests(folder):
            with faults.of(made[folder]):
                assert test not in tried.failed, tried.failed[test]
                assert test in tried.passed, f"{test.name} was not run\n{tried.output[-2000:]}"


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("batch", batches(SIZE, ONLY), ids=lambda batch: f"{batch[0].name}-{batch[-1].name}")
def test_every_combination_is_made_validated_installed_and_tested(batch, tmp_path):
    """In pieces that workers share; whatever fails is named with its combination."""
    faults = Faults()
    install_and_test(make_all(batch, tmp_path / "projects", faults), tmp_path, faults)
    assert not faults, faults.told()


@pytest.mark.full
@pytest.mark.timeout(300)
def test_one_that_is_bad_is_named_with_the_command_that_repeats_it(tmp_path):
    """Whatever is wrong with it: what is seen, what its tests find once it is installed, and what cannot be built."""
    unseen, good, untidied, unbuilt = batch = every()[:4]
    faults = Faults()
    made = make_all(batch, tmp_path / "projects", faults)
    assert not faults, faults.told()
    for folder, each in made.items():
        manifest = folder / each.names.module / "connector.yaml"
        if each is unseen:
            manifest.write_text(manifest.read_text().replace("company: company", "company: compny"))
        elif each is untidied:
            (folder / each.names.module / "__init__.py").write_text("import os\n")
        elif each is unbuilt:
            (folder / "pyproject.toml").write_text("[project")
    assert any("F401" in line and f"pullpush-{untidied.name}/" in line for line in untidy(tmp_path / "projects"))
    install_and_test(made, tmp_path, faults)
    assert set(faults) == {unseen, unbuilt}, faults.told()
    assert good not in faults
    assert "company" in faults[unseen]
    assert f"make combinations ONLY={unseen.name}" in faults.told()


def test_the_combinations_are_all_there_are():
    """Each once, but for those that the command refuses."""
    found = {tuple(map(str, (getattr(each.answers, name) for name in SPACE))) for each in every()}
    size = 1
    for values in SPACE.values():
        size *= len(values)
    refused = size // len(SPACE["kind"]) // 2  # a destination with webhooks
    assert len(found) == len(every()) == size - refused == 2520
    assert [each.name for batch in batches(SIZE) for each in batch] == [each.name for each in every()]
