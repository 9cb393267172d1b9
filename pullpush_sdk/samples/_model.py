"""What samples are: exchanges, webhooks, bare answers, and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from pullpush_sdk.openapi import Api

__all__ = ["Asked", "BadSample", "Described", "Exchange", "Samples", "WebhookSample"]

Json = Any


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
    reads or writes where its method does not. `means` is the status that an answer stands for which says so in its
    body only (JSON-RPC). `sample` is the name of the sample that holds it, `place` where it stands in there.
    """

    kind: Literal["read", "write"] | None = None
    status: int = 200
    means: int | None = None
    answer_headers: Mapping[str, str] = attrs.field(factory=dict)
    body: Json = None
    effect: Mapping[str, Json] | None = None
    sample: str = attrs.field(default="", eq=False)
    place: str = attrs.field(default="", eq=False)

    @property
    def ok(self) -> bool:
        """Whether the platform did what was asked."""
        return 200 <= self.meaning < 300

    @property
    def meaning(self) -> int:
        """The status, or what an answer means that says it in its body alone."""
        return self.status if self.means is None else self.means


@attrs.frozen(kw_only=True)
class WebhookSample:
    """One webhook as it came: `body` is the text, byte for byte; `secrets` what it was signed with.

    `url` is where it was sent to, empty where nobody noted it; some signatures cover it. Header names are lower case.
    """

    headers: Mapping[str, str]
    body: str
    url: str = ""
    query: Mapping[str, str] = attrs.field(factory=dict)
    secrets: Mapping[str, str] = attrs.field(factory=dict)
    sample: str = attrs.field(default="", eq=False)
    place: str = attrs.field(default="", eq=False)


@attrs.frozen(kw_only=True)
class Described:
    """An OpenAPI document beside the samples: the sample's name, or the file's where the manifest does not name it."""

    sample: str
    api: Api


@attrs.frozen(kw_only=True)
class BadSample:
    """A sample, or a part of one, that cannot be used: its name, its file, where in it (a path), why, and the mend."""

    name: str
    reason: str
    file: str = ""
    place: str = ""
    hint: str = ""


@attrs.frozen(kw_only=True)
class Samples:
    """Everything that is known of one platform; `answers` are bare answer bodies by sample name, `bad` is what cannot
    be used.
    """

    exchanges: Sequence[Exchange] = ()
    webhooks: Sequence[WebhookSample] = ()
    answers: Mapping[str, Json] = attrs.field(factory=dict)
    documents: Sequence[Described] = ()
    bad: Sequence[BadSample] = ()

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.exchanges or self.webhooks or self.answers or self.documents)
