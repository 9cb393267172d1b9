"""The three-way merge: nothing of either side is lost, and nothing is decided for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.scaffold._blocks import cut
from pullpush_sdk.scaffold._merge import merge

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "e\n"]), max_size=12).map("".join)


@given(TEXTS, TEXTS)
def test_what_one_side_left_alone_is_the_others(base, other):
    """And a change that both made is made once."""
    for merged in (merge(base, other, base), merge(base, base, other), merge(base, other, other)):
        assert merged.text == other
        assert merged.conflicts == 0


@given(TEXTS, TEXTS, TEXTS)
def test_every_new_line_of_either_side_is_in_the_result(base, mine, theirs):
    """Merged or between marks; sides swapped, there are as many conflicts."""
    mine, theirs = mine + "mine\n", "theirs\n" + theirs
    merged = merge(base, mine, theirs)
    assert "mine\n" in merged.text
    assert "theirs\n" in merged.text
    assert merged.text.count("<<<<<<<") == merged.conflicts == merge(base, theirs, mine).conflicts


@given(st.lists(st.integers(0, 19), unique=True, max_size=8), st.data())
def test_edits_far_apart_are_both_made(places, data):
    """An oracle: lines that are edited by one side each, with an untouched line between."""
    base = [f"line {n}\n" for n in range(60)]
    mine, theirs, wanted = list(base), list(base), list(base)
    for place in places:
        side = data.draw(st.sampled_from([mine, theirs]))
        side[place * 3] = wanted[place * 3] = f"edited {place}\n"
    merged = merge("".join(base), "".join(mine), "".join(theirs))
    assert merged.conflicts == 0
    assert merged.text == "".join(wanted)


def test_both_sides_of_a_conflict_are_shown():
    """Between marks, the author's first."""
    merged = merge("one\ntwo\n", "one\nmine", "one\ntheirs\n")
    assert merged.text == "one\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template\n"


def test_blocks_stay_where_their_condition_holds():
    """Nested ones, all parts of a name, and the lines for the other case."""
    text = "a\n# <x>\nb\n  # <x,y>\n  c\n  # </x,y>\n# <else>\n# | d\n# </x>\n<!-- <y> -->\ne\n<!-- </y> -->\n"
    assert cut(text, frozenset({"x", "y"})) == "a\nb\n  c\ne\n"
    assert cut(text, frozenset({"x"})) == "a\nb\n"
    assert cut(text, frozenset({"y"})) == "a\nd\ne\n"
    assert cut(text, frozenset(), {"x": "new\n"}) == "a\nnew\n"


def test_a_block_of_alternatives_stays_where_one_holds():
    """Each of them may ask for several things."""
    text = "# <x,y|z>\na\n# <else>\n# | b\n# </x,y|z>\n"
    found = {flags: cut(text, frozenset(flags)) for flags in ("", "x", "y", "xy", "z", "xz")}
    assert found == {"": "b\n", "x": "b\n", "y": "b\n", "xy": "a\n", "z": "a\n", "xz": "a\n"}


@pytest.mark.parametrize("text", ["# <x>\n", "# </x>\n", "# <x>\n# </y>\n"])
def test_marks_that_do_not_pair_are_refused(text):
    """The template would be cut wrongly without a word."""
    with pytest.raises(ValueError, match="clos"):
        cut(text, frozenset())
