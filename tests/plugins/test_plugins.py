"""Loading plugins: a bad one is named and left out, the rest works, and a connector's own function wins."""

import asyncio
from types import SimpleNamespace

import pytest

from pullpush_sdk import Connector, connector_from, hookimpl
from pullpush_sdk.canonical import TEXT, CanonicalType, required
from pullpush_sdk.errors import PluginError
from pullpush_sdk.plugins import Source, find_sources, load_plugins


def source(name, plugin, distribution=None):
    """An entry point as the loader sees it; an exception instead of a plugin is raised by its import."""

    def load():
        if isinstance(plugin, Exception):
            raise plugin
        return plugin

    return Source(name=name, distribution=distribution or f"pullpush-{name}", load=load)


def plain(name, **hooks):
    """A connector in plain Python that reads orders."""

    @hookimpl
    def pullpush_connector():
        return Connector(name=name, title=name, version="1", reads=frozenset({"order"}))

    @hookimpl
    def pullpush_pull(connection, canonical_type, cursor):
        return None

    return SimpleNamespace(pullpush_connector=pullpush_connector, pullpush_pull=pullpush_pull, **hooks)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (ImportError("No module named 'frodo'"), ["pullpush-bad", "failed to import", "frodo"]),
        (SystemError("boom"), ["pullpush-bad", "boom"]),
        (SimpleNamespace(pullpush_pusch=hookimpl(lambda: None)), ["pullpush_pusch", "did you mean 'pullpush_push'"]),
        (
            SimpleNamespace(
                pullpush_connector=hookimpl(lambda: None),
                pullpush_pull=hookimpl(lambda connection, kind: None),
            ),
            ["pullpush-bad", "kind"],
        ),
        (SimpleNamespace(pullpush_connector=hookimpl(lambda: "me")), ["returned str, not a Connector"]),
        (
            SimpleNamespace(pullpush_connector=hookimpl(lambda: 1 / 0)),
            ["pullpush_connector() failed", "ZeroDivisionError"],
        ),
        (
            SimpleNamespace(
                pullpush_connector=hookimpl(
                    lambda: Connector(name="bad", title="", version="1", reads=frozenset({"ordr"}))
                ),
            ),
            ["unknown canonical type 'ordr'", "did you mean 'order'"],
        ),
        (
            SimpleNamespace(
                pullpush_connector=hookimpl(
                    lambda: Connector(name="bad", title="", version="1", writes=frozenset({"order"}))
                ),
            ),
            ["has no pullpush_push"],
        ),
    ],
)
def test_a_bad_plugin_is_named_and_the_others_work(bad, words):
    """The failure names the distribution and what to do; the good neighbour loads."""
    plugins = load_plugins([source("good", plain("good")), source("bad", bad)])
    assert set(plugins.connectors) == {"good"}
    (failure,) = plugins.failures
    text = f"{failure.source} {failure.error}"
    assert all(word in text for word in words), text


def test_two_connectors_of_one_name_are_an_error_that_names_both():
    """The first stays; the second is refused."""
    plugins = load_plugins([source("one", plain("twin")), source("two", plain("twin"))])
    assert plugins.connectors["twin"].distribution == "pullpush-one"
    assert "pullpush-one" in str(plugins.failures[0].error)
    assert "pullpush-two" in str(plugins.failures[0].error)


def test_clashing_functions_and_types_name_both_owners():
    """Only an extension registers global names, and only once."""

    def extension():
        import attrs

        @attrs.frozen(kw_only=True)
        class Thing:
            thing_id: str = required(TEXT)

        kind = CanonicalType(name="thing", record=Thing, key=lambda t: t.thing_id, identity=lambda t: t.thing_id)
        return SimpleNamespace(
            pullpush_functions=hookimpl(lambda: {"shout": str.upper}),
            pullpush_canonical_types=hookimpl(lambda: [kind]),
        )

    plugins = load_plugins([source("a", extension()), source("b", extension())])
    assert "thing" in plugins.types
    assert plugins.functions["shout"]("x") == "X"
    messages = " ".join(str(failure.error) for failure in plugins.failures)
    assert len(plugins.failures) == 2
    assert "'thing'" in messages
    assert "shout" in messages
    assert "pullpush-a" in messages
    assert "pullpush-b" in messages


def test_an_unknown_connector_is_explained():
    """Names what is installed, a near miss, and a plugin of that name that failed."""
    plugins = load_plugins([source("salla", plain("salla")), source("broken", ImportError("no sun"))])
    with pytest.raises(PluginError, match="did you mean 'salla'"):
        plugins.connector("sala")
    with pytest.raises(PluginError, match=r"did not load.*no sun"):
        plugins.connector("broken")


def test_a_function_of_the_module_wins_over_the_manifest():
    """A single override keeps the manifest for the rest."""

    @hookimpl
    def pullpush_connector():
        return connector_from("tests.stranger")

    @hookimpl
    def pullpush_check(connection):
        async def mine():
            return ["mine"]

        return mine()

    functions = {"pullpush_connector": pullpush_connector, "pullpush_check": pullpush_check}
    from tests.stranger import hooks

    plugins = load_plugins(
        [
            source("types", SimpleNamespace(pullpush_canonical_types=hooks.pullpush_canonical_types)),
            source("riv", SimpleNamespace(**functions)),
        ]
    )
    assert not plugins.failures
    loaded = plugins.connector("rivendell")
    assert asyncio.run(loaded.hook.pullpush_check(connection=None)) == ["mine"]
    assert {"order", "shipment"} <= loaded.connector.reads
    assert loaded.hook.pullpush_pull(connection=None, canonical_type="order", cursor=None) is not None


def test_an_observers_exception_changes_nothing(caplog):
    """It is logged with the plugin's name; the other observers are told."""
    told = []

    @hookimpl
    def pullpush_flow_finished(flow):
        raise RuntimeError("observer down")

    good = SimpleNamespace(pullpush_flow_finished=hookimpl(lambda flow, counts: told.append((flow, counts))))
    plugins = load_plugins(
        [source("bad", SimpleNamespace(pullpush_flow_finished=pullpush_flow_finished)), source("good", good)]
    )
    plugins.observe("pullpush_flow_finished", flow="f", counts={})
    assert told == [("f", {})]
    assert "pullpush-bad" in caplog.text


def test_the_installed_platforms_load():
    """Every entry point of this checkout gives a connector without a failure."""
    plugins = load_plugins()
    assert not plugins.failures
    assert {point.name for point in find_sources()} == set(plugins.connectors)
