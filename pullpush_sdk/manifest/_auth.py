"""The ways in which a manifest's requests may prove who they are: all of them, or the one that a connection uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pullpush_sdk.errors import SetupError

from ._document import below
from ._model_auth import Auth, ChoiceAuth


def auth_of(auth: Auth, values: Mapping[str, Any]) -> Auth:
    """The auth that a connection with these settings uses: `auth` itself, or the option that its setting names.

    Raises:
        SetupError: the setting is missing or names no option.
    """
    if not isinstance(auth, ChoiceAuth):
        return auth
    chosen = values.get(auth.by)
    if chosen not in auth.options:
        names = ", ".join(auth.options)
        raise SetupError(f"setting {auth.by!r} chooses how to authenticate: expected one of {names}")
    return auth.options[str(chosen)]


def ways_of(auth: Auth, path: str = "$.auth") -> Iterator[tuple[str, Auth]]:
    """Every way with its place in the document, in its order."""
    if not isinstance(auth, ChoiceAuth):
        yield path, auth
        return
    for name, option in auth.options.items():
        yield below(f"{path}.options", name), option
