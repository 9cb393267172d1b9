"""Validating again whenever a file of the target changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ._target import Target

_POLL = 0.5
_MOST = 5_000
_SETTLE = 20
"""Looks after which a run begins although files still change."""


def watch(
    target: Target,
    run: Callable[[], None],
    *,
    files: Iterable[Path] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Run now and after every change, until interrupted; a file that is being written is waited for.

    `files` are watched beside those of the target.
    """
    beside = tuple(files)
    seen = snapshot(target, beside)
    run()
    while True:
        sleep(_POLL)
        now = snapshot(target, beside)
        if now != seen:
            seen = _settled(target, beside, now, sleep)
            run()


def _settled(
    target: Target, beside: Sequence[Path], now: dict[str, tuple[int, int]], sleep: Callable[[float], None]
) -> dict[str, tuple[int, int]]:
    """The files once they are still: a save that is several writes, or a file put away and made anew, is one change."""
    for _ in range(_SETTLE):
        sleep(_POLL / 5)
        before, now = now, snapshot(target, beside)
        if now == before:
            break
    return now


def snapshot(target: Target, beside: Sequence[Path] = ()) -> dict[str, tuple[int, int]]:
    """Every file of the target with its time of change and its size; caches and hidden files are left out."""
    root = target.folder or target.package or (target.manifest.parent if target.manifest is not None else None)
    found: dict[str, tuple[int, int]] = {}
    if target.kind == "document" and target.package is None and target.manifest is not None:
        files = [target.manifest, *sorted((target.manifest.parent / "samples").glob("*.json"))]
    else:
        files = sorted(root.rglob("*")) if root is not None else []
    for file in (*files[:_MOST], *beside):
        if file not in beside and any(part == "__pycache__" or part.startswith(".") for part in file.parts[-4:]):
            continue
        try:
            stat = Path(file).stat()
        except OSError:
            continue
        found[str(file)] = (stat.st_mtime_ns, stat.st_size)
    return found
