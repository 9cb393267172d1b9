"""Loading plugins: each is imported and checked behind a guard, and what is wrong with one is its own failure."""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import attrs
import pluggy

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes
from pullpush_sdk.connector import Connector
from pullpush_sdk.declarative import ManifestHooks, with_abilities
from pullpush_sdk.errors import ManifestError, PluginError, PullPushError
from pullpush_sdk.hookspecs import ConnectorSpec, ExtensionSpec, ObserverSpec
from pullpush_sdk.manifest import check_manifest
from pullpush_sdk.mapping import Functions

from ._find import Source, find_sources
from ._guard import guarded, import_limit

__all__ = [
    "Failure",
    "LoadedConnector",
    "Plugins",
    "hook_arguments",
    "load_connector",
    "load_plugins",
    "own_functions",
]

_log = logging.getLogger("pullpush.plugins")

_CONNECTOR_HOOKS = frozenset(name for name in vars(ConnectorSpec) if name.startswith("pullpush_"))
_HOST_HOOKS = frozenset(
    name for spec in (ExtensionSpec, ObserverSpec) for name in vars(spec) if name.startswith("pullpush_")
)


@attrs.frozen(kw_only=True)
class LoadedConnector:
    """A connector ready to be called: `hook.pullpush_pull(connection=…, …)` asks its module, then its manifest.

    `release` is its distribution's version. `import_seconds` is what importing its module took, `load_seconds` what
    its connector and manifest took after that.
    """

    connector: Connector
    distribution: str
    hook: Any = attrs.field(repr=False)
    source: str = ""
    release: str = ""
    import_seconds: float = 0.0
    load_seconds: float = 0.0

    @property
    def name(self) -> str:
        """The name by which a connection picks it."""
        return self.connector.name


@attrs.frozen(kw_only=True)
class Failure:
    """A plugin that was left out, and why; `seconds` is what it took until then."""

    source: str
    error: PluginError
    distribution: str = ""
    release: str = ""
    seconds: float = 0.0


@attrs.frozen(kw_only=True)
class Plugins:
    """Everything that was loaded; nothing in here is global.

    `seconds` is what importing each plugin took, connector or not, by the words of its source.
    """

    connectors: Mapping[str, LoadedConnector]
    types: CanonicalTypes
    functions: Functions
    failures: tuple[Failure, ...]
    seconds: Mapping[str, float] = attrs.field(factory=dict, repr=False)
    host: pluggy.PluginManager = attrs.field(repr=False)

    def connector(self, name: str) -> LoadedConnector:
        """The connector of that name.

        Raises:
            PluginError: there is none; names what there is, and a plugin of that name that failed to load.
        """
        if name in self.connectors:
            return self.connectors[name]
        for failure in self.failures:
            if f"entry point {name!r}" in failure.source:
                raise PluginError(f"connector {name!r} did not load: {failure.error.message}", hint=failure.error.hint)
        near = difflib.get_close_matches(name, self.connectors, n=1)
        known = ", ".join(sorted(self.connectors)) or "none"
        raise PluginError(
            f"no connector named {name!r} is installed (installed: {known})",
            hint=f"did you mean {near[0]!r}?"
            if near
            else f"pip install pullpush-{name}, or write it: pullpush new-connector {name}",
        )

    def observe(self, hook: str, **arguments: Any) -> None:
        """Call one observer hook of every plugin; an exception in one is logged and changes nothing."""
        for implementation in getattr(self.host.hook, hook).get_hookimpls():
            try:
                implementation.function(**{name: arguments[name] for name in implementation.argnames})
            except Exception:  # noqa: BLE001 - an observer's fault is its own
                _log.exception("observer %s of %s failed", hook, implementation.plugin_name)


