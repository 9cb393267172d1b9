from __future__ import annotations

from pathlib import Path

import pytest

from pullpush_sdk.errors import ProjectError
from pullpush_sdk.flows import upkeep_of
from pullpush_sdk.project import load_project


def test_times_and_sizes_are_read(tmp_path: Path) -> None:
    (tmp_path / "pullpush.toml").write_text(
        '[engine]\nkeep = "36h"\nkeep_webhook_ids = "3w"\nexpire_dead_letters = "90d"\nmax_size = "2GB"\nmin_free = 0\n'
    )
    upkeep = upkeep_of(load_project(tmp_path))
    assert (upkeep.keep, upkeep.keep_ids, upkeep.expire_dead) == (129_600, 21 * 86_400, 90 * 86_400)
    assert (upkeep.max_size, upkeep.min_free) == (2_000_000_000, 0)
    assert upkeep.archive is not None
    assert upkeep.archive.parent == tmp_path / ".pullpush"


def test_by_default_dead_letters_stay_and_ids_outlive_any_repetition(tmp_path: Path) -> None:
    (tmp_path / "pullpush.toml").write_text("")
    upkeep = upkeep_of(load_project(tmp_path))
    assert upkeep.expire_dead is None
    assert upkeep.max_size is None
    assert upkeep.keep_ids >= 7 * 86_400
    assert upkeep.keep_webhooks == 3 * 86_400


def test_raw_webhooks_are_kept_as_long_as_is_said_or_not_at_all(tmp_path: Path) -> None:
    for line, seconds in (('"12h"', 43_200), ("false", 0)):
        (tmp_path / "pullpush.toml").write_text(f"[engine]\nkeep_webhooks = {line}\n")
        assert upkeep_of(load_project(tmp_path)).keep_webhooks == seconds


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keep = 7", "keep is not a time"),
        ('keep = "7"', "keep is not a time"),
        ('keep = "0d"', "keep is not a time"),
        ('keep_webhook_ids = "1h"', "shorter than platforms repeat"),
        ('keep_webhooks = "long"', 'a time such as "3d", or false'),
        ('max_size = "2 apples"', "max_size is not a size"),
        ("min_free = -1", "min_free is not a size"),
        ('kep = "7d"', "unknown key 'kep'"),
    ],
)
def test_mistakes_name_the_key_and_the_form(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "pullpush.toml").write_text(f"[engine]\n{line}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert words in str(caught.value)
    assert ":2:" in str(caught.value)
