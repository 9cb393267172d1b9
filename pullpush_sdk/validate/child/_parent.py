"""Starting the child, bounded in time, memory and output; whatever becomes of it is a value, never an exception.

The child gets an empty environment and a folder of its own as its home, writes its results as JSON lines to a pipe of
their own, and is killed with everything that it started when a limit is passed.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

import attrs

import pullpush_sdk

Json = Any
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from pullpush_sdk.validate.child._inside import main; "
    "main(int(sys.argv[2]))"
)
_TAIL = 4_000
_CHUNK = 65_536


@attrs.frozen(kw_only=True)
class Limits:
    """`seconds` of wall-clock time, `memory` in bytes of address space, `output` in bytes that it prints or tells."""

    seconds: float = 60.0
    memory: int = 4_000_000_000
    output: int = 30_000_000


@attrs.frozen(kw_only=True)
class ChildResult:
    """What the child told, line by line, and how it ended: `death` is empty where it came to its end."""

    told: list[dict[str, Json]]
    death: str = ""
    last_lines: str = ""
    seconds: float = 0.0
    overtime: bool = False


def run_child(job: dict[str, Json], limits: Limits | None = None) -> ChildResult:
    """Run one job to its end or to a limit."""
    bounds = limits or Limits()
    started = time.monotonic()
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(prefix="pullpush-validate-") as home:
        root = str(Path(pullpush_sdk.__file__).resolve().parent.parent)
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT, root, str(writing)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={"HOME": home, "TMPDIR": home, "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=home,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        assert process.stdin is not None
        assert process.stdout is not None
        mark = secrets.token_hex(16)
        words = {"memory": bounds.memory, "seconds": bounds.seconds}
        with os.fdopen(reading, "rb") as pipe, process.stdout as printed:
            told = _Reader(pipe, process, bounds.output, keep=True)
            tail = _Reader(printed, process, bounds.output, keep=False)
            try:
                process.stdin.write(json.dumps({**job, "limits": words, "mark": mark}).encode())
                process.stdin.close()
            except OSError:
                pass  # it died before it read its job: the exit code says so
            death = _wait(process, bounds)
            told.join()
            tail.join()
        death = told.overflow or tail.overflow or death
        lines = _lines(told.content, mark.encode())
    if not death and not (lines and lines[-1].get("kind") == "end"):
        death = "it ended before its work was done"
    return ChildResult(
        told=lines,
        death=death,
        last_lines=tail.content.decode("utf-8", "replace").strip()[-_TAIL:],
        seconds=time.monotonic() - started,
        overtime="did not come to an end" in death,
    )


def _wait(process: subprocess.Popen[bytes], bounds: Limits) -> str:
    try:
        code = process.wait(timeout=bounds.seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return f"it did not come to an end within {bounds.seconds:g} seconds"
    finally:
        _kill(process)
    if code == 0:
        return ""
    if code < 0:
        name = next((each.name for each in signal.Signals if each == -code), str(-code))
        return f"it was ended by {name}"
    return f"it ended with exit code {code}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The child and what it started: they are one process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    process.wait()


class _Reader(threading.Thread):
    """Reads a pipe to its end; beyond the limit the child is killed. Keeps all of it, or the end of it."""

    def __init__(self, pipe: IO[bytes], process: subprocess.Popen[bytes], limit: int, *, keep: bool) -> None:
        super().__init__(daemon=True)
        self.content = b""
        self.overflow = ""
        self._pipe, self._process, self._limit, self._keep = pipe, process, limit, keep
        self.start()

    def run(self) -> None:
        parts: list[bytes] = []
        count = 0
        while chunk := self._pipe.read1(_CHUNK):  # type: ignore[attr-defined]  # a pipe is buffered
            count += len(chunk)
            if count > self._limit:
                self.overflow = f"it wrote more than {self._limit // 1_000_000} MB"
                _kill(self._process)
                break
            parts.append(chunk)
            if not self._keep:
                parts = [b"".join(parts)[-_TAIL * 4 :]]
        self.content = b"".join(parts)


def _lines(content: bytes, mark: bytes) -> list[dict[str, Json]]:
    """What our own code in the child told: its lines begin with the mark."""
    found = []
    for line in content.split(b"\n"):
        known, _, text = line.partition(b" ")
        try:
            value = json.loads(text) if known == mark else None
        except ValueError:
            continue  # cut off by a kill
        if isinstance(value, dict):
            found.append(value)
    return found
