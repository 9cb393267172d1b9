"""What a GraphQL answer says of its cost, read without decoding the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from pullpush_sdk.manifest import GraphQLCost


@attrs.frozen
class CostReport:
    """Points of one answer; None where it says nothing. `throttled` means that the query was not run."""

    requested: float | None = None
    available: float | None = None
    maximum: float | None = None
    restore_rate: float | None = None
    throttled: bool = False

    @property
    def retry_after(self) -> float:
        """Seconds until a throttled query may pass: at least one, and what its points need to come back."""
        if not self.restore_rate or self.requested is None or self.available is None:
            return 1.0
        return max(1.0, (self.requested - self.available) / self.restore_rate)


class _Extensions(msgspec.Struct):
    code: Any = None


class _Error(msgspec.Struct):
    extensions: _Extensions | None = None


_ERRORS = msgspec.json.Decoder(list[_Error])


class CostReader:
    """Reads the paths of a `GraphQLCost` through a decoder made for them: `data` is skipped, not decoded."""

    def __init__(self, cost: GraphQLCost) -> None:
        self._paths = {
            name: tuple(path.split("."))
            for name, path in (
                ("requested", cost.requested),
                ("available", cost.available),
                ("maximum", cost.maximum),
                ("restore_rate", cost.restore_rate),
            )
        }
        self._code = cost.throttled_code
        tree: dict[str, Any] = {"errors": msgspec.Raw}
        for path in self._paths.values():
            _plant(tree, path)
        self._decoder = msgspec.json.Decoder(_struct(tree))

    def read(self, body: bytes) -> CostReport:
        """The report of an answer; an empty one where it is not JSON or has no such block."""
        try:
            answer = self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return CostReport()
        values = {name: _dig(answer, path) for name, path in self._paths.items()}
        return CostReport(**values, throttled=self._is_throttled(answer))

    def _is_throttled(self, answer: Any) -> bool:
        raw = _dig(answer, ("errors",))
        if not raw:
            return False
        try:
            errors = _ERRORS.decode(raw)
        except msgspec.MsgspecError:
            return False  # some errors are a plain text
        return any(error.extensions is not None and error.extensions.code == self._code for error in errors)


def _plant(tree: dict[str, Any], path: tuple[str, ...]) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = float


def _struct(tree: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A struct with the tree's keys, each absent or null as None."""
    names = {f"f{index}": key for index, key in enumerate(tree)}
    fields: list[tuple[str, Any, Any]] = []
    for name, key in names.items():
        kind = tree[key]
        if kind is msgspec.Raw:
            fields.append((name, kind, msgspec.Raw()))
        else:
            fields.append((name, (_struct(kind) if isinstance(kind, dict) else kind) | None, None))
    keys = {key: name for name, key in names.items()}
    return msgspec.defstruct("Projection", fields, rename=names, namespace={"keys": keys})


def _dig(struct: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if struct is None:
            return None
        struct = getattr(struct, type(struct).keys[step])
    return struct
