"""Text made to hurt: refused, fast, and by one kind of error only."""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import load, manifest_schema, read, read_document, read_miniapp
from pullpush_sdk.manifest.patterns import accepts


def laughs():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(8)]
    return "\n".join(lines)


HOSTILE = {
    "billion laughs": laughs(),
    "cycle": "a: &a {b: *a}",
    "many aliases": "a: &a 1\nb: [" + "*a, " * 500 + "1]",
    "deep yaml": "[" * 200_000,
    "deep block yaml": "- " * 200_000,
    "deep json": '{"a":' * 200_000,
    "deep js": "{a:[" * 200_000,
    "large": "a: 1\n" * 1_200_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(250_000)),
    "null bytes": "\0" * 100_000,
    "open quote": "{a: '" + "x" * 1_000_000,
    "quotes": "{a: " + "'" * 1_000_001,
    "open template": "{a: `" + "${`" * 300_000,
    "open comment": "{" + "/*" * 1_000_000,
    "slashes": "{a: " + "/" * 1_000_000,
    "no commas": "{" + "a:1 " * 300_000 + "}",
    "expressions": "{" + "a:b," * 300_000 + "}",
    "brackets": "{a: b" + "[(" * 500_000,
    "long number": '{"a": ' + "9" * 1_000_000 + "}",
    "long name": "{a: " + "b" * 1_000_000 + "}",
    "digits": "{a: b + " + "1" * 1_000_000,
    "dollars": "{a: " + "$" * 1_000_000,
    "stars": "{a: /*" + "* " * 1_000_000,
    "class": "{a: /[" * 300_000,
    "blank": "{a: " + " \n" * 1_000_000,
    "placeholders": '{"sync": {"baseUrl": "' + "{{" * 500_000 + '"}}',
    "basic": '{"sync": {"headers": {"Authorization": "Basic ' + "{{a}}" * 200_000 + '[["}}}',
    "bags": '{"sync": {"baseUrl": "' + "[[" * 500_000 + '"}}',
    "backslashes": '{"a": "' + "\\" * 1_000_001,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_fast(name):
    """Refused with at most a hundred findings, and within the suite's time limit however long the text is."""
    with pytest.raises(ManifestError) as caught:
        read(HOSTILE[name])
    assert caught.value.problems
    assert len(caught.value.problems) <= 101


def words():
    """Keys and texts that mean something in one of the two formats, so that a random document gets far."""
    found = {"ns", "sync", "auth", "form", "config", "get_token", "auth_url", "test_token", "userDetails", "mapping"}
    found |= {"resources", "products", "orders", "contentType", "core:product", "ecommerce:orders", "apiMapping"}
    found |= {"endpoints", "list", "details", "url", "/p/{id}", "pagination", "paramName", "responseMapping", "code"}
    found |= {"webhooks", "handlers", "order.created", "recordType", "order", "operation", "create", "resource"}
    found |= {"webhook", "eventExtraction", "source", "path", "compositeStrategy", "parts", "transactionId", "paths"}
    found |= {"verification", "type", "hmac-sha256", "secretKey", "customerExtraction", "overrides", "items", "status"}
    found |= {
        "[[a]]",
        "{{b}}",
        "{{",
        "https://a.example.com",
        "oauth2",
        "apikey",
        "headers",
        "Authorization",
        "baseUrl",
    }
    found |= {"Bearer [[accessToken]]", "Basic [[a]]:[[b]]", "sensitiveKeys", "syncConfiguration", "timeout", "enabled"}
    stack = [manifest_schema()]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            found |= set(each.get("properties", {}))
            found |= {word for word in each.get("enum", ()) if isinstance(word, str)}
            stack += each.values()
        elif isinstance(each, list):
            stack += each
    return sorted(found)


WORD = st.sampled_from(words())
SCALAR = st.none() | st.booleans() | st.integers(-5, 5) | st.decimals(-5, 5, places=1).map(float) | WORD
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=5), max_leaves=40
)
OURS = st.dictionaries(WORD, VALUE, max_size=6).map(
    lambda rest: {"name": "a", "title": "A", "version": "1.0.0", **rest, "manifest": 1}
)
THEIRS = st.fixed_dictionaries(
    {"ns": st.just("a")}, optional=dict.fromkeys(("auth", "sync", "webhook", "triggers", "title", "version"), VALUE)
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150, deadline=None)
@given(value=VALUE | OURS | THEIRS)
def test_any_document_becomes_a_manifest_or_a_manifest_error(value):
    for reader in (read, read_miniapp):
        error = refusal(reader, json.dumps(value))
        if error is not None:
            assert error.problems
            assert all(problem.line for problem in error.problems)


def refusal(reader, text):
    """The error that a text gets, None where it is good."""
    try:
        assert reader(text).manifest.name
    except ManifestError as error:
        return error
    return None


def mutations(value):
    """The document with one part replaced, one part at a time."""
    if isinstance(value, dict):
        for key in value:
            for junk in (None, 0, "x", [1], {"x": 1}):
                yield {**value, key: junk}
            for inner in mutations(value[key]):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for index, each in enumerate(value):
            for inner in mutations(each):
                yield [*value[:index], inner, *value[index + 1 :]]


@pytest.mark.parametrize("which", ["connector", "miniapp"])
def test_every_part_may_be_anything(which, request):
    document = read_document(request.getfixturevalue(which)).value
    plain = json.loads(json.dumps(document, default=float))
    errors = [refusal(read, json.dumps(each)) for each in mutations(plain)]
    refused = [error for error in errors if error is not None]
    assert len(errors) > 500
    assert 0 < len(refused) < len(errors)
    assert all(error.problems for error in refused)
    assert all(problem.line for error in refused for problem in error.problems)


@pytest.mark.parametrize(("pattern", "text"), [("^(a+)+$", "a" * 40 + "!"), ("a*a*a*a*a*a*b", "a" * 300)])
def test_a_pattern_of_a_setting_without_an_end_is_refused(pattern, text):
    value = {"type": "array", "items": {"type": "string", "pattern": pattern}, "default": [text]}
    document = {"manifest": 1, "name": "a", "title": "A", "version": "1.0.0", "base_url": "https://a.example"}
    with pytest.raises(ManifestError) as caught:
        read(json.dumps({**document, "settings": {"type": "object", "properties": {"codes": value}}}))
    (found,) = [each for each in caught.value.problems if "come to an end" in each.message]
    assert found.path == "$.settings.properties.codes"


@pytest.mark.parametrize("pattern", ["^[a-z]+(-[a-z]+)*$", "^ab", r"^\d{2}$|^[a-z]+-"])
def test_a_pattern_tells_texts_apart_as_anywhere(pattern):
    texts = ["ab-cd", "", "AB", "12", "a-1\n"]
    assert accepts(pattern, texts) == [re.search(pattern, each) is not None for each in texts]


def test_what_is_no_file_is_no_manifest(tmp_path):
    os.mkfifo(tmp_path / "connector.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "round.yaml").symlink_to(tmp_path / "round.yaml")
    for name in ("connector.yaml", "zero.yaml", "round.yaml"):
        with pytest.raises(ManifestError):
            load(tmp_path / name)
