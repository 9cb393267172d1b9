"""A Karzoun MiniApp document, or one block of it, as a Manifest that runs as a source.

The format is described in the vendor's guides; both of its generations and both handler shapes are read. Where the
guides are silent, the reading is named in docs/reference/miniapp.md. Requests, webhooks and maps are translated; what
a source has no use for (triggers, actions, listing texts) is kept in `Manifest.extra` by its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

import attrs

from pullpush_sdk.errors import Problem

from ._document import Document, Json, refuse
from ._miniapp_auth import read_access
from ._miniapp_report import Block, Report
from ._miniapp_request import read_texts
from ._miniapp_settings import read_settings
from ._miniapp_sync import read_limits, read_resources
from ._miniapp_webhook import read_webhook
from ._model import Manifest, Resource
from ._requests import requests_of
from ._schema import is_a
from ._template import placeholders

_RESOURCE = frozenset({"contentType", "endpoints", "apiMapping"})
_WHOLE = frozenset({"ns", "sync", "auth", "webhook", "triggers"})
_ALL = ("ns", "title", "version", "auth", "triggers", "webhook", "sync")
_LISTING = frozenset(
    {"type", "label", "shortDescription", "status", "icon", "logo", "youtubeId", "actions", "triggers", "source"}
    | {"functions", "dashboardApps", "userGuide", "features", "screenShots", "price", "author", "categories"}
)
_AUTH = frozenset({"refresh_token", "auto_refresh", "registrationRequests"})
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@attrs.frozen(kw_only=True)
class Translated:
    """A manifest with what there is to say about how it was read; `paths`: its parts to those of the document."""

    manifest: Manifest
    notes: Sequence[Problem]
    paths: Mapping[str, str]


def is_miniapp(value: Json) -> bool:
    """Whether a document is one of a MiniApp, or a block of one, by its keys."""
    if not isinstance(value, dict):
        return False
    if value.keys() & {"ns", "sync", "syncConfiguration"}:
        return True
    return _is_sync(value) or _is_resource(value) or _holds_resources(value)


def translate(document: Document) -> Translated:
    """The manifest of a MiniApp document or block.

    Raises:
        ManifestError: a part does not have the shape that the format gives it; every finding is in it.
    """
    if not isinstance(document.value, dict):
        message = f"expected an object, found {is_a(document.value)}"
        raise refuse(document.file, [document.problem(message, "$", code="miniapp-value")])
    report = Report(document)
    manifest = _manifest(Block(document.value, "$", report), report)
    if report.problems:
        problems = sorted(report.problems, key=lambda each: (each.line or 0, each.column or 0))
        raise refuse(document.file, problems)
    return Translated(manifest=manifest, notes=tuple(report.notes), paths=report.paths)


def _is_sync(value: Mapping[str, Json]) -> bool:
    webhooks = value.get("webhooks")
    handled = isinstance(webhooks, dict) and "handlers" in webhooks
    return bool(value.keys() & {"baseUrl", "syncConfiguration"}) or _holds_resources(value.get("resources")) or handled


def _is_resource(value: Json) -> bool:
    return isinstance(value, dict) and bool(value.keys() & _RESOURCE)


def _holds_resources(value: Json) -> bool:
    return isinstance(value, dict) and any(_is_resource(each) for each in value.values())


@attrs.frozen(kw_only=True)
class _Parts:
    """Where a document's parts stand; a bare block has only some of them."""

    whole: Block | None = None
    sync: Block | None = None
    resources: Sequence[tuple[str, Block]] = ()
    absent: tuple[str, ...] = ()


def _parts(root: Block) -> _Parts:
    value = root.value
    if value.keys() & _WHOLE:
        sync = root.block("sync")
        absent = tuple(name for name in _ALL if not root.has(name))
        return _Parts(whole=root, sync=sync, resources=_members(sync), absent=absent + _absent_sync(sync))
    absent = tuple(name for name in _ALL if name != "sync")
    if _is_sync(value):
        # Resources or handlers pasted without what stands around them have no room for a base URL.
        around = () if value.keys() & {"baseUrl", "headers", "syncConfiguration"} else ("sync.baseUrl",)
        return _Parts(sync=root, resources=_members(root), absent=absent + around + _absent_sync(root))
    absent = (*absent, "sync.baseUrl", "sync.headers", "sync.syncConfiguration", "sync.webhooks")
    if _is_resource(value):
        name = value.get("name")
        return _Parts(resources=[(name if isinstance(name, str) and name else "records", root)], absent=absent)
    return _Parts(resources=list(root.members()), absent=absent)


