"""Reading samples: what a manifest names, and the OpenAPI documents that lie beside them.

A sample is a JSON object with `exchanges` (requests with their answers) and `webhooks`, or an OpenAPI document; a JSON
value of any other shape is one bare answer body, which shows a record but nothing of the wire. Credentials stand in
samples only as `{{setting}}`. See docs/reference/samples.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

from pullpush_sdk.canonical import loads
from pullpush_sdk.errors import ManifestError, Problem, SetupError
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.openapi import Api, read_api
from pullpush_sdk.openapi.api import api_of

from ._model import BadSample, Described, Exchange, Samples, WebhookSample

__all__ = ["base_path", "gather_samples", "parsed_body", "read_samples"]

Json = Any
_LARGEST = 20_000_000
"""Bytes of one sample file."""
_MOST_FILES = 200
_BEGINNING = 4096
_DOCUMENT = re.compile(r"""(?m)^\s*[{,]?\s*["']?(openapi|swagger)["']?\s*:""")
_SUFFIXES = (".json", ".yaml", ".yml")


def read_samples(manifest: Manifest, folder: Path | None) -> Samples:
    """The samples of a manifest; files are relative to `folder` and never outside of it; None means that there are
    none, only samples in the manifest itself.

    Raises:
        ManifestError: a file is missing, too large, not JSON, or not of the form; every finding with its place.
    """
    found = gather_samples(manifest.samples, folder, base=base_path(manifest))
    if found.bad:
        problems = [
            Problem(code="sample-form", message=each.reason, path=each.place, hint=each.hint, file=each.file)
            for each in found.bad
        ]
        raise ManifestError(f"the samples of {manifest.name} have {len(problems)} problem(s)", problems)
    return found


def gather_samples(named: Mapping[str, Json], folder: Path | None, *, base: str = "") -> Samples:
    """Every sample that can be read, what cannot be among `bad`. `named` are the samples of a manifest, `base` is the
    path of its base URL; documents in the folder `samples` count although no manifest names them.
    """
    bad: list[BadSample] = []
    exchanges: list[Exchange] = []
    webhooks: list[WebhookSample] = []
    answers: dict[str, Json] = {}
    documents: list[Described] = []
    for name, given in named.items():
        value = _value(name, given, folder, bad)
        if isinstance(value, Api):
            documents.append(Described(sample=name, api=value))
        elif isinstance(value, Mapping) and ("exchanges" in value or "webhooks" in value):
            for each in _parsed(name, given, value, base, bad):
                if isinstance(each, Exchange):
                    exchanges.append(each)
                else:
                    webhooks.append(each)
        elif value is not None:
            answers[name] = value
    if folder is not None:
        documents += _lying_there(folder, {str(each) for each in named.values() if isinstance(each, str)}, bad)
    return Samples(exchanges=exchanges, webhooks=webhooks, answers=answers, documents=documents, bad=bad)


def _value(name: str, given: Json, folder: Path | None, bad: list[BadSample]) -> Json:
    """A sample's JSON, or the document that it is: in the manifest itself, or in the file that it names."""

    def refused(reason: str, hint: str = "", *, file: str = "", place: str = f"$.samples.{name}") -> None:
        bad.append(BadSample(name=name, reason=reason, hint=hint, file=file, place=place))

    if not isinstance(given, str):
        return api_of(given) if _is_document(given) else given
    if folder is None:
        return refused(f"{given} cannot be read: the manifest came from no file")
    file = _resolved(folder / given)
    if file is None:
        return refused(f"{given} leads to no file", "the path starts at the manifest")
    if not file.is_relative_to(folder.resolve()):
        return refused(f"{given} is outside of the connector's folder", "keep samples beside it")
    try:
        if file.exists() and not file.is_file():
            return refused(f"{given} is no file", "a sample is a file that can be read to its end")
        if file.stat().st_size > _LARGEST:
            return refused(f"{given} is larger than {_LARGEST // 1_000_000} MB", "cut the recording down")
        if file.suffix.lower() in (".yaml", ".yml"):
            return read_api(file, largest=_LARGEST)
        value = loads(file.read_bytes())
        return api_of(value) if _is_document(value) else value
    except OSError as error:
        return refused(f"{given} cannot be read: {error.strerror}", "the path starts at the manifest")
    except SetupError as error:
        return refused(error.message, "a YAML sample is an OpenAPI document; recordings are JSON", file=str(file))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return refused(f"not JSON: {error}", "a sample is a JSON file", file=str(file), place="$")


def _resolved(path: Path) -> Path | None:
    """Where a path leads, None for a link to itself and for a name that no file can have."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def _is_document(value: Json) -> bool:
    if not isinstance(value, Mapping) or not ("openapi" in value or "swagger" in value):
        return False
    return isinstance(value.get("paths"), Mapping) or isinstance(value.get("webhooks"), Mapping)


def _lying_there(folder: Path, named: set[str], bad: list[BadSample]) -> Iterator[Described]:
    """OpenAPI documents in the folder `samples` that no manifest names."""
    place, home = folder / "samples", folder.resolve()
    known = {_resolved(folder / each) for each in named}
    files = sorted(place.iterdir())[:_MOST_FILES] if place.is_dir() else []
    for file in files:
        if file.suffix.lower() not in _SUFFIXES or _resolved(file) in known or not _begins_so(file, home):
            continue
        try:
            yield Described(sample=file.name, api=read_api(file, largest=_LARGEST))
        except SetupError as error:
            bad.append(BadSample(name=file.name, reason=error.message, hint=error.hint, file=str(file), place="$"))


def _begins_so(file: Path, home: Path) -> bool:
    if not file.is_file() or not file.resolve().is_relative_to(home):
        return False
    with file.open("rb") as opened:
        return _DOCUMENT.search(opened.read(_BEGINNING).decode("utf-8", errors="replace")) is not None


def base_path(manifest: Manifest) -> str:
    """The path of a manifest's base URL, without a slash at its end; empty where it has none.

    A placeholder at its beginning stands for an address without a path.
    """
    rest = manifest.base_url.partition("://")[2] or manifest.base_url
    return "/" + rest.partition("/")[2].strip("/") if rest.partition("/")[2].strip("/") else ""


def _parsed(
    sample: str, given: Json, value: Mapping[str, Json], base: str, bad: list[BadSample]
) -> Iterator[Exchange | WebhookSample]:
    file = given if isinstance(given, str) else ""
    parsers: Mapping[str, Callable[[Mapping[str, Json], str], Exchange | WebhookSample]] = {
        "exchanges": lambda each, place: _exchange(each, base, sample, place),
        "webhooks": lambda each, place: _webhook(each, sample, place),
    }
    for name, parse in parsers.items():
        listed = value.get(name, [])
        if not isinstance(listed, list):
            reason = f"`{name}` is not a list"
            bad.append(BadSample(name=sample, file=file, reason=reason, place=f"$.samples.{sample}.{name}"))
            continue
        for index, each in enumerate(listed):
            here = f"{name}[{index}]"
            try:
                if not isinstance(each, Mapping):
                    raise TypeError("expected an object")
                yield parse(each, here)
            except KeyError as error:
                bad.append(_malformed(sample, file, here, f"{error} is missing"))
            except (TypeError, ValueError, AttributeError) as error:
                bad.append(_malformed(sample, file, here, str(error)))


def _malformed(sample: str, file: str, place: str, reason: str) -> BadSample:
    return BadSample(
        name=sample,
        file=file,
        reason=f"{place} is not of the form: {reason}"[:200],
        place=f"$.samples.{sample}.{place}",
        hint="see the reference page of samples",
    )


def parsed_body(body: Json, content_type: str) -> Json:
    """A body's text as what it holds: a form as an object, JSON as its value; anything else stays as it is."""
    if not isinstance(body, str) or not body:
        return None if body == "" else body
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body, keep_blank_values=True))
    try:
        return loads(body.encode())
    except (msgspec.DecodeError, RecursionError):
        return body


