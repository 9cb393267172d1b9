"""Recorded traffic of a platform: exchanges and webhooks, as a connector's samples hold them.

A sample is a JSON object with `exchanges` (requests with their answers) and `webhooks`; a JSON value of any other
shape is one bare answer body, which shows a record but nothing of the wire. Credentials stand in samples only as
`{{setting}}`. See docs/reference/samples.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

import attrs
import msgspec

from pullpush_sdk.canonical import loads
from pullpush_sdk.errors import ManifestError, Problem
from pullpush_sdk.manifest import Manifest

__all__ = ["Asked", "Exchange", "Samples", "WebhookSample", "base_path", "parsed_body", "read_samples"]

Json = Any
_LARGEST = 20_000_000  # bytes of one sample file


@attrs.frozen(kw_only=True)
class Asked:
    """One request: `path` has no host and no query, `params` are the query's pairs in order, header names are lower
    case. `sent` is JSON where the body was JSON, an object where it was a form, else text; None where there was none.
    """

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)
    sent: Json = None


@attrs.frozen(kw_only=True)
class Exchange(Asked):
    """One request and its answer, as recorded; `body` is the answer's, in the forms of `sent`.

    `effect` says which stored records a write changes where same-named fields do not; `kind` says that a request
    reads or writes where its method does not.
    """

    kind: Literal["read", "write"] | None = None
    status: int = 200
    answer_headers: Mapping[str, str] = attrs.field(factory=dict)
    body: Json = None
    effect: Mapping[str, Json] | None = None

    @property
    def ok(self) -> bool:
        """Whether the platform did what was asked."""
        return 200 <= self.status < 300


@attrs.frozen(kw_only=True)
class WebhookSample:
    """One webhook as it came: `body` is the text, byte for byte; `secrets` what it was signed with.

    `url` is where it was sent to, empty where nobody noted it; some signatures cover it.
    """

    headers: Mapping[str, str]
    body: str
    url: str = ""
    query: Mapping[str, str] = attrs.field(factory=dict)
    secrets: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Samples:
    """Everything that was recorded of one platform; `answers` are bare answer bodies by sample name."""

    exchanges: Sequence[Exchange] = ()
    webhooks: Sequence[WebhookSample] = ()
    answers: Mapping[str, Json] = attrs.field(factory=dict)


def read_samples(manifest: Manifest, folder: Path | None) -> Samples:
    """The samples that a manifest names; files are relative to `folder` and never outside of it; None means that
    there are none, only samples in the manifest itself.

    Raises:
        ManifestError: a file is missing, too large, not JSON, or not of the form; every finding with its place.
    """
    problems: list[Problem] = []
    exchanges: list[Exchange] = []
    webhooks: list[WebhookSample] = []
    answers: dict[str, Json] = {}
    for name, given in manifest.samples.items():
        place = f"$.samples.{name}"
        value = _value(given, folder, place, problems)
        if isinstance(value, Mapping) and ("exchanges" in value or "webhooks" in value):
            found = list(_parsed(value, base_path(manifest), place, problems))
            exchanges += [each for each in found if isinstance(each, Exchange)]
            webhooks += [each for each in found if isinstance(each, WebhookSample)]
        elif value is not None:
            answers[name] = value
    if problems:
        raise ManifestError(f"the samples of {manifest.name} have {len(problems)} problem(s)", problems)
    return Samples(exchanges=exchanges, webhooks=webhooks, answers=answers)


def _problem(message: str, place: str, hint: str = "", file: str = "") -> Problem:
    return Problem(code="sample-form", message=message, path=place, hint=hint, file=file)


def _value(given: Json, folder: Path | None, place: str, problems: list[Problem]) -> Json:
    """A sample's JSON: in the manifest itself, or in the file that it names."""
    if not isinstance(given, str):
        return given
    if folder is None:
        problems.append(_problem(f"{given} cannot be read: the manifest came from no file", place))
        return None
    file = (folder / given).resolve()
    if not file.is_relative_to(folder.resolve()):
        problems.append(_problem(f"{given} is outside of the connector's folder", place, "keep samples beside it"))
        return None
    try:
        if file.stat().st_size > _LARGEST:
            problems.append(_problem(f"{given} is larger than {_LARGEST} bytes", place, "cut the recording down"))
            return None
        return loads(file.read_bytes())
    except OSError as error:
        problems.append(_problem(f"{given} cannot be read: {error.strerror}", place, "the path starts at the manifest"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problems.append(_problem(f"not JSON: {error}", "$", "a sample is a JSON file", file=str(file)))
    return None


def base_path(manifest: Manifest) -> str:
    """The path of a manifest's base URL, without a slash at its end; empty where it has none."""
    _, _, rest = manifest.base_url.partition("://")
    return "/" + rest.partition("/")[2].strip("/") if rest.partition("/")[2].strip("/") else ""


def _parsed(
    value: Mapping[str, Json], base: str, place: str, problems: list[Problem]
) -> Iterator[Exchange | WebhookSample]:
    parsers: Mapping[str, Callable[[Mapping[str, Json]], Exchange | WebhookSample]] = {
        "exchanges": lambda each: _exchange(each, base),
        "webhooks": _webhook,
    }
    for name, parse in parsers.items():
        listed = value.get(name, [])
        if not isinstance(listed, list):
            problems.append(_problem(f"`{name}` is not a list", f"{place}.{name}"))
            continue
        for index, each in enumerate(listed):
            here = f"{place}.{name}[{index}]"
            if not isinstance(each, Mapping):
                problems.append(_problem("expected an object", here))
                continue
            try:
                yield parse(each)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                problems.append(_problem(f"not of the form: {error}", here, "see the reference page of samples"))


def parsed_body(body: Json, content_type: str) -> Json:
    """A body's text as what it holds: a form as an object, JSON as its value; anything else stays as it is."""
    if not isinstance(body, str) or not body:
        return None if body == "" else body
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body, keep_blank_values=True))
    try:
        return loads(body.encode())
    except msgspec.DecodeError:
        return body


