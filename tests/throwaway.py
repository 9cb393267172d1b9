"""Distributions for one test: a package and its metadata in a folder of the import path, as installers leave them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(
    site: Path, name: str, files: Mapping[str, str], *, point: str = "", version: str = "1.0", module: str = ""
) -> str:
    """Put a distribution into `site`; `files` are of its package. `point` is the entry point's name, by default the
    distribution's without its prefix. The package's name comes back.
    """
    package = name.replace("-", "_")
    folder = site / package
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in {"__init__.py": "", **files}.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    info = site / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    wanted = module or f"{package}.hooks"
    line = f"{point or name.removeprefix('pullpush-')} = {wanted}"
    (info / "entry_points.txt").write_text(f"[pullpush]\n{line}\n", encoding="utf-8")
    return package


HOOKS = """\
from pullpush_sdk import connector_from, hookimpl

@hookimpl
def pullpush_connector():
    return connector_from(__package__)
"""
"""The hooks of a connector that is a manifest alone."""
