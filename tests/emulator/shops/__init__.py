"""Small platforms known by samples alone, and connectors of them; `subject_of` may change one thing in a manifest."""

from pathlib import Path
from types import SimpleNamespace

from pullpush_sdk import hookimpl
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.emulator import emulate, read_samples
from pullpush_sdk.manifest import load, read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.testing.conformance import Subject

HERE = Path(__file__).parent
SHOPS = ("harbor", "quay", "pier")


def manifest_of(name):
    return load(HERE / name / "connector.yaml").manifest


def samples_of(name):
    return read_samples(manifest_of(name), HERE / name)


def loaded_of(manifest):
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    plugins = load_plugins([Source(name=manifest.name, distribution=f"pullpush-{manifest.name}", load=lambda: module)])
    assert not plugins.failures, plugins.failures
    return plugins.connector(manifest.name), plugins.types


def subject_of(name, old=None, new=None):
    """A connector of the platform, its manifest's text changed at one place."""
    text = (HERE / name / "connector.yaml").read_text()
    if old is not None:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    manifest = read_manifest(text, file="connector.yaml", format="yaml")
    loaded, types = loaded_of(manifest)
    samples = read_samples(manifest, HERE / name)
    return Subject(loaded=loaded, types=types, sandbox=lambda given: emulate(manifest, samples, given), many=130)


__all__ = ["HERE", "SHOPS", "loaded_of", "manifest_of", "samples_of", "subject_of"]