def _path(parts: SplitResult, base: str) -> str:
    """The whole path of a recorded address: one without a host is below the base URL, whose path is `base`."""
    path = parts.path or "/"
    if parts.netloc or not base or path == base or path.startswith(base + "/"):
        return path
    return f"{base}/{path.lstrip('/')}".rstrip("/") or "/"


def _exchange(value: Mapping[str, Json], base: str, sample: str, place: str) -> Exchange:
    request, answer = value["request"], value["answer"]
    parts = urlsplit(request["path"])
    headers = _lowered(request.get("headers"))
    kind = value.get("kind")
    if kind not in (None, "read", "write"):
        raise ValueError(f"`kind` is read or write, not {kind!r}")
    status = answer.get("status", 200)
    if not isinstance(status, int | str) or not 100 <= int(status) <= 599:
        raise ValueError(f"no HTTP status: {status}")
    return Exchange(
        method=str(request.get("method", "GET")).upper(),
        path=_path(parts, base),
        params=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        sent=parsed_body(request.get("body"), headers.get("content-type", "")),
        kind=kind,
        status=int(status),
        means=None if answer.get("means") is None else int(answer["means"]),
        answer_headers=_lowered(answer.get("headers")),
        body=answer.get("body"),
        effect=value.get("effect"),
        sample=sample,
        place=place,
    )


def _webhook(value: Mapping[str, Json], sample: str, place: str) -> WebhookSample:
    if not isinstance(value["body"], str):
        raise TypeError("`body` is the raw text as it was sent, not an object: a signature is over bytes")
    return WebhookSample(
        headers=_lowered(value.get("headers")),
        body=value["body"],
        url=str(value.get("url", "")),
        query={str(key): str(each) for key, each in (value.get("query") or {}).items()},
        secrets={str(key): str(each) for key, each in (value.get("secrets") or {}).items()},
        sample=sample,
        place=place,
    )


def _lowered(headers: Json) -> dict[str, str]:
    if headers is not None and not isinstance(headers, Mapping):
        raise TypeError("`headers` is no object")
    return {str(name).lower(): str(value) for name, value in (headers or {}).items()}
