"""The state folder of a project: readable by its owner only; it holds the store, tokens and the key for them."""

from __future__ import annotations

from pathlib import Path

from pullpush_sdk.errors import ProjectError

from ._model import Project
from ._references import Reference

_PRIVATE_DIR = 0o700


def ensure_state_dir(project: Project) -> Path:
    """The state folder, made with mode 0700 where it was missing.

    Raises:
        ProjectError: it cannot be made; says why.
    """
    folder = project.state_dir
    try:
        folder.mkdir(mode=_PRIVATE_DIR, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(_PRIVATE_DIR)
    except OSError as error:
        raise ProjectError(
            f"the state folder {folder} cannot be made: {error.strerror}",
            hint="check the permissions of the project's folder and the free space of its disk",
        ) from None
    return folder


def engine_url(project: Project) -> str:
    """The engine's URL with a relative SQLite path made absolute from the project's folder.

    Raises:
        ProjectError: the URL is a reference that cannot be resolved.
    """
    url = project.engine.resolve(project.root) if isinstance(project.engine, Reference) else project.engine
    prefix = "sqlite:///"
    if url.startswith(prefix) and len(url) > len(prefix):
        return prefix + str((project.root / url[len(prefix) :]).absolute())
    return url
