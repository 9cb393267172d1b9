"""What other distributions add: rules, canonical types, mapping functions; the connector under check is not among them.

Only distributions whose files speak of these hooks are imported, so that a validation costs no import of everything.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.errors import PluginError
from pullpush_sdk.plugins import GROUP, Source, load_plugins

from ._case import Extensions
from ._catalogue import extended, shipped
from ._model import Rule
from ._python import python_files
from ._target import Target, package_folder

_HOOKS = (b"pullpush_rules", b"pullpush_canonical_types", b"pullpush_functions")
_MAX_BYTES = 500_000


@attrs.frozen(kw_only=True)
class Found:
    """Extensions for the checks, all rules by code, and the modules that a child process loads for the same."""

    extensions: Extensions
    rules: Mapping[str, Rule]
    modules: tuple[dict[str, str], ...] = ()


def find_extensions(target: Target) -> Found:
    """Everything that installed distributions add for this target.

    Raises:
        PluginError: two distributions register one rule code.
    """
    modules = []
    sources = []
    for point in importlib.metadata.entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else "unknown"
        module = point.value.partition(":")[0]
        folder = package_folder(module.partition(".")[0])
        own = folder is not None and target.package is not None and folder.resolve() == target.package.resolve()
        if own or distribution == target.distribution or point.name == target.entry_point or folder is None:
            continue
        if _speaks_of_hooks(folder):
            modules.append({"name": point.name, "distribution": distribution, "module": module})
            sources.append(Source(name=point.name, distribution=distribution, load=point.load))
    if not sources:
        return Found(extensions=Extensions(), rules=shipped())
    plugins = load_plugins(sources)
    added: list[tuple[str, list[Any]]] = []
    for implementation in plugins.host.hook.pullpush_rules.get_hookimpls():
        try:
            given_rules: Any = implementation.function()
            added.append((str(implementation.plugin_name), list(given_rules or ())))
        except Exception as error:
            raise PluginError(f"{implementation.plugin_name}: pullpush_rules() failed: {error}") from error
    given = Extensions(types=plugins.types, functions=plugins.functions)
    return Found(extensions=given, rules=extended(added), modules=tuple(modules))


def _speaks_of_hooks(folder: Path) -> bool:
    for file in python_files(folder):
        if file.parent != folder:
            continue
        try:
            with file.open("rb") as opened:
                content = opened.read(_MAX_BYTES)
        except OSError:
            continue
        if any(b"def " + hook in content for hook in _HOOKS):
            return True
    return False
