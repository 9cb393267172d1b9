"""The request that names the account: what `check` asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from pullpush_sdk.openapi import words_of

from .shapes import Shape, SketchedOperation

__all__ = ["ACCOUNT", "Account", "account_of"]

ACCOUNT = "account"
"""The sample that holds the recorded request for the account."""
_NAMES = frozenset({
    "me", "whoami", "who_am_i", "myself", "self", "profile", "account", "shop", "store", "merchant", "company",
    "tenant", "organization", "organisation", "current_user", "current_account", "user_info", "userinfo",
    "account_info", "shop_info", "store_info",
})  # fmt: skip
_BEHIND = frozenset({"info", "me", "details", "current", "self", "profile"})
"""What may stand behind such a name: `/store/info`, `/users/me`."""
_IDENTITY = ("name", "company_name", "company", "shop_name", "store_name", "display_name", "full_name", "title",
             "email", "login", "username", "id")  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@attrs.frozen(kw_only=True)
class Account:
    """The request, and the path of the account's name in its answer."""

    operation: SketchedOperation
    identity: str


def account_of(operations: Sequence[SketchedOperation]) -> Account | None:
    """The request for the account that takes nothing, the one with the shortest path; None where there is none."""
    found = [Account(operation=each, identity=name) for each in operations for name in _identities(each)]
    return min(found, key=lambda each: len(each.operation.path), default=None)


def _identities(operation: SketchedOperation) -> Iterator[str]:
    """The place of the account's name, where the operation asks for an account."""
    if operation.method != "GET" or any(each.required and each.fixed is None for each in operation.params):
        return
    answer = operation.answer
    if answer is None or answer.kind != "object" or not _is_named(operation.path):
        return
    inner = {name: each for name, each in answer.properties.items() if each.kind == "object" and _PLAIN.fullmatch(name)}
    for prefix, shape in (("", answer), *((f"{name}.", each) for name, each in inner.items())):
        name = _identity(shape)
        if name:
            yield prefix + name
            return


def _is_named(path: str) -> bool:
    parts = [part.split(".")[0] for part in path.split("?", maxsplit=1)[0].split("/") if part]
    if not parts or "{" in path:
        return False
    names = ["_".join(words_of(part)) for part in parts[-2:]]
    return names[-1] in _NAMES or (len(names) > 1 and names[-1] in _BEHIND and names[0].rstrip("s") in _NAMES)


def _identity(shape: Shape) -> str:
    known = {"_".join(words_of(name)): name for name, each in shape.properties.items()
             if each.kind in ("text", "integer") and _PLAIN.fullmatch(name)}  # fmt: skip
    return next((known[name] for name in _IDENTITY if name in known), "")
