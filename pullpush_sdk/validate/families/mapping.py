"""Maps, beyond what the loader refuses: fields that matter, money without a currency, times without a zone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pullpush_sdk.canonical import CanonicalType, fields_of
from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Resource
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below, texts

Json = Any
KEY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "stocklevel": ("quantity",),
    "order": ("status", "currency", "totalAmount", "lineItems", "createdAt"),
    "product": ("title",),
    "contact": ("email", "name"),
    "call": ("direction", "duration"),
    "invoice": ("amount", "currency", "status"),
    "cart": ("lineItems",),
}
"""Per type the published key fields that a connector can hardly do without."""

_ONE_OF = {"name": ("firstName", "lastName", "company"), "email": ("phone", "contactId")}
_CURRENCY = re.compile(r"[A-Z]{3}")
_ROUNDS = frozenset({"toInteger", "toBoolean"})
_UNKNOWN_WORDS = frozenset({"", "0", "none", "null", "n/a", "-", "unlimited", "false"})


def check(case: Case) -> Iterator[Problem]:
    """Every map of a resource and every one of a handler."""
    manifest = case.manifest
    if manifest is None:
        return
    for name, resource in manifest.resources.items():
        kind = case.types.get(resource.canonical_type)
        if kind is not None and resource.canonical_map:
            path = f"{below('$.resources', name)}.canonical_map"
            if manifest.origin == "manifest":
                yield from _coverage(case, path, kind, resource.canonical_map)
            yield from _rules(case, path, kind, resource.canonical_map)
            if manifest.origin == "manifest":
                yield from _context(case, path, manifest, resource)
            yield from _stock_version(case, below("$.resources", name), resource)
    yield from _handlers(case, manifest)


def _handlers(case: Case, manifest: Manifest) -> Iterator[Problem]:
    if manifest.webhook is None:
        return
    for event, handler in manifest.webhook.handlers.items():
        kind = case.types.get(handler.canonical_type)
        if kind is not None and handler.map is not None:
            yield from _rules(case, f"{below('$.webhook.handlers', event)}.map", kind, handler.map)


def _coverage(case: Case, path: str, kind: CanonicalType, rules: Mapping[str, Json]) -> Iterator[Problem]:
    targets = {_plain(target.partition(".")[0]) for target in rules}
    for name in KEY_FIELDS.get(kind.name, ()):
        stands_in = (name, *_ONE_OF.get(name, ()))
        if not any(_plain(each) in targets for each in stands_in):
            yield case.at(
                "mapping-coverage",
                path,
                f"{kind.name}.{name} is not mapped: it is null for every record",
                f"add {name}: …, or waive this rule where the platform has none",
            )


def _rules(case: Case, path: str, kind: CanonicalType, rules: Mapping[str, Json]) -> Iterator[Problem]:
    fields = {_plain(field.wire): field for field in fields_of(kind.record)}
    targets = {_plain(target) for target in rules}
    money = [target for target in rules if (field := fields.get(_plain(target))) and field.kind.name == "money"]
    if money and "currency" in fields and "currency" not in targets:
        yield case.at(
            "mapping-currency",
            below(path, money[0]),
            "an amount without a currency",
            'map currency, from a setting where the platform has one only: "@settings.currency"',
        )
    for target, rule in rules.items():
        field = fields.get(_plain(target))
        place = below(path, target)
        steps = _steps(rule)
        if field is not None and field.kind.name == "money" and any(name in _ROUNDS for name, _ in steps):
            yield case.at(
                "mapping-money",
                place,
                "money as a whole number: what has cents is refused",
                "use toDecimal, or fromMinorUnits for cents",
            )
        if field is not None and field.kind.name == "money" and any(name == "toNumberOrNull" for name, _ in steps):
            yield case.at(
                "mapping-money-lost",
                place,
                "an amount that cannot be read becomes null without a word",
                "use toDecimal: it refuses what is no number",
            )
        yield from _amount(case, place, field, rule, steps)
        yield from _times(case, place, field, rule, steps)
        if kind.name == "stocklevel" and _plain(target) == "quantity":
            yield from _quantity(case, place, rule, steps)
        if field is not None and field.kind.name == "text" and field.required:
            yield from _identity_rule(case, place, rule, steps)
        for name, arguments in steps:
            if name == "mapItems" and isinstance(arguments.get("items"), dict) and field is not None:
                yield from _items(case, f"{place}.items", field, arguments["items"])


def _amount(
    case: Case, place: str, field: Any, rule: Json, steps: list[tuple[str, Mapping[str, Json]]]
) -> Iterator[Problem]:
    if field is None:
        return
    if field.wire == "currency" and isinstance(rule, dict):
        for word in [rule.get("value"), *(each for each in [rule.get("default")] if each is not None)]:
            if isinstance(word, str) and not _CURRENCY.fullmatch(word):
                message = f"`{word[:40]}` is no currency"
                yield case.at("mapping-value", place, message, "three capital letters of ISO 4217, such as EUR")
    if field.kind.name != "money" or not isinstance(rule, dict):
        return
    if any(name == "toMinorUnits" for name, _ in steps):
        yield case.at(
            "mapping-money",
            place,
            "toMinorUnits makes cents of what is an amount: it becomes a hundred times as much",
            "fromMinorUnits where the platform counts cents, else toDecimal",
        )
    if rule.get("default") is not None:
        yield case.at(
            "mapping-money-lost",
            f"{place}.default",
            "an amount that is not there becomes one",
            "leave it out: null means that nothing is known",
        )


def _context(case: Case, path: str, manifest: Manifest, resource: Resource) -> Iterator[Problem]:
    """Settings that nobody declared, and the item of a list that is not gone through."""
    settings = set(manifest.settings.get("properties", {})) - set(manifest.secrets)
    for text, place in texts(dict(resource.canonical_map), path):
        name = text.removeprefix("@settings.")
        if name != text and re.fullmatch(r"\w+", name) and name not in settings:
            near = difflib.get_close_matches(name, settings, n=1)
            hint = f"did you mean @settings.{near[0]}?" if near else "declare it under settings.properties"
            yield case.at("mapping-path", place, f"there is no setting `{name[:60]}`", hint)
        own = case.python is not None and any(each.name == "pullpush_pull" for each in case.python.hooks)
        if text.startswith("@item.") and resource.for_each is None and not own:
            message = "@item is the record of for_each, which this resource does not have"
            yield case.at("mapping-path", place, message, "add for_each, or read the record itself")


def _items(case: Case, path: str, field: Any, items: Mapping[str, Json]) -> Iterator[Problem]:
    record = field.kind.item.of if field.kind.item is not None else None
    if record is None:
        return
    fields = {_plain(each.wire): each for each in fields_of(record)}
    for target, rule in items.items():
        found = fields.get(_plain(target))
        steps = _steps(rule)
        place = below(path, target)
        if found is not None and found.kind.name == "money" and any(name in _ROUNDS for name, _ in steps):
            yield case.at(
                "mapping-money",
                place,
                "money as a whole number: what has cents is refused",
                "use toDecimal, or fromMinorUnits for cents",
            )
        yield from _amount(case, place, found, rule, steps)
        yield from _times(case, place, found, rule, steps)


def _times(
    case: Case, place: str, field: Any, rule: Json, steps: list[tuple[str, Mapping[str, Json]]]
) -> Iterator[Problem]:
    if field is not None and field.kind.name == "instant" and isinstance(rule, dict) and "value" in rule:
        yield case.at("mapping-time-fixed", place, "a fixed time for every record", "read it from the record")
    for name, arguments in steps:
        if name != "toDateTime":
            continue
        pattern = str(arguments.get("format", "iso"))
        if pattern in {"iso", "unix", "unix_ms", "json_date"}:
            continue
        if "%z" not in pattern and "%Z" not in pattern and "timezone" not in arguments:
            yield case.at(
                "mapping-naive-time",
                place,
                "a time without a time zone: every record is refused",
                "add timezone: Europe/Berlin, the zone that the platform writes in",
            )
        if "%I" in pattern and "%p" not in pattern:
            yield case.at("mapping-time-format", place, "%I is the hour of half a day, without %p", "use %H")
        if "%H" in pattern and "%p" in pattern:
            yield case.at("mapping-time-format", place, "%p has no meaning beside %H", "use %I with %p")


def _quantity(case: Case, place: str, rule: Json, steps: list[tuple[str, Mapping[str, Json]]]) -> Iterator[Problem]:
    for name, arguments in steps:
        if name == "toBoolean":
            yield case.at("mapping-stock-doubt", place, "a yes or no as a quantity", "read the counted number")
        table = arguments.get("table") if name == "lookup" else None
        for word, value in table.items() if isinstance(table, dict) else ():
            if value == 0 and not isinstance(value, bool) and str(word).strip().lower() in _UNKNOWN_WORDS - {"0"}:
                yield case.at(
                    "mapping-stock-doubt",
                    place,
                    f"the word {str(word)[:20]!r} becomes 0",
                    "null means that nothing is known",
                )
    if isinstance(rule, dict) and len(rule.get("paths", ()) or ()) > 1 and not any(n == "compute" for n, _ in steps):
        yield case.at(
            "mapping-stock-paths",
            place,
            "the quantity comes from whichever place has one",
            "read one place: another one's number counts something else",
        )


def _identity_rule(
    case: Case, place: str, rule: Json, steps: list[tuple[str, Mapping[str, Json]]]
) -> Iterator[Problem]:
    given = rule.get("default") if isinstance(rule, dict) else None
    if isinstance(given, str | int) and not any(name == "lookup" for name, _ in steps):
        yield case.at(
            "mapping-identity",
            f"{place}.default",
            f"every record without one becomes `{str(given)[:40]}`: they are taken for one and the same",
            "leave it empty: a record that nobody can name is refused",
        )
    for name, _ in steps:
        if name in {"lookup", "toBoolean", "split", "first", "fromMinorUnits", "toMinorUnits"}:
            yield case.at("mapping-key-lossy", place, f"{name} makes one key of several", "keep the platform's own id")
        if name in {"lower", "upper"}:
            yield case.at(
                "mapping-key-case",
                place,
                f"{name} changes the key: what the platform keeps apart becomes one",
                "keep it as the platform writes it",
            )


def _stock_version(case: Case, path: str, resource: Resource) -> Iterator[Problem]:
    targets = {_plain(target) for target in resource.canonical_map}
    if resource.version == "observed" and "updatedat" in targets and resource.incremental is not None:
        # Legal, and weaker: a slow poll is told from a fresh webhook by the moment of its request only.
        yield case.at(
            "mapping-version",
            path,
            "updatedAt is mapped, and states are ordered by when they were read",
            "version: updated_at, unless the platform's time does not move with every change",
        )


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _steps(rule: Json) -> list[tuple[str, Mapping[str, Json]]]:
    """Transform and arguments of each step of a rule as it is written."""
    if not isinstance(rule, dict):
        return []
    found: list[tuple[str, Mapping[str, Json]]] = []
    if "compute" in rule:
        found.append(("compute", rule))
    chain = rule.get("transform")
    for each in chain if isinstance(chain, list) else [chain]:
        if isinstance(each, str):
            found.append((each, rule))
        elif isinstance(each, dict):
            found.append((str(each.get("transform") or next(iter(each), "")), each))
    return found
