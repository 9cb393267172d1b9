"""Recorded exchanges as a sketch of their platform: sample files, HAR recordings, Postman collections.

Credentials are taken out once it is known what they were for; none of them is in a sketch.
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

from .credentials import cleaned, fields_sent
from .shapes import Param, Sketch, SketchedOperation, shape_of_examples
from .signin import carried, signed_in

__all__ = ["read_har", "read_postman", "read_samples"]

Json = Any
_LARGEST = 64 * 1024 * 1024
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
            exchanges += [each for each in content["exchanges"] if _is_exchange(each)]
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
    visited = [
        str(entry["request"].get("url", ""))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("request"), dict)
    ]
    return _sketch(exchanges, title="", origin="", visited=visited)


def read_postman(file: Path) -> Sketch:
    """A collection (v2): its requests, and the answers that were saved with them.

    Raises:
        SetupError: it is no collection, or no answer was saved.
    """
    content = _json(file)
    if not isinstance(content, dict) or not isinstance(content.get("item"), list):
        raise SetupError(f"{file} is no Postman collection", hint="export it as Collection v2.1")
    variables = {
        name: value
        for name, value in _pairs(content.get("variable"), "key").items()
        if urlsplit(value).scheme in ("http", "https")
    }
    exchanges = [each for item in _items(content["item"]) for each in _postman_exchanges(item, variables)]
    if not exchanges:
        raise SetupError(f"{file} has no saved answers", hint="save an example answer for each list, and export again")
    info = content.get("info")
    origin = "the collection does not say where its variable leads"
    return _sketch(exchanges, title=str(info.get("name", "")) if isinstance(info, dict) else "", origin=origin)


def _json(file: Path) -> Json:
    try:
        if file.exists() and not file.is_file():
            raise SetupError(f"{file} is no file", hint="give it a recording that can be read to its end")
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
        "body": _har_body(request.get("postData")),
    }
    return {"request": made, "answer": answer}


def _har_body(posted: Json) -> Json:
    """What was sent: JSON as it is, a form as its text; None where nothing was."""
    if not isinstance(posted, dict):
        return None
    fields = posted.get("params")
    if isinstance(posted.get("text"), str) and posted["text"]:
        return _sent(posted["text"])
    return urlencode(_pairs(fields)) if isinstance(fields, list) and fields else None


def _sent(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _items(items: Sequence[Json]) -> Iterator[Mapping[str, Json]]:
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, dict) and isinstance(item.get("item"), list):
            waiting[:0] = item["item"]
        elif isinstance(item, dict):
            yield item


def _postman_exchanges(item: Mapping[str, Json], variables: Mapping[str, str]) -> Iterator[Json]:
    """The saved answers of a request; `variables` of the collection hold addresses."""
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
        raw = re.sub(r"^\{\{\s*([^{}]+?)\s*\}\}/?", lambda found: f"{variables.get(found[1], '').rstrip('/')}/", raw)
        raw = re.sub(r"\{\{([^{}]+)\}\}", lambda found: snake(found[1]), raw)
        made = {
            "method": str(request.get("method", "GET")),
            "path": raw,
            "headers": _pairs(request.get("header"), "key"),
            "body": _postman_body(request.get("body")),
        }
        answer = {"status": response.get("code", 200), "headers": _pairs(response.get("header"), "key"), "body": body}
        yield {"request": made, "answer": answer}


def _postman_body(body: Json) -> Json:
    if not isinstance(body, dict):
        return None
    if body.get("mode") == "urlencoded":
        return urlencode(_pairs(body.get("urlencoded"), "key")) or None
    raw = body.get("raw")
    return _sent(raw) if body.get("mode") == "raw" and isinstance(raw, str) and raw.strip() else None


def _pairs(headers: Json, name: str = "name") -> dict[str, str]:
    if not isinstance(headers, list):
        return {}
    return {str(each.get(name)): str(each.get("value")) for each in headers if isinstance(each, dict)}


def _sketch(raw: Sequence[Json], *, title: str, origin: str, visited: Sequence[str] = ()) -> Sketch:
    """Exchanges grouped by what they ask, below the address that most of them have."""
    signed = signed_in(raw, visited)
    exchanges = cleaned(raw, signed.token if signed is not None else "")
    signed = signed or carried(exchanges)
    login = _address(exchanges[signed.at]) if signed.at is not None else ""
    base = _base([each for each in exchanges if _address(each) != login]) or _base(exchanges)
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
    gaps = ({"base_url": origin} if not base else {}) | ({"auth": signed.gap} if signed.gap else {})
    return Sketch(
        title=title,
        base_url=base,
        auth=signed.auth,
        secrets=signed.secrets,
        settings=signed.settings,
        operations=[_operation(method, path, some) for (method, path), some in groups.items()],
        gaps=gaps,
        sign_in=[exchanges[signed.at]] if signed.at is not None and not _by_code(exchanges[signed.at]) else (),
    )


def _address(exchange: Json) -> str:
    return str(exchange["request"]["path"]).partition("?")[0]


def _by_code(exchange: Json) -> bool:
    """Whether a token was asked for by the code of a person's grant: it works once, and no connection sends it."""
    return fields_sent(exchange["request"])[0].get("grant_type") == "authorization_code"


def _base(exchanges: Sequence[Json]) -> str:
    """The address that most of the requests that were answered have, empty where none is whole."""
    whole = [each for each in exchanges if "://" in each["request"]["path"]]
    good = [each for each in whole if int(each["answer"].get("status") or 200) < 300]
    bases = Counter(_split(each["request"]["path"])[0] for each in good or whole)
    return bases.most_common(1)[0][0] if bases else ""


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
        answer_headers=frozenset(name.lower() for each in good for name in each["answer"].get("headers") or {}),
        exchanges=exchanges,
    )
