"""Being the one dispatcher of a store: a lock that the kernel takes back when the process dies."""

from __future__ import annotations

from pathlib import Path

from filelock import Timeout, UnixFileLock

__all__ = ["DispatcherLock"]

_MOMENT = 0.1


class DispatcherLock:
    """The lock beside a store file; None stands for a store in memory, which nobody else can reach."""

    def __init__(self, store: Path | None) -> None:
        path = None if store is None else f"{store}.lock"
        self._lock = None if path is None else UnixFileLock(path, mode=0o600, thread_local=False)
        self.held = False

    def acquire(self) -> bool:
        """Whether it is ours now. Waits a moment: somebody who only looks holds it for one."""
        if self.held:
            return False
        if self._lock is not None:
            try:
                self._lock.acquire(timeout=_MOMENT, poll_interval=_MOMENT / 10)
            except Timeout:
                return False
        self.held = True
        return True

    def release(self) -> None:
        """Give it back."""
        self.held = False
        if self._lock is not None:
            self._lock.release()

    def is_free(self) -> bool:
        """Whether nobody holds it."""
        if not self.acquire():
            return False
        self.release()
        return True
