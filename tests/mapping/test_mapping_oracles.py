"""Laws over random maps, bodies and records: generated code, projections and the interpreter agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import BUILT_IN, UNSET, dumps
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import (
    Functions,
    Map,
    check_body,
    check_map,
    compile_body,
    compile_map,
    full_decoder,
    interpret,
    interpret_body,
    parse_body,
    parse_map,
    project,
)

KINDS = {kind.name: kind for kind in BUILT_IN}


def _double(value: Any) -> Any:
    return value + value


def _pair(*values: Any) -> Any:
    return [value for value in values if value is not None]


def _boom(*_values: Any) -> Any:
    raise KeyError("boom")


FUNCTIONS = Functions({"double": _double, "shop:pair": _pair, "boom": _boom, "half": lambda *_: 0.5})
CONTEXT = {"settings": {"a": "context text", "b": 7}, "page": {"a": {"b": Decimal("2.50")}, "items": [{"a": "x"}]}}

keys = st.sampled_from(["a", "b", "c", "items", "code", "a.b"])
texts = st.sampled_from(
    [
        "",
        " ",
        "5",
        " 5.50 ",
        "abc",
        "true",
        "No",
        "NaN",
        "1_000",
        "٣",
        "1e99999",
        "2024-01-31T08:00:00Z",
        "ean",
        "x,y",
        "2024-01-31T08:00:00.5+03:00",
        "2024-01-31 08:00",
        "31/01/2024",
        "active",
        "pending",
        "__import__('os')",
    ]
) | st.text(max_size=4)
numbers = st.one_of(
    st.integers(-3, 30),
    st.integers(-(10**31), 10**31),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6),
    st.sampled_from([Decimal("5.0"), Decimal("1E+3"), Decimal("123456789012345.678901234567890"), 1706688000]),
)
scalars = st.one_of(st.none(), st.booleans(), texts, numbers)


def _more(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)


values = st.recursive(scalars, _more, max_leaves=8)
records = st.dictionaries(keys, values, max_size=6) | st.dictionaries(
    keys, st.lists(st.dictionaries(keys, scalars, max_size=3), max_size=3), max_size=6
)

moves = st.sampled_from(
    [".a", ".b", ".code", ".items", "[0]", "[1]", "[*]", '["a.b"]', "[?code=='ean']", "[?a.b==5]", "[?b==true]", ".c"]
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    root = draw(st.sampled_from(["", "", "", "", "$.", "$$.", "@settings.", "@page."]))
    more = draw(st.lists(moves, max_size=3))
    while sum(move[:2] in {"[*", "[?"} for move in more) > 3:
        more.pop()
    return root + draw(st.sampled_from(["a", "b", "items", "c"])) + "".join(more)


plain_values = st.none() | st.booleans() | texts | st.integers(-3, 9)
single = st.sampled_from(
    [
        "toString",
        "toNumberOrNull",
        "toDecimal",
        "toInteger",
        "toBoolean",
        "trim",
        "lower",
        "upper",
        "first",
        "joinCodes",
        "fromMinorUnits",
        "toMinorUnits",
        "coalesce",
        "split",
        "join",
    ]
).map(lambda name: {"transform": name})
stepped = st.one_of(
    single,
    single,
    st.fixed_dictionaries(
        {"transform": st.just("lookup"), "table": st.dictionaries(texts, plain_values, min_size=1, max_size=3)},
        optional={"default": plain_values},
    ),
    st.fixed_dictionaries({"transform": st.just("compute"), "fn": st.sampled_from(sorted(FUNCTIONS))}),
    st.fixed_dictionaries(
        {"transform": st.just("toDateTime")},
        optional={
            "format": st.sampled_from(["iso", "unix", "unix_ms", "%d/%m/%Y"]),
            "timezone": st.sampled_from(["Europe/Berlin", "Asia/Riyadh", "UTC"]),
        },
    ),
)
tests = st.one_of(
    st.tuples(st.sampled_from(["equals", "notEquals"]), plain_values),
    st.tuples(st.just("in"), st.lists(plain_values, max_size=3)),
    st.tuples(st.sampled_from(["exists", "notEmpty"]), st.booleans()),
)


@st.composite
def conditions(draw: st.DrawFn) -> Any:
    test, value = draw(tests)
    return {"path": draw(paths()), test: value}


def rules(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Rule documents; most parse, and those that do not are left out by the parser itself."""

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        form = draw(st.sampled_from(["path", "path", "steps", "steps", "paths", "value", "items", "compute"]))
        rule: dict[str, Any] = {}
        if form == "path":
            rule = {"path": draw(paths())}
        elif form == "steps":
            rule = {"path": draw(paths()), "transform": draw(st.lists(stepped, min_size=1, max_size=3))}
        elif form == "paths":
            sources = st.lists(paths() | st.fixed_dictionaries({"value": plain_values}), min_size=1, max_size=3)
            first = draw(st.sampled_from(["coalesce", "join", "shop:pair", "boom"]))
            head = {"transform": first} if first in {"coalesce", "join"} else {"transform": "compute", "fn": first}
            rule = {"paths": draw(sources), "transform": [head, *draw(st.lists(stepped, max_size=1))]}
        elif form == "value":
            return draw(st.fixed_dictionaries({"value": plain_values}))
        elif form == "items":
            rule = {"path": draw(paths()), "transform": "mapItems"}
            if draw(st.booleans()):
                rule["items"] = draw(items)
        else:
            rule = {"compute": draw(st.sampled_from(["shop:pair", "boom", "half"]))}
        if draw(st.integers(0, 4)) == 0:
            rule["when"] = draw(conditions() | st.lists(conditions(), min_size=1, max_size=2))
            if draw(st.booleans()):
                rule["otherwise"] = draw(paths() | st.fixed_dictionaries({"value": plain_values}))
        if draw(st.integers(0, 4)) == 0:
            rule["default"] = draw(plain_values | st.just([]) | st.just({}))
        if draw(st.integers(0, 5)) == 0:
            rule["secret"] = True
        return rule if len(rule) > 1 or draw(st.booleans()) or "path" not in rule else rule["path"]

    return build()


