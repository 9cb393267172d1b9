"""Which recorded exchanges belong to which request of a manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.manifest import Manifest, Request, Resource, SessionAuth
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Exchange, Samples

Json = Any
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")


def exchanges_of(manifest: Manifest, request: Request, samples: Samples) -> list[Exchange]:
    """The exchanges of a request: same method, a path that its template fits, and the same GraphQL operation."""
    pattern = path_pattern(manifest, request)
    return [
        each
        for each in samples.exchanges
        if each.method == request.method and pattern.fullmatch(each.path) and same_operation(request, each.sent)
    ]


def is_described(manifest: Manifest, request: Request, samples: Samples) -> bool:
    """Whether a document beside the samples has a request."""
    path = urlsplit(_PLACEHOLDER.sub("PLACEHOLDER", request.path)).path
    base = urlsplit(_PLACEHOLDER.sub("PLACEHOLDER", manifest.base_url)).path.rstrip("/")
    wanted = {_named(path), _named(f"{base}{path}")}
    for each in samples.documents:
        bases = {"", *(urlsplit(server).path.rstrip("/") for server in each.api.servers if "[" not in server)}
        for operation in each.api.operations:
            if operation.method == request.method and wanted & {_named(f"{one}{operation.path}") for one in bases}:
                return True
    return False


def _named(path: str) -> str:
    """A path with every placeholder alike."""
    return re.sub(r"PLACEHOLDER|\{[^{}]*\}", "{}", path).rstrip("/")


def path_pattern(manifest: Manifest, request: Request) -> re.Pattern[str]:
    """The paths that a request's template fits, with or without the path of the base URL in front."""
    path = urlsplit(_PLACEHOLDER.sub("PLACEHOLDER", request.path)).path
    if isinstance(manifest.auth, SessionAuth) and manifest.auth.base_url:
        # The session says where its server is; any path may stand in front.
        return re.compile(f"(?:/.*)?{_open(path)}/?")
    base = urlsplit(_PLACEHOLDER.sub("PLACEHOLDER", manifest.base_url)).path.rstrip("/")
    return re.compile(f"(?:{_open(base)})?{_open(path)}/?" if base else f"{_open(path)}/?")


def _open(path: str) -> str:
    return "[^?]+".join(re.escape(part) for part in path.split("PLACEHOLDER"))


def same_operation(request: Request, body: Json) -> bool:
    """Whether a recorded body is of the same operation: its GraphQL query, or the fixed words of its JSON."""
    if request.query is None:
        return _same_words(request.json, body)
    sent = body.get("query") if isinstance(body, dict) else None
    return isinstance(sent, str) and sent.split() == request.query.split()


def _same_words(template: Json, body: Json) -> bool:
    """Whether a recorded body has the words that a JSON template fixes: addresses that several calls share."""
    if isinstance(template, Mapping):
        return not isinstance(body, dict) or all(
            _same_words(each, body[key]) for key, each in template.items() if key in body
        )
    if isinstance(template, list | tuple):
        return not isinstance(body, list) or all(map(_same_words, template, body))
    return not isinstance(template, str) or "{{" in template or not isinstance(body, str) or template == body


def list_records(manifest: Manifest, resource: Resource, samples: Samples) -> Iterator[tuple[str, Json]]:
    """Every recorded record of a resource's list with the place it comes from; bare samples of its name too."""
    if resource.list is not None:
        for each in exchanges_of(manifest, resource.list, samples):
            if each.status < 300:
                yield from _records(each.body, resource, f"{each.sample}: {each.place}")
    for name in {resource.name, resource.canonical_type}:
        if name in samples.answers:
            yield from _records(samples.answers[name], resource, name)


def _records(answer: Json, resource: Resource, place: str) -> Iterator[tuple[str, Json]]:
    try:
        found = read_path(answer, resource.response.records or "$")
    except ValueError:
        return
    if found is UNSET or found is None:
        return
    for index, each in enumerate(found if isinstance(found, list) else [found]):
        yield f"{place}, record {index}", each
