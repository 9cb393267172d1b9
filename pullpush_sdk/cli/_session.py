"""What the commands of one invocation share; everything is loaded on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pullpush_sdk.http import Redactor
    from pullpush_sdk.plugins import Plugins
    from pullpush_sdk.project import Project


class Session:
    """The global options, and the project and plugins that they lead to."""

    def __init__(self, *, project_path: str | None = None, debug: bool = False) -> None:
        self.project_path = project_path
        self.debug = debug
        from ._failures import set_up_logging

        self.close = set_up_logging(self)

    @cached_property
    def project(self) -> Project:
        """The project; raises ProjectError."""
        from pullpush_sdk.project import load_project

        return load_project(self.project_path)

    @cached_property
    def plugins(self) -> Plugins:
        """Every installed plugin that loads."""
        from pullpush_sdk.plugins import load_plugins

        return load_plugins()

    @cached_property
    def redactor(self) -> Redactor:
        """Knows every secret that was read so far; what is shown or logged goes through it."""
        from pullpush_sdk.http import Redactor

        return Redactor()

    @property
    def state_dir(self) -> Path | None:
        """The project's state folder where there is a project and the folder exists, else None."""
        project = self.__dict__.get("project")
        return project.state_dir if project is not None and project.state_dir.is_dir() else None
