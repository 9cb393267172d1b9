"""What a connector under check may not do: speak beyond loopback, start programs, take all memory or disk.

An audit hook cannot be taken off again. It is a fence against mistakes and idle hands, as the limits of the operating
system are; a reviewer of hostile code runs validation in a container as well.
"""

from __future__ import annotations

import ipaddress
import resource
import sys
from collections.abc import Callable
from typing import Any

_FILE_SIZE = 100_000_000
_FILES = 1024
_PROGRAMS = frozenset(
    {"os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "os.fork", "pty.spawn"}
)
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_CALLS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})


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
    """From now on: no program, and no address but those of this machine and `hosts`."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
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

    sys.addaudithook(watch)


def _refuse(what: str, told: Callable[[str], None]) -> None:
    told(what)
    raise NotAllowedError(f"{what}: a connector under check reaches this machine only")


def _is_near(host: str, hosts: frozenset[str]) -> bool:
    if host in {"localhost", ""} or host in hosts:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
