"""Every request of a manifest, with its place and what the runtime offers to its templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ._document import below
from ._model import Manifest, Push, Resource
from ._model_auth import Auth, SessionAuth
from ._model_http import Pagination, Request, Response

OFFERED_TO_MINIAPPS = frozenset({"webhookUrl", "subdomain", "uid", "code", "redirect_uri"})


@attrs.frozen(kw_only=True)
class Site:
    """One request: `offers` are the first parts of names that its templates may use beside settings and secrets.

    `pagination` and `response` are those of a list, None elsewhere.
    """

    path: str
    request: Request
    offers: frozenset[str] = frozenset()
    pagination: Pagination | None = None
    response: Response | None = None


def requests_of(manifest: Manifest) -> Iterator[Site]:
    """The requests in the document's order; those of auth are not among them, since they go to hosts of their own."""
    if manifest.check is not None:
        yield Site(path="$.check.request", request=manifest.check.request)
    if manifest.locations is not None:
        yield _listed("$.locations", manifest.locations.list, manifest.locations)
    for name, resource in manifest.resources.items():
        yield from _of_resource(below("$.resources", name), resource)
    for name, push in manifest.push.items():
        yield from _of_push(below("$.push", name), push)


def exchange_of(auth: Auth) -> Request | None:
    """The request that opens a session."""
    return auth.exchange if isinstance(auth, SessionAuth) else None


def _listed(path: str, request: Request, owner: Any, *offers: str) -> Site:
    return Site(
        path=f"{path}.list",
        request=request,
        offers=frozenset(offers),
        pagination=owner.pagination,
        response=owner.response,
    )


def _of_resource(path: str, resource: Resource) -> Iterator[Site]:
    item = ("item",) if resource.for_each is not None else ()
    if resource.list is not None:
        yield _listed(path, resource.list, resource, "since", *item)
    if resource.for_each is not None:
        yield _listed(f"{path}.for_each", resource.for_each.list, resource.for_each)
    offers = frozenset({"record", *item})
    if resource.details is not None:
        yield Site(path=f"{path}.details", request=resource.details, offers=offers)
    for index, attach in enumerate(resource.attach):
        yield Site(
            path=f"{path}.attach[{index}].request",
            request=attach.request,
            offers=offers,
            pagination=attach.pagination,
            response=attach.response,
        )


def _of_push(path: str, push: Push) -> Iterator[Site]:
    if push.find is not None:
        yield Site(path=f"{path}.find.request", request=push.find.request, offers=frozenset({"record", "delivery"}))
    for field, find in push.find_by.items():
        offers = frozenset({"record", "delivery"})
        yield Site(path=below(f"{path}.find_by", field) + ".request", request=find.request, offers=offers)
    for part in ("create", "update", "archive", "bulk"):
        write = getattr(push, part)
        if write is not None:
            offers = frozenset() if part == "bulk" else frozenset({"record", "native", "delivery"})
            yield Site(path=f"{path}.{part}.request", request=write.request, offers=offers)
