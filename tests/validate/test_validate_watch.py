"""Watching runs once at first, and again when a file has changed."""

from __future__ import annotations

import pytest

from pullpush_sdk.validate import Example, find_target, watch, write_example


class StopError(Exception):
    pass


def test_a_save_of_several_writes_is_one_change(tmp_path):
    """Written in pieces, put away, and made anew under its name: once, when it is whole."""
    file = write_example(Example(on="shop", wrong={}, right={}), tmp_path, wrong=False)
    text, seen, sleeps = file.read_text(), [], []

    def sleep(_seconds):
        sleeps.append(None)
        match len(sleeps):
            case 2:
                file.write_text(text[:40])
            case 3:
                file.unlink()
            case 4:
                (tmp_path / "whole").write_text(text + "\n# new\n")
                (tmp_path / "whole").replace(file)
            case 12:
                raise StopError

    with pytest.raises(StopError):
        watch(find_target(str(file)), lambda: seen.append(file.read_text()), sleep=sleep)
    assert seen == [text, text + "\n# new\n"]


def test_a_change_is_seen_and_stillness_is_not(tmp_path):
    file = write_example(Example(on="shop", wrong={}, right={}), tmp_path, wrong=False)
    runs, sleeps = [], []

    def sleep(_seconds):
        sleeps.append(None)
        if len(sleeps) == 3:
            file.write_text(file.read_text() + "\n# changed\n")
        if len(sleeps) > 6:
            raise StopError

    with pytest.raises(StopError):
        watch(find_target(str(file)), lambda: runs.append(None), sleep=sleep)
    assert len(runs) == 2
