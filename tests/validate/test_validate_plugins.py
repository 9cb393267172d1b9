"""The plugins of this repository as a reviewer would see them: no error, and as safe as validation can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullpush_sdk.validate import Effort, Options, validate

PLUGINS = sorted(path.parent for path in (Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("folder", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_is_commerce_safe(folder):
    report = validate(str(folder), Options(effort=Effort(seconds=240))).report
    assert [f"{each.code} {each.path}: {each.message}" for each in report.of("error")] == []
    assert report.level == "commerce-safe", report.missing
