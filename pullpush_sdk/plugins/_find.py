"""The installed plugins, by their metadata alone: nothing of them is imported."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution
from typing import Any

import attrs

from ._metadata import distribution_name, distribution_version

__all__ = ["GROUP", "Source", "find_sources"]

GROUP = "pullpush"


@attrs.frozen(kw_only=True)
class Source:
    """Where a plugin comes from: what is imported, by whose entry point."""

    name: str
    distribution: str
    version: str = ""
    load: Callable[[], Any] = attrs.field(repr=False)

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"{self.distribution}{version} (entry point {self.name!r})"


def find_sources() -> list[Source]:
    """The installed plugins, by name; nothing is imported.

    Of a distribution that is there twice, the first on the path counts. One whose metadata cannot be read is a source
    that fails to load, for it may be a plugin.
    """
    seen: set[str] = set()
    found: list[Source] = []
    for distribution in importlib.metadata.distributions():
        name = distribution_name(distribution)
        normalized = name.lower().replace("_", "-").replace(".", "-")
        if normalized in seen:
            continue
        seen.add(normalized)
        found += _sources(distribution, name)
    return sorted(found, key=lambda source: (source.name, source.distribution))


def _sources(distribution: Distribution, name: str) -> Iterator[Source]:
    try:
        points = list(distribution.entry_points.select(group=GROUP))
    except Exception as error:  # noqa: BLE001 - whatever a damaged file brings about
        if _may_be_ours(distribution):
            yield Source(name=name, distribution=name, version=distribution_version(distribution), load=_raiser(error))
        return
    version = distribution_version(distribution) if points else ""
    for point in points:
        yield Source(name=point.name, distribution=name, version=version, load=point.load)


def _raiser(error: Exception) -> Callable[[], Any]:
    def load() -> Any:
        raise ImportError(f"its entry points cannot be read: {error}") from error

    return load


def _may_be_ours(distribution: Distribution) -> bool:
    """Whether unreadable entry points name our group anywhere; others' damage is not ours to report."""
    try:
        return f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or "")
    except Exception:  # noqa: BLE001 - no text at all
        return distribution_name(distribution).startswith("pullpush")
