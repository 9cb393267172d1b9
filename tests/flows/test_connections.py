"""Connections are opened once, renewed when their settings change, and closed when nobody uses them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pullpush_sdk.errors import ProjectError
from pullpush_sdk.flows import Connections
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import load_project

_FILE = """
[connections.left]
connector = "depot"
sandbox = "http://127.0.0.1:9"
depot = "left"
token = {file = "token"}

[connections.right]
connector = "depot"
sandbox = "http://127.0.0.1:9"
depot = "right"
token = {file = "token"}

[flows.main]
source = "left"
destination = "right"
types = ["product"]
"""


def pool(folder: Path, plugins: Any, more: str = "") -> Connections:
    (folder / "pullpush.toml").write_text(_FILE + more)
    (folder / "token").write_text("first-token")
    return Connections(project=load_project(folder), plugins=plugins, redactor=Redactor())


def test_users_share_one_connection_until_a_secret_changes(tmp_path: Path, plugins: Any) -> None:
    async def go() -> None:
        async with pool(tmp_path, plugins) as connections:
            assert connections.current("left") is None
            async with connections.use("left") as one:
                async with connections.use("left") as two:
                    assert one.connection is two.connection
                (tmp_path / "token").write_text("second-token")
                async with connections.use("left") as three:
                    assert three.connection is not one.connection
                    assert three.connection.secrets["token"].reveal() == "second-token"
                    # Who uses the old one keeps it to the end.
                    assert one.connection.client._wire is not None
                    assert connections.current("left") is three
            assert one.connection.client._wire is None
            assert three.connection.client._wire is not None
        assert three.connection.client._wire is None
        assert connections.redactor.text("first-token second-token") == "*** ***"

    asyncio.run(go())


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('token = {file = "token"}', "'token' belongs to the connection as a whole"),
        ('base_url = "http://127.0.0.1:9/other"', "'base_url' belongs to the connection as a whole"),
        ('page = "many"', "page: 'many' is not of type 'integer'"),
        ("pgae = 3", "no setting 'pgae'"),
    ],
)
def test_a_setting_that_a_flow_may_not_have_is_refused_with_its_line(
    tmp_path: Path, plugins: Any, setting: str, words: str
) -> None:
    async def go() -> None:
        async with pool(tmp_path, plugins, f"[flows.main.destination_settings]\n{setting}\n") as connections:
            with pytest.raises(ProjectError) as caught:
                async with connections.use_both(connections.project.flow("main")):
                    pass
            (problem,) = caught.value.problems
            assert words in problem.message
            assert problem.line == len(_FILE.splitlines()) + 2

    asyncio.run(go())
