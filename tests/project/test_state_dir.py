from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pullpush_sdk.errors import ProjectError
from pullpush_sdk.project import FILE_NAME, KEY_VARIABLE, Project, engine_url, ensure_state_dir, load_project, token_key


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / FILE_NAME).write_text("")
    return load_project(tmp_path)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folder_and_key_are_readable_by_their_owner_only(project: Project) -> None:
    old = os.umask(0)
    try:
        token_key(project)
    finally:
        os.umask(old)
    assert mode(project.state_dir) == 0o700
    assert mode(project.state_dir / "key") == 0o600
    assert sorted(each.name for each in project.state_dir.iterdir()) == ["key"]


def test_a_folder_that_others_may_read_is_closed(project: Project) -> None:
    project.state_dir.mkdir(mode=0o755)
    ensure_state_dir(project)
    assert mode(project.state_dir) == 0o700


def test_the_key_stays_and_many_at_once_get_the_same(project: Project) -> None:
    keys: list[bytes] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        keys.append(token_key(project))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_given_key_wins_and_a_bad_one_is_refused_unseen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "x" * 43 + "=")
    assert token_key(project) == b"x" * 43 + b"="
    assert not project.state_dir.exists()
    monkeypatch.setenv(KEY_VARIABLE, "no-such-key-text")
    with pytest.raises(ProjectError, match="PULLPUSH_KEY holds no key") as caught:
        token_key(project)
    assert "no-such-key-text" not in str(caught.value)


def test_a_relative_store_lies_beside_the_file(project: Project, tmp_path: Path) -> None:
    assert engine_url(project) == f"sqlite:///{tmp_path}/.pullpush/pullpush.db"
    (tmp_path / FILE_NAME).write_text('[engine]\nurl = "sqlite:////var/x.db"')
    assert engine_url(load_project(tmp_path)) == "sqlite:////var/x.db"


def test_a_store_url_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE_NAME).write_text('[engine]\nurl = {env = "STORE"}')
    monkeypatch.setenv("STORE", "nats://host")
    assert engine_url(load_project(tmp_path)) == "nats://host"


def test_a_folder_that_cannot_be_made_says_why(project: Project) -> None:
    project.state_dir.write_text("in the way")
    with pytest.raises(ProjectError, match="cannot be made: File exists"):
        ensure_state_dir(project)
