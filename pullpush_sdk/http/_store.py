"""Token stores: one in memory, one in an encrypted file that processes share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pullpush_sdk.errors import SetupError, StoreError

from ._secret import Secret
from ._token import Token

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class MemoryTokenStore:
    """Keeps the token while the process lives: enough where it can be got again at will."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token
        self._lock = asyncio.Lock()

    async def load(self) -> Token | None:
        return self._token

    async def save(self, token: Token) -> None:
        self._token = token

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self._lock:
            yield


class FileTokenStore:
    """One token in one file: encrypted (Fernet), readable by its owner only, replaced atomically and fsynced.

    The first of `keys` encrypts, all of them decrypt: put a new key in front to rotate. Given as a function, they are
    asked for at every use, so that a running process follows a rotation. A key is 32 url-safe base64 bytes, as
    `FileTokenStore.new_key()` makes them. The lock is a file beside it that the system frees when its
    process dies; waiting for it takes at most `patience` seconds and never blocks the event loop.

    Raises:
        SetupError: a key is malformed, or there is none.
    """

    def __init__(
        self,
        path: Path,
        keys: Sequence[Secret | str] | Callable[[], Sequence[Secret | str]],
        *,
        patience: float = 120.0,
    ) -> None:
        self._keys = keys if callable(keys) else lambda: keys
        self._path = path
        self._patience = patience
        self._boxes()

    def __repr__(self) -> str:
        return f"FileTokenStore({self._path})"

    @staticmethod
    def new_key() -> Secret:
        """A fresh random key."""
        from cryptography.fernet import Fernet  # noqa: PLC0415 - as above

        return Secret(Fernet.generate_key().decode())

    def _boxes(self) -> list[Fernet]:
        """What opens the file, the newest first."""
        from cryptography.fernet import Fernet  # noqa: PLC0415 - only who keeps tokens pays for it

        keys = self._keys()
        if not keys:
            raise SetupError("a token file needs a key", hint="make one with FileTokenStore.new_key()")
        try:
            return [Fernet(key.reveal() if isinstance(key, Secret) else key) for key in keys]
        except ValueError:
            hint = "a key is 32 url-safe base64 bytes; make one with FileTokenStore.new_key()"
            raise SetupError("a key of the token file is malformed", hint=hint) from None

    async def reseal(self) -> bool:
        """Encrypt the file with the first key; whether that was needed.

        Nobody who waits for the lock meanwhile loses anything: the token stays what it is.

        Raises:
            StoreError: the file cannot be read or written, or none of the keys opens it.
        """
        async with self.lock():
            return await asyncio.to_thread(self._reseal)

    async def is_newest(self) -> bool:
        """Whether the first key alone opens the file; true where there is none.

        Raises:
            StoreError: the file cannot be read, or none of the keys opens it.
        """
        return await asyncio.to_thread(self._is_newest)

    def _is_newest(self) -> bool:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - as above

        if self._load() is None:
            return True
        try:
            self._boxes()[0].decrypt(self._path.read_bytes())
        except InvalidToken:
            return False
        return True

    def _reseal(self) -> bool:
        token = self._load()
        if token is None or self._is_newest():
            return False
        self._save(token)
        return True

    async def load(self) -> Token | None:
        """The stored token, None where there is no file.

        Raises:
            StoreError: the file cannot be read, or none of the keys opens it.
        """
        return await asyncio.to_thread(self._load)

    async def save(self, token: Token) -> None:
        """Returns when the token is on the disk.

        Raises:
            StoreError: the file cannot be written; the old one is untouched.
        """
        await asyncio.to_thread(self._save, token)

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Held by one task of one process at a time.

        Raises:
            StoreError: another process held it for longer than our patience.
        """
        from filelock import AsyncFileLock, Timeout  # noqa: PLC0415 - only who keeps tokens pays for it

        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A lock object of its own per holder: one object would let two tasks of this process in together.
        lock = AsyncFileLock(f"{self._path}.lock", timeout=self._patience, mode=0o600, poll_interval=0.02)
        try:
            await lock.acquire()
        except Timeout:
            hint = "look for a hanging process that uses the same connection"
            raise StoreError(f"{self._path}.lock was held for {self._patience:.0f} s", hint=hint) from None
        try:
            yield
        finally:
            await lock.release()

    def _load(self) -> Token | None:
        from cryptography.fernet import InvalidToken, MultiFernet  # noqa: PLC0415 - as above

        # The file is read before the keys: a rotation puts a key in place before it uses it.
        try:
            sealed = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {self._path}: {error.strerror}") from error
        try:
            return Token.from_json(MultiFernet(self._boxes()).decrypt(sealed))
        except InvalidToken:
            hint = "give the key it was written with, or delete it and authorise again"
            raise StoreError(f"{self._path} cannot be opened with the given key", hint=hint) from None

    def _save(self, token: Token) -> None:
        sealed = self._boxes()[0].encrypt(token.to_json())
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileNotFoundError):
                temporary.unlink()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    """Makes the new name durable too; not every system can open a folder."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
