"""What variants differ in: options by name on our side, attributes and their values by id on the platform's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs

from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import RejectedError

from .answers import REFUSED, message_of
from .native import send

Json = Any

_ATTACHED = "already attached"


@attrs.frozen(kw_only=True)
class Axis:
    """One option: the attribute that stands for it, and the ids of its values by name."""

    name: str
    attribute_id: int
    code: str
    values: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Axes:
    """The options of one product, in order."""

    each: Sequence[Axis]

    def values_of(self, variant: Mapping[str, Json]) -> list[Json]:
        """A variant's values as the child's attributes."""
        return [
            {"attribute_code": axis.code, "value": axis.values[variant["options"][axis.name]]} for axis in self.each
        ]


async def axes_of(connection: Connection, payload: Mapping[str, Json], parent: Json) -> Axes:
    """The attributes that a product's options stand for; values that the shop lacks are added to them.

    Raises:
        RejectedError: options do not tell the variants apart, or no attribute of the attribute set has the option's
            name: making attributes would change the shop's catalogue for everybody.
    """
    options = _options_of(payload)
    chosen = parent["attribute_set_id"] if parent is not None else connection.settings["attribute_set_id"]
    rows = (await send(connection, "GET", f"products/attribute-sets/{chosen}/attributes")).json()
    axes = []
    for name, values in options.items():
        native = _attribute_named(name, rows)
        if native is None:
            raise RejectedError(
                f"attribute set {chosen} of the Magento shop has no global list attribute named {name!r}",
                hint="add it to the set there, then retry",
            )
        axes.append(await _axis(connection, name, values, native, chosen))
    return Axes(each=axes)


def _options_of(payload: Mapping[str, Json]) -> Mapping[str, list[str]]:
    """Option name to its values, in order."""
    options: dict[str, list[str]] = {}
    variants = payload["variants"]
    for variant in variants:
        for name, value in (variant.get("options") or {}).items():
            values = options.setdefault(name, [])
            if value not in values:
                values.append(value)
    told = {tuple((variant.get("options") or {}).get(name) for name in options) for variant in variants}
    if not options or len(told) < len(variants) or any(None in each for each in told):
        raise RejectedError(
            f"the variants of product {payload['sku']!r} cannot be told apart by their options",
            hint="Magento makes variants of them: give each variant a value of every option",
        )
    return options


def _attribute_named(name: str, rows: Sequence[Json]) -> Json:
    """The attribute with that label or code that variants may differ in."""
    wanted = name.casefold()
    fit = [row for row in rows if row.get("frontend_input") == "select" and row.get("scope") == "global"]
    for key in ("default_frontend_label", "attribute_code"):
        for row in fit:
            if str(row.get(key) or "").casefold() == wanted:
                return row
    return None


async def _axis(connection: Connection, name: str, values: Sequence[str], native: Json, attribute_set: int) -> Axis:
    code = native["attribute_code"]
    known = _known_values(native)
    for value in values:
        if value not in known:
            body = {"option": {"label": value, "value": ""}}
            answer = await send(
                connection, "POST", f"/all/V1/products/attributes/{quote(code, safe='')}/options", body, accepts=REFUSED
            )
            if answer.status in REFUSED:
                words = message_of(answer.body)
                raise RejectedError(f"Magento refused the value {value!r} of attribute {code!r}: {words}", answer=words)
    if any(value not in known for value in values):
        # What the answer says of the new value's id differs between releases: the list is read again.
        rows = (await send(connection, "GET", f"products/attribute-sets/{attribute_set}/attributes")).json()
        known = _known_values(next(row for row in rows if row["attribute_code"] == code))
    return Axis(
        name=name, attribute_id=int(native["attribute_id"]), code=code, values={value: known[value] for value in values}
    )


def _known_values(native: Json) -> dict[str, str]:
    return {str(each["label"]): str(each["value"]) for each in native.get("options") or () if each["value"]}


async def link(connection: Connection, parent: Json, axes: Axes, children: Sequence[Json]) -> bool:
    """Give the parent the options and children that it lacks; whether anything was written.

    Raises:
        RejectedError: the platform refuses one of them.
    """
    more = parent.get("extension_attributes") or {}
    more = more if isinstance(more, Mapping) else {}
    there = {str(each["attribute_id"]) for each in more.get("configurable_product_options") or ()}
    linked = set(more.get("configurable_product_links") or ())
    path, written = f"/all/V1/configurable-products/{quote(parent['sku'], safe='')}", False
    for axis in axes.each:
        if str(axis.attribute_id) not in there:
            values = [{"value_index": int(key)} for key in axis.values.values()]
            option = {"attribute_id": str(axis.attribute_id), "label": axis.name, "values": values}
            await _add(connection, f"{path}/options", {"option": option}, f"the option {axis.name!r}")
            written = True
    for child in children:
        if child["id"] not in linked:
            await _add(connection, f"{path}/child", {"childSku": child["sku"]}, f"the variant {child['sku']!r}")
            written = True
    return written


async def _add(connection: Connection, path: str, body: Json, what: str) -> None:
    answer = await send(connection, "POST", path, body, accepts=REFUSED)
    words = message_of(answer.body) if answer.status in REFUSED else ""
    if words and _ATTACHED not in words:
        raise RejectedError(f"Magento refused {what}: {words}", answer=words)
