"""The laws as tests of a connector's own suite: one parametrised pytest function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pullpush_sdk.plugins import load_plugins

from ._law import BrokenLawError, Effort, Law, NotProvenError
from ._subject import Subject

if TYPE_CHECKING:
    import pytest

__all__ = ["suite"]


def suite(laws: Iterable[Law], name: str, *, effort: Effort | None = None, **options: Any) -> Callable[..., None]:
    """A test function over every law and canonical type of the installed connector `name`.

    `options` are those of `Subject`. A law that the sandbox cannot play is skipped, with the reason. What
    `--pullpush-seed` and `--pullpush-effort` say goes before `effort`. A broken law fails with its message alone: the
    traceback would be ours, not the connector's.

    Raises:
        PluginError: no such connector is installed.
    """
    import pytest  # noqa: PLC0415 - validation tries the laws without it

    from pullpush_sdk.testing.pytest_plugin import effort_of  # noqa: PLC0415

    plugins = load_plugins(only=name)
    if name not in plugins.connectors:  # its entry point has another name, or it did not load: say what there is
        plugins = load_plugins()
    subject = Subject.of(plugins, name, **options)
    cases = [
        pytest.param(law, canonical_type, id=f"{law.name}-{canonical_type}")
        for law in laws
        for canonical_type in law.types(subject)
    ]

    @pytest.mark.parametrize(("law", "canonical_type"), cases)
    def test(law: Law, canonical_type: str, pytestconfig: pytest.Config) -> None:
        skipped = failed = ""
        try:
            law.run(subject, canonical_type, effort_of(pytestconfig, effort))
        except NotProvenError as why:
            skipped = f"not proven: {why}"
        except BrokenLawError as error:
            failed = str(error)
        # Behind the handlers: within them pytest would tell everything twice.
        if skipped:
            pytest.skip(skipped)
        if failed:
            pytest.fail(failed, pytrace=False)

    return test