def _members(sync: Block | None) -> Sequence[tuple[str, Block]]:
    return list(sync.blocks("resources")) if sync is not None else ()


def _absent_sync(sync: Block | None) -> tuple[str, ...]:
    names = ("syncConfiguration", "resources", "webhooks")
    return tuple(f"sync.{name}" for name in names if not sync.has(name)) if sync is not None else ()


def _manifest(root: Block, report: Report) -> Manifest:
    parts = _parts(root)
    whole, sync = parts.whole, parts.sync
    limits, enabled = read_limits(sync)
    resources = read_resources(parts.resources, enabled=enabled, report=report)
    auth = whole.block("auth") if whole is not None else None
    headers = read_texts(sync, "headers") if sync is not None else {}
    access = read_access(auth, headers, report)
    webhook = read_webhook(whole.block("webhook") if whole is not None else None, sync, resources, report)
    base_url = sync.template("baseUrl") if sync is not None else ""
    manifest = Manifest(
        **_identity(whole, report),
        base_url=base_url or _origin_of(resources.values()),
        headers=access.headers,
        auth=access.auth,
        limits=limits,
        check=access.check,
        resources=resources,
        webhook=webhook,
        origin="miniapp" if whole is not None and whole.has("ns") else "miniapp-sync",
        absent=parts.absent,
    )
    settings = read_settings(auth, used=_used(manifest), managed=access.managed, report=report)
    if sync is not None:
        report.stands_for("$.base_url", sync.at("baseUrl"))
        report.stands_for("$.headers", sync.at("headers"))
        report.stands_for("$.auth.place", sync.at("headers"))
        sync.close()
    if auth is not None:
        _close_auth(auth)
    if whole is not None:
        whole.close(_LISTING)
    return attrs.evolve(
        manifest, settings=settings.schema, secrets=settings.secrets, hosts=_hosts(manifest), extra=report.extra
    )


def _identity(whole: Block | None, report: Report) -> dict[str, Json]:
    """Name, title and what else a catalogue shows; a bare block takes its name from the file."""
    stem = PurePath(report.document.file).stem
    if whole is None:
        return {"name": _slug(stem), "title": stem or "MiniApp", "version": "0.0.0"}
    ns = whole.text("ns")
    if ns and not _SLUG.fullmatch(ns):
        report.note(f"`{ns[:60]}` is no kebab case name", whole.at("ns"), f"read as {_slug(ns)}")
    name = whole.text("name")
    title = whole.text("title") or whole.text("label") or name or ns or stem or "MiniApp"
    category = whole.text("category")
    return {
        "name": _slug(ns or stem),
        "title": title,
        "version": whole.text("version", "0.0.0"),
        "docs": whole.text("docsUrl"),
        "description": whole.text("description"),
        "categories": (category,) if category else (),
    }


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:64].strip("-") or "miniapp"


def _close_auth(auth: Block) -> None:
    if auth.has("registrationRequests"):
        auth.report.note("registrationRequests are kept and not run", auth.at("registrationRequests"))
    auth.close(_AUTH)


def _used(manifest: Manifest) -> frozenset[str]:
    """The names that templates ask the settings for; a placement speaks of the token only."""
    auth = attrs.asdict(manifest.auth, filter=lambda attribute, _: attribute.name != "place")
    requests = [attrs.asdict(site.request) for site in requests_of(manifest)]
    verification = manifest.webhook.verification if manifest.webhook is not None else None
    secret = verification.secret if verification is not None else ""
    return placeholders([auth, requests, dict(manifest.headers), manifest.base_url, secret])


def _origin_of(resources: Iterable[Resource]) -> str:
    """Scheme and host of the first absolute list URL, for a document that states no base URL."""
    for resource in resources:
        if resource.list is not None and "://" in resource.list.path:
            scheme, _, rest = resource.list.path.partition("://")
            return f"{scheme}://{rest.partition('/')[0]}"
    return ""


def _hosts(manifest: Manifest) -> tuple[str, ...]:
    """The further hosts that the document's own URLs name."""
    found: dict[str, None] = {}
    for site in requests_of(manifest):
        _, absolute, rest = site.request.path.partition("://")
        if absolute:
            found[rest.partition("/")[0].partition("?")[0]] = None
    base = manifest.base_url.partition("://")[2].partition("/")[0]
    return tuple(host for host in found if host and host != base)
