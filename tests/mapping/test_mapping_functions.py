"""The table of registered functions."""

from __future__ import annotations

import pytest

from pullpush_sdk.errors import PluginError
from pullpush_sdk.mapping import Functions


def test_a_clash_names_both_owners() -> None:
    first = Functions({"slug": str}, owner="pullpush-one")
    with pytest.raises(PluginError, match="pullpush-one and by pullpush-two") as caught:
        first.extended({"slug": str}, owner="pullpush-two")
    assert caught.value.hint


def test_extending_leaves_the_table_as_it_was() -> None:
    first = Functions({"slug": str}, owner="one")
    more = first.extended({"shop:price": int}, owner="two")
    assert (dict(first), dict(more)) == ({"slug": str}, {"slug": str, "shop:price": int})
    assert (more.owner("slug"), more.owner("shop:price")) == ("one", "two")
    assert more["shop:price"] is int
    assert len(more) == 2
