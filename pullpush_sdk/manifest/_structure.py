"""A document that fits the schema, as a Manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, get_args

import attrs
from cattrs import Converter

from . import _model, _model_auth, _model_http, _model_webhook
from ._document import Json
from ._model import Manifest
from ._model_auth import Auth

_KEYED = {"resources": "name", "push": "canonical_type"}
"""Mappings whose key is a field of what it names."""


def manifest_of(value: Mapping[str, Json]) -> Manifest:
    """The Manifest of a document value that the schema accepts."""
    fields = {key: each for key, each in value.items() if key != "manifest"}
    for section, name in _KEYED.items():
        if section in fields:
            fields[section] = {key: {**each, name: key} for key, each in fields[section].items()}
    if "webhook" in fields:
        fields["webhook"] = _with_handlers(fields["webhook"], fields.get("resources", {}))
    return _converter().structure(fields, Manifest)


def _with_handlers(webhook: Mapping[str, Json], resources: Mapping[str, Json]) -> Mapping[str, Json]:
    """Handlers with their event name, and the canonical type of the resource that they refer to."""
    handlers = {}
    for event, handler in webhook.get("handlers", {}).items():
        inherited = resources.get(handler.get("resource"), {}).get("canonical_type", "")
        handlers[event] = {"canonical_type": inherited, **handler, "event": event}
    return {**webhook, "handlers": handlers}


@lru_cache(maxsize=1)
def _converter() -> Converter:
    converter = Converter()
    for module in (_model_http, _model_auth, _model_webhook, _model):
        for each in vars(module).values():
            if attrs.has(each) and each.__module__ == module.__name__:
                attrs.resolve_types(each, vars(module))
    kinds = {attrs.fields(each).kind.default: each for each in get_args(Auth)}
    converter.register_structure_hook(Auth, lambda value, _type: converter.structure(value, kinds[value["kind"]]))
    converter.register_structure_hook_func(_is_sequence, lambda value, kind: _tuple(converter, value, kind))
    converter.register_structure_hook(float, lambda value, _type: float(value))
    return converter


def _is_sequence(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is Sequence


def _tuple(converter: Converter, value: Json, kind: Any) -> tuple[Any, ...]:
    (item,) = get_args(kind)
    return tuple(converter.structure(each, item) for each in value)