plain_rules = rules(st.just({"sku": "a"}))
line_maps = st.dictionaries(
    st.sampled_from(["sku", "title", "quantity", "unitPrice", "extensions.note", "extensions.deep.x"]),
    plain_rules,
    max_size=4,
)
order_fields = st.sampled_from(
    [
        "orderId",
        "status",
        "currency",
        "totalAmount",
        "lineItems",
        "customer.email",
        "customer.name",
        "customer",
        "createdAt",
        "taxesIncluded",
        "tags",
        "extensions.a",
        "extensions.b.c",
        "extensions",
        "shippingAddress.city",
        "billing_address.extensions.x",
        "note",
        "financialStatus",
    ]
)
order_maps = st.dictionaries(order_fields, rules(line_maps), max_size=7)
product_fields = st.sampled_from(
    ["title", "price", "weight", "options", "media", "variants", "categories", "status", "updatedAt", "extensions.x"]
)
variant_maps = st.dictionaries(
    st.sampled_from(["sku", "price", "position", "options", "options.Size", "weight", "extensions"]),
    plain_rules,
    max_size=4,
)
product_maps = st.dictionaries(product_fields, rules(variant_maps), max_size=6)
stock_maps = st.dictionaries(st.sampled_from(["quantity", "locationId", "updatedAt"]), plain_rules, max_size=3)
maps = st.one_of(
    st.tuples(st.just("order"), order_maps.map(lambda rules: {"orderId": {"value": "1"}, **rules})),
    st.tuples(st.just("product"), product_maps.map(lambda rules: {"sku": {"value": "1"}, **rules})),
    st.tuples(st.just("stocklevel"), stock_maps.map(lambda rules: {"sku": "a", **rules})),
)


def usable(document: dict[str, Any], kind: str, functions: Functions = FUNCTIONS) -> Map:
    """The map of those rules of a document that a check finds nothing wrong with but that they read fixed values."""
    good: dict[str, Any] = {}
    for target, rule in document.items():
        spec, problems = parse_map({**good, target: rule})
        found = [each for each in check_map(spec, KINDS[kind], functions) if each.code not in IGNORED]
        if not problems and not found:
            good[target] = rule
    return parse_map(good)[0]


IGNORED = {"mapping-identity", "mapping-stock"}


