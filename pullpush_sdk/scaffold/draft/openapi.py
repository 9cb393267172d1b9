"""An OpenAPI document as a sketch of its platform."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.openapi import (
    Api,
    Notice,
    Operation,
    Param,
    api_of,
    read_document,
    snake,
)
from pullpush_sdk.openapi.schemas import mapping, plain, sequence

from .security import auth_of_schemes
from .shapes import Sketch, SketchedNotice, SketchedOperation

__all__ = ["read_openapi"]

Json = Any
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_KEYS = re.compile(
    r"(?i)authorization|(x-)?([\w-]*[_-])?(api[_-]?key|(auth|access|api|session)[_-]?token|token|app[_-]?key)"
)
_READS = re.compile(r"(?i)get|list|search|find|query|all|filter|retrieve|fetch|look")


def read_openapi(file: Path) -> Sketch:
    """The sketch of a document in JSON or YAML.

    Raises:
        SetupError: it cannot be read, or is no OpenAPI document.
    """
    document = read_document(file)
    api = api_of(document)
    base_url, settings, gaps = _base_url(api)
    signing = auth_of_schemes(api.schemes or _sent_everywhere(api), _asked(api), base_url)
    return Sketch(
        title=api.title,
        base_url=base_url,
        auth=signing.auth,
        secrets=signing.secrets,
        settings={**settings, **signing.settings},
        headers=signing.headers,
        operations=tuple(_sketched(each) for each in api.operations),
        notices=tuple(_notice(each) for each in api.notices),
        gaps=gaps | ({"auth": signing.gap} if signing.gap else {}),
        document=document,
    )


def _asked(api: Api) -> list[tuple[str, ...]]:
    """The alternatives that requests are signed with: the document's own choice, else most of its operations' first."""
    own = [each for each in api.security or () if each]
    if own:
        return own
    counted = Counter(each.security[0] for each in api.operations if each.security and each.security[0])
    return [each for each, _ in counted.most_common()]


def _sent_everywhere(api: Api) -> dict[str, dict[str, Json]]:
    """The credential that most operations take as a parameter, where a document names no scheme."""
    counted = Counter(
        (each.place, each.name)
        for operation in api.operations
        for each in operation.params
        if each.place in ("header", "query") and _KEYS.fullmatch(each.name)
    )
    found = counted.most_common(1)
    if not found or found[0][1] * 2 < len(api.operations):
        return {}
    ((place, name), _) = found[0]
    return {name: {"type": "apiKey", "in": place, "name": name}}


def _sketched(operation: Operation) -> SketchedOperation:
    """An operation; shapes of what is never listed or written are left out, for a document may hold thousands."""
    answer = operation.accepted
    reads = operation.method == "GET" or _READS.search(operation.path.rsplit("/", 1)[-1]) is not None
    writes = operation.method in ("POST", "PUT", "PATCH") and operation.body is not None
    body = operation.body.shape if writes and operation.body is not None else None
    inside = tuple(
        Param(name=name, place="body", kind=each.kind, format=each.format, required=name in body.required,
              example=each.example if each.example is not None else each.default, default=each.default, most=each.most,
              enum=each.enum)
        for name, each in body.properties.items()
    ) if body is not None and reads else ()  # fmt: skip
    return SketchedOperation(
        method=operation.method,
        path=operation.path,
        params=(*operation.params, *inside),
        answer=answer.shape if answer is not None and reads else None,
        body=body,
        form=operation.body is not None and operation.body.form,
        example=answer.example if answer is not None else None,
        answer_headers=answer.headers if answer is not None else frozenset(),
        words=operation.words,
    )


def _notice(notice: Notice) -> SketchedNotice:
    return SketchedNotice(
        name=notice.name,
        body=notice.body.shape,
        headers=tuple(each.name for each in notice.headers),
        words=notice.words,
    )


def _base_url(api: Api) -> tuple[str, dict[str, Json], dict[str, str]]:
    """The first server's address, its variables as settings, and what is wrong with it."""
    settings: dict[str, Json] = {}
    url = re.sub(r"<([^<>/]+)>", r"{\1}", next(iter(api.servers), ""))
    url = re.sub(r"^(\w+://)+(?=\w+://)", "", url)
    for name in dict.fromkeys(re.findall(r"\{([^{}]+)\}", url)):
        variable = mapping(api.variables.get(name))
        default = str(variable.get("default") or "")
        if "/" in default or url.startswith(f"{{{name}}}:"):  # a whole address, a path, or the scheme
            url = url.replace(f"{{{name}}}", default or "https")
            continue
        setting = snake(name)
        url = url.replace(f"{{{name}}}", f"{{{{{setting}}}}}")
        words = [str(each) for each in sequence(variable.get("enum")) if plain(each)]
        settings[setting] = (
            {"type": "string"}
            | ({"enum": words} if words and (not default or default in words) else {})
            | ({"default": default} if default else {})
        )
    return _checked_url(url, settings)


def _checked_url(url: str, settings: dict[str, Json]) -> tuple[str, dict[str, Json], dict[str, str]]:
    plain_url = re.sub(r"\{\{\w+\}\}", "x", url)
    try:
        parts, host = urlsplit(url), urlsplit(plain_url).hostname or ""
    except ValueError:
        return "", {}, {"base_url": "the document's address is no URL; this host is made up"}
    if parts.scheme in ("http", "https") and _HOST.fullmatch(host) and not set("{}<>?# ") & set(plain_url):
        gaps = {}
        if host in ("example.com", "localhost", "127.0.0.1") or host.endswith((".example", ".example.com")):
            gaps["base_url"] = "the document names an example's address"
        if parts.scheme == "http":
            words = "the document says http; credentials travel over https only"
            url, gaps["base_url"] = f"https{url[4:]}", "; ".join(filter(None, [gaps.get("base_url"), words]))
        return url.rstrip("/"), settings, gaps
    path = parts.path if not parts.netloc and not parts.scheme and not set("{}<>?# ") & set(parts.path) else ""
    return "", {}, {"base_url": "the document names no address; this host is made up", "base_path": path.rstrip("/")}