def _path(parts: SplitResult, base: str) -> str:
    """The whole path of a recorded address: one without a host is below the base URL, whose path is `base`."""
    path = parts.path or "/"
    if parts.netloc or not base or path == base or path.startswith(base + "/"):
        return path
    return f"{base}/{path.lstrip('/')}".rstrip("/") or "/"


def _exchange(value: Mapping[str, Json], base: str) -> Exchange:
    request, answer = value["request"], value["answer"]
    parts = urlsplit(request["path"])
    headers = _lowered(request.get("headers", {}))
    kind = value.get("kind")
    if kind not in (None, "read", "write"):
        raise ValueError(f"`kind` is read or write, not {kind!r}")
    status = int(answer.get("status", 200))
    if not 100 <= status <= 599:
        raise ValueError(f"no HTTP status: {status}")
    return Exchange(
        method=str(request.get("method", "GET")).upper(),
        path=_path(parts, base),
        params=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        sent=parsed_body(request.get("body"), headers.get("content-type", "")),
        kind=kind,
        status=status,
        answer_headers=_lowered(answer.get("headers", {})),
        body=answer.get("body"),
        effect=value.get("effect"),
    )


def _webhook(value: Mapping[str, Json]) -> WebhookSample:
    if not isinstance(value["body"], str):
        raise TypeError("`body` is the raw text as it was sent, not an object: a signature is over bytes")
    return WebhookSample(
        headers=_lowered(value.get("headers", {})),
        body=value["body"],
        url=str(value.get("url", "")),
        query={str(key): str(each) for key, each in value.get("query", {}).items()},
        secrets={str(key): str(each) for key, each in value.get("secrets", {}).items()},
    )


def _lowered(headers: Mapping[str, Json]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
