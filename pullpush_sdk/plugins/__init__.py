"""Finding and loading plugins: one plugin manager per connector, one host manager for extensions and observers.

An entry point of the group `pullpush` names a module. A module that does not import, takes too long for it, ends the
interpreter, misspells a hook or clashes is left out and reported with its distribution; everything else works.
"""

from ._calls import asked, faults_of, listed, pages_of
from ._find import GROUP, Source, find_sources
from ._load import Failure, LoadedConnector, Plugins, hook_arguments, load_connector, load_plugins, own_functions
from ._metadata import distribution_name

__all__ = [
    "GROUP",
    "Failure",
    "LoadedConnector",
    "Plugins",
    "Source",
    "asked",
    "distribution_name",
    "faults_of",
    "find_sources",
    "hook_arguments",
    "listed",
    "load_connector",
    "load_plugins",
    "own_functions",
    "pages_of",
]