def load_plugins(sources: Iterable[Source] | None = None, *, only: str | None = None) -> Plugins:
    """Import and check every plugin; never raises for a bad one: see `Plugins.failures`, each of which is logged.

    `only` names the one entry point whose connector is wanted: of the others what they extend is loaded and nothing
    else.
    """
    host = pluggy.PluginManager("pullpush")
    host.add_hookspecs(ExtensionSpec)
    host.add_hookspecs(ObserverSpec)
    failures: list[Failure] = []
    limit = import_limit()
    modules: list[tuple[Source, Any, float]] = []
    for source in find_sources() if sources is None else sources:
        started = time.perf_counter()
        try:
            with guarded(source, "failed to import", limit=limit):
                plugin = source.load()
            with guarded(source, "is not good", limit=limit):
                _check_names(source, plugin)
                if any(_implements(plugin, name) for name in _HOST_HOOKS):
                    _register(host, source, plugin, _HOST_HOOKS)
        except PluginError as error:
            failures.append(_failure(source, error, time.perf_counter() - started))
        else:
            modules.append((source, plugin, time.perf_counter() - started))
    types = _extend_types(host, failures)
    functions = _extend_functions(host, failures)
    connectors: dict[str, LoadedConnector] = {}
    owners: dict[str, Source] = {}
    for source, plugin, seconds in modules:
        if only not in (None, source.name):
            continue
        started = time.perf_counter()
        try:
            with guarded(source, "is not good", limit=limit):
                if not _implements(plugin, "pullpush_connector"):
                    continue
                loaded = load_connector(source, plugin, types=types, functions=functions, import_seconds=seconds)
        except PluginError as error:
            failures.append(_failure(source, error, seconds + time.perf_counter() - started))
            continue
        loaded = attrs.evolve(loaded, load_seconds=time.perf_counter() - started)
        rival = owners.get(loaded.name)
        if rival is not None:
            loser = rival if _is_official(source, loaded.name) else source
            failures.append(_failure(loser, _twin(source, rival, loaded.name, loser)))
        if rival is None or loser is rival:
            connectors[loaded.name], owners[loaded.name] = loaded, source
    for failure in failures:
        hint = f" ({failure.error.hint})" if failure.error.hint else ""
        _log.warning("left out: %s%s", failure.error.message, hint)
    return Plugins(
        connectors=MappingProxyType(connectors),
        types=types,
        functions=functions,
        failures=tuple(failures),
        seconds={str(source): seconds for source, _, seconds in modules},
        host=host,
    )


def _failure(source: Source, error: PluginError, seconds: float = 0.0) -> Failure:
    return Failure(
        source=str(source),
        error=error,
        distribution=source.distribution,
        release=source.version,
        seconds=seconds,
    )


def _is_official(source: Source, connector: str) -> bool:
    """Whether a distribution has the name that a connector's distribution has."""
    return source.distribution.lower().replace("_", "-") == f"pullpush-{connector}"


def _twin(source: Source, rival: Source, name: str, loser: Source) -> PluginError:
    return PluginError(
        f"{source} and {rival} both provide connector {name!r}: {loser} is left out", hint="uninstall one of them"
    )


def load_connector(
    source: Source, plugin: Any, *, types: CanonicalTypes, functions: Functions, import_seconds: float = 0.0
) -> LoadedConnector:
    """One connector's own plugin manager: its module first, its manifest's generic implementation last.

    Raises:
        PluginError: the hooks or the manifest are not good; names the distribution.
    """
    manager = pluggy.PluginManager("pullpush")
    manager.add_hookspecs(ConnectorSpec)
    _register(manager, source, plugin, _CONNECTOR_HOOKS)
    try:
        connector = manager.hook.pullpush_connector()
        if not isinstance(connector, Connector):
            raise PluginError(f"{source}: pullpush_connector() returned {type(connector).__name__}, not a Connector")
        own = frozenset(name for name in _CONNECTOR_HOOKS if _implements(plugin, name))
        if connector.manifest is not None:
            known = own_functions(functions, connector)
            if problems := check_manifest(connector.manifest, types, known):
                raise ManifestError("its manifest is not good", map(connector.locate, problems))
            generic = ManifestHooks(connector.manifest, types=types, functions=known)
            manager.register(generic, name="manifest")
            connector = with_abilities(connector, own)
        _check_abilities(source, connector, own, types)
    except PluginError:
        raise
    except PullPushError as error:
        raise PluginError(f"{source}: {error}") from error
    except Exception as error:
        raise PluginError(f"{source}: pullpush_connector() failed: {type(error).__name__}: {error}") from error
    return LoadedConnector(
        connector=connector,
        distribution=source.distribution,
        release=source.version,
        source=str(source),
        hook=manager.hook,
        import_seconds=import_seconds,
    )


def own_functions(functions: Functions, connector: Connector) -> Functions:
    """The functions that this connector's maps may name: the global ones and its own, `name:function`."""
    own = {f"{connector.name}:{name}": each for name, each in connector.functions.items()}
    return functions.extended(own, owner=connector.name)


def _implementations(plugin: Any) -> list[str]:
    return [name for name in dir(plugin) if _implements(plugin, name)]


def _implements(plugin: Any, name: str) -> bool:
    function = getattr(plugin, name, None)
    return callable(function) and getattr(function, "pullpush_impl", None) is not None


