"""Name and version of an installed distribution, read from the head of its metadata alone.

The standard library parses the whole file, its description included, as an e-mail, each time it is asked: with a
hundred distributions that is most of what finding the plugins takes.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution

__all__ = ["distribution_name", "distribution_version"]

_FILES = ("METADATA", "PKG-INFO", "")  # of a wheel, of an old folder, of an old single file


def distribution_name(distribution: Distribution) -> str:
    """The name that its metadata gives, else that of its folder; unknown where neither does."""
    folder = getattr(distribution, "_path", None)
    return _told(distribution, "Name") or (folder.name.partition("-")[0] if folder is not None else "unknown")


def distribution_version(distribution: Distribution) -> str:
    """The version that its metadata gives; empty where it gives none or cannot be read."""
    return _told(distribution, "Version")


def _told(distribution: Distribution, field: str) -> str:
    try:
        text = next(filter(None, map(distribution.read_text, _FILES)), "")
    except Exception:  # noqa: BLE001 - whatever a damaged file brings about
        return ""
    found = re.search(rf"(?im)^{field}:[ \t]*(\S.*?)[ \t]*$", text.partition("\n\n")[0])
    return found[1] if found else ""
