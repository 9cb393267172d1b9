"""Values that do not stand in the file: `{env = "X"}`, `{file = "path"}`, `{keyring = "service/user"}`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import attrs

from pullpush_sdk.errors import ProjectError

Kind = Literal["env", "file", "keyring"]
KINDS: tuple[Kind, ...] = ("env", "file", "keyring")
HOW = 'write {env = "NAME"}, {file = "path"} or {keyring = "service/user"} in its place'


@attrs.frozen
class Reference:
    """Where a value is kept; showing it shows no value."""

    kind: Kind
    target: str

    def __str__(self) -> str:
        return f'{{{self.kind} = "{self.target}"}}'

    def resolve(self, root: Path, environ: Mapping[str, str] | None = None) -> str:
        """The value. `root` is where relative paths start; `environ` None means this process's environment.

        Raises:
            ProjectError: not set, missing, unreadable or empty; names the place and never a value.
        """
        if self.kind == "env":
            value = (os.environ if environ is None else environ).get(self.target, "")
            if not value:
                raise ProjectError(
                    f"environment variable {self.target} is not set", hint=f"export {self.target}=... and try again"
                )
            return value
        return _from_file(root / self.target) if self.kind == "file" else _from_keyring(self.target)


def as_reference(value: Any) -> Reference | None:
    """The reference that a TOML value is, None for any other value."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, target),) = value.items()
        if kind in KINDS and isinstance(target, str) and target:
            return Reference(cast("Kind", kind), target)
    return None


def _from_file(path: Path) -> str:
    try:
        value = path.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ProjectError(f"secret file {path} is not UTF-8 text") from None
    except OSError as error:
        raise ProjectError(f"secret file {path} cannot be read: {error.strerror}") from None
    if not value:
        raise ProjectError(f"secret file {path} is empty")
    return value


def _from_keyring(target: str) -> str:
    service, slash, user = target.partition("/")
    if not slash or not service or not user:
        raise ProjectError(f"keyring reference {target!r} is not service/user")
    try:
        import keyring  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise ProjectError(
            f"keyring reference {target!r} needs the package keyring", hint="pip install 'pullpush-sdk[keyring]'"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - backends raise errors of their own
        raise ProjectError(f"the keyring gave no answer for {target!r}: {type(error).__name__}") from None
    if not value:
        raise ProjectError(f"the keyring holds nothing for {target!r}", hint=f"keyring set {service} {user}")
    return str(value)
