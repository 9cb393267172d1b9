"""Recorded exchanges without credentials: what travels under a telling name becomes a placeholder wherever it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pullpush_sdk.openapi import snake, words_of

__all__ = ["SECRET", "cleaned", "fields_sent", "plain_values"]

Json = Any
SECRET = re.compile(r"(?i)token|secret|api[-_]?key|authorization|password|signature|session|cookie|jwt")
"""Names under which credentials travel."""
_WHO = frozenset({"client_id", "username", "user", "login", "email", "assertion", "code", "code_verifier"})
"""Names that only a request to sign in keeps to itself."""
_GIVEN = re.compile(r"(?i)((access|refresh|id|session|auth|api|bearer)[-_]?)?(token|jwt|key)|session[-_]?id|sid|ticket")
_KEPT = re.compile(r"(?i)content-type|accept|link|retry-after|x-.*(total|page|next|cursor|limit|remaining).*")
_PAGES = frozenset({"page", "next", "continuation", "cursor", "sync", "start", "marker", "offset"})
_SHORTEST = 6
"""Characters from which a credential is so much its own that it is searched for in whole texts."""


def cleaned(exchanges: Sequence[Json], token: str = "") -> list[Json]:
    """The exchanges, in their order, without credentials; `token` is one that an answer gave.

    A parameter whose value an earlier answer of the same address named is a cursor, whatever it is called.
    """
    known = {token: "{{access_token}}"} if token else {}
    listed: dict[str, set[str]] = {}
    found = []
    for exchange in exchanges:
        path = str(exchange["request"]["path"]).partition("?")[0]
        found.append(_one(exchange, listed.setdefault(path, set()), known))
        listed[path] |= {str(value) for _, value in plain_values(exchange["answer"].get("body"))}
    return [_without(each, known) for each in found] if known else found


def plain_values(value: Json, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Every text and number of an answer, with where it stands."""
    waiting = [(place, value)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [((*place, str(name)), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield place, value


def fields_sent(request: Mapping[str, Json]) -> tuple[dict[str, Json], str]:
    """What a request's body says by name, and how it was encoded: form, json, or empty for no body of fields."""
    body = request.get("body")
    if isinstance(body, Mapping):
        return dict(body), "json"
    if isinstance(body, str) and re.fullmatch(r"[^\s=&{]+=[^\s]*", body):
        return dict(parse_qsl(body, keep_blank_values=True)), "form"
    return {}, ""


def _one(exchange: Json, named_before: set[str], known: dict[str, str]) -> Json:
    request, answer = dict(exchange["request"]), dict(exchange["answer"])
    headers = {}
    for name, value in (request.get("headers") or {}).items():
        if name.lower() == "authorization":
            headers[name] = _authorization(str(value), known)
        elif name.lower() != "cookie" and (SECRET.search(name) or str(value) in known):
            headers[name] = _placeholder(name, str(value), known)
        elif _KEPT.fullmatch(name):
            headers[name] = str(value)
    path, _, query = str(request["path"]).partition("?")
    asked = [
        (key, _placeholder(key, text, known) if _is_secret(key) and text not in named_before else text)
        for key, text in parse_qsl(query, keep_blank_values=True)
    ]
    request["path"] = f"{path}?{urlencode(asked, safe='{}')}" if asked else path
    request["headers"] = headers
    signs_in = _signs_in(request)
    if request.get("body") is None:
        request.pop("body", None)
    else:
        request["body"] = _body(request, named_before, known)
    body = answer.get("body")
    for name, value in body.items() if isinstance(body, Mapping) and signs_in else ():
        if _GIVEN.fullmatch(str(name)) and isinstance(value, str):
            _placeholder(str(name), value, known)
    kept = {str(name): str(text) for name, text in (answer.get("headers") or {}).items() if _KEPT.fullmatch(str(name))}
    return {**exchange, "request": request, "answer": {**answer, "headers": kept}}


def _is_secret(name: str) -> bool:
    return SECRET.search(name) is not None and not _PAGES & set(words_of(name))


def _signs_in(request: Mapping[str, Json]) -> bool:
    """Whether a request asks for a token, so that its answer holds one."""
    return any(_is_secret(name) or name == "grant_type" for name in fields_sent(request)[0])


def _body(request: Mapping[str, Json], named_before: set[str], known: dict[str, str]) -> Json:
    fields, encoding = fields_sent(request)
    if not encoding:
        return request["body"]
    signs_in = _signs_in(request)
    shown = {
        name: _placeholder(name, value, known)
        if isinstance(value, str)
        and value not in named_before
        and (_is_secret(name) or (signs_in and snake(name) in _WHO))
        else value
        for name, value in fields.items()
    }
    return urlencode(shown, safe="{}") if encoding == "form" else shown


def _authorization(value: str, known: dict[str, str]) -> str:
    scheme, _, credential = value.partition(" ")
    if scheme.lower() == "basic":
        return "Basic {{username}}:{{password}}"
    if not credential:
        return _placeholder("api_key", value, known)
    name = "access_token" if scheme.lower() == "bearer" else "api_key"
    if credential.startswith("{{"):  # a collection's own variable: the manifest's auth has one name
        credential = f"{{{{{name}}}}}"
    return f"{'Bearer' if scheme.lower() == 'bearer' else scheme} {_placeholder(name, credential, known)}"


def _placeholder(name: str, value: str, known: dict[str, str]) -> str:
    """What stands for a credential; the same one is called what it was called first."""
    if value.startswith("{{"):
        return value
    shown = f"{{{{{snake(name)}}}}}"
    return known.setdefault(value, shown) if len(value) >= _SHORTEST else shown


def _without(exchange: Json, known: Mapping[str, str]) -> Json:
    """The exchange with no known credential anywhere: an answer may repeat it, or name it in an address."""
    pattern = re.compile("|".join(re.escape(value) for value in sorted(known, key=len, reverse=True)))

    def text(value: str) -> str:
        return pattern.sub(lambda found: known[found[0]], value)

    def walk(value: Json, depth: int = 0) -> Json:
        if isinstance(value, str):
            return text(value)
        if depth > _DEEPEST:
            return value
        if isinstance(value, Mapping):
            return {name: walk(inner, depth + 1) for name, inner in value.items()}
        return [walk(inner, depth + 1) for inner in value] if isinstance(value, list) else value

    parts = urlsplit(str(exchange["request"]["path"]))
    kept = walk(exchange)
    if parts.netloc:  # a platform's host is no secret, whatever it is called
        host = f"{parts.scheme}://{parts.netloc}"
        kept["request"]["path"] = host + text(str(exchange["request"]["path"])[len(host) :])
    return kept


_DEEPEST = 200
"""Levels of an answer that are looked through; deeper ones hold no credential that a person put there."""
