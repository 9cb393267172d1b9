"""What each of the three readers refuses, and at which line and column."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import read_document

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20)
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def dumped(value):
    """JSON text with Decimals in their own digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dumped(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumped, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def javascript(value):
    """The same as a literal in the style of the guides."""
    if isinstance(value, dict):
        inner = "".join(f"\n/* {{ */ '{_single(key)}': {javascript(item)}, // }}\n" for key, item in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + "".join(f"{javascript(item)}," for item in value) + "]"
    return f"'{_single(value)}'" if isinstance(value, str) else dumped(value)


def _single(text):
    return text.replace("\\", "\\\\").replace("'", "\\'")


@given(value=JSON)
def test_json_reads_as_the_standard_library_reads_it(value):
    text = dumped(value)
    found = read_document(text, format="json").value
    assert found == json.loads(text, parse_float=Decimal)
    assert dumped(found) == text


@given(value=JSON)
def test_the_three_forms_read_equal(value):
    assert read_document(javascript(value), format="js").value == value
    plain = read_document(dumped(value), format="json").value
    text = yaml.dump(_floatless(value), Dumper=_Quoting, allow_unicode=True)
    assert read_document(text, format="yaml").value == _floatless(plain)


class _Quoting(yaml.SafeDumper):
    """Texts in quotes: PyYAML leaves them out of some that are numbers to JSON, such as 0E0."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _floatless(value):
    """PyYAML writes Decimals as tags: they become text first."""
    if isinstance(value, dict):
        return {key: _floatless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floatless(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


@given(value=JSON)
def test_every_part_has_a_place(value):
    document = read_document(dumped(value), format="json")

    def walk(path, part):
        yield path
        if isinstance(part, dict):
            for key, item in part.items():
                inner = f"{path}.{key}" if key.isidentifier() and key.isascii() else None
                if inner:
                    yield from walk(inner, item)
        elif isinstance(part, list):
            for index, item in enumerate(part):
                yield from walk(f"{path}[{index}]", item)

    for path in walk("$", value):
        assert path in document.positions


@given(text=st.text(max_size=60), form=st.sampled_from(["yaml", "json", "js", None]))
def test_any_text_is_read_or_refused(text, form):
    error = None
    try:
        read_document(text, format=form)
    except ManifestError as raised:
        error = raised
    assert error is None or error.problems


def only(text, form):
    with pytest.raises(ManifestError) as caught:
        read_document(text, file="doc", format=form)
    return caught.value.problems


JSON_ERRORS = [
    ('{"a": 1,}', (1, 9), "found `}`", "comma"),
    ("{'a': 1}", (1, 2), "a key in double quotes", "double quotes"),
    ('{"a" 1}', (1, 6), "`:` after the key", ""),
    ('{"a": 1 "b": 2}', (1, 9), "`,` or a closing bracket", ""),
    ('{\n  "a": ,\n}', (2, 8), "expected a value, found `,`", ""),
    ('{"a": 1} x', (1, 10), "nothing after", ""),
    ('{"a": // c\n1}', (1, 7), "expected a value", "comments"),
    ('{"a": [1', (1, 9), "the end of the file", ""),
    ('{"a": "b\\q"}', (1, 9), "escape", ""),
    ('{"a": NaN}', (1, 7), "`NaN`", ""),
    ('{"a": 1, "a": 2}', (1, 10), "again", "line 1"),
    ('{"a": 1e99999}', (1, 7), "proportion", "quotes"),
    ('{"a": "\\ud800"}', (1, 7), "surrogate", ""),
    ('{"a":' * 65 + "1" + "}" * 65, (1, 321), "64 levels", ""),
]
YAML_ERRORS = [
    ("a: 1\nb: 2\na: 3\n", (3, 1), "again", "line 1"),
    ("a:\n\t- b\n", (2, 1), "cannot start any token", "spaces"),
    ("a: b: c\n", (1, 5), "mapping values are not allowed", "quotes"),
    ("a: 'x\n", (2, 1), "quoted scalar", "close"),
    ("a: [1, 2\nb: 3\n", (2, 2), "flow sequence", ""),
    ("a: 1\n---\nb: 1\n", (2, 1), "second YAML document", "one per file"),
    ("a: !!python/name:os.system x\n", (1, 4), "tag", "without"),
    ("a: !mine {b: 1}\n", (1, 4), "tag", ""),
    ("? [x]\n: y\n", (1, 3), "key that is not text", ""),
    ("b: &b {a: 1}\nc:\n  <<: *b\n", (3, 3), "merge key", "write the keys out"),
    ("a: &a [*a]\n", (1, 8), "cycle", ""),
    ("a: *nobody\n", (1, 4), "not defined", ""),
    ("# nothing\n", (1, 1), "comments only", ""),
    ("a: 1e99999\n", (1, 4), "proportion", ""),
    ("- " * 65 + "x", (1, 129), "64 levels", ""),
]
JS_ERRORS = [
    ("{a: 1 b: 2}", (1, 7), "expected `,` or `}`, found `b`", ""),
    ("{a: , b: 2}", (1, 5), "expected a value", ""),
    ("{a: [1,,2]}", (1, 8), "expected a value", ""),
    ("{a: {b: 1}", (1, 11), "the end of the file", ""),
    ("{a: 'x,\nb: 2}", (1, 5), "closing quote", "same line"),
    ("{a: `x", (1, 5), "closing `", ""),
    ("{a: 1 /* x", (1, 7), "closing */", ""),
    ("{a: 1}}", (1, 7), "nothing after", ""),
    ("{\n  a: call(1),\n}", (2, 6), "expression `call(1)`", "data"),
    ("{a: name}", (1, 5), "expression `name`", ""),
    ("{a: 'x' + 'y'}", (1, 5), "expression", ""),
    ("{a: undefined}", (1, 5), "`undefined`", "null"),
    ("{...other}", (1, 2), "expression `...other`", ""),
    ("{a: [...other]}", (1, 6), "expression `...other`", ""),
    ("{a: /x[/]}/g}", (1, 5), "expression `/x[/]}/g`", ""),
    ("{a: `x ${ {b: `}`} } y`}", (1, 5), "substitution", ""),
    ("{a() { return {b: '}'} }}", (1, 2), "expression", ""),
    ("{a: function () { return 1 }}", (1, 5), "expression", ""),
    ("{a: (x) => ({x})}", (1, 5), "expression", ""),
    ("{[a]: 1}", (1, 2), "expression", ""),
    ("{a}", (1, 2), "expression `a`", ""),
    ("{a: 1, 'a': 2}", (1, 8), "again", ""),
    ("{a: 010}", (1, 5), "leading zero", ""),
    ("{a: 10n}", (1, 7), "after the number", ""),
    ("{a: " * 65 + "1" + "}" * 65, (1, 257), "64 levels", ""),
]


@pytest.mark.parametrize(
    ("form", "text", "place", "message", "hint"),
    [("json", *each) for each in JSON_ERRORS]
    + [("yaml", *each) for each in YAML_ERRORS]
    + [("js", *each) for each in JS_ERRORS],
)
def test_errors_name_line_column_and_what_was_found(form, text, place, message, hint):
    problem = only(text, form)[0]
    assert message in problem.message
    assert (problem.line, problem.column) == place
    assert hint in problem.hint
    assert problem.file == "doc"


def test_every_expression_is_found_in_one_pass():
    text = "{\n a: f(),\n b: [g, 1, `${h}`],\n c: {d: undefined},\n e: 1\n}"
    problems = only(text, "js")
    assert [(problem.path, problem.line) for problem in problems] == [
        ("$.a", 2),
        ("$.b[0]", 3),
        ("$.b[2]", 3),
        ("$.c.d", 4),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{a: 1}",
        "const x = {a: 1};",
        "export const app: App = {a: 1}",
        "module.exports = {a: 1};",
        "export default {a: 1}",
        "exports.app = {a: 1}",
        "({a: 1})",
        "a: 1,",
        "// first\na: 1;",
        "'a': 1",
        "\ufeff{a: 1,}",
    ],
)
def test_prefixes_and_bare_members_are_read(text):
    assert read_document(text, format="js").value == {"a": 1}


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("-1.50", Decimal("-1.50")),
        ("+2", 2),
        ("- 3", -3),
        (".5", Decimal("0.5")),
        ("5.", 5),
        ("1_000", 1000),
        ("0x1F", 31),
        ("1e3", Decimal("1e3")),
        ("`a\nb`", "a\nb"),
        ("`a$b`", "a$b"),
        (
            r"'\x41\u0042\u{43}\'\
D'",
            "ABC'D",
        ),
        (r"'\ud83d\ude00'", "😀"),
        ("{ /* ... */ }", {}),
        ("[ // ...\n ]", []),
    ],
)
def test_javascript_values(literal, value):
    found = read_document(f"{{a: {literal}}}", format="js").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2020-01-02", "2020-01-02"),
        ("0x1F", "0x1F"),
        ("010", "010"),
        (".5", ".5"),
        ("~", "~"),
        ("True", "True"),
        ("", None),
        ("null", None),
        ("true", True),
        ("-12", -12),
        ("1.50", Decimal("1.50")),
        ("'1'", "1"),
    ],
)
def test_yaml_scalars_are_json_or_text(literal, value):
    found = read_document(f"a: {literal}", format="yaml").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_yaml_aliases_are_values():
    document = read_document("a: &x {b: [1]}\nc: *x\n", format="yaml")
    assert document.value == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.place("$.c.b[0]") == (2, 4)


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"", "empty", (1, 1)),
        (b" \n\t", "empty", (1, 1)),
        (b"\xef\xbb\xbf", "empty", (1, 1)),
        (b"a: 1\nb: \xff", "0xff is not UTF-8", (2, 4)),
        ("a: é\nb: ".encode() + b"\x80", "0x80", (2, 4)),
        (b"\xff\xfea\x00", "UTF-16", (1, 1)),
        (b"a: 1\nb: \x00", "U+0000", (2, 4)),
        (b"a: \x1b[0m", "U+001B", (1, 4)),
    ],
)
def test_what_is_no_text_is_refused(content, message, place):
    (problem,) = only(content, None)
    assert message in problem.message
    assert (problem.line, problem.column) == place


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert read_document(b'\xef\xbb\xbf{"a": 1}', file="x.json").positions["$.a"] == (1, 7)


@pytest.mark.parametrize(
    ("text", "form"),
    [("a: 1", "yaml"), ('{"a": 1}', "js"), ("sync: {\n a: 1}", "js"), ("const a = {}", "js"), ("- a", "yaml")],
)
def test_the_format_is_guessed_from_the_text(text, form):
    assert read_document(text).format == form


@pytest.mark.parametrize(("name", "form"), [("a.yml", "yaml"), ("a.JSON", "json"), ("a.mjs", "js")])
def test_the_format_follows_the_name(name, form):
    assert read_document("{}", file=name).format == form
