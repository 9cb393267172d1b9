"""A proposed canonical map: which native field probably is which canonical one, and how certain that is.

Deterministic and offline: names, synonyms, types, formats and example values. Certainty runs from 0 to 1; 1 is never
given, since nobody has asked the platform.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, Kind, LineItem, Variant, fields_of
from pullpush_sdk.openapi import singular, words_of

from .shapes import Shape, field_paths
from .synonyms import ABBREVIATIONS, CURRENCY, FIELDS, LINES, STATUS, VARIANTS

__all__ = ["SURE", "Proposal", "propose"]

Json = Any
SURE = 0.8
"""From here on a proposal is shown without a request to check it."""
_ENOUGH = 0.45
_OF_A_VARIANT = 0.75
_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)")
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_JSON_DATE = re.compile(r"/Date\(-?\d+([+-]\d{4})?\)/")
_MAIL_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_OWN_ID = {"product": "productId", "order": "orderId", "contact": "contactId", "call": "callId", "invoice": "invoiceId",
           "cart": "cartId"}  # fmt: skip
"""Canonical type to the field that holds the record's own id: a schema `PurchaseOrder` calls it `PurchaseOrderID`."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PARTS: Mapping[type | None, tuple[str, Mapping[str, Sequence[str]], frozenset[str]]] = {
    LineItem: ("line", LINES, frozenset({"sku", "title", "quantity"})),
    Variant: ("variant", VARIANTS, frozenset({"sku", "variantId"})),
}
"""Items of lists by their class: what they are called, the names of their fields, and those of which one must be."""
_AMOUNTS = frozenset({"amount", "value", "cent_amount", "gross", "amount_minor"})
"""What the number is called in an object of an amount and its currency."""
_MAIN = {"product": "price", "order": "totalAmount", "invoice": "amount", "cart": "totalAmount"}
"""Canonical type to the amount whose currency is the record's."""


@attrs.frozen(kw_only=True)
class Proposal:
    """One line of a map: `target` by its wire name, `rule` as a manifest writes it, `certainty`, what to `check`.

    `names` lead to the native field; `inner` are the proposals for the items of a list.
    """

    target: str
    rule: Json
    certainty: float
    check: str = ""
    names: tuple[str, ...] = ()
    inner: tuple[Proposal, ...] = ()


def propose(
    kind: CanonicalType, record: Shape, refused: Collection[tuple[str, tuple[str, ...]]] = ()
) -> list[Proposal]:
    """Proposals for a native record's shape, in the order of the type's fields; a type of one's own by names alone.

    `refused` are pairs of a target and the names of a place that were tried and do not fit.
    """
    known = FIELDS.get(kind.name) or {field.wire: (_joined(field.wire),) for field in fields_of(kind.record)}
    kinds = _kinds(kind)
    places = [(names, shape) for names, shape in field_paths(record) if all(name for name in names)]
    own = f"{_joined(record.name)}_id" if record.name else ""
    monies = _monies(names for names, _ in places)
    found = []
    for target, spelled in known.items():
        named = own and target == _OWN_ID.get(kind.name) and own not in spelled
        wanted = (*spelled[:1], own, *spelled[1:]) if named else spelled
        fitting = [each for each in places if (target, each[0]) not in refused] if refused else places
        best = _best(target, kinds[target], wanted, fitting, kind.name, monies=monies)
        if target == "sku" and kind.name == "product" and (best is None or best.certainty < _OF_A_VARIANT):
            best = _of_the_first_variant(record, refused) or best
        if best is not None:
            found.append(best)
    return found


