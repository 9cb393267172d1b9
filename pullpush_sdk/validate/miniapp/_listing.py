"""Rules 1 to 11: identity and listing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

from ._document import MiniApp

Json = Any
_TEXTS = ("ns", "name", "type", "title", "label", "description", "shortDescription", "status", "version", "category")
_REQUIRED = (*_TEXTS, "icon", "logo", "docsUrl")
_TYPES = {
    "auth": (dict, "an object"),
    "actions": (list, "a list"),
    "triggers": (list, "a list"),
    "webhook": (dict, "an object"),
    "sync": (dict, "an object"),
    "source": (dict, "an object"),
    "functions": (dict, "an object"),
    "dashboardApps": (list, "a list"),
    "youtubeId": (str, "text"),
}
_LISTED = ("userGuide", "features", "screenShots", "price", "author", "categories")
_NS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
CATEGORIES = ("ecommerce", "productivity", "communication", "marketing", "developer", "payment", "social", "storage")
_CATEGORIES = (*CATEGORIES, "analytics", "crm")
_SHORT = 120


def check(_case: Case, app: MiniApp) -> Iterator[Problem]:
    """The listing of a whole document."""
    if not app.whole:
        return
    yield from _required(app)
    yield from _names(app)
    yield from _values(app)
    yield from _links(app)
    yield from _words(app)
    yield from _unknown(app)


def _required(app: MiniApp) -> Iterator[Problem]:
    value = app.root.value
    for key in _REQUIRED:
        if value.get(key) is None:
            yield app.problem(1, "$", f"`{key}` is missing", "every listing needs it")
        elif not isinstance(value[key], str):
            yield app.problem(1, f"$.{key}", f"`{key}` is not text")
        elif not value[key].strip():
            yield app.problem(1, f"$.{key}", f"`{key}` is empty")
    if value.get("auth") is None:
        yield app.problem(1, "$", "`auth` is missing", "type, sensitiveKeys, config")
    for key, (kind, words) in _TYPES.items():
        if value.get(key) is not None and not isinstance(value[key], kind):
            yield app.problem(1, f"$.{key}", f"`{key}` is not {words}")


def _names(app: MiniApp) -> Iterator[Problem]:
    root = app.root
    ns = root.text("ns")
    if ns and not _NS.fullmatch(ns):
        yield app.problem(2, "$.ns", f"`{ns[:40]}` is no kebab case", "lower-case letters, digits and single hyphens")
    for key in ("name", "type"):
        if ns and root.text(key) and root.text(key) != ns:
            yield app.problem(3, f"$.{key}", f"`{key}` is not `{ns[:40]}`", "name, type and ns are usually one word")


def _values(app: MiniApp) -> Iterator[Problem]:
    root = app.root
    status, version, category = root.text("status"), root.text("version"), root.text("category")
    if status and status not in {"public", "private"}:
        yield app.problem(4, "$.status", f"expected public or private, found `{status[:20]}`", "private while a draft")
    elif status == "public":
        yield app.problem(4, "$.status", "public is set by the marketplace", "private while a draft")
    if version and not _SEMVER.fullmatch(version):
        yield app.problem(5, "$.version", f"`{version[:20]}` is no semantic version", "three numbers, such as 1.0.0")
    if category and category not in _CATEGORIES:
        yield app.problem(6, "$.category", f"`{category[:30]}` is no category", ", ".join(_CATEGORIES))


def _links(app: MiniApp) -> Iterator[Problem]:
    root = app.root
    for key in ("icon", "logo"):
        url = root.text(key)
        if not url:
            continue
        if not url.startswith("https://"):
            yield app.problem(7, f"$.{key}", f"`{key}` is no https address", "an address on your own host")
            continue
        parts = _split(url)
        if not parts.path.lower().endswith((".svg", ".png")):
            yield app.problem(7, f"$.{key}", f"`{key}` is neither SVG nor PNG", "an .svg or .png file")
        if parts.netloc == "cdn.karzoun.com":
            yield app.problem(7, f"$.{key}", f"`{key}` stands on the marketplace's own host", "use your own host")
    docs = root.text("docsUrl")
    if docs and (not docs.startswith("https://") or _split(docs).netloc == "docs.karzoun.chat"):
        yield app.problem(8, "$.docsUrl", "expected the https address of your own guide", "not the marketplace's docs")


def _split(url: str) -> Json:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _words(app: MiniApp) -> Iterator[Problem]:
    root = app.root
    short, text = root.text("shortDescription"), root.text("description")
    if len(short) > _SHORT:
        yield app.problem(9, "$.shortDescription", f"{len(short)} characters", f"at most {_SHORT}")
    if text and not re.search(r"^\s*\d+[.)]\s", text, re.MULTILINE):
        yield app.problem(10, "$.description", "no numbered steps of setting up", "1. … 2. … 3. …")
    if text and app.triggers() and not re.search(r"^\s*\|.*\|", text, re.MULTILINE):
        yield app.problem(10, "$.description", "no table of the events", "| event | meaning |")


def _unknown(app: MiniApp) -> Iterator[Problem]:
    known = (*_REQUIRED, *_TYPES, *_LISTED)
    import difflib  # noqa: PLC0415

    for key in app.root.value:
        if key == "provisioning":
            yield app.problem(11, "$.provisioning", "`provisioning` is for the marketplace's own apps", "remove it")
        elif key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            path = f"$.{key}" if str(key).isidentifier() else "$"
            yield app.problem(11, path, f"unknown key `{str(key)[:40]}`", f"did you mean {near[0]}?" if near else "")
    webhook = app.root.part("webhook")
    for key in ("merchantExtraction", "uninstallEvents"):
        if key in webhook.value:
            yield app.problem(11, webhook.at(key), f"`{key}` is for the marketplace's own apps", "remove it")
