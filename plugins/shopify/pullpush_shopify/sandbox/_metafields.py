"""Metafields of variants: read one, write those of an input. Names and requirements as the schema describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pullpush_shopify.sandbox._call import Call, UserError
from pullpush_shopify.sandbox._model import Metafield, Variant

__all__ = ["check_metafields", "find_metafield", "write_metafields"]

# Every token of the sandbox belongs to one app.
_APP = "app--900000000001"

_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{3,255}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")


def _resolved(namespace: str | None) -> str:
    """The full name: `$app` and nothing at all stand for the app's own namespace, `$app:x` for one below it."""
    if namespace is None or namespace == "$app":
        return _APP
    return f"{_APP}--{namespace.removeprefix('$app:')}" if namespace.startswith("$app:") else namespace


def find_metafield(variant: Variant, arguments: Mapping[str, Any], _call: Call) -> Metafield | None:
    """Resolves `ProductVariant.metafield`."""
    return variant.metafields.get((_resolved(arguments.get("namespace")), arguments["key"]))


def check_metafields(variant: Variant | None, given: Mapping[str, Any], at: list[str], code: str) -> list[UserError]:
    """What is wrong with the metafields of a variant's input; `variant` is None for a new one."""
    errors = []
    for index, each in enumerate(given.get("metafields") or ()):
        name = (_resolved(each.get("namespace")), each.get("key") or "")
        held = variant.metafields.get(name) if variant is not None else None
        for field, fits in (
            ("namespace", each.get("namespace") is not None and _NAMESPACE.fullmatch(name[0])),
            ("key", _KEY.fullmatch(name[1])),
            ("type", each.get("type") or held),
            ("value", each.get("value") or (held and each.get("value") is None)),
        ):
            if not fits:
                errors.append(UserError([*at, "metafields", str(index), field], f"{field.title()} is invalid.", code))
    return errors


def write_metafields(variant: Variant, given: Mapping[str, Any], call: Call, *, whole: bool) -> None:
    """Write the metafields of a variant's input; with `whole`, those that are not in its list are deleted."""
    if given.get("metafields") is None:
        return
    now, written = call.store.now(), {}
    for each in given["metafields"]:
        name = (_resolved(each["namespace"]), each["key"])
        field = variant.metafields.get(name)
        if field is None:
            number = call.store.new_id("Metafield")
            field = Metafield(
                id=number, created_at=now, updated_at=now, namespace=name[0], key=name[1], type="", value=""
            )
        field.type, field.value = each.get("type") or field.type, each.get("value") or field.value
        field.updated_at = now
        written[name] = field
    variant.metafields = written if whole else {**variant.metafields, **written}
