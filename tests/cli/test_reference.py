"""The reference page names every command and option; the page on the project file every key."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from pullpush_sdk.cli import cli
from pullpush_sdk.cli._app import COMMANDS
from pullpush_sdk.project import _parse

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def options(command: click.Command) -> set[str]:
    found = {name for each in command.params if isinstance(each, click.Option) for name in each.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= options(inner)
    return found


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    text = (DOCS / "cli.md").read_text()
    start = text.index(f"## `pullpush {name}")
    section = text[start : text.find("\n## ", start + 1) if "\n## " in text[start + 1 :] else None]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert {each for each in options(command) if each not in section} == set()


def test_every_key_of_a_flow_is_in_the_reference() -> None:
    text = (DOCS / "project-file.md").read_text()
    for key in (*_parse._FLOW_KEYS, *_parse._ROOT_KEYS, *_parse.RETENTION_KEYS, "sandbox", "connector"):
        assert f"`{key}`" in text or f"`[{key}" in text, key
