"""`pullpush validate` as a person and a build run it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli
from pullpush_sdk.validate import Example, write_example


def run(*arguments):
    return CliRunner().invoke(cli, ["validate", *map(str, arguments)])


@pytest.fixture
def good(tmp_path):
    return write_example(Example(on="shop", wrong={}, right={}), tmp_path, wrong=False)


@pytest.fixture
def bad(tmp_path):
    wrong = {"$.resources.stock.canonical_map.quantity": {"path": "on_hand", "default": 0}}
    return write_example(Example(on="shop", wrong=wrong, right={}), tmp_path, wrong=True)


def test_exit_codes(good, bad, tmp_path):
    assert run(tmp_path / "absent.yaml").exit_code == 2
    assert run(bad, "--static").exit_code == 1
    write_example(Example(on="shop", wrong={}, right={}), tmp_path, wrong=False)
    assert run(good, "--static").exit_code == 0
    assert run(good, "--only", "nonsense").exit_code == 2


def test_json_goes_to_standard_output_and_nothing_else_does(bad):
    value = json.loads(run(bad, "--static", "--json").stdout)
    assert [each["code"] for each in value["findings"] if each["severity"] == "error"] == ["mapping-stock"]


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "text"])
def test_every_format_names_the_rule(bad, form):
    assert "mapping-stock" in run(bad, "--static", "--format", form).stdout


def test_a_rule_is_explained(tmp_path):
    assert "# mapping-stock" in run("--explain", "mapping-stock").stdout
    answer = run("--explain", "mapping-stok")
    assert answer.exit_code == 2
    assert "mapping-stock" in answer.output


def test_only_one_family_runs(bad):
    value = json.loads(run(bad, "--json", "--only", "identity").stdout)
    assert list(value["families"]) == ["identity"]


def test_an_installed_connector_is_validated_by_its_name():
    answer = run("linnworks", "--static", "--json")
    value = json.loads(answer.stdout)
    assert (value["kind"], value["name"]) == ("installed", "linnworks")
    assert "did you mean linnworks?" in run("linworks").output


def test_a_bundle_is_written_and_checked(good, tmp_path):
    bundle = tmp_path / "acme.zip"
    assert run(good, "--static", "--bundle", bundle).exit_code == 0
    answer = run("--bundle-check", bundle)
    assert answer.exit_code == 0, answer.output
    assert "whole, no secret in it" in answer.stdout