def _monies(places: Iterable[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """The objects that hold a currency: what they are called is what their amount is."""
    return frozenset(names[:-1] for names in places if len(names) > 1 and _joined(names[-1]) in CURRENCY)


def _of_the_first_variant(record: Shape, refused: Collection[tuple[str, tuple[str, ...]]]) -> Proposal | None:
    """The SKU of a product that has none of its own; None where its variants have none either."""
    for name in FIELDS["product"]["variants"]:
        for native, shape in record.properties.items():
            inner = shape.item.properties if shape.kind == "list" and shape.item is not None else {}
            sku = next((each for each in inner if _joined(each) == "sku"), None)
            if _joined(native) == name and sku is not None and ("sku", (native, sku)) not in refused:
                rule = f"{_path([native])}[0].{sku}"
                words = "the first variant's; is each variant a product of its own?"
                return Proposal(target="sku", rule=rule, certainty=_OF_A_VARIANT, check=words, names=(native, sku))
    return None


def _kinds(kind: CanonicalType) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for field in fields_of(kind.record):
        kinds[field.wire] = field.kind
        if field.kind.name == "record" and field.kind.of is not None:
            kinds |= {f"{field.wire}.{inner.wire}": inner.kind for inner in fields_of(field.kind.of)}
    return kinds


def _best(
    target: str,
    kind: Kind,
    wanted: Sequence[str],
    places: Sequence[tuple[tuple[str, ...], Shape]],
    type_name: str,
    *,
    monies: Collection[tuple[str, ...]] = (),
) -> Proposal | None:
    best: Proposal | None = None
    for names, shape in places:
        certainty = _alike(names, wanted, type_name)
        if names[:-1] in monies:
            certainty = max(certainty, _as_money(target, kind, names, wanted, type_name))
        if certainty < _ENOUGH or (best is not None and certainty <= best.certainty):
            continue
        rule = _rule(target, kind, names, shape, type_name)
        if rule is None:
            continue
        text, factor, check = rule
        if round(certainty * factor, 2) >= _ENOUGH and (best is None or certainty * factor > best.certainty):
            inner = _items(kind, shape) if isinstance(text, Mapping) and "items" in text else ()
            best = Proposal(
                target=target, rule=text, certainty=round(certainty * factor, 2), check=check, names=names, inner=inner
            )
    return best


def _alike(names: tuple[str, ...], wanted: Sequence[str], type_name: str) -> float:
    """How much a native name is like the names that a field goes by: 0.97 for the first, less further down."""
    own = tuple(singular(word) for word in words_of(type_name))
    spelled = ".".join(_joined(name) for name in names)
    if spelled in wanted:
        return max(0.6, 0.97 - 0.03 * wanted.index(spelled))
    loose = _loosely(spelled, own)
    for place, name in enumerate(wanted):
        if loose == _loosely(name, own):
            return max(0.6, 0.97 - 0.03 * place) - 0.05
    tail = _joined(names[-1])
    for place, name in enumerate(wanted[:6]):
        if (
            len(names) > 1
            and tail == name
            and "." not in name
            and name not in ("id", "name", "type", "status", "code", "date")
        ):
            return 0.62 - 0.02 * place
    return 0.0


def _as_money(target: str, kind: Kind, names: tuple[str, ...], wanted: Sequence[str], type_name: str) -> float:
    """How much a part of an object of an amount and its currency is like a field, by what the object is called."""
    tail, holder = _joined(names[-1]), names[:-1]
    if kind.name == "money" and tail in _AMOUNTS:
        return _alike(holder, wanted, type_name) - 0.02
    if target == "currency" and tail in CURRENCY and type_name in _MAIN:
        return _alike(holder, FIELDS[type_name][_MAIN[type_name]], type_name) - 0.1
    return 0.0


@lru_cache(maxsize=20_000)
def _joined(name: str) -> str:
    return "_".join(words_of(name))


@lru_cache(maxsize=20_000)
def _loosely(spelled: str, own: tuple[str, ...]) -> str:
    """Without plural, short forms and edges between words, and without the type's own name in front."""
    words = [singular(word) for word in re.split(r"[_.]", spelled)]
    words = [ABBREVIATIONS.get(word, word) for word in words]
    if len(words) > 1 and words[0] in own and words[1:] != ["id"]:
        words = words[1:]
    return "".join(words)


def _path(names: Sequence[str]) -> str:
    parts: list[str] = []
    for name in names:
        plain = _NAME.fullmatch(name) is not None
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(("." if parts else "") + name if plain else f'["{escaped}"]')
    return "".join(parts)


_Rule = tuple[Json, float, str]


def _rule(target: str, kind: Kind, names: tuple[str, ...], shape: Shape, type_name: str) -> _Rule | None:
    """The rule by which a native place fills a field, a factor on the certainty, what to check; None: it cannot."""
    path = _path(names)
    match kind.name:
        case "text":
            return (path, 1.0, "") if shape.kind in ("text", "integer", "unknown") else None
        case "number":
            return _number(target, path, shape)
        case "money":
            return _money(path, names, shape)
        case "integer":
            return ({"path": path, "transform": "toInteger"}, 1.0, "") if shape.kind in ("integer", "text") else None
        case "boolean":
            return ({"path": path, "transform": "toBoolean"}, 1.0, "") if shape.kind in ("boolean", "integer") else None
        case "instant":
            return _instant(path, shape)
        case "enum":
            return _words(f"{type_name}.{target}", path, shape)
        case "list":
            return _list(kind, path, shape)
    return None


def _number(target: str, path: str, shape: Shape) -> _Rule | None:
    if shape.kind not in ("integer", "number", "text", "unknown"):
        return None
    if shape.kind == "text" and isinstance(shape.example, str) and not _NUMBER.fullmatch(shape.example.strip() or "0"):
        return None
    factor = 1.0 if shape.kind in ("integer", "number") else 0.8
    # Blank text and null are "no data": never 0.
    rule = {"path": path, "transform": "toNumberOrNull"} if target == "quantity" or shape.kind == "text" else path
    check = "what does it hold where nothing is counted?" if target == "quantity" else ""
    return rule, factor, check


def _money(path: str, names: Sequence[str], shape: Shape) -> _Rule | None:
    if shape.kind not in ("integer", "number", "text", "unknown"):
        return None
    spoken = {word for name in names for word in words_of(name)} | set(words_of(shape.about[:80]))
    if shape.kind == "integer":
        if spoken & {"cent", "cents", "minor", "pence"}:
            return {"path": path, "transform": "fromMinorUnits"}, 0.9, "hundredths?"
        return path, 0.75, "a whole number: is it in hundredths? then transform: fromMinorUnits"
    if shape.kind == "text" and isinstance(shape.example, str) and not _NUMBER.fullmatch(shape.example.strip()):
        return None
    return {"path": path, "transform": "toDecimal"}, 1.0 if shape.kind == "number" else 0.92, ""


def _instant(path: str, shape: Shape) -> _Rule | None:
    example = shape.example
    if isinstance(example, str) and (form := _written_form(example)):
        return {"path": path, "transform": "toDateTime", "format": form}, 0.95, ""
    if shape.kind in ("integer", "number") or (
        isinstance(example, int | float | Decimal) and not isinstance(example, bool)
    ):
        unit = "unix_ms" if isinstance(example, int | float | Decimal) and example > 10**11 else "unix"
        return {"path": path, "transform": "toDateTime", "format": unit}, 0.8, f"{unit}: seconds or milliseconds?"
    if shape.kind not in ("text", "unknown"):
        return None
    if isinstance(example, str) and not _OFFSET.match(example):
        if not (_LOCAL.match(example) or re.match(r"\d{4}-\d\d-\d\d$", example)):
            return None
        return {"path": path, "transform": "toDateTime", "timezone": "UTC"}, 0.75, "its time zone is a guess"
    certain = isinstance(example, str) or shape.format == "date-time"
    if certain:
        return {"path": path, "transform": "toDateTime"}, 1.0, ""
    rule = {"path": path, "transform": "toDateTime", "timezone": "UTC"}
    return rule, 0.75, "its format and time zone are a guess"


def _written_form(example: str) -> str:
    """The form of a time that is neither ISO 8601 nor a number; empty for any other text."""
    text = example.strip()
    if _JSON_DATE.fullmatch(text):
        return "json_date"
    if _MAIL_DATE.fullmatch(text):
        return "%a, %d %b %Y %H:%M:%S %z"
    digits = re.fullmatch(r"\d{10}(\d{3})?", text)
    return "" if digits is None else "unix_ms" if digits[1] else "unix"


def _words(field: str, path: str, shape: Shape) -> _Rule | None:
    """A table from the words that the platform is known to use."""
    known = STATUS.get(field)
    if known is None or shape.kind not in ("text", "integer", "unknown"):
        return None
    meant = {_joined(word): canonical for canonical, words in known.items() for word in words}
    natives = [str(each) for each in shape.enum if each is not None] or (
        [str(shape.example)] if shape.example is not None else []
    )
    table = {native: meant[_joined(native)] for native in natives if _joined(native) in meant}
    left = [native for native in natives if native not in table]
    if not table:
        numbered = shape.kind == "integer" or any(native.isdigit() for native in natives)
        table = {
            next((word for word in words if word.isdigit() == numbered), ""): canonical
            for canonical, words in known.items()
        }
        table.pop("", None)
        if not table:
            return None
        return _lookup(path, table), 0.6, "the platform's words are a guess"
    check = (
        f"what are {', '.join(left[:5])}?" if left else "" if shape.enum else "are these all of the platform's words?"
    )
    return _lookup(path, table), 0.75 if left else 0.95, check


def _lookup(path: str, table: Mapping[str, str]) -> Json:
    return {"path": path, "transform": "lookup", "table": dict(table), "default": "unknown"}


def _list(kind: Kind, path: str, shape: Shape) -> _Rule | None:
    assert kind.item is not None
    if kind.item.name == "text":
        if shape.kind == "text":
            return {"path": path, "transform": "split"}, 0.8, "separated by commas?"
        inner = shape.item
        return (path, 1.0, "") if shape.kind == "list" and inner is not None and inner.kind == "text" else None
    if shape.kind != "list" or shape.item is None or kind.item.of not in _PARTS:
        return None
    items = {each.target: each.rule for each in _items(kind, shape)}
    if not _PARTS[kind.item.of][2] & set(items):
        return None
    return {"path": path, "transform": "mapItems", "items": items}, 0.95, ""


def _items(kind: Kind, shape: Shape) -> tuple[Proposal, ...]:
    """Proposals for the items of a list: the lines of a document, the variants of a product."""
    assert shape.item is not None
    assert kind.item is not None
    assert kind.item.of is not None
    name, known, _ = _PARTS[kind.item.of]
    kinds = {field.wire: field.kind for field in fields_of(kind.item.of)}
    places = list(field_paths(shape.item))
    monies = _monies(names for names, _ in places)
    found = (_best(target, kinds[target], wanted, places, name, monies=monies) for target, wanted in known.items())
    return tuple(each for each in found if each is not None)
