"""The sandbox's schema against the vendor's own, and its costs against the recorded ones.

The vendor's files are not part of this repository; without them these tests are skipped aloud.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import DocumentNode, parse, print_ast, validate, validate_schema
from pullpush_shopify.sandbox._call import Call
from pullpush_shopify.sandbox._cost import requested_cost
from pullpush_shopify.sandbox._documents import load_schema
from pullpush_shopify.sandbox._execute import Plan
from pullpush_shopify.sandbox._inputs import coerce_variables
from pullpush_shopify.sandbox._resolve import make_runner

VENDOR = Path(__file__).parents[5] / "shared" / "vendor-specs" / "shopify"

# What the sandbox has and the vendor's schema has not, with the reason.
DEVIATIONS = json.loads((Path(__file__).parents[1] / "vendor_deviations.json").read_text())["schema"]


def _need(name: str) -> Path:
    path = VENDOR / name
    if not path.exists():
        pytest.skip(f"the vendor's file {name} is not at hand")
    return path


def test_the_schema_is_valid() -> None:
    assert validate_schema(load_schema()) == []


@pytest.mark.vendor
def test_every_part_of_the_schema_is_in_the_vendors() -> None:
    """Types, fields, arguments, their types and defaults, enum values; required arguments are not left out."""
    vendors = _definitions(parse(_need("admin-2026-07.schema.graphql").read_text(), no_location=True))
    own = Path(__file__).parents[2] / "pullpush_shopify" / "sandbox" / "schema.graphql"
    differences = []
    for name, definition in _definitions(parse(own.read_text())).items():
        if name not in vendors:
            differences.append(name)
            continue
        differences += [f"{name}.{difference}" for difference in _compare(definition, vendors[name])]
    assert sorted(differences) == sorted(DEVIATIONS)


def _definitions(document: DocumentNode) -> dict[str, Any]:
    return {d.name.value: d for d in document.definitions if getattr(d, "name", None)}  # type: ignore[attr-defined]


def _compare(own: Any, vendors: Any) -> list[str]:
    found = []
    if hasattr(own, "values"):
        known = {value.name.value for value in vendors.values}
        found += [value.name.value for value in own.values if value.name.value not in known]
    if hasattr(own, "types"):
        known = {member.name.value for member in vendors.types}
        found += [member.name.value for member in own.types if member.name.value not in known]
    known = {field.name.value: field for field in getattr(vendors, "fields", None) or ()}
    for field in getattr(own, "fields", None) or ():
        other = known.get(field.name.value)
        if other is None or print_ast(field.type) != print_ast(other.type):
            found.append(field.name.value)
        else:
            found += [f"{field.name.value}.{name}" for name in _compare_arguments(field, other)]
    return found


def _compare_arguments(own: Any, vendors: Any) -> list[str]:
    if not hasattr(own, "arguments"):
        return [] if _default(own) == _default(vendors) else ["(default)"]
    given = {argument.name.value: argument for argument in own.arguments or ()}
    known = {argument.name.value: argument for argument in vendors.arguments or ()}
    found = [
        name
        for name, argument in given.items()
        if name not in known
        or print_ast(argument.type) != print_ast(known[name].type)
        or _default(argument) != _default(known[name])
    ]
    needed = (n for n, a in known.items() if print_ast(a.type).endswith("!") and a.default_value is None)
    return found + [name for name in needed if name not in given]


def _default(node: Any) -> str | None:
    return print_ast(node.default_value) if node.default_value is not None else None


@pytest.mark.vendor
@pytest.mark.parametrize("name", ["read", "write", "bulk-inner"])
def test_the_reference_operations_are_valid(name: str) -> None:
    document = parse(_need(f"operations/{name}.graphql").read_text())
    assert [error.message for error in validate(load_schema(), document)] == []


@pytest.mark.vendor
@pytest.mark.parametrize(
    ("operation", "variables", "points"),
    [
        ("StockByLocation", {"locationId": "x", "first": 250}, 36),
        ("StockByItem", {"first": 250, "levels": 10}, 211),
        ("Locations", {"first": 250}, 13),
        ("Products", {"first": 50, "variants": 50}, 177),
        ("Products", {"first": 100, "variants": 100}, 281),
        ("Products", {"first": 250, "variants": 250}, 409),
        ("Orders", {"first": 50, "lines": 50}, 310),
        ("Orders", {"first": 100, "lines": 50}, 398),
        ("Orders", {"first": 250, "lines": 250}, 706),
        ("Customers", {"first": 250}, 68),
        ("AbandonedCheckouts", {"first": 100, "lines": 50}, 173),
        ("SetStock", {"key": "k", "input": {"name": "available", "reason": "other", "quantities": []}}, 13),
        ("UpsertProduct", {"sync": True, "input": {}}, 31),
    ],
)
def test_costs_are_the_fitted_ones(operation: str, variables: dict[str, Any], points: int) -> None:
    """The table that was fitted to recorded answers of 2026-04."""
    text = "".join(_need(f"operations/{name}.graphql").read_text() for name in ("read", "write"))
    definitions = _definitions(parse(text))
    schema = load_schema()
    values, errors = coerce_variables(schema, definitions[operation], variables)
    assert errors == []
    scopes = frozenset(("write_inventory", "write_products", "write_orders", "write_customers", "read_locations"))
    call = Call(desk=None, engine=None, scopes=scopes, version="2026-10", address="")  # type: ignore[arg-type]
    plan = Plan.compile(make_runner(schema), definitions[operation], definitions, values, call)
    assert requested_cost(plan.cost) == points
