"""Findings that one error is the root of: a connector that cannot sign in breaks every law, and is mended once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pullpush_sdk.validate._model import SEVERITIES, Finding

__all__ = ["by_root", "root_of"]

_HOST = re.compile(r"https?://[^/\s]+")
_ADDRESS = re.compile(r"https?://\S+")
_ERROR = re.compile(r"(?:[a-z]\w*: )?(?:raised )?(?P<root>[A-Z]\w*Error: .*)", re.DOTALL)
_BEHAVIOUR = re.compile(r"(?:law|behaviour)-")


def root_of(message: str) -> str:
    """What an error that was raised says, whoever met it and wherever the sandbox listened; empty: none was raised.

    Who is not let in at all is not let in anywhere: of a refused credential the address says nothing.
    """
    found = _ERROR.fullmatch(message)
    if found is None:
        return ""
    root = found["root"]
    return (_ADDRESS if root.startswith("AuthError") else _HOST).sub("…", root)


def by_root(findings: Sequence[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """Findings in their order, each with those that the same error is the root of.

    What plain reading met speaks for the laws that broke by it, since it stands where the mistake most likely is.
    """
    groups: dict[str | int, list[Finding]] = {}
    for number, finding in enumerate(findings):
        root = root_of(finding.message) if _BEHAVIOUR.match(finding.code) else ""
        groups.setdefault(root or number, []).append(finding)
    shown = []
    for group in groups.values():
        worst = min(SEVERITIES.index(each.severity) for each in group)
        grave = [each for each in group if SEVERITIES.index(each.severity) == worst]
        first = next((each for each in grave if not each.code.startswith("law-")), grave[0])
        shown.append((first, [each for each in group if each is not first]))
    return shown
