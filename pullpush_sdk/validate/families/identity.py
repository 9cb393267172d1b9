"""Who the connector says it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

CATEGORIES = frozenset(
    {"ecommerce", "productivity", "communication", "marketing", "developer", "payment", "social", "storage"}
    | {"analytics", "crm", "accounting", "erp", "marketplace", "shipping", "pos", "inventory"}
)
_TEMPLATE = re.compile(
    r"\b(lorem ipsum|todo|fixme|changeme|change me|your connector|describe (it|this) here)\b", re.IGNORECASE
)

_OTHER = re.compile(r"\bacme\.example\b", re.IGNORECASE)


def check(case: Case) -> Iterator[Problem]:
    """Listing texts, links, and that names agree."""
    manifest = case.manifest
    if manifest is None or manifest.origin != "manifest":
        return
    if not manifest.docs:
        yield case.at("identity-docs", "$", "no `docs`: nobody finds the platform's guide", "add docs: https://…")
    elif not manifest.docs.startswith("https://"):
        yield case.at("identity-docs", "$.docs", "expected an https address", "write https://…")
    if not manifest.description.strip():
        yield case.at("identity-description", "$", "no `description`", "say in a sentence what it connects")
    if not manifest.categories:
        yield case.at("identity-category", "$", "no `categories`", "add categories: [ecommerce]")
    for index, each in enumerate(manifest.categories):
        if each not in CATEGORIES:
            known = ", ".join(sorted(CATEGORIES))
            yield case.at("identity-category", f"$.categories[{index}]", f"`{each[:40]}` is no category", known)
    for name in ("title", "description"):
        if _TEMPLATE.search(getattr(manifest, name)):
            yield case.at("identity-template-text", f"$.{name}", "text of a template", "write your own")
    for name in ("docs", "base_url", "title", "description"):
        if manifest.name != "acme" and _OTHER.search(getattr(manifest, name)):
            yield case.at("identity-template-text", f"$.{name}", "the template's own platform", "write your own")
    entry = case.target.entry_point
    if entry and entry != manifest.name:
        yield case.at(
            "identity-name",
            "$.name",
            f"the entry point is named {entry!r}, the connector {manifest.name!r}",
            "use one name for both: connections pick a connector by it",
        )
