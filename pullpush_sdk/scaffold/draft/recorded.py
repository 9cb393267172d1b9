"""Recorded exchanges as a sketch of their platform: sample files, HAR recordings, Postman collections.

Credentials are taken out as they are read: what travels in a known header or parameter becomes a placeholder.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pullpush_sdk.errors import SetupError
from pullpush_sdk.openapi import snake, words_of

from .shapes import Param, Sketch, SketchedOperation, shape_of_examples

__all__ = ["read_har", "read_postman", "read_samples"]

Json = Any
_LARGEST = 64 * 1024 * 1024
_KEPT = frozenset({"content-type", "accept", "link", "retry-after"})
_SECRET = re.compile(r"(?i)token|secret|api[-_]?key|authorization|password|signature|session|cookie")
_ID = re.compile(r"\d+|[0-9a-fA-F-]{16,}|[A-Za-z]+_[A-Za-z0-9]{8,}")


def read_samples(files: Sequence[Path]) -> Sketch:
    """Files of recorded exchanges, or of bare answers, which are taken for the list that the file is named after.

    Raises:
        SetupError: a file is no JSON, or holds nothing that could be an answer.
    """
    exchanges: list[Json] = []
    for file in files:
        content = _json(file)
        if isinstance(content, dict) and isinstance(content.get("exchanges"), list):
            exchanges += [_cleaned(each) for each in content["exchanges"] if _is_exchange(each)]
        elif isinstance(content, dict | list) and content:
            path = "/" + "-".join(words_of(file.stem) or ("records",))
            body = content if isinstance(content, list) or _holds_list(content) else [content]
            exchanges.append({"request": {"method": "GET", "path": path}, "answer": {"status": 200, "body": body}})
        else:
            raise SetupError(f"{file} holds no answer", hint="a JSON object or list, as the platform sends it")
    return _sketch(exchanges, title="", origin="the samples do not say where they come from")


def read_har(file: Path) -> Sketch:
    """What a browser or proxy recorded.

    Raises:
        SetupError: it is no HAR file, or holds no JSON answer.
    """
    content = _json(file)
    entries = (
        content.get("log", {}).get("entries")
        if isinstance(content, dict) and isinstance(content.get("log"), dict)
        else None
    )
    if not isinstance(entries, list):
        raise SetupError(f"{file} is no HAR recording", hint="it has `log.entries`")
    exchanges = [found for entry in entries if isinstance(entry, dict) and (found := _har_exchange(entry)) is not None]
    if not exchanges:
        raise SetupError(f"{file} holds no JSON answer", hint="record requests to the platform's API, with contents")
    return _sketch(exchanges, title="", origin="")


def read_postman(file: Path) -> Sketch:
    """A collection (v2): its requests, and the answers that were saved with them.

    Raises:
        SetupError: it is no collection, or no answer was saved.
    """
    content = _json(file)
    if not isinstance(content, dict) or not isinstance(content.get("item"), list):
        raise SetupError(f"{file} is no Postman collection", hint="export it as Collection v2.1")
    exchanges = [each for item in _items(content["item"]) for each in _postman_exchanges(item)]
    if not exchanges:
        raise SetupError(f"{file} has no saved answers", hint="save an example answer for each list, and export again")
    info = content.get("info")
    return _sketch(exchanges, title=str(info.get("name", "")) if isinstance(info, dict) else "", origin="")


def _json(file: Path) -> Json:
    try:
        if file.stat().st_size > _LARGEST:
            raise SetupError(f"{file} is larger than {_LARGEST // 1024 // 1024} MB", hint="cut it down")
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SetupError(f"{file} is no JSON: {' '.join(str(error).split())[:160]}") from error


def _is_exchange(each: Json) -> bool:
    return (
        isinstance(each, dict)
        and isinstance(each.get("request"), dict)
        and isinstance(each.get("answer"), dict)
        and isinstance(each["request"].get("path"), str)
    )


def _holds_list(content: Mapping[str, Json]) -> bool:
    inner = [value for value in content.values() if isinstance(value, dict)]
    return any(
        isinstance(value, list) and value and isinstance(value[0], dict)
        for each in (content, *inner)
        for value in each.values()
    ) and not any(isinstance(content.get(name), str | int) for name in ("id", "sku", "uuid"))


def _har_exchange(entry: Mapping[str, Json]) -> Json | None:
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return None
    text = (response.get("content") or {}).get("text") if isinstance(response.get("content"), dict) else None
    try:
        body = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(body, dict | list):
        return None
    answer = {"status": response.get("status", 200), "headers": _pairs(response.get("headers")), "body": body}
    made = {
        "method": str(request.get("method", "GET")),
        "path": str(request.get("url", "")),
        "headers": _pairs(request.get("headers")),
    }
    return _cleaned({"request": made, "answer": answer})


def _items(items: Sequence[Json]) -> Iterator[Mapping[str, Json]]:
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, dict) and isinstance(item.get("item"), list):
            waiting[:0] = item["item"]
        elif isinstance(item, dict):
            yield item


def _postman_exchanges(item: Mapping[str, Json]) -> Iterator[Json]:
    for response in item.get("response") or ():
        if not isinstance(response, dict):
            continue
        request = response.get("originalRequest") or item.get("request")
        try:
            body = json.loads(str(response.get("body")))
        except ValueError:
            continue
        if not isinstance(request, dict) or not isinstance(body, dict | list):
            continue
        url = request.get("url")
        raw = str(url.get("raw", "")) if isinstance(url, dict) else str(url or "")
        raw = re.sub(r"^\{\{[^{}]+\}\}", "https://api.acme.example", raw)
        raw = re.sub(r"\{\{([^{}]+)\}\}", lambda found: snake(found[1]), raw)
        made = {
            "method": str(request.get("method", "GET")),
            "path": raw,
            "headers": _pairs(request.get("header"), "key"),
        }
        answer = {"status": response.get("code", 200), "headers": _pairs(response.get("header"), "key"), "body": body}
        yield _cleaned({"request": made, "answer": answer})


def _pairs(headers: Json, name: str = "name") -> dict[str, str]:
    if not isinstance(headers, list):
        return {}
    return {str(each.get(name)): str(each.get("value")) for each in headers if isinstance(each, dict)}


def _cleaned(exchange: Json) -> Json:
    """An exchange without credentials; what carried one says so by a placeholder."""
    request, answer = dict(exchange["request"]), dict(exchange["answer"])
    headers = {}
    for name, value in (request.get("headers") or {}).items():
        if name.lower() == "authorization":
            kind = str(value).partition(" ")[0].lower()
            headers[name] = {"bearer": "Bearer {{access_token}}", "basic": "Basic {{username}}:{{password}}"}.get(
                kind, "{{api_key}}"
            )
        elif _SECRET.search(name) and name.lower() != "cookie":
            headers[name] = f"{{{{{snake(name)}}}}}"
        elif name.lower() in _KEPT:
            headers[name] = str(value)
    path, _, query = str(request["path"]).partition("?")
    asked = [
        (key, f"{{{{{snake(key)}}}}}" if _SECRET.search(key) and "page" not in key.lower() else text)
        for key, text in parse_qsl(query, keep_blank_values=True)
    ]
    request["path"] = f"{path}?{urlencode(asked, safe='{}')}" if asked else path
    request["headers"] = headers
    kept = {str(name): str(text) for name, text in (answer.get("headers") or {}).items() if str(name).lower() in _KEPT}
    return {**exchange, "request": request, "answer": {**answer, "headers": kept}}


def _sketch(exchanges: Sequence[Json], *, title: str, origin: str) -> Sketch:
    """Exchanges grouped by what they ask, below the address that most of them have."""
    bases = Counter(_split(each["request"]["path"])[0] for each in exchanges if "://" in each["request"]["path"])
    base = bases.most_common(1)[0][0] if bases else ""
    if base and urlsplit(base).scheme == "http":
        base = f"https{base[4:]}"
    groups: dict[tuple[str, str], list[Json]] = {}
    for each in exchanges:
        path = _split(each["request"]["path"])[1]
        template = "/".join(
            "{id}" if _ID.fullmatch(part) and not re.fullmatch(r"v?\d{1,2}", part) else part
            for part in path.partition("?")[0].split("/")
        )
        relative = {**each, "request": {**each["request"], "path": path}}
        groups.setdefault((str(each["request"].get("method", "GET")).upper(), template), []).append(relative)
    auth, secrets, settings, gap = _auth(exchanges)
    gaps = ({"base_url": origin} if not base else {}) | ({"auth": gap} if gap else {})
    return Sketch(
        title=title,
        base_url=base,
        auth=auth,
        secrets=secrets,
        settings=settings,
        operations=[_operation(method, path, some) for (method, path), some in groups.items()],
        gaps=gaps,
    )


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""), path


def _operation(method: str, path: str, exchanges: Sequence[Json]) -> SketchedOperation:
    good = [each for each in exchanges if 200 <= int(each["answer"].get("status") or 200) < 300]
    bodies = [each["answer"].get("body") for each in good]
    asked: dict[str, Json] = {}
    for each in exchanges:
        for name, value in parse_qsl(each["request"]["path"].partition("?")[2]):
            asked.setdefault(name, int(value) if value.isascii() and value.isdigit() and len(value) < 10 else value)
    params = [
        Param(name=name, place="query", example=value)
        for name, value in asked.items()
        if not str(value).startswith("{{")
    ]
    return SketchedOperation(
        method=method,
        path=path,
        params=[
            *params,
            *(Param(name=name, place="path", required=True) for name in re.findall(r"\{([^{}]+)\}", path)),
        ],
        answer=shape_of_examples(bodies) if bodies else None,
        example=bodies[0] if bodies else None,
        exchanges=exchanges,
    )


def _auth(exchanges: Sequence[Json]) -> tuple[dict[str, Json], tuple[str, ...], dict[str, Json], str]:
    """What the requests carried."""
    for each in exchanges:
        for name, value in (each["request"].get("headers") or {}).items():
            if name.lower() == "authorization" and value.startswith("Basic"):
                auth = {"kind": "basic", "username": "{{username}}", "password": "{{password}}"}
                return auth, ("password",), {"username": {"type": "string", "title": "User name"}}, ""
            if name.lower() == "authorization" and value.startswith("Bearer"):
                return (
                    {"kind": "bearer", "token": "{{access_token}}"},
                    ("access_token",),
                    {},
                    "does the token end? then it is oauth2",
                )
            if value.startswith("{{") and value.endswith("}}"):
                secret = value.strip("{}")
                return {"kind": "api_key", "key": value, "place": {"header": name}}, (secret,), {}, ""
    gap = "no request shows how to sign in; a bearer token is a guess"
    return {"kind": "bearer", "token": "{{access_token}}"}, ("access_token",), {}, gap
