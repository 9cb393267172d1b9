"""The platforms of this folder as connectors under judgement: a manifest and samples each, no line of Python."""

from pathlib import Path

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.emulator import emulate, read_samples
from pullpush_sdk.hookspecs import hookimpl
from pullpush_sdk.manifest import load
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import Source, load_connector
from pullpush_sdk.testing.conformance import Subject

FOLDER = Path(__file__).parent
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/connector.yaml"))


class Declared:
    """A connector's module, if it had one."""

    def __init__(self, manifest):
        self._manifest = manifest

    @hookimpl
    def pullpush_connector(self):
        return connector_of(self._manifest)


def samples_of(name):
    return read_samples(load(FOLDER / name / "connector.yaml").manifest, FOLDER / name)


def subject_of(name, **options):
    manifest, types = load(FOLDER / name / "connector.yaml").manifest, CanonicalTypes()
    source = Source(name=name, distribution="apis", load=lambda: None)
    return Subject(
        loaded=load_connector(source, Declared(manifest), types=types, functions=Functions()),
        types=types,
        sandbox=lambda given: emulate(manifest, samples_of(name), given),
        many=110,
        **options,
    )


def only_writing(name, **options):
    """The same platform as a destination alone: nothing of it is read."""
    manifest, types = load(FOLDER / name / "connector.yaml").manifest, CanonicalTypes()
    manifest = attrs.evolve(manifest, resources={}, webhook=None)
    source = Source(name=name, distribution="apis", load=lambda: None)
    return Subject(
        loaded=load_connector(source, Declared(manifest), types=types, functions=Functions()),
        types=types,
        sandbox=lambda given: emulate(manifest, samples_of(name), given),
        **options,
    )
