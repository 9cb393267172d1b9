"""How a document says that requests sign in, as the credentials that a platform demands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.openapi import Api

from ._credentials import Demand
from ._inputs import Where

__all__ = ["demands_by", "token_paths"]

Json = Any
_UNKNOWN = "{{credential_of_the_document}}"
"""Stands for a credential that no connection has: whoever must bring it is refused."""


def demands_by(apis: Sequence[Api], own: Sequence[Demand]) -> list[Demand]:
    """The credentials that documents ask for; empty where they ask for none. `own` are those of the manifest: they
    are taken where a document has them at the same place in the same form.
    """
    for api in apis:
        alternatives = list(_alternatives(api, own))
        if alternatives:
            kept = [each for each in alternatives if all(one in own for one in each)]
            return next(iter(kept), alternatives[0])
    return []


def _alternatives(api: Api, own: Sequence[Demand]) -> Iterator[list[Demand]]:
    named = [each for each in api.security or () if each] or [(name,) for name in api.schemes]
    for names in named:
        demands = [_demand(api.schemes.get(name, {}), own) for name in names]
        found = [each for each in demands if each is not None]
        if found:
            yield found


def _demand(scheme: Mapping[str, Json], own: Sequence[Demand]) -> Demand | None:
    kind, word = scheme.get("type"), ""
    wanted: Demand | None = None
    if kind in ("oauth2", "openIdConnect") or (kind == "http" and str(scheme.get("scheme", "")).lower() == "bearer"):
        wanted, word = Demand(header="authorization", template=f"Bearer {_UNKNOWN}"), "bearer "
    elif kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
        wanted, word = Demand(header="authorization", template=f"Basic {_UNKNOWN}:{_UNKNOWN}"), "basic "
    elif kind == "apiKey" and scheme.get("name"):
        name = str(scheme["name"])
        if scheme.get("in") == "header":
            wanted = Demand(header=name.lower(), template=_UNKNOWN)
        elif scheme.get("in") == "query":
            wanted = Demand(where=Where("query", (name,)), template=_UNKNOWN)
    if wanted is None:
        return None
    for each in own:
        if (each.header, each.where) == (wanted.header, wanted.where) and each.template.lower().startswith(word):
            return each
    return wanted


def token_paths(apis: Sequence[Api]) -> list[str]:
    """The paths at which documents give OAuth 2 tokens."""
    found = []
    for api in apis:
        for scheme in api.schemes.values():
            flows = scheme.get("flows") if isinstance(scheme.get("flows"), Mapping) else {"flow": scheme}
            nodes = [each for each in (flows or {}).values() if isinstance(each, Mapping)]
            for text in [str(each.get("tokenUrl") or "") for each in nodes]:
                try:
                    found.append(urlsplit(text).path)
                except ValueError:
                    continue
    return [path for path in dict.fromkeys(found) if path]
