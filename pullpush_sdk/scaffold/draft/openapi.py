"""An OpenAPI document as a sketch of its platform."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.openapi import Api, Notice, Operation, Param, read_api, snake
from pullpush_sdk.openapi.schemas import mapping

from .security import auth_of_schemes
from .shapes import Sketch, SketchedNotice, SketchedOperation

__all__ = ["read_openapi"]

Json = Any
_READS = re.compile(r"(?i)get|list|search|find|query|all|filter")


def read_openapi(file: Path) -> Sketch:
    """The sketch of a document in JSON or YAML.

    Raises:
        SetupError: it cannot be read, or is no OpenAPI document.
    """
    api = read_api(file)
    base_url, settings, gaps = _base_url(api)
    auth, secrets, more, gap = auth_of_schemes(api.schemes)
    return Sketch(
        title=api.title,
        base_url=base_url,
        auth=auth,
        secrets=secrets,
        settings={**settings, **more},
        operations=tuple(_sketched(each) for each in api.operations),
        notices=tuple(_notice(each) for each in api.notices),
        gaps=gaps | ({"auth": gap} if gap else {}),
    )


def _sketched(operation: Operation) -> SketchedOperation:
    """An operation; shapes of what is never listed or written are left out, for a document may hold thousands."""
    answer = operation.accepted
    reads = operation.method == "GET" or _READS.search(operation.path.rsplit("/", 1)[-1]) is not None
    writes = operation.method in ("POST", "PUT", "PATCH") and operation.body is not None
    body = operation.body.shape if writes and operation.body is not None else None
    inside = tuple(
        Param(name=name, place="body", kind=each.kind, format=each.format, required=name in body.required,
              example=each.example if each.example is not None else each.default, default=each.default, most=each.most)
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
    url = next(iter(api.servers), "")
    for name, variable in api.variables.items():
        setting = snake(str(name))
        url = url.replace(f"{{{name}}}", f"{{{{{setting}}}}}")
        default = mapping(variable).get("default")
        settings[setting] = {"type": "string"} | ({"default": str(default)} if default else {})
    return _checked_url(url, settings)


def _checked_url(url: str, settings: dict[str, Json]) -> tuple[str, dict[str, Json], dict[str, str]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", settings, {"base_url": "the document's address is no URL"}
    if parts.scheme in ("http", "https") and parts.netloc and "{" not in url.replace("{{", "").replace("}}", ""):
        gaps = {}
        if parts.netloc.split(":")[0] in ("example.com", "localhost", "127.0.0.1") or parts.netloc.endswith(".example"):
            gaps["base_url"] = "the document names an example's address"
        if parts.scheme == "http":
            words = "the document says http; credentials travel over https only"
            url, gaps["base_url"] = f"https{url[4:]}", "; ".join(filter(None, [gaps.get("base_url"), words]))
        return url.rstrip("/"), settings, gaps
    path = parts.path if not parts.netloc and "{" not in parts.path else ""
    return "", settings, {"base_url": "the document names no address", "base_path": path.rstrip("/")}
