"""The platform's own id of a record, by the paths that its resource names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.manifest import Resource

from ._values import at

__all__ = ["joined", "native_id", "native_paths"]

Json = Any
_USUAL = ("id",)


def native_paths(resource: Resource, kind: CanonicalType) -> Sequence[str]:
    """Where the native id of a resource's records stands.

    Where the manifest does not say, products and stock levels without a location are known by `id`: each of them has a
    row of its own. A row of one location may have an id that is not the item's.
    """
    if resource.native_id is not None:
        return resource.native_id
    one_row_each = kind.key_is_given and "locationId" not in resource.canonical_map
    return _USUAL if one_row_each else ()


def native_id(record: Json, paths: Sequence[str]) -> str | None:
    """The id of a native record, None where nothing stands at any of the paths."""
    if not paths or not isinstance(record, Mapping):
        return None
    return joined(at(record, path) for path in paths)


def joined(parts: Iterable[Json]) -> str | None:
    """The parts of an id as one text; what is null, or no plain value, is left out."""
    texts = [str(part) for part in parts if part.__class__ in (str, int) and part != ""]
    return "_".join(texts) or None
