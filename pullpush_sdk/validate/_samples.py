"""The samples that a manifest names: recorded exchanges, recorded webhooks, and bare example answers.

A sample is a value in the manifest or a file beside it. An object with `exchanges` or `webhooks` holds recordings; any
other value is one bare answer or webhook body, known by the sample's name only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import msgspec

from pullpush_sdk.canonical import loads

Json = Any
MAX_SAMPLE = 5_000_000


@attrs.frozen(kw_only=True)
class Exchange:
    """One recorded request with its answer; `query` is what stands behind the path."""

    sample: str
    place: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json
    status: int
    answer_headers: Mapping[str, str]
    answer: Json


@attrs.frozen(kw_only=True)
class Hook:
    """One recorded webhook: headers in lower case, the body as it was sent, and the secrets it was signed with."""

    sample: str
    place: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    secrets: Mapping[str, str]


@attrs.frozen(kw_only=True)
class BadSample:
    """A sample that cannot be used: its name, its file, and why."""

    name: str
    file: str
    reason: str


@attrs.frozen(kw_only=True)
class Samples:
    """All samples of one manifest; `bare` are example answers by the sample's name."""

    exchanges: tuple[Exchange, ...] = ()
    webhooks: tuple[Hook, ...] = ()
    bare: Mapping[str, Json] = attrs.field(factory=dict)
    bad: tuple[BadSample, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.exchanges or self.webhooks or self.bare)


def read_samples(named: Mapping[str, Json], folder: Path) -> Samples:
    """Read every sample; what cannot be read is among `bad`. Files stand below `folder` and nowhere else."""
    exchanges: list[Exchange] = []
    webhooks: list[Hook] = []
    bare: dict[str, Json] = {}
    bad: list[BadSample] = []
    for name, value in named.items():
        file = value if isinstance(value, str) else ""
        try:
            content = _read(value, folder) if isinstance(value, str) else value
            if isinstance(content, dict) and content.keys() & {"exchanges", "webhooks"}:
                exchanges += _exchanges(name, content.get("exchanges", []))
                webhooks += _webhooks(name, content.get("webhooks", []))
            else:
                bare[name] = content
        except (ValueError, OSError, msgspec.DecodeError, RecursionError) as error:
            reason = str(getattr(error, "strerror", None) or error)[:200]
            bad.append(BadSample(name=name, file=file, reason=reason))
    return Samples(exchanges=tuple(exchanges), webhooks=tuple(webhooks), bare=bare, bad=tuple(bad))


def _read(text: str, folder: Path) -> Json:
    path = folder / text
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError("stands outside the manifest's folder")
    if not path.is_file():
        raise ValueError("there is no such file")
    with path.open("rb") as file:
        content = file.read(MAX_SAMPLE + 1)
    if len(content) > MAX_SAMPLE:
        raise ValueError(f"larger than {MAX_SAMPLE // 1_000_000} MB")
    return loads(content)


def _exchanges(name: str, value: Json) -> list[Exchange]:
    if not isinstance(value, list):
        raise ValueError("`exchanges` is no list")  # noqa: TRY004 - one kind of error for samples
    found = []
    for index, each in enumerate(value):
        place = f"exchanges[{index}]"
        request = each.get("request") if isinstance(each, dict) else None
        answer = each.get("answer") if isinstance(each, dict) else None
        if not isinstance(request, dict) or not isinstance(answer, dict):
            raise ValueError(f"{place} has no request and answer")  # noqa: TRY004 - one kind of error for samples
        parts = urlsplit(str(request.get("path", "")))
        found.append(
            Exchange(
                sample=name,
                place=place,
                method=str(request.get("method", "GET")).upper(),
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers=_texts(request.get("headers"), f"{place}.request.headers"),
                body=request.get("body"),
                status=_status(answer.get("status", 200), place),
                answer_headers=_texts(answer.get("headers"), f"{place}.answer.headers"),
                answer=answer.get("body"),
            )
        )
    return found


def _webhooks(name: str, value: Json) -> list[Hook]:
    if not isinstance(value, list):
        raise ValueError("`webhooks` is no list")  # noqa: TRY004 - one kind of error for samples
    found = []
    for index, each in enumerate(value):
        place = f"webhooks[{index}]"
        if not isinstance(each, dict) or not isinstance(each.get("body"), str):
            raise ValueError(f"{place}.body is not the text as it was sent")  # noqa: TRY004 - one kind of error for samples
        headers = _texts(each.get("headers"), f"{place}.headers")
        found.append(
            Hook(
                sample=name,
                place=place,
                headers={key.lower(): text for key, text in headers.items()},
                query=_texts(each.get("query"), f"{place}.query"),
                body=each["body"].encode(),
                secrets=_texts(each.get("secrets"), f"{place}.secrets"),
            )
        )
    return found


def _texts(value: Json, place: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no object")  # noqa: TRY004 - one kind of error for samples
    return {str(key): str(each) for key, each in value.items()}


def _status(value: Json, place: str) -> int:
    if isinstance(value, int) and 100 <= value <= 599:
        return value
    raise ValueError(f"{place}.answer.status is no HTTP status")
