"""Every plugin of this checkout has its page on the site, which is the plugin's own README."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/README.md"))


def listed():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    (pages,) = (each["Platforms"] for each in nav if "Platforms" in each)
    return [path for page in pages for path in page.values()]


def test_the_site_lists_every_platform():
    assert sorted(listed()) == [f"platforms/{name}.md" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_the_readme(name):
    page = ROOT / "docs/platforms" / f"{name}.md"
    assert page.resolve() == (ROOT / "plugins" / name / "README.md").resolve()
