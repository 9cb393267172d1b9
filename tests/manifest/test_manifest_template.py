from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import placeholders, render

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_characters="{")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(value=JSON)
def test_a_value_without_placeholders_is_unchanged(value):
    assert render(value, {}) == value
    assert placeholders(value) == frozenset()


@given(value=JSON)
def test_one_placeholder_alone_keeps_the_value(value):
    assert render({"a": ["{{x.y}}"]}, {"x": {"y": value}}) == {"a": [value]}


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (Decimal("1E+2"), "100"), (Decimal("1.50"), "1.50"), (True, "true"), ([1, "a"], '[1,"a"]'), ("é", "é")],
)
def test_inside_a_text_the_value_is_written_out(value, text):
    assert render("a {{ x }} b {{x}}", {"x": value}) == f"a {text} b {text}"


def test_a_whole_name_wins_over_its_steps():
    assert render("{{item.id}}", {"item.id": 1, "item": {"id": 2}}) == 1


def test_a_function_supplies_values():
    assert render("{{a.b}}-{{c|d}}", {"a.b": 1}.__getitem__) == "1-d"


def test_a_fallback_stands_for_unknown_and_null():
    assert render(["{{a|x y}}", "{{b|}}", "<{{a|z}}>"], {"b": None}) == ["x y", "", "<z>"]


def test_an_unknown_name_is_named_with_its_place_and_what_was_meant():
    with pytest.raises(ManifestError) as caught:
        render({"a": ["", "x{{itm.id}}"]}, {"item.id": 1}, path="$.list.params")
    (problem,) = caught.value.problems
    assert problem.path == "$.list.params.a[1]"
    assert "{{itm.id}}" in problem.message
    assert problem.hint == "did you mean {{item.id}}?"


def test_null_inside_a_text_is_refused():
    with pytest.raises(ManifestError, match="null"):
        render("Bearer {{token}}", {"token": None})
    assert render("{{token}}", {"token": None}) is None


@pytest.mark.parametrize("text", ["{{", "{{}}", "{{ a b }}", "{{a()}}", "{{a[0]}}", "{{a|{{b}}}}", "x {{1}}"])
def test_nothing_else_opens_a_placeholder(text):
    with pytest.raises(ManifestError, match="opens no placeholder"):
        render(text, {"a": 1, "b": 2})


def test_placeholders_lists_every_name():
    assert placeholders({"a": "{{x}} {{y.z|1}}", "b": ["{{x}}"], "{{key}}": 1}) == {"x", "y.z"}


@given(value=st.text(), name=st.text(min_size=1))
def test_values_are_never_evaluated(value, name):
    assert render("{{x}}", {"x": "{{" + name + "}}" + value}) == "{{" + name + "}}" + value
