"""The state folder of a project: readable by its owner only; it holds the store, tokens and the key for them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pullpush_sdk.errors import ProjectError

from ._model import Project
from ._references import Reference

KEY_VARIABLE = "PULLPUSH_KEY"
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


def token_key(project: Project) -> bytes:
    """The key that encrypts stored tokens: from PULLPUSH_KEY, else from the key file, which is made on first need.

    Raises:
        ProjectError: the key is no key, or its file cannot be read or written; never shows it.
    """
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return _checked(given.encode(), f"environment variable {KEY_VARIABLE}")
    file = ensure_state_dir(project) / "key"
    try:
        key = file.read_bytes() if file.exists() else _make_key(file)
    except OSError as error:
        raise ProjectError(f"the key file {file} cannot be used: {error.strerror}") from None
    return _checked(key.strip(), f"key file {file}")


def _make_key(file: Path) -> bytes:
    """Write a new key and give the one that counts: of two processes at once, the first wins."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - slow to import, needed once

    # A temporary file is 0600 from birth, and a link either appears whole or not at all.
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix="key-") as fresh:
        fresh.write(Fernet.generate_key())
        fresh.flush()
        os.fsync(fresh.fileno())
        try:
            file.hardlink_to(fresh.name)
        except FileExistsError:
            return file.read_bytes()
    return file.read_bytes()


def _checked(key: bytes, place: str) -> bytes:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - slow to import, needed where tokens are

    try:
        Fernet(key)
    except ValueError:
        raise ProjectError(
            f"{place} holds no key",
            hint="make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
        ) from None
    return key
