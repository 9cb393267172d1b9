"""The keys that seal stored tokens: where they are kept, and putting new ones there.

Several keys stand one a line (in a variable: with commas or spaces). The first seals, all of them open, so a rotation
puts a new one in front, seals everything anew, and takes the old ones away.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from pullpush_sdk.errors import ProjectError

from ._model import Project
from ._references import Reference
from ._state import ensure_state_dir

KEY_VARIABLE = "PULLPUSH_KEY"
_FILE = "key"
_PRIVATE = 0o600


@attrs.frozen
class KeyPlace:
    """Where the keys are: a reference, or the file of the state folder; `words` names it for people."""

    reference: Reference | None
    file: Path | None
    words: str

    @property
    def writable(self) -> bool:
        """Whether keys can be put there from here; a variable of the environment is its owner's to change."""
        return self.reference is None or self.reference.kind != "env"


def key_place(project: Project) -> KeyPlace:
    """`[secrets] key`, else PULLPUSH_KEY where it is set, else the key file of the state folder."""
    reference = project.key
    if reference is None and os.environ.get(KEY_VARIABLE, ""):
        reference = Reference("env", KEY_VARIABLE)
    if reference is None:
        file = project.state_dir / _FILE
        return KeyPlace(None, file, f"key file {file}")
    if reference.kind == "file":
        file = (project.root / reference.target).expanduser()
        return KeyPlace(reference, file, f"key file {file}")
    what = "environment variable" if reference.kind == "env" else "keyring entry"
    return KeyPlace(reference, None, f"{what} {reference.target}")


def token_keys(project: Project) -> list[bytes]:
    """Every key, the one that seals first. The key file of the state folder is made on first need.

    Raises:
        ProjectError: a key is none, or cannot be read or written; never shows it.
    """
    place = key_place(project)
    if place.reference is not None:
        text = place.reference.resolve(project.root)
        if place.file is not None:
            _must_be_private(place.file)
    else:
        assert place.file is not None
        ensure_state_dir(project)
        try:
            text = (place.file.read_bytes() if place.file.exists() else _make(place.file)).decode("ascii", "replace")
        except OSError as error:
            raise ProjectError(f"the {place.words} cannot be used: {error.strerror}") from None
    return _checked(text, place)


def token_key(project: Project) -> bytes:
    """The key that seals; see `token_keys`."""
    return token_keys(project)[0]


def new_key() -> str:
    """A fresh random key."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - slow to import, needed once

    return Fernet.generate_key().decode()


def put_keys(project: Project, keys: Sequence[str]) -> None:
    """Keep these keys in place of those before; they are there, or the old ones are, never a part.

    Raises:
        ProjectError: the place is a variable of the environment, or cannot be written.
    """
    place = key_place(project)
    if not place.writable:
        raise ProjectError(f"the {place.words} can only be changed by whoever starts this process")
    try:
        if place.file is not None:
            _write(place.file, "\n".join(keys) + "\n")
        else:
            assert place.reference is not None
            _to_keyring(place.reference.target, " ".join(keys))
    except OSError as error:
        raise ProjectError(f"the {place.words} cannot be written: {error.strerror}") from None


def _to_keyring(target: str, text: str) -> None:
    import keyring  # noqa: PLC0415 - optional; the keys were just read from it

    service, _, user = target.partition("/")
    try:
        keyring.set_password(service, user, text)
    except Exception as error:  # noqa: BLE001 - backends raise errors of their own
        raise ProjectError(f"the keyring did not take {target!r}: {type(error).__name__}") from None


def _write(file: Path, text: str) -> None:
    """Replace a private file as a whole, on disk when this returns."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # 0600 from birth
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as fresh:
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make(file: Path) -> bytes:
    """Write a new key and give the one that counts: of two processes at once, the first wins."""
    # A temporary file is 0600 from birth, and a link either appears whole or not at all.
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix="key-") as fresh:
        fresh.write(new_key().encode())
        fresh.flush()
        os.fsync(fresh.fileno())
        try:
            file.hardlink_to(fresh.name)
        except FileExistsError:
            return file.read_bytes()
    return file.read_bytes()


def _must_be_private(file: Path) -> None:
    try:
        is_open = file.stat().st_mode & 0o077
    except OSError:
        return  # reading it said already what is wrong
    if is_open:
        raise ProjectError(f"key file {file} can be read by others", hint=f"chmod {_PRIVATE:o} {file}")


def _checked(text: str, place: KeyPlace) -> list[bytes]:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - slow to import, needed where tokens are

    keys = text.replace(",", " ").split()
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys:
        raise ProjectError(
            f"{place.words} holds no key",
            hint="`pullpush secrets new-key` prints one",
        )
    return [key.encode() for key in keys]
