"""The catalogue's examples do what they say: the wrong one breaks its rule, the right one breaks none of them."""

from __future__ import annotations

from datetime import date

import pytest

from pullpush_sdk.validate import Example, Options, shipped, validate, write_example

STATIC = Options(behaviour=False, today=date(2026, 11, 1))
WITH_EXAMPLE = [rule for rule in shipped().values() if rule.example is not None]


def codes(example, folder, *, wrong):
    return {each.code for each in validate(str(write_example(example, folder, wrong=wrong)), STATIC).report.findings}


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=[rule.code for rule in WITH_EXAMPLE])
def test_the_wrong_example_breaks_the_rule_and_the_right_one_does_not(rule, tmp_path):
    assert rule.code in codes(rule.example, tmp_path / "wrong", wrong=True)
    assert rule.code not in codes(rule.example, tmp_path / "right", wrong=False)


@pytest.mark.parametrize("on", ["shop", "miniapp", "package"])
def test_the_base_documents_break_nothing(on, tmp_path):
    found = validate(str(write_example(Example(on=on, wrong={}, right={}), tmp_path, wrong=False)), STATIC).report
    assert [f"{each.code} {each.path} {each.message}" for each in found.findings if each.severity == "error"] == []