def _check_names(source: Source, plugin: Any) -> None:
    """Refuse hooks and arguments that do not exist, functions named like a hook that were not marked, and no hook."""
    known = _CONNECTOR_HOOKS | _HOST_HOOKS
    offered = hook_arguments()
    for name in _implementations(plugin):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise PluginError(
                f"{source} implements unknown hook {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else "see docs/reference/hooks.md",
            )
        for wanted in _arguments(getattr(plugin, name)):
            if wanted not in offered[name]:
                near = difflib.get_close_matches(wanted, offered[name], n=1)
                raise PluginError(
                    f"{source}: {name} has no argument {wanted!r}; it has {', '.join(offered[name]) or 'none'}",
                    hint=f"did you mean {near[0]!r}?" if near else "leave it out; see docs/reference/hooks.md",
                )
    if isinstance(plugin, ModuleType):
        for name in dir(plugin):
            function = getattr(plugin, name)
            if name in known and callable(function) and not _implements(plugin, name):
                raise PluginError(f"{source}: {name} is not marked", hint="decorate it with @hookimpl")
    if isinstance(plugin, ModuleType) and not _implementations(plugin):
        raise PluginError(f"{source} implements no hook", hint="it needs pullpush_connector, marked with @hookimpl")


def _arguments(function: Any) -> list[str]:
    """The arguments that an implementation must be given: those without a default, `self` aside."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is each.empty and each.name != "self"]


class _Subset:
    """The implementations of some hooks of a plugin, so that each manager sees only what it specifies."""

    def __init__(self, plugin: Any, names: frozenset[str]) -> None:
        for name in names:
            if _implements(plugin, name):
                setattr(self, name, getattr(plugin, name))


def _register(manager: pluggy.PluginManager, source: Source, plugin: Any, names: frozenset[str]) -> None:
    try:
        manager.register(_Subset(plugin, names), name=f"{source.distribution}:{source.name}")
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(f"{source}: {' '.join(str(error).split())}", hint="see docs/reference/hooks.md") from error


def _extend_types(host: pluggy.PluginManager, failures: list[Failure]) -> CanonicalTypes:
    types = CanonicalTypes()
    owners = dict.fromkeys(types, "pullpush-sdk")
    for owner, more in _extensions(host, "pullpush_canonical_types", failures):
        for kind in more:
            if not isinstance(kind, CanonicalType):
                words = f"{owner}: pullpush_canonical_types() gave {type(kind).__name__}, not a CanonicalType"
                failures.append(_of_extension(owner, PluginError(words)))
                continue
            if kind.name in owners:
                failures.append(_clash(owner, owners[kind.name], "canonical type", kind.name))
                continue
            types = types.extended([kind])
            owners[kind.name] = owner
    return types


def _extend_functions(host: pluggy.PluginManager, failures: list[Failure]) -> Functions:
    functions = Functions()
    for owner, more in _extensions(host, "pullpush_functions", failures):
        try:
            with guarded(owner, "failed in pullpush_functions()"):
                functions = functions.extended(more, owner=owner)
        except PluginError as error:
            failures.append(_of_extension(owner, error))
    return functions


def _extensions(host: pluggy.PluginManager, hook: str, failures: list[Failure]) -> Iterable[tuple[str, Any]]:
    for implementation in getattr(host.hook, hook).get_hookimpls():
        owner = implementation.plugin_name
        try:
            with guarded(owner, f"failed in {hook}()", limit=import_limit()):
                found = implementation.function()
                found = dict(found) if isinstance(found, Mapping) else list(found)
        except PluginError as error:
            failures.append(_of_extension(owner, error))
        else:
            yield owner, found


def _clash(owner: str, first: str, what: str, name: str) -> Failure:
    error = PluginError(f"{owner} and {first} both register {what} {name!r}", hint="uninstall one of them")
    return _of_extension(owner, error)


def _of_extension(owner: str, error: PluginError) -> Failure:
    """`owner` is the distribution and its entry point, with a colon between them."""
    return Failure(source=owner, error=error, distribution=owner.partition(":")[0])


def _check_abilities(source: Source, connector: Connector, own: frozenset[str], types: CanonicalTypes) -> None:
    for name in sorted(connector.reads | connector.writes):
        if name not in types:
            near = difflib.get_close_matches(name, types, n=1)
            raise PluginError(
                f"{source} names unknown canonical type {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else "register it with pullpush_canonical_types",
            )
    if connector.manifest is None:
        for types_, hook in ((connector.reads, "pullpush_pull"), (connector.writes, "pullpush_push")):
            if types_ and hook not in own:
                raise PluginError(f"{source} says it handles {', '.join(sorted(types_))}, but has no {hook}")


@functools.cache
def hook_arguments() -> Mapping[str, tuple[str, ...]]:
    """Every hook with the arguments that it offers."""
    return MappingProxyType(
        {
            name: tuple(inspect.signature(function).parameters)[1:]
            for spec in (ConnectorSpec, ExtensionSpec, ObserverSpec)
            for name, function in vars(spec).items()
            if name.startswith("pullpush_")
        }
    )
