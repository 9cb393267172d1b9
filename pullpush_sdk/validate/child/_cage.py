"""What a connector under check may not do: speak beyond loopback, start programs, write outside of its own
folder, take all memory or disk.

An audit hook cannot be taken off again. It is a fence against mistakes and idle hands, as the limits of the operating
system are; a reviewer of hostile code runs validation in a container as well.
"""

from __future__ import annotations

import ipaddress
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from pullpush_sdk.manifest.patterns import TRIAL

_FILE_SIZE = 100_000_000
_FILES = 1024
_PROGRAMS = frozenset(
    {"os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "os.fork", "pty.spawn"}
)
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_CALLS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset({"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"})


class NotAllowedError(PermissionError):
    """The connector tried what a check does not allow."""


def limit(memory: int, seconds: float) -> None:
    """Limits of the operating system, for this process and what it starts."""
    cpu = int(seconds) + 5
    for name, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, _FILE_SIZE),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(name)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (wanted, wanted))


def fence(told: Callable[[str], None], hosts: frozenset[str] = frozenset()) -> None:
    """From now on: no program, no address but those of this machine and `hosts`, no change of files but below HOME."""
    home = os.path.realpath(os.environ["HOME"])

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            if event == "subprocess.Popen" and _is_trial(*arguments):
                return
            _refuse(f"it starts a program ({event})", told)
        elif event in _CALLS:
            address = arguments[1] if len(arguments) > 1 else None
            if isinstance(address, tuple) and not _is_near(str(address[0]), hosts):
                _refuse(f"it speaks to {str(address[0])[:100]}", told)
        elif event in _NAMES:
            host = arguments[0]
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            if name is not None and not _is_near(str(name), hosts):
                _refuse(f"it looks up {str(name)[:100]}", told)
        elif (event == "open" and _writes(arguments[2])) or event in _CHANGES:
            for each in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                if isinstance(each, str | bytes | os.PathLike) and not _is_inside(os.fsdecode(each), home):
                    _refuse(f"it writes {os.fsdecode(each)[:100]}", told)

    sys.addaudithook(watch)


def _is_trial(program: Any, arguments: Any, folder: Any, environment: Any) -> bool:
    """Whether it is the runtime's own look at a pattern of a setting."""
    given = isinstance(arguments, list) and tuple(arguments) == TRIAL
    return given and program == TRIAL[0] and folder is None and environment is None


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & _WRITING)


def _is_inside(path: str, home: str) -> bool:
    return f"{os.path.realpath(path)}/".startswith((f"{home}/", "/dev/"))


def _refuse(what: str, told: Callable[[str], None]) -> None:
    told(what)
    raise NotAllowedError(f"{what}: a connector under check reaches this machine only, and writes in its own folder")


def _is_near(host: str, hosts: frozenset[str]) -> bool:
    if host in {"localhost", ""} or host in hosts:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
