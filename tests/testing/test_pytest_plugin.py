"""The pytest plugin, as an author's project meets it: pytester runs one."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def pullpush_connector():
    return "shopify"
"""


@pytest.fixture
def project(pytester):
    """An empty project whose connector is Shopify's."""
    pytester.makeini("[pytest]\npullpush_connector = shopify\n")
    return pytester


def run(pytester, *arguments):
    """In this process: starting another costs more than the tests do."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def test_three_lines_are_a_suite(project):
    project.makepyfile("""
        from pullpush_sdk.testing.conformance import LAWS, suite

        test_the_laws = suite([law for law in LAWS if law.name == "source-tells-no-dead-record"], "magento")
    """)
    result = run(project, "-v")
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*test_the_laws[[]source-tells-no-dead-record-product]*PASSED*"])


def test_a_broken_law_is_all_that_is_printed(project):
    project.makepyfile("""
        import pytest
        from pullpush_sdk.testing.conformance import BrokenLawError, Effort, Law, suite

        def check(subject, canonical_type, effort):
            raise BrokenLawError(f"{effort.examples} histories were tried", steps=["one thing", "another"])

        LAW = Law(name="always-broken", says="this never holds", fix="nothing helps", ability="read", check=check,
                  only=frozenset({"cart"}))
        test_the_laws = suite([LAW], "shopify", effort=Effort(examples=3, seed=4))
    """)
    result = run(project, "--pullpush-seed=77", "--pullpush-effort=2")
    result.assert_outcomes(failed=1)
    lines = result.stdout.lines
    start = lines.index("shopify breaks the law always-broken for cart")
    assert lines[start : start + 8] == [
        "shopify breaks the law always-broken for cart",
        "  law:   this never holds",
        "  seen:  2 histories were tried",
        "  after: 1. one thing",
        "         2. another",
        "  seed:  77",
        "  Fix:   nothing helps",
        "  again: pytest -k always-broken-cart --pullpush-seed=77 --pullpush-effort=2",
    ]
    result.stdout.no_fnmatch_line("*_law.py:*")


def test_what_the_options_leave_open_the_suite_says(project):
    project.makepyfile("""
        from pullpush_sdk.testing.conformance import Effort, Law, suite

        def check(subject, canonical_type, effort):
            assert (effort.examples, effort.seed) == (3, 5)

        LAW = Law(name="x", says="x", fix="x", ability="read", check=check, only=frozenset({"cart"}))
        test_it = suite([LAW], "shopify", effort=Effort(examples=3, seed=4))
    """)
    run(project, "--pullpush-seed=5").assert_outcomes(passed=1)


def test_the_fixtures(project):
    project.makepyfile("""
        from pullpush_sdk.connector import Page
        from pullpush_sdk.engine.ports import FlowSpec

        WAIT = {"fault": "status", "status": 429, "headers": {"Retry-After": "60"}, "body": {}, "times": 1}

        def test_the_seed(pullpush_effort):
            assert pullpush_effort.seed == 3

        def test_a_shop(pullpush_run, pullpush_shop, pullpush_connection, pullpush_sandbox, pullpush_clock):
            assert pullpush_connection is pullpush_shop.connection
            assert pullpush_sandbox.name == "shopify"
            before = pullpush_clock.monotonic()
            pullpush_sandbox.control.faults.replace([WAIT])
            events, _ = pullpush_run(pullpush_shop.sweep("product"))
            assert len(events) == 12
            assert pullpush_clock.monotonic() >= before + 60, "nobody waited for it"

        def test_an_engine(pullpush_run, pullpush_shop, pullpush_engine):
            flow = FlowSpec(name="f", source="a", destination="b", types=("product",))
            events, _ = pullpush_run(pullpush_shop.sweep("product"))
            counts = pullpush_run(pullpush_engine.append(flow, "product", Page(events=events, cursor=None)))
            assert counts.waiting == 12

        def test_a_project(pullpush_run, pullpush_project, tmp_path):
            assert (tmp_path / "pullpush.toml").is_file()
            done = pullpush_run(pullpush_project.until_done())
            assert done["product"]["delivered"] > 0
            assert pullpush_run(pullpush_project.records("right", "product"))
    """)
    run(project, "--pullpush-seed=3").assert_outcomes(passed=4)


def test_which_connector_is_asked_for_in_words(pytester):
    """Four are installed here, and nobody says which one is meant."""
    pytester.makepyfile("def test_it(pullpush_shop): pass")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["which connector is meant? installed: *linnworks*", "*Fix: override the fixture*"])


def test_a_fixture_may_be_overridden(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("""
        def test_it(pullpush_subject):
            assert pullpush_subject.loaded.name == "shopify"
    """)
    run(pytester).assert_outcomes(passed=1)


def test_a_context_that_does_not_open_is_the_fixture_s_error(project):
    project.makeconftest("""
        import attrs
        import pytest

        @pytest.fixture(scope="session")
        def pullpush_subject(pullpush_subject):
            def none(options):
                raise RuntimeError("no sandbox today")
            return attrs.evolve(pullpush_subject, sandbox=none)
    """)
    project.makepyfile("def test_it(pullpush_shop): pass")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: no sandbox today*"])


def test_who_uses_nothing_of_it_pays_nothing():
    """Every pytest run of an environment imports the plugin: it brings no module that is not there anyway."""
    code = (
        "import sys, pytest, asyncio; before = set(sys.modules);"
        "import pullpush_sdk.testing.pytest_plugin;"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('encodings')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pullpush_sdk', 'pullpush_sdk.testing', 'pullpush_sdk.testing.pytest_plugin']"
