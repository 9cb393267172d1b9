"""What is known of a platform before anything is drafted: from a document, or from recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import Param, Shape, field_paths, shape_of_examples

__all__ = ["Param", "Shape", "Sketch", "SketchedNotice", "SketchedOperation", "field_paths", "shape_of_examples"]

Json = Any


@attrs.frozen(kw_only=True)
class SketchedOperation:
    """One request that the platform takes; `exchanges` are recorded ones in the form of sample files. `form` says
    that its body travels as a form; `answer_headers` are names in lower case.
    """

    method: str
    path: str
    params: Sequence[Param] = ()
    answer: Shape | None = None
    body: Shape | None = None
    form: bool = False
    example: Json = None
    answer_headers: frozenset[str] = frozenset()
    words: str = ""
    exchanges: Sequence[Json] = ()


@attrs.frozen(kw_only=True)
class SketchedNotice:
    """One webhook that the platform sends: its name, what its body looks like, the names of its headers."""

    name: str
    body: Shape
    headers: Sequence[str] = ()
    words: str = ""


@attrs.frozen(kw_only=True)
class Sketch:
    """What is known of a platform; `auth` is the manifest's auth section, `headers` what every request has beside it,
    `gaps` what a person must fill in, `sign_in` the recorded exchanges that gave a token, `document` the OpenAPI
    document, None where there is none.
    """

    title: str = ""
    base_url: str = ""
    auth: Mapping[str, Json] = attrs.field(factory=dict)
    secrets: Sequence[str] = ()
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict)
    operations: Sequence[SketchedOperation] = ()
    notices: Sequence[SketchedNotice] = ()
    gaps: Mapping[str, str] = attrs.field(factory=dict)
    sign_in: Sequence[Json] = ()
    document: Mapping[str, Json] | None = attrs.field(default=None, repr=False)
