"""The keys of stored tokens: where they may be kept, and rotation while a process goes on using them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pullpush_sdk.errors import ProjectError, StoreError
from pullpush_sdk.http import FileTokenStore, Token
from pullpush_sdk.project import KEY_VARIABLE, Project, load_project, new_key, put_keys, token_keys
from pullpush_sdk.project.connect import token_files

_CONNECTION = '[connections.shop]\nconnector = "shop"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    (tmp_path / "pullpush.toml").write_text(_CONNECTION)
    return load_project(tmp_path)


def pullpush(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pullpush_sdk.cli import main; main()", *arguments]
    environment = {key: value for key, value in os.environ.items() if key != KEY_VARIABLE} | more
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def store_of(project: Project, name: str = "shop") -> FileTokenStore:
    path = project.state_dir / "tokens" / name
    return FileTokenStore(path, lambda: [key.decode() for key in token_keys(project)])


def test_rotation_goes_on_beside_a_process_that_renews_its_token(project: Project) -> None:
    """A store that was opened before follows: it reads and writes before, between and after, and no token is lost."""

    async def go() -> None:
        running = store_of(project)
        await running.save(Token(access="a0", refresh="r0"))
        (old,) = token_keys(project)
        over = asyncio.Event()
        renewed = 0

        async def renew() -> None:
            nonlocal renewed
            while not over.is_set():
                async with running.lock():
                    token = await running.load()
                    assert token is not None
                    assert token.access == f"a{renewed}"
                    renewed += 1
                    await running.save(Token(access=f"a{renewed}", refresh="r"))
                await asyncio.sleep(0)

        renewing = asyncio.ensure_future(renew())
        for _ in range(3):
            done = await asyncio.to_thread(pullpush, project.root, "secrets", "rotate")
            assert done.returncode == 0, done.stderr
        over.set()
        await renewing
        assert renewed > 3
        (key,) = token_keys(project)
        assert key != old
        token = await FileTokenStore(project.state_dir / "tokens" / "shop", [key.decode()]).load()
        assert token is not None
        assert token.access == f"a{renewed}"
        with pytest.raises(StoreError):
            await FileTokenStore(project.state_dir / "tokens" / "shop", [old.decode()]).load()
        for file in project.state_dir.rglob("*"):
            assert file.is_dir() or file.stat().st_mode & 0o077 == 0, file
            assert file.is_dir() or b"a0" not in file.read_bytes()

    asyncio.run(go())


def test_a_rotation_that_was_cut_off_is_finished_by_the_next(project: Project) -> None:
    async def go() -> None:
        await store_of(project).save(Token(access="a", refresh="r"))
        (old,) = token_keys(project)
        put_keys(project, [fresh := new_key(), old.decode()])
        assert [await store.is_newest() for _, store in token_files(project)] == [False]
        assert pullpush(project.root, "secrets", "rotate").returncode == 0
        assert token_keys(project) == [fresh.encode()]
        assert [await store.is_newest() for _, store in token_files(project)] == [True]

    asyncio.run(go())


def test_a_key_in_a_variable_is_rotated_by_its_owner(project: Project) -> None:
    async def go() -> None:
        one, two = new_key(), new_key()
        path = project.state_dir / "tokens" / "shop"
        await FileTokenStore(path, [one]).save(Token(access="a", refresh="r"))
        refused = pullpush(project.root, "secrets", "rotate", PULLPUSH_KEY=one)
        assert refused.returncode == 2
        assert "Put a new one in front" in refused.stderr
        done = pullpush(project.root, "secrets", "rotate", PULLPUSH_KEY=f"{two},{one}")
        assert done.returncode == 0
        assert "can be taken out of environment variable PULLPUSH_KEY" in done.stderr
        shown = json.loads(pullpush(project.root, "secrets", "list", "--json", PULLPUSH_KEY=two).stdout)
        assert shown == {
            "key": "environment variable PULLPUSH_KEY",
            "keys": 1,
            "tokens": [{"name": "shop", "newest": True}],
        }
        assert one not in refused.stderr + done.stderr

    asyncio.run(go())


def test_a_key_file_elsewhere_is_read_rotated_and_must_be_private(project: Project) -> None:
    key = project.root / "elsewhere.key"
    key.write_text(first := new_key())
    key.chmod(0o600)
    (project.root / "pullpush.toml").write_text(_CONNECTION + '[secrets]\nkey = {file = "elsewhere.key"}\n')
    project = load_project(project.root)
    assert token_keys(project) == [first.encode()]
    assert pullpush(project.root, "secrets", "rotate").returncode == 0
    assert token_keys(project) != [first.encode()]
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(ProjectError, match="can be read by others"):
        token_keys(project)


def test_a_key_in_clear_is_refused(project: Project) -> None:
    (project.root / "pullpush.toml").write_text(f'[secrets]\nkey = "{(key := new_key())}"\n')
    with pytest.raises(ProjectError) as caught:
        load_project(project.root)
    assert "secrets.key" in str(caught.value)
    assert key not in str(caught.value)


def test_a_key_in_the_keyring_is_read_and_replaced_there(project: Project) -> None:
    keyring = pytest.importorskip("keyring", reason="the extra 'keyring' is not installed")
    from keyring.backend import KeyringBackend

    held = {("pullpush", "key"): new_key()}

    class Held(KeyringBackend):  # type: ignore[misc]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return held.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            held[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del held[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Held())
    try:
        (project.root / "pullpush.toml").write_text(_CONNECTION + '[secrets]\nkey = {keyring = "pullpush/key"}\n')
        mine = load_project(project.root)
        (old,) = token_keys(mine)
        put_keys(mine, [fresh := new_key(), old.decode()])
        assert token_keys(mine) == [fresh.encode(), old]
        assert not (mine.state_dir / "key").exists()
    finally:
        keyring.set_keyring(before)