def outcome(work: Any) -> tuple[Any, ...]:
    """A result with its digits, or all that an error says."""
    try:
        value = work()
    except FieldError as error:
        return "error", str(error), error.target, error.path, error.shown, error.hint
    return "value", value, repr(value)


@settings(max_examples=250, deadline=None)
@given(maps, st.lists(records | scalars, min_size=1, max_size=3))
def test_compiled_equals_interpreted(mapped: tuple[str, Any], page: list[Any]) -> None:
    kind, document = mapped
    spec = usable(document, kind)
    if not _has_identity(spec):
        return
    compiled = compile_map(spec, KINDS[kind], FUNCTIONS)
    expected = [outcome(lambda r=r: interpret(spec, KINDS[kind], FUNCTIONS, r, CONTEXT)) for r in page]
    assert [outcome(lambda r=r: compiled.one(r, CONTEXT)) for r in page] == expected
    mapped_page = compiled.many(page, CONTEXT)
    assert [repr(each) for each in mapped_page.records] == [each[2] for each in expected if each[0] == "value"]
    assert [(at, str(error)) for at, error in mapped_page.errors] == [
        (at, each[1]) for at, each in enumerate(expected) if each[0] == "error"
    ]


records_paths = st.sampled_from(
    [("$", lambda page: page), ("data.items", lambda page: {"data": {"items": page}})]
) | st.just(("data.edges[*].node", lambda page: {"data": {"edges": [{"node": each, "cursor": "c"} for each in page]}}))


@settings(max_examples=250, deadline=None)
@given(maps, maps, st.lists(records | st.none(), min_size=1, max_size=3), records_paths)
def test_projected_decode_equals_full_decode(
    mapped: tuple[str, Any], beside: tuple[str, Any], page: list[Any], place: tuple[str, Any]
) -> None:
    """Digit for digit, also where a second map of the same page wants other parts of it."""
    specs = [usable(document, kind) for kind, document in (mapped, beside)]
    data = dumps(place[1](page))
    extra = [] if place[0] == "$" else ["data", "data.items", "data.total"][: len(page)]
    narrow = project(specs, records_path=place[0], extra=extra).decode(data)
    whole = full_decoder(records_path=place[0], extra=extra).decode(data)
    assert repr(narrow.extra) == repr(whole.extra)
    assert (narrow.found, len(narrow.records)) == (whole.found, len(whole.records))
    for (kind, _), spec in zip((mapped, beside), specs, strict=True):
        if not _has_identity(spec):
            continue
        compiled = compile_map(spec, KINDS[kind], FUNCTIONS)
        one, other = compiled.many(narrow.records, CONTEXT), compiled.many(whole.records, CONTEXT)
        assert repr(one.records) == repr(other.records)
        assert [(at, str(error)) for at, error in one.errors] == [(at, str(error)) for at, error in other.errors]


native_items = st.dictionaries(st.sampled_from(["x", "y"]), plain_rules, max_size=2) | plain_rules
templates = st.recursive(
    rules(native_items),
    lambda inner: (
        st.dictionaries(st.sampled_from(["k", "value", "l"]), inner, max_size=3).map(lambda d: {"object": d})
        | st.dictionaries(st.sampled_from(["k", "l", "'; drop"]), inner, max_size=3)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None)
@given(templates, records)
def test_compiled_body_equals_interpreted(document: Any, record: dict[str, Any]) -> None:
    template, problems = parse_body(document)
    if problems:
        return
    if check_body(template, FUNCTIONS):
        return
    compiled = compile_body(template, FUNCTIONS)
    expected = outcome(lambda: interpret_body(template, FUNCTIONS, record, CONTEXT))
    assert outcome(lambda: compiled.one(record, CONTEXT)) == expected
    if expected[0] == "value" and expected[1] is not UNSET:
        assert _json(expected[1])


def _json(value: Any) -> bool:
    """Whether a body holds JSON values only, nothing absent among them."""
    if isinstance(value, dict):
        return all(_json(each) for each in value.values())
    if isinstance(value, list):
        return all(_json(each) for each in value)
    return value is None or isinstance(value, str | int | Decimal)


def _has_identity(spec: Map) -> bool:
    return any(target in {"orderId", "sku"} for target in spec.targets)
